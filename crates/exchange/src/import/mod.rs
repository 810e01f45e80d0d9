//! Traces of real systems, read: one file for a format, then what they show of the patterns.
//!
//! [`Import`] reads a text in slices; [`recognise`] says what couples its services to data, and
//! [`scenario`] makes a scenario of it. `docs/import.md` is the reference.

pub mod formats;
mod gather;
pub mod json;
pub mod meaning;
pub mod model;
pub mod recognise;
pub mod scenario;

use interleave_engine::scenario::{Problem, Scenario, parse};

use formats::{Context, Format, Plan, READS, Unit};
use gather::Gather;
use json::Doc;
use model::Spans;

/// How much is read at most.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Bytes of the text; looked at before anything is read.
    pub bytes: usize,
    /// Lists and objects inside each other.
    pub depth: usize,
    /// Spans.
    pub spans: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes: 5 * 1024 * 1024, depth: 64, spans: 50_000 }
    }
}

/// The most that a text may be allowed to have: positions in it are kept in 32 bits.
pub const BYTES_MAX: usize = 1 << 30;

/// What was read.
#[derive(Clone, Debug)]
pub enum Imported {
    /// Traces, and the format that they were in.
    Traces(Format, Box<Spans>),
    /// A scenario of our own.
    Scenario(Box<Scenario>),
}

/// How far reading has come.
#[derive(Clone, Debug)]
pub enum Progress {
    /// There is more to do; the share of it that is done, from 0 to 1.
    Reading(f64),
    /// It is done.
    Done(Box<Imported>),
}

/// How many mistakes are listed.
const PROBLEMS_MAX: usize = 20;
/// How many bytes of JSON are counted as much work as one span.
const BYTES_PER_SPAN: usize = 500;
/// The share of the work that is reading JSON.
const JSON_SHARE: f64 = 0.6;

/// A text that is being read, a slice at a time.
#[derive(Clone, Debug)]
pub struct Import {
    limits: Limits,
    doc: Doc,
    state: State,
}

#[derive(Clone, Debug)]
enum State {
    Json,
    Spans {
        format: Format,
        units: Vec<Unit>,
        contexts: Vec<Context>,
        next: usize,
        gather: Box<Gather>,
        problems: Vec<Problem>,
    },
    Ended,
}

impl Import {
    /// A text that is to be read, within the usual limits.
    ///
    /// # Errors
    /// As [`Import::within`].
    pub fn new(bytes: Vec<u8>) -> Result<Self, Problem> {
        Self::within(bytes, Limits::default())
    }

    /// A text that is to be read within limits.
    ///
    /// # Errors
    /// Where it is too long, packed, or not UTF-8.
    pub fn within(bytes: Vec<u8>, limits: Limits) -> Result<Self, Problem> {
        let most = limits.bytes.min(BYTES_MAX);
        if bytes.len() > most {
            return Err(Problem::new(
                "",
                format!("the file has {} bytes", bytes.len()),
                format!("at most {most} are read: export fewer traces, or a shorter time"),
            ));
        }
        if bytes.starts_with(&[0x1f, 0x8b]) || bytes.starts_with(b"PK\x03\x04") {
            return Err(Problem::new("", "the file is packed (gzip or zip)", "unpack it first"));
        }
        let mut text = String::from_utf8(bytes).map_err(|error| {
            let at = error.utf8_error().valid_up_to() + 1;
            let remedy = "give JSON in UTF-8; OTLP's binary protobuf is not read";
            Problem::new("", format!("byte {at} is not UTF-8"), remedy)
        })?;
        if text.starts_with('\u{feff}') {
            text.drain(..'\u{feff}'.len_utf8());
        }
        Ok(Self { limits, doc: Doc::new(text, limits.depth), state: State::Json })
    }

    /// Reads so many bytes or as much in spans, and a last slice puts the traces together.
    ///
    /// # Errors
    /// Everything that is wrong, each mistake with its place. After it, or after the end, there is
    /// nothing more to read.
    pub fn step(&mut self, bytes: usize) -> Result<Progress, Vec<Problem>> {
        match std::mem::replace(&mut self.state, State::Ended) {
            State::Json => {
                if !self.doc.step(bytes).map_err(|problem| vec![problem])? {
                    self.state = State::Json;
                    let share = self.doc.read() as f64 / self.doc.text().len().max(1) as f64;
                    return Ok(Progress::Reading(share.min(1.0) * JSON_SHARE));
                }
                self.begin()
            }
            State::Spans { format, units, contexts, next, gather, problems } => {
                let count = (bytes / BYTES_PER_SPAN).max(1);
                self.spans(format, units, contexts, next, gather, problems, count)
            }
            State::Ended => Err(vec![Problem::new("", "it has been read", "begin a new import")]),
        }
    }

    /// Reads to the end at once.
    ///
    /// # Errors
    /// As [`Import::step`].
    pub fn finish(mut self) -> Result<Imported, Vec<Problem>> {
        loop {
            if let Progress::Done(imported) = self.step(usize::MAX / 2)? {
                return Ok(*imported);
            }
        }
    }

    fn begin(&mut self) -> Result<Progress, Vec<Problem>> {
        let one = |problem| vec![problem];
        let format = formats::detect(&self.doc).map_err(one)?;
        if format == Format::Scenario {
            return Ok(Progress::Done(Box::new(Imported::Scenario(Box::new(parse(
                self.doc.text(),
            )?)))));
        }
        let Plan { units, contexts } = formats::plan(format, &self.doc).map_err(one)?;
        if units.is_empty() {
            let found = "there is no span in it";
            let remedy = format!("{} holds traces; logs and metrics are not read", format.name());
            return Err(vec![Problem::new("", found, remedy)]);
        }
        if units.len() > self.limits.spans {
            let remedy = format!("at most {} are read: export fewer traces", self.limits.spans);
            return Err(vec![Problem::new(
                "",
                format!("the file has {} spans", units.len()),
                remedy,
            )]);
        }
        self.state = State::Spans {
            format,
            units,
            contexts,
            next: 0,
            gather: Box::default(),
            problems: Vec::new(),
        };
        Ok(Progress::Reading(JSON_SHARE))
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "they are the parts of the state that is taken out"
    )]
    fn spans(
        &mut self,
        format: Format,
        units: Vec<Unit>,
        contexts: Vec<Context>,
        mut next: usize,
        mut gather: Box<Gather>,
        mut problems: Vec<Problem>,
        count: usize,
    ) -> Result<Progress, Vec<Problem>> {
        for unit in units.iter().skip(next).take(count) {
            let (value, context) = (self.doc.at(unit.value), contexts.get(unit.context as usize));
            let (Some(value), Some(context)) = (value, context) else { continue };
            match formats::read(format, value, context, unit.nth) {
                Ok(raw) => gather.push(raw),
                Err(problem) if problems.len() < PROBLEMS_MAX => problems.push(problem),
                Err(_) => {}
            }
        }
        next = next.saturating_add(count);
        if next < units.len() {
            let share = next as f64 / units.len() as f64;
            self.state = State::Spans { format, units, contexts, next, gather, problems };
            return Ok(Progress::Reading(JSON_SHARE + (1.0 - JSON_SHARE) * share));
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        if gather.len() == 0 {
            return Err(vec![Problem::new("", "there is no span in it", READS)]);
        }
        Ok(Progress::Done(Box::new(Imported::Traces(format, Box::new(gather.finish())))))
    }
}
