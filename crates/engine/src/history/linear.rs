//! Linearizability and sequential consistency, by search.
//!
//! M. Herlihy and J. Wing, *Linearizability: A Correctness Condition for Concurrent Objects*,
//! TOPLAS 1990; the search is that of J. Wing and C. Gong, *Testing and Verifying Concurrent
//! Objects*, JPDC 1993, with the memory of G. Lowe, *Testing for Linearizability*, 2017: the same
//! operations done and the same state reached need no second look. Sequential consistency
//! (L. Lamport 1979) is the same search without real time.

use std::collections::BTreeSet;

use super::objects::Object;

/// The most operations that a history may have: they are remembered as bits of a word.
pub const OPERATIONS_MAX: usize = 128;

/// An operation of a client.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Call<Op, An> {
    /// The client. It has one operation at a time.
    pub client: u32,
    /// What it asked for.
    pub operation: Op,
    /// When it asked, in any unit.
    pub asked: u64,
    /// When it was answered, and with what. An operation that was never answered may have been
    /// done at any later time, or not at all.
    pub answered: Option<(u64, An)>,
}

/// Which order an explanation must keep.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Keeps {
    /// An operation that was answered before another was asked comes before it.
    RealTime,
    /// Each client's own order.
    Clients,
}

/// Why a history cannot be judged.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TooLong {
    /// How many operations it has.
    pub operations: usize,
}

impl std::fmt::Display for TooLong {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} operations, and {OPERATIONS_MAX} can be judged", self.operations)
    }
}

/// A history of an object.
pub type Calls<O> = [Call<<O as Object>::Operation, <O as Object>::Answer>];

/// An order of the operations, by their places in the history, that explains every answer and
/// keeps real time; `None` where there is none.
///
/// # Errors
/// Where the history is too long to be judged.
pub fn linearization<O: Object>(
    start: &O,
    calls: &Calls<O>,
) -> Result<Option<Vec<usize>>, TooLong> {
    explain(start, calls, Keeps::RealTime)
}

/// An order that explains every answer and keeps each client's own; `None` where there is none.
///
/// # Errors
/// Where the history is too long to be judged.
pub fn sequential_order<O: Object>(
    start: &O,
    calls: &Calls<O>,
) -> Result<Option<Vec<usize>>, TooLong> {
    explain(start, calls, Keeps::Clients)
}

/// A place in the search: what was done, what came of it, and which operation is tried next.
struct Place<O> {
    done: u128,
    state: O,
    next: usize,
}

fn explain<O: Object>(
    start: &O,
    calls: &Calls<O>,
    keeps: Keeps,
) -> Result<Option<Vec<usize>>, TooLong> {
    if calls.len() > OPERATIONS_MAX {
        return Err(TooLong { operations: calls.len() });
    }
    let before: Vec<u128> = (0..calls.len()).map(|at| predecessors(calls, at, keeps)).collect();
    let must = bits(calls.iter().enumerate().filter(|(_, c)| c.answered.is_some()).map(|(i, _)| i));
    let mut seen: BTreeSet<(u128, O)> = BTreeSet::new();
    let mut order = Vec::new();
    let mut places = vec![Place { done: 0, state: start.clone(), next: 0 }];
    while let Some(place) = places.last_mut() {
        if place.done & must == must {
            return Ok(Some(order));
        }
        let at = place.next;
        let Some(call) = calls.get(at) else {
            places.pop();
            order.pop();
            continue;
        };
        place.next += 1;
        let bit = 1_u128 << at;
        if place.done & bit != 0 || place.done & before[at] != before[at] {
            continue;
        }
        let mut state = place.state.clone();
        let answer = state.apply(&call.operation);
        if call.answered.as_ref().is_some_and(|(_, told)| *told != answer) {
            continue;
        }
        let done = place.done | bit;
        if seen.insert((done, state.clone())) {
            order.push(at);
            places.push(Place { done, state, next: 0 });
        }
    }
    Ok(None)
}

fn bits(places: impl Iterator<Item = usize>) -> u128 {
    places.fold(0, |bits, at| bits | 1 << at)
}

/// The operations that must be done before one can be. Only answered ones are ever required: of the
/// others nobody knows whether they were done.
fn predecessors<Op, An>(calls: &[Call<Op, An>], at: usize, keeps: Keeps) -> u128 {
    let call = &calls[at];
    bits(calls.iter().enumerate().filter_map(|(other, earlier)| {
        let (answered, _) = earlier.answered.as_ref()?;
        let comes_first = match keeps {
            Keeps::RealTime => *answered < call.asked,
            Keeps::Clients => earlier.client == call.client && earlier.asked < call.asked,
        };
        (comes_first && other != at).then_some(other)
    }))
}
