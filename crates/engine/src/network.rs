//! The network: messages in flight.

use crate::choice::MsgKey;
use crate::event::Shape;
use crate::fingerprint::{Canon, Fingerprint, Multiset};
use crate::ids::{EventIx, Micros, MsgId};
use crate::out::Exchange;
use crate::rng::DrawKey;

/// What a draw about a message is keyed by, as its delay or whether it is lost.
#[must_use]
pub fn draw_key(key: &MsgKey) -> DrawKey {
    let (step, dir) = key.step.unwrap_or_default();
    DrawKey { txn: key.txn, step, dir, attempt: key.attempt, node: key.to, salt: key.label.0 }
}

/// A message in flight.
#[derive(Clone, PartialEq, Debug)]
pub struct Message<B> {
    /// Its number, in order of sending.
    pub id: MsgId,
    /// Who sent it to whom about what.
    pub key: MsgKey,
    /// Its shape.
    pub shape: Shape,
    /// The exchange that it belongs to.
    pub exchange: Option<Exchange>,
    /// What it says.
    pub body: B,
    /// When it is due.
    pub due: Micros,
    /// The event of its sending.
    pub sent: EventIx,
    /// Whether it is a copy that a fault made.
    pub copy: bool,
}

impl<B: Canon> Canon for Message<B> {
    /// Without number, time and attempt: two messages that say the same are the same.
    fn canon(&self, h: &mut Fingerprint) {
        h.write_u8(self.key.from.0);
        h.write_u8(self.key.to.0);
        h.write_u32(self.key.label.0);
        h.write_u32(self.key.txn.0);
        match self.key.step {
            None => h.write_u8(0),
            Some((step, dir)) => {
                h.write_u8(1 + dir as u8);
                h.write_u8(step.0);
            }
        }
        self.body.canon(h);
    }
}

/// The messages in flight, in order of sending.
#[derive(Clone, Debug)]
pub struct Network<B> {
    messages: Vec<Message<B>>,
}

impl<B> Default for Network<B> {
    fn default() -> Self {
        Self { messages: Vec::new() }
    }
}

impl<B: Clone> Network<B> {
    /// The messages in order of sending.
    pub fn iter(&self) -> impl Iterator<Item = &Message<B>> {
        self.messages.iter()
    }

    /// Adds a message; numbers only grow.
    pub fn send(&mut self, message: Message<B>) {
        self.messages.push(message);
    }

    /// A message by its number.
    #[must_use]
    pub fn get(&self, id: MsgId) -> Option<&Message<B>> {
        self.messages
            .binary_search_by_key(&id, |message| message.id)
            .ok()
            .map(|at| &self.messages[at])
    }

    /// The message of a key.
    #[must_use]
    pub fn find(&self, key: &MsgKey) -> Option<&Message<B>> {
        let base = MsgKey { nth: 0, ..*key };
        self.messages.iter().filter(|message| message.key == base).nth(usize::from(key.nth))
    }

    /// The key of a message: it says which one, where several are equal in all else.
    #[must_use]
    pub fn key_of(&self, id: MsgId) -> Option<MsgKey> {
        let message = self.get(id)?;
        let before = self.messages.iter().take_while(|other| other.id < id);
        let nth = before.filter(|other| other.key == message.key).count();
        Some(MsgKey { nth: nth.min(usize::from(u8::MAX)) as u8, ..message.key })
    }

    /// Takes a message out.
    pub fn take(&mut self, id: MsgId) -> Option<Message<B>> {
        let at = self.messages.binary_search_by_key(&id, |message| message.id).ok()?;
        Some(self.messages.remove(at))
    }

    /// Whether a message of an exchange is in flight.
    #[must_use]
    pub fn carries(&self, exchange: &Exchange) -> bool {
        self.messages.iter().any(|message| message.exchange.as_ref() == Some(exchange))
    }
}

impl<B: Clone + PartialEq> Network<B> {
    /// A key for each message in flight, in order; those that say the same have one between them,
    /// that of the first, since it makes no difference which of them is meant.
    #[must_use]
    pub fn keys(&self) -> Vec<MsgKey> {
        let mut keys = Vec::new();
        for (at, message) in self.messages.iter().enumerate() {
            let mut equal = self.messages[..at].iter().filter(|other| other.key == message.key);
            let nth = equal.clone().count();
            if nth <= usize::from(u8::MAX) && !equal.any(|other| other.body == message.body) {
                keys.push(MsgKey { nth: nth as u8, ..message.key });
            }
        }
        keys.sort_unstable();
        keys
    }
}

impl<B: Canon> Canon for Network<B> {
    fn canon(&self, h: &mut Fingerprint) {
        let mut all = Multiset::new();
        for message in &self.messages {
            all.add(message);
        }
        all.canon(h);
    }
}
