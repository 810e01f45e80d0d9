//! What the page and its worker say to each other: JSON texts, one value each.

use interleave_engine::isolation_lab::Results;
use interleave_engine::session::{CheckReport, CheckRequest};
use interleave_engine::why::{SamplesReport, SamplesRequest, WhyReport, WhyRequest};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// What the page asks of the worker.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Ask {
    /// Search.
    Check {
        /// The scenario as a document: read and validated again on the other side.
        scenario: String,
        /// Within which bounds.
        request: CheckRequest,
    },
    /// Explain why a property is broken.
    Why(Box<WhyRequest>),
    /// Draw runs that come close to breaking a property.
    Samples(Box<SamplesRequest>),
    /// Run an experiment of the isolation laboratory in every order, under every setting.
    Isolation {
        /// Its text.
        text: String,
    },
    /// Stop after the slice that is being worked on, and say what is known.
    Stop,
}

/// What the worker says.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Tell {
    /// It listens.
    Ready,
    /// What is known.
    Told(Told),
    /// It cannot do what it was asked to, a line for each reason.
    Refused(Vec<String>),
    /// The program has made a mistake; nothing more will come.
    Failed(String),
}

/// What is known, with what the place where it was found adds to it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Told {
    /// What is known.
    pub known: Known,
    /// Whether nothing more will come: it has ended, or was stopped.
    pub last: bool,
    /// Milliseconds since it began.
    pub elapsed_ms: f64,
    /// Bytes that the program holds in all.
    pub heap_bytes: f64,
}

/// What is known.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub enum Known {
    /// Of a check.
    Check(CheckReport),
    /// Of why a property is broken.
    Why(Box<WhyReport>),
    /// Of runs that come close to breaking one.
    Samples(Box<SamplesReport>),
    /// Of an experiment of the isolation laboratory.
    Isolation(Box<Results>),
}

/// A message as text.
#[must_use]
pub fn write<T: Serialize>(message: &T) -> String {
    // All keys are texts and all numbers finite, so this cannot fail; an empty text reads as nothing.
    serde_json::to_string(message).unwrap_or_default()
}

/// A message from its text; nothing where it is none.
#[must_use]
pub fn read<T: DeserializeOwned>(text: &str) -> Option<T> {
    // By way of a value, as documents are read: the code for that is there already.
    serde_json::from_str(text).ok().and_then(|value| serde_json::from_value(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use interleave_engine::session::{CheckedProperty, Coverage, Round, Search};

    #[test]
    fn messages_arrive_as_they_were_sent() {
        let report = CheckReport {
            done: true,
            coverage: Coverage::CutAtMemory,
            states: 10_000_000,
            collision_probability: 3.5e-23,
            rounds: vec![Round { faults: 1, states: 212, broken: vec![0], ..Round::default() }],
            properties: vec![CheckedProperty {
                counterexample: Some(vec!["crash payments".into()]),
                ..CheckedProperty::default()
            }],
            ..CheckReport::default()
        };
        let told =
            Told { known: Known::Check(report), last: true, elapsed_ms: 12.5, heap_bytes: 3e9 };
        let read_back = read::<Tell>(&write(&Tell::Told(told.clone())));
        assert!(matches!(read_back, Some(Tell::Told(back)) if back == told));

        let request = CheckRequest {
            search: Search::RandomWalks { seed: 7 },
            max_bytes: Some(1 << 30),
            ..CheckRequest::default()
        };
        let ask = Ask::Check { scenario: "{}".into(), request: request.clone() };
        let read_back = read(&write(&ask));
        assert!(matches!(read_back, Some(Ask::Check { request: back, .. }) if back == request));
        assert!(read::<Ask>("what?").is_none());
    }

    #[test]
    fn a_question_brings_its_scenario_along() {
        for shipped in interleave_engine::scenario::shipped() {
            let scenario = shipped.scenario();
            let request = SamplesRequest {
                scenario: scenario.clone(),
                check: CheckRequest::default(),
                property: Some(("atomicity".into(), "Atomicity".into())),
                walks: 10,
                seed: 1,
            };
            let read_back = read(&write(&Ask::Samples(Box::new(request))));
            let Some(Ask::Samples(back)) = read_back else { panic!("{} is lost", shipped.name) };
            assert!(back.scenario == scenario, "{} is another", shipped.name);
        }
    }
}
