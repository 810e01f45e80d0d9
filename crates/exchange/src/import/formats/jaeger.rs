//! Jaeger's JSON, as its API and the download of its page give it: `{"data": [{"traceID", "spans", "processes"}]}`,
//! or one such trace, or a list of them (jaeger-idl and `model/json/model.go` of Jaeger; times are in microseconds).
//!
//! Read as well: what Jaeger's page keeps in memory and some save, with the `process` inside each span.

use interleave_engine::scenario::Problem;

use super::{At, Context, Plan, attributes};
use crate::import::gather::Raw;
use crate::import::json::{Kind, Value};
use crate::import::model::{SpanKind, SpanLink};

pub(super) fn plan(root: Value<'_>, at: &str, plan: &mut Plan) -> Result<(), Problem> {
    if root.kind() == Kind::List {
        return traces(root, at, plan);
    }
    match root.get("data") {
        Some(data) if data.kind() == Kind::List => traces(data, &format!("{at}data"), plan),
        Some(data) if data.kind() == Kind::Object => trace(data, &format!("{at}data."), plan),
        Some(data) => {
            Err(Problem::new(format!("{at}data"), data.found(), "it is a list of traces"))
        }
        None if root.get("spans").is_some() => trace(root, at, plan),
        None => {
            let said =
                root.get("errors").and_then(|errors| errors.items().next()?.get("msg")?.as_text());
            let found = said.map_or_else(
                || "there are no traces in it".to_owned(),
                |said| format!("Jaeger said: {said}"),
            );
            Err(Problem::new(format!("{at}data"), found, "download the trace again"))
        }
    }
}

fn traces(list: Value<'_>, at: &str, plan: &mut Plan) -> Result<(), Problem> {
    for (item, nth) in list.items().zip(0..) {
        trace(item, &format!("{at}[{nth}]."), plan)?;
    }
    Ok(())
}

fn trace(trace: Value<'_>, at: &str, plan: &mut Plan) -> Result<(), Problem> {
    let path = format!("{at}spans");
    let Some(spans) = trace.get("spans") else {
        return Err(Problem::new(path, "it is missing", "a trace has a list of spans"));
    };
    if spans.kind() != Kind::List {
        return Err(Problem::new(path, spans.found(), "it is a list of spans"));
    }
    // A process is a context; the spans name theirs.
    let mut known = std::collections::BTreeMap::new();
    for (name, process) in trace.get("processes").into_iter().flat_map(Value::fields) {
        let ix = plan.context(process_context(process, &path));
        known.insert(name.as_text().unwrap_or_default().into_owned(), ix);
    }
    let none = plan.context(Context { path: path.clone(), ..Context::default() });
    for (span, nth) in spans.items().zip(0..) {
        let process = span.get("processID").and_then(Value::as_text);
        let context = match process.and_then(|process| known.get(process.as_ref()).copied()) {
            Some(context) => context,
            None => match span.get("process") {
                Some(process) => plan.context(process_context(process, &path)),
                None => none,
            },
        };
        plan.units.push(super::Unit { value: span.position(), context, nth });
    }
    Ok(())
}

fn process_context(process: Value<'_>, path: &str) -> Context {
    let mut context = Context {
        service: process.get("serviceName").and_then(Value::as_text).map(|text| text.into_owned()),
        path: path.to_owned(),
        ..Context::default()
    };
    attributes::keep(process.get("tags"), &mut context.attributes);
    context
}

pub(super) fn read(value: Value<'_>, context: &Context, at: &At) -> Result<Raw, Problem> {
    let start_ns = at.time(value, "startTime", 1_000)?;
    let duration = at.time(value, "duration", 1_000)?;
    let negative = value.get("duration").is_some_and(|found| found.raw().starts_with('-'));
    let mut raw = Raw {
        trace_id: at.text(value, "traceID", "a trace id is a text of hexadecimal digits")?,
        id: at.text(value, "spanID", "a span id is a text of hexadecimal digits")?,
        name: at.maybe_text(value, "operationName", "a name is a text")?.unwrap_or_default(),
        service: context.service.clone(),
        start_ns,
        end_ns: start_ns.map(|start| match duration {
            Some(duration) => start.saturating_add(duration),
            None if negative => start.saturating_sub(1),
            None => start,
        }),
        attributes: context.attributes.clone(),
        place: at.path.clone(),
        ..Raw::default()
    };
    attributes::keep(value.get("tags"), &mut raw.attributes);
    raw.kind = match raw.attributes.get("span.kind") {
        Some("server") => SpanKind::Server,
        Some("client") => SpanKind::Client,
        Some("producer") => SpanKind::Producer,
        Some("consumer") => SpanKind::Consumer,
        Some("internal") => SpanKind::Internal,
        _ => SpanKind::Unspecified,
    };
    raw.failed = raw.attributes.get("error") == Some("true")
        || raw.attributes.first(&["otel.status_code", "otel.status"]) == Some("ERROR");
    refer(value, at, &mut raw)?;
    Ok(raw)
}

/// The first reference to a parent of its own trace is the parent, else the first that it follows from, as
/// in Jaeger's page; the others are links.
fn refer(value: Value<'_>, at: &At, raw: &mut Raw) -> Result<(), Problem> {
    raw.parent_id = at.maybe_text(value, "parentSpanID", "a span id is a text")?;
    let mut references: Vec<(bool, SpanLink)> = Vec::new();
    for (reference, nth) in value.get("references").into_iter().flat_map(Value::items).zip(0..) {
        let field = |name: &str| {
            let found = reference.get(name);
            found.and_then(Value::as_text).ok_or_else(|| {
                at.wrong(
                    &format!("references[{nth}].{name}"),
                    found,
                    "a reference names a trace and a span",
                )
            })
        };
        let link = SpanLink {
            trace_id: field("traceID")?.into_owned(),
            span_id: field("spanID")?.into_owned(),
            span: None,
        };
        references.push((reference.get("refType").is_none_or(|of| of.is("CHILD_OF")), link));
    }
    if raw.parent_id.is_none() {
        let own = |(_, link): &&(bool, SpanLink)| link.trace_id == raw.trace_id;
        let parent = references.iter().filter(own).find(|(child, _)| *child);
        let parent = parent.or_else(|| references.iter().find(|reference| own(reference)));
        raw.parent_id = parent.map(|(_, link)| link.span_id.clone());
    }
    let is_parent = |link: &SpanLink| {
        link.trace_id == raw.trace_id && Some(&link.span_id) == raw.parent_id.as_ref()
    };
    raw.links =
        references.into_iter().map(|(_, link)| link).filter(|link| !is_parent(link)).collect();
    Ok(())
}
