//! Every break beside what mends it: within the same bounds the one is found and the other is proved.

use interleave_engine::scenario::Scenario;
use interleave_engine::scenario::document::{
    Budget, Coupling, ExpectedVersion, IsolationLevel, Options, Parts, QuerySnapshot, SessionRule,
    Updates,
};

use super::as_shipped::locked;
use super::cases::{Case, all, checkout};
use super::levels::{both_made, dirty_read, write_skew};
use super::replicas::no_older;

/// A break, and the same with one thing changed.
pub(crate) struct Pair {
    /// The pattern that it is about.
    pub(crate) pattern: &'static str,
    /// What must be seen to break.
    pub(crate) entry: &'static str,
    /// The break.
    pub(crate) case: Case,
    /// What was changed in it, so that the property holds.
    pub(crate) mended: Scenario,
    /// The bounds of the proof: those of the break, but where giving up is itself what mends it.
    pub(crate) faults: Budget,
    /// How many states that has.
    pub(crate) states: u64,
}

/// The same under another coupling.
fn by(scenario: &Scenario, coupling: &str) -> Scenario {
    Scenario { coupling: Coupling::Named(coupling.to_owned()), ..scenario.clone() }
}

/// The refused checkout of [`super::cases`] without the bound that made it stuck.
fn unbounded(mut scenario: Scenario) -> Scenario {
    scenario.transactions.clone_from(&checkout("saga-orchestration").transactions);
    scenario
}

/// All of them, by pattern, in the order in which patterns are offered.
pub(crate) fn pairs() -> Vec<Pair> {
    let cases = all();
    let mut pairs = Vec::new();
    let mut pair = |pattern, entry, name: &str, mend: &dyn Fn(Scenario) -> Scenario, states| {
        let case = cases.iter().find(|case| case.name == name).unwrap().clone();
        let mended = mend(case.scenario.clone());
        let faults = case.faults;
        pairs.push(Pair { pattern, entry, case, mended, faults, states });
    };
    let with = |change: fn(&mut Options)| {
        move |mut scenario: Scenario| {
            change(&mut scenario.options);
            scenario
        }
    };
    let inbox = with(|of| of.inbox = true);
    let outbox = with(|of| of.outbox = true);
    let (choreography, orchestration) = ("saga-choreography", "saga-orchestration");

    let pattern = "shared-database";
    let order = |_| both_made(false);
    pair(pattern, "deadlock with victim", "victim-gives-up", &order, 26);
    let levels = "races and anomalies by level";
    let repeatable = with(|of| of.isolation = IsolationLevel::RepeatableRead);
    pair(pattern, levels, "lost-update", &repeatable, 72);
    let in_place = with(|of| of.updates = Updates::InPlace);
    pair(pattern, levels, "last-seat-sold-twice", &in_place, 26);
    let serializable = |_| write_skew(IsolationLevel::Serializable);
    pair(pattern, levels, "write-skew", &serializable, 34);
    let committed = |_| dirty_read(IsolationLevel::ReadCommitted);
    pair(pattern, levels, "dirty-read", &committed, 20);

    let pattern = "database-per-service";
    let crash = "dual writes: a crash between steps";
    pair(pattern, crash, "order-without-parcel", &|of| by(&of, choreography), 88);
    pair(pattern, crash, "half-a-transaction", &|of| by(&of, choreography), 1_014);
    let refusal = "dual writes: a refusal between steps";
    pair(pattern, refusal, "refused-half-way", &|of| by(&of, orchestration), 361);

    let pattern = "api-composition";
    let snapshot = with(|of| of.snapshot = QuerySnapshot::One);
    pair(pattern, "read skew", "read-skew", &snapshot, 264);
    let saga = |mut of: Scenario| {
        of.coupling = Coupling::Parts(Parts {
            write: orchestration.into(),
            read: pattern.into(),
            store: "rows".into(),
        });
        of
    };
    let problem = "the distributed-transaction problem";
    pair(pattern, problem, "half-written", &saga, 361);
    pair(pattern, problem, "composer-forgets", &saga, 876);

    let pattern = "two-phase-commit";
    let doubt = "coordinator crash leaves participants in doubt";
    pair(pattern, doubt, "left-in-doubt", &|of| of, 1_534);
    let timeout = with(|of| of.lock_timeout_us = Some(10_000));
    pair(pattern, "in doubt, holding locks", "distributed-deadlock", &timeout, 8_849);
    pair(pattern, "a promise given twice", "promised-again", &inbox, 386);

    let pattern = choreography;
    let lock = |_| locked("paid-out-too-early", "account:ann");
    pair(pattern, "dirty reads between steps", "paid-out-too-early", &lock, 167);
    let lost = "lost event without outbox";
    pair(pattern, lost, "event-never-published", &outbox, 27);
    pair(pattern, lost, "lost-event", &outbox, 1_014);
    pair(pattern, lost, "lost-event-half-done", &outbox, 1_014);
    let double = "double effect without inbox";
    pair(pattern, double, "payment-delivered-again", &inbox, 16);
    pair(pattern, double, "applied-twice", &inbox, 301);
    pair(pattern, double, "applied-again", &inbox, 1_014);
    pair(pattern, double, "zombie-consumer", &inbox, 40);
    pair(pattern, "a compensation or a step is refused", "refund-refused", &unbounded, 56);

    let pattern = orchestration;
    let failing = "failing compensation";
    let points = |_| locked("failed-compensation", "points:ann");
    pair(pattern, failing, "points-are-spent", &points, 169);
    pair(pattern, failing, "refund-command-refused", &unbounded, 62);
    pair(pattern, "stuck saga", "booking-command-refused", &unbounded, 62);
    let lock = |_| by(&locked("paid-out-too-early", "account:ann"), orchestration);
    let isolation = "lack of isolation with and without a semantic lock";
    pair(pattern, isolation, "paid-out-by-command", &lock, 169);
    pair(pattern, double, "command-applied-twice", &inbox, 547);
    let early = "a step given up too early";
    pair(pattern, early, "gave-up-too-early", &|of| by(&of, choreography), 98);

    let pattern = "cqrs";
    let stale = "staleness by mode";
    pair(pattern, stale, "older-by-events", &|_| no_older("cqrs-write-all"), 33);
    pair(pattern, stale, "older-by-copies", &|_| no_older("cqrs-write-all"), 33);
    let own = with(|of| of.sessions = SessionRule::ReadYourWrites);
    let sticky = with(|of| of.sessions = SessionRule::Sticky);
    let yours = "broken read-your-writes";
    pair(pattern, yours, "stale-after-a-write", &own, 69);
    pair(pattern, yours, "stale-before-the-copy", &own, 111);
    let back = "broken monotonic reads";
    pair(pattern, back, "second-answer-older", &sticky, 528);
    pair(pattern, back, "back-before-the-copy", &sticky, 1_964);
    pair(pattern, "a change lost without outbox", "change-lost", &outbox, 100);

    let pattern = "event-sourcing";
    let exact = with(|of| of.expected = ExpectedVersion::Exact);
    pair(pattern, "version conflicts", "overwritten-by-a-second-editor", &exact, 341);
    let guard = with(|of| of.projection_guard = true);
    pair(pattern, "out-of-order projection", "older-change-last", &guard, 243);

    let pattern = "try-confirm-cancel";
    let lasting = with(|of| of.reservation_us = 0);
    let late = "expired try meets late confirm";
    pair(pattern, late, "late-confirm", &lasting, 16);
    pair(pattern, late, "late-confirm-half-done", &lasting, 16);
    pair(pattern, late, "late-confirm-of-a-parcel", &lasting, 192);
    // No variant of two-phase commit helps who stops asking: it blocks. That nobody does is the mend.
    for pair in pairs.iter_mut().filter(|pair| pair.case.name == "left-in-doubt") {
        pair.faults.give_up = 0;
    }
    pairs
}

/// A whole space with a crash, a loss and a duplicate.
pub(crate) struct Proof {
    /// The shipped scenario.
    pub(crate) name: &'static str,
    /// The pattern that it is checked under.
    pub(crate) pattern: &'static str,
    /// The scenario under that pattern.
    pub(crate) scenario: Scenario,
    /// How many states there are.
    pub(crate) states: u64,
    /// What is broken; nothing where somebody is responsible for the whole.
    pub(crate) broken: &'static [&'static str],
}

impl Proof {
    /// The bounds: those of the document.
    pub(crate) fn faults(&self) -> Budget {
        self.scenario.explore.faults
    }
}

/// The same purchase under every pattern, and the larger checkout under both styles of saga.
pub(crate) fn proofs() -> Vec<Proof> {
    let nobody: &[&str] = &["Atomicity", "Paid what was ordered"];
    let proof = |name, pattern, states, broken: &'static [&'static str]| {
        let scenario = super::cases::shipped(name, pattern);
        Proof { name, pattern, scenario, states, broken }
    };
    let same = "same-flow";
    vec![
        proof(same, "shared-database", 111, &[]),
        proof(same, "database-per-service", 405, nobody),
        proof(same, "two-phase-commit", 59_764, &[]),
        proof(same, "api-composition", 805, nobody),
        proof(same, "saga-choreography", 1_700, &[]),
        proof(same, "saga-orchestration", 1_884, &[]),
        proof(same, "cqrs", 48_925, &[]),
        proof(same, "cqrs-write-all", 2_298, &[]),
        proof(same, "cqrs-copy-at-each-write", 90_361, &[]),
        proof(same, "event-sourcing", 48_925, &[]),
        proof(same, "try-confirm-cancel", 5_251, &[]),
        proof("checkout", "saga-choreography", 62_313, &[]),
        proof("checkout", "saga-orchestration", 23_490, &[]),
    ]
}

/// Everything that the table has, by the name of its line: what is checked, and within which bounds.
pub(crate) fn checks() -> Vec<(String, Scenario, Budget)> {
    let mut checks = Vec::new();
    for Pair { case, mended, faults, .. } in pairs() {
        checks.push((case.name.to_owned(), case.scenario, case.faults));
        checks.push((format!("{}-mended", case.name), mended, faults));
    }
    for proof in proofs() {
        let faults = proof.faults();
        checks.push((format!("{}-by-{}", proof.name, proof.pattern), proof.scenario, faults));
    }
    checks
}
