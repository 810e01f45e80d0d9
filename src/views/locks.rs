//! Locks at the cursor: who holds what, who waits, the wait-for graph with its cycle and victim.

use interleave_engine::ids::{EventIx, TxnId, txn_name};
use interleave_engine::views::format::{self, duration};
use interleave_engine::views::locks::{DbLocks, LockLine, Locks as Found, locks};
use leptos::prelude::*;

use crate::cmd::{Cmd, dispatch};
use crate::geometry::ring;
use crate::state::{App, Part, app};
use crate::views::icons::txn_class;

/// How many locks of a database are listed.
const LOCKS_MAX: usize = 40;

/// The locks.
#[component]
pub fn Locks() -> impl IntoView {
    let app = app();
    view! {
        <div class="locks">
            {move || draw(app)}
        </div>
    }
}

fn draw(app: App) -> impl IntoView {
    let found = app.framed(|run, frame| {
        let found = locks(run.cast(), run.trace(), &run.views.index, frame);
        let at = frame.cursor.unwrap_or_default();
        let waits = &run.views.index.lock_waits;
        let before = waits[..waits.partition_point(|event| *event < at)].last().copied();
        let after = waits.get(waits.partition_point(|event| *event <= at)).copied();
        let moment = |event: EventIx| run.axis().label(run.axis().of(event));
        let last = found.last.as_ref().map(|last| moment(last.event));
        (found, before, after, last, run.axis().steps)
    });
    let (found, before, after, last, steps) = found?;
    let free = found.dbs.is_empty();
    let graph = wait_for(app, &found);
    let tables: Vec<_> = found.dbs.iter().map(|db| table(app, db.clone(), steps)).collect();
    Some(view! {
        <div class="lock-tables">
            {free.then(|| view! {
                <p class="dim">"Nothing is locked at this moment, and nobody waits for a lock."</p>
            })}
            {tables.into_iter().collect_view()}
            <p class="lock-ways">
                {before.map(|event| view! {
                    <button class="btn small" on:click=move |_| dispatch(app, Cmd::Explain(event.0))>
                        "◀ the wait before"
                    </button>
                })}
                {after.map(|event| view! {
                    <button class="btn small" on:click=move |_| dispatch(app, Cmd::Explain(event.0))>
                        "the next wait ▶"
                    </button>
                })}
                {(before.is_none() && after.is_none()).then(|| view! {
                    <span class="dim small">"In this run nobody ever waits for a lock."</span>
                })}
            </p>
        </div>
        <div class="wait-for">
            {graph}
            {last.map(|moment| deadlock(app, &found, moment))}
        </div>
    })
}

fn table(app: App, db: DbLocks, steps: bool) -> impl IntoView {
    let id = db.db;
    let chosen = app.selection.get().part;
    let more = db.locks.len().saturating_sub(LOCKS_MAX);
    let lines = db.locks.into_iter().take(LOCKS_MAX).map(|line| {
        let part = Part::Lock { db: id, key: line.key };
        let here = chosen == part
            || matches!((chosen, line.key), (Part::Row { db, key }, Some(of)) if db == id && key == of);
        row(app, line, part, here, steps)
    });
    view! {
        <table class="data">
            <caption>{db.name}</caption>
            <thead><tr>
                <th scope="col">"row"</th><th scope="col">"held by"</th><th scope="col">"waiting, the first first"</th>
            </tr></thead>
            <tbody>
                {lines.collect_view()}
                {(more > 0).then(|| view! { <tr><td colspan="3" class="dim">{format!("and {more} more")}</td></tr> })}
            </tbody>
        </table>
    }
}

fn row(app: App, line: LockLine, part: Part, here: bool, steps: bool) -> impl IntoView {
    let holders = line.holders.into_iter().map(|holder| {
        let txn = holder.txn;
        let note = match (holder.in_doubt, holder.wrote, holder.value) {
            (true, _, Some(value)) => format!("{value}, promised: in doubt"),
            (true, _, None) => "in doubt".to_owned(),
            (false, true, Some(value)) => format!("{value}, not committed"),
            _ => "read it, or asked before".to_owned(),
        };
        view! {
            <span class="held">
                {chip(app, txn, holder.in_doubt)}
                <span class="mono">{note}</span>
            </span>
        }
    });
    let holders = holders.collect_view();
    let waiters = line.waiters.into_iter().map(|waiter| {
        let event = waiter.since.0;
        let time = if steps { String::new() } else { format!("for {}", duration(waiter.us)) };
        view! {
            <span class="held">
                <button
                    class=format!("chip waits {}", txn_class(waiter.txn))
                    title="Where it began to wait"
                    on:click=move |_| dispatch(app, Cmd::Explain(event))
                >
                    {txn_name(waiter.txn)}
                </button>
                <span class="dim">{time}</span>
            </span>
        }
    });
    let waiters = waiters.collect_view();
    view! {
        <tr class:touched=here>
            <th scope="row">
                <button
                    class="plain row-name mono"
                    aria-pressed=here.to_string()
                    on:click=move |_| dispatch(app, Cmd::Select((!here).then_some(part)))
                >
                    {line.name}
                </button>
            </th>
            <td>{holders}</td>
            <td>{waiters}</td>
        </tr>
    }
}

fn chip(app: App, txn: TxnId, in_doubt: bool) -> impl IntoView {
    view! {
        <button
            class=format!("chip {}{}", txn_class(txn), if in_doubt { " prepared" } else { "" })
            title=format!("Follow {}", txn_name(txn))
            on:click=move |_| dispatch(app, Cmd::Follow(Some(txn.0)))
        >
            {txn_name(txn)}
        </button>
    }
}

/// The wait-for graph: those that wait point at those that they wait for.
fn wait_for(app: App, found: &Found) -> impl IntoView + use<> {
    let mut txns: Vec<TxnId> =
        found.waits.iter().flat_map(|edge| [edge.waiter, edge.holder]).collect();
    txns.sort_unstable();
    txns.dedup();
    // Those of the cycle stand beside each other, in its order.
    txns.sort_by_key(|txn| found.cycle.iter().position(|of| of == txn).unwrap_or(usize::MAX));
    if txns.is_empty() {
        return view! {
            <p class="dim">"Wait-for graph: empty. An arrow from T2 to T1 would say that T2 waits for T1."</p>
        }
        .into_any();
    }
    let places = ring::places(txns.len());
    let size = ring::size(txns.len());
    let at = |txn: TxnId| txns.iter().position(|of| *of == txn).map(|at| places[at]);
    let in_cycle = |waiter: TxnId, holder: TxnId| {
        let cycle = &found.cycle;
        let place = cycle.iter().position(|of| *of == waiter);
        place.is_some_and(|place| cycle[(place + 1) % cycle.len()] == holder)
    };
    let edges = found.waits.iter().filter_map(|edge| {
        let path = ring::arrow(at(edge.waiter)?, at(edge.holder)?);
        let bad = in_cycle(edge.waiter, edge.holder);
        let class = if bad { "waits-edge cycle" } else { "waits-edge" };
        let head = if bad { "url(#waits-head-bad)" } else { "url(#waits-head)" };
        Some(view! { <path class=class d=path marker-end=head/> })
    });
    let edges = edges.collect_view();
    let victim = found.last.as_ref().map(|last| last.victim);
    let nodes = txns.iter().zip(&places).map(|(txn, (x, y))| {
        let txn = *txn;
        let is_victim = !found.cycle.is_empty() && victim == Some(txn);
        let label = format!("{}{}", txn_name(txn), if is_victim { ", the victim" } else { "" });
        view! {
            <g class=format!("waits-node {}", txn_class(txn)) transform=format!("translate({x:.1} {y:.1})")>
                <rect class="token" x="-21" y="-13" width="42" height="26" rx="13"/>
                <text class="ink" y="4.5" text-anchor="middle">{txn_name(txn)}</text>
                {is_victim.then(|| view! { <path class="cross" d="M-6 -22l12 -10m0 10l-12 -10"/> })}
                <rect
                    class="hit" x="-22" y="-22" width="44" height="44" rx="13"
                    role="button" tabindex="0" aria-label=format!("Follow {label}")
                    on:click=move |_| dispatch(app, Cmd::Follow(Some(txn.0)))
                    on:keydown=move |event| {
                        if matches!(event.key().as_str(), "Enter" | " ") {
                            event.prevent_default();
                            dispatch(app, Cmd::Follow(Some(txn.0)));
                        }
                    }
                />
            </g>
        }
    });
    let nodes = nodes.collect_view();
    let words = if found.cycle.is_empty() {
        format::counted(
            found.waits.len() as u64,
            "waits-for edge, no cycle",
            "waits-for edges, no cycle",
        )
    } else {
        format!("A cycle: {}", way_round(&found.cycle))
    };
    let class = if found.cycle.is_empty() { "dim small" } else { "bad small" };
    view! {
        <figure>
            <svg width=size height=size role="group" aria-label="Wait-for graph">
                <defs>
                    {[("waits-head", "head"), ("waits-head-bad", "head bad-head")].map(|(id, class)| view! {
                        <marker id=id viewBox="0 0 8 8" refX="7" refY="4" markerWidth="9" markerHeight="9" markerUnits="userSpaceOnUse" orient="auto">
                            <path class=class d="M0 0 8 4 0 8z"/>
                        </marker>
                    }).collect_view()}
                </defs>
                {edges}
                {nodes}
            </svg>
            <figcaption class=class>{words}</figcaption>
        </figure>
    }
    .into_any()
}

/// `T1 waits for T2, T2 for T1`.
fn way_round(cycle: &[TxnId]) -> String {
    let pairs = cycle.iter().zip(cycle.iter().cycle().skip(1));
    let words = pairs.enumerate().map(|(at, (waiter, holder))| {
        let verb = if at == 0 { "waits for" } else { "for" };
        format!("{} {verb} {}", txn_name(*waiter), txn_name(*holder))
    });
    words.collect::<Vec<_>>().join(", ")
}

fn deadlock(app: App, found: &Found, moment: String) -> impl IntoView + use<> {
    let last = found.last.clone()?;
    let event = last.event.0;
    let count = found.deadlocks as u64;
    Some(view! {
        <p class="deadlock">
            <b>{format!("{} so far", format::counted(count, "deadlock", "deadlocks"))}</b>
            <span>
                {format!("The last at {moment}: {}. ", way_round(&last.cycle))}
                {format!("{} was the victim and rolled back.", txn_name(last.victim))}
            </span>
            <button class="btn small" on:click=move |_| dispatch(app, Cmd::Explain(event))>"Go there"</button>
        </p>
    })
}
