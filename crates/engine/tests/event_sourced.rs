//! Event-sourced services: what holds as with rows, what expected versions are for, what snapshots
//! save, and what a stream says of any past moment.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used)]

mod breaks_support;

use std::collections::BTreeMap;

use breaks_support::cases::{checkout, shipped};
use breaks_support::{broken, check, faults, property, run};
use interleave_engine::cast::Cast;
use interleave_engine::event::{EventKind, Fact, Outcome, Refusal};
use interleave_engine::ids::{DbIx, EventIx, Sym};
use interleave_engine::scenario::document::{
    Coupling, ExpectedVersion, Fault, FaultKind, Input, Options, Parts, Scalar, Updates,
};
use interleave_engine::scenario::{self, Scenario, by_name};
use interleave_engine::session::Session;
use interleave_engine::value::{Key, KeyPart, Row, Value};
use interleave_engine::views::streams::{Stream, streams};
use serde_json::json;

fn parts(write: &str, read: &str, store: &str) -> Coupling {
    Coupling::Parts(Parts { write: write.into(), read: read.into(), store: store.into() })
}

fn event_sourced(write: &str, scenario: Scenario) -> Scenario {
    Scenario { coupling: parts(write, "direct", "event-sourced"), ..scenario }
}

fn last(session: &dyn Session) -> EventIx {
    EventIx(session.trace().len() as u32 - 1)
}

fn all_streams(session: &dyn Session) -> Vec<Stream> {
    streams(session.cast(), session.trace(), last(session))
}

/// A stream by the text of its key, as `account:ada`.
fn stream(session: &dyn Session, name: &str) -> Stream {
    let cast = session.cast();
    all_streams(session).into_iter().find(|stream| cast.key(stream.key) == name).unwrap()
}

fn int(cast: &Cast, row: Option<&Row>, field: &str) -> Option<i64> {
    let (_, value) = row?.fields().find(|(name, _)| cast.sym(*name) == field)?;
    value.as_int()
}

fn text<'a>(cast: &'a Cast, row: Option<&Row>, field: &str) -> Option<&'a str> {
    match row?.fields().find(|(name, _)| cast.sym(*name) == field)?.1 {
        Value::Text(sym) => Some(cast.sym(*sym)),
        _ => None,
    }
}

/// The rows by the commits of the trace: what every other view draws.
fn rows_by_commits(session: &dyn Session, until: EventIx) -> BTreeMap<(DbIx, Key), Row> {
    let mut rows = BTreeMap::new();
    for (ix, info) in session.cast().dbs.iter().enumerate() {
        rows.extend(info.rows.iter().map(|(key, row)| ((DbIx(ix as u8), *key), row.clone())));
    }
    for event in &session.trace().events()[..=until.ix()] {
        let EventKind::Committed { db, changes, .. } = &event.kind else { continue };
        for change in changes {
            match &change.after {
                Some(row) => rows.insert((*db, change.key), row.clone()),
                None => rows.remove(&(*db, change.key)),
            };
        }
    }
    rows
}

/// The same flow, the same faults, the same space: with streams in place of rows everything that
/// held holds, in exactly as many states.
#[test]
fn the_checkout_holds_as_with_rows() {
    for (write, states) in [("saga-choreography", 62_313), ("saga-orchestration", 23_490)] {
        let scenario = event_sourced(write, checkout(write));
        let report = check(&scenario, faults(1, 1, 1), false);
        assert_eq!(broken(&report), [""; 0], "{write}");
        assert_eq!((report.complete, report.states), (true, states), "{write}");
        for property in &report.properties {
            assert!(property.exercised > 1_000, "{write}: {} was not tested", property.title);
        }
    }
    let named = check(&named("checkout"), faults(0, 0, 0), false);
    assert_eq!((broken(&named), named.complete), (vec![], true));
    // And what was broken is broken in the same way.
    let uncoordinated = event_sourced("uncoordinated", checkout("database-per-service"));
    let report = check(&uncoordinated, faults(1, 0, 0), false);
    assert_eq!(broken(&report), ["Atomicity", "Stock conserved"]);
    assert_eq!(report.states, 199);
}

/// At every event of a run with compensations, crashes and a bad network: what the streams add up to
/// is what the commits wrote.
#[test]
fn rows_are_what_their_streams_add_up_to_at_every_moment() {
    for name in ["checkout", "trip", "customers-and-orders"] {
        for write in ["uncoordinated", "saga-choreography", "saga-orchestration"] {
            let mut scenario = event_sourced(write, shipped(name, "saga-choreography"));
            let service = scenario.services[0].name.clone();
            scenario.options = Options { snapshot_every: 3, ..scenario.options };
            scenario.network.loss = 0.05;
            scenario.network.duplicate = 0.1;
            scenario.faults = vec![Fault {
                fault: FaultKind::Crash(service),
                at_us: Some(12_000),
                on: None,
                for_us: 30_000,
            }];
            let session = run(scenario);
            assert_eq!(session.trace().of_kind("restarted").count(), 1, "{name} {write}");
            let streamed: Vec<bool> = session.cast().dbs.iter().map(|db| db.streams).collect();
            for at in 0..session.trace().len() as u32 {
                let event = &session.trace().events()[at as usize].kind;
                // Between an append and its commit the two are one write.
                if !matches!(event, EventKind::Committed { .. } | EventKind::Restarted { .. }) {
                    continue;
                }
                let mut expected = rows_by_commits(session.as_ref(), EventIx(at));
                expected.retain(|(db, _), _| streamed[db.ix()]);
                let found = streams(session.cast(), session.trace(), EventIx(at));
                let found: BTreeMap<(DbIx, Key), Row> = found
                    .into_iter()
                    .filter_map(|stream| Some(((stream.db, stream.key), stream.now()?)))
                    .collect();
                assert_eq!(found, expected, "{name} {write} after event {at}");
            }
        }
    }
}

/// Versions count from 0 without a gap, and every append of a commit is one forced write.
#[test]
fn versions_have_no_gaps_and_an_append_is_the_forced_write() {
    let session = run(event_sourced("saga-choreography", checkout("saga-choreography")));
    for stream in all_streams(session.as_ref()) {
        let versions: Vec<u32> = stream.events.iter().map(|event| event.version).collect();
        assert_eq!(versions, (0..versions.len() as u32).collect::<Vec<_>>());
    }
    let rows = run(checkout("saga-choreography"));
    assert_eq!(session.stats().forced_writes, rows.stats().forced_writes);
    assert!(session.trace().of_kind("appended").count() > 10);
    assert_eq!(rows.trace().of_kind("appended").count(), 0);
}

/// The shipped scenario, with nothing but the service and its clients.
fn two_editors() -> Scenario {
    event_sourced("uncoordinated", by_name("two-editors").unwrap().scenario())
}

/// Both look, both send what they made of it. The second is refused, looks again, and succeeds.
#[test]
fn a_version_conflict_is_refused_and_the_retry_succeeds() {
    let session = run(two_editors());
    let refused: Vec<&EventKind> =
        session.trace().of_kind("refused").map(|(_, kind)| kind).collect();
    let [EventKind::Refused { why: Refusal::Version, .. }] = refused[..] else {
        panic!("{refused:?}")
    };
    let ended = |(_, kind): (EventIx, &EventKind)| match kind {
        EventKind::Ended { outcome, .. } => Some(*outcome),
        _ => None,
    };
    let outcomes: Vec<Outcome> = session.trace().of_kind("ended").filter_map(ended).collect();
    assert_eq!(outcomes, [Outcome::Committed; 2]);
    assert!(session.properties().iter().all(|property| property.holds()));
    let account = stream(session.as_ref(), "account:ada");
    let cast = session.cast();
    assert_eq!(int(cast, account.now().as_ref(), "value"), Some(5_000));
    assert_eq!(account.events.len(), 3, "opened, and one withdrawal each");
    // Three looks and three requests for two withdrawals: the conflict costs a whole round.
    let labels: Vec<&str> = session
        .trace()
        .of_kind("sent")
        .filter_map(|(_, kind)| match kind {
            EventKind::Sent { label, .. } => Some(cast.sym(*label)),
            _ => None,
        })
        .collect();
    for (label, times) in [("look", 3), ("seen", 3), ("request", 3), ("response", 3)] {
        assert_eq!(labels.iter().filter(|of| **of == label).count(), times, "{label}");
    }
}

/// Every order of two editors, with a crash, a loss and a duplicate: nobody overwrites anybody.
#[test]
fn with_an_expected_version_nobody_overwrites_anybody() {
    let report = check(&two_editors(), faults(0, 0, 0), false);
    assert_eq!((broken(&report), report.complete), (vec![], true));
    for (crash, drop, duplicate) in [(1, 0, 0), (0, 1, 0), (0, 0, 1)] {
        let report = check(&two_editors(), faults(crash, drop, duplicate), false);
        // A crash may leave a client without an answer; money is conserved all the same.
        let conserved =
            report.properties.iter().find(|property| property.title == "Money conserved").unwrap();
        assert!(conserved.holds && conserved.exercised > 0 && report.complete);
    }
}

/// The named pattern, with one read database for each service.
fn named(name: &str) -> Scenario {
    let mut scenario = shipped(name, "event-sourcing");
    scenario.options.replicas = 1;
    scenario
}

/// As shipped, with the saga's events and the read databases beside it, the conflict is the same.
#[test]
fn the_shipped_editors_conflict_once_and_both_succeed() {
    let session = run(by_name("two-editors").unwrap().scenario());
    let of_kind = |name: &str| session.trace().of_kind(name).count();
    assert_eq!((of_kind("refused"), of_kind("ended")), (1, 2));
    assert!(session.properties().iter().all(|property| property.holds()));
    let report = check(&named("two-editors"), faults(0, 0, 0), false);
    assert_eq!((broken(&report), report.complete), (vec![], true));
}

/// A read database crashes after any of its effects, a record comes twice, a message is lost: at
/// rest it shows what the streams add up to. The space is that of the same flow over rows.
#[test]
fn a_projection_that_crashes_anywhere_converges() {
    let mut states = Vec::new();
    for pattern in ["cqrs", "event-sourcing"] {
        let mut scenario = shipped("stale-balance", pattern);
        scenario.options.replicas = 1;
        let report = check(&scenario, faults(1, 1, 1), false);
        assert!(report.complete);
        let agreement = property(&report, "Projection agreement");
        assert!(agreement.holds, "{:?}", agreement.why);
        assert!(agreement.exercised > 10_000, "{pattern}: {}", agreement.exercised);
        assert_eq!(broken(&report), ["Read your writes"], "a read database can be behind");
        states.push(report.states);
    }
    assert_eq!(states[0], states[1]);
}

/// Two partitions carry the changes of one stream, and the read database takes the newer one first:
/// it keeps it, since each row has its version. Without the guard it ends with the older one.
#[test]
fn a_projection_out_of_order_converges_by_versions() {
    let mut scenario = named("stale-balance");
    scenario.workload.mix.truncate(1);
    scenario.broker.partitions = 2;
    let report = check(&scenario, faults(1, 0, 0), false);
    assert_eq!((broken(&report), report.complete), (vec![], true));
    scenario.options.projection_guard = false;
    let report = check(&scenario, faults(0, 0, 0), false);
    assert_eq!(broken(&report), ["Projection agreement"]);
}

/// An account with many bookings, and a crash after the last of them.
fn long_account(bookings: u32, snapshot_every: u32) -> (Scenario, Vec<i64>) {
    let amounts: Vec<i64> = (0..i64::from(bookings)).map(|n| (n * 7_919) % 1_000 - 300).collect();
    let cycle: Vec<Scalar> = amounts.iter().take(1_000).map(|n| Scalar::Int(*n)).collect();
    let amounts = amounts.iter().enumerate().map(|(n, _)| amounts[n % 1_000]).collect();
    let document = json!({
        "interleave": 1,
        "title": "A long account",
        "coupling": { "write": "uncoordinated", "read": "direct", "store": "event-sourced" },
        "services": [{ "name": "bank", "rows": { "account:a": 0 } }],
        "transactions": [{
            "name": "book",
            "inputs": ["amount"],
            "steps": [{
                "name": "book",
                "service": "bank",
                "do": [{ "op": "add", "key": "account:a", "by": "$amount" }],
            }],
        }],
        "workload": {
            "arrivals": { "every-us": 1_000 },
            "count": bookings,
            "mix": [{ "transaction": "book", "inputs": { "amount": { "cycle": cycle } } }],
        },
        "options": { "snapshot_every": snapshot_every, "fold_us": 50 },
        "faults": [{
            "fault": { "crash": "bank" },
            "at_us": u64::from(bookings) * 1_000 + 100_000,
            "for_us": 1_000,
        }],
    });
    (scenario::parse(&document.to_string()).unwrap(), amounts)
}

/// How many events recovery folded, and how long the service was down.
fn recovery(session: &dyn Session) -> (u32, u64) {
    let (crashed, _) = session.trace().of_kind("crashed").next().unwrap();
    let (restarted, kind) = session.trace().of_kind("restarted").next().unwrap();
    let EventKind::Restarted { redone } = kind else { panic!("{kind:?}") };
    let at = |ix: EventIx| session.trace().get(ix).unwrap().at;
    (*redone, at(restarted) - at(crashed))
}

/// 10,000 bookings: without snapshots every event is folded and the service is down for half a
/// second of folding; with one each hundred events it folds one event. The balance as of any version
/// is the sum of the bookings up to it, computed here from the amounts alone.
#[test]
fn an_account_of_ten_thousand_events_is_folded_anew() {
    const BOOKINGS: u32 = 10_000;
    let mut downtimes = BTreeMap::new();
    for (every, folds, snapshots) in [(0, 10_001, 0), (1_000, 1, 10), (100, 1, 100), (333, 11, 30)]
    {
        let (scenario, amounts) = long_account(BOOKINGS, every);
        let session = run(scenario);
        let (redone, down) = recovery(session.as_ref());
        assert_eq!(redone, folds, "every {every}");
        assert_eq!(down, 1_000 + 50 * u64::from(folds), "every {every}");
        downtimes.insert(every, down);
        let account = stream(session.as_ref(), "account:a");
        assert_eq!(account.events.len(), BOOKINGS as usize + 1);
        assert_eq!(account.snapshots.len(), snapshots, "every {every}");
        assert_eq!(account.to_fold(), folds as usize, "every {every}");
        let mut balance = 0;
        let cast = session.cast();
        for (version, amount) in amounts.iter().enumerate() {
            balance += amount;
            let event = &account.events[version + 1];
            assert!(matches!(event.fact, Fact::Added { by, .. } if by == *amount));
            if version % 211 == 0 || version + 1 == amounts.len() {
                let row = account.at_version(version as u32 + 1);
                assert_eq!(int(cast, row.as_ref(), "value"), Some(balance), "version {version}");
                let row = account.as_of_event(event.event.unwrap());
                assert_eq!(int(cast, row.as_ref(), "value"), Some(balance));
                let row = account.as_of(event.recorded);
                assert_eq!(int(cast, row.as_ref(), "value"), Some(balance));
            }
        }
    }
    assert_eq!(downtimes[&0], 501_050, "without snapshots");
    assert_eq!(downtimes[&100], 1_050, "with one after every hundred events");
}

/// What the shipped account says of the end of its first year, before the crash and after it.
#[test]
fn the_balance_as_of_last_year() {
    let scenario = by_name("balance-last-year").unwrap().scenario();
    let amounts: Vec<i64> = scenario
        .workload
        .mix
        .iter()
        .filter_map(|entry| match entry.inputs.get("amount")? {
            Input::Fixed(Scalar::Int(amount)) => Some(*amount),
            _ => None,
        })
        .collect();
    assert_eq!(amounts.len(), 24);
    let session = run(scenario);
    let account = stream(session.as_ref(), "account:ada");
    let minute = 60_000_000;
    for month in 1..=24_usize {
        // A booking is durable a little after its month began, and before the next does.
        let balance = 10_000 + amounts[..month].iter().sum::<i64>();
        let row = account.as_of(minute * (month as u64 + 1) - 1);
        assert_eq!(int(session.cast(), row.as_ref(), "value"), Some(balance), "month {month}");
    }
    let end_of_first_year = account.as_of(12 * minute + minute / 2);
    assert_eq!(
        int(session.cast(), end_of_first_year.as_ref(), "value"),
        Some(10_000 + amounts[..12].iter().sum::<i64>())
    );
    let (redone, _) = recovery(session.as_ref());
    assert!(redone < 10, "{redone} events folded, of 42");
}

/// Two questions about one moment have two answers: what the record said, and what was true.
#[test]
fn a_corrected_record_still_says_what_it_said_before() {
    let session = run(by_name("corrected-record").unwrap().scenario());
    let cast = session.cast();
    let ada = stream(session.as_ref(), "person:ada");
    let second = 1_000_000;
    let said = |at: u64| ada.as_of(at * second);
    let street = |row: Option<Row>| text(cast, row.as_ref(), "street").map(str::to_owned);
    assert_eq!(street(said(4)).as_deref(), Some("Mill Lane"), "nobody had written it down yet");
    assert_eq!(street(said(6)).as_deref(), Some("High Street"));
    assert_eq!(street(said(10)).as_deref(), Some("Hill Street"));
    let was = |at: u64, known: u64| street(ada.true_at(at * second, known * second));
    assert_eq!(was(3, 10).as_deref(), Some("Mill Lane"), "before she moved");
    assert_eq!(was(4, 4).as_deref(), Some("Mill Lane"), "by what was known then");
    assert_eq!(was(4, 6).as_deref(), Some("High Street"), "by what was written down first");
    assert_eq!(was(4, 10).as_deref(), Some("Hill Street"), "by what is known now");
    assert_eq!(was(6, 10).as_deref(), Some("Hill Street"));
}

/// A correction of the past does not undo what happened since.
#[test]
fn a_late_correction_comes_before_what_happened_since() {
    let (key, db) = (Key { table: Sym(0), id: KeyPart::Int(1) }, DbIx(0));
    let field = Sym(1);
    let event = |version, recorded, effective, to| interleave_engine::views::streams::StreamEvent {
        version,
        event: None,
        txn: None,
        recorded,
        effective,
        fact: Fact::Set { field, to: Value::Int(to) },
    };
    let created = interleave_engine::views::streams::StreamEvent {
        fact: Fact::Created(Row::new(vec![(field, Value::Int(1))])),
        ..event(0, 0, 0, 0)
    };
    // 2 from 10 on, 3 from 20 on; then it is found that from 10 on it was 4.
    let events = vec![created, event(1, 10, 10, 2), event(2, 20, 20, 3), event(3, 30, 10, 4)];
    let stream = Stream { db, key, events, snapshots: vec![] };
    let value = |row: Option<Row>| row.and_then(|row| row.get(field).and_then(Value::as_int));
    assert_eq!(value(stream.true_at(15, 25)), Some(2));
    assert_eq!(value(stream.true_at(15, 35)), Some(4));
    assert_eq!(value(stream.true_at(25, 35)), Some(3), "what happened since stays");
    assert_eq!(value(stream.now()), Some(4), "the record says what was written last");
}

/// The option that lets commands come too late is the one that breaks it.
#[test]
fn without_an_expected_version_the_second_editor_overwrites_the_first() {
    let mut scenario = two_editors();
    scenario.options.expected = ExpectedVersion::Any;
    let session = run(scenario.clone());
    let account = stream(session.as_ref(), "account:ada");
    assert_eq!(int(session.cast(), account.now().as_ref(), "value"), Some(8_000));
    let report = check(&scenario, faults(0, 0, 0), false);
    assert_eq!(broken(&report), ["Money conserved"]);
    // A command that says what is to happen, and not what is to be, needs no version for that.
    scenario.options.updates = Updates::InPlace;
    let report = check(&scenario, faults(0, 0, 0), false);
    assert_eq!(broken(&report), [""; 0]);
}

/// Participants in two-phase commit that read a stream, compute, and append later: with rows the
/// second to write overwrites the first; with streams it promises nothing, since its stream has gone
/// on, and votes no. The steps in place take the stream's lock, and nobody comes too late.
#[test]
fn a_participant_promises_only_at_the_version_that_it_folded() {
    let scenario = |store: &str, updates: Updates| {
        let mut scenario = two_editors();
        scenario.coupling = parts("two-phase-commit", "direct", store);
        scenario.options.expected = ExpectedVersion::Any;
        scenario.options.updates = updates;
        scenario
    };
    let rows = check(&scenario("rows", Updates::ReadThenWrite), faults(0, 0, 0), false);
    assert!(broken(&rows).contains(&"Money conserved"), "{:?}", broken(&rows));
    for updates in [Updates::ReadThenWrite, Updates::InPlace] {
        let sourced = scenario("event-sourced", updates);
        for budget in [faults(0, 0, 0), faults(1, 0, 0), faults(0, 1, 0), faults(0, 0, 1)] {
            let report = check(&sourced, budget, false);
            let conserved = |title: &&str| *title == "Money conserved" || *title == "Atomicity";
            assert_eq!(broken(&report).iter().filter(|title| conserved(title)).count(), 0);
            assert!(report.complete, "{} states", report.states);
        }
    }
    // By the clock: both have folded the stream before either appends.
    let mut together = scenario("event-sourced", Updates::ReadThenWrite);
    together.services[0].service_time_us =
        interleave_engine::scenario::document::Distribution::Constant(20_000.0);
    let session = run(together);
    let versions = session
        .trace()
        .of_kind("refused")
        .filter(|(_, kind)| matches!(kind, EventKind::Refused { why: Refusal::Version, .. }))
        .count();
    assert_eq!(versions, 1);
    let account = stream(session.as_ref(), "account:ada");
    assert_eq!(account.events.len(), 2, "opened, and the withdrawal of the one that was first");
}
