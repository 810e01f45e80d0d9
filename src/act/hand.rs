//! By hand: a person makes the choices that a clock or a search would make.
//!
//! Each choice makes the schedule one longer, and the run on screen is played anew from it; undoing is
//! leaving the last one out. What can be chosen is the engine's own list for the explorer.

use std::sync::Arc;

use interleave_engine::by_hand::{Hand, foretell, hand, recall};
use interleave_engine::scenario::text;
use interleave_engine::session::{CheckRequest, RunInput, RunState};
use leptos::prelude::*;

use crate::act;
use crate::job::{Job, News};
use crate::lab;
use crate::search::message::{Ask, Known};
use crate::state::{App, Mode};

/// States that the search for the shortest schedule visits at most.
const STATES_MAX: u64 = 300_000;
/// The name of the run in the list.
const NAME: &str = "by hand";

/// A run that a person schedules.
#[derive(Clone, PartialEq, Debug)]
pub struct ByHand {
    /// The run.
    pub run: u32,
    /// Where it stands.
    pub hand: Arc<Hand>,
    /// The choices so far.
    pub schedule: Vec<String>,
    /// Choices that were taken back, the last one first to be made again.
    pub undone: Vec<String>,
    /// What is known of the shortest schedule that breaks what is broken.
    pub shortest: Shortest,
}

/// The shortest schedule that breaks the same property within the same bounds.
#[derive(Clone, PartialEq, Debug, Default)]
pub enum Shortest {
    /// Nothing is broken.
    #[default]
    NotAsked,
    /// It is being looked for.
    Searching {
        /// The property's name on screen.
        title: String,
    },
    /// It is this one.
    Found {
        /// The property's name on screen.
        title: String,
        /// Its choices.
        schedule: Vec<String>,
    },
    /// The search ended without one, at a bound or because it broke.
    Undecided {
        /// The property's name on screen.
        title: String,
        /// Why.
        why: String,
    },
}

/// Begins, or goes on with a schedule that is on screen and lies within the scenario's bounds.
pub fn start(app: App) {
    let Some(input) = app.run_now(|run| run.input().clone()) else { return };
    app.first.set(false);
    app.mode.set(Mode::Watch);
    let before = input.schedule.clone().unwrap_or_default();
    let (schedule, stands) = match hand(&input.scenario, &before) {
        Ok(stands) => (before, stands),
        // A schedule from elsewhere may use more faults than the bounds allow: then from the beginning.
        Err(_) => match hand(&input.scenario, &[]) {
            Ok(stands) => (Vec::new(), stands),
            Err(problems) => {
                let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
                return act::runs::complain(app, "This scenario cannot be played by hand", &lines);
            }
        },
    };
    let input = RunInput { schedule: Some(schedule.clone()), ..RunInput::of(input.scenario) };
    let Ok(session) = lab::open(input) else { return };
    let parent = Some(app.current.get_untracked());
    act::runs::enter(app, NAME, parent, session);
    app.by_hand.set(Some(ByHand {
        run: app.current.get_untracked(),
        hand: Arc::new(stands),
        schedule,
        undone: Vec::new(),
        shortest: Shortest::NotAsked,
    }));
    act::runs::reset_speed(app);
    arrive(app);
    act::address::push(app);
}

/// The state of the run on screen, where it is one by hand.
#[must_use]
pub fn here(app: App) -> Option<ByHand> {
    let run = app.current.get();
    app.by_hand.with(|by_hand| by_hand.clone().filter(|it| it.run == run))
}

/// Whether the run on screen is one by hand; once.
#[must_use]
pub fn is_here(app: App) -> bool {
    let run = app.current.get_untracked();
    app.by_hand.with_untracked(|it| it.as_ref().is_some_and(|it| it.run == run))
}

/// Makes a choice.
pub fn choose(app: App, text: String) {
    app.menu.set(None);
    let Some(mut by_hand) = app.by_hand.get_untracked() else { return };
    by_hand.schedule.push(text);
    by_hand.undone.clear();
    go(app, by_hand);
}

/// Takes the last choice back.
pub fn undo(app: App) {
    let Some(mut by_hand) = app.by_hand.get_untracked() else { return };
    let Some(last) = by_hand.schedule.pop() else { return };
    by_hand.undone.push(last);
    go(app, by_hand);
}

/// Makes the choice again that was taken back last.
pub fn redo(app: App) {
    let Some(mut by_hand) = app.by_hand.get_untracked() else { return };
    let Some(next) = by_hand.undone.pop() else { return };
    by_hand.schedule.push(next);
    go(app, by_hand);
}

/// Takes back all choices but the first so many.
pub fn rewind(app: App, to: usize) {
    let Some(mut by_hand) = app.by_hand.get_untracked() else { return };
    while by_hand.schedule.len() > to {
        by_hand.undone.extend(by_hand.schedule.pop());
    }
    go(app, by_hand);
}

/// A choice of the schedule, in words.
#[must_use]
pub fn recalled(app: App, text: &str) -> String {
    let words = app.run_now(|run| recall(run.cast(), text).ok());
    words.flatten().unwrap_or_else(|| text.to_owned())
}

/// Leaves the run as it is: a schedule among the runs.
pub fn end(app: App) {
    app.by_hand.set(None);
    app.lab.update_value(|lab| lab.shortest = None);
    act::address::write_soon(app);
}

/// Opens the shortest schedule that was found, as a run of its own.
pub fn show_shortest(app: App) {
    let shortest = app.by_hand.with_untracked(|it| it.as_ref().map(|it| it.shortest.clone()));
    let Some(Shortest::Found { schedule, title }) = shortest else { return };
    let Some(scenario) = crate::cmd::scenario(app) else { return };
    let input = RunInput { schedule: Some(schedule), ..RunInput::of(scenario) };
    act::runs::open_once(app, input, &format!("shortest: {title}"));
}

/// What a choice would do, in a sentence.
#[must_use]
pub fn outcome(app: App, text: &str) -> String {
    let scenario = crate::cmd::scenario(app);
    let told = app
        .by_hand
        .with_untracked(|by_hand| foretell(&scenario?, &by_hand.as_ref()?.schedule, text).ok());
    told.filter(|told| !told.is_empty()).unwrap_or_else(|| text.to_owned())
}

/// Plays the schedule anew and asks what can happen next.
fn go(app: App, mut by_hand: ByHand) {
    let Some(scenario) =
        app.lab.with_value(|lab| lab.run(by_hand.run).map(|run| run.input().scenario.clone()))
    else {
        // The run gave way to newer ones in the list.
        return end(app);
    };
    let stands = match hand(&scenario, &by_hand.schedule) {
        Ok(stands) => stands,
        Err(problems) => {
            let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
            return act::runs::complain(app, "That cannot happen here", &lines);
        }
    };
    let input = RunInput { schedule: Some(by_hand.schedule.clone()), ..RunInput::of(scenario) };
    let Ok(mut session) = lab::open(input) else { return };
    while session.run_slice(1_000) == RunState::Running {}
    app.lab.update_value(|lab| {
        lab.current = by_hand.run;
        lab.replace(by_hand.run, session);
    });
    let was_broken = by_hand.hand.broken.first().cloned();
    let broken = stands.broken.first().cloned();
    by_hand.hand = Arc::new(stands);
    let asks = broken.is_some() && (broken != was_broken || by_hand.shortest == Shortest::NotAsked);
    if broken.is_none() {
        by_hand.shortest = Shortest::NotAsked;
        app.lab.update_value(|lab| lab.shortest = None);
    }
    let run = by_hand.run;
    app.by_hand.set(Some(by_hand));
    app.current.set(run);
    arrive(app);
    if let (true, Some((id, title))) = (asks, broken) {
        search(app, id, title);
    }
}

/// After the run has changed: the moment is its end.
fn arrive(app: App) {
    act::select::whole(app);
    app.playing.set(false);
    act::time::grow(app, 40.0);
    app.rev.update(|rev| *rev += 1);
    act::runs::list(app);
    act::time::put(app, u32::MAX);
    act::look::fit_axis(app);
    act::address::write_soon(app);
}

/// Looks for the shortest schedule that breaks a property, in the worker.
fn search(app: App, id: String, title: String) {
    let Some(scenario) = crate::cmd::scenario(app) else { return };
    let request = CheckRequest {
        properties: Some(vec![id]),
        max_states: Some(STATES_MAX),
        ..CheckRequest::default()
    };
    let ask = Ask::Check { scenario: text::short(&scenario), request };
    tell(app, Shortest::Searching { title: title.clone() });
    let job = Job::begin(ask, move |news| heard(app, &title, news));
    app.lab.update_value(|lab| lab.shortest = Some(job));
}

fn tell(app: App, shortest: Shortest) {
    app.by_hand.update(|by_hand| {
        if let Some(by_hand) = by_hand {
            by_hand.shortest = shortest;
        }
    });
}

fn heard(app: App, title: &str, news: News) {
    let title = title.to_owned();
    let found = match news {
        News::Began(_) => return,
        News::Told(told) => {
            let Known::Check(report) = told.known else { return };
            let schedule = report
                .properties
                .iter()
                .find(|property| property.title == title)
                .and_then(|property| property.counterexample.clone());
            match schedule {
                Some(schedule) => Shortest::Found { title, schedule },
                None if told.last => {
                    Shortest::Undecided { title, why: report.coverage.words().to_owned() }
                }
                None => return,
            }
        }
        News::Refused(lines) => Shortest::Undecided { title, why: lines.join("; ") },
        News::Broke(why) => Shortest::Undecided { title, why },
    };
    tell(app, found);
    app.lab.update_value(|lab| lab.shortest = None);
}
