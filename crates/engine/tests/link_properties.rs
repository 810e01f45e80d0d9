//! Links under random content and random damage.

#![cfg(not(target_arch = "wasm32"))]

use interleave_engine::link::{self, Link};
use interleave_engine::scenario;
use proptest::option;
use proptest::prelude::*;

/// Any link to a shipped scenario with another title and seed.
fn links() -> impl Strategy<Value = Link> {
    let text = "\\PC{0,40}";
    let run = (0..3_usize, "[^\\pC\\pZ]\\PC{0,30}", any::<u64>());
    let changes =
        (prop::collection::vec(text, 0..4), option::of(prop::collection::vec(text, 0..9)));
    let look = (option::of(any::<u32>()), option::of(text), option::of(text));
    let made = (option::of("[0-9a-f]{16}"), option::of("[0-9.]{1,9}"), option::of(text));
    (run, changes, look, made).prop_map(|(run, changes, look, made)| {
        let mut scenario = scenario::shipped()[run.0].scenario();
        scenario.title = run.1;
        scenario.seed = run.2;
        Link {
            scenario,
            interventions: changes.0,
            schedule: changes.1,
            cursor: look.0,
            view: look.1,
            selection: look.2,
            story: made.2,
            compare: None,
            digest: made.0,
            engine: made.1,
        }
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read(link in links()) {
        prop_assert_eq!(link::decode(&link::encode(&link)), Ok(link));
    }

    #[test]
    fn no_text_at_all_makes_decoding_panic(text in any::<String>()) {
        let _ = link::decode(&text);
        let _ = link::decode(&format!("#1.{text}"));
        let _ = scenario::parse(&text);
    }

    #[test]
    fn no_bytes_in_the_packed_part_make_decoding_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..600),
    ) {
        use base64::Engine as _;
        let engine = base64::engine::general_purpose::URL_SAFE_NO_PAD;
        let _ = link::decode(&format!("1.{}", engine.encode(&bytes)));
        let packed = miniz_oxide::deflate::compress_to_vec(&bytes, 1);
        let _ = link::decode(&format!("1.{}", engine.encode(packed)));
    }

    #[test]
    fn a_damaged_link_opens_or_says_why(
        link in links(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<char>()), 1..4),
    ) {
        let mut letters: Vec<char> = link::encode(&link).chars().collect();
        for (at, letter) in damage {
            let at = at.index(letters.len());
            letters[at] = letter;
        }
        if let Err(error) = link::decode(&letters.into_iter().collect::<String>()) {
            prop_assert!(!error.problems().is_empty());
            prop_assert!(!error.to_string().is_empty());
        }
    }

    #[test]
    fn a_damaged_document_is_read_or_says_why(
        which in 0..3_usize,
        damage in prop::collection::vec((any::<prop::sample::Index>(), "\\PC|[\"{}:,0-9e-]"), 1..4),
    ) {
        let mut letters: Vec<String> =
            scenario::shipped()[which].json.chars().map(String::from).collect();
        for (at, letter) in damage {
            let at = at.index(letters.len());
            letters[at] = letter;
        }
        if let Err(problems) = scenario::parse(&letters.concat()) {
            prop_assert!(!problems.is_empty());
        }
    }
}
