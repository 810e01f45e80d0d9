//! The words and signs of one line of an experiment.

use super::experiment::{Mistake, TOKENS_MAX};

/// A word or sign.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Token {
    /// A name or keyword, as it was written.
    Word(String),
    /// A number.
    Number(i64),
    /// A text between single quotes.
    Text(String),
    /// A sign.
    Sign(&'static str),
}

impl Token {
    /// As it is quoted in a message.
    pub(super) fn quoted(&self) -> String {
        match self {
            Self::Word(word) => format!("`{word}`"),
            Self::Number(number) => format!("`{number}`"),
            Self::Text(text) => format!("the text '{text}'"),
            Self::Sign(sign) => format!("`{sign}`"),
        }
    }
}

const SIGNS: [&str; 17] =
    ["<=", ">=", "<>", "!=", "==", "=", "<", ">", "+", "-", "*", "%", "(", ")", ",", ";", ":"];

/// A line's words and signs, each with its column from 1; a comment is none.
pub(super) fn tokens(line: usize, text: &str) -> Result<Vec<(usize, Token)>, Mistake> {
    let mut found: Vec<(usize, Token)> = Vec::new();
    let (mut rest, mut column) = (text, 1);
    let mistake = |column, what: String| Err(Mistake { line, column, what });
    loop {
        let trimmed = rest.trim_start();
        column += rest[..rest.len() - trimmed.len()].chars().count();
        rest = trimmed;
        let Some(first) = rest.chars().next() else { return Ok(found) };
        if rest.starts_with("--") {
            return Ok(found);
        }
        if found.len() == TOKENS_MAX {
            return mistake(
                column,
                format!("this line is too long; a line has at most {TOKENS_MAX} words and signs"),
            );
        }
        let end = |is_in: fn(char) -> bool| rest.find(|c| !is_in(c)).unwrap_or(rest.len());
        let (token, length) = if first.is_ascii_digit() {
            let length = end(|c| c.is_ascii_digit());
            let Ok(number) = rest[..length].parse() else {
                return mistake(
                    column,
                    format!("`{}` is too large; numbers have 63 bits", &rest[..length]),
                );
            };
            (Token::Number(number), length)
        } else if first.is_alphabetic() || first == '_' {
            let length = end(|c| c.is_alphanumeric() || c == '_');
            (Token::Word(rest[..length].to_owned()), length)
        } else if first == '\'' {
            let Some(close) = rest[1..].find('\'') else {
                return mistake(column, "this text has no end; put a ' behind it".to_owned());
            };
            (Token::Text(rest[1..=close].to_owned()), close + 2)
        } else if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
            (Token::Sign(sign), sign.len())
        } else {
            return mistake(column, format!("`{first}` has no meaning here; remove it"));
        };
        found.push((column, token));
        column += rest[..length].chars().count();
        rest = &rest[length..];
    }
}
