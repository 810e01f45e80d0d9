//! The table twin of the graph: the same moment as text.

use interleave_engine::views::rows::{Focus, headlines};
use leptos::prelude::*;

use crate::cmd::{Cmd, dispatch};
use crate::state::{App, Menu, MenuOf, app};
use crate::views::icons::{name_of, word};

/// The table twin.
#[component]
pub fn GraphTable() -> impl IntoView {
    let app = app();
    view! {
        <div class="twin" tabindex="0" role="region" aria-label="The graph as tables">
            <table class="data">
                <caption>"Nodes"</caption>
                <thead><tr>
                    <th scope="col">"Node"</th><th scope="col">"State"</th><th scope="col">"Serves"</th>
                    <th scope="col">"Waiting"</th><th scope="col">"Rows"</th><th scope="col">"Outbox"</th>
                    <th scope="col"><span class="seen-by-readers">"What can happen"</span></th>
                </tr></thead>
                <tbody>{move || nodes(app)}</tbody>
            </table>
            <table class="data">
                <caption>"Messages in flight"</caption>
                <thead><tr>
                    <th scope="col">"Message"</th><th scope="col">"Kind"</th><th scope="col">"Transaction"</th>
                    <th scope="col">"From"</th><th scope="col">"To"</th>
                    <th scope="col"><span class="seen-by-readers">"What can happen"</span></th>
                </tr></thead>
                <tbody>{move || flights(app)}</tbody>
            </table>
            <table class="data">
                <caption>"Should be here and is not"</caption>
                <tbody>{move || missing(app)}</tbody>
            </table>
        </div>
    }
}

fn act(app: App, of: MenuOf, label: String) -> impl IntoView {
    view! {
        <button
            class="btn small"
            aria-haspopup="menu"
            aria-label=label
            on:click=move |event| {
                let (x, y) = crate::platform::zoom::pointer(&event);
                dispatch(app, Cmd::Menu(Some(Menu { of, x, y })));
            }
        >
            "What can happen…"
        </button>
    }
}

fn nodes(app: App) -> impl IntoView {
    let rows = app.framed(|run, frame| {
        let cast = run.cast();
        let node = |(at, info): (usize, &interleave_engine::cast::NodeInfo)| {
            let node = frame.nodes.get(at)?;
            let db = info.db;
            let index = &run.views.index;
            let focus = frame.cursor.map(Focus::Event);
            let rows = db.map(|db| headlines(cast, run.trace(), index, frame, db, focus, 6));
            let outbox = db.and_then(|db| frame.dbs.get(db.ix())).map_or(0, |db| db.outbox.size());
            let serves: Vec<String> = node.work.iter().map(|work| name_of(work.txn)).collect();
            Some((
                at as u8,
                info.name.clone(),
                node.state.word(),
                serves.join(", "),
                node.queue.size(),
                rows.unwrap_or_default().join("; "),
                outbox,
            ))
        };
        cast.nodes.iter().enumerate().filter_map(node).collect::<Vec<_>>()
    });
    let drawn = rows.unwrap_or_default().into_iter().map(
        |(at, name, state, serves, queue, rows, outbox)| {
            let label = format!("What can happen… at {name}");
            view! {
                <tr>
                    <th scope="row"><b>{name}</b></th>
                    <td class:bad=state == "crashed">{state}</td>
                    <td>{serves}</td>
                    <td>{(queue > 0).then_some(queue)}</td>
                    <td class="mono">{rows}</td>
                    <td>{(outbox > 0).then_some(outbox)}</td>
                    <td>{act(app, MenuOf::Node(at), label)}</td>
                </tr>
            }
        },
    );
    drawn.collect_view()
}

fn flights(app: App) -> impl IntoView {
    let rows = app.framed(|run, frame| {
        let cast = run.cast();
        let flight = |flight: &interleave_engine::views::frame::Flight| {
            (
                cast.sym(flight.label).to_owned(),
                word(flight.shape),
                name_of(flight.txn),
                (flight.from.0, cast.node(flight.from).to_owned()),
                (flight.to.0, cast.node(flight.to).to_owned()),
            )
        };
        frame
            .flights
            .values()
            .filter(|it| it.arrived.is_none())
            .take(100)
            .map(flight)
            .collect::<Vec<_>>()
    });
    let rows = rows.unwrap_or_default();
    let none = rows.is_empty();
    let drawn = rows.into_iter().map(|(label, kind, txn, from, to)| {
        let about = format!("What can happen… to {label} of {txn}");
        view! {
            <tr>
                <th scope="row"><b>{label}</b></th>
                <td>{kind}</td><td>{txn}</td><td>{from.1}</td><td>{to.1}</td>
                <td>{act(app, MenuOf::Edge(from.0, to.0), about)}</td>
            </tr>
        }
    });
    view! {
        {drawn.collect_view()}
        {none.then(|| view! { <tr><td class="dim" colspan="6">"none at this moment"</td></tr> })}
    }
}

fn missing(app: App) -> impl IntoView {
    let rows = app.framed(|run, frame| {
        let cast = run.cast();
        let happened =
            run.missing.iter().filter(|it| frame.cursor.is_some_and(|at| it.culprit <= at));
        let text = |it: &interleave_engine::views::missing::Missing| {
            let what = it.slot.map_or("the answer", |slot| cast.sym(slot.label));
            let untold: Vec<&str> = it.untold.iter().map(|node| cast.node(*node)).collect();
            let txn = cast.txn(it.txn);
            let text = format!(
                "{what} of {txn}: {} never sent it, so {} is never told",
                cast.node(it.node),
                untold.join(", ")
            );
            (it.culprit.0, text)
        };
        happened.map(text).collect::<Vec<_>>()
    });
    let rows = rows.unwrap_or_default();
    let none = rows.is_empty();
    let drawn = rows.into_iter().map(|(event, text)| view! {
        <tr><td><button class="link" on:click=move |_| dispatch(app, Cmd::Explain(event))>{text}</button></td></tr>
    });
    view! {
        {drawn.collect_view()}
        {none.then(|| view! { <tr><td class="dim">"nothing is missing up to this moment"</td></tr> })}
    }
}
