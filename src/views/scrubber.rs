//! The scrubber: where much happens, where faults strike, where a property breaks, and the moment.

use interleave_engine::views::marks::{Marks, marks};
use leptos::prelude::*;

use crate::cmd::{Cmd, dispatch};
use crate::platform::listen;
use crate::state::{App, app};

/// A column of the density: so many pixels.
const COLUMN: f64 = 5.0;
/// Room at both ends, so that the handle stays inside.
const PAD: f64 = 10.0;
/// The line's height in the picture.
const LINE_Y: f64 = 30.0;
/// How many marks are drawn at most, of each kind.
const MARKS_MAX: usize = 200;

/// The scrubber.
#[component]
pub fn Scrubber() -> impl IntoView {
    let app = app();
    let width = RwSignal::new(600.0_f64);
    let place = NodeRef::<leptos::html::Div>::new();
    Effect::new(move |_| {
        if let Some(element) = place.get() {
            listen::on_resize(&element, move |new, _| {
                if new > 0.0 {
                    let _ = width.try_set(new);
                }
            });
        }
    });
    let end = Memo::new(move |_| app.run(|run| run.axis().end()).unwrap_or(0.0));
    let x_of = move |place: f64| {
        let end = end.get();
        let inner = width.get() - 2.0 * PAD;
        PAD + if end > 0.0 { (place / end).clamp(0.0, 1.0) * inner } else { 0.0 }
    };
    let seek = move |client_x: f64| {
        let Some(element) = place.get_untracked() else { return };
        let rect = element.get_bounding_client_rect();
        let inner = (rect.width() - 2.0 * PAD).max(1.0);
        let share = ((client_x - rect.left() - PAD) / inner).clamp(0.0, 1.0);
        dispatch(app, Cmd::SeekTo(share * end.get_untracked()));
    };
    let dragging = RwSignal::new(false);
    let now_text = move || {
        let now = app.now.get();
        app.run(|run| run.axis().label(now))
    };
    view! {
        <div
            class="scrubber"
            node_ref=place
            role="slider"
            tabindex="0"
            aria-label="The moment"
            aria-valuemin="0"
            aria-valuemax=move || end.get().to_string()
            aria-valuenow=move || app.now.get().round().to_string()
            aria-valuetext=now_text
            on:pointerdown=move |event| {
                dragging.set(true);
                dispatch(app, Cmd::Pause);
                seek(f64::from(event.client_x()));
                if let Some(element) = place.get_untracked() {
                    // Without the capture a drag ends where the pointer leaves the line.
                    let _ = element.set_pointer_capture(event.pointer_id());
                }
            }
            on:pointermove=move |event| {
                if dragging.get_untracked() {
                    seek(f64::from(event.client_x()));
                }
            }
            on:pointerup=move |_| dragging.set(false)
            on:pointercancel=move |_| dragging.set(false)
        >
            <svg width=move || width.get() height="50" aria-hidden="true">
                {move || picture(app, width.get(), x_of)}
                <rect class="track-done" x=PAD y=LINE_Y height="5" rx="2.5" width=move || (x_of(app.now.get()) - PAD).max(0.0)/>
                {move || violations(app, x_of)}
                <circle class="handle" cx=move || x_of(app.now.get()) cy=LINE_Y + 2.5 r="7.5"/>
            </svg>
        </div>
    }
}

/// The marks of the run on screen.
fn of_run(app: App, width: f64) -> Option<Marks> {
    app.run(|run| {
        let columns = ((width - 2.0 * PAD) / COLUMN).max(8.0) as usize;
        let axis = run.axis();
        marks(run.cast(), run.trace(), &run.views.index, &run.reports, axis.measure, columns)
    })
}

/// Density and faults.
fn picture(app: App, width: f64, x_of: impl Fn(f64) -> f64 + Copy) -> impl IntoView {
    let marks = of_run(app, width)?;
    let most = f64::from(marks.density_max.max(1));
    let bars =
        marks.density.iter().enumerate().filter(|(_, count)| **count > 0).map(|(at, count)| {
            // The root keeps a single event visible beside a burst.
            let height = 3.0 + (f64::from(*count) / most).sqrt() * 17.0;
            let x = PAD + at as f64 * COLUMN;
            format!("M{x:.1} {:.1}v{height:.1}", LINE_Y - 5.0 - height)
        });
    let bars: String = bars.collect();
    let several = marks.faults.len() > 3;
    let faults = marks.faults.into_iter().take(MARKS_MAX).map(|fault| {
        let from = x_of(fault.from as f64);
        let until = fault.until.map(|until| x_of(until as f64));
        let to_end = fault.lasts && until.is_none();
        let until = until.or_else(|| to_end.then(|| x_of(marks.end as f64)));
        let left = from > width * 0.7;
        view! {
            {until.map(|until| view! {
                <rect class="track-down" x=from y=LINE_Y height="5" width=(until - from).max(1.5)/>
            })}
            <path class="fault-mark" d=format!("M{from:.1} {}l-5 -9h10z", LINE_Y - 3.0)/>
            {(!several).then(|| view! {
                <text
                    class="bad-text"
                    x=if left { from - 8.0 } else { from + 8.0 }
                    y="11"
                    text-anchor=if left { "end" } else { "start" }
                >
                    {fault.text}
                </text>
            })}
        }
    });
    Some(view! {
        <path class="density" d=bars/>
        <rect class="track" x=PAD y=LINE_Y width=(width - 2.0 * PAD).max(0.0) height="5" rx="2.5"/>
        {faults.collect_view()}
    })
}

/// Violations, below the line: each a cross that can be told from a fault without its colour.
fn violations(app: App, x_of: impl Fn(f64) -> f64 + Copy) -> impl IntoView {
    let found = app.run(|run| {
        let axis = run.axis();
        let all = run.reports.iter().flat_map(|report| {
            let ids = (0..).map(move |place| format!("{}/{place}", report.id));
            report.violations.iter().zip(ids)
        });
        let mut places: Vec<(f64, String)> =
            all.map(|(it, id)| (axis.of(it.event), id)).take(MARKS_MAX).collect();
        // Those at one place are one cross.
        places.dedup_by(|later, kept| {
            let same = later.0.to_bits() == kept.0.to_bits();
            if same {
                kept.1 = format!("{} {}", kept.1, later.1);
            }
            same
        });
        places
    });
    let crosses = found.unwrap_or_default().into_iter().map(|(place, id)| {
        let x = x_of(place);
        view! { <path class="violation-mark" data-violation=id d=format!("M{:.1} {}l6 6m0-6-6 6", x - 3.0, LINE_Y + 11.0)/> }
    });
    crosses.collect_view()
}
