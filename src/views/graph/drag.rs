//! Dragging: the ground moves the whole graph, a node is pinned where it is let go.

use std::cell::Cell;

use leptos::prelude::*;
use wasm_bindgen::JsCast;

use crate::cmd::{Cmd, dispatch};
use crate::platform::zoom;
use crate::state::App;

/// So many pixels may a pointer move and still only have clicked.
const CLICK_MAX: f64 = 5.0;

thread_local! {
    /// Whether the click that is about to come ends a drag.
    static DRAGGED: Cell<bool> = const { Cell::new(false) };
}

/// Whether this click only ends a drag; asked once by each click.
pub(super) fn was_dragged() -> bool {
    DRAGGED.with(|dragged| dragged.replace(false))
}

/// Drags the graph along with the pointer until it is let go.
pub(super) fn ground(app: App, event: &web_sys::PointerEvent) {
    let on_ground = event
        .target()
        .and_then(|target| target.dyn_into::<web_sys::Element>().ok())
        .is_some_and(|target| target.tag_name().eq_ignore_ascii_case("svg"));
    if on_ground && !app.phone.get_untracked() {
        follow(event, move |x, y| dispatch(app, Cmd::PanGraph(x, y)));
    }
}

/// Drags a node of this width, in units of the layout, until it is let go.
pub(super) fn node(app: App, node: u8, width: f64, event: &web_sys::PointerEvent) {
    DRAGGED.with(|dragged| dragged.set(false));
    let element = event.current_target().and_then(|it| it.dyn_into::<web_sys::Element>().ok());
    let Some(element) = element else { return };
    if app.phone.get_untracked() || event.button() != 0 {
        return;
    }
    let shown = element.get_bounding_client_rect().width() / zoom::of(&element);
    let scale = if shown > 0.0 && width > 0.0 { shown / width } else { 1.0 };
    let far = StoredValue::new((0.0_f64, 0.0_f64));
    follow(event, move |x, y| {
        let Some((dx, dy)) = far.try_update_value(|far| {
            *far = (far.0 + x, far.1 + y);
            *far
        }) else {
            return;
        };
        let begun = DRAGGED.with(Cell::get);
        if begun {
            dispatch(app, Cmd::PinNode { node, x: x / scale, y: y / scale });
        } else if dx.hypot(dy) > CLICK_MAX {
            DRAGGED.with(|dragged| dragged.set(true));
            dispatch(app, Cmd::PinNode { node, x: dx / scale, y: dy / scale });
        }
    });
}

/// Tells by how much the pointer moves, until it is let go.
fn follow(event: &web_sys::PointerEvent, tell: impl Fn(f64, f64) + 'static) {
    let last = StoredValue::new(zoom::pointer(event));
    let handle = StoredValue::new_local(Vec::<WindowListenerHandle>::new());
    let moving = window_event_listener(leptos::ev::pointermove, move |event| {
        let now = zoom::pointer(&event);
        if let Some((x, y)) = last.try_get_value() {
            last.set_value(now);
            tell(now.0 - x, now.1 - y);
        }
    });
    let end = move |_: web_sys::PointerEvent| {
        for listener in handle.try_update_value(std::mem::take).into_iter().flatten() {
            listener.remove();
        }
    };
    let ending = window_event_listener(leptos::ev::pointerup, end);
    let cancelled = window_event_listener(leptos::ev::pointercancel, end);
    handle.update_value(|handles| handles.extend([moving, ending, cancelled]));
}
