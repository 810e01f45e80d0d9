//! Bad traces: each mistake is named with its place and its remedy, and nothing panics or hangs.
#![allow(clippy::unwrap_used)]

mod corpus;

use interleave_exchange::import::recognise::recognise;
use interleave_exchange::import::scenario::make;
use interleave_exchange::import::{Import, Imported, Limits};
use proptest::prelude::*;

/// Reads a text as far as it goes; all that is said of it.
fn said(bytes: Vec<u8>) -> String {
    let lines = |problems: Vec<interleave_engine::scenario::Problem>| {
        problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    };
    match Import::new(bytes).map_err(|problem| vec![problem]).and_then(Import::finish) {
        Err(problems) => lines(problems),
        Ok(Imported::Scenario(_)) => "a scenario".to_owned(),
        Ok(Imported::Traces(_, spans)) => {
            let found = recognise(&spans);
            // Whatever was read can be gone on with.
            let _ = make(&spans, found.findings.first());
            format!("{} spans, {} notes", spans.spans.len(), spans.notes.len())
        }
    }
}

#[test]
fn mistakes_are_named_with_a_remedy() {
    for (text, part) in [
        ("", "JSON"),
        ("{", "line 1"),
        ("[]", "no trace"),
        ("{}", "resourceSpans"),
        ("\u{0}\u{1}\u{2}", "line 1"),
        ("{\"resourceSpans\":[]}", "there is no"),
        ("{\"data\":[]}", "there is no"),
        (
            "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{}]}]}]}",
            "resourceSpans[0].scopeSpans[0].spans[0]",
        ),
        ("{\"interleave\":1}", "title"),
    ] {
        let said = said(text.as_bytes().to_vec());
        assert!(!said.is_empty(), "{text}: nothing was said");
        assert!(said.contains(part), "{text}: {said}");
    }
}

#[test]
fn too_long_packed_and_binary_files_are_refused_before_they_are_read() {
    assert!(said(vec![b' '; 6 << 20]).contains("at most"));
    assert!(said(vec![0x1f, 0x8b, 8, 0]).contains("unpack"));
    assert!(said(vec![0x0a, 0xff, 0xfe]).contains("UTF-8"));
    let deep = "[".repeat(100_000);
    assert!(said(deep.into_bytes()).contains("64"), "the depth is bounded");
    let many = Limits { spans: 3, ..Limits::default() };
    let import = Import::within(corpus::saga().otlp().into_bytes(), many).unwrap();
    assert!(import.finish().unwrap_err()[0].to_string().contains("at most 3"));
}

#[test]
fn odd_spans_are_kept_and_noted() {
    let mut system = corpus::own_databases();
    let last = system.spans.len() - 1;
    // A parent that is not there, and a child before its parent.
    let text = system
        .otlp()
        .replace("\"parentSpanId\":\"0000000000000001\"", "\"parentSpanId\":\"00000000000000ff\"");
    assert!(said(text.into_bytes()).ends_with("notes"));
    system.spans[last].parent = Some(last);
    assert!(said(system.otlp().into_bytes()).contains("spans"), "a span that is its own parent");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        said(bytes);
    }

    #[test]
    fn no_damaged_trace_makes_it_panic(
        which in 0_usize..3,
        at in any::<prop::sample::Index>(),
        with in proptest::collection::vec(any::<u8>(), 0..6),
        cut in 0_usize..12,
    ) {
        let system = corpus::saga();
        let mut bytes = [system.otlp(), system.jaeger(), system.zipkin()][which].clone().into_bytes();
        let from = at.index(bytes.len());
        let to = (from + cut).min(bytes.len());
        bytes.splice(from..to, with);
        said(bytes);
    }
}
