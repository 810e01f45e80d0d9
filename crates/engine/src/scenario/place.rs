//! Where in a text something stands that a path names, so that an editor can mark a mistake in place.
//!
//! The text may be broken: what can be told apart is told apart, and a path that leads nowhere ends at
//! the nearest thing around it.

use std::ops::Range;

use super::bounds::MAX_BYTES;
use super::problem::Problem;

/// No such part.
const NONE: u32 = u32::MAX;
/// How many open brackets a closing one of the other kind may close at most.
const MISMATCHED_MAX: usize = 64;
/// The mark that some editors put before a text; [`super::parse()`] passes over it as well.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// Where something stands, in bytes of the text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Place {
    /// The key that it stands under, quotes included, where it stands under one.
    pub key: Option<Range<usize>>,
    /// The value.
    pub value: Range<usize>,
    /// Whether the path leads there; else it is the nearest thing around what is absent.
    pub exact: bool,
}

/// A value of the text.
struct Part {
    key: (u32, u32),
    value: (u32, u32),
    /// Its first and its last child, and the child of its parent that comes after it.
    first: u32,
    last: u32,
    next: u32,
    opens: u8,
}

/// The values of a JSON text and where they stand. Made in one pass, for texts up to
/// [`MAX_BYTES`]; of a longer one only the beginning is told apart.
pub struct Outline<'t> {
    text: &'t str,
    /// Where each line begins.
    lines: Vec<u32>,
    parts: Vec<Part>,
}

impl<'t> Outline<'t> {
    /// Reads a text.
    #[must_use]
    pub fn new(text: &'t str) -> Self {
        // Cut between characters: whoever marks a place slices the text there.
        let read = &text.as_bytes()[..floor(text, MAX_BYTES)];
        let breaks = read.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
        let lines = std::iter::once(0).chain(breaks.map(|(at, _)| at as u32 + 1)).collect();
        let mut scanner = Scanner { read, at: 0, parts: Vec::new(), open: Vec::new(), key: None };
        if text.starts_with(BYTE_ORDER_MARK) {
            scanner.at = BYTE_ORDER_MARK.len_utf8();
        }
        scanner.run();
        Self { text, lines, parts: scanner.parts }
    }

    /// Where the thing at a path stands. The paths are those of [`Problem::path`].
    #[must_use]
    pub fn place(&self, path: &str) -> Place {
        let Some(mut at) = self.parts.first().map(|_| 0) else {
            return Place { key: None, value: 0..self.text.len(), exact: path.is_empty() };
        };
        let mut rest = path;
        let mut exact = true;
        while let Some((segment, after)) = Segment::cut(rest) {
            let Some(child) = self.child(at, &segment) else {
                exact = false;
                break;
            };
            (at, rest) = (child, after);
        }
        let part = &self.parts[at as usize];
        let range = |(from, to): (u32, u32)| from as usize..to as usize;
        let key = (part.key.0 != NONE).then(|| range(part.key));
        // A path that cannot be read leads nowhere.
        Place { key, value: range(part.value), exact: exact && rest.is_empty() }
    }

    /// Where a mistake stands: for one of the JSON itself where the reader stopped.
    #[must_use]
    pub fn place_of(&self, problem: &Problem) -> Place {
        match line_of(problem) {
            Some((line, column)) => {
                let value = self.token_at(line, column);
                Place { key: None, value, exact: true }
            }
            None => self.place(&problem.path),
        }
    }

    /// The line and the column of a byte, both from 1, the column in characters.
    #[must_use]
    pub fn line_column(&self, at: usize) -> (usize, usize) {
        let at = floor(self.text, at);
        let line = self.lines.partition_point(|from| *from as usize <= at).max(1);
        let from = self.lines[line - 1] as usize;
        (line, self.text[from..at].chars().count() + 1)
    }

    /// What stands in a line, from 1, without its break.
    #[must_use]
    pub fn line(&self, line: usize) -> Range<usize> {
        let from =
            self.lines.get(line.saturating_sub(1)).map_or(self.text.len(), |at| *at as usize);
        let to = self.lines.get(line).map_or(self.text.len(), |next| *next as usize - 1);
        from..to
    }

    /// The token at a line and a column in bytes, both from 1; the one before where nothing follows.
    fn token_at(&self, line: usize, column: usize) -> Range<usize> {
        let Range { start: from, end: to } = self.line(line);
        let mark = if self.text.starts_with(BYTE_ORDER_MARK) && line <= 1 {
            BYTE_ORDER_MARK.len_utf8()
        } else {
            0
        };
        let at = from.saturating_add(column.saturating_sub(1)).saturating_add(mark);
        let at = floor(self.text, at.min(to));
        // A column of 0 is the break of the line before.
        let here = if column == 0 { "" } else { &self.text[at..to] };
        let word = here.find(|c: char| !c.is_alphanumeric()).unwrap_or(here.len());
        if word > 0 {
            return at..at + word;
        }
        if let Some(sign) = here.chars().next().filter(|sign| !sign.is_whitespace()) {
            return at..at + sign.len_utf8();
        }
        // The reader was past the end of a word when it saw that it is none.
        let before = self.text[..at].trim_end();
        let word = before.trim_end_matches(char::is_alphanumeric).len();
        let sign = before.chars().next_back().map_or(0, char::len_utf8);
        word.min(before.len() - sign)..before.len()
    }

    fn child(&self, at: u32, segment: &Segment<'_>) -> Option<u32> {
        let part = |at: u32| self.parts.get(at as usize).map(|_| at);
        let first = part(self.parts[at as usize].first);
        let mut children = std::iter::successors(first, |at| part(self.parts[*at as usize].next));
        match (self.parts[at as usize].opens, segment) {
            (b'[', Segment::Index(index)) => children.nth(*index),
            (b'[', Segment::Name(name)) => children
                .filter(|child| {
                    let title = self.child(*child, &Segment::Name(Name::Plain("name")));
                    title.is_some_and(|title| {
                        self.parts[*child as usize].opens == b'{'
                            && name.is(self.token(self.parts[title as usize].value))
                    })
                })
                .last(),
            // Of two equal keys the one that is too many.
            (b'{', Segment::Name(name)) => children
                .filter(|child| {
                    let key = self.parts[*child as usize].key;
                    key.0 != NONE && name.is(self.token(key))
                })
                .last(),
            _ => None,
        }
    }

    fn token(&self, (from, to): (u32, u32)) -> &'t str {
        self.text.get(from as usize..to as usize).unwrap_or_default()
    }
}

/// A text's byte at or before this one at which a character begins.
fn floor(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// The line and the column in bytes that a mistake of the JSON itself names, as [`super::parse()`]
/// writes them.
fn line_of(problem: &Problem) -> Option<(usize, usize)> {
    let (line, rest) = problem.found.strip_prefix("line ")?.split_once(", column ")?;
    let (column, _) = rest.split_once(':')?;
    (problem.path.is_empty()).then_some((line.parse().ok()?, column.parse().ok()?))
}

/// A part of a path.
enum Segment<'p> {
    Name(Name<'p>),
    Index(usize),
}

/// A name as a path writes it.
enum Name<'p> {
    Plain(&'p str),
    /// What stands between quotes, its escapes included.
    Quoted(&'p str),
}

impl<'p> Segment<'p> {
    /// The first part of a path, and the rest.
    fn cut(path: &'p str) -> Option<(Self, &'p str)> {
        let path = path.strip_prefix('.').unwrap_or(path);
        if let Some(rest) = path.strip_prefix("[\"") {
            let end = quoted_len(rest.as_bytes());
            let after = rest.get(end..)?.strip_prefix("\"]")?;
            return Some((Self::Name(Name::Quoted(&rest[..end])), after));
        }
        if let Some(rest) = path.strip_prefix('[') {
            let (index, after) = rest.split_once(']')?;
            return Some((Self::Index(index.parse().ok()?), after));
        }
        let end = path.find(['.', '[']).unwrap_or(path.len());
        (end > 0).then(|| (Self::Name(Name::Plain(&path[..end])), &path[end..]))
    }
}

/// How many bytes stand before the quote that ends a text.
fn quoted_len(bytes: &[u8]) -> usize {
    let mut at = 0;
    while at < bytes.len() && bytes[at] != b'"' {
        at += if bytes[at] == b'\\' { 2 } else { 1 };
    }
    at.min(bytes.len())
}

impl Name<'_> {
    /// Whether a JSON text, quotes included, is this name.
    fn is(&self, token: &str) -> bool {
        let inside = token.strip_prefix('"').and_then(|it| it.strip_suffix('"'));
        let Some(inside) = inside else { return false };
        match self {
            Self::Plain(name) if !inside.contains('\\') => inside == *name,
            Self::Plain(name) => decoded(token).is_some_and(|text| text == *name),
            // Paths quote with the function that is used here, and shorten what is long.
            Self::Quoted(name) => decoded(token).is_some_and(|text| {
                let quoted = super::at::quote(&text);
                quoted[1..quoted.len() - 1] == **name
            }),
        }
    }
}

fn decoded(token: &str) -> Option<String> {
    serde_json::from_str(token).ok()
}

/// Reads a text from its beginning to its end, whatever is wrong with it.
struct Scanner<'t> {
    read: &'t [u8],
    at: usize,
    parts: Vec<Part>,
    /// The lists and objects around the place, the outermost first.
    open: Vec<u32>,
    /// A key that waits for its value.
    key: Option<(u32, u32)>,
}

impl Scanner<'_> {
    fn run(&mut self) {
        while let Some(byte) = self.read.get(self.at).copied() {
            let from = self.at;
            self.at += 1;
            match byte {
                b' ' | b'\n' | b'\r' | b'\t' | b':' => {}
                b',' => self.end_key(),
                b'{' | b'[' => {
                    let part = self.add(from, self.at, byte);
                    self.open.push(part);
                }
                b'}' | b']' => self.close(if byte == b'}' { b'{' } else { b'[' }),
                b'"' => {
                    self.text();
                    self.token(from);
                }
                _ => {
                    let rest = &self.read[self.at..];
                    let ends = |byte: &u8| b" \n\r\t,:{}[]\"".contains(byte);
                    self.at += rest.iter().position(ends).unwrap_or(rest.len());
                    self.token(from);
                }
            }
        }
        self.end_key();
        for part in std::mem::take(&mut self.open) {
            self.parts[part as usize].value.1 = self.at as u32;
        }
    }

    /// To the end of a text; one that is not closed ends with its line.
    fn text(&mut self) {
        while let Some(byte) = self.read.get(self.at) {
            match byte {
                b'\n' => return,
                b'\\' if self.read.get(self.at + 1).is_some_and(|next| *next != b'\n') => {
                    self.at += 2
                }
                b'"' => {
                    self.at += 1;
                    return;
                }
                _ => self.at += 1,
            }
        }
    }

    /// A key or a value.
    fn token(&mut self, from: usize) {
        let inside = self.open.last().map(|part| self.parts[*part as usize].opens);
        if inside == Some(b'{') && self.key.is_none() {
            self.key = Some((from as u32, self.at as u32));
        } else {
            self.add(from, self.at, 0);
        }
    }

    /// A key that has no value stands for itself.
    fn end_key(&mut self) {
        if let Some((from, to)) = self.key {
            self.add(from as usize, to as usize, 0);
        }
    }

    fn add(&mut self, from: usize, to: usize, opens: u8) -> u32 {
        let part = self.parts.len() as u32;
        self.parts.push(Part {
            key: self.key.take().unwrap_or((NONE, NONE)),
            value: (from as u32, to as u32),
            first: NONE,
            last: NONE,
            next: NONE,
            opens,
        });
        if let Some(parent) = self.open.last().copied() {
            let before = std::mem::replace(&mut self.parts[parent as usize].last, part);
            match self.parts.get_mut(before as usize) {
                Some(before) => before.next = part,
                None => self.parts[parent as usize].first = part,
            }
        }
        part
    }

    fn close(&mut self, opens: u8) {
        self.end_key();
        let near = self.open.iter().rev().take(MISMATCHED_MAX);
        let Some(up) = near.clone().position(|part| self.parts[*part as usize].opens == opens)
        else {
            return;
        };
        for part in self.open.split_off(self.open.len() - 1 - up) {
            self.parts[part as usize].value.1 = self.at as u32;
        }
    }
}
