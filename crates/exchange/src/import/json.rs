//! JSON read in slices into a flat tape, without recursion: a document of any shape takes bounded memory,
//! bounded depth and as many slices as the caller likes.
//!
//! A grammar error names its line and column. The grammar is RFC 8259's; of a field that stands twice
//! the last counts, as in browsers.

mod value;

use interleave_engine::scenario::Problem;

pub use value::Value;

/// What a value is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool,
    /// A number.
    Number,
    /// A text.
    Text,
    /// A list.
    List,
    /// An object.
    Object,
}

impl Kind {
    /// It with its article.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool => "true or false",
            Self::Number => "a number",
            Self::Text => "a text",
            Self::List => "a list",
            Self::Object => "an object",
        }
    }
}

/// A value on the tape. The values inside it follow it; those of an object are its names and values in turn.
#[derive(Clone, Copy, Debug)]
struct Entry {
    kind: Kind,
    /// Where it begins in the text.
    start: u32,
    /// Where it ends in the text.
    end: u32,
    /// The position on the tape behind it.
    next: u32,
}

/// What may come next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Expect {
    /// A value.
    Value,
    /// A value, or the end of the list that has just begun.
    ValueOrEnd,
    /// A name, or the end of the object that has just begun.
    NameOrEnd,
    /// A name.
    Name,
    /// A colon.
    Colon,
    /// A comma, or the end of the list or object.
    CommaOrEnd,
    /// Another document, or the end of the text.
    Document,
}

/// One or several JSON documents, one behind the other.
#[derive(Clone, Debug)]
pub struct Doc {
    text: String,
    tape: Vec<Entry>,
    roots: Vec<u32>,
    open: Vec<u32>,
    at: usize,
    expect: Expect,
    depth_max: usize,
}

impl Doc {
    /// A text of which nothing has been read. It has less than 4 GiB.
    #[must_use]
    pub fn new(text: String, depth_max: usize) -> Self {
        Self {
            text,
            tape: Vec::new(),
            roots: Vec::new(),
            open: Vec::new(),
            at: 0,
            expect: Expect::Document,
            depth_max,
        }
    }

    /// How many bytes have been read.
    #[must_use]
    pub fn read(&self) -> usize {
        self.at
    }

    /// The text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The documents.
    #[must_use]
    pub fn roots(&self) -> Vec<Value<'_>> {
        self.roots.iter().map(|&ix| Value { doc: self, ix }).collect()
    }

    /// How many documents there are.
    #[must_use]
    pub fn root_count(&self) -> usize {
        self.roots.len()
    }

    /// A document by its position.
    #[must_use]
    pub fn root(&self, nth: usize) -> Option<Value<'_>> {
        self.roots.get(nth).map(|&ix| Value { doc: self, ix })
    }

    /// A value by its position on the tape.
    #[must_use]
    pub fn at(&self, ix: u32) -> Option<Value<'_>> {
        (ix < self.tape.len() as u32).then_some(Value { doc: self, ix })
    }

    /// Reads so many bytes more, and to the end of the text or number that it is in. Returns whether
    /// the end is reached.
    ///
    /// # Errors
    /// Where the text is not JSON, or is too deep: the place, what was found and what to do.
    pub fn step(&mut self, bytes: usize) -> Result<bool, Problem> {
        let stop = self.at.saturating_add(bytes.max(1));
        while self.at < stop {
            let Some(&byte) = self.text.as_bytes().get(self.at) else {
                return self.end();
            };
            if matches!(byte, b' ' | b'\t' | b'\n' | b'\r') {
                self.at += 1;
                continue;
            }
            self.token(byte)?;
        }
        Ok(false)
    }

    fn end(&mut self) -> Result<bool, Problem> {
        if self.expect == Expect::Document {
            return Ok(true);
        }
        Err(self.wrong(
            "the text ends too early",
            "close every brace, bracket and quote; was the file cut?",
        ))
    }

    fn token(&mut self, byte: u8) -> Result<(), Problem> {
        match (self.expect, byte) {
            (Expect::ValueOrEnd, b']') | (Expect::NameOrEnd, b'}') => self.close(),
            (Expect::CommaOrEnd, b']' | b'}') => {
                let open = self.open.last().map(|&ix| self.tape[ix as usize].kind);
                let fits = open == Some(if byte == b']' { Kind::List } else { Kind::Object });
                if !fits {
                    return Err(self.unexpected("close the innermost bracket or brace first"));
                }
                self.close();
            }
            (Expect::CommaOrEnd, b',') => {
                self.at += 1;
                let list =
                    self.open.last().is_some_and(|&ix| self.tape[ix as usize].kind == Kind::List);
                self.expect = if list { Expect::Value } else { Expect::Name };
            }
            (Expect::Colon, b':') => {
                self.at += 1;
                self.expect = Expect::Value;
            }
            (Expect::Name | Expect::NameOrEnd, b'"') => {
                self.string()?;
                self.expect = Expect::Colon;
            }
            (Expect::Value | Expect::ValueOrEnd | Expect::Document, _) => self.value(byte)?,
            (Expect::Colon, _) => {
                return Err(self.unexpected("write a colon behind the field's name"));
            }
            (Expect::CommaOrEnd, _) => {
                return Err(self.unexpected("write a comma between two values"));
            }
            (Expect::Name, b'}') => {
                return Err(self.unexpected("remove the comma before the closing brace"));
            }
            (Expect::Name | Expect::NameOrEnd, _) => {
                return Err(self.unexpected("put field names between double quotes"));
            }
        }
        Ok(())
    }

    fn value(&mut self, byte: u8) -> Result<(), Problem> {
        match byte {
            b'{' => return self.enter(Kind::Object, Expect::NameOrEnd),
            b'[' => return self.enter(Kind::List, Expect::ValueOrEnd),
            b'"' => self.string()?,
            b'-' | b'0'..=b'9' => self.number()?,
            b't' => self.word("true", Kind::Bool)?,
            b'f' => self.word("false", Kind::Bool)?,
            b'n' => self.word("null", Kind::Null)?,
            b']' => return Err(self.unexpected("remove the comma before the closing bracket")),
            _ if self.roots.is_empty() && self.open.is_empty() => {
                return Err(self.unexpected("give a trace as JSON: an object or a list"));
            }
            _ => return Err(self.unexpected("write a JSON value here")),
        }
        self.expect = self.after_value();
        Ok(())
    }

    fn after_value(&self) -> Expect {
        if self.open.is_empty() { Expect::Document } else { Expect::CommaOrEnd }
    }

    fn enter(&mut self, kind: Kind, expect: Expect) -> Result<(), Problem> {
        if self.open.len() >= self.depth_max {
            let found = format!("lists and objects are more than {} deep here", self.depth_max);
            return Err(self.wrong(&found, "no trace is so deep; attributes may be flattened"));
        }
        let ix = self.push(kind, self.at, self.at + 1);
        self.open.push(ix);
        self.at += 1;
        self.expect = expect;
        Ok(())
    }

    fn close(&mut self) {
        self.at += 1;
        let next = self.tape.len() as u32;
        if let Some(entry) = self.open.pop().and_then(|ix| self.tape.get_mut(ix as usize)) {
            entry.end = self.at as u32;
            entry.next = next;
        }
        self.expect = self.after_value();
    }

    fn push(&mut self, kind: Kind, start: usize, end: usize) -> u32 {
        let ix = self.tape.len() as u32;
        if self.open.is_empty() {
            self.roots.push(ix);
        }
        self.tape.push(Entry { kind, start: start as u32, end: end as u32, next: ix + 1 });
        ix
    }

    fn string(&mut self) -> Result<(), Problem> {
        let start = self.at;
        let bytes = self.text.as_bytes();
        let mut at = start + 1;
        loop {
            match bytes.get(at) {
                None => {
                    return Err(self.wrong(
                        "a text that never ends",
                        "close it with a double quote; was the file cut?",
                    ));
                }
                Some(b'"') => break,
                Some(b'\\') => {
                    let skip = match bytes.get(at + 1) {
                        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => 2,
                        Some(b'u') if is_hex(bytes.get(at + 2..at + 6)) => 6,
                        _ => {
                            self.at = at;
                            return Err(self.wrong(
                                "a backslash that means nothing",
                                "after a backslash stand \", \\, /, b, f, n, r, t, or u and four hexadecimal digits",
                            ));
                        }
                    };
                    at += skip;
                }
                Some(0..=0x1f) => {
                    self.at = at;
                    return Err(self.wrong(
                        "a control character in a text",
                        "write line breaks in a text as \\n",
                    ));
                }
                Some(_) => at += 1,
            }
        }
        self.push(Kind::Text, start, at + 1);
        self.at = at + 1;
        Ok(())
    }

    fn number(&mut self) -> Result<(), Problem> {
        let start = self.at;
        let rest = &self.text.as_bytes()[start..];
        let is_part = |byte: &&u8| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E');
        let len = rest.iter().take_while(is_part).count();
        let number = &self.text[start..start + len];
        let digits = number.strip_prefix('-').unwrap_or(number).as_bytes();
        let leading_zero =
            digits.first() == Some(&b'0') && digits.get(1).is_some_and(u8::is_ascii_digit);
        let fits = len <= 400
            && !leading_zero
            && digits.first().is_some_and(u8::is_ascii_digit)
            && digits.last().is_some_and(u8::is_ascii_digit)
            && number.parse::<f64>().is_ok_and(f64::is_finite);
        if !fits {
            return Err(
                self.wrong("a number that JSON does not have", "write it as -12, 3.5 or 1e9")
            );
        }
        self.push(Kind::Number, start, start + len);
        self.at = start + len;
        Ok(())
    }

    fn word(&mut self, word: &str, kind: Kind) -> Result<(), Problem> {
        if !self.text[self.at..].starts_with(word) {
            return Err(
                self.unexpected("write true, false, null, or put a text between double quotes")
            );
        }
        self.push(kind, self.at, self.at + word.len());
        self.at += word.len();
        Ok(())
    }

    fn unexpected(&self, remedy: &str) -> Problem {
        let found = self.text[self.at..].chars().next();
        self.wrong(&found.map_or_else(|| "the end".into(), |c| format!("found {c:?}")), remedy)
    }

    fn wrong(&self, found: &str, remedy: &str) -> Problem {
        let (line, column) = self.place(self.at);
        Problem::new(format!("line {line}, column {column}"), found, remedy)
    }

    /// The line and the column of a byte, both from 1; columns count characters.
    fn place(&self, at: usize) -> (usize, usize) {
        let before = self.text.get(..at).unwrap_or(&self.text);
        let line_start = before.rfind('\n').map_or(0, |end| end + 1);
        (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
    }
}

fn is_hex(digits: Option<&[u8]>) -> bool {
    digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Doc, String> {
        let mut doc = Doc::new(text.to_owned(), 8);
        loop {
            match doc.step(1) {
                Ok(true) => return Ok(doc),
                Ok(false) => {}
                Err(problem) => return Err(problem.to_string()),
            }
        }
    }

    /// What is JSON and what is not is judged as another parser judges it.
    #[test]
    fn the_grammar_is_that_of_json() {
        for text in [
            "{}",
            "[]",
            "[1,2]",
            "{\"a\":{\"b\":[null,true,false]}}",
            "\"x\"",
            "-0",
            "1.5e3",
            " [ ] ",
            "[1,]",
            "{,}",
            "{\"a\"}",
            "{\"a\":}",
            "{a:1}",
            "[1 2]",
            "01",
            "1.",
            "-",
            "+1",
            ".5",
            "1e",
            "tru",
            "nul",
            "[",
            "{",
            "]",
            "}",
            "[}",
            "{]",
            "\"",
            "\"\\x\"",
            "\"\\u12g4\"",
            "\"a\nb\"",
            "1e999",
            "[[[[]]]]",
            "{\"a\":1,}",
            "{\"a\":1 \"b\":2}",
            "'a'",
            "\"\\ud83d\\ude00\"",
            "[1]x",
            "--1",
            "1-2",
        ] {
            let ours = read(text);
            let theirs: Result<serde_json::Value, _> = serde_json::from_str(text);
            assert_eq!(ours.is_ok(), theirs.is_ok(), "{text}: {ours:?}");
        }
    }

    #[test]
    fn values_are_found_and_read() {
        let doc =
            read(r#"{"a":[1,"2",{"b":null}],"t":"x\"\u00e9\ud83d\ude00\ud800!","a":7}"#).unwrap();
        let root = doc.root(0).unwrap();
        assert_eq!(root.get("a").and_then(Value::as_u64), Some(7));
        assert_eq!(root.get("t").unwrap().as_text().unwrap(), "x\"é😀\u{fffd}!");
        let list = root.fields().next().unwrap().1;
        assert_eq!(list.items().map(Value::as_u64).collect::<Vec<_>>(), [Some(1), Some(2), None]);
        assert!(list.items().nth(2).unwrap().get("b").is_none());
    }

    #[test]
    fn several_documents_follow_each_other() {
        assert_eq!(read("{}\n{}\n[1]\n").unwrap().root_count(), 3);
        assert_eq!(read("").unwrap().root_count(), 0);
    }

    #[test]
    fn a_mistake_has_its_line_and_column() {
        assert!(read("{\n  \"é\": x}").unwrap_err().starts_with("line 2, column 8: found 'x'"));
        assert!(read(&"[".repeat(9)).unwrap_err().contains("more than 8 deep"));
        assert!(read("{\"a\":1").unwrap_err().contains("ends too early"));
    }
}
