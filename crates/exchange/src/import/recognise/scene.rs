//! Spans with what they do, and what comes of each.

use crate::import::meaning::{self, Access, Db, Does, Message};
use crate::import::model::{Span, Spans};

/// What a span and all below it do to data.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Effect {
    /// A database is read.
    pub reads: bool,
    /// A database is written.
    pub writes: bool,
    /// A message is published.
    pub publishes: bool,
    /// A database is used in a way that the span does not say.
    pub unclear: bool,
}

/// Spans with what they do.
pub struct Scene<'a> {
    /// The spans.
    pub spans: &'a Spans,
    /// What each does.
    pub does: Vec<Does>,
    /// What each and all below it do to data.
    pub effects: Vec<Effect>,
    /// The spans of each operation in the order of their start, by its entry; empty for others.
    pub operations: Vec<Vec<u32>>,
    /// The story of each trace: traces that links connect are one.
    pub stories: Vec<u32>,
}

impl<'a> Scene<'a> {
    /// Looks at what spans do.
    #[must_use]
    pub fn of(spans: &'a Spans) -> Self {
        let does = meaning::of_all(spans);
        let mut operations = vec![Vec::new(); spans.spans.len()];
        for trace in &spans.traces {
            for &ix in &trace.spans {
                operations[spans.spans[ix as usize].entry as usize].push(ix);
            }
        }
        Self { effects: effects(spans, &does), stories: stories(spans), spans, does, operations }
    }

    /// A span that is there.
    #[must_use]
    pub fn span(&self, ix: u32) -> &Span {
        &self.spans.spans[ix as usize]
    }

    /// The operations by their entries, in the order of the file.
    pub fn entries(&self) -> impl Iterator<Item = (u32, &[u32])> {
        (0..)
            .zip(&self.operations)
            .filter(|(_, spans)| !spans.is_empty())
            .map(|(ix, spans)| (ix, spans.as_slice()))
    }

    /// The work on databases.
    pub fn databases(&self) -> impl Iterator<Item = (u32, &Db)> {
        (0..).zip(&self.does).filter_map(|(ix, does)| match does {
            Does::Database(db) => Some((ix, db)),
            _ => None,
        })
    }

    /// A span's work on a database.
    #[must_use]
    pub fn database(&self, ix: u32) -> Option<&Db> {
        match &self.does[ix as usize] {
            Does::Database(db) => Some(db),
            _ => None,
        }
    }

    /// What a span publishes.
    #[must_use]
    pub fn publishes(&self, ix: u32) -> Option<&Message> {
        match &self.does[ix as usize] {
            Does::Publish(message) => Some(message),
            _ => None,
        }
    }

    /// What an operation is called: what it serves, or its name.
    #[must_use]
    pub fn operation_name(&self, entry: u32) -> String {
        let span = self.span(entry);
        match &self.does[entry as usize] {
            Does::Take(message) => match &message.destination {
                Some(destination) => {
                    format!("{} {destination}", span.name.replace(destination.as_str(), "").trim())
                        .trim()
                        .to_owned()
                }
                None => span.name.clone(),
            },
            _ => meaning::asks(span),
        }
    }
}

fn effects(spans: &Spans, does: &[Does]) -> Vec<Effect> {
    let mut effects: Vec<Effect> = does
        .iter()
        .zip(&spans.spans)
        .map(|(does, span)| match does {
            Does::Database(db) => Effect {
                reads: db.access == Access::Read,
                writes: db.access == Access::Write && !span.failed,
                unclear: db.access == Access::Unknown,
                ..Effect::default()
            },
            Does::Publish(_) => Effect { publishes: true, ..Effect::default() },
            _ => Effect::default(),
        })
        .collect();
    // Children before their parents: each is seen from above before those below it.
    let mut order: Vec<u32> = (0..spans.spans.len() as u32)
        .filter(|ix| spans.spans[*ix as usize].parent.is_none())
        .collect();
    let mut at = 0;
    while at < order.len() {
        order.extend(&spans.spans[order[at] as usize].children);
        at += 1;
    }
    for &ix in order.iter().rev() {
        if let Some(parent) = spans.spans[ix as usize].parent {
            let below = effects[ix as usize];
            let above = &mut effects[parent as usize];
            above.reads |= below.reads;
            above.writes |= below.writes;
            above.publishes |= below.publishes;
            above.unclear |= below.unclear;
        }
    }
    effects
}

fn stories(spans: &Spans) -> Vec<u32> {
    let mut story: Vec<u32> = (0..spans.traces.len() as u32).collect();
    let find = |story: &mut Vec<u32>, mut at: u32| {
        while story[at as usize] != at {
            let above = story[story[at as usize] as usize];
            story[at as usize] = above;
            at = above;
        }
        at
    };
    for span in &spans.spans {
        for link in span.links.iter().filter_map(|link| link.span) {
            let other = spans.spans[link as usize].trace;
            let (a, b) = (find(&mut story, span.trace), find(&mut story, other));
            let (low, high) = (a.min(b), a.max(b));
            story[high as usize] = low;
        }
    }
    (0..story.len() as u32).map(|at| find(&mut story, at)).collect()
}
