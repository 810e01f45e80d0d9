//! How a handler's effects are carried out, and where it can be cut short.

mod copies;
mod sending;
mod writing;

pub(super) use copies::Copying;

use std::borrow::Cow;
use std::collections::VecDeque;
use std::rc::Rc;

use super::{Due, Sink, World};
use crate::choice::{ChoiceKind, Cut, MsgKey, TimerKey};
use crate::event::{Event, EventKind, Fact, Refusal, RowChange, Shape};
use crate::ids::{
    DbIx, Direction, EventIx, FaultIx, Micros, MsgId, NodeIx, StepIx, StepRef, TxnId,
};
use crate::network::{Message, draw_key};
use crate::out::{
    Alarm, Answer, Clock, Effect, InboxKey, Letter, LocalResult, LocalTxn, RecordBody, Told,
};
use crate::patterns::store::event_sourced::{self, Seen};
use crate::patterns::store::rows::{self, guard};
use crate::patterns::{Body, Cont, Out};
use crate::plan::Env;
use crate::rng::{DrawKey, Purpose};
use crate::scenario::document::Updates;
use crate::stores::{InboxEntry, LogRecord, StoredRecord};
use crate::value::Key;

/// A place in a handler where it can be cut: right after an effect that others can see.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Point {
    /// Whether the effect was a synchronous call, whose reply can be lost.
    pub call: bool,
    /// Unforced log records of the node at this point.
    pub unforced: u8,
}

/// Whether a local transaction's step takes effect, its rows, its inbox, and the events of its streams.
type Planned = (bool, Vec<RowChange>, Vec<InboxEntry>, Vec<(Key, Fact)>);

/// How a handler ended before its last effect.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Broken {
    /// The node crashed.
    Crashed,
    /// The reply of a call was lost, or a call failed: the handler gave up, the node runs on.
    Failed,
}

/// One handler at work.
pub(super) struct Handler<'a> {
    pub(super) world: &'a mut World,
    pub(super) sink: &'a mut dyn Sink,
    pub(super) node: NodeIx,
    pub(super) cause: Option<EventIx>,
    pub(super) about: (Option<TxnId>, Option<(StepIx, Direction)>),
    cut: Option<Cut>,
    pub(super) broken: Option<Broken>,
    pub(super) dead_letter: bool,
    /// Whether the reply of one of its calls was lost: the record at hand is then not acknowledged.
    pub(super) lost_reply: bool,
    /// What the client saw that sent the request at hand: its first step is done only where all is
    /// still so.
    pub(super) seen: Option<Rc<Seen>>,
    /// The attempt of the message or timer at hand: its answers are of the same attempt, so that
    /// each has dice of its own.
    pub(super) attempt: u16,
    /// The generation of its consumer group that the node speaks for, where it handles a record as one
    /// of several members.
    pub(super) generation: Option<u32>,
    /// Triggers that struck and wait for the end of the effect or of the handler.
    struck: Vec<usize>,
}

impl<'a> Handler<'a> {
    pub(super) fn new(
        world: &'a mut World,
        sink: &'a mut dyn Sink,
        node: NodeIx,
        cause: Option<EventIx>,
        cut: Option<Cut>,
    ) -> Self {
        world.points.clear();
        Self {
            world,
            sink,
            node,
            cause,
            about: (None, None),
            cut,
            broken: None,
            dead_letter: false,
            lost_reply: false,
            seen: None,
            attempt: 0,
            generation: None,
            struck: Vec::new(),
        }
    }

    /// Records an event of this handler.
    pub(super) fn emit(&mut self, kind: EventKind) -> EventIx {
        let (txn, step) = self.about;
        self.emit_about(txn, step, kind)
    }

    fn emit_about(
        &mut self,
        txn: Option<TxnId>,
        step: Option<(StepIx, Direction)>,
        kind: EventKind,
    ) -> EventIx {
        let ix = self.emit_at(self.node, (txn, step), kind);
        self.cause = Some(ix);
        ix
    }

    /// Records what this handler brings about at another node.
    pub(super) fn emit_at(
        &mut self,
        node: NodeIx,
        (txn, step): (Option<TxnId>, Option<(StepIx, Direction)>),
        kind: EventKind,
    ) -> EventIx {
        for (ix, trigger) in self.world.plan.triggers.iter().enumerate() {
            let left = &mut self.world.triggers[ix];
            if *left > 0 && trigger.node == node && trigger.event == kind.name() {
                *left -= 1;
                if *left == 0 {
                    self.struck.push(ix);
                }
            }
        }
        let event = Event {
            at: self.world.now,
            step_no: self.world.step_no,
            node,
            txn,
            step,
            cause: self.cause,
            kind,
        };
        let ix = self.sink.event(event);
        self.world.next_event = EventIx(ix.0 + 1);
        ix
    }

    /// The handler has taken up its work: the first place where it can be cut.
    pub(super) fn begin(&mut self) {
        if let Some(Cut::CrashAfter { effects: 0, lose }) = self.cut {
            self.crash(usize::from(lose), None);
        }
        self.strike();
    }

    /// Carries out effects in order, continuations in place.
    pub(super) fn run(&mut self, out: Out) {
        let mut queue: VecDeque<Effect<Body, Cont>> = out.into_effects().into();
        while self.broken != Some(Broken::Crashed)
            && let Some(effect) = queue.pop_front()
        {
            // After a lost reply only the continuation of that call is still told.
            if self.broken.is_some() {
                break;
            }
            let more = self.effect(effect);
            for effect in more.into_effects().into_iter().rev() {
                queue.push_front(effect);
            }
        }
    }

    fn effect(&mut self, effect: Effect<Body, Cont>) -> Out {
        match effect {
            Effect::Local { db, txn, then } => {
                let result = self.local(db, &txn);
                if self.broken == Some(Broken::Crashed) {
                    return Out::default();
                }
                return then.map_or_else(Out::default, |then| self.done(then, result));
            }
            Effect::Session { db, txn, ask, then } => return self.session(db, txn, ask, then),
            Effect::Pause { txn, step, of, then } => self.pause(txn, step, of, then),
            Effect::Publish(body) => self.publish(body, None),
            Effect::PublishOldest { db } => {
                if let Some(body) = self.world.dbs[db.ix()].oldest_unsent().copied() {
                    self.publish(body, Some(db));
                }
            }
            Effect::MarkSent { db } => {
                Rc::make_mut(&mut self.world.dbs[db.ix()]).write(LogRecord::OutboxMark, false);
                self.emit(EventKind::OutboxMarked { db });
                self.point(false);
            }
            Effect::Send(letter) => self.send(letter),
            Effect::Arm(alarm) => self.arm(alarm),
            Effect::Cancel { label, txn, step } => {
                self.world.timers.remove(&TimerKey { node: self.node, label, txn, step });
            }
            Effect::Overtake { label, txn, step } => {
                let key = TimerKey { node: self.node, label, txn, step };
                if self.world.timers.remove(&key).is_some() {
                    self.emit_about(Some(txn), step, EventKind::TimerCancelled { label });
                }
            }
            Effect::Hold(exchange) => {
                if let Err(at) = self.world.held.binary_search(&(self.node, exchange)) {
                    self.world.held.insert(at, (self.node, exchange));
                }
            }
            Effect::Release(exchange) => {
                if let Ok(at) = self.world.held.binary_search(&(self.node, exchange)) {
                    self.world.held.remove(at);
                }
            }
            Effect::Note { txn, step, kind } => self.note(txn, step, kind),
            Effect::DeadLetter => self.dead_letter = true,
            Effect::Fail => self.broken = Some(Broken::Failed),
        }
        Out::default()
    }

    /// Records a fact of the protocol. A client that has its answer is free again.
    fn note(&mut self, txn: TxnId, step: Option<(StepIx, Direction)>, kind: EventKind) {
        let over = matches!(
            kind,
            EventKind::Acknowledged { .. }
                | EventKind::Ended { .. }
                | EventKind::QueryAnswered { .. }
        );
        self.emit_about(Some(txn), step, kind);
        if over && self.world.timed {
            self.world.due.push((self.world.now, Due::ClientFree(txn)));
        }
    }

    /// Tells a continuation its result.
    fn done(&mut self, then: Cont, result: LocalResult) -> Out {
        if result == LocalResult::Lost {
            self.broken = None;
        }
        let write = self.world.parts.write;
        let read = self.world.parts.read;
        match then {
            Cont::Write(then) => {
                self.call(|cx, state, out| write.on_done(cx, state, then, result, out))
            }
            Cont::Read(then) => {
                self.call_read(|cx, state, out| read.on_done(cx, state, then, result, out))
            }
        }
    }

    /// Tells a continuation what came of its session.
    pub(super) fn told(&mut self, then: Cont, told: Told) -> Out {
        if told == Told::Lost {
            self.broken = None;
        }
        let write = self.world.parts.write;
        match then {
            Cont::Write(then) => {
                self.call(|cx, state, out| write.on_told(cx, state, then, told, out))
            }
            Cont::Read(_) => unreachable!("no reader works in a session"),
        }
    }

    /// Whether the node went down in this handler.
    pub(super) fn is_crashed(&self) -> bool {
        self.broken == Some(Broken::Crashed)
    }

    /// Whether the call at hand lost its reply, or failed.
    pub(super) fn is_failed(&self) -> bool {
        self.broken == Some(Broken::Failed)
    }

    /// Records a fact of the protocol that is true by the commit at hand.
    pub(super) fn note_fact(&mut self, txn: TxnId, fact: EventKind) {
        self.note(txn, None, fact);
    }

    /// Runs a part of the read member's handler on its node's memory.
    pub(super) fn call_read(
        &mut self,
        f: impl FnOnce(&crate::family::Cx<'_>, &mut crate::patterns::read::ReadState, &mut Out),
    ) -> Out {
        let initial = self.world.parts.read.initial();
        let mut state = std::mem::replace(&mut self.world.nodes[self.node.ix()].reads, initial);
        let mut out = Out::default();
        f(&self.world.cx(self.node), &mut state, &mut out);
        self.world.nodes[self.node.ix()].reads = state;
        out
    }

    /// Runs a part of the write member's handler on its node's memory.
    pub(super) fn call(
        &mut self,
        f: impl FnOnce(&crate::family::Cx<'_>, &mut crate::patterns::write::WriteState, &mut Out),
    ) -> Out {
        let initial = self.world.parts.write.initial();
        let mut state = std::mem::replace(&mut self.world.nodes[self.node.ix()].state, initial);
        let mut out = Out::default();
        f(&self.world.cx(self.node), &mut state, &mut out);
        self.world.nodes[self.node.ix()].state = state;
        out
    }

    /// An effect is done: the next place where the handler can be cut.
    pub(super) fn point(&mut self, call: bool) {
        let unforced = self.world.unforced_at(self.node).min(255) as u8;
        self.world.points.push(Point { call, unforced });
        let number = self.world.points.len();
        match self.cut {
            Some(Cut::CrashAfter { effects, lose }) if usize::from(effects) == number => {
                self.crash(usize::from(lose), None);
            }
            Some(Cut::LoseReplyOf(effect)) if usize::from(effect) + 1 == number && call => {
                self.emit(EventKind::ReplyLost);
                self.broken = Some(Broken::Failed);
                self.lost_reply = true;
            }
            _ => {}
        }
        self.strike();
    }

    /// Crashes this node where a trigger or a person says so right here.
    fn strike(&mut self) {
        let interventions = Rc::clone(&self.world.interventions);
        while self.broken != Some(Broken::Crashed)
            && let Some(next) = interventions.get(self.world.intervened)
            && next.after < self.world.next_event
        {
            let ChoiceKind::Crash { node, lose } = next.kind else { break };
            if node != self.node {
                break;
            }
            self.world.intervened += 1;
            self.crash(usize::from(lose), None);
            self.world.restart_later(node, next.for_us);
        }
        let here = self
            .struck
            .iter()
            .position(|ix| self.world.plan.triggers[*ix].crash == Some(self.node));
        if let Some(at) = here
            && self.broken != Some(Broken::Crashed)
        {
            let trigger = self.struck.remove(at);
            let fault = self.world.plan.triggers[trigger].fault;
            self.crash(usize::MAX, Some(fault));
            let for_us = self.world.plan.scenario.faults[fault.ix()].for_us;
            self.world.restart_later(self.node, Some(for_us));
        }
    }

    /// The triggers that struck so far, which the caller then sets off.
    pub(super) fn take_struck(&mut self) -> Vec<usize> {
        std::mem::take(&mut self.struck)
    }

    /// Crashes the handler's node.
    pub(super) fn crash(&mut self, lose: usize, fault: Option<FaultIx>) {
        self.broken = Some(Broken::Crashed);
        if !self.world.nodes[self.node.ix()].up {
            return;
        }
        let lost = self.world.take_down(self.node, lose);
        let ix = self.emit(EventKind::Crashed { lost, fault });
        self.world.nodes[self.node.ix()].crashed = Some(ix);
        self.world.fall_silent(self.node, ix);
        self.abandon_sessions();
    }

    /// The handler is over: faults that it set off elsewhere, and what a person does after it.
    pub(super) fn finish(mut self) {
        let struck = std::mem::take(&mut self.struck);
        let cause = self.cause;
        let world = self.world;
        let sink = self.sink;
        for ix in struck {
            world.set_off(ix, cause, sink);
        }
        world.intervene(sink);
    }
}
