//! What `check --why` says about each property that is broken, and `--samples` about those that hold.

use interleave_engine::ids::EventIx;
use interleave_engine::link::Link;
use interleave_engine::session::{CheckReport, CheckRequest, RunInput};
use interleave_engine::views::format;
use interleave_engine::why::{
    Measure, Minimal, Passing, Remedy, Samples, SamplesRequest, Slice, Verdict, Why, WhyReport,
    WhyRequest, Work,
};
use serde::Serialize;

use crate::args::CheckArgs;
use crate::failure::BadInput;
use crate::input::Input;
use crate::output::Output;
use crate::replay;

/// States, or choices, between two looks at whether all is done.
const SLICE: u32 = 10_000;

/// What is told beyond the verdicts.
#[derive(Serialize)]
pub struct More {
    why: Option<Vec<Explained>>,
    samples: Option<Sampled>,
}

/// Why a property is broken, as JSON has it.
#[derive(Serialize)]
struct Explained {
    property: String,
    title: String,
    why: String,
    bounds: String,
    states_each: u64,
    states: u64,
    slice: Slice,
    faults: Vec<interleave_engine::why::FaultWhy>,
    minimal: Minimal,
    passing: Passing,
    passing_link: Option<String>,
    remedies: Vec<Mended>,
}

/// A remedy as JSON has it: with a link to the changed scenario instead of the whole document.
#[derive(Serialize)]
struct Mended {
    path: String,
    title: String,
    about: String,
    coupling: bool,
    verdict: Verdict,
    without_effect: bool,
    link: String,
}

/// Runs that come close, as JSON has them.
#[derive(Serialize)]
struct Sampled {
    walks: u32,
    at_rest: u32,
    runs: Vec<Run>,
}

#[derive(Serialize)]
struct Run {
    measure: Measure,
    value: u64,
    words: String,
    event: u32,
    length: usize,
    /// Properties that hold by the check and are broken here: it was not complete.
    broken: Vec<String>,
    link: String,
    schedule: Vec<String>,
}

impl More {
    /// Explains every property that is broken, and draws runs for those that hold, as far as that is
    /// asked for.
    ///
    /// # Errors
    /// Where a schedule cannot be replayed.
    pub fn of(
        input: &Input,
        args: &CheckArgs,
        request: &CheckRequest,
        report: &CheckReport,
    ) -> Result<Self, BadInput> {
        let why = args.why.then(|| explain_all(input, args, request, report)).transpose()?;
        let samples = args.samples.then(|| sample(input, args, request, report)).transpose()?;
        Ok(Self { why, samples })
    }

    /// Prints it for people.
    pub fn print(&self, out: &mut Output) {
        let explained = self.why.as_deref().unwrap_or_default();
        for (ix, one) in explained.iter().enumerate() {
            one.print(explained[..ix].iter().find(|earlier| earlier.tells_the_same(one)), out);
        }
        if let Some(samples) = &self.samples {
            samples.print(out);
        }
    }
}

fn explain_all(
    input: &Input,
    args: &CheckArgs,
    request: &CheckRequest,
    report: &CheckReport,
) -> Result<Vec<Explained>, BadInput> {
    let broken = report.properties.iter().filter_map(|of| Some((of, of.counterexample.clone()?)));
    let explain = |(of, schedule): (&interleave_engine::session::CheckedProperty, Vec<String>)| {
        let request = WhyRequest {
            scenario: input.link.scenario.clone(),
            check: request.clone(),
            property: of.id.clone(),
            title: of.title.clone(),
            schedule,
            states_each: args.why_states,
        };
        let bad = |problems| BadInput::of(&input.from, problems);
        let mut why = Why::new(&request).map_err(bad)?;
        while !why.run_slice(SLICE) {}
        Explained::of(input, args, why.report())
    };
    broken.map(explain).collect()
}

impl Explained {
    fn of(input: &Input, args: &CheckArgs, report: WhyReport) -> Result<Self, BadInput> {
        let base = args.base.as_deref();
        let passing_link = match &report.passing.schedule {
            None => None,
            Some(schedule) => {
                let mut scenario = input.link.scenario.clone();
                if report.passing.without_document_faults {
                    scenario.faults.clear();
                }
                let schedule = Some(schedule.clone());
                let run =
                    replay::play(&input.from, &RunInput { schedule, ..RunInput::of(scenario) })?;
                let cursor = report.passing.event.map(EventIx);
                Some(replay::link_text(base, &replay::link_to(run.as_ref(), cursor)))
            }
        };
        let mended = |remedy: Remedy| Mended {
            link: replay::link_text(base, &Link::of(remedy.scenario)),
            path: remedy.path,
            title: remedy.title,
            about: remedy.about,
            coupling: remedy.coupling,
            verdict: remedy.verdict,
            without_effect: remedy.without_effect,
        };
        Ok(Self {
            property: report.property,
            title: report.title,
            why: report.why,
            bounds: report.bounds,
            states_each: report.states_each,
            states: report.states,
            slice: report.slice,
            faults: report.faults,
            minimal: report.minimal,
            passing: report.passing,
            passing_link,
            remedies: report.remedies.into_iter().map(mended).collect(),
        })
    }

    /// Whether another property breaks by the same events, and all that is said of them is the same.
    fn tells_the_same(&self, other: &Self) -> bool {
        self.slice.story == other.slice.story
            && self.faults == other.faults
            && self.minimal.words == other.minimal.words
            && self.passing == other.passing
    }

    fn print(&self, same: Option<&Self>, out: &mut Output) {
        out.line("");
        out.line(format!("Why {} is broken: {}", self.title, self.why));
        if let Some(same) = same {
            out.line(format!("      by the same events as {}", same.title));
        } else {
            self.print_slice(out);
            self.print_faults(out);
            self.print_passing(out);
        }
        self.print_remedies(out);
    }

    fn print_slice(&self, out: &mut Output) {
        for (number, line) in (1..).zip(&self.slice.story) {
            let between = if line.detail.is_empty() { "" } else { " · " };
            let mark = if line.failed { " (!)" } else { "" };
            out.line(format!("{number:>4}  {}{mark}{between}{}", line.title, line.detail));
        }
        let (slice, trace) = (self.slice.events.len(), self.slice.trace);
        out.line(format!("      {slice} of {trace} events led to it"));
    }

    fn print_faults(&self, out: &mut Output) {
        out.line(format!("   Faults: {}", self.minimal.words));
        for fault in &self.faults {
            out.line(format!("      step {}: {}", fault.step, fault.words));
            out.line(format!("        without it: {}", verdict(&fault.without)));
            let same = match fault.same_schedule_holds {
                Some(true) => "passes",
                Some(false) => "still breaks it",
                None => "does not come to rest",
            };
            let skipped = match fault.same_schedule_skipped {
                0 => String::new(),
                count => format!(
                    ", of which {} then cannot be made",
                    format::counted(count.into(), "choice", "choices")
                ),
            };
            out.line(format!("        this very schedule without it{skipped}: {same}"));
        }
    }

    fn print_passing(&self, out: &mut Output) {
        let passing = &self.passing;
        if passing.schedule.is_none() {
            out.line(match passing.work {
                Work::Cut => "   Nearest run that passes: none was found within the states tried",
                _ => "   Nearest run that passes: there is none without a further fault",
            });
            return;
        }
        let without = if passing.without_document_faults {
            ", without the faults that the scenario names"
        } else {
            ""
        };
        let at_least = if passing.work == Work::Cut { "at least " } else { "" };
        out.line(format!(
            "   Nearest run that passes: the same for {at_least}{}{without}; then",
            format::counted(passing.shared.into(), "choice", "choices")
        ));
        out.line(format!("      passes: {}", passing.here));
        out.line(format!("      breaks: {}", passing.there));
        if let Some(link) = &self.passing_link {
            out.line(format!("      {link}"));
        }
    }

    fn print_remedies(&self, out: &mut Output) {
        out.line("   What to switch:");
        let rank = |of: &Mended| match of.verdict {
            Verdict::Holds { .. } => 0,
            Verdict::NothingToBreak => 1,
            Verdict::Undecided { .. } | Verdict::Pending => 2,
            Verdict::Broken { .. } => 3,
        };
        let mut tried: Vec<&Mended> =
            self.remedies.iter().filter(|of| !of.without_effect).collect();
        tried.sort_by_key(|of| rank(of));
        let width = tried.iter().map(|of| of.title.chars().count()).max().unwrap_or(0);
        for remedy in tried {
            out.line(format!("      {:<width$}  {}", remedy.title, verdict(&remedy.verdict)));
        }
        let idle: Vec<&str> = self
            .remedies
            .iter()
            .filter(|of| of.without_effect)
            .map(|of| of.title.as_str())
            .collect();
        if !idle.is_empty() {
            out.line(format!("      Changes nothing in this schedule: {}", idle.join(", ")));
        }
    }
}

fn verdict(of: &Verdict) -> String {
    let states = |count: u64| format::counted(count, "state", "states");
    match of {
        Verdict::Pending => "not checked".to_owned(),
        Verdict::Holds { states: count } => format!("holds, complete, {}", states(*count)),
        Verdict::Broken { schedule, states: 0 } => {
            format!("still broken by the same {} choices", schedule.len())
        }
        Verdict::Broken { schedule, states: count } => {
            let length = format::counted(schedule.len() as u64, "choice", "choices");
            format!("still broken, in {length}, after {}", states(*count))
        }
        Verdict::Undecided { states: count } => format!("not decided within {}", states(*count)),
        Verdict::NothingToBreak => "there the property has nothing to say".to_owned(),
    }
}

fn sample(
    input: &Input,
    args: &CheckArgs,
    request: &CheckRequest,
    report: &CheckReport,
) -> Result<Sampled, BadInput> {
    let asked = SamplesRequest {
        scenario: input.link.scenario.clone(),
        check: request.clone(),
        property: None,
        walks: args.walks,
        seed: args.walk_seed,
    };
    let mut samples =
        Samples::new(&asked).map_err(|problems| BadInput::of(&input.from, problems))?;
    while !samples.run_slice(SLICE) {}
    let found = samples.report();
    let mut runs = Vec::new();
    for sample in found.samples {
        let schedule = Some(sample.schedule.clone());
        let from = RunInput { schedule, ..RunInput::of(input.link.scenario.clone()) };
        let run = replay::play(&input.from, &from)?;
        let said = run.properties();
        let held = report.properties.iter().filter(|of| of.holds);
        let broken = held.filter(|of| {
            said.iter().any(|here| here.id == of.id && here.title == of.title && !here.holds())
        });
        let link = replay::link_to(run.as_ref(), Some(EventIx(sample.event)));
        runs.push(Run {
            measure: sample.measure,
            value: sample.value,
            words: sample.words,
            event: sample.event,
            length: sample.schedule.len(),
            broken: broken.map(|of| of.title.clone()).collect(),
            link: replay::link_text(args.base.as_deref(), &link),
            schedule: sample.schedule,
        });
    }
    Ok(Sampled { walks: found.walks, at_rest: found.at_rest, runs })
}

impl Sampled {
    fn print(&self, out: &mut Output) {
        out.line("");
        let drawn = format::counted(self.walks.into(), "run", "runs");
        out.line(format!(
            "Runs that come closest to breaking what holds ({drawn} drawn, {} at rest):",
            format::count(self.at_rest.into())
        ));
        for (number, run) in (1..).zip(&self.runs) {
            out.line(format!("{number:>4}  {}", run.words));
            if !run.broken.is_empty() {
                out.line(format!("      breaks what the check had not: {}", run.broken.join(", ")));
            }
            out.line(format!("      {}", run.link));
        }
    }
}
