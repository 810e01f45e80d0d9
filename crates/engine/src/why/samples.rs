//! Runs that come close to breaking a property that holds.
//!
//! Schedules are drawn at random, faults included, until they come to rest. Of all of them those are
//! kept that have most of what a property has to stand: faults, doubt, half-done work, staleness,
//! repairs, length. They prove nothing; they show what the property went through.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::faults;
use super::ground::{Ground, Judged, Played, State};
use super::report::{Measure, Sample, SamplesReport, SamplesRequest};
use crate::choice::{Choice, ChoiceKind, Cut};
use crate::event::EventKind;
use crate::ids::{DbIx, EventIx, TxnId};
use crate::properties::{Exercised, TABLE};
use crate::scenario::Problem;
use crate::scenario::document::Budget;
use crate::value::{Key, Row};
use crate::verdict::Status;
use crate::views::format::counted;
use crate::views::story;

/// How many are shown.
const SHOWN: usize = 5;
/// The most choices of one run.
const LENGTH_MOST: usize = 2_000;
/// The most runs that are drawn.
const WALKS_MOST: u32 = 20_000;
/// One choice in so many is a fault, as long as there are any.
const FAULT_ONE_IN: u64 = 4;

/// The measures in the order in which a run is chosen for each.
const MEASURES: [Measure; 6] = [
    Measure::Faults,
    Measure::InDoubt,
    Measure::Staleness,
    Measure::HalfDone,
    Measure::Repairs,
    Measure::Length,
];

/// Runs being drawn.
pub struct Samples {
    ground: Ground,
    request: SamplesRequest,
    draws: Draws,
    /// The run that is being drawn.
    choices: Vec<Choice>,
    state: State,
    /// For each measure, the best runs so far.
    best: BTreeMap<Measure, Vec<Sample>>,
    known: BTreeSet<Vec<String>>,
    report: SamplesReport,
}

impl fmt::Debug for Samples {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} runs drawn", self.report.walks, self.request.walks)
    }
}

impl Samples {
    /// Begins to draw.
    ///
    /// # Errors
    /// Everything that is wrong with the scenario, and a property that it does not have.
    pub fn new(request: &SamplesRequest) -> Result<Self, Vec<Problem>> {
        let any = (TABLE[0].id.to_owned(), TABLE[0].title.to_owned());
        let (id, title) = request.property.as_ref().unwrap_or(&any);
        let ground = Ground::new(&request.scenario, &request.check, (id, title))?;
        if !ground.has_property() {
            return Err(vec![Problem::new(
                "property",
                format!("under this coupling there is no {title:?}"),
                "ask for a property that the check reports",
            )]);
        }
        let mut request = request.clone();
        request.walks = request.walks.clamp(1, WALKS_MOST);
        let mut samples = Self {
            state: ground.start(),
            draws: Draws(request.seed),
            ground,
            choices: Vec::new(),
            best: BTreeMap::new(),
            known: BTreeSet::new(),
            report: SamplesReport::default(),
            request,
        };
        samples.begin();
        Ok(samples)
    }

    /// Draws for at most so many choices; returns whether all runs are drawn.
    pub fn run_slice(&mut self, choices_max: u32) -> bool {
        for _ in 0..choices_max {
            if self.report.done {
                break;
            }
            if !self.step() {
                self.end();
            }
        }
        self.report.done
    }

    /// What is known so far.
    #[must_use]
    pub fn report(&self) -> SamplesReport {
        SamplesReport { samples: self.chosen(), ..self.report.clone() }
    }

    /// Begins the next run.
    fn begin(&mut self) {
        self.draws = Draws(self.request.seed ^ u64::from(self.report.walks).rotate_left(32));
        self.choices.clear();
        self.state = self.ground.start();
        self.state.world.budget = self.ground.budget;
    }

    /// Makes a choice; false where the run is over.
    fn step(&mut self) -> bool {
        if self.choices.len() >= LENGTH_MOST {
            return false;
        }
        let next = self.draw().and_then(|choice| Some((choice, self.take(&choice)?)));
        let Some((choice, next)) = next else { return false };
        self.choices.push(choice);
        self.state = next;
        true
    }

    /// The state after a choice, which is paid for.
    fn take(&self, choice: &Choice) -> Option<State> {
        let left = paid(&self.state.world.budget, &faults::cost(&self.state.world, choice))?;
        let mut next = self.ground.after(&self.state, choice)?;
        next.world.budget = left;
        Some(next)
    }

    /// Draws the next choice; `None` where the run is to end here.
    fn draw(&mut self) -> Option<Choice> {
        let (mut ordinary, mut faulty) = (Vec::new(), Vec::new());
        self.state.world.ordinary(self.ground.arrivals, &mut ordinary);
        self.state.world.faulty(&mut faulty);
        let strikes = self.draws.below(FAULT_ONE_IN) == 0;
        if ordinary.is_empty() {
            // A run at rest may be struck again; where it is not, it is over.
            return self.draws.one_of(&faulty).filter(|_| strikes).map(|kind| Choice::plain(*kind));
        }
        let kind = *self.draws.one_of(&ordinary)?;
        if !strikes {
            return Some(Choice::plain(kind));
        }
        let mut choices: Vec<Choice> = faulty.iter().copied().map(Choice::plain).collect();
        choices.extend(self.cuts(kind));
        Some(self.draws.one_of(&choices).copied().unwrap_or(Choice::plain(kind)))
    }

    /// What can go wrong in the middle of a choice.
    fn cuts(&self, kind: ChoiceKind) -> Vec<Choice> {
        let (world, clients) = (&self.state.world, self.ground.plan.clients());
        let at_client = match kind {
            ChoiceKind::Arrive { .. } => true,
            ChoiceKind::Deliver(key) => key.to == clients,
            ChoiceKind::Fire(key) => key.node == clients,
            _ => false,
        };
        let next = self.ground.after(&self.state, &Choice::plain(kind)).filter(|_| !at_client);
        let Some(next) = next else { return Vec::new() };
        let points = || (0..).zip(&next.world.points);
        let mut cuts = Vec::new();
        if world.budget.crash > 0 {
            cuts.push(Cut::CrashAfter { effects: 0, lose: 0 });
            cuts.extend(points().map(|(ix, _)| Cut::CrashAfter { effects: ix + 1, lose: 0 }));
        }
        if world.budget.drop > 0 {
            let calls = points().filter(|(_, point)| point.call);
            cuts.extend(calls.map(|(ix, _)| Cut::LoseReplyOf(ix)));
        }
        cuts.into_iter().map(|cut| Choice { kind, cut: Some(cut) }).collect()
    }

    /// Measures the run that is over, and begins the next.
    fn end(&mut self) {
        self.report.walks += 1;
        match self.ground.judge(&self.state) {
            Judged::Broken if self.request.property.is_some() => {
                let text = self.ground.print_all(&self.choices);
                self.report.broke.get_or_insert(text);
            }
            Judged::Open => {}
            Judged::Broken | Judged::Holds => {
                self.report.at_rest += 1;
                let text = self.ground.print_all(&self.choices);
                if self.known.insert(text.clone())
                    && let Ok(played) = self.ground.play(&self.choices)
                {
                    self.keep(&played, &text);
                }
            }
        }
        if self.report.walks >= self.request.walks {
            self.report.done = true;
        } else {
            self.begin();
        }
    }

    /// Keeps a run where it is among the best by a measure.
    fn keep(&mut self, played: &Played, schedule: &[String]) {
        for measure in MEASURES {
            let Some((value, event, words)) = self.measured(measure, played) else { continue };
            let best = self.best.entry(measure).or_default();
            // Of equal ones the shorter tells the same with less; the longest schedule is asked for.
            let rank = |value: u64, length: usize| (std::cmp::Reverse(value), length);
            let mine = rank(value, schedule.len());
            let at = best.partition_point(|of| rank(of.value, of.schedule.len()) <= mine);
            if at < SHOWN {
                let (event, schedule) = (event.0, schedule.to_vec());
                best.insert(at, Sample { measure, value, words, event, schedule });
                best.truncate(SHOWN);
            }
        }
    }

    /// The runs to show: one for each measure, then the second of each.
    fn chosen(&self) -> Vec<Sample> {
        let mut chosen: Vec<Sample> = Vec::new();
        for _ in 0..SHOWN {
            for measure in MEASURES {
                let best = self.best.get(&measure).into_iter().flatten();
                let new = best
                    .filter(|of| !chosen.iter().any(|known| known.schedule == of.schedule))
                    .take(1);
                let new: Vec<Sample> = new.cloned().collect();
                chosen.extend(new);
                if chosen.len() >= SHOWN {
                    chosen.truncate(SHOWN);
                    return chosen;
                }
            }
        }
        chosen
    }

    /// How much a run has of something, the event to look at, and that in words; `None` where it has
    /// none of it.
    fn measured(&self, measure: Measure, played: &Played) -> Option<(u64, EventIx, String)> {
        let last = EventIx((played.trace.len() as u32).saturating_sub(1));
        let sentence = |at: EventIx| story::sentence(&self.ground.plan.cast, &played.trace, at);
        let found = match measure {
            Measure::Faults => {
                let faults = faults::of(&self.ground, played);
                let words: Vec<&str> = faults.iter().map(|fault| fault.words.as_str()).collect();
                let count = faults.len() as u64;
                let event = faults.iter().find_map(|fault| fault.event).unwrap_or(last);
                let words = format!("{}: {}", counted(count, "fault", "faults"), words.join("; "));
                (count, event, words)
            }
            Measure::InDoubt => {
                let (events, from) = longest_doubt(played)?;
                let events_words = counted(events, "event", "events");
                (events, from, format!("in doubt for {events_words}: {}", sentence(from)))
            }
            Measure::HalfDone => {
                let (events, from) = longest_half(played)?;
                let events_words = counted(events, "event", "events");
                (events, from, format!("half done for {events_words}, since {}", sentence(from)))
            }
            Measure::Staleness => {
                let (versions, at) = self.most_behind(played)?;
                let versions_words = counted(versions, "version", "versions");
                (versions, at, format!("{versions_words} behind: {}", sentence(at)))
            }
            Measure::Repairs => {
                let mut seen = Exercised::default();
                let mut first = None;
                for (ix, event) in (0..).map(EventIx).zip(played.trace.events()) {
                    let before = seen.compensations + seen.redeliveries;
                    seen.see(event);
                    if seen.compensations + seen.redeliveries > before {
                        first.get_or_insert(ix);
                    }
                }
                let undone = counted(seen.compensations, "compensation", "compensations");
                let again = counted(seen.redeliveries, "redelivery", "redeliveries");
                let words = format!("{undone}, {again}");
                (seen.compensations + seen.redeliveries, first.unwrap_or(last), words)
            }
            Measure::Length => {
                let length = played.choices.len() as u64;
                (length, last, format!("{} until rest", counted(length, "choice", "choices")))
            }
        };
        (found.0 > 0).then_some(found)
    }

    /// The most versions that a row was behind its primary's when it was read, and where.
    fn most_behind(&self, played: &Played) -> Option<(u64, EventIx)> {
        let dbs = &self.ground.plan.cast.dbs;
        let mut versions: BTreeMap<(DbIx, Key), Vec<Option<Row>>> = BTreeMap::new();
        let mut most: Option<(u64, EventIx)> = None;
        for (ix, event) in (0..).map(EventIx).zip(played.trace.events()) {
            match &event.kind {
                EventKind::Committed { db, changes, .. } => {
                    for change in changes {
                        let of = versions.entry((*db, change.key));
                        of.or_insert_with(|| vec![change.before.clone()])
                            .push(change.after.clone());
                    }
                }
                EventKind::Read { db, key, row } => {
                    let Some(primary) = dbs.get(db.ix()).and_then(|db| db.replica_of) else {
                        continue;
                    };
                    let Some(rows) = versions.get(&(primary, *key)) else { continue };
                    let behind = rows.iter().rev().position(|known| known == row);
                    let behind = behind.unwrap_or(rows.len()) as u64;
                    if behind > most.map_or(0, |(most, _)| most) {
                        most = Some((behind, ix));
                    }
                }
                _ => {}
            }
        }
        most
    }
}

/// What is left of a budget; `None` where it is not enough.
fn paid(budget: &Budget, cost: &Budget) -> Option<Budget> {
    Some(Budget {
        crash: budget.crash.checked_sub(cost.crash)?,
        drop: budget.drop.checked_sub(cost.drop)?,
        duplicate: budget.duplicate.checked_sub(cost.duplicate)?,
        early_timer: budget.early_timer.checked_sub(cost.early_timer)?,
        give_up: budget.give_up.checked_sub(cost.give_up)?,
        pause: budget.pause.checked_sub(cost.pause)?,
    })
}

/// The longest time, in events, from a promise to commit until its participant knew, and the promise.
fn longest_doubt(played: &Played) -> Option<(u64, EventIx)> {
    let mut open: BTreeMap<(DbIx, TxnId), EventIx> = BTreeMap::new();
    let mut longest: Option<(u64, EventIx)> = None;
    let mut over = |from: EventIx, at: EventIx| {
        let events = u64::from(at.0 - from.0);
        if events > longest.map_or(0, |(most, _)| most) {
            longest = Some((events, from));
        }
    };
    for (ix, event) in (0..).map(EventIx).zip(played.trace.events()) {
        let Some(txn) = event.txn else { continue };
        match &event.kind {
            EventKind::Prepared { db, .. } => {
                open.entry((*db, txn)).or_insert(ix);
            }
            EventKind::Committed { db, .. } | EventKind::RolledBack { db, .. } => {
                if let Some(from) = open.remove(&(*db, txn)) {
                    over(from, ix);
                }
            }
            _ => {}
        }
    }
    for from in open.into_values() {
        over(from, EventIx(played.trace.len() as u32));
    }
    longest
}

/// The longest time, in events, for which a transaction was half done, and where it began.
fn longest_half(played: &Played) -> Option<(u64, EventIx)> {
    let end = EventIx(played.trace.len() as u32);
    let changes = &played.atomicity;
    let ends = changes.iter().skip(1).map(|change| change.at).chain([end]);
    let moving = changes.iter().zip(ends).filter(|(change, _)| change.status == Status::Moving);
    let spans = moving.map(|(change, to)| (u64::from(to.0.saturating_sub(change.at.0)), change.at));
    spans.max_by_key(|(events, from)| (*events, std::cmp::Reverse(*from)))
}

/// Random numbers that depend on the seed alone: SplitMix64 (Steele, Lea and Flood 2014).
#[derive(Debug)]
struct Draws(u64);

impl Draws {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`, or 0 where `bound` is 0.
    fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(bound)) >> 64) as u64
    }

    fn one_of<'a, T>(&mut self, list: &'a [T]) -> Option<&'a T> {
        let at = self.below(list.len() as u64) as usize;
        list.get(at)
    }
}
