//! How things are shown: nothing here changes a run.

use interleave_engine::ids::TxnId;
use leptos::prelude::*;

use crate::act;
use crate::platform::{clock, document, focus as keyboard, storage};
use crate::state::{App, Banner, Camera, Dialog, Dock, Learn, Menu, Mode, Theme, Window};

/// Under which name the theme is remembered.
const THEME_KEY: &str = "interleave-theme";

/// Follows a transaction, or none.
pub fn follow(app: App, txn: Option<u32>) {
    act::select::txn(app, txn);
    act::select::unexplain(app);
    if txn.is_some() {
        app.right.set(true);
    }
    act::address::write_soon(app);
}

/// Another mode.
pub fn mode(app: App, mode: Mode) {
    app.first.set(false);
    app.menu.set(None);
    let told = app.story.get_untracked().is_some();
    if mode == Mode::Learn && told && app.mode.get_untracked() != Mode::Learn {
        return act::story::resume(app);
    }
    if mode == Mode::Learn {
        return act::learn::open(app, Learn::Home);
    }
    let from_page = app.mode.get_untracked() == Mode::Learn;
    app.mode.set(mode);
    if from_page {
        act::address::push(app);
    } else {
        act::address::write_soon(app);
    }
}

/// Another view in the dock.
pub fn dock(app: App, dock: Dock) {
    app.dock.set(dock);
    act::address::write_soon(app);
}

/// Shows a part of the axis.
pub fn window(app: App, window: Option<Window>) {
    app.window.set(window);
}

/// What the dock shows of the axis.
fn shown(app: App) -> Window {
    let end = app.run_now(|run| run.axis().end()).unwrap_or(1.0).max(1.0);
    app.window.get_untracked().unwrap_or(Window { from: 0.0, to: end })
}

/// Where a run holds many transactions, a part of the axis in which some of them can be told apart.
pub fn fit_axis(app: App) {
    let window = app.run_now(|run| {
        let axis = run.axis();
        let mut lengths: Vec<f64> = run
            .views
            .index
            .txns
            .values()
            .filter_map(|track| {
                Some(axis.of(*track.events.last()?) - axis.of(*track.events.first()?))
            })
            .collect();
        lengths.sort_by(f64::total_cmp);
        let median = lengths.get(lengths.len() / 2).copied().unwrap_or(0.0);
        let length = median * TRANSACTIONS_SHOWN;
        let few = length <= 0.0 || axis.end() <= length * 1.5;
        let first = run
            .trace()
            .get(interleave_engine::ids::EventIx(0))
            .map_or(0.0, |event| event.at as f64);
        let from = (first - length * 0.04).max(0.0);
        (!few).then_some(Window { from, to: from + length })
    });
    app.window.set(window.flatten());
}

/// How many transactions, one after the other, the axis shows at first.
const TRANSACTIONS_SHOWN: f64 = 9.0;

/// Moves the shown part of the axis along where the moment has left it.
pub fn keep_in_sight(app: App) {
    let now = app.now.get_untracked();
    let Some(Window { from, to }) = app.window.get_untracked() else { return };
    if now < from || now > to {
        let length = to - from;
        let from = (now - length * 0.25).max(0.0);
        app.window.set(Some(Window { from, to: from + length }));
    }
}

/// The least length of the axis on screen, in its units.
const SHOWN_MIN: f64 = 4.0;

/// Zooms the axis around the moment, or around its middle where the moment is not on screen.
pub fn zoom_axis(app: App, by: f64) {
    let Window { from, to } = shown(app);
    let end = app.run_now(|run| run.axis().end()).unwrap_or(1.0).max(1.0);
    let now = app.now.get_untracked();
    let around = if (from..=to).contains(&now) { now } else { f64::midpoint(from, to) };
    let length = ((to - from) / by).clamp(SHOWN_MIN, end);
    if length >= end {
        return app.window.set(None);
    }
    let share = (around - from) / (to - from);
    let from = (around - share * length).clamp(0.0, end - length);
    app.window.set(Some(Window { from, to: from + length }));
}

/// Moves the axis by a share of what is on screen.
pub fn pan_axis(app: App, by: f64) {
    let Window { from, to } = shown(app);
    let end = app.run_now(|run| run.axis().end()).unwrap_or(1.0).max(1.0);
    let length = to - from;
    if length >= end {
        return;
    }
    let from = (from + by * length).clamp(0.0, end - length);
    app.window.set(Some(Window { from, to: from + length }));
}

/// Brings the followed transaction onto the dock's screen, with some room around it.
pub fn focus(app: App) {
    let span = app.run_now(|run| {
        let txn = app.txn.get_untracked().map(TxnId)?;
        let events = &run.views.index.txns.get(&txn)?.events;
        let axis = run.axis();
        Some((axis.of(*events.first()?), axis.of(*events.last()?), axis.end()))
    });
    if let Some(Some((from, to, end))) = span {
        let room = ((to - from) * 0.15).max(2.0);
        app.window.set(Some(Window { from: (from - room).max(0.0), to: (to + room).min(end) }));
    }
}

/// Zooms the graph.
pub fn zoom_graph(app: App, by: f64) {
    app.camera.update(|camera| {
        let zoom = (camera.zoom * by).clamp(0.4, 4.0);
        let ratio = zoom / camera.zoom;
        *camera = Camera { zoom, x: camera.x * ratio, y: camera.y * ratio, ..*camera };
    });
}

/// Shifts the graph.
pub fn pan_graph(app: App, x: f64, y: f64) {
    app.camera.update(|camera| {
        camera.x += x;
        camera.y += y;
    });
}

/// Fits the graph into its place.
pub fn fit_graph(app: App) {
    let whole = app.camera.get_untracked() == Camera::default();
    if whole {
        app.pins.set(std::collections::BTreeMap::new());
    }
    app.camera.set(Camera { whole, ..Camera::default() });
}

/// Shifts a node of the graph. It stays there, whatever moves around it.
pub fn pin_node(app: App, node: u8, x: f64, y: f64) {
    app.pins.update(|pins| {
        let at = pins.entry(node).or_default();
        *at = (at.0 + x, at.1 + y);
    });
}

/// Shows the graph as a table, or as a picture again.
pub fn toggle_table(app: App) {
    app.menu.set(None);
    app.table.update(|table| *table = !*table);
}

/// Opens or closes the menu over the graph. Opening it stops the moment: its choices are those of now.
pub fn menu(app: App, menu: Option<Menu>) {
    let opens = menu.is_some();
    if opens {
        act::time::pause(app);
    }
    app.menu.set(menu);
    if opens {
        keyboard::later("graph-menu-first");
    }
}

/// Opens or closes a dialog.
pub fn dialog(app: App, dialog: Option<Dialog>) {
    if dialog.is_some() {
        act::time::pause(app);
        app.menu.set(None);
    }
    app.dialog.set(dialog);
}

/// Opens or closes the panel to the left.
pub fn toggle_left(app: App) {
    app.first.set(false);
    app.left.update(|left| *left = !*left);
}

/// Opens or closes the inspector.
pub fn toggle_right(app: App) {
    app.first.set(false);
    app.right.update(|right| *right = !*right);
}

/// Shows a strip across the page.
pub fn banner(app: App, banner: Option<Banner>) {
    app.banner.set(banner);
}

/// How long a short word stays.
const TOAST_MS: i32 = 2_600;

/// Says a short word that goes away by itself.
pub fn toast(app: App, text: String) {
    app.toast.set(Some(text.clone()));
    clock::after_ms(TOAST_MS, move || {
        if app.toast.get_untracked().as_ref() == Some(&text) {
            app.toast.set(None);
        }
    });
}

/// The remembered theme.
#[must_use]
pub fn remembered_theme() -> Theme {
    Theme::of(&storage::get(THEME_KEY).unwrap_or_default())
}

/// Light, dark, or the system's; remembered for the next visit.
pub fn theme(app: App, theme: Theme) {
    storage::set(THEME_KEY, theme.id());
    show_theme(theme);
    app.theme.set(theme);
}

/// Puts the theme on the page.
pub fn show_theme(theme: Theme) {
    if let Some(root) = document().document_element() {
        // The root takes any attribute.
        let _ = root.set_attribute("data-theme", theme.id());
    }
}
