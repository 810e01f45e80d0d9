//! What every format says, in one form: traces of spans of services.

use std::collections::BTreeMap;

/// Traces that were read.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Spans {
    /// The names of the services, in the order in which they were met.
    pub services: Vec<String>,
    /// The traces, in the order in which they were met.
    pub traces: Vec<Trace>,
    /// The spans, in the order of the file.
    pub spans: Vec<Span>,
    /// What is odd about them. They are kept as they are.
    pub notes: Vec<Note>,
}

/// A trace.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Trace {
    /// Its id as it stands in the file.
    pub id: String,
    /// Its spans by position, in the order of their start.
    pub spans: Vec<u32>,
    /// When its first span starts, in nanoseconds since 1970.
    pub start_ns: u64,
    /// When its last span ends, in nanoseconds since 1970.
    pub end_ns: u64,
}

/// A span.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Span {
    /// Its trace, by position.
    pub trace: u32,
    /// Its id as it stands in the file.
    pub id: String,
    /// The id of its parent, where it names one.
    pub parent_id: Option<String>,
    /// Its parent by position, where that is in the file and does not lead in a circle.
    pub parent: Option<u32>,
    /// Its children by position, in the order of their start.
    pub children: Vec<u32>,
    /// The span with which the work began that it is part of: itself, or the nearest above it that enters
    /// its service or has no parent there. All spans with one entry are one *operation* of a service.
    pub entry: u32,
    /// What else it refers to.
    pub links: Vec<SpanLink>,
    /// Its service, by position.
    pub service: u32,
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: SpanKind,
    /// When it starts, in nanoseconds since 1970.
    pub start_ns: u64,
    /// When it ends, in nanoseconds since 1970; before its start where the file says so.
    pub end_ns: u64,
    /// Whether it failed.
    pub failed: bool,
    /// The attributes that a reader has a use for, those of its process where it has none itself.
    pub attributes: Attributes,
    /// Where it stands in the file.
    pub place: String,
}

/// A reference to a span that is not the parent.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct SpanLink {
    /// The trace's id.
    pub trace_id: String,
    /// The span's id.
    pub span_id: String,
    /// The span by position, where it is in the file.
    pub span: Option<u32>,
}

/// The kind of a span (OpenTelemetry specification, Trace API, "SpanKind").
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum SpanKind {
    /// The file does not say.
    #[default]
    Unspecified,
    /// Work inside a service.
    Internal,
    /// It serves a call.
    Server,
    /// It calls.
    Client,
    /// It hands a message over.
    Producer,
    /// It takes a message.
    Consumer,
}

impl SpanKind {
    /// It in a word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Unspecified => "unspecified",
            Self::Internal => "internal",
            Self::Server => "server",
            Self::Client => "client",
            Self::Producer => "producer",
            Self::Consumer => "consumer",
        }
    }

    /// Whether work enters a service with it.
    #[must_use]
    pub fn enters(self) -> bool {
        matches!(self, Self::Server | Self::Consumer)
    }
}

/// Attributes by name.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Attributes(BTreeMap<String, String>);

/// What the names of attributes begin with that a reader has a use for. The rest is not kept.
const KEPT: [&str; 24] = [
    "db.",
    "messaging.",
    "rpc.",
    "http.",
    "url.",
    "server.",
    "peer.",
    "net.peer.",
    "net.host.name",
    "span.kind",
    "error",
    "otel.status",
    "exception.",
    "sql.",
    "kafka.",
    "rabbit.",
    "jms.",
    "mongodb.",
    "cassandra.",
    "redis.",
    "message_bus.",
    "interleave.",
    "saga.",
    "grpc.",
];

/// The longest attribute kept, in bytes: a statement's beginning says what it does.
const ATTRIBUTE_MAX: usize = 2_000;

impl Attributes {
    /// Keeps an attribute, where a reader has a use for it.
    pub fn keep(&mut self, name: &str, value: &str) {
        if KEPT.iter().any(|kept| name.starts_with(kept)) {
            let mut end = value.len().min(ATTRIBUTE_MAX);
            while !value.is_char_boundary(end) {
                end -= 1;
            }
            self.0.insert(name.to_owned(), value[..end].to_owned());
        }
    }

    /// An attribute that says something.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// The first of several names that is there: the newest convention first.
    #[must_use]
    pub fn first(&self, names: &[&str]) -> Option<&str> {
        names.iter().find_map(|name| self.get(name))
    }

    /// All of them by name.
    pub fn all(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

/// Something odd that was kept as it is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Note {
    /// What.
    pub odd: Odd,
    /// The spans that it is about, at most [`NOTED_MAX`] of them.
    pub spans: Vec<u32>,
    /// How many spans there are in all.
    pub count: usize,
}

/// How many spans a note or a finding names.
pub const NOTED_MAX: usize = 64;

/// What may be odd about spans.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Odd {
    /// The parent is not in the file.
    ParentMissing,
    /// Two spans of a trace have one id.
    IdTwice,
    /// The parents lead in a circle.
    Cycle,
    /// It ends before it starts.
    NegativeDuration,
    /// It starts before its parent of another service: their clocks disagree.
    ClockSkew,
    /// It ends after its parent has ended, or starts outside it, in the same service.
    OutsideParent,
    /// It names no service.
    NoService,
    /// It names no start.
    NoStart,
    /// A link leads to a span that is not in the file.
    LinkMissing,
}

impl Odd {
    /// What it means, and what was done.
    #[must_use]
    pub fn sentence(self) -> &'static str {
        match self {
            Self::ParentMissing => {
                "name a parent that is not in the file (not sampled, cut, or of another system); they are shown as beginnings"
            }
            Self::IdTwice => {
                "have an id that another span of their trace has; children go to the first"
            }
            Self::Cycle => "have parents that lead in a circle; the circle is cut where it was met",
            Self::NegativeDuration => "end before they start; they are shown as moments",
            Self::ClockSkew => {
                "start before the call that they serve: the clocks of two services disagree; times are shown as recorded"
            }
            Self::OutsideParent => {
                "reach outside their parent in the same service: work that was not waited for"
            }
            Self::NoService => "name no service; they belong to \"unknown\"",
            Self::NoStart => {
                "have no time of their own; they are shown at the start of their trace"
            }
            Self::LinkMissing => "link to a span that is not in the file",
        }
    }
}

impl Spans {
    /// The name of a span's service.
    #[must_use]
    pub fn service(&self, span: u32) -> &str {
        let service = self.spans.get(span as usize).map(|span| span.service as usize);
        service.and_then(|at| self.services.get(at)).map_or("unknown", String::as_str)
    }

    /// A span.
    #[must_use]
    pub fn get(&self, span: u32) -> Option<&Span> {
        self.spans.get(span as usize)
    }

    /// The spans above one, itself first.
    pub fn upward(&self, span: u32) -> impl Iterator<Item = u32> + '_ {
        std::iter::successors(Some(span), |at| self.get(*at)?.parent)
    }

    /// All spans below one and itself, parents before children.
    #[must_use]
    pub fn below(&self, span: u32) -> Vec<u32> {
        let mut found = vec![span];
        let mut at = 0;
        while let Some(of) = found.get(at).and_then(|span| self.get(*span)) {
            found.extend(&of.children);
            at += 1;
        }
        found
    }
}

impl Span {
    /// How long it took, in nanoseconds; 0 where it ends before it starts.
    #[must_use]
    pub fn duration_ns(&self) -> u64 {
        self.end_ns.saturating_sub(self.start_ns)
    }
}
