//! Nodes that exchange messages over a network that may lose or repeat them, and a node with a timer.

use std::collections::BTreeSet;

use interleave_engine::drivers::model::Model;
use interleave_engine::fingerprint::{Canon, Fingerprint, Multiset};

/// What the network does with messages. Each message is in flight at most once in these models,
/// so the messages in flight are a set.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Network {
    /// A message may vanish.
    pub lossy: bool,
    /// A message stays in flight after its delivery.
    pub duplicating: bool,
}

/// Two nodes count up in turn: ping n is answered by pong n, which is answered by ping n + 1.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PingPong {
    pub max: u32,
    pub network: Network,
    /// Nodes that exist. With none, the first message is for a node that nobody knows.
    pub nodes: usize,
}

/// A message to node 1 (ping) or node 0 (pong).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Message {
    Ping(u32),
    Pong(u32),
}

impl Canon for Message {
    fn canon(&self, h: &mut Fingerprint) {
        let (Self::Ping(n) | Self::Pong(n)) = self;
        h.write_u8(u8::from(matches!(self, Self::Ping(_))));
        h.write_u32(*n);
    }
}

/// What happens to a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Deliver(Message),
    Drop(Message),
}

/// The counts of both nodes and the messages in flight.
pub(crate) type State = ([u32; 2], BTreeSet<Message>);

impl PingPong {
    /// The nodes' counts and the answer after a delivery, or nothing if the message is ignored or
    /// would lead out of the bound.
    fn handle(
        &self,
        [pinging, ponging]: [u32; 2],
        message: Message,
    ) -> Option<([u32; 2], Message)> {
        let (counts, answer, node) = match message {
            Message::Ping(n) if n == ponging => ([pinging, n + 1], Message::Pong(n), 1),
            Message::Pong(n) if n == pinging => ([n + 1, ponging], Message::Ping(n + 1), 0),
            _ => return None,
        };
        let is_within = counts.iter().all(|count| *count <= self.max);
        (is_within && node < self.nodes).then_some((counts, answer))
    }
}

impl Model for PingPong {
    type State = State;
    type Action = Action;

    fn initial(&self, emit: &mut dyn FnMut(State)) {
        emit(([0, 0], BTreeSet::from([Message::Ping(0)])));
    }

    /// Message by message, the loss before the delivery.
    fn successors(&self, (counts, in_flight): &State, emit: &mut dyn FnMut(Action, State)) {
        for message in in_flight {
            let mut without = in_flight.clone();
            without.remove(message);
            if self.network.lossy {
                emit(Action::Drop(*message), (*counts, without.clone()));
            }
            if let Some((counts, answer)) = self.handle(*counts, *message) {
                let mut after = if self.network.duplicating { in_flight.clone() } else { without };
                after.insert(answer);
                emit(Action::Deliver(*message), (counts, after));
            }
        }
    }

    fn fingerprint(&self, (counts, in_flight): &State) -> u64 {
        let mut messages = Multiset::new();
        in_flight.iter().for_each(|message| messages.add(message));
        Fingerprint::of(&(*counts, messages))
    }
}

/// A node with timers that each fire once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timers {
    pub armed: u8,
}

impl Model for Timers {
    /// One bit for each armed timer.
    type State = u32;
    /// The timer that fires.
    type Action = u8;

    fn initial(&self, emit: &mut dyn FnMut(u32)) {
        emit(super::everyone(u32::from(self.armed)));
    }

    /// In the order of the timers.
    fn successors(&self, armed: &u32, emit: &mut dyn FnMut(u8, u32)) {
        let is_armed = |timer: &u8| armed & 1 << timer != 0;
        (0..self.armed).filter(is_armed).for_each(|timer| emit(timer, armed & !(1 << timer)));
    }

    fn fingerprint(&self, armed: &u32) -> u64 {
        Fingerprint::of(armed)
    }
}
