//! The formats: which one a document is in, and what each says of its spans. One file for a format.

mod attributes;
mod jaeger;
mod otlp;
mod zipkin;

use std::fmt::Write as _;

use interleave_engine::scenario::Problem;

use super::gather::Raw;
use super::json::{Doc, Kind, Value};
use super::model::Attributes;

/// A format that is read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Format {
    /// OpenTelemetry's protocol in JSON, one object or one on each line.
    Otlp,
    /// Jaeger's JSON: of its API, or downloaded from its page.
    Jaeger,
    /// Zipkin's, version 2.
    Zipkin,
    /// A scenario of our own.
    Scenario,
}

impl Format {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Otlp => "OTLP JSON",
            Self::Jaeger => "Jaeger JSON",
            Self::Zipkin => "Zipkin v2 JSON",
            Self::Scenario => "an Interleave scenario",
        }
    }
}

/// What several spans have in common: the process that recorded them, and where they stand.
#[derive(Clone, Debug, Default)]
pub(super) struct Context {
    pub service: Option<String>,
    pub attributes: Attributes,
    /// The path of the list of spans: `resourceSpans[0].scopeSpans[1].spans`.
    pub path: String,
}

/// A span that is to be read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unit {
    pub value: u32,
    pub context: u32,
    /// Its position in its list.
    pub nth: u32,
}

/// All spans of a document that are to be read.
#[derive(Clone, Debug, Default)]
pub(super) struct Plan {
    pub units: Vec<Unit>,
    pub contexts: Vec<Context>,
}

impl Plan {
    fn context(&mut self, context: Context) -> u32 {
        self.contexts.push(context);
        (self.contexts.len() - 1) as u32
    }

    fn list(&mut self, spans: Value<'_>, context: u32) {
        let units = spans.items().zip(0..);
        self.units.extend(units.map(|(span, nth)| Unit { value: span.position(), context, nth }));
    }
}

/// Says which format the documents of a text are in.
///
/// # Errors
/// What was found instead, and what is read.
pub(super) fn detect(doc: &Doc) -> Result<Format, Problem> {
    let Some(first) = doc.root(0) else {
        return Err(Problem::new("", "the file is empty", READS));
    };
    let of = match first.kind() {
        Kind::List => match first.items().next() {
            None => {
                return Err(Problem::new("", "the list is empty: there is no trace in it", READS));
            }
            Some(item) if item.kind() == Kind::List => item.items().next().unwrap_or(item),
            Some(item) => item,
        },
        _ => first,
    };
    if of.kind() != Kind::Object {
        return Err(Problem::new("", of.found(), READS));
    }
    let has = |name: &str| of.fields().any(|(key, _)| key.is(name));
    let in_result = of.get("result").is_some_and(|result| result.get("resourceSpans").is_some());
    if has("resourceSpans") || in_result || has("resourceLogs") || has("resourceMetrics") {
        Ok(Format::Otlp)
    } else if has("interleave") {
        Ok(Format::Scenario)
    } else if has("data") || has("spans") && (has("traceID") || has("processes")) {
        Ok(Format::Jaeger)
    } else if has("binaryAnnotations")
        || of
            .get("annotations")
            .is_some_and(|list| list.items().any(|item| item.get("endpoint").is_some()))
    {
        Err(Problem::new("", "this is Zipkin's version 1", "ask Zipkin's API for /api/v2/trace"))
    } else if has("traceId") && has("id") {
        Ok(Format::Zipkin)
    } else if has("resource_spans") {
        let remedy = "OTLP JSON writes names as resourceSpans, scopeSpans, traceId (OTLP specification, \"JSON Protobuf Encoding\")";
        Err(Problem::new("resource_spans", "found a name with an underscore", remedy))
    } else if has("traceEvents") {
        Err(Problem::new("traceEvents", "this is a Chrome trace, which names no services", READS))
    } else {
        let mut names = String::new();
        for (name, _) in of.fields().take(6) {
            let _ = write!(names, " {}", name.raw().chars().take(30).collect::<String>());
        }
        Err(Problem::new(
            "",
            format!("an object of an unknown format, with the fields{names}"),
            READS,
        ))
    }
}

/// What is read, as a remedy.
pub(super) const READS: &str = "give OTLP JSON (resourceSpans), Jaeger JSON (data, spans, processes), Zipkin v2 JSON (a list of spans) or a scenario";

/// Lists the spans of a document.
///
/// # Errors
/// Where the document is not of its format.
pub(super) fn plan(format: Format, doc: &Doc) -> Result<Plan, Problem> {
    let mut plan = Plan::default();
    let (mut line, mut seen) = (1, 0);
    for root in doc.roots() {
        line += doc.text()[seen..root.start()].matches('\n').count();
        seen = root.start();
        // Where there are several documents, a path begins with the line of its own.
        let at = if doc.root_count() > 1 { format!("line {line}: ") } else { String::new() };
        match format {
            Format::Otlp => otlp::plan(root, &at, &mut plan)?,
            Format::Jaeger => jaeger::plan(root, &at, &mut plan)?,
            Format::Zipkin => zipkin::plan(root, &at, &mut plan)?,
            Format::Scenario => {}
        }
    }
    Ok(plan)
}

/// Reads a span.
///
/// # Errors
/// What is wrong with it, with its path.
pub(super) fn read(
    format: Format,
    value: Value<'_>,
    context: &Context,
    nth: u32,
) -> Result<Raw, Problem> {
    let at = At { path: format!("{}[{nth}]", context.path) };
    if value.kind() != Kind::Object {
        return Err(Problem::new(at.path, value.found(), "a span is an object"));
    }
    match format {
        Format::Otlp => otlp::read(value, context, &at),
        Format::Jaeger => jaeger::read(value, context, &at),
        Format::Zipkin | Format::Scenario => zipkin::read(value, &at),
    }
}

/// The place of a span, for what is wrong with its fields.
struct At {
    path: String,
}

impl At {
    fn wrong(&self, field: &str, found: Option<Value<'_>>, remedy: &str) -> Problem {
        let found = found.map_or_else(|| "it is missing".to_owned(), Value::found);
        Problem::new(format!("{}.{field}", self.path), found, remedy)
    }

    /// A text that must be there.
    fn text(&self, value: Value<'_>, field: &str, remedy: &str) -> Result<String, Problem> {
        let found = value.get(field);
        match found.and_then(Value::as_text) {
            Some(text) if !text.trim().is_empty() => Ok(text.into_owned()),
            _ => Err(self.wrong(field, found, remedy)),
        }
    }

    /// A text that may be missing.
    fn maybe_text(
        &self,
        value: Value<'_>,
        field: &str,
        remedy: &str,
    ) -> Result<Option<String>, Problem> {
        match value.get(field) {
            None => Ok(None),
            Some(found) => match found.as_text() {
                Some(text) if text.is_empty() => Ok(None),
                Some(text) => Ok(Some(text.into_owned())),
                None => Err(self.wrong(field, Some(found), remedy)),
            },
        }
    }

    /// A moment or a duration that may be missing, in nanoseconds, written in units of so many.
    fn time(&self, value: Value<'_>, field: &str, unit: u64) -> Result<Option<u64>, Problem> {
        let Some(found) = value.get(field) else { return Ok(None) };
        let whole = found.as_u64().or_else(|| {
            // Some write microseconds with a fraction.
            let number: f64 = found.raw().parse().ok()?;
            (found.kind() == Kind::Number && (0.0..1e18).contains(&number)).then_some(number as u64)
        });
        let nanos = whole.and_then(|units| units.checked_mul(unit));
        match nanos {
            Some(nanos) => Ok(Some(nanos)),
            None if found.raw().starts_with('-') && unit == 1_000 && field == "duration" => {
                Ok(None)
            }
            None => Err(self.wrong(
                field,
                Some(found),
                "write a whole number that is not negative, since 1970",
            )),
        }
    }
}
