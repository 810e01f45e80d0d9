//! The desk on which the scenario is written as a text.

use std::sync::Arc;

use interleave_engine::scenario::Scenario;
use leptos::prelude::*;

use crate::document::Reading;
use crate::document::saved::{Held, Obstacle, Row};

/// A text that was put aside by another, so that it can be had back.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Aside {
    /// The text.
    pub text: Arc<str>,
    /// The name that it had.
    pub held: Option<Held>,
}

/// What the desk knows. Copying it copies handles.
#[derive(Clone, Copy)]
pub struct Desk {
    /// Whether it is on screen.
    pub open: RwSignal<bool>,
    /// The text as it was last read; while it is on screen the field holds the newest.
    pub text: RwSignal<Arc<str>>,
    /// Counts up when the page has put another text into the field.
    pub put: RwSignal<u32>,
    /// What is known of the text.
    pub reading: RwSignal<Reading>,
    /// The scenario that the text was last in step with: that of the run on screen then.
    pub base: StoredValue<Option<Arc<Scenario>>>,
    /// Whether the text says something else than the run on screen is made of.
    pub apart: RwSignal<bool>,
    /// The text that was there before the page put another one.
    pub aside: RwSignal<Option<Aside>>,
    /// The name in the field for it.
    pub name: RwSignal<String>,
    /// Under which name the text was opened or saved.
    pub held: RwSignal<Option<Held>>,
    /// The text as it was saved or opened last.
    pub kept: RwSignal<Option<Arc<str>>>,
    /// What is saved in the browser.
    pub rows: RwSignal<Vec<Row>>,
    /// What stood in the way of the last saving.
    pub obstacle: RwSignal<Option<Obstacle>>,
    /// The entry that was deleted or written over last: its name, and what was stored.
    pub deleted: RwSignal<Option<(String, String)>>,
    /// Whether a file is being held over the page.
    pub dropping: RwSignal<bool>,
}

impl Desk {
    pub(super) fn new() -> Self {
        Self {
            open: RwSignal::new(false),
            text: RwSignal::new(Arc::from("")),
            put: RwSignal::new(0),
            reading: RwSignal::new(Reading::Unread),
            base: StoredValue::new(None),
            apart: RwSignal::new(false),
            aside: RwSignal::new(None),
            name: RwSignal::new(String::new()),
            held: RwSignal::new(None),
            kept: RwSignal::new(None),
            rows: RwSignal::new(Vec::new()),
            obstacle: RwSignal::new(None),
            deleted: RwSignal::new(None),
            dropping: RwSignal::new(false),
        }
    }
}
