//! Metrics up to the cursor: how long, how busy, how many.

use interleave_engine::cast::NodeKind;
use interleave_engine::views::format::{count, duration, share};
use interleave_engine::views::metrics::{Durations, Metrics as Measured, metrics};
use leptos::prelude::*;

use crate::state::{App, app};

/// Buckets of the series.
const BUCKETS: usize = 60;

/// The metrics.
#[component]
pub fn Metrics() -> impl IntoView {
    let app = app();
    view! {
        <div class="metrics">
            {move || {
                let steps = app.run(|run| run.axis().steps) == Some(true);
                steps.then(|| view! {
                    <p class="dim pad">"A schedule has steps and no clock, so there are counts here and no times."</p>
                })
            }}
            {move || tables(app)}
        </div>
    }
}

fn tables(app: App) -> impl IntoView {
    let found = app.at_cursor(|run, at| {
        let measured = metrics(run.cast(), run.trace(), at, BUCKETS);
        let nodes: Vec<(String, u32)> = run
            .cast()
            .nodes
            .iter()
            .filter(|node| {
                matches!(
                    node.kind,
                    NodeKind::Service(_) | NodeKind::Member(_) | NodeKind::Orchestrator
                )
            })
            .map(|node| (node.name.clone(), node.workers))
            .collect();
        let skip =
            run.cast().nodes.iter().position(|node| matches!(node.kind, NodeKind::Service(_)));
        (measured, nodes, skip.unwrap_or(1), run.axis().steps)
    });
    let (measured, nodes, skip, steps) = found?;
    Some(view! {
        {(!steps).then(|| latencies(&measured))}
        {(!steps).then(|| services(&measured, nodes, skip))}
        {counts(&measured)}
        {(!steps).then(|| histogram(&measured.latency))}
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

fn services(measured: &Measured, nodes: Vec<(String, u32)>, skip: usize) -> impl IntoView + use<> {
    let rows = nodes.into_iter().zip(measured.nodes.iter().skip(skip)).map(|((name, workers), node)| {
        let busy = node.busy_us as f64 / node.available_us.max(1) as f64;
        let p90 = node.in_system.percentile_us(900).map_or_else(|| "–".to_owned(), duration);
        view! {
            <tr>
                <th scope="row">{name}</th>
                <td>{workers}</td>
                <td>
                    <svg class="meter" width="70" height="10" aria-hidden="true">
                        <rect class="meter-ground" width="70" height="10" rx="3"/>
                        <rect class="meter-fill" width=busy.clamp(0.0, 1.0) * 70.0 height="10" rx="3"/>
                    </svg>
                    {share(node.busy_us, node.available_us)}
                </td>
                <td>{node.queue_max}</td>
                <td>{p90}</td>
            </tr>
        }
    });
    let rows = rows.collect_view();
    view! {
        <table class="data numbers">
            <caption>"Services, up to the cursor"</caption>
            <thead><tr>
                <td></td><th scope="col">"workers"</th><th scope="col">"busy"</th>
                <th scope="col">"longest queue"</th><th scope="col">"p90 in system"</th>
            </tr></thead>
            <tbody>{rows}</tbody>
        </table>
    }
}

fn counts(measured: &Measured) -> impl IntoView + use<> {
    let row = |name: &'static str, value: String| {
        view! {
            <tr><th scope="row">{name}</th><td>{value}</td></tr>
        }
    };
    let window = measured.longest_window().map(|window| {
        let open = if window.closed.is_none() { ", still open" } else { "" };
        format!("{} ({}{open})", duration(window.us), interleave_engine::ids::txn_name(window.txn))
    });
    view! {
        <table class="data numbers">
            <caption>"Counts, up to the cursor"</caption>
            <tbody>
                {row("messages and records", count(measured.messages))}
                {row("log records", count(measured.log_records))}
                {row("forced log writes", count(measured.forced))}
                {row("longest inconsistency window", window.unwrap_or_else(|| "–".to_owned()))}
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
            <caption>"How the times spread"</caption>
            <tbody>{rows}</tbody>
        </table>
    }
}
