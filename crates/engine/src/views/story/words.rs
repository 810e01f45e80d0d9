//! The words of the sentences: steps, rows, messages and where they came from.

use crate::cast::{Cast, NodeKind};
use crate::event::{Event, EventKind, Refusal, RowChange, Shape};
use crate::ids::{
    DbIx, Direction, EventIx, FlowIx, MsgId, NodeIx, PartitionIx, StepIx, Sym, TopicIx, TxnId,
    txn_name,
};
use crate::trace::Trace;
use crate::value::{Key, KeyPart, Row, Value};

/// How far along the causes of an event the message behind it is looked for, before the whole
/// trace is.
const NEAR: usize = 12;

/// A cast and a trace, from which words are made.
#[derive(Clone, Copy)]
pub(crate) struct Words<'a> {
    pub(crate) cast: &'a Cast,
    pub(crate) trace: &'a Trace,
}

/// A message as it was sent.
#[derive(Clone, Copy)]
pub(crate) struct Letter {
    pub(crate) from: NodeIx,
    pub(crate) to: NodeIx,
    pub(crate) shape: Shape,
    pub(crate) label: Sym,
    pub(crate) txn: Option<TxnId>,
}

/// A record as it was published.
#[derive(Clone, Copy)]
pub(crate) struct Record {
    pub(crate) published: EventIx,
    pub(crate) label: Sym,
    pub(crate) txn: Option<TxnId>,
}

impl<'a> Words<'a> {
    pub(crate) fn event(&self, ix: EventIx) -> Option<&'a Event> {
        self.trace.get(ix)
    }

    pub(crate) fn node(&self, node: NodeIx) -> &'a str {
        self.cast.node(node)
    }

    /// ` of T1`, or nothing.
    pub(crate) fn of(&self, txn: Option<TxnId>) -> String {
        txn.map(|txn| format!(" of {}", txn_name(txn))).unwrap_or_default()
    }

    /// ` for T1`, or nothing.
    pub(crate) fn for_txn(&self, txn: Option<TxnId>) -> String {
        txn.map(|txn| format!(" for {}", txn_name(txn))).unwrap_or_default()
    }

    /// The event that started the transaction of an event. Nearly always the root of its causes.
    pub(crate) fn started(&self, ix: EventIx) -> Option<(EventIx, &'a Event)> {
        let txn = self.event(ix)?.txn?;
        let starts = |at: &EventIx| {
            self.event(*at).is_some_and(|event| {
                event.txn == Some(txn) && matches!(event.kind, EventKind::Started { .. })
            })
        };
        let by_cause = self.trace.causes(ix).take(256).find(starts);
        let by_search = || (0..=ix.0).map(EventIx).find(starts);
        let at = by_cause.or_else(by_search)?;
        Some((at, self.event(at)?))
    }

    /// The flow of an event's transaction.
    pub(crate) fn flow(&self, ix: EventIx) -> FlowIx {
        if self.cast.flows.len() <= 1 {
            return FlowIx(0);
        }
        match self.started(ix).map(|(_, event)| &event.kind) {
            Some(EventKind::Started { flow, .. }) => *flow,
            _ => FlowIx(0),
        }
    }

    /// The name of a step in a direction: `charge`, `refund`.
    pub(crate) fn step(&self, flow: FlowIx, step: (StepIx, Direction)) -> String {
        match self.cast.step(flow, step.0) {
            Some(info) if step.1 == Direction::Do => self.cast.sym(info.name).to_owned(),
            Some(info) => self.cast.sym(info.undo_name).to_owned(),
            None => format!("step {}", u32::from(step.0.0) + 1),
        }
    }

    /// What an event's step is called; `its step` where it is about none.
    pub(crate) fn step_of(&self, ix: EventIx) -> String {
        let step = self.event(ix).and_then(|event| event.step);
        step.map_or_else(|| "its step".to_owned(), |step| self.step(self.flow(ix), step))
    }

    /// What the document says of a step, with the transaction's inputs in place.
    pub(crate) fn said(&self, ix: EventIx, step: StepIx) -> Option<String> {
        let (_, started) = self.started(ix)?;
        let EventKind::Started { flow, inputs } = &started.kind else { return None };
        let info = self.cast.step(*flow, step)?;
        let flow = self.cast.flows.get(flow.ix())?;
        if info.say.is_empty() {
            return None;
        }
        let db = self.cast.nodes.get(info.node.ix()).and_then(|node| node.db).unwrap_or_default();
        // Longer names first, so that `$amount_eur` is not taken for `$amount`.
        let mut named: Vec<(&String, &Value)> = flow.inputs.iter().zip(inputs).collect();
        named.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
        let txn = self.event(ix)?.txn?;
        let mut text = info.say.clone();
        for (name, value) in named {
            text = text.replace(&format!("${name}"), &self.cast.value(db, value));
        }
        Some(text.replace("$txn", &(txn.0 + 1).to_string()))
    }

    /// The inputs of a transaction: `customer alice, amount 30`.
    pub(crate) fn inputs(&self, flow: FlowIx, inputs: &[Value]) -> String {
        let Some(info) = self.cast.flows.get(flow.ix()) else { return String::new() };
        let named = info.inputs.iter().zip(inputs).map(|(name, value)| {
            // A number has the decimals of the database that its first mention is about.
            let mention = format!("${name}");
            let said = info.steps.iter().find(|step| step.say.contains(&mention));
            let node = said.and_then(|step| self.cast.nodes.get(step.node.ix()));
            let text = match node.and_then(|node| node.db) {
                Some(db) => self.cast.value(db, value),
                None => self.plain(value),
            };
            format!("{name} {text}")
        });
        named.collect::<Vec<_>>().join(", ")
    }

    fn plain(&self, value: &Value) -> String {
        match value {
            Value::Int(n) => n.to_string(),
            Value::Text(sym) => self.cast.sym(*sym).to_owned(),
            Value::List(items) => {
                let items: Vec<String> = items.iter().map(i64::to_string).collect();
                format!("[{}]", items.join(" "))
            }
        }
    }

    /// A row's key in a sentence: `alice`, or `order:7` where the id is a number.
    pub(crate) fn key(&self, key: Key) -> String {
        match key.id {
            KeyPart::Text(id) => self.cast.sym(id).to_owned(),
            KeyPart::Int(_) => self.cast.key(key),
        }
    }

    /// What a local transaction changed: `alice 100 → 70, shop 0 → 30`.
    pub(crate) fn changes(&self, db: DbIx, changes: &[RowChange]) -> String {
        let texts: Vec<String> = changes.iter().map(|change| self.change(db, change)).collect();
        texts.join(", ")
    }

    /// One change: `alice 100 → 70`, `new order:7 (status PENDING)`, `order:7 deleted`.
    pub(crate) fn change(&self, db: DbIx, change: &RowChange) -> String {
        let key = self.key(change.key);
        match (&change.before, &change.after) {
            (None, Some(after)) => match self.single(after) {
                Some(value) => format!("new {key} = {}", self.cast.value(db, value)),
                None => format!("new {key} ({})", self.cast.row(db, after)),
            },
            (Some(_), None) => format!("{key} deleted"),
            (Some(before), Some(after)) => self.difference(db, &key, before, after),
            (None, None) => format!("{key} stayed away"),
        }
    }

    fn difference(&self, db: DbIx, key: &str, before: &Row, after: &Row) -> String {
        if let (Some(old), Some(new)) = (self.single(before), self.single(after)) {
            return if old == new {
                format!("{key} {} as before", self.cast.value(db, new))
            } else {
                let (old, new) = (self.cast.value(db, old), self.cast.value(db, new));
                format!("{key} {old} → {new}")
            };
        }
        let changed = after.fields().filter(|(name, value)| before.get(*name) != Some(*value));
        let changed: Vec<String> = changed
            .map(|(name, value)| {
                let new = self.cast.value(db, value);
                match before.get(name) {
                    Some(old) => {
                        let old = self.cast.value(db, old);
                        format!("{} {old} → {new}", self.cast.sym(name))
                    }
                    None => format!("{} {new}", self.cast.sym(name)),
                }
            })
            .collect();
        if changed.is_empty() {
            return format!("{key} as before");
        }
        format!("{key} {}", changed.join(" and "))
    }

    /// The value of a row that has the field `value` and no other.
    fn single<'r>(&self, row: &'r Row) -> Option<&'r Value> {
        let mut fields = row.fields();
        match (fields.next(), fields.next()) {
            (Some((name, value)), None) if self.cast.sym(name) == "value" => Some(value),
            _ => None,
        }
    }

    /// The message behind an event, by its number.
    pub(crate) fn letter(&self, ix: EventIx, msg: MsgId) -> Option<Letter> {
        let mut wanted = msg;
        let mut leaves = |at: EventIx| {
            let event = self.event(at)?;
            match &event.kind {
                EventKind::Sent { msg, to, shape, label, .. } if *msg == wanted => Some(Letter {
                    from: event.node,
                    to: *to,
                    shape: *shape,
                    label: *label,
                    txn: event.txn,
                }),
                EventKind::Duplicated { msg, copy, .. } if *copy == wanted => {
                    wanted = *msg;
                    None
                }
                _ => None,
            }
        };
        self.trace
            .causes(ix)
            .take(NEAR)
            .find_map(&mut leaves)
            .or_else(|| (0..=ix.0).rev().map(EventIx).find_map(leaves))
    }

    /// A message in a sentence: `the command charge of T1 from orders to payments`.
    pub(crate) fn letter_words(&self, letter: &Letter) -> String {
        let (from, to) = (self.node(letter.from), self.node(letter.to));
        format!("{} from {from} to {to}", self.letter_name(letter))
    }

    /// A message without its way: `the command charge of T1`, `the request of T1`.
    pub(crate) fn letter_name(&self, letter: &Letter) -> String {
        let (label, of) = (self.cast.sym(letter.label), self.of(letter.txn));
        if self.is_clients(letter.from) || self.is_clients(letter.to) {
            // The clients' messages are about the transaction as a whole: their names say all.
            return format!("the {label}{of}");
        }
        format!("the {} {label}{of}", shape_word(letter.shape))
    }

    pub(crate) fn is_clients(&self, node: NodeIx) -> bool {
        let info = self.cast.nodes.get(node.ix());
        info.is_some_and(|info| info.kind == NodeKind::Clients)
    }

    /// The name of an event's transaction, `it` where it is about none.
    pub(crate) fn txn_or_it(&self, event: &Event) -> String {
        event.txn.map_or_else(|| "it".to_owned(), txn_name)
    }

    /// The record behind an event, by its place.
    pub(crate) fn record(
        &self,
        ix: EventIx,
        topic: TopicIx,
        partition: PartitionIx,
        offset: u32,
    ) -> Option<Record> {
        let stored = |at: EventIx| {
            let event = self.event(at)?;
            match event.kind {
                EventKind::Published { topic: t, partition: p, offset: o, label, .. }
                    if (t, p, o) == (topic, partition, offset) =>
                {
                    Some(Record { published: at, label, txn: event.txn })
                }
                _ => None,
            }
        };
        self.trace
            .causes(ix)
            .take(NEAR)
            .find_map(stored)
            .or_else(|| (0..=ix.0).rev().map(EventIx).find_map(stored))
    }

    /// Whether a node handles a record that it began to handle before, as after a crash.
    pub(crate) fn consumed_again(&self, ix: EventIx) -> bool {
        let Some(event) = self.event(ix) else { return false };
        let EventKind::Consumed { topic, partition, offset, again } = event.kind else {
            return false;
        };
        let from = self.record(ix, topic, partition, offset).map(|record| record.published);
        again || from.is_some_and(|from| consumed_since(self.trace, from, ix))
    }

    /// A record in a sentence: `order.created of T1`.
    pub(crate) fn record_words(&self, record: &Record) -> String {
        format!("{}{}", self.cast.sym(record.label), self.of(record.txn))
    }

    /// A topic's name.
    pub(crate) fn topic(&self, topic: TopicIx) -> &'a str {
        self.cast.topics.get(topic.ix()).map_or("?", |info| info.name.as_str())
    }

    /// Where a record stands: `orders, offset 2`, with the partition where there are several.
    pub(crate) fn place(&self, topic: TopicIx, partition: PartitionIx, offset: u32) -> String {
        let several = self.cast.topics.get(topic.ix()).is_some_and(|info| info.partitions > 1);
        if several {
            format!("{}, partition {partition}, offset {offset}", self.topic(topic))
        } else {
            format!("{}, offset {offset}", self.topic(topic))
        }
    }

    /// Why a local transaction did nothing.
    pub(crate) fn refusal(&self, why: &Refusal) -> String {
        match why {
            Refusal::Bound(word) | Refusal::Missing(word) => self.cast.sym(*word).to_owned(),
            Refusal::Exists => "the row exists already".to_owned(),
            Refusal::ReadOnly => "its database refuses writes".to_owned(),
            Refusal::Poison => "it cannot read the record".to_owned(),
            Refusal::Deadlock => "it was chosen to end a deadlock".to_owned(),
            Refusal::Serialization => {
                "it cannot be put in order with those that ran beside it".to_owned()
            }
            Refusal::LockTimeout => "it waited for a lock for too long".to_owned(),
            Refusal::Unavailable => "the database, or the session in it, is gone".to_owned(),
            Refusal::Version => "the stream is not at the expected version any more".to_owned(),
            Refusal::Expired => "what was reserved has expired".to_owned(),
            Refusal::Fenced => {
                "it speaks for an older generation of its consumer group than the database knows of"
                    .to_owned()
            }
            Refusal::Pending => "it waits for another saga to take off its mark".to_owned(),
        }
    }

    /// The event before this one at the same node in the same handler.
    pub(crate) fn before_in_handler(&self, ix: EventIx) -> Option<EventIx> {
        let event = self.event(ix)?;
        let back = (ix.0.saturating_sub(16)..ix.0).rev().map(EventIx);
        let before = back
            .take_while(|at| {
                self.event(*at).is_some_and(|before| {
                    before.step_no == event.step_no || event.cause == Some(*at)
                })
            })
            .find(|at| self.event(*at).is_some_and(|before| before.node == event.node))?;
        let same = self.event(before)?.step_no == event.step_no || event.cause == Some(before);
        // A message that arrives is no handler that a crash could cut short.
        let handler = !matches!(
            self.event(before)?.kind,
            EventKind::Arrived { .. }
                | EventKind::Fetched { .. }
                | EventKind::Revoked { .. }
                | EventKind::Rebalanced { .. }
                | EventKind::Dropped { .. }
                | EventKind::Crashed { .. }
                | EventKind::Restarted { .. }
                | EventKind::FaultBegan { .. }
                | EventKind::FaultEnded { .. }
        );
        (same && handler).then_some(before)
    }
}

/// The word for a message of this shape.
pub(crate) fn shape_word(shape: Shape) -> &'static str {
    match shape {
        Shape::Command => "command",
        Shape::Event => "event",
        Shape::Reply => "reply",
        Shape::Vote => "vote",
        Shape::Compensation => "compensation",
        Shape::Query => "query",
    }
}

/// Whether the node of a [`EventKind::Consumed`] has handled the same record between two events.
pub(crate) fn consumed_since(trace: &Trace, published: EventIx, consumed: EventIx) -> bool {
    let Some(event) = trace.get(consumed) else { return false };
    let EventKind::Consumed { topic, partition, offset, .. } = event.kind else { return false };
    let between = &trace.events()[published.ix().min(consumed.ix())..consumed.ix()];
    between.iter().any(|before| {
        before.node == event.node
            && matches!(before.kind, EventKind::Consumed { topic: t, partition: p, offset: o, .. }
                if (t, p, o) == (topic, partition, offset))
    })
}
