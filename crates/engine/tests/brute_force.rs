//! One concrete saga, counted twice: by the explorer on the engine, and by a model of it that was
//! written by hand from the step rules and shares no code with the engine.
//!
//! The saga is choreographed over two services with outbox and inbox: `a` does its step when the
//! client asks and leaves an event in its outbox; a relay publishes it; `b` consumes it, does its
//! step and leaves an event that nobody reacts to. Either step succeeds. What can go wrong: crashes
//! before, between and after the effects of a handler, lost messages and lost replies of synchronous
//! calls, copies of messages and records that are delivered again.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use interleave_engine::scenario::document::Budget;
use interleave_engine::scenario::parse;
use interleave_engine::session::{CheckRequest, RunInput, open};

const SCENARIO: &str = r#"{
  "interleave": 1,
  "title": "Two steps",
  "coupling": "saga-choreography",
  "services": [
    { "name": "a", "rows": { "box:a": 1 } },
    { "name": "b", "rows": { "box:b": 1 } }
  ],
  "transactions": [{
    "name": "go",
    "steps": [
      { "name": "one", "service": "a",
        "do": [{ "op": "add", "key": "box:a", "by": -1 }], "undo": [{ "op": "add", "key": "box:a", "by": 1 }] },
      { "name": "two", "service": "b", "kind": "pivot", "do": [{ "op": "add", "key": "box:b", "by": -1 }] }
    ]
  }],
  "workload": { "arrivals": { "at-us": [0] }, "mix": [{ "transaction": "go" }] }
}"#;

/// A service with its database.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Service {
    up: bool,
    /// Whether its step is done; its inbox knows the message from then on.
    done: bool,
    /// Messages in the outbox.
    outbox: u8,
    /// Marks in the outbox that a crash may lose: the messages would come back.
    marks: u8,
    /// Its records in its topic.
    records: u8,
}

/// Everything that decides what can still happen.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct State {
    arrived: bool,
    /// The client waits, with its timer armed.
    waiting: bool,
    requests: u8,
    responses: u8,
    a: Service,
    b: Service,
    /// The next record of a's that b reads, and where it begins again after a restart.
    position: u8,
    committed: u8,
    /// Whether the broker knows b's group: from the first record that b has taken up.
    joined: bool,
    crashes: u8,
    drops: u8,
    duplicates: u8,
}

impl Service {
    /// The service crashes; the last `lose` of its marks are gone, the others have reached the disk.
    fn crash(&mut self, lose: u8) {
        self.up = false;
        self.outbox += lose;
        self.marks = 0;
    }

    /// The step commits, and forces everything before it.
    fn commit(&mut self) {
        self.done = true;
        self.outbox += 1;
        self.marks = 0;
    }
}

/// The states after one step: those of ordinary choices, and those of faults.
#[derive(Default)]
struct Next {
    ordinary: Vec<State>,
    faulty: Vec<State>,
}

impl Next {
    fn lost(&mut self, from: &State, change: impl FnOnce(&mut State)) {
        if from.drops > 0 {
            let mut state = *from;
            state.drops -= 1;
            change(&mut state);
            self.faulty.push(state);
        }
    }

    fn copied(&mut self, from: &State, change: impl FnOnce(&mut State)) {
        if from.duplicates > 0 {
            let mut state = *from;
            state.duplicates -= 1;
            change(&mut state);
            self.faulty.push(state);
        }
    }

    /// `change` brings about all effects up to the crash; then the service that `of` picks is gone,
    /// once for each number of marks that it may lose.
    fn crashed(
        &mut self,
        from: &State,
        of: fn(&mut State) -> &mut Service,
        may_lose: bool,
        change: impl FnOnce(&mut State),
    ) {
        if from.crashes == 0 {
            return;
        }
        let mut state = *from;
        state.crashes -= 1;
        change(&mut state);
        let most = if may_lose { of(&mut state).marks } else { 0 };
        for lose in 0..=most {
            let mut after = state;
            of(&mut after).crash(lose);
            if !after.b.up {
                // The consumer is gone and will begin where its group last committed.
                after.position = after.committed;
            }
            self.faulty.push(after);
        }
    }

    /// A service handles what it was sent: it takes it up, does its work where it has not done it
    /// before, and finishes. It may crash before, between and after, and the reply of its commit
    /// may be lost.
    fn handled(
        &mut self,
        from: &State,
        of: fn(&mut State) -> &mut Service,
        taken: impl Fn(&mut State),
        worked: impl Fn(&mut State),
        finished: impl Fn(&mut State),
    ) {
        let mut done = *from;
        let works = !of(&mut done).done;
        finished(&mut done);
        self.ordinary.push(done);
        self.crashed(from, of, false, taken);
        if works {
            self.crashed(from, of, true, &worked);
            self.lost(from, worked);
        }
        self.crashed(from, of, true, finished);
    }
}

fn a(state: &mut State) -> &mut Service {
    &mut state.a
}

fn b(state: &mut State) -> &mut Service {
    &mut state.b
}

fn successors(state: &State) -> Next {
    let mut next = Next::default();
    client(state, &mut next);
    request(state, &mut next);
    consume(state, &mut next);
    for of in [a, b] {
        relay(state, of, &mut next);
        let mut copy = *state;
        let service = of(&mut copy);
        if !service.up {
            service.up = true;
            next.ordinary.push(copy);
        } else if service.marks > 0 {
            // A crash between two handlers matters only where there is something to lose.
            next.crashed(state, of, true, |_| {});
        }
    }
    next
}

fn client(state: &State, next: &mut Next) {
    if !state.arrived {
        next.ordinary.push(State { arrived: true, waiting: true, requests: 1, ..*state });
    }
    if state.responses > 0 {
        let responses = state.responses - 1;
        next.ordinary.push(State { waiting: false, responses, ..*state });
        next.lost(state, |s| s.responses -= 1);
        next.copied(state, |s| s.responses += 1);
    }
    if state.requests > 0 {
        next.lost(state, |s| s.requests -= 1);
        next.copied(state, |s| s.requests += 1);
    }
    // The client asks again only where no answer can come any more.
    if state.waiting && state.requests == 0 && state.responses == 0 && state.a.up {
        next.ordinary.push(State { requests: 1, ..*state });
    }
}

/// The service of the first step handles a request: commit, then answer.
fn request(state: &State, next: &mut Next) {
    if state.requests == 0 || !state.a.up {
        return;
    }
    let taken = |s: &mut State| s.requests -= 1;
    let worked = |s: &mut State| {
        s.requests -= 1;
        if !s.a.done {
            s.a.commit();
        }
    };
    let answered = |s: &mut State| {
        worked(s);
        s.responses += 1;
    };
    next.handled(state, a, taken, worked, answered);
}

/// The second service handles the next record: commit, then commit the offset.
fn consume(state: &State, next: &mut Next) {
    if !state.b.up || state.position >= state.a.records {
        if state.b.up && state.position > 0 {
            next.copied(state, |s| s.position -= 1);
        }
        return;
    }
    let taken = |s: &mut State| s.joined = true;
    let worked = |s: &mut State| {
        s.joined = true;
        if !s.b.done {
            s.b.commit();
        }
    };
    let acknowledged = |s: &mut State| {
        worked(s);
        s.position += 1;
        s.committed = s.position;
    };
    next.handled(state, b, taken, worked, acknowledged);
    next.lost(state, acknowledged);
    if state.position > 0 {
        next.copied(state, |s| s.position -= 1);
    }
}

/// A relay publishes the oldest message of an outbox, then marks it as sent.
fn relay(state: &State, of: fn(&mut State) -> &mut Service, next: &mut Next) {
    let mut copy = *state;
    if !of(&mut copy).up || of(&mut copy).outbox == 0 {
        return;
    }
    let published = |s: &mut State| of(s).records += 1;
    let marked = |s: &mut State| {
        let service = of(s);
        service.records += 1;
        service.outbox -= 1;
        service.marks += 1;
    };
    marked(&mut copy);
    next.ordinary.push(copy);
    next.crashed(state, of, false, |_| {});
    next.crashed(state, of, true, published);
    next.lost(state, published);
    next.crashed(state, of, true, marked);
}

/// Every reachable state, and how many of them are at rest.
fn enumerate(faults: Budget) -> (u64, u64) {
    let service = Service { up: true, done: false, outbox: 0, marks: 0, records: 0 };
    let initial = State {
        arrived: false,
        waiting: false,
        requests: 0,
        responses: 0,
        a: service,
        b: service,
        position: 0,
        committed: 0,
        joined: false,
        crashes: faults.crash,
        drops: faults.drop,
        duplicates: faults.duplicate,
    };
    let mut seen = BTreeSet::from([initial]);
    let mut open = vec![initial];
    let mut at_rest = 0;
    while let Some(state) = open.pop() {
        let next = successors(&state);
        at_rest += u64::from(next.ordinary.is_empty());
        for after in next.ordinary.into_iter().chain(next.faulty) {
            if seen.insert(after) {
                open.push(after);
            }
        }
    }
    (seen.len() as u64, at_rest)
}

/// What the explorer counts on the engine, with no property to remember anything for.
fn explore(faults: Budget) -> (u64, u64) {
    let session = open(&RunInput::of(parse(SCENARIO).unwrap())).unwrap();
    let request = CheckRequest {
        faults: Some(faults),
        properties: Some(Vec::new()),
        ..CheckRequest::default()
    };
    let mut check = session.check(&request).unwrap();
    while !check.run_slice(10_000) {}
    let report = check.report();
    assert!(report.complete, "{faults:?}");
    (report.states, report.at_rest)
}

#[test]
fn the_explorer_reaches_exactly_the_states_of_a_model_made_by_hand() {
    for crash in 0..=2 {
        for drop in 0..=2 {
            for duplicate in 0..=2 {
                let faults = Budget { crash, drop, duplicate, ..Budget::default() };
                let (states, at_rest) = explore(faults);
                assert_eq!((states, at_rest), enumerate(faults), "{faults:?}");
            }
        }
    }
}
