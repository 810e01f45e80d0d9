//! The lines of the broker: each name of an event with who publishes and who reads it.

use interleave_engine::cast::StepInfo;
use interleave_engine::ids::{NodeIx, Sym, TopicIx};

use crate::geometry::layout::Layout;
use crate::lab::Run;

/// A name of an event in a topic.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Line {
    /// Its topic.
    pub(super) topic: TopicIx,
    /// The name.
    pub(super) label: Sym,
    /// The name as text.
    pub(super) name: String,
    /// Who publishes it.
    pub(super) publisher: NodeIx,
    /// Who handles it.
    pub(super) consumers: Vec<NodeIx>,
}

/// What is laid out, and where it stands.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Scene {
    /// The lines, in the order of the layout's topics.
    pub(super) lines: Vec<Line>,
    /// The places.
    pub(super) layout: Layout,
}

impl Scene {
    /// The line of an event's name.
    pub(super) fn line(&self, topic: TopicIx, label: Sym) -> Option<usize> {
        self.lines.iter().position(|line| line.topic == topic && line.label == label)
    }
}

/// The lines of a run: what the flow publishes when all goes well, and what else was published.
pub(super) fn lines(run: &Run) -> Vec<Line> {
    let cast = run.cast();
    if cast.broker().is_none() {
        return Vec::new();
    }
    let mut lines: Vec<Line> = Vec::new();
    for flow in &cast.flows {
        let mut steps = flow.steps.iter().peekable();
        while let Some(step) = steps.next() {
            if let Some((topic, label)) = step.emits {
                let next = steps.peek().map(|next: &&StepInfo| next.node);
                join(&mut lines, cast.sym(label), topic, label, step.node, next);
            }
        }
    }
    for ((topic, _), records) in &run.views.index.records {
        for record in records {
            let name = cast.sym(record.label);
            join(&mut lines, name, *topic, record.label, record.publisher, None);
            for delivery in record.deliveries.iter().filter(|it| it.handled.is_some()) {
                let node = Some(delivery.node);
                join(&mut lines, name, *topic, record.label, record.publisher, node);
            }
        }
    }
    // In the order of the flow: by topic as the cast lists them, and there by the cast's names.
    let place = |line: &Line| {
        let info = cast.topics.get(line.topic.ix());
        info.and_then(|info| info.events.iter().position(|(label, _)| *label == line.label))
    };
    lines.sort_by_key(|line| (is_undo(run, line), order(run, line), line.topic, place(line)));
    lines
}

/// Whether a line is one of those that only a failure needs.
fn is_undo(run: &Run, line: &Line) -> bool {
    let flows = run.cast().flows.iter();
    !flows.flat_map(|flow| &flow.steps).any(|step| step.emits == Some((line.topic, line.label)))
}

/// The place of the step that publishes a line in its flow.
fn order(run: &Run, line: &Line) -> usize {
    let mut flows = run.cast().flows.iter();
    let emits = |step: &StepInfo| step.emits == Some((line.topic, line.label));
    flows.find_map(|flow| flow.steps.iter().position(emits)).unwrap_or(usize::MAX)
}

fn join(
    lines: &mut Vec<Line>,
    name: &str,
    topic: TopicIx,
    label: Sym,
    publisher: NodeIx,
    consumer: Option<NodeIx>,
) {
    let known = lines.iter().position(|line| line.topic == topic && line.label == label);
    let at = known.unwrap_or_else(|| {
        let name = name.to_owned();
        lines.push(Line { topic, label, name, publisher, consumers: Vec::new() });
        lines.len() - 1
    });
    let consumers = &mut lines[at].consumers;
    if let Some(node) = consumer.filter(|node| !consumers.contains(node)) {
        consumers.push(node);
    }
}
