//! The scenarios that ship.

use interleave_engine::scenario::{self, Scenario};

#[test]
fn every_shipped_scenario_is_valid_and_writes_back_the_same() {
    for shipped in scenario::shipped() {
        let scenario = shipped.scenario();
        assert_eq!(scenario::parse(shipped.json), Ok(scenario.clone()), "{}", shipped.name);
        let text = serde_json::to_string(&scenario).unwrap();
        let again: Scenario = serde_json::from_str(&text).unwrap();
        assert_eq!(scenario, again, "{}", shipped.name);
    }
}

#[test]
fn a_shipped_scenario_is_found_by_its_name() {
    assert_eq!(scenario::by_name("trip").unwrap().scenario().title, "Trip");
    assert_eq!(scenario::by_name("Trip"), None);
}
