//! The rows of every database at the cursor.

use interleave_engine::ids::{DbIx, TxnId};
use interleave_engine::views::rows::{Focus, rows};
use leptos::prelude::*;

use crate::cmd::{Cmd, dispatch};
use crate::state::app;
use crate::views::icons::{class_of, name_of};

/// How many rows of a database are shown.
const ROWS_MAX: usize = 24;

/// The rows.
#[component]
pub fn Rows() -> impl IntoView {
    let app = app();
    let drawn = move || {
        let focus = app.txn.get().map(|txn| Focus::Txn(TxnId(txn)));
        let views = app.framed(|run, frame| {
            let dbs = 0..run.cast().dbs.len();
            let view = |db| {
                rows(
                    run.cast(),
                    run.trace(),
                    &run.views.index,
                    frame,
                    DbIx(db as u8),
                    focus,
                    ROWS_MAX,
                )
            };
            dbs.map(view).collect::<Vec<_>>()
        });
        let tables = views.unwrap_or_default().into_iter().map(|view| {
            let lines = view.rows.into_iter().map(|row| {
                let last = row.last.map(|event| event.0);
                let changed = row.before.is_some();
                view! {
                    <tr class:touched=changed>
                        <th scope="row" class="mono">{row.name}</th>
                        <td class="mono">
                            {match (row.before, row.after) {
                                (Some(before), Some(after)) if after == row.value => view! {
                                    <span class="dim">{before}" → "</span><b>{after}</b>
                                }.into_any(),
                                _ => view! { {row.value} }.into_any(),
                            }}
                        </td>
                        <td>{last.map(|event| view! {
                            <button
                                class=format!("chip {}", class_of(row.by))
                                title="The change that made it"
                                on:click=move |_| dispatch(app, Cmd::Explain(event))
                            >
                                {name_of(row.by)}
                            </button>
                        })}</td>
                    </tr>
                }
            });
            let more = view.more;
            view! {
                <table class="data">
                    <caption>{view.name}</caption>
                    <tbody>
                        {lines.collect_view()}
                        {(more > 0).then(|| view! { <tr><td colspan="3" class="dim">{format!("and {more} more")}</td></tr> })}
                    </tbody>
                </table>
            }
        });
        tables.collect_view()
    };
    view! { <div class="tables">{drawn}</div> }
}
