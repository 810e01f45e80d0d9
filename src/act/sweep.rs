//! A sweep of one parameter in slices, the comparisons that ship, and the decision record.

use interleave_engine::compare::record::{Record, markdown};
use interleave_engine::compare::{self, Decision, Parameter, Sweep, SweepRequest, parse_sweep};
use interleave_engine::link::{self, Link};
use interleave_engine::scenario::document::Coupling;
use interleave_engine::scenario::{self, Problem};
use interleave_engine::session;
use leptos::prelude::*;

use crate::act;
use crate::platform::{clipboard, clock, file, panic};
use crate::state::{App, Mode, SweepForm};

/// How long one slice may take: short enough that no key press waits for it.
const SLICE_MS: f64 = 24.0;
/// How often the chart on screen changes.
const REPORT_EVERY_MS: f64 = 400.0;
/// The figure that is looked at first: how long a transaction takes in all.
const FIGURE: &str = "end_us.p50";

/// The form for the scenario on screen: the round trip in its usual range.
pub fn form_of(app: App) {
    let Some(scenario) = crate::cmd::scenario(app) else { return };
    let parameter = Parameter::RoundTrip;
    let (from, to, count) = parameter.usual(&scenario);
    let values = range_text(from, to, count);
    app.sweep_form.set(SweepForm { parameter, values, metric: FIGURE.to_owned() });
    app.swept.set(None);
    app.question.set(None);
}

fn range_text(from: f64, to: f64, count: u32) -> String {
    format!("{from}..{to}:{count}")
}

/// Another parameter, in its usual range.
pub fn parameter(app: App, parameter: Parameter) {
    let Some(scenario) = crate::cmd::scenario(app) else { return };
    let (from, to, count) = parameter.usual(&scenario);
    app.sweep_form.update(|form| {
        form.parameter = parameter;
        form.values = range_text(from, to, count);
    });
}

/// Other values, as a person writes them.
pub fn values(app: App, text: String) {
    app.sweep_form.update(|form| form.values = text);
}

/// Another figure.
pub fn metric(app: App, metric: String) {
    app.sweep_form.update(|form| form.metric = metric);
}

/// Starts the sweep over the scenario on screen.
pub fn start(app: App) {
    let Some(scenario) = crate::cmd::scenario(app) else { return };
    let form = app.sweep_form.get_untracked();
    let chosen = app.compare_form.get_untracked();
    let couplings: Result<Vec<Coupling>, Problem> =
        chosen.chosen.iter().map(|name| compare::coupling_named(name)).collect();
    let values = parse_sweep(&format!("{}={}", form.parameter.id(), form.values));
    let seeds = compare::seeds_from(scenario.seed, chosen.seeds);
    let begun = couplings
        .and_then(|couplings| Ok((couplings, values?.1)))
        .map_err(|problem| vec![problem])
        .and_then(|(couplings, values)| {
            let (parameter, metric) = (form.parameter, form.metric);
            Sweep::new(SweepRequest { scenario, couplings, seeds, parameter, values, metric })
        });
    match begun {
        Ok(sweep) => {
            app.lab.update_value(|lab| lab.sweep = Some(sweep));
            app.sweeping.set(true);
            app.banner.set(None);
            tell(app);
            act::address::write_soon(app);
            clock::soon(move || slice(app, 64, clock::now_ms()));
        }
        Err(problems) => {
            let lines: Vec<String> = problems.iter().map(Problem::to_string).collect();
            act::runs::complain(app, "The sweep did not start", &lines);
        }
    }
}

/// One slice of the work, then the next one after the browser has served its inputs.
fn slice(app: App, budget: u32, told_ms: f64) {
    if panic::is_dead() || !app.sweeping.try_get_untracked().unwrap_or(false) {
        return;
    }
    let began = clock::now_ms();
    let sliced = app.lab.try_update_value(|lab| Some(lab.sweep.as_mut()?.step(budget)));
    let Some(Some(done)) = sliced else { return };
    let now = clock::now_ms();
    let due = done || now - told_ms > REPORT_EVERY_MS;
    if done {
        app.sweeping.set(false);
    }
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

fn tell(app: App) {
    app.swept.set(app.lab.with_value(|lab| Some(lab.sweep.as_ref()?.report())));
}

/// Stops the sweep; what it knows so far stays.
pub fn stop(app: App) {
    app.sweeping.set(false);
    tell(app);
}

/// Asks a question that ships: its scenario, its couplings, the table and then the sweep.
pub fn decide(app: App, decision: &'static Decision) {
    if scenario::by_name(decision.scenario).is_none() {
        return;
    }
    act::runs::open_shipped(app, decision.scenario);
    app.mode.set(Mode::Compare);
    app.compare_form.update(|form| {
        form.chosen = decision.couplings.iter().map(|name| (*name).to_owned()).collect();
        form.seeds = decision.seeds;
    });
    let (from, to, count) = decision.range;
    app.sweep_form.set(SweepForm {
        parameter: decision.parameter,
        values: range_text(from, to, count),
        metric: decision.metric.to_owned(),
    });
    app.question.set(Some(decision));
    act::compare::start(app);
}

/// What the mode Compare is set to, for a link.
#[must_use]
pub fn parameter_text(app: App) -> String {
    let (form, sweep) = (app.compare_form.get_untracked(), app.sweep_form.get_untracked());
    format!(
        "{}/{}/{}:{}/{}",
        form.chosen.join(","),
        form.seeds,
        sweep.parameter.id(),
        sweep.values,
        sweep.metric
    )
}

/// Sets the mode Compare to what a link says; what makes no sense is passed over.
pub fn take_up(app: App, text: &str) {
    let mut parts = text.split('/');
    let (couplings, seeds) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let (sweep, metric) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    app.compare_form.update(|form| {
        let named = couplings.split(',').filter(|name| compare::coupling_named(name).is_ok());
        let named: Vec<String> =
            named.take(act::compare::COUPLINGS[1]).map(str::to_owned).collect();
        for name in &named {
            if !form.offered.contains(name) {
                form.offered.push(name.clone());
            }
        }
        if !named.is_empty() {
            form.chosen = named;
        }
        if let Ok(seeds) = seeds.parse::<u32>() {
            form.seeds = seeds.clamp(1, act::compare::SEEDS_MAX);
        }
    });
    if let Some((parameter, values)) = sweep.split_once(':')
        && let Some(parameter) = Parameter::of(parameter)
        && parse_sweep(&format!("{}={values}", parameter.id())).is_ok()
    {
        app.sweep_form.update(|form| {
            form.parameter = parameter;
            form.values = values.to_owned();
            if !metric.is_empty() {
                form.metric = metric.to_owned();
            }
        });
    }
}

/// The decision record of what is on screen, where a comparison is.
#[must_use]
pub fn record(app: App) -> Option<String> {
    let report = app.compared.with(|it| it.as_ref().map(|it| it.report.clone()))?;
    let sweep = app.swept.get();
    let question = app.question.get();
    let seeds = app.compare_form.with_untracked(|form| form.seeds);
    let scenario = crate::cmd::scenario(app)?;
    // A shipped scenario is known by its name; any other by a link, which the command line reads too.
    let shipped = scenario::shipped().iter().find(|it| {
        scenario::parse(it.json).is_ok_and(|shipped| {
            scenario::Scenario { coupling: scenario.coupling.clone(), ..shipped } == scenario
        })
    });
    let source = match shipped {
        Some(shipped) => shipped.name.to_owned(),
        None => format!("#{}", link::encode(&Link::of(scenario.clone()))),
    };
    let mut links = Vec::new();
    for column in &report.columns {
        let coupling = compare::coupling_named(&column.name).ok()?;
        let under = session::with_coupling(&scenario, coupling);
        let what = format!("{}, the run of seed {}, in the page", column.name, scenario.seed);
        links.push((what, format!("#{}", link::encode(&Link::of(under)))));
    }
    Some(markdown(&Record {
        question: question.map(|decision| decision.title),
        source: &source,
        scenario: &scenario,
        report: &report,
        first_seed: scenario.seed,
        seeds,
        sweep: sweep.as_ref(),
        checks: &[],
        links: &links,
        patterns: &session::patterns(),
    }))
}

/// Copies the record.
pub fn copy_record(app: App) {
    let Some(text) = untrack(|| record(app)) else { return };
    leptos::task::spawn_local(async move {
        let said = if clipboard::copy(&text).await {
            "Record copied"
        } else {
            "The browser did not allow copying; save it as a file instead"
        };
        act::look::toast(app, said.into());
    });
}

/// Saves the record as a file.
pub fn save_record(app: App) {
    let Some(text) = untrack(|| record(app)) else { return };
    if file::save("decision-record.md", &text).is_err() {
        act::look::toast(app, "The browser did not allow saving; copy it instead".into());
    }
}
