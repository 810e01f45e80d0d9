//! Comparing couplings, in slices.

use interleave_engine::compare::{self, Comparison, Request};
use interleave_engine::scenario::document::Coupling;
use interleave_engine::scenario::{Problem, Scenario};
use leptos::prelude::*;

use crate::act;
use crate::catalog;
use crate::platform::{clock, panic};
use crate::state::{App, CompareForm, Compared, Mode};

/// The fewest and the most couplings side by side on the page.
pub const COUPLINGS: [usize; 2] = [2, 4];
/// The most seeds on the page.
pub const SEEDS_MAX: u32 = 200;
/// How long one slice may take: short enough that no key press waits for it.
const SLICE_MS: f64 = 24.0;
/// How often the table on screen changes.
const REPORT_EVERY_MS: f64 = 400.0;

/// The name of a coupling in the form: a pattern's, or `write+read+store`.
fn name(coupling: &Coupling) -> String {
    let of_parts = || {
        let parts = catalog::parts(coupling);
        format!("{}+{}+{}", parts.write, parts.read, parts.store)
    };
    catalog::name_of(coupling).map_or_else(of_parts, str::to_owned)
}

/// The couplings that can be chosen for a scenario: the named patterns that run it, and its own.
fn offered(scenario: &Scenario) -> Vec<String> {
    let mut offered: Vec<String> = compare::couplings_that_run(scenario).iter().map(name).collect();
    let own = name(&scenario.coupling);
    if !offered.contains(&own) {
        offered.push(own);
    }
    offered
}

/// The form for the scenario on screen: its own coupling and another, twenty seeds.
pub fn form_of(app: App) {
    let Some(scenario) = crate::cmd::scenario(app) else { return };
    let offered = offered(&scenario);
    let own = name(&scenario.coupling);
    let other = offered.iter().find(|it| **it != own).cloned();
    let chosen = std::iter::once(own).chain(other).collect();
    app.compare_form.set(CompareForm { offered, chosen, seeds: 20 });
}

/// Chooses a coupling, or no longer.
pub fn toggle(app: App, coupling: &str) {
    app.compare_form.update(|form| match form.chosen.iter().position(|it| it == coupling) {
        Some(at) => {
            form.chosen.remove(at);
        }
        None if form.chosen.len() < COUPLINGS[1] => form.chosen.push(coupling.to_owned()),
        None => {}
    });
}

/// So many seeds.
pub fn seeds(app: App, seeds: u32) {
    app.compare_form.update(|form| form.seeds = seeds.clamp(1, SEEDS_MAX));
}

/// Starts the comparison over the scenario on screen.
pub fn start(app: App) {
    app.first.set(false);
    app.mode.set(Mode::Compare);
    act::time::pause(app);
    let form = app.compare_form.get_untracked();
    let Some(scenario) = crate::cmd::scenario(app) else { return };
    let couplings: Result<Vec<Coupling>, Problem> =
        form.chosen.iter().map(|name| compare::coupling_named(name)).collect();
    let seeds = compare::seeds_from(scenario.seed, form.seeds);
    let begun = couplings
        .map_err(|problem| vec![problem])
        .and_then(|couplings| Comparison::new(Request { scenario, couplings, seeds }));
    match begun {
        Ok(comparison) => {
            app.lab.update_value(|lab| lab.comparison = Some(comparison));
            app.comparing.set(true);
            tell(app);
            clock::soon(move || slice(app, 64, clock::now_ms()));
        }
        Err(problems) => {
            let lines: Vec<String> = problems.iter().map(Problem::to_string).collect();
            act::runs::complain(app, "The comparison did not start", &lines);
        }
    }
}

/// One slice of the work, then the next one after the browser has served its inputs.
fn slice(app: App, budget: u32, told_ms: f64) {
    if panic::is_dead() || !app.comparing.try_get_untracked().unwrap_or(false) {
        return;
    }
    let began = clock::now_ms();
    let sliced = app.lab.try_update_value(|lab| Some(lab.comparison.as_mut()?.step(budget)));
    let Some(Some(done)) = sliced else { return };
    let now = clock::now_ms();
    if done {
        app.comparing.set(false);
        // A question that ships goes on with its sweep.
        if app.question.get_untracked().is_some() {
            act::sweep::start(app);
        }
    }
    let due = done || now - told_ms > REPORT_EVERY_MS;
    if due {
        tell(app);
    }
    if done {
        return;
    }
    // As much as fits into a slice at the pace of this one; never a jump by more than double.
    let pace = (SLICE_MS / (now - began).max(0.05)).clamp(0.25, 2.0);
    let budget = ((f64::from(budget) * pace) as u32).clamp(1, 1_000_000);
    let told_ms = if due { now } else { told_ms };
    clock::soon(move || slice(app, budget, told_ms));
}

/// Puts what is known so far on screen.
fn tell(app: App) {
    let known = app.lab.with_value(|lab| {
        let comparison = lab.comparison.as_ref()?;
        Some(Compared { report: comparison.report(), progress: comparison.progress() })
    });
    app.compared.set(known);
}

/// Stops the comparison; what it knows so far stays.
pub fn stop(app: App) {
    app.comparing.set(false);
    tell(app);
    act::sweep::stop(app);
}
