//! What the two timelines share: the part of the axis on screen, its ticks and its cursor.

use leptos::prelude::*;

use crate::cmd::{Cmd, dispatch};
use crate::geometry::ticks::ticks;
use crate::platform::listen;
use crate::state::{App, Window};

/// The width of the names to the left.
pub const NAMES: f64 = 132.0;
/// The height of the axis.
pub const AXIS: f64 = 24.0;
/// Room to the right of the end in pixels, for what is said there.
const ROOM: f64 = 210.0;

/// Places on screen of places on the axis.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Scale {
    /// The part of the axis on screen.
    pub window: Window,
    /// The width of the drawing, the names included.
    pub width: f64,
}

impl Scale {
    /// The pixel of a place.
    #[must_use]
    pub fn x(&self, place: f64) -> f64 {
        let length = (self.window.to - self.window.from).max(f64::EPSILON);
        NAMES + (place - self.window.from) / length * (self.width - NAMES - 8.0).max(1.0)
    }

    /// The pixel of a place, kept near the screen so that nothing is drawn kilometres away.
    #[must_use]
    pub fn near(&self, place: f64) -> f64 {
        self.x(place).clamp(NAMES - 20.0, self.width + 20.0)
    }

    /// The place of a pixel.
    #[must_use]
    pub fn place(&self, x: f64) -> f64 {
        let inner = (self.width - NAMES - 8.0).max(1.0);
        self.window.from + (x - NAMES) / inner * (self.window.to - self.window.from)
    }

    /// Whether any of a stretch is on screen.
    #[must_use]
    pub fn shows(&self, from: f64, to: f64) -> bool {
        to >= self.window.from && from <= self.window.to
    }
}

/// The scale of the dock, following its width.
#[must_use]
pub fn scale(app: App, place: NodeRef<leptos::html::Div>) -> Memo<Scale> {
    let width = RwSignal::new(860.0_f64);
    Effect::new(move |_| {
        if let Some(element) = place.get() {
            listen::on_resize(&element, move |new, _| {
                if new > 0.0 {
                    let _ = width.try_set(new);
                }
            });
        }
    });
    Memo::new(move |_| {
        let end = app.run(|run| run.axis().end()).unwrap_or(1.0).max(1.0);
        let inner = (width.get() - NAMES).max(1.0);
        let whole = Window { from: 0.0, to: end * inner / (inner - ROOM).max(inner / 3.0) };
        Scale { window: app.window.get().unwrap_or(whole), width: width.get() }
    })
}

/// The ticks of the axis with their lines through the whole height.
pub fn axis(app: App, scale: Scale, height: f64) -> impl IntoView {
    let about = ((scale.width - NAMES) / 110.0).max(2.0) as usize;
    let labels = app.run(|run| {
        let axis = run.axis();
        let places = ticks(scale.window.from.max(0.0), scale.window.to, about);
        places.into_iter().map(|place| (scale.x(place), axis.tick(place))).collect::<Vec<_>>()
    });
    let drawn = labels.unwrap_or_default().into_iter().map(|(x, label)| {
        view! {
            <path class="tick" d=format!("M{x:.1} {AXIS}V{height}")/>
            <text class="tick-text" x=x y="15" text-anchor="middle">{label}</text>
        }
    });
    drawn.collect_view()
}

/// The moment as a line with its label.
pub fn cursor(
    app: App,
    scale: Memo<Scale>,
    height: impl Fn() -> f64 + Send + 'static,
) -> impl IntoView {
    move || {
        let (scale, now) = (scale.get(), app.now.get());
        let x = scale.x(now);
        let height = height();
        let label = app.run(|run| run.axis().label(now))?;
        let width = label.chars().count() as f64 * 7.4 + 14.0;
        let inside = x >= NAMES - 1.0 && x <= scale.width;
        let left = (x - width / 2.0).clamp(NAMES - 40.0, (scale.width - width).max(0.0));
        inside.then(|| view! {
            <path class="now-line" d=format!("M{x:.1} {AXIS}V{height}")/>
            <rect class="now-tag" x=left y="3" width=width height="18" rx="5"/>
            <text class="now-text" x=left + width / 2.0 y="16" text-anchor="middle">{label}</text>
        })
    }
}

/// Puts the moment where the timeline was clicked.
pub fn seek(
    app: App,
    scale: Scale,
    place: NodeRef<leptos::html::Div>,
    event: &web_sys::MouseEvent,
) {
    let Some(element) = place.get_untracked() else { return };
    let left = element.get_bounding_client_rect().left();
    let x = (f64::from(event.client_x()) - left) / crate::platform::zoom::of(&element);
    if x >= NAMES {
        dispatch(app, Cmd::Pause);
        dispatch(app, Cmd::SeekTo(scale.place(x)));
    }
}
