//! Every simulated run is a path of the explorer.

#![allow(clippy::unwrap_used)]

#[path = "../../tests/guarantees/mod.rs"]
mod guarantees;

use std::rc::Rc;

use super::model::Model as _;
use super::scenario_model::{ScenarioModel, State};
use crate::choice::{Choice, ChoiceKind, MsgKey};
use crate::choice_text;
use crate::event::Event;
use crate::fingerprint::{Canon as _, Fingerprint};
use crate::ids::EventIx;
use crate::patterns;
use crate::scenario::document::{Budget, FaultKind};
use crate::world::{Sink, World};
use guarantees::{Case, hostile_cases, option_cases, run, shipped_cases};

/// Numbers events and forgets them.
struct Forget(EventIx);

impl Sink for Forget {
    fn event(&mut self, _: Event) -> EventIx {
        self.0 = EventIx(self.0.0 + 1);
        EventIx(self.0.0 - 1)
    }
}

fn apply(world: &mut World, choice: &Choice) {
    let mut sink = Forget(world.next_event);
    world.apply(choice, &mut sink).unwrap();
}

fn print(world: &World) -> u64 {
    let mut h = Fingerprint::new();
    world.canon(&mut h);
    h.finish()
}

/// The least budgets with which the explorer may make a choice, the smaller first.
fn budgets(choice: &ChoiceKind) -> Vec<Budget> {
    let none = Budget::default();
    match choice {
        ChoiceKind::Drop(_) => vec![Budget { drop: 1, ..none }],
        ChoiceKind::Duplicate(_) | ChoiceKind::Redeliver { .. } => {
            vec![Budget { duplicate: 1, ..none }]
        }
        ChoiceKind::Expel { held: Some(_), .. } => vec![Budget { pause: 1, ..none }],
        ChoiceKind::Crash { .. } => vec![Budget { crash: 1, ..none }],
        ChoiceKind::Fire(_) => vec![none, Budget { early_timer: 1, ..none }],
        ChoiceKind::GiveUp(_) => {
            vec![Budget { give_up: 1, ..none }, Budget { give_up: 1, early_timer: 1, ..none }]
        }
        _ => vec![none],
    }
}

/// How often a walk met what.
#[derive(Default, Debug)]
struct Met {
    free: usize,
    paid: usize,
    crashes: usize,
    idle_crashes: usize,
    lasting: usize,
}

/// Makes a choice as the explorer does, with no more than it costs.
fn explore(model: &ScenarioModel, state: &State, choice: Choice, met: &mut Met) -> Option<State> {
    for budget in budgets(&choice.kind) {
        let mut state = state.clone();
        state.world.budget = budget;
        let mut found = None;
        model.successors(&state, &mut |action, next| {
            if action.choice == choice {
                assert!(found.is_none(), "{choice:?} is emitted once");
                found = Some(next);
            }
        });
        if let Some(mut next) = found {
            assert_eq!(next.world.budget, Budget::default(), "{choice:?} costs what it says");
            next.world.budget = Budget::default();
            *(if budget == Budget::default() { &mut met.free } else { &mut met.paid }) += 1;
            return Some(next);
        }
    }
    None
}

/// The explorer's name for a message: of those that say the same it takes the first.
fn first_alike(world: &World, kind: &mut ChoiceKind) {
    if let ChoiceKind::Deliver(key) | ChoiceKind::Drop(key) | ChoiceKind::Duplicate(key) = kind {
        let body = &world.network.find(key).unwrap().body;
        let alike = |nth: &u8| {
            let other = world.network.find(&MsgKey { nth: *nth, ..*key });
            other.is_some_and(|other| other.body == *body)
        };
        key.nth = (0..=key.nth).find(alike).unwrap();
    }
}

/// A crash of a node with nothing to lose, which the explorer leaves out: with the restart it
/// changes nothing, and whatever happens while the node is down can happen while it is up and slow.
fn crash_of_an_idle_node(mut world: World, crash: Choice) -> World {
    let ChoiceKind::Crash { node, .. } = crash.kind else { panic!("{crash:?} is not enabled") };
    // A consumer goes back to its committed offset, past records that it does not handle.
    let mut before = world.clone();
    let service = world.plan.cast.service_of(node);
    Rc::make_mut(&mut before.broker).rewind(service, node);
    for (topic, partition, content) in world.broker.partitions() {
        let next = |world: &World, from| world.next_record(node, topic, partition, from);
        let rewound = before.broker.partition(topic, partition).group(service).position;
        assert_eq!(next(&world, content.group(service).position), next(&before, rewound));
    }
    apply(&mut world, &crash);
    let mut restarted = world.clone();
    apply(&mut restarted, &Choice::plain(ChoiceKind::Restart { node }));
    let coupling = &world.plan.cast.coupling;
    assert_eq!(print(&restarted), print(&before), "{coupling}: {crash:?} loses nothing");
    world
}

fn walk(case: &Case, met: &mut Met) {
    let name = case.name();
    let simulated = run(&case.document);
    let (plan, parts) = patterns::plan(&case.document).unwrap();
    let plan = Rc::new(plan);
    let arrivals = plan.arrivals();
    let model = ScenarioModel::new(Rc::clone(&plan), parts, arrivals, Budget::default(), 0, None);
    let mut state = None;
    model.initial(&mut |initial| state = Some(initial));
    let mut state = state.unwrap();
    for line in simulated.schedule() {
        let mut choice = choice_text::parse(&plan.cast, &line).unwrap();
        if let ChoiceKind::Begin(fault) | ChoiceKind::End(fault) = choice.kind {
            if let FaultKind::Crash(_) = plan.scenario.faults[fault.ix()].fault {
                let node = plan.fault_nodes[fault.ix()][0];
                choice.kind = ChoiceKind::Crash { node, lose: u8::MAX };
            } else {
                // Faults that last are not explored, and every check says so.
                apply(&mut state.world, &choice);
                met.lasting += 1;
                continue;
            }
        }
        if let ChoiceKind::Expel { node, held: None } = choice.kind
            && state.world.is_up(node)
        {
            // A pause that lasts, with nothing in hand: partitions move, and nothing is done twice.
            apply(&mut state.world, &choice);
            met.lasting += 1;
            continue;
        }
        if let ChoiceKind::Crash { node, lose } = &mut choice.kind {
            *lose = state.world.unforced_at(*node) as u8;
            met.crashes += 1;
        }
        let mut alike = choice;
        first_alike(&state.world, &mut alike.kind);
        state = match explore(&model, &state, alike, met) {
            Some(next) => {
                let mut world = state.world;
                apply(&mut world, &choice);
                assert_eq!(print(&world), print(&next.world), "{name}: {line}");
                State { world, ..next }
            }
            None => {
                met.idle_crashes += 1;
                assert!(
                    matches!(choice.kind, ChoiceKind::Crash { .. }),
                    "{name}: the explorer cannot make {line}"
                );
                State { world: crash_of_an_idle_node(state.world, choice), ..state }
            }
        };
    }
    assert!(model.at_rest(&state), "{name} is not at rest");
}

/// Each step of a simulated run is one that the explorer can take, at the price that it states.
#[test]
fn every_simulated_run_is_a_path_of_the_explorer() {
    let mut met = Met::default();
    for seed in [7, 8] {
        for mut case in shipped_cases().into_iter().chain(hostile_cases()).chain(option_cases()) {
            case.document.seed = seed;
            if case.variant != "shipped" {
                // The faults fall within the first quarter of a second, and so do these arrivals.
                case.document.workload.count = Some(24);
            }
            walk(&case, &mut met);
        }
    }
    assert!(met.free > 10_000 && met.paid > 1_000, "{met:?}");
    assert!(met.crashes > met.idle_crashes && met.crashes > 50 && met.lasting > 100, "{met:?}");
}

/// A world that was not kept while it waited is made again as it was, whatever the order.
#[test]
fn worlds_made_again_lead_to_the_same_space() {
    use super::explore::{Explorer, Limits, Order, StopAt};

    let explore = |kept, order, faults| {
        let scenario = crate::scenario::by_name("trip").unwrap().scenario();
        let (plan, parts) = patterns::plan(&scenario).unwrap();
        let budget = Budget { crash: 1, drop: 1, ..Budget::default() };
        let model = ScenarioModel::new(Rc::new(plan), parts, 1, budget, faults, None);
        let limits = Limits {
            kept,
            order,
            stop: StopAt::Exhausted,
            ways_to_rest: true,
            ..Limits::default()
        };
        let report = Explorer::new(model, limits).run();
        // Worlds that count as one may differ in the numbers of their messages, and so in how many of them
        // say the same: the transitions are not compared.
        (report.distinct, report.at_rest, report.no_rest.map(|(_, count)| count))
    };
    let usual = explore(u32::MAX, Order::Breadth, 2);
    assert!(usual.0 > 500, "{usual:?}");
    for order in [Order::Breadth, Order::Depth] {
        for kept in [0, 5] {
            assert_eq!(explore(kept, order, 2), usual);
        }
    }
    assert!(explore(3, Order::Breadth, 1).0 < usual.0);
}
