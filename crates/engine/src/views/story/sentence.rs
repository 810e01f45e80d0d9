//! One sentence for every kind of event.

use crate::event::{Acknowledged, DropReason, Event, EventKind, LostRecord, Outcome, Shape};
use crate::ids::{DbIx, Direction, EventIx, StepRef, Sym, TopicIx, txn_name};
use crate::views::format::{count, counted, duration, list};

use super::words::Words;

impl Words<'_> {
    pub(super) fn sentence(&self, ix: EventIx) -> String {
        let Some(event) = self.event(ix) else { return String::new() };
        let here = self.node(event.node);
        let txn = self.txn_or_it(event);
        match &event.kind {
            EventKind::Started { flow, inputs } => {
                let name = self.cast.flows.get(flow.ix()).map_or("?", |info| info.name.as_str());
                match self.inputs(*flow, inputs).as_str() {
                    "" => format!("{txn} started: {name}"),
                    inputs => format!("{txn} started: {name} with {inputs}"),
                }
            }
            EventKind::Acknowledged { promise: Acknowledged::Accepted } => format!(
                "the client of {txn} was told that it is accepted: its first step is durable, the rest is under way"
            ),
            EventKind::Acknowledged { promise: Acknowledged::Completed } => {
                format!("the client of {txn} was told that it is completed: every step is durable")
            }
            EventKind::Ended { outcome, reason } => self.ended(&txn, *outcome, *reason),
            EventKind::QueryStarted { query } => {
                let name = self.cast.queries.get(query.ix()).map_or("?", String::as_str);
                format!("a client asked {name}")
            }
            EventKind::QueryAnswered { query, rows, missing } => {
                let name = self.cast.queries.get(query.ix()).map_or("?", String::as_str);
                let found = rows.iter().filter(|(_, _, row)| row.is_some()).count();
                let answer = format!("{name} was answered with {found} of {} rows", rows.len());
                let nodes: Vec<&str> = missing.iter().map(|node| self.cast.node(*node)).collect();
                match nodes.as_slice() {
                    [] => answer,
                    missing => format!("{answer}; missing is {}", missing.join(", ")),
                }
            }
            EventKind::Ignored => {
                format!("{here} ignored the answer: nobody waits for it any more")
            }
            EventKind::Sent { .. }
            | EventKind::Duplicated { .. }
            | EventKind::Dropped { .. }
            | EventKind::Arrived { .. }
            | EventKind::Handled { .. } => self.message(ix, event, here),
            EventKind::Fetched { .. }
            | EventKind::Consumed { .. }
            | EventKind::OffsetCommitted { .. }
            | EventKind::DeadLettered { .. }
            | EventKind::CommitRefused { .. }
            | EventKind::Revoked { .. }
            | EventKind::Published { .. } => self.of_record(ix, event, here),
            EventKind::Rebalanced { service, generation, why, owners, fenced } => {
                let membership = (*service, *generation, *why);
                self.rebalanced(membership, owners, *fenced)
            }
            EventKind::ServiceStarted { until } => {
                let step = event.step.map(|step| self.step(self.flow(ix), step));
                let what = step.unwrap_or_else(|| "the next piece of work".to_owned());
                let time = until.saturating_sub(event.at);
                format!(
                    "a worker of {here} began with {what}{}, which takes {}",
                    self.of(event.txn),
                    duration(time)
                )
            }
            EventKind::Committed { db, .. } => self.committed(ix, event, here, *db),
            EventKind::Refused { why, .. } => format!(
                "{here} refused {}{}: {}; nothing was written",
                self.step_of(ix),
                self.for_txn(event.txn),
                self.refusal(why)
            ),
            EventKind::InboxHit { .. } => format!(
                "{here} found this message in its inbox: {}{} was not applied again",
                self.step_of(ix),
                self.of(event.txn)
            ),
            EventKind::OutboxMarked { .. } => {
                let sent = self.published_before(ix);
                let what = sent.map_or_else(
                    || "the oldest message".to_owned(),
                    |(label, _)| self.cast.sym(label).to_owned(),
                );
                format!("{here} marked {what}{} in its outbox as sent", self.of(event.txn))
            }
            EventKind::Read { db, key, row } => match row {
                Some(row) => {
                    format!("{here} read {}: {}", self.key(*key), self.cast.row(*db, row))
                }
                None => format!("{here} looked for {} and found no such row", self.key(*key)),
            },
            EventKind::TimerArmed { label, due } => {
                let wait = due.saturating_sub(event.at);
                let when =
                    if wait == 0 { String::new() } else { format!(", due in {}", duration(wait)) };
                format!(
                    "{here} set the timer {}{}{when}",
                    self.cast.sym(*label),
                    self.for_txn(event.txn)
                )
            }
            EventKind::TimerFired { label } => {
                let label = self.cast.sym(*label);
                format!(
                    "the timer {label} of {here} fired{}: no answer had come",
                    self.for_txn(event.txn)
                )
            }
            EventKind::TimerCancelled { label } => format!(
                "{here} took back the timer {}{}: what it waited for is overtaken",
                self.cast.sym(*label),
                self.for_txn(event.txn)
            ),
            EventKind::ReplyLost => self.reply_lost(ix, event, here),
            EventKind::Crashed { lost, .. } => self.crashed(ix, here, lost),
            EventKind::Restarted { redone } => self.restarted(ix, event, here, *redone),
            EventKind::FaultBegan { fault } => format!("a fault began: {}", self.fault(*fault)),
            EventKind::FaultEnded { fault } => format!("the fault is over: {}", self.fault(*fault)),
            EventKind::Wrote { db, changes } => match self.changes(*db, changes).as_str() {
                "" => format!("{txn} took back what it had written"),
                changes => format!("{txn} wrote {changes}, not yet committed"),
            },
            EventKind::LockWaited { key, holders, .. } => {
                let what = key.map_or_else(
                    || "a connection or a table".to_owned(),
                    |key| format!("the lock on {}", self.key(key)),
                );
                let names: Vec<String> = holders.iter().map(|txn| txn_name(*txn)).collect();
                match names.as_slice() {
                    [] => format!("{txn} waits for {what}: all are taken"),
                    names => format!("{txn} waits for {what}, behind {}", list(names)),
                }
            }
            EventKind::LockGranted { .. } => {
                format!("{txn} has the lock that it waited for")
            }
            EventKind::Deadlocked { cycle, victim, .. } => {
                let mut names: Vec<String> = cycle.iter().map(|txn| txn_name(*txn)).collect();
                names.extend(names.first().cloned());
                format!(
                    "deadlock: {} wait for each other, and {} is rolled back for it",
                    names.join(" → "),
                    txn_name(*victim)
                )
            }
            EventKind::RolledBack { why, .. } => {
                let why = why.as_ref().map(|why| format!(": {}", self.refusal(why)));
                format!("{txn} was rolled back at {here}{}", why.unwrap_or_default())
            }
            EventKind::Prepared { db, changes, .. } => {
                let what = match self.changes(*db, changes).as_str() {
                    "" => String::new(),
                    changes => format!(" ({changes})"),
                };
                format!(
                    "{here} prepared {txn}{what}: it can commit whatever happens, keeps its locks, and is in doubt until it hears the decision"
                )
            }
            EventKind::Appended { db, stream, version, fact } => format!(
                "{here} appended event {version} to the stream of {}: {}",
                self.key(*stream),
                self.cast.fact(*db, fact)
            ),
            EventKind::Snapshotted { stream, version, .. } => format!(
                "{here} stored a snapshot of {} as of event {version}: recovery folds only what comes after it",
                self.key(*stream)
            ),
            EventKind::Stuck { reason } => {
                let why = reason.map(|word| format!(" on {}", self.cast.sym(word)));
                format!(
                    "{txn} is stuck{}: it can neither go on nor be undone, and waits for a person",
                    why.unwrap_or_default()
                )
            }
            EventKind::Decided { forward: true } => {
                format!(
                    "{here} decided that {txn} goes forward only: from here every step is tried until it is done"
                )
            }
            EventKind::Decided { forward: false } => {
                format!("{here} decided that {txn} goes back: what was done is to be undone")
            }
        }
    }

    fn ended(&self, txn: &str, outcome: Outcome, reason: Option<Sym>) -> String {
        let why = reason.map(|word| format!(": {}", self.cast.sym(word))).unwrap_or_default();
        match outcome {
            Outcome::Committed => format!("{txn} ended committed: every step is done"),
            Outcome::Aborted => format!("{txn} ended aborted{why}"),
            Outcome::Unknown => format!("the client of {txn} gave up without an answer{why}"),
        }
    }

    pub(super) fn fault(&self, fault: crate::ids::FaultIx) -> String {
        let words = self.cast.faults.get(fault.ix());
        words.cloned().unwrap_or_else(|| format!("fault {}", u32::from(fault.0) + 1))
    }

    fn message(&self, ix: EventIx, event: &Event, here: &str) -> String {
        match &event.kind {
            EventKind::Sent { to, shape, label, attempt, .. } => {
                let (target, label) = (self.node(*to), self.cast.sym(*label));
                let about = self.for_txn(event.txn);
                let again = match attempt {
                    0 => String::new(),
                    // An answer is of the attempt that it answers.
                    n if *shape == Shape::Reply => format!(" (to attempt {})", u32::from(*n) + 1),
                    n => format!(" once more (attempt {})", u32::from(*n) + 1),
                };
                if self.is_clients(event.node) {
                    return format!("a client sent {} to {target}{again}", self.txn_or_it(event));
                }
                if self.is_clients(*to) {
                    return format!("{here} answered the client{}{again}", self.of(event.txn));
                }
                let to = target;
                match shape {
                    Shape::Reply => format!("{here} answered {to}{again}: {label}{about}"),
                    Shape::Vote => format!("{here} sent its vote to {to}{again}: {label}{about}"),
                    Shape::Event => format!("{here} told {to}{again}: {label}{about}"),
                    Shape::Query => format!("{here} asked {to}{again}: {label}{about}"),
                    Shape::Command => format!("{here} asked {to} to {label}{about}{again}"),
                    Shape::Compensation => {
                        format!("{here} asked {to} to undo{about}{again}: {label}")
                    }
                }
            }
            EventKind::Duplicated { msg, .. } => {
                format!("the network copied {}: it will arrive twice", self.message_words(ix, *msg))
            }
            EventKind::Dropped { msg, why } => {
                let what = self.message_words(ix, *msg);
                match why {
                    DropReason::Lost => format!("the network lost {what}"),
                    DropReason::NodeDown => format!("{what} did not arrive: {here} is down"),
                    DropReason::Partitioned => {
                        format!("{what} did not arrive: the network is partitioned between them")
                    }
                }
            }
            EventKind::Arrived { msg } => {
                format!("{} arrived", self.message_words(ix, *msg))
            }
            EventKind::Handled { msg } => match self.letter(ix, *msg) {
                Some(letter) => {
                    let from = self.node(letter.from);
                    format!("{here} handled {} from {from}", self.letter_name(&letter))
                }
                None => format!("{here} handled a message{}", self.of(event.txn)),
            },
            _ => String::new(),
        }
    }

    fn message_words(&self, ix: EventIx, msg: crate::ids::MsgId) -> String {
        let letter = self.letter(ix, msg);
        letter.map_or_else(|| "a message".to_owned(), |letter| self.letter_words(&letter))
    }

    fn of_record(&self, ix: EventIx, event: &Event, here: &str) -> String {
        let words = |topic, partition, offset| {
            let record = self.record(ix, topic, partition, offset);
            let what = record.map_or_else(|| "a record".to_owned(), |r| self.record_words(&r));
            (what, self.place(topic, partition, offset))
        };
        match &event.kind {
            EventKind::Fetched { topic, partition, offset } => {
                let (what, place) = words(*topic, *partition, *offset);
                format!("{what} reached {here} ({place})")
            }
            EventKind::Consumed { topic, partition, offset, .. } => {
                let (what, place) = words(*topic, *partition, *offset);
                if self.consumed_again(ix) {
                    format!("{here} handled {what} again ({place}): it was delivered once more")
                } else {
                    format!("{here} handled {what} ({place})")
                }
            }
            EventKind::OffsetCommitted { topic, next, .. } => format!(
                "{here} committed its offset in {}: after a restart it goes on with record {}",
                self.topic(*topic),
                count(u64::from(*next))
            ),
            EventKind::DeadLettered { topic, partition, offset } => {
                let (what, place) = words(*topic, *partition, *offset);
                format!(
                    "{here} set {what} aside as a dead letter ({place}): it was delivered too often in vain"
                )
            }
            EventKind::CommitRefused { topic, generation, now, .. } => format!(
                "the broker refused the offset in {} that {here} wanted to commit: it speaks for generation {generation} of its group, which is at generation {now}, and its partition is another's",
                self.topic(*topic),
            ),
            EventKind::Revoked { topic, partition, offset } => {
                let (what, place) = words(*topic, *partition, *offset);
                format!("{here} dropped {what} ({place}): its partition was given to another")
            }
            EventKind::Published { topic, partition, offset, label, relayed, .. } => {
                let (label, of) = (self.cast.sym(*label), self.of(event.txn));
                let place = self.place(*topic, *partition, *offset);
                if *relayed {
                    format!("{here} published {label}{of} from its outbox ({place})")
                } else {
                    format!("{here} published {label}{of} ({place})")
                }
            }
            _ => String::new(),
        }
    }

    fn committed(&self, ix: EventIx, event: &Event, here: &str, db: DbIx) -> String {
        let EventKind::Committed { changes, effects, outbox, inbox, .. } = &event.kind else {
            return String::new();
        };
        let about = self.for_txn(event.txn);
        let mut text = match effects.as_slice() {
            [] if changes.is_empty() && outbox.is_empty() && *inbox => {
                format!("{here} noted in its inbox that it has handled this message{about}")
            }
            [] if changes.is_empty() && !outbox.is_empty() => {
                format!("{here} committed what it has to tell{about}")
            }
            [] => format!("{here} saved its state{about}"),
            effects => {
                let flow = self.flow(ix);
                let name = |of: &StepRef, dir| self.step(flow, (of.step, dir));
                let names: Vec<String> = effects.iter().map(|of| name(of, of.dir)).collect();
                let undone = effects.iter().filter(|of| of.dir == Direction::Undo);
                let undone: Vec<String> = undone.map(|of| name(of, Direction::Do)).collect();
                let undoes = match undone.as_slice() {
                    [] => String::new(),
                    undone => format!(", which undoes {}", list(undone)),
                };
                format!("{here} committed {}{about}{undoes}", list(&names))
            }
        };
        let changes = self.changes(db, changes);
        if !changes.is_empty() {
            text.push_str(": ");
            text.push_str(&changes);
        }
        if let [entry] = outbox.as_slice() {
            let label = self.cast.sym(entry.label);
            text.push_str(&format!("; {label} stands in its outbox, in the same commit"));
        } else if !outbox.is_empty() {
            text.push_str(&format!(
                "; {} messages stand in its outbox, in the same commit",
                outbox.len()
            ));
        }
        text
    }

    fn reply_lost(&self, ix: EventIx, event: &Event, here: &str) -> String {
        let call = self.before_in_handler(ix).or(event.cause).and_then(|at| self.event(at));
        let call = call.map(|before| &before.kind);
        match call {
            Some(EventKind::Committed { .. }) => format!(
                "{here} never heard that its database committed{}: the reply was lost and the handler ended there",
                self.for_txn(event.txn)
            ),
            Some(EventKind::Published { label, .. }) => format!(
                "{here} never heard that the broker stored {}{}: the reply was lost and the handler ended there",
                self.cast.sym(*label),
                self.of(event.txn)
            ),
            _ => format!("the reply to a call of {here} was lost; the handler ended there"),
        }
    }

    /// What a crash cut in two, in words.
    pub(super) fn crashed(&self, ix: EventIx, here: &str, lost: &[LostRecord]) -> String {
        let mut text = match self.cut(ix) {
            Some((done, consequence)) => format!("{here} crashed {done}; {consequence}"),
            None => format!("{here} crashed; what it held in memory is gone"),
        };
        if !lost.is_empty() {
            let records = counted(lost.len() as u64, "unforced log record", "unforced log records");
            text.push_str(&format!("; {records} went with it"));
        }
        text
    }

    /// Where in a handler a crash fell, and what that means.
    pub(super) fn cut(&self, crash: EventIx) -> Option<(String, String)> {
        let before = self.before_in_handler(crash)?;
        let event = self.event(before)?;
        let of = self.for_txn(event.txn);
        match &event.kind {
            EventKind::Committed { effects, outbox, .. } => {
                let flow = self.flow(before);
                let Some(effect) = effects.first() else {
                    return Some((
                        format!("right after it saved its state{of}"),
                        "what it was about to send was never sent".to_owned(),
                    ));
                };
                let name = self.step(flow, (effect.step, effect.dir));
                if let [entry, ..] = outbox.as_slice() {
                    let label = self.cast.sym(entry.label);
                    return Some((
                        format!("right after it committed {name}{of}"),
                        format!("{label} is safe in its outbox, since both were one write"),
                    ));
                }
                let emits = self.cast.step(flow, effect.step).and_then(|step| step.emits);
                let emits = emits.filter(|_| effect.dir == Direction::Do);
                let two = "the row and the message are two writes, only the first was made";
                Some(match emits {
                    Some((_, label)) => {
                        let label = self.cast.sym(label);
                        (format!("before it could publish {label}{of}"), two.to_owned())
                    }
                    None => (
                        format!("after it committed {name}{of} and before it could tell anyone"),
                        two.to_owned(),
                    ),
                })
            }
            EventKind::Published { label, relayed, .. } => {
                let label = self.cast.sym(*label);
                Some(if *relayed {
                    (
                        format!("after it published {label}{of} and before it marked it as sent"),
                        "it will be published again".to_owned(),
                    )
                } else {
                    (
                        format!(
                            "after it published {label}{of} and before it committed its offset"
                        ),
                        "the record that it was handling will come again".to_owned(),
                    )
                })
            }
            EventKind::Handled { .. }
            | EventKind::Consumed { .. }
            | EventKind::TimerFired { .. } => {
                Some((format!("before it could do anything{of}"), "nothing was written".to_owned()))
            }
            EventKind::Sent { to, label, .. } => Some((
                format!("right after it sent {}{of} to {}", self.cast.sym(*label), self.node(*to)),
                "the message is on its way, the sender knows nothing of it any more".to_owned(),
            )),
            _ => Some((
                format!("in the middle of its work{of}"),
                "what it held in memory is gone".to_owned(),
            )),
        }
    }

    fn restarted(&self, ix: EventIx, event: &Event, here: &str, redone: u32) -> String {
        let back = (0..ix.0).rev().map(EventIx);
        let crash = back.filter_map(|at| self.event(at)).find(|before| {
            before.node == event.node && matches!(before.kind, EventKind::Crashed { .. })
        });
        let after = crash.map_or(0, |crash| event.at - crash.at);
        let after = if after == 0 { String::new() } else { format!(" after {}", duration(after)) };
        let folds = self.cast.dbs.iter().any(|db| db.node == event.node && db.streams);
        if folds {
            let events = counted(u64::from(redone), "event", "events");
            return format!("{here} is up again{after}; it folded {events} of its streams");
        }
        let records = counted(u64::from(redone), "log record", "log records");
        format!("{here} is up again{after}; it recovered from {records}")
    }

    /// The record whose publication a mark in the outbox is about.
    fn published_before(&self, ix: EventIx) -> Option<(Sym, TopicIx)> {
        self.trace.causes(ix).take(6).find_map(|at| match self.event(at)?.kind {
            EventKind::Published { label, topic, .. } => Some((label, topic)),
            _ => None,
        })
    }
}
