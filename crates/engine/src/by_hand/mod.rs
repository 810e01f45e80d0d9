//! A person as the scheduler: what can happen next after a schedule, in words, and what the properties say.
//!
//! The choices are those of the explorer, one by one, within the scenario's own bounds and fault budget. So
//! every schedule made by hand is a path of the explorer, "the shortest is 4" is about the same space, and
//! what a person does not find there is not hidden from the search either. A schedule is all there is to
//! remember: undoing a step is leaving out the last choice.

use std::rc::Rc;

use crate::cast::Cast;
use crate::choice::{Choice, ChoiceKind, Cut};
use crate::choice_text;
use crate::drivers::model::{Model, PropertyIx};
use crate::drivers::scenario_model::{ScenarioModel, State, total};
use crate::event::EventKind;
use crate::ids::{EventIx, NodeIx, TxnId};
use crate::patterns;
use crate::scenario::document::Budget;
use crate::scenario::{self, Problem, Scenario};
use crate::session::{self, RunInput, RunState};
use crate::views::story;

/// The longest schedule that can be made by hand, in choices.
pub const CHOICES_MAX: usize = 400;

/// Where a schedule has led, and how it can go on.
#[derive(Clone, PartialEq, Debug)]
pub struct Hand {
    /// What can happen next, in the explorer's order: first what needs no fault.
    pub next: Vec<Next>,
    /// What is left of the fault budget.
    pub left: Budget,
    /// Whether nothing but a fault can happen any more, and every node is up.
    pub at_rest: bool,
    /// The properties that are broken, by id and name on screen.
    pub broken: Vec<(String, String)>,
}

/// A choice that can be made.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Next {
    /// It as schedules and links carry it.
    pub text: String,
    /// It in words.
    pub words: String,
    /// Where it happens.
    pub node: NodeIx,
    /// Who sent what is handled, lost or copied.
    pub from: Option<NodeIx>,
    /// The transaction that it is about.
    pub txn: Option<TxnId>,
    /// Whether it costs a fault.
    pub fault: bool,
    /// What can go wrong with it: a crash between its effects, a lost reply, the loss or a copy of the
    /// message. [`foretell`] says in words what each does.
    pub variants: Vec<String>,
}

/// Where a schedule leads, and what can happen next.
///
/// # Errors
/// Everything that is wrong with the scenario; the first choice that cannot be made within its bounds.
pub fn hand(scenario: &Scenario, schedule: &[String]) -> Result<Hand, Vec<Problem>> {
    let problems = scenario::validate(scenario);
    if !problems.is_empty() {
        return Err(problems);
    }
    let (plan, parts) = patterns::plan(scenario).map_err(|problem| vec![problem])?;
    let plan = Rc::new(plan);
    let cast = Rc::clone(&plan.cast);
    let bounds = &scenario.explore;
    let arrivals = bounds.transactions.min(plan.arrivals());
    let budget = bounds.faults;
    let model = ScenarioModel::new(plan, parts, arrivals, budget, total(&budget), None);
    let state = play(&model, &cast, schedule).map_err(|problem| vec![problem])?;
    let at_rest = model.at_rest(&state);
    let mut lines = Vec::new();
    model.check(&state, at_rest, &mut |PropertyIx(line)| lines.push(usize::from(line)));
    lines.sort_unstable();
    lines.dedup();
    let monitor = model.monitor();
    let broken = lines.iter().filter_map(|line| monitor.lines().get(*line));
    let next =
        if schedule.len() < CHOICES_MAX { choices(&model, &cast, &state) } else { Vec::new() };
    Ok(Hand {
        next,
        left: state.world.budget,
        at_rest,
        broken: broken.map(|line| (line.id.to_owned(), line.title.clone())).collect(),
    })
}

/// Makes the choices of a schedule, each being one that the explorer would try there.
fn play(model: &ScenarioModel, cast: &Cast, schedule: &[String]) -> Result<State, Problem> {
    let mut state = None;
    model.initial(&mut |initial| state = Some(initial));
    let mut state = state.ok_or_else(|| {
        Problem::new("schedule", "the scenario has no beginning", "this is a mistake of the engine")
    })?;
    for (step, text) in (1..).zip(schedule) {
        let wanted = choice_text::parse(cast, text)?;
        let mut found = None;
        model.successors(&state, &mut |taken, next| {
            if taken.choice == wanted {
                found = Some(next);
            }
        });
        state = found.ok_or_else(|| {
            Problem::new(
                format!("schedule[{step}]"),
                format!("`{text}` cannot happen there within the bounds of the scenario"),
                "make another choice, or allow more faults in explore.faults",
            )
        })?;
    }
    Ok(state)
}

fn choices(model: &ScenarioModel, cast: &Cast, state: &State) -> Vec<Next> {
    let mut taken: Vec<Choice> = Vec::new();
    model.successors(state, &mut |step, _| taken.push(step.choice));
    let mut next: Vec<(ChoiceKind, Next)> = Vec::new();
    for choice in &taken {
        let text = choice_text::print(cast, choice);
        // A loss and a copy belong to the message that can be delivered, a cut to the choice that it cuts.
        let belongs_to = match (choice.cut, choice.kind) {
            (Some(_), kind) => Some(kind),
            (None, ChoiceKind::Drop(key) | ChoiceKind::Duplicate(key)) => {
                Some(ChoiceKind::Deliver(key))
            }
            (None, _) => None,
        };
        let host = belongs_to.and_then(|kind| next.iter_mut().find(|(of, _)| *of == kind));
        if let Some((_, host)) = host {
            host.variants.push(text);
        } else {
            next.push((choice.kind, of_choice(cast, choice, text)));
        }
    }
    next.into_iter().map(|(_, next)| next).collect()
}

fn of_choice(cast: &Cast, choice: &Choice, text: String) -> Next {
    let kind = choice.kind;
    let (node, from, txn) = match kind {
        ChoiceKind::Deliver(key) | ChoiceKind::Drop(key) | ChoiceKind::Duplicate(key) => {
            (key.to, Some(key.from), Some(key.txn))
        }
        ChoiceKind::Consume { node, .. } | ChoiceKind::Redeliver { node, .. } => {
            (node, cast.broker(), None)
        }
        ChoiceKind::Fire(key) | ChoiceKind::GiveUp(key) => (key.node, None, Some(key.txn)),
        ChoiceKind::Proceed { node, txn } => (node, None, Some(txn)),
        ChoiceKind::Relay { node }
        | ChoiceKind::Crash { node, .. }
        | ChoiceKind::Expel { node, .. }
        | ChoiceKind::Restart { node } => (node, None, None),
        ChoiceKind::Arrive { .. } | ChoiceKind::Begin(_) | ChoiceKind::End(_) => {
            (NodeIx(0), None, None)
        }
    };
    Next {
        text,
        words: session::choice_words(cast, &kind),
        node,
        from,
        txn,
        fault: kind.is_fault() || choice.cut.is_some(),
        variants: Vec::new(),
    }
}

/// A choice of a schedule in words: who did what, and what went wrong meanwhile.
///
/// # Errors
/// A text that is no choice among those who take part.
pub fn recall(cast: &Cast, text: &str) -> Result<String, Problem> {
    let choice = choice_text::parse(cast, text)?;
    let words = session::choice_words(cast, &choice.kind);
    Ok(match choice.cut {
        None => words,
        Some(Cut::CrashAfter { .. }) => format!("{words}, and crashes meanwhile"),
        Some(Cut::LoseReplyOf(_)) => format!("{words}, and a reply is lost"),
    })
}

/// What a choice would do after a schedule, in a sentence without a full stop: of a crash or a lost reply what
/// it cuts in two, of anything else what happens first.
///
/// # Errors
/// Everything that is wrong with the scenario; a choice that cannot be made.
pub fn foretell(
    scenario: &Scenario,
    schedule: &[String],
    choice: &str,
) -> Result<String, Vec<Problem>> {
    let run = |schedule: Vec<String>| {
        let input = RunInput { schedule: Some(schedule), ..RunInput::of(scenario.clone()) };
        let mut session = session::open(&input)?;
        while session.run_slice(1_000) == RunState::Running {}
        match session.state() {
            RunState::ScheduleBroken { step, why } => Err(vec![Problem::new(
                format!("schedule[{step}]"),
                why.clone(),
                "make another choice",
            )]),
            _ => Ok(session),
        }
    };
    let before = run(schedule.to_vec())?.trace().len();
    let after = run(schedule.iter().cloned().chain([choice.to_owned()]).collect())?;
    let (cast, trace) = (after.cast(), after.trace());
    let new = before..trace.len();
    let cut = new.clone().rev().find(|at| {
        let kind = trace.get(EventIx(*at as u32)).map(|event| &event.kind);
        matches!(kind, Some(EventKind::Crashed { .. } | EventKind::ReplyLost))
    });
    let shown = cut.or_else(|| new.clone().next());
    Ok(shown.map_or_else(String::new, |at| story::sentence(cast, trace, EventIx(at as u32))))
}
