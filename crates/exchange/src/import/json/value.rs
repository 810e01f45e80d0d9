//! The values of a document: what they say.

use std::borrow::Cow;

use super::{Doc, Entry, Kind};

/// A value of a document.
#[derive(Clone, Copy, Debug)]
pub struct Value<'a> {
    pub(super) doc: &'a Doc,
    pub(super) ix: u32,
}

impl<'a> Value<'a> {
    fn entry(self) -> Entry {
        self.doc.tape[self.ix as usize]
    }

    /// Its position on the tape: [`Doc::at`] gives it back.
    #[must_use]
    pub fn position(self) -> u32 {
        self.ix
    }

    /// What it is.
    #[must_use]
    pub fn kind(self) -> Kind {
        self.entry().kind
    }

    /// The JSON that it was written as.
    #[must_use]
    pub fn raw(self) -> &'a str {
        let entry = self.entry();
        &self.doc.text[entry.start as usize..entry.end as usize]
    }

    /// The byte at which it begins.
    #[must_use]
    pub fn start(self) -> usize {
        self.entry().start as usize
    }

    /// The values of a list; none of anything else.
    pub fn items(self) -> impl Iterator<Item = Value<'a>> {
        let entry = self.entry();
        let end = if entry.kind == Kind::List { entry.next } else { self.ix + 1 };
        let doc = self.doc;
        let mut ix = self.ix + 1;
        std::iter::from_fn(move || {
            (ix < end).then(|| {
                let value = Value { doc, ix };
                ix = value.entry().next;
                value
            })
        })
    }

    /// The names and values of an object; none of anything else.
    pub fn fields(self) -> impl Iterator<Item = (Value<'a>, Value<'a>)> {
        let entry = self.entry();
        let end = if entry.kind == Kind::Object { entry.next } else { self.ix + 1 };
        let doc = self.doc;
        let mut ix = self.ix + 1;
        std::iter::from_fn(move || {
            (ix < end).then(|| {
                let (name, value) = (Value { doc, ix }, Value { doc, ix: ix + 1 });
                ix = value.entry().next;
                (name, value)
            })
        })
    }

    /// A field of an object; `null` is no value.
    #[must_use]
    pub fn get(self, name: &str) -> Option<Value<'a>> {
        let found = self.fields().filter(|(key, _)| key.is(name)).last();
        found.map(|(_, value)| value).filter(|value| value.kind() != Kind::Null)
    }

    /// Whether it is this text.
    #[must_use]
    pub fn is(self, text: &str) -> bool {
        let raw = self.raw();
        self.kind() == Kind::Text
            && (raw.get(1..raw.len() - 1) == Some(text)
                || raw.contains('\\') && self.as_text().as_deref() == Some(text))
    }

    /// A text with its escapes resolved; half a surrogate pair becomes the replacement character.
    #[must_use]
    pub fn as_text(self) -> Option<Cow<'a, str>> {
        if self.kind() != Kind::Text {
            return None;
        }
        let raw = self.raw();
        let inner = &raw[1..raw.len() - 1];
        Some(if inner.contains('\\') { Cow::Owned(unescaped(inner)) } else { Cow::Borrowed(inner) })
    }

    /// A whole number that is not negative, be it written as a number or, as proto3 JSON has it for 64
    /// bits, as a text.
    #[must_use]
    pub fn as_u64(self) -> Option<u64> {
        match self.kind() {
            Kind::Number => self.raw().parse().ok().or_else(|| whole(self.raw())),
            Kind::Text => self.as_text()?.parse().ok(),
            _ => None,
        }
    }

    /// Whether it is `true`.
    #[must_use]
    pub fn is_true(self) -> bool {
        self.kind() == Kind::Bool && self.raw() == "true"
    }

    /// A text, number or word as a text: what an attribute says.
    #[must_use]
    pub fn as_plain(self) -> Option<Cow<'a, str>> {
        match self.kind() {
            Kind::Text => self.as_text(),
            Kind::Number | Kind::Bool => Some(Cow::Borrowed(self.raw())),
            _ => None,
        }
    }

    /// What was found, in a few words, for a mistake.
    #[must_use]
    pub fn found(self) -> String {
        match self.kind() {
            Kind::List | Kind::Object => format!("found {}", self.kind().words()),
            _ => {
                let raw = self.raw();
                let short: String = raw.chars().take(40).collect();
                format!("found {short}{}", if short.len() < raw.len() { "…" } else { "" })
            }
        }
    }
}

/// A number such as 1.5e18 that is whole and fits.
fn whole(raw: &str) -> Option<u64> {
    let number: f64 = raw.parse().ok()?;
    let fits = (0.0..18_446_744_073_709_551_615.0).contains(&number) && number.fract() == 0.0;
    fits.then_some(number as u64)
}

fn unescaped(inner: &str) -> String {
    let mut out = String::with_capacity(inner.len());
    let mut rest = inner;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        let escape = rest.as_bytes().get(at + 1).copied().unwrap_or(b'\\');
        let mut skip = 2;
        out.push(match escape {
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let (c, len) = unicode(&rest[at..]);
                skip = len;
                c
            }
            other => char::from(other),
        });
        rest = rest.get(at + skip..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

/// The character of `\uXXXX` or of a pair of them, and how long that is.
fn unicode(escape: &str) -> (char, usize) {
    let unit = |at: usize| {
        let is_escape = escape.get(at..at + 2) == Some("\\u");
        let digits = escape.get(at + 2..at + 6).filter(|_| is_escape)?;
        u32::from_str_radix(digits, 16).ok()
    };
    let first = unit(0).unwrap_or(0xfffd);
    if let (0xd800..=0xdbff, Some(low @ 0xdc00..=0xdfff)) = (first, unit(6)) {
        let c = 0x10000 + ((first - 0xd800) << 10) + (low - 0xdc00);
        return (char::from_u32(c).unwrap_or('\u{fffd}'), 12);
    }
    (char::from_u32(first).unwrap_or('\u{fffd}'), 6)
}
