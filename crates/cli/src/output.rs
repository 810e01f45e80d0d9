//! Standard output: written through one place, which survives a reader that goes away.

use std::io::{self, BufWriter, ErrorKind, StdoutLock, Write};

use serde::Serialize;

/// Standard output. The first error ends it; [`Output::finish`] says what it was.
pub struct Output {
    inner: BufWriter<StdoutLock<'static>>,
    error: Option<io::Error>,
}

impl Output {
    /// Takes standard output.
    pub fn new() -> Self {
        Self { inner: BufWriter::new(io::stdout().lock()), error: None }
    }

    /// Whether nobody reads on, so that the rest need not be made.
    pub fn is_closed(&self) -> bool {
        self.error.is_some()
    }

    /// Writes a line of text for people.
    pub fn line(&mut self, text: impl AsRef<str>) {
        let text = printable(text.as_ref());
        let text = text.trim_end();
        self.attempt(|inner| writeln!(inner, "{text}"));
    }

    /// Writes a JSON value, indented, and ends its last line.
    pub fn json(&mut self, value: &impl Serialize) {
        self.attempt(|inner| {
            serde_json::to_writer_pretty(&mut *inner, value)?;
            writeln!(inner)
        });
    }

    fn attempt(&mut self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) {
        if self.error.is_none() {
            self.error = write(&mut self.inner).err();
        }
    }

    /// Writes what is still held back.
    ///
    /// # Errors
    /// What kept anything from being written; a reader that went away is no error: `| head` has
    /// seen what it wanted.
    pub fn finish(&mut self) -> io::Result<()> {
        self.attempt(|inner| inner.flush());
        match self.error.take() {
            Some(error) if error.kind() != ErrorKind::BrokenPipe => Err(error),
            _ => Ok(()),
        }
    }
}

/// Says something beside the result, on standard error.
pub fn note(text: impl AsRef<str>) {
    to_stderr("note", text.as_ref());
}

/// Writes a line to standard error. Where nobody reads it, the exit code has to do.
pub fn to_stderr(kind: &str, text: &str) {
    let _ = writeln!(io::stderr(), "{kind}: {}", printable(text));
}

/// A text on one line and without control characters, since those of a document must not steer a
/// terminal nor look like another line.
pub fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::printable;

    #[test]
    fn a_document_does_not_steer_the_terminal() {
        assert_eq!(printable("a\u{1b}[2Jb\u{9b}c\td\n"), "a\u{fffd}[2Jb\u{fffd}c\u{fffd}d\u{fffd}");
    }
}
