//! What leaves a handler: records, messages and timers.

use super::*;

impl Handler<'_> {
    pub(in crate::world) fn publish(&mut self, body: RecordBody, relayed: Option<DbIx>) {
        if !self.world.reaches_broker(self.node) {
            self.broken = Some(Broken::Failed);
            return;
        }
        if relayed.is_some() {
            self.cause = self.world.stored.get(&(body.txn, body.label)).copied().or(self.cause);
        }
        let dir = if matches!(body.says, crate::out::Says::Undone(_)) {
            Direction::Undo
        } else {
            Direction::Do
        };
        let mut due = self.world.now;
        if self.world.timed {
            let key = DrawKey {
                txn: body.txn,
                step: body.step,
                dir,
                attempt: 0,
                node: self.node,
                salt: body.label.0,
            };
            let broker = self.world.plan.broker.unwrap_or(self.node);
            due += self.world.delay(broker, self.node, Purpose::Delay, key);
        }
        let record = StoredRecord { body, due, event: self.world.next_event };
        let (partition, offset) = Rc::make_mut(&mut self.world.broker).append(record);
        if self.world.timed {
            self.world.due.push((due, Due::Record(body.topic, partition)));
        }
        let ix = self.emit_about(
            Some(body.txn),
            Some((body.step, dir)),
            EventKind::Published {
                topic: body.topic,
                partition,
                offset,
                shape: body.shape,
                label: body.label,
                relayed: relayed.is_some(),
            },
        );
        debug_assert_eq!(ix, record.event, "the record names the event of its own publication");
        self.point(true);
    }

    pub(in crate::world) fn send(&mut self, mut letter: Letter<Body>) {
        if matches!(letter.shape, Shape::Reply | Shape::Vote) {
            letter.attempt = self.attempt;
        }
        let id = self.world.next_message;
        self.world.next_message = MsgId(id.0 + 1);
        let key = MsgKey {
            from: self.node,
            to: letter.to,
            label: letter.label,
            txn: letter.txn,
            step: letter.step,
            attempt: letter.attempt,
            nth: 0,
        };
        let mut due = self.world.now;
        if self.world.timed {
            due += self.world.delay(self.node, letter.to, Purpose::Delay, draw_key(&key));
            if self.world.plan.scenario.network.fifo {
                let behind = self
                    .world
                    .network
                    .iter()
                    .filter(|other| other.key.from == self.node && other.key.to == letter.to);
                due = behind.map(|other| other.due).fold(due, Micros::max);
            }
            self.world.due.push((due, Due::Message(id)));
        }
        let sent = self.emit_about(
            Some(letter.txn),
            letter.step,
            EventKind::Sent {
                msg: id,
                to: letter.to,
                shape: letter.shape,
                label: letter.label,
                attempt: letter.attempt,
                due,
            },
        );
        self.world.network.send(Message {
            id,
            key,
            shape: letter.shape,
            exchange: letter.exchange,
            body: letter.body,
            due,
            sent,
            copy: false,
        });
        self.point(false);
    }

    pub(in crate::world) fn arm(&mut self, alarm: Alarm) {
        let key =
            TimerKey { node: self.node, label: alarm.label, txn: alarm.txn, step: alarm.step };
        let mut due = self.world.now;
        if self.world.timed {
            let waits = alarm.waits.clamp(1, 64);
            due += match alarm.clock {
                Clock::Retry => {
                    let waits = (0..waits)
                        .map(|more| self.world.plan.wait_us(alarm.attempt.saturating_add(more)));
                    waits.sum::<u64>().max(1)
                }
                Clock::Business(after) | Clock::Patience(after) => after.max(1),
            };
            self.world.due.push((due, Due::Timer(key)));
        }
        let armed = self.emit_about(
            Some(alarm.txn),
            alarm.step,
            EventKind::TimerArmed { label: alarm.label, due },
        );
        self.world.timers.insert(key, super::super::Timer { alarm, due, armed });
    }
}
