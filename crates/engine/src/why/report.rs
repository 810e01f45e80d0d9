//! What is asked about a counterexample or a property that holds, and what is found: plain data.
//!
//! Events are named by their number in the trace of the schedule that they belong to, nodes and
//! steps of the schedule by theirs, so that all of it can cross a worker's boundary.

use serde::{Deserialize, Serialize};

use crate::scenario::Scenario;
use crate::session::CheckRequest;

/// What is to be explained: a schedule that breaks a property.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct WhyRequest {
    /// The scenario that was checked.
    #[serde(with = "crate::scenario::text")]
    pub scenario: Scenario,
    /// What the check was asked, whose counterexample this is: its bounds are those of every
    /// further check.
    pub check: CheckRequest,
    /// The property's id.
    pub property: String,
    /// The property's name on screen: several invariants of a document share an id.
    pub title: String,
    /// The schedule that breaks it, one choice in text form each.
    pub schedule: Vec<String>,
    /// The most distinct states that each further check visits.
    pub states_each: u64,
}

/// How far one part of an answer is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Work {
    /// Not yet found; what there is of it is right and may grow.
    #[default]
    Pending,
    /// All that was asked is here.
    Done,
    /// It ended at a bound: what there is of it is right, and there may be more.
    Cut,
}

/// Why a property is broken. It grows while the work goes on; what stands in it stays right.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct WhyReport {
    /// Whether nothing is left to do.
    pub done: bool,
    /// The property's id.
    pub property: String,
    /// Its name on screen.
    pub title: String,
    /// What is wrong, in a sentence.
    pub why: String,
    /// What every further check allows, in words.
    pub bounds: String,
    /// The most states that each further check visits.
    pub states_each: u64,
    /// Distinct states visited so far by all further checks and searches together.
    pub states: u64,
    /// The events that led to it.
    pub slice: Slice,
    /// The faults of the schedule, in its order.
    pub faults: Vec<FaultWhy>,
    /// How far the checks without each fault are.
    pub faults_work: Work,
    /// The fewest of these faults that break the property.
    pub minimal: Minimal,
    /// The nearest run that passes.
    pub passing: Passing,
    /// What to switch, the cheapest first.
    pub remedies: Vec<Remedy>,
    /// How far the checks of the remedies are.
    pub remedies_work: Work,
}

/// The events that led to a violation.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Slice {
    /// How far it is: it is done before the first slice of work.
    pub work: Work,
    /// How many events the run has in all.
    pub trace: u32,
    /// The event that broke the property; the last of the run where it is judged at rest.
    pub broke: u32,
    /// Whether the property is judged at rest: then no one event breaks it.
    pub at_rest: bool,
    /// The events that led to it, in their order. Each event's cause is among them.
    pub events: Vec<SliceEvent>,
    /// The story in numbered lines: what a person needs of the slice.
    pub story: Vec<Told>,
}

/// An event of a slice.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct SliceEvent {
    /// Its number in the trace.
    pub event: u32,
    /// The choice of the schedule that it belongs to, from 1.
    pub step: u32,
    /// The name of its node.
    pub node: String,
    /// What happened, in a sentence without a full stop.
    pub sentence: String,
    /// The fault that it is, by its place in [`WhyReport::faults`].
    pub fault: Option<usize>,
    /// Whether it is what the slice was asked for: the event that broke the property, or shows it.
    pub root: bool,
}

/// A line of the story.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Told {
    /// The event that it is about.
    pub event: u32,
    /// In a few words.
    pub title: String,
    /// More of it; may be empty.
    pub detail: String,
    /// Whether something failed here.
    pub failed: bool,
    /// Whether the line tells what never happened.
    pub never: bool,
}

/// What a further check says of the property.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(into = "PlainVerdict", try_from = "PlainVerdict")]
pub enum Verdict {
    /// It has not been checked yet.
    #[default]
    Pending,
    /// It holds: every state within the bounds was visited.
    Holds {
        /// Distinct states.
        states: u64,
    },
    /// It is still broken.
    Broken {
        /// The choices of the schedule that breaks it.
        schedule: Vec<String>,
        /// Distinct states visited until it was found; 0 where the counterexample itself still
        /// applies.
        states: u64,
    },
    /// It is not broken in so many states, and there are more.
    Undecided {
        /// Distinct states.
        states: u64,
    },
    /// The property says nothing here: what it is about does not exist.
    NothingToBreak,
}

/// A verdict as JSON has it: the same fields whatever it is, those that say nothing left out. A tag beside
/// fields would need serde's buffered values, which weigh more in the page than all of this.
#[derive(Serialize, Deserialize)]
struct PlainVerdict {
    verdict: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    states: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    schedule: Option<Vec<String>>,
}

impl From<Verdict> for PlainVerdict {
    fn from(verdict: Verdict) -> Self {
        let (name, states, schedule) = match verdict {
            Verdict::Pending => ("pending", None, None),
            Verdict::Holds { states } => ("holds", Some(states), None),
            Verdict::Broken { schedule, states } => ("broken", Some(states), Some(schedule)),
            Verdict::Undecided { states } => ("undecided", Some(states), None),
            Verdict::NothingToBreak => ("nothing-to-break", None, None),
        };
        Self { verdict: name.to_owned(), states, schedule }
    }
}

impl TryFrom<PlainVerdict> for Verdict {
    type Error = String;

    fn try_from(plain: PlainVerdict) -> Result<Self, String> {
        let states = plain.states.unwrap_or_default();
        Ok(match plain.verdict.as_str() {
            "pending" => Self::Pending,
            "holds" => Self::Holds { states },
            "broken" => Self::Broken { schedule: plain.schedule.unwrap_or_default(), states },
            "undecided" => Self::Undecided { states },
            "nothing-to-break" => Self::NothingToBreak,
            other => return Err(format!("there is no verdict `{other}`")),
        })
    }
}

/// A fault of the schedule, and what it is without it.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct FaultWhy {
    /// The choice of the schedule that it belongs to, from 1.
    pub step: u32,
    /// The event that it is; `None` where it left none.
    pub event: Option<u32>,
    /// What kind: `crash`, `drop`, `duplicate`, `early-timer`, `give-up`, `pause`, or `document` for
    /// a fault that the scenario itself names.
    pub kind: String,
    /// In words: `payments crashed right after it committed`.
    pub words: String,
    /// Whether it is among the events that led to the violation.
    pub in_slice: bool,
    /// Every schedule with this fault less of its kind, all else being as it was asked.
    pub without: Verdict,
    /// This very schedule without the fault, as far as the rest still applies, and then on to rest
    /// without faults: whether the property holds.
    pub same_schedule_holds: Option<bool>,
    /// Choices of the schedule that no longer applied there.
    pub same_schedule_skipped: u32,
}

/// The fewest faults of the schedule with which the property can be broken.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Minimal {
    /// How far it is. Cut where a smaller set was not decided within its states.
    pub work: Work,
    /// The set, by places in [`WhyReport::faults`]; empty and done where no fault is needed.
    pub faults: Vec<usize>,
    /// A schedule that breaks the property with these alone.
    pub schedule: Vec<String>,
    /// In words: `1 crash is enough; without a fault it holds`.
    pub words: String,
}

/// The run that passes and follows the counterexample for longest.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Passing {
    /// How far it is. Cut where one that follows it for longer may exist.
    pub work: Work,
    /// Its schedule, to the end at rest; `None` where none was found.
    pub schedule: Option<Vec<String>>,
    /// Whether it passes only without the faults that the document itself names.
    pub without_document_faults: bool,
    /// How many choices it shares with the counterexample.
    pub shared: u32,
    /// The first event in which it differs, in its own trace.
    pub event: Option<u32>,
    /// The first event in which the counterexample differs, in its trace: the same number, unless
    /// one of them ends there.
    pub event_broken: Option<u32>,
    /// What happens at that event in the run that passes, in a sentence; that it ends, where it does.
    pub here: String,
    /// What happens there in the run that breaks.
    pub there: String,
    /// Distinct states visited to find it.
    pub states: u64,
}

/// One thing to switch, and whether it mends the property.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Remedy {
    /// What is switched, by its path in the document: `options.inbox`.
    pub path: String,
    /// In words, as a label of a button: `Inbox on`.
    pub title: String,
    /// What it does and costs, in a sentence.
    pub about: String,
    /// Whether it gives another coupling.
    pub coupling: bool,
    /// The scenario with it.
    #[serde(with = "crate::scenario::text")]
    pub scenario: Scenario,
    /// What the check says.
    pub verdict: Verdict,
    /// Whether the counterexample runs exactly as before with it: nothing that it changes was met.
    pub without_effect: bool,
}

/// What is to be sampled: runs of a scenario that come close to breaking a property.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct SamplesRequest {
    /// The scenario.
    #[serde(with = "crate::scenario::text")]
    pub scenario: Scenario,
    /// The bounds.
    pub check: CheckRequest,
    /// The property's id and its name on screen; all properties where there is none.
    pub property: Option<(String, String)>,
    /// How many runs are drawn.
    pub walks: u32,
    /// What the draws begin with.
    pub seed: u64,
}

/// By what a run comes close to breaking a property.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Measure {
    /// Most faults.
    Faults,
    /// Longest in doubt: events while somebody had promised and not heard the decision.
    InDoubt,
    /// Longest half done: events while a transaction had done some of its steps and not all.
    HalfDone,
    /// Most versions that a row was behind when it was read.
    Staleness,
    /// Most compensations and redeliveries.
    Repairs,
    /// Longest schedule.
    Length,
}

/// A run that comes close.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Sample {
    /// By what.
    pub measure: Measure,
    /// How much of it.
    pub value: u64,
    /// In words: `3 faults: a crash of payments, …`.
    pub words: String,
    /// The event to look at.
    pub event: u32,
    /// Its schedule, to the end at rest.
    pub schedule: Vec<String>,
}

/// The runs found so far.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct SamplesReport {
    /// Whether all runs are drawn.
    pub done: bool,
    /// How many are drawn.
    pub walks: u32,
    /// How many of them came to rest within the length allowed.
    pub at_rest: u32,
    /// At most five, each the first by another measure, as far as there are any.
    pub samples: Vec<Sample>,
    /// A run that broke the property after all: the check that said it holds was not complete.
    pub broke: Option<Vec<String>>,
}
