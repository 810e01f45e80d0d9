//! Scenarios kept in the browser under a name: how an entry is written, and when one may be written over.
//!
//! An entry is a line that says what it is, and the text as it was written, right or not.

/// What the keys of entries begin with.
pub const PREFIX: &str = "interleave.document.";
/// What an entry of this version begins with.
const HEAD: &str = "interleave-document 1 ";
/// The longest name, in characters.
pub const NAME_MAX: usize = 64;

/// An entry that can be read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// Counts up with each saving, so that a tab sees that another one has saved since.
    pub revision: u64,
    /// When it was saved, in milliseconds since 1970.
    pub at_ms: u64,
    /// The scenario's text.
    pub text: String,
}

impl Entry {
    /// As it is stored.
    #[must_use]
    pub fn write(&self) -> String {
        let Self { revision, at_ms, text } = self;
        format!("{HEAD}revision={revision} at={at_ms} bytes={}\n{text}", text.len())
    }

    /// Reads a stored entry.
    ///
    /// # Errors
    /// Why it cannot be read, as the end of a sentence.
    pub fn read(stored: &str) -> Result<Self, &'static str> {
        let (head, text) = stored.split_once('\n').ok_or("has no first line")?;
        let Some(fields) = head.strip_prefix(HEAD) else {
            return Err(if head.starts_with("interleave-document ") {
                "was saved by a newer version of this page"
            } else {
                "was not written by this page"
            });
        };
        let number = |name: &str| {
            let mut fields = fields.split(' ').filter_map(|field| field.split_once('='));
            fields.find(|(key, _)| *key == name)?.1.parse::<u64>().ok()
        };
        let damaged = "has a damaged first line";
        let (revision, at_ms) = (number("revision").ok_or(damaged)?, number("at").ok_or(damaged)?);
        if number("bytes") != Some(text.len() as u64) {
            return Err("is not whole");
        }
        Ok(Self { revision, at_ms, text: text.to_owned() })
    }
}

/// An entry in the list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Row {
    /// Its name.
    pub name: String,
    /// When it was saved and how many bytes it has; why it cannot be read.
    pub state: Result<(u64, usize), &'static str>,
}

/// Under which name a text was opened or saved, and which revision of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Held {
    /// The name.
    pub name: String,
    /// The revision.
    pub revision: u64,
}

/// What stands in the way of saving or opening, in the reader's storage.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Obstacle {
    /// The browser gives no storage.
    Denied,
    /// The browser's storage is full.
    Full,
    /// Another tab has saved under this name since it was opened here.
    Newer(String),
    /// Something else was saved under this name before.
    Taken(String),
    /// What is stored under this name cannot be read; why.
    Corrupt(String, &'static str),
    /// The name is empty, too long or has control characters.
    Name,
}

/// Whether a text may be written under a name: over nothing, or over what it was made from.
///
/// # Errors
/// Why not. A revision that is one more is returned where it may.
pub fn may_write(name: &str, stored: Option<&str>, held: Option<&Held>) -> Result<u64, Obstacle> {
    if name.is_empty() || name.chars().count() > NAME_MAX || name.chars().any(char::is_control) {
        return Err(Obstacle::Name);
    }
    let held = held.filter(|held| held.name == name);
    match (stored.map(Entry::read), held) {
        // What another tab has deleted is not missed: the text is here.
        (None, held) => Ok(held.map_or(1, |held| held.revision + 1)),
        (Some(Err(why)), _) => Err(Obstacle::Corrupt(name.to_owned(), why)),
        (Some(Ok(entry)), Some(held)) if entry.revision == held.revision => Ok(entry.revision + 1),
        (Some(Ok(_)), Some(_)) => Err(Obstacle::Newer(name.to_owned())),
        (Some(Ok(_)), None) => Err(Obstacle::Taken(name.to_owned())),
    }
}

/// A name that is not taken: the one that is wished, or with a number after it.
#[must_use]
pub fn free_name(wished: &str, taken: impl Fn(&str) -> bool) -> String {
    let wished: String =
        wished.trim().chars().filter(|c| !c.is_control()).take(NAME_MAX - 6).collect();
    let wished = if wished.is_empty() { "Scenario".to_owned() } else { wished };
    if !taken(&wished) {
        return wished;
    }
    // A name that is numbered already goes on counting.
    let stem = match wished.strip_suffix(')').and_then(|it| it.rsplit_once(" (")) {
        Some((stem, number)) if number.parse::<u32>().is_ok() => stem,
        _ => wished.as_str(),
    };
    let numbered = |number: usize| format!("{stem} ({number})");
    (2..10_000).map(numbered).find(|name| !taken(name)).unwrap_or_else(|| numbered(10_000))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(revision: u64) -> Entry {
        Entry { revision, at_ms: 17, text: "{\n  \"ä\": 1\n}".to_owned() }
    }

    #[test]
    fn an_entry_is_read_as_it_was_written() {
        assert_eq!(Entry::read(&entry(3).write()), Ok(entry(3)));
        let empty = Entry { text: String::new(), ..entry(1) };
        assert_eq!(Entry::read(&empty.write()), Ok(empty));
    }

    #[test]
    fn what_cannot_be_read_says_why() {
        let whole = entry(3).write();
        assert_eq!(Entry::read(&whole[..whole.len() - 1]), Err("is not whole"));
        assert_eq!(Entry::read("{\"a\": 1}\n"), Err("was not written by this page"));
        assert_eq!(Entry::read(""), Err("has no first line"));
        let newer = whole.replacen(" 1 ", " 2 ", 1);
        assert_eq!(Entry::read(&newer), Err("was saved by a newer version of this page"));
        let damaged = whole.replacen("revision=3", "revision=x", 1);
        assert_eq!(Entry::read(&damaged), Err("has a damaged first line"));
    }

    #[test]
    fn nothing_is_written_over_that_was_not_seen() {
        let held = Held { name: "a".into(), revision: 3 };
        let stored = entry(3).write();
        assert_eq!(may_write("a", None, None), Ok(1));
        assert_eq!(may_write("a", Some(&stored), Some(&held)), Ok(4));
        let newer = entry(4).write();
        assert_eq!(may_write("a", Some(&newer), Some(&held)), Err(Obstacle::Newer("a".into())));
        assert_eq!(may_write("a", Some(&stored), None), Err(Obstacle::Taken("a".into())));
        let other = Held { name: "b".into(), revision: 3 };
        assert_eq!(may_write("a", Some(&stored), Some(&other)), Err(Obstacle::Taken("a".into())));
        assert_eq!(may_write("a", None, Some(&held)), Ok(4), "deleted by another tab");
        assert!(matches!(may_write("a", Some("x"), Some(&held)), Err(Obstacle::Corrupt(..))));
        assert_eq!(may_write("", None, None), Err(Obstacle::Name));
        assert_eq!(may_write(&"n".repeat(65), None, None), Err(Obstacle::Name));
    }

    #[test]
    fn a_free_name_is_near_the_wished_one() {
        let taken = |name: &str| ["A", "A (2)"].contains(&name);
        assert_eq!(free_name(" B ", taken), "B");
        assert_eq!(free_name("A", taken), "A (3)");
        assert_eq!(free_name("A (2)", taken), "A (3)");
        assert_eq!(free_name("\n", taken), "Scenario");
        assert!(free_name(&"n".repeat(100), |_| false).chars().count() <= NAME_MAX);
    }
}
