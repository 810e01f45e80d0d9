//! Faults: those of the document and those made by hand, each with a way to take it back.

use interleave_engine::choice::ChoiceKind;
use interleave_engine::ids::EventIx;
use interleave_engine::scenario::document::Fault;
use interleave_engine::views::format;
use leptos::prelude::*;

use crate::cmd::{Cmd, dispatch};
use crate::lab::Run;
use crate::state::{App, Dialog, app};
use crate::words;

/// When a fault of the document happens, in words.
#[must_use]
pub fn when(fault: &Fault) -> String {
    let start = match (&fault.on, fault.at_us) {
        (Some(on), _) => {
            let nth = match on.nth {
                1 => "first".to_owned(),
                2 => "second".to_owned(),
                3 => "third".to_owned(),
                n => format!("{n}th"),
            };
            format!("after the {nth} “{}” at {}", on.event, on.node)
        }
        (None, Some(at)) => format!("at {}", format::duration(at)),
        (None, None) => String::new(),
    };
    format!("{start}, for {}", format::duration(fault.for_us))
}

/// An intervention in a few words.
fn by_hand(run: &Run, kind: ChoiceKind) -> String {
    let cast = run.cast();
    match kind {
        ChoiceKind::Crash { node, .. } => format!("{} crashes", cast.node(node)),
        ChoiceKind::Restart { node } => format!("{} restarts", cast.node(node)),
        ChoiceKind::Drop(key) => {
            format!("{} of {} is lost", cast.sym(key.label), cast.txn(key.txn))
        }
        ChoiceKind::Duplicate(key) => {
            format!("{} of {} is copied", cast.sym(key.label), cast.txn(key.txn))
        }
        ChoiceKind::Redeliver { node, .. } => {
            format!("{} reads its last record again", cast.node(node))
        }
        _ => "another order".to_owned(),
    }
}

/// The panel of faults.
#[component]
pub fn Faults() -> impl IntoView {
    let app = app();
    view! {
        <section class="panel">
            <h2 class="cap">
                "Faults"
                <button class="link" on:click=move |_| dispatch(app, Cmd::Dialog(Some(Dialog::AddFault)))>
                    "+ Add"
                </button>
            </h2>
            {move || of_document(app)}
            {move || of_person(app)}
            {move || {
                let by_hand = app.run(|run| run.input().interventions.len()).unwrap_or_default();
                let none = app.scenario().is_some_and(|it| it.faults.is_empty()) && by_hand == 0;
                none.then(|| view! {
                    <p class="small dim">"None. Click a node or a message in the graph to make one happen there and then."</p>
                })
            }}
        </section>
    }
}

fn of_document(app: App) -> impl IntoView {
    let missed = app.run(|run| {
        // Of a text that no run is made of yet nothing is known.
        let ended = !run.is_running() && !app.desk.apart.get();
        if ended { run.session.faults_not_occurred() } else { Vec::new() }
    });
    let missed = missed.unwrap_or_default();
    let faults = app.scenario().map(|scenario| {
        let card = |(at, fault): (usize, &Fault)| {
            (words::fault(&fault.fault), when(fault), missed.contains(&at))
        };
        scenario.faults.iter().enumerate().map(card).collect::<Vec<_>>()
    });
    let drawn = faults.unwrap_or_default().into_iter().enumerate().map(|(at, (name, when, missed))| {
        let label = format!("Remove the fault: {name}");
        view! {
            <div class="card">
                <b class="bad" aria-hidden="true">"⚡"</b>
                <div>
                    <b>{name}</b>
                    <small>{when}</small>
                    {missed.then(|| view! { <small>"did not occur here"</small> })}
                </div>
                <button class="btn small" aria-label=label on:click=move |_| dispatch(app, Cmd::RemoveFault(at))>
                    "Remove"
                </button>
            </div>
        }
    });
    drawn.collect_view()
}

fn of_person(app: App) -> impl IntoView {
    let cards = app.run(|run| {
        let axis = run.axis();
        let card = |intervention: &interleave_engine::choice::Intervention| {
            let after = axis.label(axis.of(EventIx(intervention.after.0)));
            let length = intervention.for_us.map(|us| format!(", for {}", format::duration(us)));
            let when = format!("by hand at {after}{}", length.unwrap_or_default());
            (by_hand(run, intervention.kind), when, intervention.after.0)
        };
        run.input().interventions.iter().map(card).collect::<Vec<_>>()
    });
    let drawn = cards.unwrap_or_default().into_iter().enumerate().map(|(at, (name, when, after))| {
        let label = format!("Undo: {name}");
        view! {
            <div class="card">
                <b class="bad" aria-hidden="true">"⚡"</b>
                <div>
                    <button class="link" on:click=move |_| dispatch(app, Cmd::Seek(after + 1))><b>{name}</b></button>
                    <small>{when}</small>
                </div>
                <button class="btn small" aria-label=label on:click=move |_| dispatch(app, Cmd::RemoveIntervention(at))>
                    "Undo"
                </button>
            </div>
        }
    });
    drawn.collect_view()
}
