//! Small charts over virtual time. A click leads to the moment that it shows.

use interleave_engine::views::format::duration;
use leptos::prelude::*;
use wasm_bindgen::JsCast;

use crate::cmd::{Cmd, dispatch};
use crate::platform::zoom;
use crate::state::App;

/// What a chart shows.
pub(super) struct Chart {
    /// What it is about.
    pub(super) title: String,
    /// Its value in each bucket.
    pub(super) values: Vec<f64>,
    /// The length of a bucket in microseconds.
    pub(super) bucket_us: u64,
    /// The greatest value in words.
    pub(super) most: String,
    /// Its size.
    pub(super) size: (f64, f64),
    /// Whether its title and its time stand beside it: else those of the table that it is in do.
    pub(super) named: bool,
}

/// Room above and below the curve.
const PAD: f64 = 2.0;

/// Draws a chart.
pub(super) fn chart(app: App, of: Chart) -> impl IntoView {
    let (width, height) = of.size;
    let count = of.values.len().max(1) as f64;
    let most = of.values.iter().copied().fold(0.0, f64::max);
    let y = move |value: f64| {
        height - PAD - if most > 0.0 { value / most * (height - 2.0 * PAD) } else { 0.0 }
    };
    let steps = of.values.iter().enumerate().map(|(at, value)| {
        let (from, to) = (at as f64 / count * width, (at + 1) as f64 / count * width);
        format!("L{from:.1} {:.1}H{to:.1}", y(*value))
    });
    let line: String = steps.collect();
    let area = format!("M0 {0:.1}{line}V{0:.1}z", height - PAD);
    let line = line.replacen('L', "M", 1);
    let whole_us = of.bucket_us as f64 * count;
    let label = format!("{}: at most {}, over {}", of.title, of.most, duration(whole_us as u64));
    let now = move || {
        let now = app.now.get();
        let x = (now / whole_us).clamp(0.0, 1.0) * width;
        format!("M{x:.1} 0V{height}")
    };
    let go = move |event: web_sys::MouseEvent| {
        let target = event.current_target().and_then(|it| it.dyn_into::<web_sys::Element>().ok());
        let Some(element) = target else { return };
        let left = element.get_bounding_client_rect().left();
        let x = (f64::from(event.client_x()) - left) / zoom::of(&element);
        dispatch(app, Cmd::Pause);
        dispatch(app, Cmd::SeekTo((x / width).clamp(0.0, 1.0) * whole_us));
    };
    let drawn = view! {
        <svg class="chart" width=width height=height role="img" aria-label=label on:click=go>
            <path class="chart-ground" d=format!("M0 {:.1}H{width}", height - PAD)/>
            <path class="chart-area" d=area/>
            <path class="chart-line" d=line/>
            <path class="chart-now" d=now/>
        </svg>
    };
    if !of.named {
        return view! { <span class="spark">{drawn}<span class="dim">{of.most}</span></span> }
            .into_any();
    }
    view! {
        <figure class="chart-of">
            <figcaption><b>{of.title}</b><span class="dim">{format!("at most {}", of.most)}</span></figcaption>
            {drawn}
            <div class="chart-ends dim"><span>"0"</span><span>{duration(whole_us as u64)}</span></div>
        </figure>
    }
    .into_any()
}
