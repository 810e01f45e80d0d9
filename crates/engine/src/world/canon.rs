//! The fingerprint of a world: everything that decides what can still happen, and nothing else.
//!
//! Times, counters, attempts, numbers of messages and of events are left out, since two worlds that
//! differ only in them have the same futures while exploring.

use super::World;
use crate::fingerprint::{Canon, Fingerprint};
use crate::out::Exchange;
use crate::value::Value;

fn exchange(of: &Exchange, h: &mut Fingerprint) {
    h.write_u8(of.caller.0);
    h.write_u8(of.target.0);
    h.write_u32(of.txn.0);
    match of.step {
        None => h.write_u8(0),
        Some((step, dir)) => {
            h.write_u8(1 + dir as u8);
            h.write_u8(step.0);
        }
    }
}

impl Canon for World {
    fn canon(&self, h: &mut Fingerprint) {
        h.write_u32(self.arrived);
        for data in self.txns.values() {
            for input in data.inputs.iter() {
                Value::canon(input, h);
            }
        }
        for node in &self.nodes {
            h.write_u8(u8::from(node.up));
            node.state.canon(h);
            node.reads.canon(h);
        }
        for db in &self.dbs {
            db.canon(h);
        }
        self.broker.canon(h);
        self.network.canon(h);
        h.write_len(self.timers.len());
        for (key, timer) in &self.timers {
            h.write_u8(key.node.0);
            h.write_u32(key.label.0);
            exchange(&timer.alarm.exchange, h);
        }
        h.write_len(self.held.len());
        for (node, held) in &self.held {
            h.write_u8(node.0);
            exchange(held, h);
        }
        self.clients.canon(h);
        h.write_len(self.parked.len());
        for ((node, txn), parked) in &self.parked {
            h.write_u8(node.0);
            h.write_u32(txn.0);
            parked.canon(h);
        }
        h.write_u8(self.budget.crash);
        h.write_u8(self.budget.drop);
        h.write_u8(self.budget.duplicate);
        h.write_u8(self.budget.early_timer);
        h.write_u8(self.budget.give_up);
        h.write_u8(self.budget.pause);
        for left in &self.triggers {
            h.write_u32(*left);
        }
        h.write_len(self.faults.len());
        for fault in &self.faults {
            h.write_u8(fault.0);
        }
    }
}
