//! The broker at a moment: the records of each topic, who has handled them, and the places of
//! those that were never published.

use crate::cast::Cast;
use crate::event::Shape;
use crate::ids::{EventIx, Micros, NodeIx, PartitionIx, Sym, TopicIx, TxnId};

use super::frame::{ConsumerFrame, Frame};
use super::index::{Index, RecordTrack};
use super::missing::Missing;

/// How many records back a topic's lines are looked for at most.
const REACH: usize = 512;

/// What one consumer has done with a record up to the cursor.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Handled {
    /// The consumer.
    pub node: NodeIx,
    /// When it reached its queue last.
    pub fetched: Option<EventIx>,
    /// When it was handled last.
    pub handled: Option<EventIx>,
    /// How often it was handled.
    pub times: u16,
    /// When an offset behind it was committed.
    pub committed: Option<EventIx>,
    /// When it was set aside.
    pub dead: Option<EventIx>,
}

/// A record up to the cursor.
#[derive(Clone, PartialEq, Debug)]
pub struct RecordView {
    /// Where it stands.
    pub offset: u32,
    /// The event that published it.
    pub published: EventIx,
    /// The time of that.
    pub at: Micros,
    /// Its name.
    pub label: Sym,
    /// Its shape.
    pub shape: Shape,
    /// Its transaction.
    pub txn: Option<TxnId>,
    /// Whether an outbox's relay published it.
    pub relayed: bool,
    /// What each consumer that has seen it did with it.
    pub handled: Vec<Handled>,
    /// Whether some consumer of the run handles it and has not yet.
    pub waits: bool,
}

/// The empty place of a record that was never published.
#[derive(Clone, PartialEq, Debug)]
pub struct MissingView {
    /// The offset before which it should stand.
    pub before: u32,
    /// What is missing and why.
    pub missing: Missing,
    /// Its name.
    pub label: Sym,
    /// `payment.charged: never sent`.
    pub text: String,
}

/// A partition at the cursor.
#[derive(Clone, PartialEq, Debug)]
pub struct PartitionView {
    /// Which.
    pub partition: PartitionIx,
    /// How many records it holds.
    pub high_water: u32,
    /// Its last records, the oldest first.
    pub records: Vec<RecordView>,
    /// What should be among them and is not.
    pub missing: Vec<MissingView>,
    /// How far its consumers have come.
    pub consumers: Vec<ConsumerFrame>,
}

impl PartitionView {
    /// How many records a consumer has not handled yet.
    #[must_use]
    pub fn lag(&self, consumer: &ConsumerFrame) -> u32 {
        self.high_water.saturating_sub(consumer.position)
    }
}

/// The last records of one name in a topic, over all its partitions.
#[derive(Clone, PartialEq, Debug)]
pub struct EventLine {
    /// The name of the event.
    pub label: Sym,
    /// Its shape.
    pub shape: Shape,
    /// The last records of that name, the oldest first.
    pub records: Vec<RecordView>,
    /// What should be among them and is not.
    pub missing: Vec<MissingView>,
}

/// A topic at the cursor.
#[derive(Clone, PartialEq, Debug)]
pub struct TopicView {
    /// Which.
    pub topic: TopicIx,
    /// Its name.
    pub name: String,
    /// Its partitions.
    pub partitions: Vec<PartitionView>,
    /// Its records by name, in the order of the flow.
    pub lines: Vec<EventLine>,
}

/// All topics at a frame, each with at most `last` records a partition and a line. `missing` is
/// [`super::missing::missing`] of the run; what the cursor has not reached is left out.
#[must_use]
pub fn topics(
    cast: &Cast,
    index: &Index,
    frame: &Frame,
    missing: &[Missing],
    last: usize,
) -> Vec<TopicView> {
    let topics = cast.topics.iter().enumerate();
    topics.map(|(at, _)| topic(cast, index, frame, missing, TopicIx(at as u8), last)).collect()
}

fn topic(
    cast: &Cast,
    index: &Index,
    frame: &Frame,
    missing: &[Missing],
    topic: TopicIx,
    last: usize,
) -> TopicView {
    let cursor = frame.cursor;
    let info = &cast.topics[topic.ix()];
    let absent: Vec<(PartitionIx, MissingView)> = missing
        .iter()
        .filter_map(|missing| empty_place(cast, index, missing, topic, cursor))
        .collect();
    let mut partitions = Vec::new();
    let mut lines: Vec<EventLine> = info
        .events
        .iter()
        .map(|(label, shape)| EventLine {
            label: *label,
            shape: *shape,
            records: Vec::new(),
            missing: Vec::new(),
        })
        .collect();
    for number in (0..info.partitions).map(PartitionIx) {
        let records = published(index, topic, number, cursor);
        let from = records.len().saturating_sub(last);
        let shown = records[from..].iter().enumerate();
        partitions.push(PartitionView {
            partition: number,
            high_water: records.len() as u32,
            records: shown.map(|(at, record)| view(record, (from + at) as u32, cursor)).collect(),
            missing: absent
                .iter()
                .filter(|(at, place)| *at == number && place.before as usize >= from)
                .map(|(_, place)| place.clone())
                .collect(),
            consumers: frame
                .partition(topic, number)
                .map(|frame| frame.consumers.clone())
                .unwrap_or_default(),
        });
        for (at, record) in records.iter().enumerate().rev().take(REACH) {
            let line = lines.iter_mut().find(|line| line.label == record.label);
            if let Some(line) =
                line.filter(|line| line.records.len() < last * usize::from(info.partitions))
            {
                line.records.push(view(record, at as u32, cursor));
            }
        }
    }
    for line in &mut lines {
        line.records.sort_by_key(|record| record.published);
        let more = line.records.len().saturating_sub(last);
        line.records.drain(..more);
        let of_line = absent.iter().filter(|(_, place)| place.label == line.label);
        line.missing = of_line.map(|(_, place)| place.clone()).collect();
    }
    TopicView { topic, name: info.name.clone(), partitions, lines }
}

/// The records of a partition up to the cursor.
fn published(
    index: &Index,
    topic: TopicIx,
    partition: PartitionIx,
    cursor: Option<EventIx>,
) -> &[RecordTrack] {
    let records = index.records.get(&(topic, partition)).map_or(&[][..], Vec::as_slice);
    let end = records.partition_point(|record| Some(record.published) <= cursor);
    &records[..end]
}

fn empty_place(
    cast: &Cast,
    index: &Index,
    missing: &Missing,
    topic: TopicIx,
    cursor: Option<EventIx>,
) -> Option<(PartitionIx, MissingView)> {
    let slot = missing.slot.filter(|slot| slot.topic == topic)?;
    if Some(missing.culprit) > cursor {
        return None;
    }
    let before = published(index, topic, slot.partition, Some(missing.culprit)).len() as u32;
    let text = format!("{}: never sent", cast.sym(slot.label));
    let place = MissingView { before, missing: missing.clone(), label: slot.label, text };
    Some((slot.partition, place))
}

fn view(record: &RecordTrack, offset: u32, cursor: Option<EventIx>) -> RecordView {
    let mut handled: Vec<Handled> = Vec::new();
    let mut waits = false;
    for delivery in &record.deliveries {
        let seen = |event: Option<EventIx>| event.filter(|event| Some(*event) <= cursor);
        let at = handled.iter().position(|of| of.node == delivery.node).unwrap_or_else(|| {
            handled.push(Handled {
                node: delivery.node,
                fetched: None,
                handled: None,
                times: 0,
                committed: None,
                dead: None,
            });
            handled.len() - 1
        });
        let of = &mut handled[at];
        of.fetched = seen(delivery.fetched).or(of.fetched);
        if let Some(event) = seen(delivery.handled) {
            of.handled = Some(event);
            of.times += 1;
        }
        of.committed = seen(delivery.committed).or(of.committed);
        of.dead = seen(delivery.dead).or(of.dead);
        waits |= of.handled.is_none() && of.dead.is_none();
    }
    handled.retain(|of| of.fetched.is_some() || of.handled.is_some() || of.dead.is_some());
    RecordView {
        offset,
        published: record.published,
        at: record.at,
        label: record.label,
        shape: record.shape,
        txn: record.txn,
        relayed: record.relayed,
        handled,
        waits,
    }
}
