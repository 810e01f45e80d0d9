//! The readable parameters of a link: `&t=184&view=state`.

use std::fmt::Write as _;

use super::{Link, LinkError};

/// The longest value of a parameter that is kept, in characters.
const MAX_VALUE: usize = 256;

/// Writes the parameters of a link, those that it has.
pub(super) fn write(link: &Link, fragment: &mut String) {
    if let Some(event) = link.cursor {
        let _ = write!(fragment, "&t={event}");
    }
    let texts = [
        ("view", &link.view),
        ("sel", &link.selection),
        ("story", &link.story),
        ("compare", &link.compare),
        ("d", &link.digest),
        ("e", &link.engine),
    ];
    for (name, value) in texts {
        if let Some(value) = value {
            let _ = write!(fragment, "&{name}=");
            escape(value, fragment);
        }
    }
}

/// Reads the parameters of a link: what follows the first `&`.
pub(super) fn read(mut link: Link, parameters: &str) -> Result<Link, LinkError> {
    for parameter in parameters.split('&') {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        match name {
            "t" => first(&mut link.cursor, || cursor(value))?,
            "view" => first(&mut link.view, || text("view", value))?,
            "sel" => first(&mut link.selection, || text("sel", value))?,
            "story" => first(&mut link.story, || text("story", value))?,
            "compare" => first(&mut link.compare, || text("compare", value))?,
            "d" => first(&mut link.digest, || text("d", value))?,
            "e" => first(&mut link.engine, || text("e", value))?,
            _ => {}
        }
    }
    Ok(link)
}

/// Keeps a parameter's first value.
fn first<T>(
    kept: &mut Option<T>,
    read: impl FnOnce() -> Result<T, LinkError>,
) -> Result<(), LinkError> {
    if kept.is_none() {
        *kept = Some(read()?);
    }
    Ok(())
}

fn cursor(value: &str) -> Result<u32, LinkError> {
    value.parse().map_err(|_| LinkError::Parameter {
        name: "t",
        found: shown(value),
        allowed: "the number of an event, from 0",
    })
}

fn text(name: &'static str, value: &str) -> Result<String, LinkError> {
    let wrong = |allowed| LinkError::Parameter { name, found: shown(value), allowed };
    let text = unescape(value).ok_or_else(|| wrong("a text in UTF-8, percent-encoded"))?;
    if text.chars().nth(MAX_VALUE).is_some() {
        return Err(wrong("at most 256 characters"));
    }
    Ok(text)
}

/// A value as an error repeats it.
fn shown(value: &str) -> String {
    format!("{:?}", value.chars().take(32).collect::<String>())
}

/// Percent-encodes all but what a fragment may hold and nobody misreads (RFC 3986, section 3.5).
fn escape(value: &str, fragment: &mut String) {
    for byte in value.bytes() {
        match byte {
            b'A'..=b'Z'
            | b'a'..=b'z'
            | b'0'..=b'9'
            | b'-'
            | b'.'
            | b'_'
            | b'~'
            | b':'
            | b','
            | b'/'
            | b'@' => fragment.push(char::from(byte)),
            _ => {
                let _ = write!(fragment, "%{byte:02X}");
            }
        }
    }
}

fn unescape(value: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let (high, low) = (hexadecimal(*rest.first()?)?, hexadecimal(*rest.get(1)?)?);
        bytes.push(16 * high + low);
        rest = &rest[2..];
    }
    String::from_utf8(bytes).ok()
}

fn hexadecimal(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).map(|digit| digit as u8)
}
