//! Why a property is broken, and how nearly one that holds is: asked for a property of the check.

use std::sync::Arc;

use interleave_engine::scenario::Scenario;
use interleave_engine::session::RunInput;
use interleave_engine::why::{SamplesReport, SamplesRequest, Why, WhyReport, WhyRequest};
use leptos::prelude::*;

use crate::act;
use crate::job::{Job, News};
use crate::search::message::{Ask, Known};
use crate::state::{Answer, App, Explained, Led, Mode};

/// The most states of each further check: enough for a shipped scenario, over in seconds.
const STATES_EACH: u64 = 30_000;
/// How many runs are drawn to find those that come closest.
const WALKS: u32 = 2_000;
/// What the draws begin with; fixed, so that everybody sees the same runs.
const SEED: u64 = 1;

/// The longest schedule, in choices, of which the slice is made on the page.
const SLICED_AT_ONCE: usize = 60;

/// Asks for a property of the check, or no longer.
pub fn ask(app: App, property: usize, open: bool) {
    let is_asked = app.whys.with_untracked(|whys| whys.iter().any(|it| it.property == property));
    if open == is_asked {
        return;
    }
    if !open {
        app.lab.update_value(|lab| lab.whys.retain(|(it, _)| *it != property));
        app.whys.update(|whys| whys.retain(|it| it.property != property));
        return;
    }
    let Some((ask, answer)) = request(app, property) else { return };
    let explained = Explained { property, answer, revisions: [0; SECTIONS], ended: None };
    app.whys.update(|whys| whys.push(explained));
    let job = Job::begin(ask, move |news| heard(app, property, news));
    app.lab.update_value(|lab| lab.whys.push((property, job)));
}

/// Forgets all that was asked: another check begins.
pub fn forget(app: App) {
    app.lab.update_value(|lab| lab.whys.clear());
    app.whys.set(Vec::new());
}

/// What is to be found out of a property.
fn request(app: App, property: usize) -> Option<(Ask, Answer)> {
    app.check.with_untracked(|check| {
        let check = check.as_ref()?;
        let found = check.report.properties.get(property)?.clone();
        let scenario = Scenario::clone(&check.scenario);
        let request = check.request.clone();
        let states_each = request.max_states.map_or(STATES_EACH, |most| most.min(STATES_EACH));
        Some(match found.counterexample {
            Some(schedule) => {
                let (property, title) = (found.id, found.title);
                let why =
                    WhyRequest { scenario, check: request, property, title, schedule, states_each };
                (Ask::Why(Box::new(why)), Answer::Why(Box::default()))
            }
            None => {
                let property = Some((found.id, found.title));
                let samples =
                    SamplesRequest { scenario, check: request, property, walks: WALKS, seed: SEED };
                (Ask::Samples(Box::new(samples)), Answer::Samples(Box::default()))
            }
        })
    })
}

/// The parts of an answer that are drawn by themselves.
pub const SECTIONS: usize = 6;

/// Which parts of an answer are another now.
fn differs(old: &Answer, new: &Answer) -> [bool; SECTIONS] {
    match (old, new) {
        (Answer::Why(old), Answer::Why(new)) => [
            old.slice.story != new.slice.story || old.why != new.why,
            old.faults != new.faults,
            old.minimal != new.minimal,
            old.passing != new.passing,
            old.remedies != new.remedies,
            old.states != new.states || old.done != new.done,
        ],
        (Answer::Samples(old), Answer::Samples(new)) => {
            let head = old.walks != new.walks || old.done != new.done;
            [old.samples != new.samples || old.broke != new.broke, false, false, false, false, head]
        }
        _ => [true; SECTIONS],
    }
}

fn heard(app: App, property: usize, news: News) {
    let change = |change: &mut dyn FnMut(&mut Explained)| {
        app.whys.update(|whys| {
            if let Some(it) = whys.iter_mut().find(|it| it.property == property) {
                change(it);
            }
        });
    };
    let (ended, answer) = match news {
        News::Began(_) => return,
        News::Told(told) => {
            let answer = match told.known {
                Known::Why(report) => Answer::Why(report),
                Known::Samples(report) => Answer::Samples(report),
                Known::Check(_) | Known::Isolation(_) => return,
            };
            (told.last.then(String::new), Some(answer))
        }
        News::Refused(lines) => (Some(lines.join("; ")), None),
        News::Broke(why) => (Some(format!("It ended early: {why}")), None),
    };
    let over = ended.is_some();
    let mut answer = answer;
    change(&mut |it| {
        if let Some(answer) = answer.take() {
            for (revision, differs) in it.revisions.iter_mut().zip(differs(&it.answer, &answer)) {
                *revision += u32::from(differs);
            }
            it.answer = answer;
        }
        if over {
            it.ended = ended.clone();
            it.revisions[SECTIONS - 1] += 1;
        }
    });
    if over {
        act::check::say(app, "The explanation is complete".into());
        app.lab.update_value(|lab| lab.whys.retain(|(it, _)| *it != property));
    }
}

/// A run that an answer names.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Named {
    /// The counterexample, at an event.
    Broken(u32),
    /// The nearest run that passes, where it parts.
    Passing,
    /// A schedule that breaks it without this fault.
    Without(usize),
    /// A schedule that breaks it with the fewest faults.
    Minimal,
    /// A schedule that breaks it in spite of this remedy.
    InSpite(usize),
    /// A run that comes close.
    Sample(usize),
    /// A run that broke it after all.
    Broke,
}

/// Opens a run that an answer names, at the event that matters.
pub fn open(app: App, property: usize, named: Named) {
    let found = app.check.with_untracked(|check| {
        let check = check.as_ref()?;
        let checked = check.report.properties.get(property)?;
        app.whys.with_untracked(|whys| {
            let it = whys.iter().find(|it| it.property == property)?;
            let found = match &it.answer {
                Answer::Why(why) => {
                    of_why(why, named, &check.scenario, checked.counterexample.as_ref()?)
                }
                Answer::Samples(samples) => of_samples(samples, named, &check.scenario),
            };
            found.map(|(scenario, schedule, name, event)| {
                let input = RunInput { schedule: Some(schedule), ..RunInput::of(scenario) };
                (input, format!("{name}: {}", checked.title), event)
            })
        })
    });
    if let Some((input, name, event)) = found {
        show(app, input, &name, event);
        if matches!(named, Named::Broken(_)) {
            remember_slice(app, property);
        }
    }
}

type Found = (Scenario, Vec<String>, &'static str, Option<u32>);

fn of_why(
    why: &WhyReport,
    named: Named,
    scenario: &Arc<Scenario>,
    broken: &[String],
) -> Option<Found> {
    use interleave_engine::why::Verdict;
    let same = || Scenario::clone(scenario);
    Some(match named {
        Named::Broken(event) => (same(), broken.to_vec(), "counterexample", Some(event)),
        Named::Passing => (same(), why.passing.schedule.clone()?, "passes", why.passing.event),
        Named::Minimal => (same(), why.minimal.schedule.clone(), "fewest faults", None),
        Named::Without(fault) => match &why.faults.get(fault)?.without {
            Verdict::Broken { schedule, .. } => {
                (same(), schedule.clone(), "without that fault", None)
            }
            _ => return None,
        },
        Named::InSpite(remedy) => {
            let remedy = why.remedies.get(remedy)?;
            match &remedy.verdict {
                Verdict::Broken { schedule, .. } => {
                    (remedy.scenario.clone(), schedule.clone(), "in spite of it", None)
                }
                _ => return None,
            }
        }
        Named::Sample(_) | Named::Broke => return None,
    })
}

fn of_samples(samples: &SamplesReport, named: Named, scenario: &Arc<Scenario>) -> Option<Found> {
    let (schedule, name, event) = match named {
        Named::Sample(at) => {
            let sample = samples.samples.get(at)?;
            (sample.schedule.clone(), "comes close", Some(sample.event))
        }
        Named::Broke => (samples.broke.clone()?, "broken after all", None),
        _ => return None,
    };
    Some((Scenario::clone(scenario), schedule, name, event))
}

/// Opens a run at an event, or goes to it where it is in the list already.
fn show(app: App, input: RunInput, name: &str, event: Option<u32>) {
    app.mode.set(Mode::Watch);
    act::runs::open_once(app, input, name);
    act::time::grow_to(app, u32::MAX - 1);
    act::runs::list(app);
    match event {
        Some(event) => act::time::explain(app, event),
        None => {
            let broken = app.run_now(|run| run.reports.iter().position(|report| !report.holds()));
            match broken.flatten() {
                Some(property) => act::time::show_violation(app, property),
                None => act::time::seek_by_hand(app, u32::MAX),
            }
        }
    }
}

/// Lets all stand back but what led to the violation, or no longer.
pub fn only_led(app: App, only: bool) {
    app.led.update(|led| {
        if let Some(led) = led {
            led.only = only;
        }
    });
}

/// Remembers what led to the violation that the run on screen shows.
pub fn remember_slice(app: App, property: usize) {
    let known = app.whys.with_untracked(|whys| {
        let it = whys.iter().find(|it| it.property == property)?;
        match &it.answer {
            Answer::Why(why) if !why.slice.events.is_empty() => Some(why.slice.clone()),
            _ => None,
        }
    });
    let slice = known.or_else(|| match request(app, property)? {
        // A long one is left to the worker; a short one is sliced at once.
        (Ask::Why(request), _) if request.schedule.len() <= SLICED_AT_ONCE => {
            Why::new(&request).ok().map(|why| why.report().slice)
        }
        _ => None,
    });
    let run = app.current.get_untracked();
    app.led.set(slice.map(|slice| Led {
        run,
        events: Arc::new(slice.events.iter().map(|it| it.event).collect()),
        only: true,
    }));
}

/// Applies a remedy: the scenario on screen is the one with it.
pub fn apply(app: App, property: usize, remedy: usize) {
    let found = app.whys.with_untracked(|whys| {
        let it = whys.iter().find(|it| it.property == property)?;
        match &it.answer {
            Answer::Why(why) => {
                why.remedies.get(remedy).map(|it| (it.title.clone(), it.scenario.clone()))
            }
            Answer::Samples(_) => None,
        }
    });
    let Some((title, scenario)) = found else { return };
    act::runs::open_beside(app, RunInput::of(scenario), &format!("+ {title}"));
    act::time::grow_to(app, 0);
    act::look::toast(app, format!("Applied: {title}. The scenario on screen has it now."));
}
