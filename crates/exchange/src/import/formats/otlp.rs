//! OTLP JSON: `opentelemetry/proto/trace/v1/trace.proto` in proto3's JSON, with ids in hexadecimal and kinds as
//! numbers (OpenTelemetry specification, OTLP, "JSON Protobuf Encoding").
//!
//! Read as well: kinds as names and ids in base64, as general protobuf libraries write them; the name that
//! `scopeSpans` had before version 0.15, `instrumentationLibrarySpans`; Jaeger's API version 3, which puts
//! it into `result`.

use std::fmt::Write as _;

use interleave_engine::scenario::Problem;

use super::{At, Context, Plan, attributes};
use crate::import::gather::Raw;
use crate::import::json::{Kind, Value};
use crate::import::model::{SpanKind, SpanLink};

pub(super) fn plan(root: Value<'_>, at: &str, plan: &mut Plan) -> Result<(), Problem> {
    if root.kind() == Kind::List {
        for (item, nth) in root.items().zip(0..) {
            one(item, &format!("{at}[{nth}]."), plan)?;
        }
        return Ok(());
    }
    one(root, at, plan)
}

fn one(root: Value<'_>, at: &str, plan: &mut Plan) -> Result<(), Problem> {
    let (root, at) = match root.get("result") {
        Some(result) => (result, format!("{at}result.")),
        None => (root, at.to_owned()),
    };
    // A line may hold logs or metrics beside the spans of the others.
    let Some(resources) = root.get("resourceSpans") else { return Ok(()) };
    list(resources, &format!("{at}resourceSpans"))?;
    for (resource, r) in resources.items().zip(0..) {
        let mut context = Context::default();
        attributes::each(
            resource.get("resource").and_then(|of| of.get("attributes")),
            |key, value| {
                if key == "service.name" {
                    context.service = Some(value.to_owned());
                }
                context.attributes.keep(key, value);
            },
        );
        for name in ["scopeSpans", "instrumentationLibrarySpans"] {
            let Some(scopes) = resource.get(name) else { continue };
            list(scopes, &format!("{at}resourceSpans[{r}].{name}"))?;
            for (scope, s) in scopes.items().zip(0..) {
                let path = format!("{at}resourceSpans[{r}].{name}[{s}].spans");
                let Some(spans) = scope.get("spans") else { continue };
                list(spans, &path)?;
                let ix = plan.context(Context { path, ..context.clone() });
                plan.list(spans, ix);
            }
        }
    }
    Ok(())
}

fn list(value: Value<'_>, path: &str) -> Result<(), Problem> {
    match value.kind() {
        Kind::List => Ok(()),
        _ => Err(Problem::new(path, value.found(), "it is a list")),
    }
}

pub(super) fn read(value: Value<'_>, context: &Context, at: &At) -> Result<Raw, Problem> {
    let mut raw = Raw {
        trace_id: id(&at.text(value, "traceId", "a trace id has 32 hexadecimal digits")?),
        id: id(&at.text(value, "spanId", "a span id has 16 hexadecimal digits")?),
        parent_id: at
            .maybe_text(
                value,
                "parentSpanId",
                "a span id has 16 hexadecimal digits; leave it out for a root",
            )?
            .map(|text| id(&text)),
        name: at.maybe_text(value, "name", "a name is a text")?.unwrap_or_default(),
        service: context.service.clone(),
        kind: kind(value.get("kind"), at)?,
        start_ns: at.time(value, "startTimeUnixNano", 1)?,
        end_ns: at.time(value, "endTimeUnixNano", 1)?,
        attributes: context.attributes.clone(),
        place: at.path.clone(),
        ..Raw::default()
    };
    attributes::keep(value.get("attributes"), &mut raw.attributes);
    raw.failed = value
        .get("status")
        .and_then(|status| status.get("code"))
        .is_some_and(|code| code.as_u64() == Some(2) || code.is("STATUS_CODE_ERROR"));
    for link in value.get("links").into_iter().flat_map(Value::items) {
        let part = |name: &str| link.get(name).and_then(Value::as_text).map(|text| id(&text));
        if let (Some(trace_id), Some(span_id)) = (part("traceId"), part("spanId")) {
            raw.links.push(SpanLink { trace_id, span_id, span: None });
        }
    }
    Ok(raw)
}

fn kind(value: Option<Value<'_>>, at: &At) -> Result<SpanKind, Problem> {
    let Some(value) = value else { return Ok(SpanKind::Unspecified) };
    let name = value.as_text();
    let name = name.as_deref().map(|name| name.trim_start_matches("SPAN_KIND_"));
    Ok(match (value.as_u64(), name) {
        (Some(0), _) | (_, Some("UNSPECIFIED")) => SpanKind::Unspecified,
        (Some(1), _) | (_, Some("INTERNAL")) => SpanKind::Internal,
        (Some(2), _) | (_, Some("SERVER")) => SpanKind::Server,
        (Some(3), _) | (_, Some("CLIENT")) => SpanKind::Client,
        (Some(4), _) | (_, Some("PRODUCER")) => SpanKind::Producer,
        (Some(5), _) | (_, Some("CONSUMER")) => SpanKind::Consumer,
        _ => {
            return Err(at.wrong(
                "kind",
                Some(value),
                "a kind is a number from 0 to 5, as in trace.proto",
            ));
        }
    })
}

/// An id in hexadecimal: as it is, or from base64 where its length and alphabet say so.
fn id(text: &str) -> String {
    let is_hex = text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_hex || !matches!(text.len(), 12 | 24) || !text.ends_with('=') {
        return text.to_ascii_lowercase();
    }
    let mut hex = String::new();
    let (mut bits, mut held) = (0_u32, 0);
    for byte in text.trim_end_matches('=').bytes() {
        let digit = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => return text.to_owned(),
        };
        bits = (bits << 6 | u32::from(digit)) & 0xffff;
        held += 6;
        if held >= 8 {
            held -= 8;
            let _ = write!(hex, "{:02x}", (bits >> held) & 0xff);
        }
    }
    hex
}

#[cfg(test)]
mod tests {
    use super::id;

    #[test]
    fn ids_in_base64_become_hexadecimal() {
        assert_eq!(id("W47/95gDgQPSabYzgT/GDA=="), "5b8efff798038103d269b633813fc60c");
        assert_eq!(id("7uGbfsPBsXQ="), "eee19b7ec3c1b174");
        assert_eq!(id("5B8EFFF798038103D269B633813FC60C"), "5b8efff798038103d269b633813fc60c");
    }
}
