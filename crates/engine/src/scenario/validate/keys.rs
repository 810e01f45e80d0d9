//! Keys of rows and references to inputs: `table:id`, `$input`, `-$input`.

use super::super::at::{At, did_you_mean, quote};
use super::super::bounds::{MAX_INPUTS, MAX_NAME};
use super::Check;

/// What stands where in a text of the document.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// In an initial row: one row, by its own id.
    Row,
    /// In an operation: one row, whose id may be an input or the transaction's number.
    Operation,
    /// In a query: one row, whose id may be an input.
    Query,
    /// In an invariant: one row, or `*` for all rows of the table.
    Pattern,
}

/// The two halves of a key.
pub(super) fn split(key: &str) -> Option<(&str, &str)> {
    key.split_once(':').filter(|(table, id)| !table.is_empty() && !id.is_empty())
}

/// Whether an id is a whole number in a form that is not its own: `07` and `7` would be one row.
fn is_odd_number(id: &str) -> bool {
    id.parse::<i64>().is_ok_and(|number| number.to_string() != id)
}

/// The input that a text stands for, with its sign: `$amount`, `-$amount`.
pub(super) fn reference(text: &str) -> Option<(bool, &str)> {
    match text.strip_prefix('-') {
        Some(rest) => rest.strip_prefix('$').map(|name| (true, name)),
        None => text.strip_prefix('$').map(|name| (false, name)),
    }
}

/// The inputs that count: where there are more than allowed, which is said elsewhere, looking each
/// use up in all of them would take too long.
pub(super) fn few(inputs: &[String]) -> &[String] {
    &inputs[..inputs.len().min(MAX_INPUTS)]
}

/// Whether a text is the name of an input: letters, digits and `_`, a letter first, so that its
/// end is plain in a sentence too.
fn is_input_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

impl Check<'_> {
    /// A row's key.
    pub(super) fn key(&mut self, at: &At<'_>, key: &str, place: Place, inputs: &[String]) {
        let Some((table, id)) = split(key) else {
            self.problems.add(
                at,
                || format!("the key {} is not of the form `table:id`", quote(key)),
                || "write the table, a colon and the row's id".into(),
            );
            return;
        };
        if key.chars().nth(2 * MAX_NAME).is_some() || key.chars().any(char::is_control) {
            self.problems.add(
                at,
                || format!("the key {} is too long or has control characters", quote(key)),
                || format!("at most {} plain characters are allowed", 2 * MAX_NAME),
            );
            return;
        }
        if table.contains(['$', '*']) {
            self.problems.add(
                at,
                || format!("the table {} is not a plain name", quote(table)),
                || "only the id may be an input or `*`".into(),
            );
        }
        if let Some(input) = id.strip_prefix('$') {
            match place {
                Place::Operation => self.input(at, input, inputs, &["txn"]),
                Place::Query => self.input(at, input, inputs, &[]),
                Place::Row | Place::Pattern => self.problems.add(
                    at,
                    || format!("the id {} names an input", quote(id)),
                    || "there are no inputs here: name the row itself".into(),
                ),
            }
        } else if id.contains('$') || (id.contains('*') && !(id == "*" && place == Place::Pattern))
        {
            self.problems.add(
                at,
                || format!("the id {} is not plain", quote(id)),
                || match place {
                    Place::Row => "an id has neither `$` nor `*`".into(),
                    Place::Operation | Place::Query => {
                        "an id is plain, or `$` and one input as a whole".into()
                    }
                    Place::Pattern => "an id is plain, or `*` for all rows of the table".into(),
                },
            );
        } else if is_odd_number(id) {
            self.problems.add(
                at,
                || format!("the id {} is a number in another form", quote(id)),
                || format!("write {}", id.parse::<i64>().unwrap_or_default()),
            );
        }
    }

    /// The name of an input where one is used; `more` are the words that are there without being
    /// inputs.
    pub(super) fn input(&mut self, at: &At<'_>, name: &str, inputs: &[String], more: &[&str]) {
        if more.contains(&name) || inputs.iter().any(|input| input == name) {
            return;
        }
        let names = inputs.iter().map(String::as_str).chain(more.iter().copied());
        let known: Vec<String> = names.take(64).map(|name| format!("${name}")).collect();
        self.problems.add(
            at,
            || format!("there is no input {}", quote(&format!("${name}"))),
            || did_you_mean(&format!("${name}"), &known),
        );
    }

    /// The inputs that a flow or a query declares.
    pub(super) fn inputs(&mut self, at: &At<'_>, inputs: &[String]) {
        self.unique(at, "inputs", inputs, None);
        for (index, input) in inputs.iter().enumerate() {
            let at = at.index(index);
            if !is_input_name(input) || input.len() > MAX_NAME {
                self.problems.add(
                    &at,
                    || format!("found {}", quote(input)),
                    || {
                        "an input's name has letters, digits and `_`, begins with a letter and \
                         has no `$`"
                            .into()
                    },
                );
            } else if input == "txn" || input == "reason" {
                self.problems.add(
                    &at,
                    || format!("{} stands for something else", quote(input)),
                    || "give the input another name".into(),
                );
            }
        }
    }
}

impl Check<'_> {
    /// A text that becomes a row's id.
    pub(super) fn id(&mut self, at: &At<'_>, id: &str) {
        self.name(at, id);
        if id.contains(['$', '*']) {
            self.problems.add(
                at,
                || format!("the id {} is not plain", quote(id)),
                || "an id has neither `$` nor `*`".into(),
            );
        } else if is_odd_number(id) {
            self.problems.add(
                at,
                || format!("the id {} is a number in another form", quote(id)),
                || format!("write {}", id.parse::<i64>().unwrap_or_default()),
            );
        }
    }
}
