//! The sentences of whole runs: people's names for things, and never an internal id.

use interleave_engine::ids::EventIx;
use interleave_engine::scenario::shipped;
use interleave_engine::session::{self, RunInput, RunState};
use interleave_engine::views::story::sentence;

/// Words that only the program uses, and what a number after them would be: an index. Not `step`, which is a column
/// of the row in which an orchestrator keeps how far it is.
const INTERNAL: [&str; 11] = [
    "node ",
    "db ",
    "database ",
    "service ",
    "topic ",
    "message ",
    "msg ",
    "event ",
    "flow ",
    "query ",
    "fault ",
];

fn internal(text: &str) -> bool {
    let names_index = INTERNAL.iter().any(|word| {
        text.match_indices(word).any(|(at, _)| {
            let whole = at == 0 || !text.as_bytes()[at - 1].is_ascii_alphanumeric();
            let rest = &text[at + word.len()..];
            whole && rest.starts_with(|c: char| c.is_ascii_digit())
        })
    });
    names_index
        || ["Ix(", "Id(", "Sym(", "Some(", "None", "?", "TxnId"].iter().any(|it| text.contains(it))
}

#[test]
fn no_sentence_of_a_shipped_run_contains_an_internal_id() {
    let mut seen = 0;
    for scenario in shipped::shipped() {
        let input =
            RunInput { scenario: scenario.scenario(), interventions: vec![], schedule: None };
        let mut run = session::open(&input).expect("it is valid");
        while run.run_slice(10_000) == RunState::Running {}
        for at in 0..run.trace().len() as u32 {
            let text = sentence(run.cast(), run.trace(), EventIx(at));
            assert!(!text.is_empty(), "{} event {at} has no sentence", scenario.name);
            assert!(!internal(&text), "{}: {text}", scenario.name);
            seen += 1;
        }
    }
    assert!(seen > 1_000);
}

#[test]
fn what_is_internal_is_recognised() {
    for text in ["node 3 crashed", "NodeIx(2) sent", "payments told ?", "message 17 was lost"] {
        assert!(internal(text), "{text}");
    }
    for text in ["payments charged alice 30", "T1 ended aborted: no funds", "order:7 is PAID"] {
        assert!(!internal(text), "{text}");
    }
}
