//! Edges: along which messages travel, and which of them the followed transaction has used.

use std::collections::BTreeSet;

use interleave_engine::event::EventKind;
use interleave_engine::ids::{EventIx, NodeIx, TxnId};
use interleave_engine::views::frame::Frame;
use leptos::prelude::*;

use super::lines::Scene;
use super::picture::followed_class;
use crate::geometry::layout::Edge;
use crate::lab::Run;
use crate::state::App;

/// An edge as a key: sender, target, topic.
type Spot = (usize, usize, Option<usize>);

/// The edges that some events have used up to the cursor.
fn used(
    run: &Run,
    frame: &Frame,
    scene: &Scene,
    events: impl Iterator<Item = EventIx>,
) -> BTreeSet<Spot> {
    let mut spots = BTreeSet::new();
    let Some(cursor) = frame.cursor else { return spots };
    let broker = run.cast().broker().map(NodeIx::ix);
    for ix in events.take_while(|ix| *ix <= cursor) {
        let Some(event) = run.trace().get(ix) else { continue };
        match &event.kind {
            EventKind::Sent { to, .. } => {
                spots.insert((event.node.ix(), to.ix(), None));
                // An answer goes back along the edge of what it answers.
                spots.insert((to.ix(), event.node.ix(), None));
            }
            EventKind::Published { topic, label, .. } => {
                let line = scene.line(*topic, *label);
                spots.extend(broker.map(|broker| (event.node.ix(), broker, line)));
            }
            EventKind::Fetched { topic, partition, offset }
            | EventKind::Consumed { topic, partition, offset, .. } => {
                let record = run.views.index.record(*topic, *partition, *offset);
                let line = record.and_then(|record| scene.line(*topic, record.label));
                spots.extend(broker.map(|broker| (broker, event.node.ix(), line)));
            }
            _ => {}
        }
    }
    spots
}

/// Draws all edges, the used ones last so that they lie on top.
pub(super) fn draw(app: App, scene: Memo<Option<Scene>>) -> impl IntoView {
    let txn = app.txn.get();
    let led = app.led();
    let single =
        led.is_some() || app.framed(|run, _| run.views.index.txns.len() == 1) == Some(true);
    let spots = scene.with(|scene| {
        let scene = scene.as_ref()?;
        app.framed(|run, frame| match (&led, txn) {
            (Some(led), _) => used(run, frame, scene, led.iter().map(|event| EventIx(*event))),
            (None, Some(txn)) => {
                let track = run.views.index.txns.get(&TxnId(txn));
                let events = track.into_iter().flat_map(|track| track.events.iter().copied());
                used(run, frame, scene, events)
            }
            (None, None) => BTreeSet::new(),
        })
    });
    let spots = spots.unwrap_or_default();
    let class = followed_class(txn);
    let mut edges: Vec<(Edge, bool)> = scene.with(|scene| {
        let edges = scene.as_ref().map(|scene| scene.layout.edges.clone()).unwrap_or_default();
        edges
            .into_iter()
            .map(|edge| {
                let on = spots.contains(&(edge.from, edge.to, edge.topic));
                (edge, on)
            })
            .collect()
    });
    edges.sort_by_key(|(_, on)| *on);
    let drawn = edges.into_iter().map(|(edge, on)| {
        let (class, head) = match (on, class) {
            (true, Some(class)) => {
                (format!("edge used {class}"), format!("url(#head-{})", &class[1..]))
            }
            _ if single => ("edge unused".to_owned(), "url(#head)".to_owned()),
            _ => ("edge".to_owned(), "url(#head)".to_owned()),
        };
        view! { <path class=class d=edge.curve.path() marker-end=head/> }
    });
    let stems = scene.with(|scene| {
        let stems = scene.as_ref().map(|scene| scene.layout.stems.clone()).unwrap_or_default();
        stems
            .into_iter()
            .map(|((x1, y1), (x2, y2))| {
                view! { <path class="stem" d=format!("M{x1:.1} {y1:.1}L{x2:.1} {y2:.1}")/> }
            })
            .collect_view()
    });
    view! { {stems} {drawn.collect_view()} }
}
