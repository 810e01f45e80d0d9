//! The breaks that the project promises to show.

use interleave_engine::scenario::document::{
    Arrivals, Budget, Coupling, Input, IsolationLevel, Operation, RowValue, Scalar, Updates,
};
use interleave_engine::scenario::{Scenario, by_name};

use super::faults;

/// A break: a shipped scenario, what was changed, what may go wrong, and what it breaks.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    /// Its name in `fixtures/breaks.json` and in the pages of the patterns.
    pub(crate) name: &'static str,
    /// The scenario with its switch changed.
    pub(crate) scenario: Scenario,
    /// What may go wrong.
    pub(crate) faults: Budget,
    /// The title of the property that it breaks.
    pub(crate) property: &'static str,
    /// How many choices the shortest counterexample has.
    pub(crate) length: usize,
    /// Distinct states of the whole space within the bounds.
    pub(crate) states: u64,
}

/// A shipped scenario under a pattern.
pub(crate) fn shipped(name: &str, pattern: &str) -> Scenario {
    let scenario = by_name(name).unwrap().scenario();
    Scenario { coupling: Coupling::Named(pattern.into()), ..scenario }
}

/// The checkout under a pattern.
pub(crate) fn checkout(pattern: &str) -> Scenario {
    shipped("checkout", pattern)
}

/// One checkout of a customer who can pay, with so many items in stock.
pub(crate) fn one_checkout(pattern: &str, items: i64) -> Scenario {
    let mut scenario = checkout(pattern);
    scenario.workload.arrivals = Arrivals::AtUs(vec![0]);
    scenario.workload.count = Some(1);
    let alice = Input::Fixed(Scalar::Text("alice".into()));
    scenario.workload.mix[0].inputs.insert("customer".into(), alice);
    let stock = scenario.services.iter_mut().find(|service| service.name == "stock").unwrap();
    stock.rows.insert("item:widget".into(), RowValue::One(Scalar::Int(items)));
    scenario
}

pub(crate) fn without_outbox(mut scenario: Scenario) -> Scenario {
    scenario.options.outbox = false;
    scenario
}

pub(crate) fn without_inbox(mut scenario: Scenario) -> Scenario {
    scenario.options.inbox = false;
    scenario
}

/// A bound on an operation of the checkout: the step's number, whether it is its compensation's,
/// and the operation's number.
fn bounded(
    mut scenario: Scenario,
    (step, undo, at): (usize, bool, usize),
    new: (i64, &str),
) -> Scenario {
    let step = &mut scenario.transactions[0].steps[step];
    let operations = if undo { &mut step.undo } else { &mut step.forward };
    let Operation::Add { min, max, refusal, .. } = &mut operations[at] else {
        panic!("the operation adds nothing")
    };
    if undo {
        *min = Some(new.0);
    } else {
        *max = Some(new.0);
    }
    *refusal = Some(new.1.into());
    scenario
}

/// Nothing is left in stock, so the checkout turns round; and the shop may not go below its reserve,
/// so the refund is refused.
pub(crate) fn refund_refused(pattern: &str) -> Scenario {
    let mut scenario = bounded(checkout(pattern), (1, true, 0), (1, "SHOP_IS_BROKE"));
    let stock = scenario.services.iter_mut().find(|service| service.name == "stock").unwrap();
    for row in stock.rows.values_mut() {
        *row = RowValue::One(Scalar::Int(0));
    }
    scenario
}

/// Shipping takes no more parcels, which comes too late: the stock is reserved.
pub(crate) fn booking_refused(pattern: &str) -> Scenario {
    bounded(checkout(pattern), (3, false, 1), (0, "NO_TRUCK"))
}

/// Two transfers from the same account to the same other, by an application that reads a balance and
/// writes the sum later.
pub(crate) fn read_then_write(isolation: IsolationLevel) -> Scenario {
    let mut scenario = shipped("opposite-transfers", "shared-database");
    scenario.options.updates = Updates::ReadThenWrite;
    scenario.options.isolation = isolation;
    for (input, account) in [("from", "ann"), ("to", "ben")] {
        let fixed = Input::Fixed(Scalar::Text(account.into()));
        scenario.workload.mix[0].inputs.insert(input.into(), fixed);
    }
    scenario
}

/// All of them, in the order of the pages.
pub(crate) fn all() -> Vec<Case> {
    let case = |name, scenario, faults, property, length, states| Case {
        name,
        scenario,
        faults,
        property,
        length,
        states,
    };
    let (uncoordinated, choreography, orchestration) =
        ("database-per-service", "saga-choreography", "saga-orchestration");
    let tcc = "try-confirm-cancel";
    let composition = "api-composition";
    let crash = faults(1, 0, 0);
    let duplicate = faults(0, 0, 1);
    let none = faults(0, 0, 0);
    let read_committed = IsolationLevel::ReadCommitted;
    let mut all = vec![
        case("lost-update", read_then_write(read_committed), none, "Isolation", 10, 88),
        case("money-is-lost", read_then_write(read_committed), none, "Money conserved", 10, 88),
        case("read-skew", shipped("composed-answer", composition), none, "No read skew", 12, 246),
        case("refused-half-way", shipped("half-written", uncoordinated), none, "Atomicity", 14, 57),
        case("half-written", shipped("half-written", composition), none, "Atomicity", 18, 91),
        case("composer-forgets", checkout(composition), crash, "Atomicity", 6, 313),
        case("half-a-transaction", checkout(uncoordinated), crash, "Atomicity", 4, 199),
        case("stock-is-lost", checkout(uncoordinated), crash, "Stock conserved", 8, 199),
        case(
            "applied-twice",
            without_inbox(checkout(choreography)),
            duplicate,
            "Exactly once",
            6,
            1_352,
        ),
        case(
            "applied-again",
            without_inbox(checkout(choreography)),
            crash,
            "Exactly once",
            6,
            2_260,
        ),
        case(
            "command-applied-twice",
            without_inbox(checkout(orchestration)),
            duplicate,
            "Exactly once",
            7,
            1_260,
        ),
        case("lost-event", without_outbox(checkout(choreography)), crash, "Progress", 6, 374),
        case(
            "lost-event-half-done",
            without_outbox(checkout(choreography)),
            crash,
            "Atomicity",
            6,
            374,
        ),
        case(
            "zombie-consumer",
            shipped("zombie-consumer", choreography),
            Budget { pause: 1, ..none },
            "Exactly once",
            6,
            78,
        ),
        case("refund-refused", refund_refused(choreography), none, "Progress", 8, 44),
        case("refund-command-refused", refund_refused(orchestration), none, "Progress", 10, 54),
        case("booking-refused", booking_refused(choreography), none, "Progress", 8, 44),
        case("booking-command-refused", booking_refused(orchestration), none, "Progress", 10, 54),
        case(
            "gave-up-too-early",
            shipped("trip", orchestration),
            Budget { give_up: 1, early_timer: 1, ..none },
            "Atomicity",
            6,
            310,
        ),
        case("late-confirm", shipped("customers-and-orders", tcc), none, "Progress", 11, 51),
        case(
            "late-confirm-half-done",
            shipped("customers-and-orders", tcc),
            none,
            "Atomicity",
            12,
            51,
        ),
        case("late-confirm-of-a-parcel", checkout(tcc), none, "Stock conserved", 20, 2_733),
    ];
    all.extend(super::levels::cases());
    all.extend(super::sagas::cases());
    all.extend(super::replicas::cases());
    all.extend(super::stream_cases::all());
    all.extend(super::two_phase::cases());
    all.extend(super::as_shipped::cases());
    all
}
