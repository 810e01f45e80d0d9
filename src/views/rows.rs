//! The rows of every database at the cursor, each with its replicas beside it, what is written and
//! not committed, and the history of the row that was chosen.

use interleave_engine::ids::{DbIx, EventIx, TxnId, txn_name};
use interleave_engine::value::Key;
use interleave_engine::views::format::{counted, duration};
use interleave_engine::views::pending::{Pending, pending};
use interleave_engine::views::replicas::{ReplicaView, replicas};
use interleave_engine::views::rows::{Focus, RowLine, history, rows, short_key};
use leptos::prelude::*;

use crate::cmd::{Cmd, dispatch};
use crate::lab::Run;
use crate::state::{App, Part, app};
use crate::views::icons::{class_of, name_of, txn_class};

/// How many rows of a database are shown.
const ROWS_MAX: usize = 24;

/// A database as it is drawn.
struct Table {
    db: DbIx,
    name: String,
    lines: Vec<Line>,
    more: usize,
    replicas: Vec<(ReplicaView, String)>,
}

/// A row as it is drawn.
struct Line {
    row: RowLine,
    pending: Vec<Pending>,
    /// What each replica has of it, and whether that is the same.
    copies: Vec<(String, bool)>,
}

/// The rows.
#[component]
pub fn Rows() -> impl IntoView {
    let app = app();
    view! {
        <div class="tables">
            {move || chosen(app)}
            {move || tables(app).into_iter().map(|table| draw(app, table)).collect_view()}
        </div>
    }
}

fn tables(app: App) -> Vec<Table> {
    let focus = app.txn.get().map(|txn| Focus::Txn(TxnId(txn)));
    let found = app.framed(|run, frame| {
        let cast = run.cast();
        let primaries = cast.dbs.iter().enumerate().filter(|(_, info)| info.replica_of.is_none());
        let table = |(at, _): (usize, _)| {
            let db = DbIx(at as u8);
            let (trace, index) = (run.trace(), &run.views.index);
            let view = rows(cast, trace, index, frame, db, focus, ROWS_MAX);
            let open = pending(cast, frame, db);
            let copies = replicas(cast, trace, index, frame, db);
            let copy = |of: &ReplicaView, key: Key, value: &str| {
                let row = frame.dbs.get(of.db.ix()).and_then(|db| db.rows.get(&key)?.row.as_ref());
                let text = row.map_or_else(|| "–".to_owned(), |row| cast.row(of.db, row));
                let same = text == value;
                (text, same)
            };
            let line = |row: RowLine| Line {
                pending: open.get(&row.key).cloned().unwrap_or_default(),
                copies: copies.iter().map(|of| copy(of, row.key, &row.value)).collect(),
                row,
            };
            let mut lines: Vec<Line> = view.rows.into_iter().map(line).collect();
            // A row that is being inserted is not there yet.
            for (key, values) in &open {
                if lines.iter().all(|line| line.row.key != *key) && lines.len() < ROWS_MAX + 8 {
                    lines.push(Line {
                        row: being_inserted(run, *key),
                        pending: values.clone(),
                        copies: vec![("–".to_owned(), true); copies.len()],
                    });
                }
            }
            let lag = |of: ReplicaView| {
                let lag = lag(run, &of);
                (of, lag)
            };
            Table {
                db,
                name: view.name,
                lines,
                more: view.more,
                replicas: copies.into_iter().map(lag).collect(),
            }
        };
        primaries.map(table).collect::<Vec<_>>()
    });
    found.unwrap_or_default()
}

fn being_inserted(run: &Run, key: Key) -> RowLine {
    let name = short_key(run.cast(), key);
    let (value, before, after, change) = (String::new(), None, None, None);
    RowLine { key, name, value, before, after, change, last: None, by: None }
}

/// How far a replica is behind, in a few words.
fn lag(run: &Run, of: &ReplicaView) -> String {
    if of.behind.is_empty() {
        return "up to date".to_owned();
    }
    let rows = counted(of.behind.len() as u64, "row behind", "rows behind");
    if run.axis().steps { rows } else { format!("{rows}, for {}", duration(of.us)) }
}

fn draw(app: App, table: Table) -> impl IntoView {
    let db = table.db;
    let columns = 3 + table.replicas.len();
    let head = (!table.replicas.is_empty()).then(|| {
        let copies = table.replicas.iter().map(|(of, lag)| {
            let class = if of.behind.is_empty() { "dim" } else { "behind" };
            let lacks = of.lacks.map(|event| event.0);
            view! {
                <th scope="col">
                    {of.name.clone()}" "
                    {match lacks {
                        Some(event) => view! {
                            <button class=format!("plain {class}") title="The oldest commit that it lacks"
                                on:click=move |_| dispatch(app, Cmd::Explain(event))>{lag.clone()}</button>
                        }.into_any(),
                        None => view! { <span class=class>{lag.clone()}</span> }.into_any(),
                    }}
                </th>
            }
        });
        view! {
            <thead><tr>
                <th scope="col">"row"</th><th scope="col">"primary"</th>{copies.collect_view()}
                <th scope="col">"by"</th>
            </tr></thead>
        }
    });
    let wide = !table.replicas.is_empty();
    let more = table.more;
    view! {
        <table class="data rows-of" class:wide=wide>
            <caption>{table.name}</caption>
            {head}
            <tbody>
                {table.lines.into_iter().map(|line| row(app, db, line)).collect_view()}
                {(more > 0).then(|| view! { <tr><td colspan=columns class="dim">{format!("and {more} more")}</td></tr> })}
            </tbody>
        </table>
    }
}

fn row(app: App, db: DbIx, line: Line) -> impl IntoView {
    let Line { row, pending, copies } = line;
    let part = Part::Row { db, key: row.key };
    let selection = app.selection.get();
    let here = selection.part == part || selection.part == Part::Lock { db, key: Some(row.key) };
    let last = row.last.map(|event| event.0);
    let changed = row.before.is_some();
    let open = pending.into_iter().map(|value| {
        let event = value.since.0;
        let (note, class) = if value.prepared {
            ("promised, in doubt", "pending prepared")
        } else {
            ("not committed", "pending")
        };
        view! {
            <button class=format!("plain {class} {}", txn_class(value.txn)) on:click=move |_| dispatch(app, Cmd::Explain(event))>
                <b>{txn_name(value.txn)}</b>" wrote "<span class="mono">{value.value}</span>", "{note}
            </button>
        }
    });
    let open = open.collect_view();
    let copies = copies.into_iter().map(|(text, same)| {
        if same {
            view! { <td class="mono dim">{text}</td> }.into_any()
        } else {
            view! { <td class="mono behind" title="It differs from the primary">{text}<span class="seen-by-readers">", behind"</span></td> }.into_any()
        }
    });
    view! {
        <tr class:touched=changed class:chosen=here>
            <th scope="row">
                <button
                    class="plain row-name mono"
                    aria-pressed=here.to_string()
                    title="Its history"
                    on:click=move |_| dispatch(app, Cmd::Select((!here).then_some(part)))
                >
                    {row.name}
                </button>
            </th>
            <td class="mono">
                {match (row.before, row.after) {
                    (Some(before), Some(after)) if after == row.value => view! {
                        <span class="dim">{before}" → "</span><b>{after}</b>
                    }.into_any(),
                    _ => view! { {row.value} }.into_any(),
                }}
                {open}
            </td>
            {copies.collect_view()}
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
}

/// The history of the chosen row: all its values over the run, and the one as of the cursor.
fn chosen(app: App) -> impl IntoView {
    let (db, key) = match app.selection.get().part {
        Part::Row { db, key } | Part::Lock { db, key: Some(key) } => (db, key),
        _ => return None,
    };
    let found = app.framed(|run, frame| {
        let cast = run.cast();
        let axis = run.axis();
        let at = frame.cursor.unwrap_or_default();
        let owner = &cast.dbs.get(db.ix())?.name;
        let title = format!("{} at {owner}", short_key(cast, key));
        let versions = history(cast, run.trace(), &run.views.index, db, key, EventIx(u32::MAX));
        let first = versions.first().map_or_else(
            || {
                let row = frame.dbs.get(db.ix()).and_then(|db| db.rows.get(&key)?.row.as_ref());
                row.map(|row| cast.row(db, row))
            },
            |version| version.before.clone(),
        );
        let of_cursor = versions.iter().rposition(|version| version.event <= at);
        let value = of_cursor.map_or_else(|| first.clone(), |of| versions[of].after.clone());
        let lines: Vec<_> = versions
            .into_iter()
            .enumerate()
            .map(|(place, version)| {
                let moment = axis.label(axis.of(version.event));
                let later = of_cursor.is_none_or(|of| place > of);
                (version, moment, later, of_cursor == Some(place))
            })
            .collect();
        Some((title, axis.label(axis.of(at)), first, value, lines))
    });
    let (title, moment, first, value, lines) = found.flatten()?;
    let text = |value: Option<String>| value.unwrap_or_else(|| "–".to_owned());
    let count = lines.len() as u64;
    let lines = lines.into_iter().map(|(version, moment, later, here)| {
        let event = version.event.0;
        view! {
            <tr class:later=later class:chosen=here aria-current=here.then_some("true")>
                <th scope="row">
                    <button class="plain mono" title="Put the moment here" on:click=move |_| dispatch(app, Cmd::Explain(event))>
                        {moment}
                    </button>
                </th>
                <td class="mono"><span class="dim">{text(version.before)}" → "</span><b>{text(version.after)}</b></td>
                <td>{version.txn.map(|txn| view! { <span class=format!("chip {}", txn_class(txn))>{txn_name(txn)}</span> })}</td>
            </tr>
        }
    });
    Some(view! {
        <table class="data history">
            <caption>
                {title}
                <button class="btn small quiet" on:click=move |_| dispatch(app, Cmd::Select(None))>"Close"</button>
            </caption>
            <thead><tr>
                <th scope="row" colspan="3">
                    {format!("As of {moment}: ")}<b class="mono">{text(value)}</b>
                    <span class="dim">{format!("; {} in this run", counted(count, "change", "changes"))}</span>
                </th>
            </tr></thead>
            <tbody>
                <tr><th scope="row" class="dim">"in the beginning"</th><td class="mono">{text(first)}</td><td></td></tr>
                {lines.collect_view()}
            </tbody>
        </table>
    })
}
