//! What was chosen, in the inspector: the violation's transaction, row and message, each one click
//! away; or the message or record that was chosen, and what became of it.

use interleave_engine::ids::{EventIx, MsgId, txn_name};
use interleave_engine::views::evidence::{MessageEvidence, evidence};
use interleave_engine::views::story;
use leptos::prelude::*;

use crate::cmd::{Cmd, dispatch};
use crate::lab::Run;
use crate::state::{App, Dock, Part};
use crate::views::icons::{sign, txn_class, word};

/// What was chosen.
pub(super) fn draw(app: App) -> impl IntoView {
    match app.selection.get().part {
        Part::Violation { property, place } => of_violation(app, property, place).into_any(),
        part @ (Part::Message(_) | Part::Record { .. }) => of_message(app, part).into_any(),
        Part::Property(property) => super::property::draw(app, property).into_any(),
        Part::Whole | Part::Row { .. } | Part::Lock { .. } => ().into_any(),
    }
}

fn of_violation(app: App, property: usize, place: usize) -> impl IntoView + use<> {
    let found = app.run(|run| {
        let report = run.reports.get(property)?;
        let violation = report.violations.get(place)?;
        let cast = run.cast();
        let found = evidence(cast, run.trace(), &run.views.index, &run.missing, violation);
        let label = |label| cast.sym(label).to_owned();
        // In words, where it leads, and what it chooses.
        let message = match found.message {
            MessageEvidence::Message { msg, label: name, event } => {
                (label(name), Some(event), Some(Part::Message(msg.0)))
            }
            MessageEvidence::Record { topic, partition, offset, label: name, event } => {
                (label(name), Some(event), Some(Part::Record { topic, partition, offset }))
            }
            MessageEvidence::NeverSent { label: name, event } => {
                let name = name.map_or_else(|| "its message".to_owned(), label);
                (format!("no message was sent: {name}"), Some(event), None)
            }
            MessageEvidence::None => ("no message was sent".to_owned(), None, None),
        };
        let id = format!("{}/{place}", report.id);
        Some((id, report.violations.len(), found.txn, found.row, message))
    });
    let (id, count, txn, row, (message, sent, part)) = found.flatten()?;
    let step = move |by: isize| {
        let next = (place as isize + by).rem_euclid(count.max(1) as isize) as usize;
        dispatch(app, Cmd::ShowViolationAt { property, place: next });
    };
    let to_message = move || {
        if let Some(event) = sent {
            dispatch(app, Cmd::Seek(event.0));
        }
        if let Some(part) = part {
            dispatch(app, Cmd::Select(Some(part)));
        }
    };
    Some(view! {
        <section class="panel evidence" data-violation=id>
            <h2 class="cap">
                "Where it shows"
                {(count > 1).then(|| view! {
                    <span class="turn">
                        <button class="btn small quiet" aria-label="The violation before" on:click=move |_| step(-1)>"◀"</button>
                        {format!("{} of {count}", place + 1)}
                        <button class="btn small quiet" aria-label="The next violation" on:click=move |_| step(1)>"▶"</button>
                    </span>
                })}
            </h2>
            <dl class="detail">
                <dt>"Transaction"</dt>
                <dd data-evidence="transaction">{match txn {
                    Some(txn) => view! {
                        <button class=format!("chip {}", txn_class(txn)) on:click=move |_| {
                            dispatch(app, Cmd::Dock(Dock::Spans));
                            dispatch(app, Cmd::Follow(Some(txn.0)));
                            dispatch(app, Cmd::Focus);
                        }>{txn_name(txn)}</button>
                    }.into_any(),
                    None => "no single one".into_any(),
                }}</dd>
                <dt>"Row"</dt>
                <dd data-evidence="row">{match row {
                    Some(row) => {
                        let (db, key, event) = (row.db, row.key, row.event);
                        view! {
                            <button class="plain row-name mono" on:click=move |_| {
                                dispatch(app, Cmd::Dock(Dock::Rows));
                                dispatch(app, Cmd::Seek(event.0));
                                dispatch(app, Cmd::Select(Some(Part::Row { db, key })));
                            }>{row.name}</button>
                        }.into_any()
                    }
                    None => "no row was touched".into_any(),
                }}</dd>
                <dt>"Message"</dt>
                <dd data-evidence="message">{if sent.is_some() {
                    view! {
                        <button class="plain row-name" on:click=move |_| to_message()>{message}</button>
                    }.into_any()
                } else {
                    message.into_any()
                }}</dd>
            </dl>
        </section>
    })
}

/// The life of a message: its sentence at each event, each a way to go there.
fn of_message(app: App, part: Part) -> impl IntoView + use<> {
    let found = app.run(|run| {
        let (title, events) = life(run, part)?;
        let lines = events.into_iter().map(|event| {
            let moment = run.axis().label(run.axis().of(event));
            (event, moment, story::sentence(run.cast(), run.trace(), event))
        });
        Some((title, lines.collect::<Vec<_>>()))
    });
    let (title, lines) = found.flatten()?;
    let here = app.cursor.get();
    Some(view! {
        <section class="panel evidence" data-selected="message">
            <h2 class="cap">
                {title}
                <button class="btn small quiet" on:click=move |_| dispatch(app, Cmd::Select(None))>"Close"</button>
            </h2>
            <ol class="why">
                {lines.into_iter().map(|(event, moment, sentence)| view! {
                    <li aria-current=(event.0 == here).then_some("true")>
                        <button class="plain" on:click=move |_| dispatch(app, Cmd::Seek(event.0))>
                            <b>{sentence}</b><span class="mono">{moment}</span>
                        </button>
                    </li>
                }).collect_view()}
            </ol>
        </section>
    })
}

fn life(run: &Run, part: Part) -> Option<(String, Vec<EventIx>)> {
    let index = &run.views.index;
    let cast = run.cast();
    match part {
        Part::Message(msg) => {
            let track = index.msgs.get(&MsgId(msg))?;
            let interleave_engine::event::EventKind::Sent { shape, label, .. } =
                run.trace().get(track.sent)?.kind
            else {
                return None;
            };
            let title = format!("{} {} {}", word(shape), sign(shape), cast.sym(label));
            let mut events = vec![track.sent, track.left];
            events.extend(
                [track.arrived, track.started, track.handled, track.dropped].into_iter().flatten(),
            );
            events.sort_unstable();
            events.dedup();
            Some((title, events))
        }
        Part::Record { topic, partition, offset } => {
            let record = index.record(topic, partition, offset)?;
            let title = format!("record {} {}", sign(record.shape), cast.sym(record.label));
            let mut events = vec![record.published];
            events.extend(record.deliveries.iter().flat_map(|of| {
                [of.fetched, of.started, of.handled, of.committed, of.dead].into_iter().flatten()
            }));
            events.sort_unstable();
            events.dedup();
            Some((title, events))
        }
        _ => None,
    }
}
