//! What a sweep varies, and the scenario with a value of it.

use serde::{Deserialize, Serialize};

use crate::ids::{StepIx, TxnId};
use crate::rng::{DrawKey, Draws, Purpose};
use crate::scenario::bounds::{MAX_FAULTS, MAX_SERVICES};
use crate::scenario::document::{
    Arrivals, Distribution, Draw, Fault, FaultKind, Input, Operation, Scalar, Step, StepKind,
};
use crate::scenario::{Problem, Scenario};

/// How long a crash of a swept crash rate lasts.
pub const CRASH_FOR_US: u64 = 100_000;
/// The entries of an input's list with a swept conflict rate: a value is rounded to one of so many parts.
const PARTS: usize = 100;

/// What a sweep varies.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Parameter {
    /// Services in each flow.
    Participants,
    /// Milliseconds from one node to another and back.
    RoundTrip,
    /// Crashes of each service in a second.
    CrashRate,
    /// Of the arrivals, how many per cent ask for the same row.
    ConflictRate,
}

impl Parameter {
    /// All of them.
    pub const ALL: [Self; 4] =
        [Self::Participants, Self::RoundTrip, Self::CrashRate, Self::ConflictRate];

    /// Its name on the command line and in links.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::Participants => "participants",
            Self::RoundTrip => "round-trip",
            Self::CrashRate => "crash-rate",
            Self::ConflictRate => "conflict-rate",
        }
    }

    /// The one of this name.
    #[must_use]
    pub fn of(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|parameter| parameter.id() == id)
    }

    /// Its name on screen, with its unit.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Participants => "services in the flow",
            Self::RoundTrip => "round trip, ms",
            Self::CrashRate => "crashes of each service a second",
            Self::ConflictRate => "arrivals that want the same row, %",
        }
    }

    /// What exactly is varied, in a sentence.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Participants => {
                "the first step that can be undone is copied over services generated from its own, as many as are missing; the copies change rows of their own that no invariant looks at"
            }
            Self::RoundTrip => {
                "every delay of the network is scaled so that two mean delays make the round trip; the shape of the delays, time-outs and all else stay"
            }
            Self::CrashRate => {
                "each service of a flow crashes for 100 ms at times drawn from the seed, the same under every coupling, while requests still arrive; faults of the document stay"
            }
            Self::ConflictRate => {
                "each input that is drawn and names rows is the first of its values in so many of 100 arrivals, and the others in equal parts"
            }
        }
    }

    /// The least and the greatest value.
    #[must_use]
    pub fn range(self) -> (f64, f64) {
        match self {
            Self::Participants => (1.0, MAX_SERVICES as f64),
            Self::RoundTrip => (0.0, 10_000.0),
            Self::CrashRate => (0.0, 50.0),
            Self::ConflictRate => (0.0, 100.0),
        }
    }

    /// Whether only whole values make sense.
    #[must_use]
    pub fn is_whole(self) -> bool {
        matches!(self, Self::Participants | Self::ConflictRate)
    }

    /// A range to begin with, and the number of its values.
    #[must_use]
    pub fn usual(self, scenario: &Scenario) -> (f64, f64, u32) {
        match self {
            Self::Participants => {
                let least = participants(scenario) as f64;
                (least, least + 6.0, 7)
            }
            Self::RoundTrip => (2.0, 26.0, 7),
            Self::CrashRate => (0.0, 4.0, 5),
            Self::ConflictRate => (0.0, 100.0, 6),
        }
    }

    /// The scenario with this value.
    ///
    /// # Errors
    /// Why the scenario cannot have it, and what it can have.
    pub fn apply(self, scenario: &Scenario, value: f64, seed: u64) -> Result<Scenario, Problem> {
        let (least, most) = self.range();
        if !(value >= least && value <= most) || self.is_whole() && libm::floor(value) != value {
            let whole = if self.is_whole() { "a whole number " } else { "" };
            return Err(
                self.problem(format!("{value}"), &format!("give {whole}from {least} to {most}"))
            );
        }
        let mut scenario = scenario.clone();
        match self {
            Self::Participants => self.participants(&mut scenario, value as usize)?,
            Self::RoundTrip => self.round_trip(&mut scenario, value)?,
            Self::CrashRate => self.crash_rate(&mut scenario, value, seed)?,
            Self::ConflictRate => self.conflict_rate(&mut scenario, value as usize)?,
        }
        Ok(scenario)
    }

    fn problem(self, found: impl Into<String>, remedy: &str) -> Problem {
        Problem::new(format!("sweep.{}", self.id()), found, remedy)
    }

    fn participants(self, scenario: &mut Scenario, wanted: usize) -> Result<(), Problem> {
        let now = participants(scenario);
        if wanted < now {
            return Err(self.problem(
                format!("{wanted}, and the longest flow has {now} services already"),
                &format!("give {now} or more"),
            ));
        }
        for at in 0..scenario.transactions.len() {
            let services: std::collections::BTreeSet<&str> =
                scenario.transactions[at].steps.iter().map(|step| step.service.as_str()).collect();
            let missing = wanted - services.len();
            let steps = &scenario.transactions[at].steps;
            let copied = steps.iter().position(|step| step.kind == StepKind::Compensatable);
            let Some(copied) = copied else {
                return Err(self.problem(
                    format!(
                        "{:?} has no step that can be undone to copy",
                        scenario.transactions[at].name
                    ),
                    "sweep another parameter, or give the flow such a step",
                ));
            };
            let step = steps[copied].clone();
            for number in 2..missing + 2 {
                let service = self.copied_service(scenario, &step.service, number)?;
                let copy = Step {
                    name: format!("{}-{number}", step.name),
                    service,
                    undo_name: step.undo_name.as_ref().map(|name| format!("{name}-{number}")),
                    emits: None,
                    fails: None,
                    undone: None,
                    ..step.clone()
                };
                scenario.transactions[at].steps.insert(copied + number - 1, copy);
            }
        }
        Ok(())
    }

    /// The name of a generated service, which is added where it is not there yet.
    fn copied_service(
        self,
        scenario: &mut Scenario,
        of: &str,
        number: usize,
    ) -> Result<String, Problem> {
        let name = format!("{of}-{number}");
        let Some(source) = scenario.services.iter().find(|service| service.name == of) else {
            return Err(self.problem(format!("there is no service {of:?}"), "name a service"));
        };
        if !scenario.services.iter().any(|service| service.name == name) {
            let mut copy = source.clone();
            copy.name.clone_from(&name);
            scenario.services.push(copy);
        }
        Ok(name)
    }

    fn round_trip(self, scenario: &mut Scenario, ms: f64) -> Result<(), Problem> {
        let network = &mut scenario.network;
        let Some(mean) = mean(&network.delay_us).filter(|mean| *mean > 0.0) else {
            return Err(self.problem(
                "the network's delay has no mean above 0",
                "give network.delay_us such a mean",
            ));
        };
        let factor = ms * 500.0 / mean;
        let links = network.links.iter_mut().filter_map(|link| link.delay_us.as_mut());
        std::iter::once(&mut network.delay_us).chain(links).for_each(|delay| scale(delay, factor));
        Ok(())
    }

    fn crash_rate(self, scenario: &mut Scenario, rate: f64, seed: u64) -> Result<(), Problem> {
        let workload = &scenario.workload;
        let last = workload.count.unwrap_or(1).saturating_sub(1);
        let span = match &workload.arrivals {
            Arrivals::AtUs(times) => times.last().copied().unwrap_or(0) as f64,
            Arrivals::EveryUs(every) => *every as f64 * f64::from(last),
            // A drawn arrival may come early; crashes end before the last one comes, mostly.
            Arrivals::PerSecond(per) => f64::from(last) / per * 1e6 * 0.8,
            Arrivals::Clients { .. } => {
                return Err(self.problem(
                    "clients that wait for their answers come at other times under each coupling",
                    "give workload.arrivals as per-second, every-us or at-us",
                ));
            }
        };
        let mut services: Vec<String> = Vec::new();
        for step in scenario.transactions.iter().flat_map(|flow| &flow.steps) {
            if !services.contains(&step.service) {
                services.push(step.service.clone());
            }
        }
        let draws = Draws::new(seed);
        let gap = Distribution::Exponential { mean: 1e6 / rate };
        for (at, service) in services.iter().enumerate() {
            let mut from = 0;
            for number in 0.. {
                let key =
                    DrawKey { txn: TxnId(number), step: StepIx(at as u8), ..DrawKey::default() };
                if rate <= 0.0 {
                    break;
                }
                from += draws.duration(&gap, Purpose::Crash, key);
                if from as f64 >= span {
                    break;
                }
                if scenario.faults.len() == MAX_FAULTS {
                    return Err(self.problem(
                        format!("{rate}: more than {MAX_FAULTS} faults in the run of seed {seed}"),
                        "give a smaller rate, or a shorter workload",
                    ));
                }
                scenario.faults.push(Fault {
                    fault: FaultKind::Crash(service.clone()),
                    at_us: Some(from),
                    on: None,
                    for_us: CRASH_FOR_US,
                });
                from += CRASH_FOR_US;
            }
        }
        Ok(())
    }

    fn conflict_rate(self, scenario: &mut Scenario, per_cent: usize) -> Result<(), Problem> {
        let steps = scenario.transactions.iter().flat_map(|flow| &flow.steps);
        let keys: Vec<String> = steps
            .flat_map(|step| step.forward.iter().map(Operation::key).map(str::to_owned))
            .collect();
        let names_rows = |input: &str| keys.iter().any(|key| key.ends_with(&format!("${input}")));
        let mut changed = false;
        for entry in &mut scenario.workload.mix {
            for (name, input) in &mut entry.inputs {
                let Input::Drawn(Draw::Pick(of) | Draw::Popular(of) | Draw::Cycle(of)) = input
                else {
                    continue;
                };
                let mut values: Vec<Scalar> = Vec::new();
                for value in of.iter() {
                    if !values.contains(value) {
                        values.push(value.clone());
                    }
                }
                if values.len() < 2 || !names_rows(name) {
                    continue;
                }
                changed = true;
                let rest = values.len() - 1;
                let other = |at: usize| values[1 + at % rest].clone();
                let hot = per_cent * rest;
                let mut list = vec![values[0].clone(); hot];
                list.extend((0..(PARTS - per_cent) * rest).map(other));
                *input = Input::Drawn(Draw::Pick(list));
            }
        }
        if changed {
            return Ok(());
        }
        Err(self.problem(
            "no drawn input of the workload names a row",
            "draw an input that is part of a key, by pick, popular or cycle",
        ))
    }
}

/// The most services of a flow.
fn participants(scenario: &Scenario) -> usize {
    let count = |flow: &crate::scenario::document::Flow| {
        let mut names: Vec<&str> = flow.steps.iter().map(|step| step.service.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        names.len()
    };
    scenario.transactions.iter().map(count).max().unwrap_or(1)
}

/// The mean of a distribution, where it has one.
fn mean(of: &Distribution) -> Option<f64> {
    match of {
        Distribution::Constant(value) => Some(*value),
        Distribution::Uniform { min, max } => Some((min + max) / 2.0),
        Distribution::Exponential { mean } => Some(*mean),
        Distribution::LogNormal { median, sigma } => Some(median * libm::exp(sigma * sigma / 2.0)),
        Distribution::Pareto { scale, shape } => {
            (*shape > 1.0).then(|| scale * shape / (shape - 1.0))
        }
    }
}

/// Makes every duration of a distribution so many times as long.
fn scale(of: &mut Distribution, factor: f64) {
    match of {
        Distribution::Constant(value) => *value *= factor,
        Distribution::Uniform { min, max } => {
            *min *= factor;
            *max *= factor;
        }
        Distribution::Exponential { mean } => *mean *= factor,
        Distribution::LogNormal { median, .. } => *median *= factor,
        Distribution::Pareto { scale, .. } => *scale *= factor,
    }
}
