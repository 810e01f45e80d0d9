//! Where the thing stands that a path names: in any JSON, with any layout, and in broken texts.

use interleave_engine::scenario::place::Outline;
use interleave_engine::scenario::{self, Problem, text};
use proptest::prelude::*;
use serde_json::{Value, json};

/// Any JSON up to some depth, with names that need quotes in a path.
fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[a-z\\\\\"\\n ü\u{1F600}{}\\[\\]:,]{0,6}".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 48, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map("[a-c.\\[\\]\" \\\\ü]{0,3}", inner, 0..6)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

/// Every path of a value, as problems write them, with the value that it leads to.
fn paths<'v>(path: &str, value: &'v Value, out: &mut Vec<(String, &'v Value)>) {
    out.push((path.to_owned(), value));
    match value {
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                paths(&format!("{path}[{index}]"), item, out);
            }
        }
        Value::Object(fields) => {
            for (name, field) in fields {
                let plain = !name.is_empty() && name.bytes().all(|it| it.is_ascii_alphanumeric());
                let next = match (plain, path.is_empty()) {
                    (true, true) => name.clone(),
                    (true, false) => format!("{path}.{name}"),
                    (false, _) => {
                        format!("{path}[\"{}\"]", name.replace('\\', "\\\\").replace('"', "\\\""))
                    }
                };
                paths(&next, field, out);
            }
        }
        _ => {}
    }
}

/// The same JSON with other spaces: between tokens stands what the seeds say.
fn spaced(text: &str, seeds: &[u8]) -> String {
    let mut out = String::new();
    let (mut inside, mut escaped, mut at) = (false, false, 0);
    for c in text.chars() {
        if !inside && "{}[],:".contains(c) {
            let space = ["", " ", "\n", "\t\r\n  "][usize::from(seeds[at % seeds.len()] % 4)];
            at += 1;
            out.push_str(space);
            out.push(c);
            out.push_str(space);
            continue;
        }
        inside ^= c == '"' && !escaped;
        escaped = inside && c == '\\' && !escaped;
        out.push(c);
    }
    out
}

proptest! {
    #[test]
    fn the_range_of_a_path_holds_the_value_at_that_path(
        value in values(),
        seeds in prop::collection::vec(any::<u8>(), 1..9),
    ) {
        let text = spaced(&value.to_string(), &seeds);
        let outline = Outline::new(&text);
        let mut all = Vec::new();
        paths("", &value, &mut all);
        for (path, value) in all {
            let place = outline.place(&path);
            prop_assert!(place.exact, "{path} in {text}");
            let found: Value = serde_json::from_str(&text[place.value.clone()]).expect("a value");
            prop_assert_eq!(&found, value, "{} in {}", path, text);
            let absent = format!("{path}.absent-here");
            prop_assert_eq!(outline.place(&absent).value, place.value, "the nearest thing around it");
            prop_assert!(!outline.place(&absent).exact);
        }
    }

    #[test]
    fn nothing_that_a_text_or_a_path_says_makes_it_fail(text in ".{0,200}", path in ".{0,40}") {
        let outline = Outline::new(&text);
        let place = outline.place(&path);
        prop_assert!(text.get(place.value.clone()).is_some());
        let (line, column) = outline.line_column(place.value.start);
        prop_assert!(line >= 1 && column >= 1);
    }

    #[test]
    fn a_text_that_is_cut_anywhere_still_tells_what_stands_before(cut in 0_usize..4_000) {
        let whole = scenario::by_name("checkout").expect("it ships").json;
        let cut = (0..=cut.min(whole.len())).rev().find(|at| whole.is_char_boundary(*at));
        let text = &whole[..cut.unwrap_or(0)];
        let title = Outline::new(whole).place("title");
        if text.len() >= title.value.end {
            prop_assert_eq!(Outline::new(text).place("title"), title);
        }
        let problems = scenario::parse(text).expect_err("it is cut");
        let place = Outline::new(text).place_of(&problems[0]);
        prop_assert!(text.get(place.value).is_some());
    }
}

fn marked(text: &str, path: &str) -> String {
    text[Outline::new(text).place(path).value].to_owned()
}

#[test]
fn elements_with_a_name_are_found_by_it() {
    let text =
        r#"{"services": [{"name": "a"}, {"rows": {"b:x": 1}, "name": "my \u0073hop"}], "b": 2}"#;
    assert_eq!(marked(text, "services.a"), r#"{"name": "a"}"#);
    assert_eq!(marked(text, r#"services["my shop"].rows["b:x"]"#), "1");
    assert_eq!(marked(text, "services[1].name"), r#""my \u0073hop""#);
    let long = "n".repeat(60);
    let text = json!({ "services": [{ "name": long, "workers": 7 }] }).to_string();
    let path = format!(r#"services["{}…"].workers"#, "n".repeat(48));
    assert_eq!(marked(&text, &path), "7");
}

#[test]
fn of_two_equal_keys_the_second_is_meant() {
    let text = r#"{"seed": 1, "seed": 2}"#;
    let place = Outline::new(text).place("seed");
    assert_eq!((place.key, place.value), (Some(12..18), 20..21));
}

#[test]
fn broken_json_is_marked_where_the_reader_stopped() {
    for (text, line, column, marked) in [
        ("{\n  \"a\": tru\n}", 2, 8, "tru"),
        ("{\n  \"ä\": 1,\n}", 3, 1, "}"),
        ("{\"a\": 1", 1, 7, "1"),
        ("\u{feff}{\"a\" 1}", 1, 7, "1"),
        ("{} x", 1, 4, "x"),
    ] {
        let problems = scenario::parse(text).expect_err("it is broken");
        let outline = Outline::new(text);
        let place = outline.place_of(&problems[0]);
        assert_eq!(&text[place.value.clone()], marked, "{text:?}: {}", problems[0]);
        assert_eq!(outline.line_column(place.value.start), (line, column), "{text:?}");
    }
}

#[test]
fn every_mistake_of_a_spoilt_checkout_is_found_in_its_text() {
    let text = scenario::by_name("checkout").expect("it ships").json;
    let spoilt = text.replacen("\"service\": \"payments\"", "\"service\": \"paymnets\"", 1);
    assert_ne!(text, spoilt);
    let problems = scenario::parse(&spoilt).expect_err("there is no such service");
    let outline = Outline::new(&spoilt);
    for problem in &problems {
        assert!(outline.place_of(problem).exact, "{problem}");
    }
    let place = outline.place_of(&problems[0]);
    assert_eq!(&spoilt[place.value], "\"paymnets\"");
    assert_eq!(&spoilt[place.key.expect("a field")], "\"service\"");
}

#[test]
fn a_large_text_has_a_bounded_outline() {
    let text = "[".repeat(3_000_000);
    assert!(Outline::new(&text).place("[0][0][0]").exact);
    let text = "[}".repeat(300_000);
    assert_eq!(Outline::new(&text).place("").value.start, 0);
    let problem = Problem::new("", "line 99999999999999, column 18446744073709551615: x", "y");
    let text = "{}";
    assert!(text.get(Outline::new(text).place_of(&problem).value).is_some());
}

#[test]
fn a_text_that_is_too_long_is_cut_between_characters() {
    for ahead in 0..2 {
        let long = "ü".repeat(140_000);
        let text = format!("{{\"about\": \"{}{long}\"}}", "a".repeat(ahead));
        let problems = scenario::parse(&text).expect_err("it is too long");
        let outline = Outline::new(&text);
        assert!(text.get(outline.place_of(&problems[0]).value).is_some(), "{ahead}");
        assert!(text.get(outline.place("about").value).is_some(), "{ahead}");
    }
}

#[test]
fn the_text_for_people_is_the_same_document_and_short() {
    for shipped in scenario::shipped() {
        let scenario = shipped.scenario();
        let laid_out = text::pretty(&scenario);
        assert_eq!(scenario::parse(&laid_out).as_ref(), Ok(&scenario), "{}", shipped.name);
        let widest = laid_out.lines().map(|line| line.chars().count()).max().unwrap_or(0);
        let sentence = scenario.about.chars().count() + 16;
        assert!(widest <= 132.max(sentence), "{}: {widest} characters", shipped.name);
        assert!(laid_out.contains("{ \"") && laid_out.ends_with("}\n"), "{}", shipped.name);
    }
}
