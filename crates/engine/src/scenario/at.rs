//! Where in a document something stands, and the list of what is wrong there.

use std::fmt;

use super::problem::Problem;

/// At most so many problems are listed; the rest is counted.
pub const MAX_PROBLEMS: usize = 50;

/// The longest piece of a reader's own text that an error repeats, in characters.
const QUOTED: usize = 48;

/// A place in a document: a chain that ends at its root. It becomes a text only where a problem
/// needs one, so that walking a large document allocates nothing.
#[derive(Clone, Copy)]
pub(super) struct At<'a> {
    up: Option<&'a At<'a>>,
    segment: Segment<'a>,
}

#[derive(Clone, Copy)]
enum Segment<'a> {
    Root,
    Name(&'a str),
    Index(usize),
}

impl<'a> At<'a> {
    /// The document itself.
    pub(super) const ROOT: At<'static> = At { up: None, segment: Segment::Root };

    /// The field of this name, or the element that has this name.
    pub(super) fn name(&'a self, name: &'a str) -> At<'a> {
        At { up: Some(self), segment: Segment::Name(name) }
    }

    /// The element at this index, from 0.
    pub(super) fn index(&'a self, index: usize) -> At<'a> {
        At { up: Some(self), segment: Segment::Index(index) }
    }

    /// An element of a list whose elements have names: by its name, or by its index where the
    /// name is empty.
    pub(super) fn element(&'a self, name: &'a str, index: usize) -> At<'a> {
        if name.is_empty() { self.index(index) } else { self.name(name) }
    }
}

impl fmt::Display for At<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(up) = self.up {
            up.fmt(f)?;
        }
        let first = self.up.is_none_or(|up| up.up.is_none());
        match self.segment {
            Segment::Root => Ok(()),
            Segment::Index(index) => write!(f, "[{index}]"),
            Segment::Name(name) if !is_plain(name) => write!(f, "[{}]", quote(name)),
            Segment::Name(name) if first => f.write_str(name),
            Segment::Name(name) => write!(f, ".{name}"),
        }
    }
}

/// Whether a name needs no quotes in a path.
fn is_plain(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= QUOTED
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

/// A reader's own text between quotes: shortened, and with control characters made visible.
pub(super) fn quote(text: &str) -> String {
    let mut quoted = String::from("\"");
    for (count, c) in text.chars().enumerate() {
        if count == QUOTED {
            quoted.push('…');
            break;
        }
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => quoted.extend(c.escape_default()),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// The problems found so far.
#[derive(Default)]
pub(super) struct Problems {
    list: Vec<Problem>,
    more: usize,
}

impl Problems {
    /// Notes a problem. The texts are made only where they will be listed.
    pub(super) fn add(
        &mut self,
        at: &At<'_>,
        found: impl FnOnce() -> String,
        remedy: impl FnOnce() -> String,
    ) {
        if self.list.len() < MAX_PROBLEMS {
            self.list.push(Problem::new(at.to_string(), found(), remedy()));
        } else {
            self.more += 1;
        }
    }

    /// Whether there is none.
    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The list, with a last entry that counts what it leaves out.
    pub(super) fn finish(mut self) -> Vec<Problem> {
        if self.more > 0 {
            self.list.push(Problem::new(
                "",
                format!("and {} more", self.more),
                "mend the ones above first",
            ));
        }
        self.list
    }
}

/// `a`, `b` or `c`, the way a sentence lists what is allowed. Long lists are shortened.
pub(super) fn one_of<S: AsRef<str>>(names: &[S]) -> String {
    const SHOWN: usize = 24;
    let mut text = String::new();
    for (at, name) in names.iter().enumerate().take(SHOWN) {
        if at > 0 {
            text.push_str(if at + 1 == names.len() { " or " } else { ", " });
        }
        text.push('`');
        text.push_str(name.as_ref());
        text.push('`');
    }
    if names.len() > SHOWN {
        text.push_str(&format!(" and {} more", names.len() - SHOWN));
    }
    text
}

/// What a wrong name may have been meant to be, and all that is allowed.
pub(super) fn did_you_mean<S: AsRef<str>>(found: &str, allowed: &[S]) -> String {
    if allowed.is_empty() {
        return "none is allowed here".into();
    }
    match nearest(found, allowed) {
        Some(name) => format!("did you mean `{name}`? Allowed: {}", one_of(allowed)),
        None => format!("allowed: {}", one_of(allowed)),
    }
}

/// The allowed name nearest to a wrong one, where one is near enough to be meant. Bounded in both
/// directions, since both lists come from the document.
fn nearest<'a, S: AsRef<str>>(found: &str, allowed: &'a [S]) -> Option<&'a str> {
    const LONGEST: usize = 32;
    const COMPARED: usize = 64;
    let letters: Vec<char> = found.chars().take(LONGEST + 1).collect();
    if letters.is_empty() || letters.len() > LONGEST {
        return None;
    }
    allowed
        .iter()
        .take(COMPARED)
        .map(AsRef::as_ref)
        .filter(|name| name.len() <= LONGEST)
        .map(|name| (distance(&letters, name), name))
        .filter(|(distance, name)| {
            let shorter = letters.len().min(name.len());
            *distance <= 1 + shorter / 3 || (shorter > 3 && name.contains(found))
        })
        .min()
        .map(|(_, name)| name)
}

/// Levenshtein's distance, upper and lower case alike.
fn distance(a: &[char], b: &str) -> usize {
    let mut row: Vec<usize> = (0..=a.len()).collect();
    for (i, d) in b.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, c) in a.iter().enumerate() {
            let kept = diagonal + usize::from(!c.eq_ignore_ascii_case(&d));
            diagonal = row[j + 1];
            row[j + 1] = kept.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[a.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_quotes_what_is_not_a_plain_name() {
        let rows = At::ROOT.name("services");
        let service = rows.name("my shop");
        let rows = service.name("rows");
        let row = rows.name("account:alice");
        let item = row.index(2);
        assert_eq!(item.to_string(), r#"services["my shop"].rows["account:alice"][2]"#);
        assert_eq!(At::ROOT.to_string(), "");
    }

    #[test]
    fn a_quote_is_short_and_shows_control_characters() {
        assert_eq!(quote("a\"b\n\u{7}"), r#""a\"b\n\u{7}""#);
        assert_eq!(quote(&"x".repeat(1_000)).chars().count(), QUOTED + 3);
    }

    #[test]
    fn the_nearest_name_is_near() {
        let allowed = ["services", "seed", "title"];
        assert_eq!(nearest("servces", &allowed), Some("services"));
        assert_eq!(nearest("Services", &allowed), Some("services"));
        assert_eq!(nearest("tilte", &allowed), Some("title"));
        assert_eq!(nearest("service_list", &["list_of_services"]), None);
        assert_eq!(nearest("normal", &["constant", "log-normal"]), Some("log-normal"));
        assert_eq!(nearest("zebra", &allowed), None);
        assert_eq!(nearest(&"s".repeat(100_000), &allowed), None);
    }

    #[test]
    fn the_list_of_problems_is_bounded_and_counts_the_rest() {
        let mut problems = Problems::default();
        for index in 0..120 {
            problems.add(&At::ROOT.index(index), || "x".into(), || "y".into());
        }
        let list = problems.finish();
        assert_eq!(list.len(), MAX_PROBLEMS + 1);
        assert_eq!(list[MAX_PROBLEMS].found, "and 70 more");
    }
}
