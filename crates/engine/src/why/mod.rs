//! Why a property is broken, and how nearly one that holds is.
//!
//! [`Why`] takes a schedule that breaks a property and finds, in slices: the events that led to it,
//! what each fault has to do with it, the nearest run that passes, and what to switch. [`Samples`]
//! draws runs of a property that holds and keeps those that come closest to breaking it. Both are
//! asked and answer in plain data, so that they work in a page's worker as well.

mod faults;
mod ground;
mod passing;
mod recheck;
mod remedies;
mod report;
mod samples;
mod slice;

use std::collections::{BTreeMap, VecDeque};
use std::fmt;

pub use report::{
    FaultWhy, Measure, Minimal, Passing, Remedy, Sample, SamplesReport, SamplesRequest, Slice,
    SliceEvent, Told, Verdict, WhyReport, WhyRequest, Work,
};
pub use samples::Samples;

use crate::ids::EventIx;
use crate::scenario::document::Budget;
use crate::scenario::{Problem, Scenario};
use crate::trace::Trace;
use crate::verdict::Violation;
use crate::views::format::counted;
use crate::views::story;
use faults::Fault;
use ground::{Ground, Judged, Played};
use recheck::Recheck;
use remedies::AtOnce;

/// The id of the property that is broken as well where rest cannot be reached any more.
const PROGRESS: &str = "progress";
/// The most sets of faults that are tried for the smallest.
const SUBSETS_MOST: usize = 16;
/// The most states that are tried for the nearest run that passes.
const PASSING_STATES_MOST: u64 = 50_000;

/// One further check that is to be made.
#[derive(Clone, Debug)]
enum Job {
    /// Play the counterexample with this remedy, before anything is searched.
    Try(usize),
    /// Without the fault of this number.
    Without(usize),
    /// With these faults alone.
    Only(Vec<usize>),
    /// With this remedy.
    Remedy(usize),
}

/// An explanation at work.
pub struct Why {
    request: WhyRequest,
    ground: Ground,
    played: Played,
    faults: Vec<Fault>,
    report: WhyReport,
    passing: Option<passing::Search>,
    /// Where every run with the document's own faults breaks it: the scenario without them.
    beside: Option<(Ground, Played)>,
    jobs: VecDeque<Job>,
    at_work: Option<(Job, Recheck)>,
    /// What further checks said, by their budget and the document's faults that they keep.
    known: BTreeMap<(Budget, Vec<usize>), Verdict>,
    /// States of checks that have ended.
    states: u64,
    /// Whether a set of faults smaller than the one found was not decided.
    undecided: bool,
}

impl fmt::Debug for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Why {} is broken, {} checks to go", self.request.title, self.jobs.len())
    }
}

impl Why {
    /// Begins to explain. The causal slice and the names of the faults are there at once.
    ///
    /// # Errors
    /// Everything that is wrong with the scenario, a schedule that does not apply to it, and one that
    /// does not break the property.
    pub fn new(request: &WhyRequest) -> Result<Self, Vec<Problem>> {
        let about = (request.property.as_str(), request.title.as_str());
        let ground = Ground::new(&request.scenario, &request.check, about)?;
        let one = |problem: Problem| vec![problem];
        let choices = ground.parse(&request.schedule).map_err(one)?;
        let played = ground.play(&choices).map_err(one)?;
        let violation = played.violation.clone().or_else(|| never_rests(&ground, request, &played));
        let Some(violation) = violation else {
            return Err(vec![Problem::new(
                "schedule",
                format!("it does not break {:?}", request.title),
                "give the schedule of a counterexample, with the property, the scenario and the bounds that it was found for",
            )]);
        };
        let faults = faults::of(&ground, &played);
        let without = same_schedules(&ground, &played, &faults);
        let passes = faults.iter().zip(&without).filter(|(_, of)| matches!(of, Some((true, _))));
        let decisive: Vec<EventIx> = passes.filter_map(|(fault, _)| fault.event).collect();
        let slice = slice::of(&ground, &played, &violation, &request.title, &faults, &decisive);
        let bounds = Recheck::new(
            &request.scenario,
            &request.check,
            ground.budget,
            request.states_each,
            about,
        )?
        .bounds();
        let mut why = Self {
            report: WhyReport {
                property: request.property.clone(),
                title: request.title.clone(),
                why: violation.why,
                bounds,
                states_each: request.states_each,
                slice,
                ..WhyReport::default()
            },
            passing: None,
            beside: None,
            request: request.clone(),
            ground,
            played,
            faults,
            jobs: VecDeque::new(),
            at_work: None,
            known: BTreeMap::new(),
            states: 0,
            undecided: false,
        };
        why.name_faults(&without);
        why.report.remedies = remedies::candidates(&why.request.scenario);
        let states = request.states_each.min(PASSING_STATES_MOST);
        why.passing = Some(passing::Search::new(&why.played, states));
        why.plan_jobs();
        Ok(why)
    }

    /// Works on for at most about so many states; returns whether nothing is left to do.
    pub fn run_slice(&mut self, states_max: u32) -> bool {
        let mut left = states_max.max(1);
        while left > 0 && !self.report.done {
            left -= self.work(left).clamp(1, left);
        }
        self.report.done
    }

    /// What is known so far.
    #[must_use]
    pub fn report(&self) -> WhyReport {
        let mut report = self.report.clone();
        let at_work = self.at_work.as_ref().map_or(0, |(_, check)| check.states());
        let passing = self.passing.as_ref().map_or(0, passing::Search::states);
        report.states = self.states + at_work + passing;
        report
    }

    /// One piece of work; how many states it took.
    fn work(&mut self, states_max: u32) -> u32 {
        if let Some(mut search) = self.passing.take() {
            let beside = self.beside.as_ref().map(|(ground, played)| (ground, played));
            let (ground, played) = beside.unwrap_or((&self.ground, &self.played));
            match search.run_slice(ground, played, states_max) {
                Some(found) => self.passed(&search, found),
                None => self.passing = Some(search),
            }
            return states_max;
        }
        if let Some((job, mut check)) = self.at_work.take() {
            let before = check.states();
            let verdict = check.run_slice(states_max);
            let taken = (check.states() - before).min(u64::from(states_max)) as u32;
            match verdict {
                Some(verdict) => {
                    self.states += check.states();
                    self.settle(&job, verdict);
                }
                None => self.at_work = Some((job, check)),
            }
            return taken.max(1);
        }
        match self.jobs.pop_front() {
            Some(job) => {
                // Playing a schedule costs about as much as expanding a state for each of its choices.
                let plays = matches!(job, Job::Try(_));
                self.begin(job);
                return if plays { self.played.choices.len() as u32 } else { 1 };
            }
            None => self.finish(),
        }
        1
    }

    fn name_faults(&mut self, without: &[Option<(bool, u32)>]) {
        for (fault, without) in self.faults.iter().zip(without) {
            let event = fault.event.map(|ix| ix.0);
            let in_slice = self.report.slice.events.iter().any(|of| Some(of.event) == event);
            self.report.faults.push(FaultWhy {
                step: fault.at as u32 + 1,
                event,
                kind: fault.kind().to_owned(),
                words: fault.words.clone(),
                in_slice,
                without: Verdict::Pending,
                same_schedule_holds: without.map(|(holds, _)| holds),
                same_schedule_skipped: without.map_or(0, |(_, skipped)| skipped),
            });
        }
    }

    /// Plays the counterexample with a remedy; where that decides nothing, a search is to follow.
    fn try_remedy(&mut self, ix: usize) {
        let about = (self.request.property.as_str(), self.request.title.as_str());
        let remedy = &mut self.report.remedies[ix];
        let changed = Ground::new(&remedy.scenario, &self.request.check, about);
        let said = changed
            .map(|changed| remedies::at_once(&changed, &self.request.schedule, &self.played.trace));
        match said {
            Ok(AtOnce::StillBroken { same_run }) => {
                let schedule = self.request.schedule.clone();
                remedy.verdict = Verdict::Broken { schedule, states: 0 };
                remedy.without_effect = same_run;
            }
            Ok(AtOnce::NothingToBreak) => remedy.verdict = Verdict::NothingToBreak,
            Ok(AtOnce::Search) | Err(_) => self.jobs.push_back(Job::Remedy(ix)),
        }
        self.mark_works();
    }

    /// What costs next to nothing first, then faults, from none to all, then remedies.
    fn plan_jobs(&mut self) {
        let count = self.faults.len();
        self.jobs.extend((0..self.report.remedies.len()).map(Job::Try));
        self.jobs.extend((0..count).map(Job::Without));
        let mut sets: Vec<Vec<usize>> = Vec::new();
        if count <= 4 {
            sets.extend(
                (0..(1_usize << count) - 1)
                    .map(|bits| (0..count).filter(|ix| bits >> ix & 1 == 1).collect()),
            );
            sets.sort_by_key(|set: &Vec<usize>| (set.len(), set.clone()));
        } else {
            // Too many sets to try all: none, each alone, and all but each.
            sets.push(Vec::new());
            sets.extend((0..count).map(|ix| vec![ix]));
            let all_but = |ix: usize| (0..count).filter(|other| *other != ix).collect();
            sets.extend((0..count).map(all_but));
            self.undecided = true;
        }
        if sets.len() > SUBSETS_MOST {
            sets.truncate(SUBSETS_MOST);
            self.undecided = true;
        }
        self.jobs.extend(sets.into_iter().map(Job::Only));
        self.mark_works();
    }

    /// The budget, and the document's faults that stay, of a further check.
    fn bounds_of(&self, job: &Job) -> (Budget, Vec<usize>) {
        let all = 0..self.request.scenario.faults.len();
        match job {
            Job::Without(ix) => {
                let budget = faults::without(&self.ground.budget, &self.faults, *ix);
                let gone = self.faults[*ix].document;
                (budget, all.filter(|of| Some(*of) != gone).collect())
            }
            Job::Only(set) => {
                let kept: Vec<&Fault> = set.iter().map(|ix| &self.faults[*ix]).collect();
                let budget = faults::together(kept.iter().copied());
                let stays = |of: &usize| kept.iter().any(|fault| fault.document == Some(*of));
                (budget, all.filter(stays).collect())
            }
            Job::Try(_) | Job::Remedy(_) => (self.ground.budget, all.collect()),
        }
    }

    fn begin(&mut self, job: Job) {
        if matches!(job, Job::Only(_)) && self.report.minimal.work != Work::Pending {
            return;
        }
        if let Job::Try(ix) = job {
            self.try_remedy(ix);
            return;
        }
        let bounds = self.bounds_of(&job);
        let scenario: Scenario = match &job {
            Job::Remedy(ix) => self.report.remedies[*ix].scenario.clone(),
            _ => {
                if let Some(known) = self.known.get(&bounds).cloned() {
                    self.settle(&job, known);
                    return;
                }
                faults::keeping(&self.request.scenario, |of| bounds.1.contains(&of))
            }
        };
        let about = (self.request.property.as_str(), self.request.title.as_str());
        let (check, most) = (&self.request.check, self.request.states_each);
        match Recheck::new(&scenario, check, bounds.0, most, about) {
            Ok(recheck) => {
                self.at_work = Some((job, recheck));
            }
            // The scenario with all its faults is valid, and so is one with fewer; a candidate that
            // is not was left out. Should a check refuse it nevertheless, nothing is decided.
            Err(_) => self.settle(&job, Verdict::Undecided { states: 0 }),
        }
    }

    fn settle(&mut self, job: &Job, verdict: Verdict) {
        match job {
            Job::Without(ix) => {
                self.known.insert(self.bounds_of(job), verdict.clone());
                self.report.faults[*ix].without = verdict;
            }
            Job::Only(set) => {
                self.known.insert(self.bounds_of(job), verdict.clone());
                match verdict {
                    Verdict::Broken { schedule, .. } => self.found_minimal(set.clone(), schedule),
                    Verdict::Holds { .. } | Verdict::NothingToBreak => {}
                    Verdict::Undecided { .. } | Verdict::Pending => self.undecided = true,
                }
            }
            Job::Try(ix) | Job::Remedy(ix) => self.report.remedies[*ix].verdict = verdict,
        }
        self.mark_works();
    }

    fn found_minimal(&mut self, set: Vec<usize>, schedule: Vec<String>) {
        let all = self.faults.len();
        let names: Vec<&str> = set.iter().map(|ix| self.faults[*ix].words.as_str()).collect();
        let mut words = match (set.len(), all) {
            (0, _) => "No fault is needed: the order of events alone breaks it".to_owned(),
            (1, 1) => format!("It takes the one fault, {}", names[0]),
            (some, all) if some == all => {
                format!("It takes all {}", counted(all as u64, "fault", "faults"))
            }
            (some, all) => format!("{some} of the {all} faults are enough: {}", names.join(", ")),
        };
        let each = crate::views::format::count(self.request.states_each);
        words.push_str(match (set.len(), self.undecided) {
            (0, _) => "",
            (_, true) => "; whether fewer are enough was not decided",
            (1, false) => "; without any it holds",
            (_, false) => "; with fewer it holds",
        });
        if self.undecided && !set.is_empty() {
            words.push_str(&format!(" within {each} states"));
        }
        let work = if self.undecided && !set.is_empty() { Work::Cut } else { Work::Done };
        self.report.minimal = Minimal { work, faults: set, schedule, words };
    }

    /// The parts for which no job is left are done.
    fn mark_works(&mut self) {
        let left = |is: fn(&Job) -> bool| self.jobs.iter().any(is);
        let at_work = |is: fn(&Job) -> bool| self.at_work.as_ref().is_some_and(|(job, _)| is(job));
        let is_without = |job: &Job| matches!(job, Job::Without(_));
        let is_only = |job: &Job| matches!(job, Job::Only(_));
        let is_remedy = |job: &Job| matches!(job, Job::Try(_) | Job::Remedy(_));
        let undecided = |verdict: &Verdict| matches!(verdict, Verdict::Undecided { .. });
        let ended = |cut: bool| if cut { Work::Cut } else { Work::Done };
        if !left(is_without) && !at_work(is_without) {
            let cut = self.report.faults.iter().any(|fault| undecided(&fault.without));
            self.report.faults_work = ended(cut);
        }
        if !left(is_remedy) && !at_work(is_remedy) {
            let cut = self.report.remedies.iter().any(|remedy| undecided(&remedy.verdict));
            self.report.remedies_work = ended(cut);
        }
        if !left(is_only) && !at_work(is_only) && self.report.minimal.work == Work::Pending {
            let all = (0..self.faults.len()).collect();
            self.found_minimal(all, self.request.schedule.clone());
        }
    }

    fn passed(&mut self, search: &passing::Search, found: Option<passing::Found>) {
        self.states += search.states();
        if found.is_none() && self.beside.is_none() {
            self.beside = passing::without_document_faults(&self.ground, &self.played);
            if let Some((_, played)) = &self.beside {
                let states = self.request.states_each.min(PASSING_STATES_MOST);
                self.passing = Some(passing::Search::new(played, states));
                return;
            }
        }
        let work = if search.is_cut() { Work::Cut } else { Work::Done };
        let mut passing = Passing { work, states: search.states(), ..Passing::default() };
        let ground = self.beside.as_ref().map_or(&self.ground, |(ground, _)| ground);
        let run = found.and_then(|found| Some((found.shared, ground.play(&found.choices).ok()?)));
        if let Some((shared, run)) = run {
            let cast = &ground.plan.cast;
            let (good, bad) = (&run.trace, &self.played.trace);
            let most = good.len().max(bad.len()) as u32;
            let mut all = (0..most).map(EventIx);
            let parts = all.find(|ix| good.get(*ix) != bad.get(*ix)).unwrap_or_default();
            let at = |trace: &Trace| trace.get(parts).map(|_| parts.0);
            let told = |trace: &Trace| match trace.get(parts) {
                Some(_) => story::sentence(cast, trace, parts),
                None => "nothing more happens: all is at rest".to_owned(),
            };
            passing.without_document_faults = self.beside.is_some();
            passing.shared = shared as u32;
            passing.schedule = Some(ground.print_all(&run.choices));
            (passing.event, passing.event_broken) = (at(good), at(bad));
            (passing.here, passing.there) = (told(good), told(bad));
        }
        self.report.passing = passing;
        self.beside = None;
    }

    fn finish(&mut self) {
        self.mark_works();
        self.report.done = true;
    }
}

/// For each fault, whether this very schedule passes without it, and how many of its choices then do
/// not apply.
fn same_schedules(ground: &Ground, played: &Played, faults: &[Fault]) -> Vec<Option<(bool, u32)>> {
    let without = |fault: &Fault| match fault.document {
        None => faults::same_schedule(ground, played, fault),
        Some(of) => ground
            .keeping_faults(|ix| ix != of)
            .and_then(|ground| faults::same_schedule(&ground, played, fault)),
    };
    faults.iter().map(without).collect()
}

/// Progress is also broken where rest cannot be reached any more: then no event says so, and the run
/// goes on after the schedule without an end. A schedule from whose end the oldest choices lead to
/// rest is only not at its end.
fn never_rests(ground: &Ground, request: &WhyRequest, played: &Played) -> Option<Violation> {
    let last = played.trace.len().checked_sub(1)?;
    if request.property != PROGRESS || !ground.has_property() || played.is_at_rest() {
        return None;
    }
    let mut state = played.end().clone();
    ground.to_rest(&mut state, faults::TAIL_MOST);
    (ground.judge(&state) == Judged::Open).then(|| Violation {
        event: EventIx(last as u32),
        culprit: None,
        txn: None,
        why: "From here on, whatever happens, nothing comes to rest any more.".to_owned(),
    })
}
