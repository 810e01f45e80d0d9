//! Zipkin's version 2: a list of spans, or a list of traces that are lists of spans (zipkin2-api.yaml; times are in
//! microseconds). Client and server may share one id: the server's half says `shared`.

use interleave_engine::scenario::Problem;

use super::{At, Context, Plan};
use crate::import::gather::Raw;
use crate::import::json::{Kind, Value};
use crate::import::model::SpanKind;

pub(super) fn plan(root: Value<'_>, at: &str, plan: &mut Plan) -> Result<(), Problem> {
    if root.kind() == Kind::Object {
        // A span on each line.
        let ix = plan.context(Context { path: format!("{at}span"), ..Context::default() });
        plan.units.push(super::Unit { value: root.position(), context: ix, nth: 0 });
        return Ok(());
    }
    let nested = root.items().next().is_some_and(|item| item.kind() == Kind::List);
    if !nested {
        let ix = plan.context(Context { path: at.to_owned(), ..Context::default() });
        plan.list(root, ix);
        return Ok(());
    }
    for (trace, nth) in root.items().zip(0..) {
        let path = format!("{at}[{nth}]");
        if trace.kind() != Kind::List {
            return Err(Problem::new(path, trace.found(), "a trace is a list of spans"));
        }
        let ix = plan.context(Context { path, ..Context::default() });
        plan.list(trace, ix);
    }
    Ok(())
}

pub(super) fn read(value: Value<'_>, at: &At) -> Result<Raw, Problem> {
    let start_ns = at.time(value, "timestamp", 1_000)?;
    let duration = at.time(value, "duration", 1_000)?;
    let negative = value.get("duration").is_some_and(|found| found.raw().starts_with('-'));
    let endpoint = |name: &str| value.get(name).and_then(|of| of.get("serviceName")?.as_text());
    let mut raw = Raw {
        trace_id: at.text(value, "traceId", "a trace id has 16 or 32 hexadecimal digits")?,
        id: at.text(value, "id", "a span id has 16 hexadecimal digits")?,
        parent_id: at.maybe_text(value, "parentId", "a span id has 16 hexadecimal digits")?,
        name: at.maybe_text(value, "name", "a name is a text")?.unwrap_or_default(),
        service: endpoint("localEndpoint")
            .map(|name| name.into_owned())
            .filter(|name| !name.is_empty()),
        start_ns,
        end_ns: start_ns.map(|start| match duration {
            Some(duration) => start.saturating_add(duration),
            None if negative => start.saturating_sub(1),
            None => start,
        }),
        place: at.path.clone(),
        shared: value.get("shared").is_some_and(Value::is_true),
        ..Raw::default()
    };
    raw.kind = match value.get("kind").and_then(Value::as_text).as_deref() {
        None => SpanKind::Unspecified,
        Some("CLIENT") => SpanKind::Client,
        Some("SERVER") => SpanKind::Server,
        Some("PRODUCER") => SpanKind::Producer,
        Some("CONSUMER") => SpanKind::Consumer,
        Some(_) => {
            return Err(at.wrong(
                "kind",
                value.get("kind"),
                "a kind is CLIENT, SERVER, PRODUCER or CONSUMER",
            ));
        }
    };
    for (key, tag) in value.get("tags").into_iter().flat_map(Value::fields) {
        if let (Some(key), Some(tag)) = (key.as_text(), tag.as_plain()) {
            raw.attributes.keep(&key, &tag);
        }
    }
    // Zipkin has `error` as soon as a span failed, whatever it says ("Instrumenting a library").
    raw.failed = value.get("tags").is_some_and(|tags| tags.get("error").is_some());
    if let Some(peer) = endpoint("remoteEndpoint") {
        raw.attributes.keep("peer.service", &peer);
    }
    if let Some(remote) = value.get("remoteEndpoint") {
        let address = ["ipv4", "ipv6"].iter().find_map(|name| remote.get(name)?.as_text());
        if let Some(address) = address {
            raw.attributes.keep("net.peer.ip", &address);
        }
        if let Some(port) = remote.get("port").and_then(Value::as_plain) {
            raw.attributes.keep("net.peer.port", &port);
        }
    }
    Ok(raw)
}
