//! Making a choice: the only way in which a world changes.

use std::fmt;
use std::rc::Rc;

use super::effects::Handler;
use super::{Due, Sink, World};
use crate::choice::{Choice, ChoiceKind, Cut, MsgKey, TimerKey};
use crate::event::{DropReason, EventKind, LostRecord};
use crate::family::{About, TimerOf, TxnData};
use crate::ids::{Direction, EventIx, MsgId, NodeIx, StepIx, TxnId};
use crate::mutation::Mutation;
use crate::network::draw_key;
use crate::out::Effect;
use crate::patterns::read::{Asked, Fired};
use crate::patterns::{Body, Out, Response, client, entry};
use crate::plan::MixKind;
use crate::rng::Purpose;

/// Why a choice cannot be made in this world.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Impossible {
    /// No such arrival is next.
    NoArrival,
    /// No such message is in flight.
    NoMessage,
    /// No such timer is armed.
    NoTimer,
    /// The node is down.
    Down,
    /// The node is up.
    Up,
    /// No record waits there.
    NoRecord,
    /// Nothing waits in the outbox.
    NothingToRelay,
    /// The broker cannot be reached.
    NoBroker,
    /// The fault is at work already, or is not.
    Fault,
    /// No handler waits there, or what it waits for has not come.
    NotParked,
    /// The partition is another member's.
    NotOwner,
    /// The node is in no consumer group in which another could take its place.
    NotMember,
}

impl fmt::Display for Impossible {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoArrival => "that arrival is not the next one",
            Self::NoMessage => "no such message is in flight",
            Self::NoTimer => "no such timer is armed",
            Self::Down => "the node is down",
            Self::Up => "the node is up",
            Self::NoRecord => "no such record waits for it",
            Self::NothingToRelay => "nothing waits in its outbox",
            Self::NoBroker => "the broker cannot be reached",
            Self::Fault => "the fault is already in that state",
            Self::NotParked => "no handler waits there that could go on",
            Self::NotOwner => "the partition is another member's",
            Self::NotMember => "no other member could take its place",
        })
    }
}

impl std::error::Error for Impossible {}

impl World {
    /// Makes a choice and writes what happens to the sink.
    ///
    /// # Errors
    /// Where the choice cannot be made now; the world is then as it was.
    pub fn apply(&mut self, choice: &Choice, sink: &mut dyn Sink) -> Result<(), Impossible> {
        self.step_no += 1;
        let result = self.make(choice.kind, choice.cut, sink);
        if result.is_err() {
            self.step_no -= 1;
        }
        result
    }

    pub(super) fn make(
        &mut self,
        kind: ChoiceKind,
        cut: Option<Cut>,
        sink: &mut dyn Sink,
    ) -> Result<(), Impossible> {
        match kind {
            ChoiceKind::Arrive { number, inputs } => self.arrive(number, inputs, cut, sink),
            ChoiceKind::Deliver(key) => self.deliver(&key, cut, sink),
            ChoiceKind::Drop(key) => {
                let id = self.network.find(&key).ok_or(Impossible::NoMessage)?.id;
                let why = if !self.is_up(key.to) {
                    DropReason::NodeDown
                } else if self.reaches(key.from, key.to) {
                    DropReason::Lost
                } else {
                    DropReason::Partitioned
                };
                self.drop_message(id, why, sink);
                Ok(())
            }
            ChoiceKind::Duplicate(key) => self.duplicate(&key, sink),
            ChoiceKind::Consume { node, topic, partition } => {
                self.consume(node, topic, partition, cut, sink)
            }
            ChoiceKind::Redeliver { node, topic, partition } => {
                self.redeliver(node, topic, partition, sink)
            }
            ChoiceKind::Relay { node } => self.relay(node, cut, sink),
            ChoiceKind::Fire(key) => self.fire(&key, false, cut, sink),
            ChoiceKind::GiveUp(key) => self.fire(&key, true, cut, sink),
            ChoiceKind::Proceed { node, txn } => self.proceed(node, txn, cut, sink),
            ChoiceKind::Crash { node, lose } => {
                if !self.is_up(node) {
                    return Err(Impossible::Down);
                }
                let mut handler = Handler::new(self, sink, node, None, None);
                handler.crash(usize::from(lose), None);
                handler.finish();
                Ok(())
            }
            ChoiceKind::Restart { node } => self.restart(node, cut, sink),
            ChoiceKind::Begin(fault) => self.begin_fault(fault, sink),
            ChoiceKind::End(fault) => self.end_fault(fault, sink),
            ChoiceKind::Expel { node, held } => self.expel(node, held, sink),
        }
    }

    fn arrive(
        &mut self,
        number: u32,
        inputs: u32,
        cut: Option<Cut>,
        sink: &mut dyn Sink,
    ) -> Result<(), Impossible> {
        if number != self.arrived || number >= self.plan.arrivals() {
            return Err(Impossible::NoArrival);
        }
        let values = self.plan.arrival_combination(number, inputs).ok_or(Impossible::NoArrival)?;
        let what = self.plan.arrival_mix(number).what;
        let txn = TxnId(number);
        self.arrived += 1;
        self.txns.insert_mut(txn, TxnData { what, inputs: Rc::new(values) });
        let node = self.plan.clients();
        let mut out = Out::default();
        match what {
            MixKind::Flow(_) => {
                let mut clients = std::mem::take(&mut self.clients);
                let cx = self.cx(node);
                let retries = self.parts.write.client_retries();
                let entry = entry(self.parts, &cx, txn);
                client::on_arrive(&cx, &mut clients, entry, txn, retries, &mut out);
                self.clients = clients;
            }
            MixKind::Query(_) => {}
        }
        let mut handler = Handler::new(self, sink, node, None, cut);
        handler.about = (Some(txn), None);
        if matches!(what, MixKind::Query(_)) {
            let read = handler.world.parts.read;
            out = handler.call_read(|cx, state, out| read.on_arrive(cx, state, txn, out));
        }
        handler.run(out);
        handler.finish();
        Ok(())
    }

    fn deliver(
        &mut self,
        key: &MsgKey,
        cut: Option<Cut>,
        sink: &mut dyn Sink,
    ) -> Result<(), Impossible> {
        let message = self.network.find(key).ok_or(Impossible::NoMessage)?;
        if !self.is_up(key.to) {
            return Err(Impossible::Down);
        }
        let id = message.id;
        let message = self.network.take(id).ok_or(Impossible::NoMessage)?;
        let node = key.to;
        let mut handler = Handler::new(self, sink, node, Some(message.sent), cut);
        handler.about = (Some(key.txn), key.step);
        handler.attempt = key.attempt;
        handler.emit(EventKind::Handled { msg: id });
        handler.begin();
        if handler.world.is_up(node) {
            let out = handler.dispatch(key, message.body);
            handler.run(out);
        }
        handler.finish();
        Ok(())
    }

    fn relay(
        &mut self,
        node: NodeIx,
        cut: Option<Cut>,
        sink: &mut dyn Sink,
    ) -> Result<(), Impossible> {
        self.at_broker(node)?;
        let service = self.plan.cast.service_of(node);
        if self.relay_of(service) != Some(node) {
            return Err(Impossible::NothingToRelay);
        }
        let db = self.plan.cast.nodes[service.ix()].db.ok_or(Impossible::NothingToRelay)?;
        let oldest = *self.dbs[db.ix()].oldest_unsent().ok_or(Impossible::NothingToRelay)?;
        let mut handler = Handler::new(self, sink, node, None, cut);
        handler.about = (Some(oldest.txn), None);
        handler.begin();
        if handler.world.is_up(node) {
            let mut out = Out::default();
            if handler.world.plan.has(Mutation::MarkedBeforePublished) {
                out.push(Effect::MarkSent { db });
                out.push(Effect::Publish(oldest));
            } else {
                out.push(Effect::PublishOldest { db });
                out.push(Effect::MarkSent { db });
            }
            handler.run(out);
        }
        handler.finish();
        if self.dbs[db.ix()].unsent() > 0 && self.is_up(node) {
            self.relay_later(service);
        }
        Ok(())
    }

    fn fire(
        &mut self,
        key: &TimerKey,
        give_up: bool,
        cut: Option<Cut>,
        sink: &mut dyn Sink,
    ) -> Result<(), Impossible> {
        let timer = *self.timers.get(key).ok_or(Impossible::NoTimer)?;
        self.timers.remove(key);
        let again = (!give_up).then_some(timer.alarm.attempt.saturating_add(1));
        let mut handler = Handler::new(self, sink, key.node, Some(timer.armed), cut);
        handler.about = (Some(key.txn), key.step);
        handler.attempt = timer.alarm.attempt;
        handler.emit(EventKind::TimerFired { label: key.label });
        handler.begin();
        if handler.world.is_up(key.node) {
            let out = handler.timer(key, timer.alarm.exchange.target, again);
            handler.run(out);
        }
        handler.finish();
        Ok(())
    }

    fn restart(
        &mut self,
        node: NodeIx,
        cut: Option<Cut>,
        sink: &mut dyn Sink,
    ) -> Result<(), Impossible> {
        if self.is_up(node) {
            return Err(Impossible::Up);
        }
        // The database of several processes did not go down with this one.
        let db = self.plan.cast.nodes[node.ix()].db.filter(|_| self.members(node).is_none());
        let redone = db.map_or(0, |db| Rc::make_mut(&mut self.dbs[db.ix()]).recover());
        self.nodes[node.ix()].up = true;
        self.nodes[node.ix()].silence = None;
        let cause = self.nodes[node.ix()].crashed.take();
        let (write, read) = (self.parts.write, self.parts.read);
        let mut handler = Handler::new(self, sink, node, cause, cut);
        handler.emit(EventKind::Restarted { redone });
        handler.begin();
        if handler.world.is_up(node) {
            let out = handler.call(|cx, state, out| write.on_restart(cx, state, out));
            handler.run(out);
            let out = handler.call_read(|cx, state, out| read.on_restart(cx, state, out));
            handler.run(out);
            if handler.world.is_up(node) {
                handler.join();
            }
        }
        handler.finish();
        if self.is_up(node) {
            let service = self.plan.cast.service_of(node);
            let db = self.plan.cast.nodes[service.ix()].db;
            if db.is_some_and(|db| self.dbs[db.ix()].unsent() > 0) {
                self.relay_later(service);
            }
            self.wake_consumers();
        }
        Ok(())
    }

    fn duplicate(&mut self, key: &MsgKey, sink: &mut dyn Sink) -> Result<(), Impossible> {
        let message = self.network.find(key).ok_or(Impossible::NoMessage)?.clone();
        let copy = self.next_message;
        self.next_message = MsgId(copy.0 + 1);
        let mut due = message.due;
        if self.timed {
            due = self.now + self.delay(key.from, key.to, Purpose::DuplicateDelay, draw_key(key));
            self.due.push((due, Due::Message(copy)));
        }
        let mut handler = Handler::new(self, sink, key.from, Some(message.sent), None);
        handler.about = (Some(key.txn), key.step);
        let sent = handler.emit(EventKind::Duplicated { msg: message.id, copy, due });
        handler.world.network.send(crate::network::Message {
            id: copy,
            due,
            sent,
            copy: true,
            ..message
        });
        handler.finish();
        Ok(())
    }

    /// Loses a message.
    fn drop_message(&mut self, id: MsgId, why: DropReason, sink: &mut dyn Sink) {
        let Some(message) = self.network.take(id) else { return };
        let mut handler = Handler::new(self, sink, message.key.to, Some(message.sent), None);
        handler.about = (Some(message.key.txn), message.key.step);
        handler.emit(EventKind::Dropped { msg: id, why });
        handler.finish();
    }

    /// Records something that only a clock brings about: an arrival in a queue, a worker that begins.
    pub fn note_time(
        &mut self,
        node: NodeIx,
        cause: Option<EventIx>,
        about: (Option<TxnId>, Option<(StepIx, Direction)>),
        kind: EventKind,
        sink: &mut dyn Sink,
    ) -> EventIx {
        let mut handler = Handler::new(self, sink, node, cause, None);
        handler.about = about;
        let ix = handler.emit(kind);
        // A schedule without a clock has no such event: what it sets off is a choice of its own.
        let struck = handler.take_struck();
        handler.begin();
        handler.finish();
        for trigger in struck {
            self.begin_later(trigger, Some(ix));
        }
        ix
    }

    /// A node loses its memory, its timers and the unforced end of its log.
    pub(super) fn take_down(&mut self, node: NodeIx, lose: usize) -> Vec<LostRecord> {
        self.nodes[node.ix()].up = false;
        self.nodes[node.ix()].state = self.parts.write.initial();
        self.nodes[node.ix()].reads = self.parts.read.initial();
        self.parked.retain(|(of, _), _| *of != node);
        self.timers.retain(|key, _| key.node != node);
        self.held.retain(|(of, _)| *of != node);
        if self.plan.broker.is_some() {
            let service = self.plan.cast.service_of(node);
            let broker = Rc::make_mut(&mut self.broker);
            broker.rewind(service, node);
            if let Some(members) = broker.members_mut(service) {
                members.let_go(node);
            }
        }
        if self.timed {
            self.due.push((self.now, Due::Down(node)));
        }
        let db = self.plan.cast.nodes[node.ix()].db.filter(|_| self.members(node).is_none());
        let Some(db) = db else { return Vec::new() };
        let lost = Rc::make_mut(&mut self.dbs[db.ix()]).crash(lose);
        self.lose_sessions(db);
        lost
    }
}

impl Handler<'_> {
    /// Hands a message to the role that it is for.
    fn dispatch(&mut self, key: &MsgKey, body: Body) -> Out {
        let node = self.node;
        let txn = key.txn;
        let write = self.world.parts.write;
        let mut out = Out::default();
        match body {
            Body::Request => {
                return self.call(|cx, state, out| write.on_request(cx, state, txn, out));
            }
            Body::Write(message) => {
                let about = About { from: key.from, txn, step: key.step.unwrap_or_default().0 };
                return self
                    .call(|cx, state, out| write.on_message(cx, state, about, message, out));
            }
            Body::RequestAt(seen) => {
                self.seen = Some(seen);
                return self.call(|cx, state, out| write.on_request(cx, state, txn, out));
            }
            Body::Look => client::on_look(&self.world.cx(node), txn, &mut out),
            Body::Seen(seen) => {
                let about = (key.from, txn);
                let retries = write.client_retries();
                let mut clients = std::mem::take(&mut self.world.clients);
                let cx = self.world.cx(node);
                client::on_seen(&cx, &mut clients, about, seen, retries, &mut out);
                self.world.clients = clients;
            }
            Body::Response(response) => {
                let about = (key.from, txn);
                let retries = write.client_retries();
                let mut clients = std::mem::take(&mut self.world.clients);
                let cx = self.world.cx(node);
                client::on_response(&cx, &mut clients, about, response, retries, &mut out);
                self.world.clients = clients;
                if !matches!(response, Response::Aborted(_)) {
                    let read = self.world.parts.read;
                    self.call_read(|cx, state, _| read.on_acknowledged(cx, state, txn));
                }
            }
            Body::Read(message) => {
                let read = self.world.parts.read;
                let asked = Asked { from: key.from, txn, step: key.step };
                return self
                    .call_read(|cx, state, out| read.on_message(cx, state, asked, message, out));
            }
        }
        out
    }

    /// Hands a timer to the role that armed it.
    fn timer(&mut self, key: &TimerKey, target: NodeIx, again: Option<u16>) -> Out {
        let node = self.node;
        let txn = key.txn;
        let mut out = Out::default();
        if key.label == self.world.plan.words.lock_wait {
            return self.lock_timer(txn);
        }
        let read = self.world.parts.read;
        if read.owns(&self.world.plan, key.label) {
            let fired = Fired { label: key.label, txn, step: key.step, target, again };
            return self.call_read(|cx, state, out| read.on_timer(cx, state, fired, out));
        }
        if node != self.world.plan.clients() {
            let write = self.world.parts.write;
            let of = TimerOf { label: key.label, txn, step: key.step.unwrap_or_default(), target };
            return self.call(|cx, state, out| write.on_timer(cx, state, of, again, out));
        } else {
            let retries = self.world.parts.write.client_retries();
            let again = again.filter(|_| retries);
            let mut clients = std::mem::take(&mut self.world.clients);
            client::on_timer(&self.world.cx(node), &mut clients, target, txn, again, &mut out);
            self.world.clients = clients;
        }
        out
    }
}
