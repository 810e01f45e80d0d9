//! The faults of a schedule, and what it is without one of them.

use super::ground::{Ground, Judged, Played};
use crate::choice::{Choice, ChoiceKind, Cut};
use crate::event::EventKind;
use crate::ids::EventIx;
use crate::scenario::Scenario;
use crate::scenario::document::Budget;
use crate::views::story;
use crate::world::World;

/// The most choices that a run goes on for after its schedule.
pub(super) const TAIL_MOST: usize = 10_000;

/// A fault of a schedule.
#[derive(Clone, Debug)]
pub(super) struct Fault {
    /// The choice that it belongs to, from 0.
    pub(super) at: usize,
    /// The event that it is.
    pub(super) event: Option<EventIx>,
    /// What it costs of the budget; nothing where the document names it.
    pub(super) cost: Budget,
    /// The fault of the document that it is.
    pub(super) document: Option<usize>,
    /// In words.
    pub(super) words: String,
}

impl Fault {
    /// The name of its kind.
    pub(super) fn kind(&self) -> &'static str {
        let cost = &self.cost;
        match () {
            () if self.document.is_some() => "document",
            () if cost.crash > 0 => "crash",
            () if cost.drop > 0 => "drop",
            () if cost.duplicate > 0 => "duplicate",
            () if cost.give_up > 0 => "give-up",
            () if cost.pause > 0 => "pause",
            () => "early-timer",
        }
    }
}

/// The faults of a schedule in its order.
pub(super) fn of(ground: &Ground, played: &Played) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut first = 0;
    for (at, choice) in played.choices.iter().enumerate() {
        let end = played.states[at + 1].world.next_event.0;
        let events = || (first..end).map(EventIx);
        let cost = cost(&played.states[at].world, choice);
        if cost != Budget::default() {
            let is_it = |ix: &EventIx| is_of(played, *ix, choice);
            let event = events().find(is_it).or_else(|| again(played, EventIx(end), choice));
            let words = words(ground, played, choice, event);
            faults.push(Fault { at, event, cost, document: None, words });
        }
        for ix in events() {
            let document = match played.trace.get(ix).map(|event| &event.kind) {
                Some(
                    EventKind::Crashed { fault: Some(fault), .. } | EventKind::FaultBegan { fault },
                ) => fault.ix(),
                _ => continue,
            };
            let words = short(story::sentence(&ground.plan.cast, &played.trace, ix));
            let (event, cost) = (Some(ix), Budget::default());
            faults.push(Fault { at, event, cost, document: Some(document), words });
        }
        first = end;
    }
    faults
}

/// What a choice costs in a world.
pub(super) fn cost(world: &World, choice: &Choice) -> Budget {
    let mut cost = Budget::default();
    match choice.kind {
        ChoiceKind::Crash { .. } => cost.crash += 1,
        ChoiceKind::Drop(_) => cost.drop += 1,
        ChoiceKind::Duplicate(_) | ChoiceKind::Redeliver { .. } => cost.duplicate += 1,
        ChoiceKind::GiveUp(_) => cost.give_up += 1,
        ChoiceKind::Expel { held: Some(_), .. } => cost.pause += 1,
        _ => {}
    }
    match choice.cut {
        Some(Cut::CrashAfter { .. }) => cost.crash += 1,
        Some(Cut::LoseReplyOf(_)) => cost.drop += 1,
        None => {}
    }
    if let ChoiceKind::Fire(key) | ChoiceKind::GiveUp(key) = choice.kind
        && world.timers.get(&key).is_some_and(|timer| timer.alarm.clock.awaits())
        && !world.answer_is_lost(&key)
    {
        cost.early_timer += 1;
    }
    cost
}

/// A consumer that goes back shows it only when it handles the record once more.
fn again(played: &Played, from: EventIx, choice: &Choice) -> Option<EventIx> {
    let ChoiceKind::Redeliver { node, topic, partition } = choice.kind else { return None };
    (from.0..played.trace.len() as u32).map(EventIx).find(|ix| {
        let event = played.trace.get(*ix).filter(|event| event.node == node);
        event.is_some_and(|event| match &event.kind {
            EventKind::Consumed { topic: of, partition: at, again, .. } => {
                *again && (*of, *at) == (topic, partition)
            }
            _ => false,
        })
    })
}

/// Whether an event is what a choice's fault did.
fn is_of(played: &Played, ix: EventIx, choice: &Choice) -> bool {
    let Some(event) = played.trace.get(ix) else { return false };
    let by_cut = choice.cut.is_some()
        && matches!(event.kind, EventKind::Crashed { fault: None, .. } | EventKind::ReplyLost);
    let by_kind = matches!(
        (&event.kind, choice.kind),
        (EventKind::Crashed { fault: None, .. }, ChoiceKind::Crash { .. })
            | (EventKind::Dropped { .. }, ChoiceKind::Drop(_))
            | (EventKind::Duplicated { .. }, ChoiceKind::Duplicate(_))
            | (EventKind::TimerFired { .. }, ChoiceKind::Fire(_) | ChoiceKind::GiveUp(_))
            | (EventKind::Rebalanced { .. }, ChoiceKind::Expel { .. })
    );
    by_cut || (by_kind && choice.cut.is_none())
}

/// A fault in words.
fn words(ground: &Ground, played: &Played, choice: &Choice, event: Option<EventIx>) -> String {
    let cast = &ground.plan.cast;
    let told = event.filter(|ix| {
        let kind = played.trace.get(*ix).map(|event| &event.kind);
        matches!(
            kind,
            Some(EventKind::Crashed { .. } | EventKind::ReplyLost | EventKind::Dropped { .. })
        )
    });
    match told {
        Some(ix) => short(story::sentence(cast, &played.trace, ix)),
        None => crate::session::choice_words(cast, &choice.kind),
    }
}

/// A sentence up to its explanation.
pub(super) fn short(sentence: String) -> String {
    let end = [": ", "; "].iter().filter_map(|mark| sentence.find(mark)).min();
    end.map_or(sentence.clone(), |end| sentence[..end].to_owned())
}

/// A budget's kinds, to count with.
fn kinds(of: &Budget) -> [u8; 6] {
    [of.crash, of.drop, of.duplicate, of.early_timer, of.give_up, of.pause]
}

fn from_kinds([crash, drop, duplicate, early_timer, give_up, pause]: [u8; 6]) -> Budget {
    Budget { crash, drop, duplicate, early_timer, give_up, pause }
}

/// The budget of so many faults together.
pub(super) fn together<'a>(faults: impl Iterator<Item = &'a Fault>) -> Budget {
    let mut sum = [0_u8; 6];
    for fault in faults {
        for (sum, more) in sum.iter_mut().zip(kinds(&fault.cost)) {
            *sum = sum.saturating_add(more);
        }
    }
    from_kinds(sum)
}

/// The budget that was asked for, with less of the kinds of one fault than the schedule has.
pub(super) fn without(asked: &Budget, faults: &[Fault], ix: usize) -> Budget {
    let (mut left, used) = (kinds(asked), kinds(&together(faults.iter())));
    for ((left, used), cost) in left.iter_mut().zip(used).zip(kinds(&faults[ix].cost)) {
        if cost > 0 {
            *left = used.saturating_sub(cost);
        }
    }
    from_kinds(left)
}

/// A scenario that keeps only these of its faults.
pub(super) fn keeping(scenario: &Scenario, keep: impl Fn(usize) -> bool) -> Scenario {
    let mut scenario = scenario.clone();
    let mut at = 0;
    scenario.faults.retain(|_| {
        at += 1;
        keep(at - 1)
    });
    scenario
}

/// Plays a schedule with one of its faults left out, as far as the rest applies, and goes on to rest
/// without faults. Returns whether the property holds, and how many choices did not apply; `None`
/// where it does not come to rest.
pub(super) fn same_schedule(
    ground: &Ground,
    played: &Played,
    fault: &Fault,
) -> Option<(bool, u32)> {
    let mut state = ground.start();
    let mut skipped = 0;
    for (at, choice) in played.choices.iter().enumerate() {
        let mut choice = *choice;
        if at == fault.at && fault.document.is_none() {
            let is_all_of_it = choice.cut.is_none();
            choice.cut = None;
            if is_all_of_it {
                continue;
            }
        }
        match ground.after(&state, &choice) {
            Some(next) => state = next,
            // Who did not crash need not restart.
            None if matches!(choice.kind, ChoiceKind::Restart { .. }) => {}
            None => skipped += 1,
        }
    }
    ground.to_rest(&mut state, TAIL_MOST);
    match ground.judge(&state) {
        Judged::Broken => Some((false, skipped)),
        Judged::Holds => Some((true, skipped)),
        Judged::Open => None,
    }
}
