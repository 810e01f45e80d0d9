//! Streams of event-sourced databases at the cursor: their events with versions, their snapshots,
//! and the row that each adds up to, as of any version.

use std::rc::Rc;

use interleave_engine::ids::{EventIx, txn_name};
use interleave_engine::views::rows::short_key;
use interleave_engine::views::streams::{Stream, streams};
use leptos::prelude::*;

use crate::cmd::{Cmd, dispatch};
use crate::lab::Run;
use crate::state::{App, Part, app};
use crate::views::icons::class_of;

/// How many streams are listed.
const STREAMS_MAX: usize = 40;
/// How many events of a stream are shown in the list.
const EVENTS_MAX: usize = 8;

/// The streams.
#[component]
pub fn Streams() -> impl IntoView {
    let app = app();
    // Reading them costs the whole trace, so it is done once a run and cut at the cursor.
    let kept = StoredValue::new_local((0, 0, Rc::default()));
    let all = move || {
        let (rev, run) = (app.rev.get(), app.current.get());
        let known = kept.with_value(|kept| (kept.0, kept.1) == (rev, run) && rev > 0);
        if !known {
            let found = app.run_now(|run| streams(run.cast(), run.trace(), EventIx(u32::MAX - 1)));
            kept.set_value((rev, run, Rc::new(found.unwrap_or_default())));
        }
        kept.with_value(|kept| Rc::<Vec<Stream>>::clone(&kept.2))
    };
    view! {
        <div class="streams">
            {move || list(app, &all())}
            {move || detail(app, &all())}
        </div>
    }
}

/// The events of a stream up to the cursor.
fn until(stream: &Stream, at: EventIx) -> Option<Stream> {
    let mut seen = stream.clone();
    seen.events.retain(|event| event.event.is_none_or(|event| event <= at));
    seen.snapshots.retain(|snapshot| snapshot.event <= at);
    (!seen.events.is_empty()).then_some(seen)
}

fn is_chosen(app: App, stream: &Stream) -> bool {
    matches!(app.selection.get().part, Part::Row { db, key } if db == stream.db && key == stream.key)
}

fn list(app: App, all: &[Stream]) -> impl IntoView + use<> {
    let txn = app.txn.get();
    let found = app.at_cursor(|run, at| {
        let mut seen: Vec<Stream> = all.iter().filter_map(|stream| until(stream, at)).collect();
        // Those of the followed transaction first, then those written to last.
        seen.sort_by_key(|stream| {
            let of =
                stream.events.iter().any(|event| txn.is_some() && event.txn.map(|it| it.0) == txn);
            let last = stream.events.last().and_then(|event| event.event);
            (!is_chosen(app, stream), !of, std::cmp::Reverse(last))
        });
        let more = seen.len().saturating_sub(STREAMS_MAX);
        seen.truncate(STREAMS_MAX);
        let lines: Vec<_> = seen.iter().map(|stream| line(app, run, stream)).collect();
        (lines, more)
    });
    let (lines, more) = found.unwrap_or_default();
    view! {
        <table class="data">
            <caption>"Streams, up to the cursor"</caption>
            <thead><tr>
                <th scope="col">"stream"</th><th scope="col">"events"</th>
                <th scope="col">"adds up to"</th><th scope="col">"to fold after a crash"</th>
            </tr></thead>
            <tbody>
                {lines.into_iter().collect_view()}
                {(more > 0).then(|| view! { <tr><td colspan="4" class="dim">{format!("and {more} more")}</td></tr> })}
            </tbody>
        </table>
    }
}

fn line(app: App, run: &Run, stream: &Stream) -> AnyView {
    let cast = run.cast();
    let part = Part::Row { db: stream.db, key: stream.key };
    let here = is_chosen(app, stream);
    let owner = cast.dbs.get(stream.db.ix()).map_or("", |info| info.name.as_str());
    let name = format!("{owner} {}", short_key(cast, stream.key));
    let skipped = stream.events.len().saturating_sub(EVENTS_MAX);
    let snapshot = stream.snapshots.last().map(|it| it.version);
    let chips = stream.events.iter().skip(skipped).map(|event| {
        let title = format!("version {}: {}", event.version, cast.fact(stream.db, &event.fact));
        let class = format!("chip {}", class_of(event.txn));
        let kept = stream.snapshots.iter().any(|it| it.version == event.version);
        let chip = match event.event {
            Some(at) => view! {
                <button class=class title=title.clone() aria-label=title on:click=move |_| dispatch(app, Cmd::Explain(at.0))>
                    {event.version}
                </button>
            }
            .into_any(),
            None => view! { <span class="chip" title=title>{event.version}</span> }.into_any(),
        };
        view! { {chip}{kept.then(|| view! { <span class="snapshot" title="A snapshot stands for all up to here">"snapshot"</span> })} }
    });
    let chips = chips.collect_view();
    let row = stream.now().map_or_else(|| "deleted".to_owned(), |row| cast.row(stream.db, &row));
    let fold = stream.to_fold();
    let fold = match snapshot {
        Some(version) => format!("{fold} after the snapshot of version {version}"),
        None => format!("all {fold}"),
    };
    view! {
        <tr class:touched=here>
            <th scope="row">
                <button
                    class="plain row-name mono"
                    aria-pressed=here.to_string()
                    on:click=move |_| dispatch(app, Cmd::Select((!here).then_some(part)))
                >
                    {name}
                </button>
            </th>
            <td><span class="chips">{(skipped > 0).then(|| format!("… {skipped} before "))}{chips}</span></td>
            <td class="mono">{row}</td>
            <td>{fold}</td>
        </tr>
    }
    .into_any()
}

/// The chosen stream, event by event, with the row after each: its value as of any version or moment.
fn detail(app: App, all: &[Stream]) -> impl IntoView + use<> {
    let stream = all.iter().find(|stream| is_chosen(app, stream))?.clone();
    let found = app.at_cursor(|run, at| {
        let cast = run.cast();
        let name = short_key(cast, stream.key);
        let axis = run.axis();
        let now = stream
            .as_of_event(at)
            .map_or_else(|| "nothing".to_owned(), |row| cast.row(stream.db, &row));
        let moment = axis.label(axis.of(at));
        let lines = stream.events.iter().map(|event| {
            let recorded = event
                .event
                .map_or_else(|| "before the run".to_owned(), |event| axis.label(axis.of(event)));
            let since = (event.effective != event.recorded)
                .then(|| interleave_engine::views::format::clock(event.effective));
            let after = stream.at_version(event.version);
            let after = after.map_or_else(|| "deleted".to_owned(), |row| cast.row(stream.db, &row));
            let later = event.event.is_some_and(|event| event > at);
            let by = event.txn.map(|txn| (class_of(Some(txn)), txn_name(txn)));
            (
                event.version,
                event.event,
                recorded,
                since,
                cast.fact(stream.db, &event.fact),
                after,
                later,
                by,
            )
        });
        (name, moment, now, lines.collect::<Vec<_>>())
    });
    let (name, moment, now, lines) = found?;
    let lines = lines.into_iter().map(|(version, event, recorded, since, fact, after, later, by)| view! {
        <tr class:later=later>
            <th scope="row" class="mono">{version}</th>
            <td class="mono">{match event {
                Some(event) => view! {
                    <button class="plain" title="Put the moment here" on:click=move |_| dispatch(app, Cmd::Seek(event.0))>{recorded}</button>
                }.into_any(),
                None => recorded.into_any(),
            }}
            {since.map(|since| view! { <span class="dim">{format!(", true since {since}")}</span> })}</td>
            <td>{by.map(|(class, name)| view! { <span class=format!("chip {class}")>{name}</span>" " })}{fact}</td>
            <td class="mono">{after}</td>
        </tr>
    });
    Some(view! {
        <table class="data">
            <caption>{format!("{name}, version by version")}</caption>
            <thead><tr>
                <th scope="col">"version"</th><th scope="col">"written"</th>
                <th scope="col">"what it says"</th><th scope="col">"the row after it"</th>
            </tr></thead>
            <tbody>
                <tr class="touched"><th scope="row" colspan="3">{format!("as of {moment}")}</th><td class="mono">{now}</td></tr>
                {lines.collect_view()}
            </tbody>
        </table>
    })
}
