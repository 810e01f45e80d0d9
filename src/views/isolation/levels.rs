//! The table: a row for each database and level, a column for each anomaly that can come up.

use interleave_engine::isolation_lab::{Kind, Phenomenon, Results, Row, Verdict};
use interleave_engine::views::format::{count, counted};
use leptos::prelude::*;

use crate::cmd::{Cmd, dispatch};
use crate::state::{App, app};

/// The table and what it covers.
#[component]
pub(super) fn Levels() -> impl IntoView {
    let app = app();
    let table = Memo::new(move |_| app.isolation.with(|it| it.table.clone()));
    let chosen = Memo::new(move |_| {
        app.isolation.with(|it| it.scene.as_ref().map(|it| (it.setting.clone(), it.name.clone())))
    });
    let failed = Memo::new(move |_| app.isolation.with(|it| it.failed.clone()));
    let stale = Memo::new(move |_| app.isolation.with(|it| it.is_stale()));
    view! {
        <div role="status" aria-live="polite" class="isolation-said">
            {move || table.with(|table| table.as_ref().map(coverage).unwrap_or_default())}
        </div>
        <Show when=move || failed.with(Option::is_some)>
            <p class="mistake" role="alert">{move || format!("It ended early: {}.", failed.get().unwrap_or_default())}</p>
        </Show>
        <Show when=move || stale.get()>
            <p class="stale" role="note">"The table is of the text before the last change. Run it again."</p>
        </Show>
        {move || table.get().map(|table| drawn(app, table, chosen))}
    }
}

/// How much was looked at, in a sentence.
fn coverage(table: &Results) -> String {
    let tried: u64 = table.rows.iter().map(|row| row.interleavings).sum();
    let states: u64 = table.rows.iter().map(|row| u64::from(row.states)).sum();
    let cut = table.rows.iter().any(|row| row.extent == "cut");
    let how = match (table.done, cut) {
        (false, _) => "So far",
        (true, false) => "Complete",
        (true, true) => {
            "Cut at the bound of states, so that what did not show may still be possible"
        }
    };
    format!(
        "{how}: {} in {}, over {} settings. The steps have {} where nothing waits or fails.",
        counted(tried, "interleaving", "interleavings"),
        counted(states, "state", "states"),
        table.rows.len(),
        counted(table.orders, "order", "orders"),
    )
}

type Chosen = Memo<Option<(String, String)>>;

fn drawn(app: App, table: Results, chosen: Chosen) -> impl IntoView {
    let columns = table.columns();
    let head = columns.iter().map(|one| {
        let cost = one.kind() == Kind::Cost;
        view! {
            <th scope="col" class:cost=cost title=one.words()>
                <b>{one.title()}</b>
                <span class="mono">{(one.kind() == Kind::Anomaly).then(|| one.name())}</span>
            </th>
        }
    });
    let head = head.collect_view();
    let mut rows = Vec::new();
    for (at, row) in table.rows.iter().enumerate() {
        if at == 0 || table.rows[at - 1].database != row.database {
            let wide = (columns.len() + 2).to_string();
            rows.push(
                view! { <tr class="database"><th scope="rowgroup" colspan=wide><span>{row.database.clone()}</span></th></tr> }
                    .into_any(),
            );
        }
        let cells = columns.iter().map(|one| cell(app, row, *one, chosen)).collect_view();
        let extent = match row.extent.as_str() {
            "complete" => String::new(),
            other => format!(", {other}"),
        };
        rows.push(
            view! {
                <tr>
                    <th scope="row">{row.level.clone()}</th>
                    {cells}
                    <td class="counts">
                        {format!("{} in {}{extent}", count(row.interleavings), counted(u64::from(row.states), "state", "states"))}
                    </td>
                </tr>
            }
            .into_any(),
        );
    }
    view! {
        <div class="levels-frame" tabindex="0" role="region" aria-label="Levels and anomalies">
            <table class="levels">
                <caption class="seen-by-readers">"What each isolation level allows"</caption>
                <thead>
                    <tr><th scope="col">"Level"</th>{head}<th scope="col">"Interleavings"</th></tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
        <p class="dim small">
            "✗ an interleaving shows it · ✓ no interleaving shows it, and how it is kept away · – it cannot come up.
            Choose a cell to see the schedule."
        </p>
    }
}

fn cell(app: App, row: &Row, one: Phenomenon, chosen: Chosen) -> impl IntoView + use<> {
    let cost = one.kind() == Kind::Cost;
    let (sign, word, class, opens) = match row.verdict(one) {
        Some(Verdict::Possible { interleavings, .. }) if cost => {
            ("", format!("in {}", count(*interleavings)), "cost", true)
        }
        Some(Verdict::Possible { .. }) => ("✗", "possible".to_owned(), "possible", true),
        Some(Verdict::Prevented { how, .. }) => ("✓", how.join(", "), "prevented", true),
        Some(Verdict::Unknown) => ("…", "not known".to_owned(), "absent", false),
        Some(Verdict::Absent) | None => ("–", String::new(), "absent", false),
    };
    if !opens {
        let said = if word.is_empty() { "cannot come up".to_owned() } else { word };
        return view! { <td class=class><span aria-hidden="true">{sign}</span><span class="seen-by-readers">{said}</span></td> }
            .into_any();
    }
    let label = format!("{}, {}: {}: {word}", row.database, row.level, one.title());
    let key = (row.setting.clone(), one.name().to_owned());
    let cmd = Cmd::IsolationShow { setting: key.0.clone(), name: key.1.clone() };
    let pressed = move || chosen.with(|it| it.as_ref() == Some(&key)).to_string();
    view! {
        <td class=class>
            <button aria-label=label aria-pressed=pressed on:click=move |_| dispatch(app, cmd.clone())>
                <span class="sign" aria-hidden="true">{sign}</span>
                <span>{word}</span>
            </button>
        </td>
    }
    .into_any()
}
