//! What a document may look like, and the walk that says where one does not.
//!
//! Deserialising alone would name a line at best, and for a value that may have several forms not
//! even that. So a document is first held against a table ([`super::shapes`]); only one that fits
//! is deserialised. A test holds the table against the schema that is generated from the types.

use std::collections::BTreeSet;

use super::at::{At, Problems, did_you_mean, one_of, quote};
use super::node::Node;

/// The form of a value.
pub(super) enum Shape {
    /// Any text.
    Text,
    /// One of these words.
    Word(&'static [&'static str]),
    /// A whole number within these bounds, both included.
    Whole(i128, i128),
    /// Any finite number.
    Number,
    /// True or false.
    Flag,
    /// A list.
    List(&'static Shape),
    /// A list of objects that have a `name`; paths address them by it.
    Named(&'static Object),
    /// An object whose keys are the document's own.
    Map(&'static Shape),
    /// An object with these fields.
    Object(&'static Object),
    /// An object with exactly one of these fields.
    OneKey(&'static [(&'static str, Shape)]),
    /// A word, or an object with exactly one of these fields.
    OneKeyOrWord(&'static [(&'static str, Shape)], &'static [&'static str]),
    /// An object in which the text of this field says which of these it is.
    Tagged(&'static str, &'static [(&'static str, Object)]),
    /// The first of these that the kind of the value fits. No two share a kind.
    Either(&'static [Shape]),
}

/// An object with known fields.
pub(super) struct Object {
    /// Its fields.
    pub(super) fields: &'static [Field],
    /// Exactly one of these too.
    pub(super) one_of: &'static [(&'static str, Shape)],
}

/// A field of an object.
pub(super) struct Field {
    /// Its name.
    pub(super) name: &'static str,
    /// Whether it must be there.
    pub(super) required: bool,
    /// Its form.
    pub(super) shape: Shape,
}

impl Shape {
    /// What is allowed, in the words of an error.
    fn allowed(&self) -> String {
        match self {
            Shape::Text => "a text".into(),
            Shape::Word(words) => one_of(words),
            Shape::Whole(least, most) => format!("a whole number from {least} to {most}"),
            Shape::Number => "a number".into(),
            Shape::Flag => "true or false".into(),
            Shape::List(of) => match of {
                Shape::Text => "a list of texts".into(),
                Shape::Whole(..) => "a list of whole numbers".into(),
                _ => "a list".into(),
            },
            Shape::Named(_) => "a list of objects".into(),
            Shape::Map(_) | Shape::Object(_) => "an object".into(),
            Shape::OneKey(variants) => {
                format!("an object with one of {}", one_of(&names(variants)))
            }
            Shape::OneKeyOrWord(variants, words) => {
                format!("{}, or an object with one of {}", one_of(words), one_of(&names(variants)))
            }
            Shape::Tagged(tag, variants) => {
                format!("an object whose `{tag}` is {}", one_of(&names_of_objects(variants)))
            }
            Shape::Either(shapes) => {
                shapes.iter().map(Shape::allowed).collect::<Vec<_>>().join(", or ")
            }
        }
    }

    /// Whether a value is of the kind that this form has, whatever is inside it.
    fn fits(&self, node: &Node) -> bool {
        match self {
            Shape::Text | Shape::Word(_) => matches!(node, Node::Text(_)),
            Shape::Whole(..) | Shape::Number => matches!(node, Node::Number(_)),
            Shape::Flag => matches!(node, Node::Flag(_)),
            Shape::List(_) | Shape::Named(_) => matches!(node, Node::List(_)),
            Shape::Map(_) | Shape::Object(_) | Shape::OneKey(_) | Shape::Tagged(..) => {
                matches!(node, Node::Object(_))
            }
            Shape::OneKeyOrWord(..) => matches!(node, Node::Object(_) | Node::Text(_)),
            Shape::Either(shapes) => shapes.iter().any(|shape| shape.fits(node)),
        }
    }
}

/// Notes every place where a value has another form than the table says.
pub(super) fn walk(at: &At<'_>, node: &Node, shape: &Shape, problems: &mut Problems) {
    match (shape, node) {
        (Shape::Either(shapes), _) => {
            if let Some(fitting) = shapes.iter().find(|shape| shape.fits(node)) {
                return walk(at, node, fitting, problems);
            }
        }
        (Shape::Text, Node::Text(_))
        | (Shape::Number, Node::Number(_))
        | (Shape::Flag, Node::Flag(_)) => return,
        (Shape::Word(words) | Shape::OneKeyOrWord(_, words), Node::Text(text)) => {
            if !words.contains(&text.as_str()) {
                problems.add(at, || format!("found {}", quote(text)), || did_you_mean(text, words));
            }
            return;
        }
        (Shape::Whole(least, most), Node::Number(number)) => {
            let whole = number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from));
            if whole.is_some_and(|whole| (*least..=*most).contains(&whole)) {
                return;
            }
        }
        (Shape::List(of), Node::List(items)) => {
            for (index, item) in items.iter().enumerate() {
                walk(&at.index(index), item, of, problems);
            }
            return;
        }
        (Shape::Named(object), Node::List(items)) => {
            for (index, item) in items.iter().enumerate() {
                let name = item.get("name").and_then(Node::as_text).unwrap_or("");
                let at = at.element(name, index);
                match item {
                    Node::Object(fields) => walk_object(&at, fields, object, None, problems),
                    _ => wrong(&at, item, &Shape::Object(object), problems),
                }
            }
            return;
        }
        (Shape::Map(of), Node::Object(fields)) => {
            no_repeats(at, fields, problems);
            for (name, value) in fields {
                walk(&at.name(name), value, of, problems);
            }
            return;
        }
        (Shape::Object(object), Node::Object(fields)) => {
            return walk_object(at, fields, object, None, problems);
        }
        (Shape::OneKey(variants) | Shape::OneKeyOrWord(variants, _), Node::Object(fields)) => {
            let object = Object { fields: &[], one_of: variants };
            return walk_object(at, fields, &object, None, problems);
        }
        (Shape::Tagged(tag, variants), Node::Object(fields)) => {
            return walk_tagged(at, fields, tag, variants, problems);
        }
        _ => {}
    }
    wrong(at, node, shape, problems);
}

/// Notes that a value is of the wrong kind, or out of bounds.
fn wrong(at: &At<'_>, node: &Node, shape: &Shape, problems: &mut Problems) {
    problems.add(
        at,
        || format!("found {}", node.describe()),
        || match node {
            Node::Null => format!("leave it out, or write {}", shape.allowed()),
            _ => format!("allowed: {}", shape.allowed()),
        },
    );
}

/// An object in which a field says which one it is.
fn walk_tagged(
    at: &At<'_>,
    fields: &[(String, Node)],
    tag: &'static str,
    variants: &'static [(&'static str, Object)],
    problems: &mut Problems,
) {
    let words = || names_of_objects(variants);
    let Some((_, value)) = fields.iter().find(|(name, _)| name == tag) else {
        let remedy = || format!("say which with `{tag}`: {}", one_of(&words()));
        return problems.add(at, || format!("`{tag}` is missing"), remedy);
    };
    let Some(word) = value.as_text() else {
        return problems.add(
            &at.name(tag),
            || format!("found {}", value.describe()),
            || format!("allowed: {}", one_of(&words())),
        );
    };
    match variants.iter().find(|(name, _)| *name == word) {
        Some((_, object)) => walk_object(at, fields, object, Some(tag), problems),
        None => problems.add(
            &at.name(tag),
            || format!("found {}", quote(word)),
            || did_you_mean(word, &words()),
        ),
    }
}

/// The fields of an object: none unknown, none repeated, none missing. `tag` is a field that has
/// been looked at.
fn walk_object(
    at: &At<'_>,
    fields: &[(String, Node)],
    object: &Object,
    tag: Option<&'static str>,
    problems: &mut Problems,
) {
    no_repeats(at, fields, problems);
    let mut chosen: Vec<&str> = Vec::new();
    let mut unknown = false;
    for (name, value) in fields {
        if Some(name.as_str()) == tag {
            continue;
        }
        if let Some(field) = object.fields.iter().find(|field| field.name == name) {
            walk(&at.name(name), value, &field.shape, problems);
        } else if let Some((_, shape)) = object.one_of.iter().find(|(known, _)| known == name) {
            if !chosen.contains(&name.as_str()) {
                chosen.push(name);
            }
            walk(&at.name(name), value, shape, problems);
        } else {
            unknown = true;
            let known: Vec<&str> = (tag.into_iter())
                .chain(object.fields.iter().map(|field| field.name))
                .chain(names(object.one_of))
                .collect();
            problems.add(
                &at.name(name),
                || format!("unknown field {}", quote(name)),
                || did_you_mean(name, &known),
            );
        }
    }
    for field in object.fields.iter().filter(|field| field.required) {
        if !fields.iter().any(|(name, _)| name == field.name) {
            problems.add(
                at,
                || format!("`{}` is missing", field.name),
                || format!("add it: {}", field.shape.allowed()),
            );
        }
    }
    if object.one_of.is_empty() || chosen.len() == 1 {
        return;
    }
    let remedy = || format!("name exactly one of {}", one_of(&names(object.one_of)));
    if chosen.is_empty() {
        // An unknown field has most likely been meant to say it, and has been listed.
        if unknown {
            return;
        }
        problems.add(at, || "nothing says which it is".into(), remedy);
    } else {
        problems.add(at, || format!("found both {}", and(&chosen)), remedy);
    }
}

/// Notes each key that stands twice: JSON readers differ in which of the two they take.
fn no_repeats(at: &At<'_>, fields: &[(String, Node)], problems: &mut Problems) {
    let mut seen = BTreeSet::new();
    for (name, _) in fields {
        if !seen.insert(name.as_str()) {
            problems.add(
                &at.name(name),
                || "this field stands twice".into(),
                || "remove one of the two".into(),
            );
        }
    }
}

fn names(variants: &[(&'static str, Shape)]) -> Vec<&'static str> {
    variants.iter().map(|(name, _)| *name).collect()
}

fn names_of_objects(variants: &[(&'static str, Object)]) -> Vec<&'static str> {
    variants.iter().map(|(name, _)| *name).collect()
}

fn and(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" and ")
}
