//! Links: what one says is what comes back, and a bad one says what is wrong with it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use interleave_engine::link::{self, Link, LinkError};
use interleave_engine::scenario;
use miniz_oxide::deflate::compress_to_vec;

fn checkout() -> Link {
    Link::of(scenario::by_name("checkout").expect("it ships").scenario())
}

/// A link whose packed part is this.
fn packed(content: &[u8]) -> String {
    format!("1.{}", URL_SAFE_NO_PAD.encode(compress_to_vec(content, 9)))
}

#[track_caller]
fn refused(link: &str) -> String {
    link::decode(link).expect_err("a problem").to_string()
}

const AGAIN: &str = "copy the whole link again, or ask its sender for a file";

#[test]
fn a_link_says_the_same_when_it_is_opened() {
    let link = Link {
        interventions: vec!["after=184;crash payments;for=1400000".into()],
        schedule: Some(vec!["arrive 0".into(), "deliver create-order T1".into()]),
        cursor: Some(184),
        view: Some("state".into()),
        selection: Some("T7 & <b>#1</b> ü".into()),
        story: Some("lost-event.3".into()),
        compare: Some("two-phase-commit,trip/20/round-trip:2..26:7/end_us.p50".into()),
        digest: Some("9b1c0d2e3f405162".into()),
        engine: Some("0.1.0".into()),
        ..checkout()
    };
    let fragment = link::encode(&link);
    assert!(fragment.is_ascii() && !fragment.contains(['#', '<', ' ']), "{fragment}");
    assert_eq!(link::decode(&fragment).unwrap(), link);
    assert_eq!(link::decode(&format!("#{fragment}")).unwrap(), link);
    let url = format!(" https://example.org/lab/?embed=1#{fragment}\n");
    assert_eq!(link::decode(&url).unwrap(), link);
}

#[test]
fn every_shipped_scenario_fits_in_a_link() {
    for shipped in scenario::shipped() {
        let link = Link::of(shipped.scenario());
        assert!(!link.is_long(), "{}", shipped.name);
        assert_eq!(link::decode(&link::encode(&link)).unwrap(), link);
    }
}

#[test]
fn a_link_of_today_opens_for_ever() {
    // Never change this file: it is a link that somebody has sent.
    let link = link::decode(include_str!("fixtures/link-1.txt")).unwrap();
    assert_eq!(link.scenario.title, "Checkout");
    assert_eq!(link.scenario.seed, 7);
    assert_eq!(link.scenario.services.len(), 4);
    assert_eq!(link.scenario.transactions[0].steps.len(), 5);
    assert_eq!(link.interventions, ["after=184;crash payments;for=1400000"]);
    assert_eq!(link.schedule, None);
    assert_eq!(link.cursor, Some(184));
    assert_eq!(link.view.as_deref(), Some("state"));
    assert_eq!(link.selection.as_deref(), Some("T7"));
    assert_eq!(link.digest.as_deref(), Some("0123456789abcdef"));
    assert_eq!(link.engine.as_deref(), Some("0.1.0"));
}

#[test]
fn a_schedule_link_of_today_opens_for_ever() {
    let link = link::decode(include_str!("fixtures/link-1-schedule.txt")).unwrap();
    assert_eq!(link.scenario.title, "Trip");
    assert_eq!(link.schedule.unwrap(), ["arrive 0", "crash car after=1"]);
    assert!(link.interventions.is_empty());
}

#[test]
fn a_long_link_is_better_sent_as_a_file() {
    let mut link = checkout();
    link.schedule =
        Some((0_u32..4_000).map(|n| n.wrapping_mul(2_654_435_761).to_string()).collect());
    assert!(link.is_long());
    assert_eq!(link::decode(&link::encode(&link)).unwrap(), link);
}

#[test]
fn a_link_from_version_9_says_so() {
    assert_eq!(
        refused("#9.abc&t=1"),
        "link: made by version 9 of the link format; this engine reads version 1; open the link \
         where it was made"
    );
    assert_eq!(
        link::decode("https://example.org/#12345678901234567890.x"),
        Err(LinkError::Version { version: "123456789…".into() })
    );
}

#[test]
fn an_address_without_a_scenario_says_so() {
    for text in ["", "#", "https://example.org/", "#about", "1.", "#&t=3", ".abc", "-1.abc"] {
        assert_eq!(link::decode(text), Err(LinkError::NoLink), "{text}");
    }
}

#[test]
fn bad_base64_names_the_character() {
    assert_eq!(
        refused("1.abc*ef"),
        format!("link: character 4 of the packed part, '*', cannot stand there; {AGAIN}")
    );
    assert_eq!(
        refused("1.abcü"),
        format!("link: character 4 of the packed part, 'ü', cannot stand there; {AGAIN}")
    );
    assert_eq!(refused("1.abcde"), format!("link: its end is missing; {AGAIN}"));
}

#[test]
fn a_link_that_was_cut_says_so() {
    let fragment = link::encode(&checkout());
    assert_eq!(refused(&fragment[..402]), format!("link: its end is missing; {AGAIN}"));
}

#[test]
fn damaged_data_says_so() {
    let reserved_block = URL_SAFE_NO_PAD.encode([0xFF; 12]);
    assert_eq!(
        refused(&format!("1.{reserved_block}")),
        format!("link: the packed part is damaged; {AGAIN}")
    );
    assert_eq!(
        refused(&packed(b"\xFF\xFE")),
        format!("link: what is packed in it is not a text; {AGAIN}")
    );
}

#[test]
fn sixty_five_kilobytes_that_inflate_to_fifty_megabytes_are_refused() {
    let bomb = packed(&vec![b' '; 50 * 1024 * 1024]);
    assert!((60_000..70_000).contains(&bomb.len()), "{}", bomb.len());
    assert_eq!(
        refused(&bomb),
        "link: what is packed in it has more than 262144 bytes; no scenario is as large; ask its \
         sender for a file"
    );
    assert_eq!(
        refused(&format!("1.{}", "A".repeat(1_000_000))),
        format!("link: it has 1000002 bytes; {AGAIN}")
    );
}

#[test]
fn bad_json_in_a_link_says_where() {
    assert_eq!(
        refused(&packed(br#"{"s": }"#)),
        "link: line 1, column 7: expected value; mend the JSON there"
    );
    let rest = "a link packs `s`, a scenario, and perhaps `i` and `c`, lists of texts";
    assert_eq!(refused(&packed(b"[]")), format!("link: found an empty list; {rest}"));
    assert_eq!(refused(&packed(b"{}")), format!("link.s: found no scenario; {rest}"));
    assert_eq!(refused(&packed(br#"{"x":1}"#)), format!("link.x: found an unknown part; {rest}"));
    assert_eq!(
        refused(&packed(br#"{"i":["a",3]}"#)),
        format!("link.i: found the number 3; {rest}")
    );
    assert_eq!(
        refused(&packed(br#"{"i":[],"i":[]}"#)),
        format!("link.i: found the same part twice; {rest}")
    );
}

#[test]
fn problems_of_the_scenario_in_a_link_are_passed_on() {
    let json = scenario::by_name("trip").unwrap().json;
    let json = json.replacen("\"service\": \"flight\"", "\"service\": \"fligth\"", 1);
    let expected = scenario::parse(&json).unwrap_err();
    let found = link::decode(&packed(format!("{{\"s\":{json}}}").as_bytes())).unwrap_err();
    assert_eq!(found, LinkError::Scenario(expected.clone()));
    assert_eq!(found.problems(), expected);
    assert_eq!(
        refused(&packed(br#"{"s":{"interleave":9}}"#)),
        "interleave: made for version 9; this engine reads version 1"
    );
}

#[test]
fn unknown_parameters_are_passed_over_and_known_ones_must_make_sense() {
    let fragment = link::encode(&checkout());
    let link = link::decode(&format!("{fragment}&zoom=3&t=5&&t=6&flag")).unwrap();
    assert_eq!(link, Link { cursor: Some(5), ..checkout() });
    assert_eq!(
        refused(&format!("{fragment}&t=-1")),
        "link.t: found \"-1\"; allowed: the number of an event, from 0"
    );
    assert_eq!(
        refused(&format!("{fragment}&view=%FF")),
        "link.view: found \"%FF\"; allowed: a text in UTF-8, percent-encoded"
    );
    assert_eq!(
        refused(&format!("{fragment}&sel={}", "x".repeat(257))),
        format!("link.sel: found \"{}\"; allowed: at most 256 characters", "x".repeat(32))
    );
}
