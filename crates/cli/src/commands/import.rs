//! `interleave import`: a trace of a real system, and what it shows of the patterns.

use std::fs;
use std::io::{self, Read};

use interleave_engine::scenario::{Problem, text};
use interleave_engine::session::ENGINE;
use interleave_exchange::import::model::Spans;
use interleave_exchange::import::recognise::{Finding, Recognised, recognise};
use interleave_exchange::import::scenario::{Made, make};
use interleave_exchange::import::{BYTES_MAX, Import, Imported, Limits};
use serde::Serialize;

use crate::args::ImportArgs;
use crate::failure::{BadInput, Verdict};
use crate::output::{Output, note};
use crate::words::table;

/// The object that `import --json` prints.
#[derive(Serialize)]
struct Report<'a> {
    engine: &'static str,
    format: &'static str,
    services: Vec<Service<'a>>,
    traces: Vec<Trace<'a>>,
    spans: usize,
    notes: Vec<Noted<'a>>,
    findings: Vec<Found<'a>>,
    cannot_tell: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    scenario: Option<Written<'a>>,
}

#[derive(Serialize)]
struct Service<'a> {
    name: &'a str,
    spans: usize,
}

#[derive(Serialize)]
struct Trace<'a> {
    id: &'a str,
    spans: usize,
    duration_us: u64,
}

#[derive(Serialize)]
struct Noted<'a> {
    text: &'static str,
    count: usize,
    spans: Vec<&'a str>,
}

#[derive(Serialize)]
struct Found<'a> {
    id: &'static str,
    title: &'static str,
    certainty: &'static str,
    sentence: &'a str,
    why: &'a str,
    spans: Vec<&'a str>,
    span_count: usize,
    page: String,
    pattern: &'static str,
}

#[derive(Serialize)]
struct Written<'a> {
    file: &'a str,
    notes: &'a [String],
}

/// Reads a trace and says what it shows.
///
/// # Errors
/// Everything that is wrong with the file or the arguments.
pub fn import(args: &ImportArgs, out: &mut Output) -> Result<Verdict, BadInput> {
    let from = if args.trace == "-" { "standard input" } else { &args.trace };
    let limits = Limits { bytes: (args.max_mib as usize) << 20, ..Limits::default() };
    let bytes = bytes(&args.trace, from, limits.bytes)?;
    let import =
        Import::within(bytes, limits).map_err(|problem| BadInput::of(from, vec![problem]))?;
    let imported = import.finish().map_err(|problems| BadInput::of(from, problems))?;
    let (format, spans) = match imported {
        Imported::Traces(format, spans) => (format, spans),
        Imported::Scenario(_) => {
            let remedy = "it is no trace: `interleave run` and `interleave open` take it";
            return Err(BadInput::of(from, vec![Problem::new("", "this is a scenario", remedy)]));
        }
    };
    let recognised = recognise(&spans);
    let made = match &args.scenario {
        Some(_) => Some(
            scenario(args, &spans, &recognised).map_err(|problems| BadInput::of(from, problems))?,
        ),
        None => None,
    };
    if let (Some(file), Some(made)) = (&args.scenario, &made) {
        write(file, &text::pretty(&made.scenario), out)?;
    }
    if args.json {
        out.json(&report(format.name(), &spans, &recognised, args, made.as_ref()));
    } else if args.scenario.as_deref() != Some("-") {
        print(format.name(), &spans, &recognised, out);
    }
    if let Some(made) = made.filter(|_| !args.json) {
        made.notes.iter().for_each(|text| note(format!("in the scenario, {text}")));
    }
    Ok(Verdict::Fine)
}

/// The bytes of a file or of standard input; one more than allowed is enough to know.
fn bytes(given: &str, from: &str, most: usize) -> Result<Vec<u8>, BadInput> {
    let unreadable = |error: io::Error| {
        let problem =
            Problem::new("", format!("it cannot be read: {error}"), "give a file with a trace");
        BadInput::of(from, vec![problem])
    };
    let mut bytes = Vec::new();
    let limit = most.min(BYTES_MAX) as u64 + 1;
    if given == "-" {
        io::stdin().lock().take(limit).read_to_end(&mut bytes).map_err(unreadable)?;
        return Ok(bytes);
    }
    let file = fs::File::open(given).map_err(unreadable)?;
    let length = file.metadata().map_err(unreadable)?.len();
    if length >= limit {
        let remedy = format!("at most {} are read; --max-mib allows more", limit - 1);
        return Err(BadInput::of(
            from,
            vec![Problem::new("", format!("the file has {length} bytes"), remedy)],
        ));
    }
    file.take(limit).read_to_end(&mut bytes).map_err(unreadable)?;
    Ok(bytes)
}

/// The scenario of the finding that was asked for, else of the first, else of the longest trace.
fn scenario(
    args: &ImportArgs,
    spans: &Spans,
    recognised: &Recognised,
) -> Result<Made, Vec<Problem>> {
    let Some(nth) = args.finding else {
        return make(spans, recognised.findings.first());
    };
    let count = recognised.findings.len();
    match nth.checked_sub(1).and_then(|at| recognised.findings.get(at)) {
        Some(finding) => make(spans, Some(finding)),
        None => {
            let remedy = format!("there are {count} findings, counted from 1");
            Err(vec![Problem::new("--finding", format!("there is no finding {nth}"), remedy)])
        }
    }
}

fn write(file: &str, document: &str, out: &mut Output) -> Result<(), BadInput> {
    if file == "-" {
        document.lines().for_each(|line| out.line(line));
        return Ok(());
    }
    fs::write(file, format!("{document}\n")).map_err(|error| {
        Problem::new(
            "--scenario",
            format!("{file:?} cannot be written: {error}"),
            "name another file",
        )
        .into()
    })
}

fn ids<'a>(spans: &'a Spans, of: &[u32]) -> Vec<&'a str> {
    of.iter().filter_map(|ix| Some(spans.get(*ix)?.id.as_str())).collect()
}

fn services(spans: &Spans) -> Vec<Service<'_>> {
    let mut counts = vec![0; spans.services.len()];
    for span in &spans.spans {
        counts[span.service as usize] += 1;
    }
    spans.services.iter().zip(counts).map(|(name, spans)| Service { name, spans }).collect()
}

fn report<'a>(
    format: &'static str,
    spans: &'a Spans,
    recognised: &'a Recognised,
    args: &'a ImportArgs,
    made: Option<&'a Made>,
) -> Report<'a> {
    let trace = |trace: &'a interleave_exchange::import::model::Trace| Trace {
        id: &trace.id,
        spans: trace.spans.len(),
        duration_us: trace.end_ns.saturating_sub(trace.start_ns) / 1_000,
    };
    Report {
        engine: ENGINE,
        format,
        services: services(spans),
        traces: spans.traces.iter().map(trace).collect(),
        spans: spans.spans.len(),
        notes: spans
            .notes
            .iter()
            .map(|note| Noted {
                text: note.odd.sentence(),
                count: note.count,
                spans: ids(spans, &note.spans),
            })
            .collect(),
        findings: recognised.findings.iter().map(|finding| found(spans, finding)).collect(),
        cannot_tell: &recognised.unknown,
        scenario: args
            .scenario
            .as_deref()
            .zip(made)
            .map(|(file, made)| Written { file, notes: &made.notes }),
    }
}

fn found<'a>(spans: &'a Spans, finding: &'a Finding) -> Found<'a> {
    Found {
        id: finding.id,
        title: finding.title(),
        certainty: finding.certainty.words(),
        sentence: &finding.sentence,
        why: &finding.why,
        spans: ids(spans, &finding.spans),
        span_count: finding.count,
        page: page(finding),
        pattern: finding.coupling,
    }
}

fn page(finding: &Finding) -> String {
    format!("docs/patterns/{}.md", finding.page)
}

fn print(format: &str, spans: &Spans, recognised: &Recognised, out: &mut Output) {
    out.line(format!(
        "{format}: {} of {} in {}",
        many(spans.spans.len(), "span"),
        many(spans.services.len(), "service"),
        many(spans.traces.len(), "trace"),
    ));
    let row =
        |service: Service<'_>| vec![format!("  {}", service.name), many(service.spans, "span")];
    table(&services(spans).into_iter().map(row).collect::<Vec<_>>())
        .iter()
        .for_each(|line| out.line(line));
    for odd in &spans.notes {
        let named = named(&ids(spans, &odd.spans), odd.count);
        out.line(format!("note: {} {}: {named}", many(odd.count, "span"), odd.odd.sentence()));
    }
    out.line("");
    if recognised.findings.is_empty() {
        out.line("None of the couplings that are looked for was recognised.");
    }
    for (finding, nth) in recognised.findings.iter().zip(1..) {
        out.line(format!("{nth}. {} ({})", finding.title(), finding.certainty.words()));
        out.line(format!("   {}", finding.sentence));
        out.line(format!("   why: {}", finding.why));
        out.line(format!("   spans: {}", named(&ids(spans, &finding.spans), finding.count)));
        out.line(format!("   see: {}", page(finding)));
    }
    if !recognised.unknown.is_empty() {
        out.line("");
        out.line("What these spans cannot tell:");
        recognised.unknown.iter().for_each(|text| out.line(format!("  {text}")));
    }
}

fn many(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// The first ids, and how many more there are.
fn named(ids: &[&str], count: usize) -> String {
    let shown = &ids[..ids.len().min(8)];
    let more = count - shown.len();
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{more}", shown.join(", "))
}
