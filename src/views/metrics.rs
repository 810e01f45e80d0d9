//! Metrics: how long, how busy, how many; as tables up to the cursor, and over the time of the run.

use std::rc::Rc;

use interleave_engine::cast::NodeKind;
use interleave_engine::ids::{EventIx, txn_name};
use interleave_engine::views::course::{Course, Peak, course};
use interleave_engine::views::format::{count, duration, share};
use interleave_engine::views::metrics::{Durations, Metrics as Measured, metrics};
use leptos::prelude::*;

use crate::cmd::{Cmd, dispatch};
use crate::platform::clock;
use crate::state::{App, app};
use crate::views::chart::{Chart, chart};

/// Buckets of the series.
const BUCKETS: usize = 120;
/// While the moment moves, the tables are counted anew so often and not with every frame.
const EVERY_MS: f64 = 400.0;
/// The size of a chart, and of one in a table.
const CHART: (f64, f64) = (360.0, 64.0);
const SPARK: (f64, f64) = (150.0, 24.0);

/// A run as a whole.
struct Whole {
    measured: Measured,
    course: Course,
    nodes: Vec<(usize, String, u32)>,
}

/// The metrics.
#[component]
pub fn Metrics() -> impl IntoView {
    let app = app();
    // Counting costs the whole trace: once for each run, and again as it grows.
    let kept = StoredValue::new_local((0, 0, None::<Rc<Whole>>));
    let whole = move || {
        let (rev, run) = (app.rev.get(), app.current.get());
        let known = kept.with_value(|kept| kept.2.is_some() && (kept.0, kept.1) == (rev, run));
        if !known {
            kept.set_value((rev, run, app.run_now(count_all).map(Rc::new)));
        }
        kept.with_value(|kept| kept.2.clone())
    };
    let told = StoredValue::new((0.0_f64, 0_u32));
    let until = Memo::new(move |_| {
        let (at, playing) = (app.cursor.get(), app.playing.get());
        let now = clock::now_ms();
        let (last, shown) = told.get_value();
        if playing && now - last < EVERY_MS {
            return shown;
        }
        told.set_value((now, at));
        at
    });
    let steps = move || app.run(|run| run.axis().steps) == Some(true);
    view! {
        <div class="metrics">
            {move || steps().then(|| view! {
                <p class="dim pad">"A schedule has steps and no clock, so there are counts here and no times."</p>
            })}
            {move || tables(app, until.get(), steps())}
            {move || whole().filter(|_| !steps()).map(|whole| over_time(app, &whole))}
        </div>
    }
}

fn count_all(run: &crate::lab::Run) -> Whole {
    let cast = run.cast();
    let end = EventIx(u32::MAX - 1);
    let measured = metrics(cast, run.trace(), end, BUCKETS);
    let course = course(cast, run.trace(), &measured.windows, BUCKETS);
    let works = |kind: NodeKind| {
        matches!(
            kind,
            NodeKind::Service(_)
                | NodeKind::Member(_)
                | NodeKind::Orchestrator
                | NodeKind::Coordinator
                | NodeKind::Composer
        )
    };
    let nodes = cast.nodes.iter().enumerate().filter(|(_, node)| works(node.kind));
    let nodes = nodes.map(|(at, node)| (at, node.name.clone(), node.workers)).collect();
    Whole { measured, course, nodes }
}

fn tables(app: App, until: u32, steps: bool) -> impl IntoView {
    let measured = app.run(|run| metrics(run.cast(), run.trace(), EventIx(until), BUCKETS))?;
    Some(view! {
        {(!steps).then(|| latencies(&measured))}
        {(!steps).then(|| histogram(&measured.latency))}
        {counts(app, &measured)}
    })
}

fn percentiles(name: &'static str, of: &Durations) -> impl IntoView + use<> {
    let at = |per_mille| of.percentile_us(per_mille).map_or_else(|| "–".to_owned(), duration);
    let mean = of.mean_us().map_or_else(|| "–".to_owned(), duration);
    let max = of.max_us().map_or_else(|| "–".to_owned(), duration);
    view! {
        <tr>
            <th scope="row">{name}</th>
            <td>{count(of.count())}</td><td>{mean}</td><td>{at(500)}</td><td>{at(900)}</td><td>{at(990)}</td><td>{max}</td>
        </tr>
    }
}

fn latencies(measured: &Measured) -> impl IntoView + use<> {
    view! {
        <table class="data numbers">
            <caption>"Time of a transaction, up to the cursor"</caption>
            <thead><tr>
                <td></td><th scope="col">"count"</th><th scope="col">"mean"</th><th scope="col">"p50"</th>
                <th scope="col">"p90"</th><th scope="col">"p99"</th><th scope="col">"max"</th>
            </tr></thead>
            <tbody>
                {percentiles("to its end", &measured.latency)}
                {percentiles("to the first answer", &measured.answer)}
            </tbody>
        </table>
    }
}

fn counts(app: App, measured: &Measured) -> impl IntoView + use<> {
    let row = |name: &'static str, value: String| {
        view! {
            <tr><th scope="row">{name}</th><td>{value}</td></tr>
        }
    };
    let window = measured.longest_window().map(|window| {
        let open = if window.closed.is_none() { ", still open" } else { "" };
        let text = format!("{} ({}{open})", duration(window.us), txn_name(window.txn));
        let event = window.opened.0;
        view! {
            <button class="plain" title="Where it opened" on:click=move |_| dispatch(app, Cmd::Explain(event))>{text}</button>
        }
    });
    view! {
        <table class="data numbers">
            <caption>"Counts, up to the cursor"</caption>
            <tbody>
                {row("messages and records", count(measured.messages))}
                {row("log records", count(measured.log_records))}
                {row("forced log writes", count(measured.forced))}
                <tr><th scope="row">"longest inconsistency window"</th><td>{match window {
                    Some(window) => window.into_any(),
                    None => "–".into_any(),
                }}</td></tr>
            </tbody>
        </table>
    }
}

fn histogram(latency: &Durations) -> impl IntoView + use<> {
    let bins = latency.histogram();
    let most = bins.iter().map(|bin| bin.count).max().unwrap_or(1).max(1);
    let rows = bins.into_iter().map(|bin| {
        let width = bin.count as f64 / most as f64 * 120.0;
        view! {
            <tr>
                <th scope="row">{format!("{} to {}", duration(bin.from), duration(bin.to))}</th>
                <td>
                    <svg class="meter" width="120" height="10" aria-hidden="true">
                        <rect class="meter-fill" width=width height="10" rx="2"/>
                    </svg>
                    {count(bin.count)}
                </td>
            </tr>
        }
    });
    let rows = rows.collect_view();
    view! {
        <table class="data numbers">
            <caption>"How the times spread, up to the cursor"</caption>
            <tbody>{rows}</tbody>
        </table>
    }
}

/// The course of the whole run: click a point to go there.
fn over_time(app: App, whole: &Whole) -> impl IntoView + use<> {
    let Whole { measured, course, .. } = whole;
    let series = &measured.series;
    let named = |title: &str, values: Vec<f64>, bucket_us: u64, most: String| {
        let title = title.to_owned();
        chart(app, Chart { title, values, bucket_us, most, size: CHART, named: true })
    };
    let per_second = |counts: &[u64]| {
        let most = counts.iter().copied().max().unwrap_or(0) as f64;
        let rate = most * 1e6 / series.bucket_us.max(1) as f64;
        let values: Vec<f64> = counts.iter().map(|count| *count as f64).collect();
        (values, format!("{rate:.0} a second"))
    };
    let (ended, ended_most) = per_second(&series.ended);
    let (sent, sent_most) = per_second(&series.messages);
    let peaks =
        |peaks: &[Peak]| -> Vec<f64> { peaks.iter().map(|peak| peak.most as f64).collect() };
    let most = |peaks: &[Peak]| peaks.iter().map(|peak| peak.most).max().unwrap_or(0);
    let partly = &course.partly;
    let behind = course.behind.iter().map(|of| {
        let title = format!("{}: age of what it lacks", of.name);
        named(&title, peaks(&of.us), course.bucket_us, duration(most(&of.us)))
    });
    let behind = behind.collect_view();
    view! {
        {services(app, whole)}
        <section class="charts" aria-label="Over the time of the run">
            <h3 class="cap">"Over the time of the run; click a point to go there"</h3>
            {named("Transactions ended", ended, series.bucket_us, ended_most)}
            {named("Messages and records", sent, series.bucket_us, sent_most)}
            {named(
                "Transactions partly done",
                peaks(partly),
                course.bucket_us,
                format!("{} at once", count(most(partly))),
            )}
            {behind}
        </section>
    }
}

/// How busy each service is, and how much waits there.
fn services(app: App, whole: &Whole) -> impl IntoView + use<> {
    let bucket_us = whole.measured.series.bucket_us;
    let rows = whole.nodes.iter().filter_map(|(at, name, workers)| {
        let node = whole.measured.nodes.get(*at)?;
        let spark = |title: &str, values: Vec<f64>, most: String| {
            let title = format!("{name}: {title}");
            chart(app, Chart { title, values, bucket_us, most, size: SPARK, named: false })
        };
        let full = bucket_us.saturating_mul(u64::from(*workers)).max(1);
        let busiest = node.busy.iter().copied().max().unwrap_or(0).min(full);
        let busy = node.busy.iter().map(|us| *us as f64).collect();
        let queue = node.queue.iter().map(|length| f64::from(*length)).collect();
        let p90 = node.in_system.percentile_us(900).map_or_else(|| "–".to_owned(), duration);
        Some(view! {
            <tr>
                <th scope="row">{name.clone()}</th>
                <td>{*workers}</td>
                <td>{share(node.busy_us, node.available_us)}</td>
                <td>{spark("busy", busy, share(busiest, full))}</td>
                <td>{spark("waiting", queue, count(u64::from(node.queue_max)))}</td>
                <td>{p90}</td>
            </tr>
        })
    });
    let rows = rows.collect_view();
    view! {
        <table class="data numbers services-of">
            <caption>"Services, the whole run"</caption>
            <thead><tr>
                <td></td><th scope="col">"workers"</th><th scope="col">"busy"</th>
                <th scope="col">"over time, and at most"</th><th scope="col">"waiting, and at most"</th>
                <th scope="col">"p90 in system"</th>
            </tr></thead>
            <tbody>{rows}</tbody>
        </table>
    }
}
