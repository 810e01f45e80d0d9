//! Faults of the document and interventions of a person, where they strike.

use std::rc::Rc;

use super::apply::Impossible;
use super::effects::Handler;
use super::{Due, Sink, World};
use crate::choice::ChoiceKind;
use crate::event::EventKind;
use crate::ids::{Direction, EventIx, FaultIx, NodeIx, StepRef, Sym};
use crate::plan::Plan;
use crate::scenario::document::FaultKind;

impl World {
    pub(super) fn begin_fault(
        &mut self,
        fault: FaultIx,
        sink: &mut dyn Sink,
    ) -> Result<(), Impossible> {
        let cause = self.set_off_by.remove(&fault);
        let for_us = self.plan.scenario.faults[fault.ix()].for_us;
        let node =
            self.plan.fault_nodes[fault.ix()].first().copied().unwrap_or(self.plan.clients());
        if let FaultKind::Crash(_) = self.plan.scenario.faults[fault.ix()].fault {
            if !self.is_up(node) {
                return Err(Impossible::Down);
            }
            let mut handler = Handler::new(self, sink, node, cause, None);
            handler.crash(usize::MAX, Some(fault));
            handler.finish();
            self.restart_later(node, Some(for_us));
            return Ok(());
        }
        if let FaultKind::Rebuild(_) = self.plan.scenario.faults[fault.ix()].fault {
            return self.rebuild(fault, node, cause, sink);
        }
        if self.faults.contains(&fault) {
            return Err(Impossible::Fault);
        }
        self.faults.push(fault);
        self.faults.sort_unstable();
        self.refuse_writes(fault);
        if self.timed {
            self.due.push((self.now.saturating_add(for_us), Due::FaultEnds(fault)));
        }
        let mut handler = Handler::new(self, sink, node, cause, None);
        let began = handler.emit(EventKind::FaultBegan { fault });
        handler.finish();
        if matches!(self.plan.scenario.faults[fault.ix()].fault, FaultKind::Pause(_)) {
            self.fall_silent(node, began);
        }
        Ok(())
    }

    pub(super) fn end_fault(
        &mut self,
        fault: FaultIx,
        sink: &mut dyn Sink,
    ) -> Result<(), Impossible> {
        let at = self.faults.iter().position(|active| *active == fault).ok_or(Impossible::Fault)?;
        self.faults.remove(at);
        self.refuse_writes(fault);
        let node =
            self.plan.fault_nodes[fault.ix()].first().copied().unwrap_or(self.plan.clients());
        let mut handler = Handler::new(self, sink, node, None, None);
        handler.emit(EventKind::FaultEnded { fault });
        let is_pause = |ix: &FaultIx, plan: &Plan| {
            matches!(plan.scenario.faults[ix.ix()].fault, FaultKind::Pause(_))
                && plan.fault_nodes[ix.ix()].first() == Some(&node)
        };
        let plan = Rc::clone(&handler.world.plan);
        let stands_still = handler.world.faults.iter().any(|ix| is_pause(ix, &plan));
        if is_pause(&fault, &plan) && !stands_still && handler.world.is_up(node) {
            handler.world.nodes[node.ix()].silence = None;
            // With a record in hand it does not notice yet that it was given up.
            if handler.world.members(node).is_some_and(|members| members.held(node).is_none()) {
                handler.join();
            }
        }
        handler.finish();
        self.wake_consumers();
        for ix in 0..self.nodes.len() {
            let node = NodeIx(ix as u8);
            if self.plan.cast.nodes[ix].db.is_some_and(|db| self.dbs[db.ix()].unsent() > 0) {
                self.relay_later(node);
            }
        }
        Ok(())
    }

    /// Keeps the databases that this fault is about in step with the faults at work.
    fn refuse_writes(&mut self, fault: FaultIx) {
        let plan = Rc::clone(&self.plan);
        let is_refusal =
            |ix: FaultIx| matches!(plan.scenario.faults[ix.ix()].fault, FaultKind::RefuseWrites(_));
        if !is_refusal(fault) {
            return;
        }
        for node in &plan.fault_nodes[fault.ix()] {
            let strikes =
                |ix: &FaultIx| is_refusal(*ix) && plan.fault_nodes[ix.ix()].contains(node);
            let refuses = self.faults.iter().any(strikes);
            if let Some(db) = plan.cast.nodes[node.ix()].db {
                Rc::make_mut(&mut self.dbs[db.ix()]).refuses_writes = refuses;
            }
        }
    }

    /// The word for a step that a node runs with a column by its old name, where its owner has
    /// renamed it and this node's code does not know it yet.
    pub(super) fn renamed(&self, node: NodeIx, of: StepRef) -> Option<Sym> {
        let mut renames = self.faults.iter().filter_map(|ix| self.plan.renames[ix.ix()]);
        let ops = || {
            let step = self.cx(node).step(of.txn, of.step);
            match of.dir {
                Direction::Do => &step.forward,
                Direction::Undo => &step.undo,
            }
        };
        renames
            .find(|rename| rename.owner != node && ops().iter().any(|op| rename.strikes(op)))
            .map(|rename| rename.refusal)
    }

    fn poison_fault(&self, node: NodeIx) -> Option<FaultIx> {
        self.faults.iter().copied().find(|ix| {
            matches!(self.plan.scenario.faults[ix.ix()].fault, FaultKind::Poison(_))
                && self.plan.fault_nodes[ix.ix()].contains(&node)
        })
    }

    pub(super) fn poison(&self, node: NodeIx) -> bool {
        self.poison_fault(node).is_some()
    }

    pub(super) fn end_poison(&mut self, node: NodeIx, sink: &mut dyn Sink) {
        if let Some(fault) = self.poison_fault(node) {
            // It is at work, so it can end.
            let _ = self.end_fault(fault, sink);
        }
    }

    /// A triggered fault strikes at the end of the handler that set it off.
    pub(super) fn set_off(&mut self, trigger: usize, cause: Option<EventIx>, sink: &mut dyn Sink) {
        let fault = self.plan.triggers[trigger].fault;
        let for_us = self.plan.scenario.faults[fault.ix()].for_us;
        match self.plan.triggers[trigger].crash {
            Some(node) if self.is_up(node) => {
                let mut handler = Handler::new(self, sink, node, cause, None);
                handler.crash(usize::MAX, Some(fault));
                handler.finish();
                self.restart_later(node, Some(for_us));
            }
            Some(_) => {}
            None => self.begin_later(trigger, cause),
        }
    }

    /// A fault begins as a choice of its own. Exploring never makes it, since a fault that lasts has
    /// no end without a clock; a replayed schedule has it where the clock made it.
    pub(super) fn begin_later(&mut self, trigger: usize, cause: Option<EventIx>) {
        let fault = self.plan.triggers[trigger].fault;
        if let Some(cause) = cause {
            self.set_off_by.insert(fault, cause);
        }
        if self.timed {
            self.due.push((self.now, Due::FaultBegins(fault)));
        }
    }

    /// Makes the interventions whose event is behind.
    pub(super) fn intervene(&mut self, sink: &mut dyn Sink) {
        let interventions = Rc::clone(&self.interventions);
        while let Some(next) = interventions.get(self.intervened)
            && next.after < self.next_event
        {
            let number = self.intervened;
            self.intervened += 1;
            self.step_no += 1;
            if self.make(next.kind, None, sink).is_err() {
                self.refused_interventions.push(number);
            } else if let ChoiceKind::Crash { node, .. } = next.kind {
                self.restart_later(node, next.for_us);
            }
        }
    }
}
