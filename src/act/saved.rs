//! Scenarios that are saved in the browser by name.

use leptos::prelude::*;

use crate::act;
use crate::document::saved::{Entry, Held, Obstacle, PREFIX, Row, free_name, may_write};
use crate::platform::storage::{self, Refused};
use crate::platform::{clock, file, focus};
use crate::state::App;
use crate::words;

fn key(name: &str) -> String {
    format!("{PREFIX}{name}")
}

fn is_taken(name: &str) -> bool {
    storage::get(&key(name)).is_some()
}

impl From<Refused> for Obstacle {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Denied => Self::Denied,
            Refused::Full => Self::Full,
        }
    }
}

/// Lists what is saved.
pub fn list(app: App) {
    let rows = match storage::keys(PREFIX) {
        Ok(keys) => keys.iter().filter_map(|key| row(key)).collect(),
        Err(refused) => {
            app.desk.obstacle.set(Some(refused.into()));
            Vec::new()
        }
    };
    app.desk.rows.set(rows);
}

fn row(key: &str) -> Option<Row> {
    let state = Entry::read(&storage::get(key)?).map(|entry| (entry.at_ms, entry.text.len()));
    Some(Row { name: key.strip_prefix(PREFIX)?.to_owned(), state })
}

/// Another name in the field.
pub fn name(app: App, name: String) {
    app.desk.name.set(name);
    // What stood in the way of the old name may not stand in the way of this one.
    let named = app.desk.obstacle.with_untracked(|it| {
        matches!(it, Some(Obstacle::Taken(_) | Obstacle::Name | Obstacle::Corrupt(..)))
    });
    if named {
        app.desk.obstacle.set(None);
    }
}

/// The text has this name from now on, or none.
pub fn hold(app: App, held: Option<Held>) {
    let desk = app.desk;
    desk.name.set(held.as_ref().map(|held| held.name.clone()).unwrap_or_default());
    desk.kept.set(None);
    desk.held.set(held);
    desk.obstacle.set(None);
}

/// The name in the field; where there is none, one that is free, after the scenario's title.
fn wished(app: App) -> String {
    let name = app.desk.name.get_untracked().trim().to_owned();
    if !name.is_empty() {
        return name;
    }
    let title = act::desk::scenario(app).map(|scenario| scenario.title);
    free_name(title.as_deref().unwrap_or_default(), is_taken)
}

/// Saves the text under the name in the field.
pub fn save(app: App) {
    let name = wished(app);
    let stored = storage::get(&key(&name));
    let held = app.desk.held.get_untracked();
    match may_write(&name, stored.as_deref(), held.as_ref()) {
        Ok(revision) => write(app, name, revision),
        Err(obstacle) => obstruct(app, obstacle),
    }
}

/// Saves it under a name that is free.
pub fn save_beside(app: App) {
    let name = free_name(&wished(app), is_taken);
    write(app, name, 1);
}

/// Saves it over what is there, which can be had back.
pub fn save_over(app: App) {
    let name = wished(app);
    let stored = storage::get(&key(&name));
    let revision =
        stored.as_deref().and_then(|it| Entry::read(it).ok()).map_or(0, |it| it.revision);
    if let Some(stored) = stored {
        app.desk.deleted.set(Some((name.clone(), stored)));
    }
    write(app, name, revision + 1);
}

fn write(app: App, name: String, revision: u64) {
    let desk = app.desk;
    let text = act::desk::taken(app);
    let entry = Entry { revision, at_ms: clock::today_ms(), text: text.to_string() };
    match storage::put(&key(&name), &entry.write()) {
        Ok(()) => {
            hold(app, Some(Held { name: name.clone(), revision }));
            desk.kept.set(Some(text));
            act::look::toast(app, format!("Saved as “{name}” in this browser"));
        }
        Err(refused) => obstruct(app, refused.into()),
    }
    list(app);
}

fn obstruct(app: App, obstacle: Obstacle) {
    app.desk.obstacle.set(Some(obstacle));
    focus::later("desk-obstacle-way");
}

/// Opens what is saved under a name.
pub fn open(app: App, name: &str) {
    let Some(stored) = storage::get(&key(name)) else {
        return list(app);
    };
    match Entry::read(&stored) {
        Ok(entry) => {
            let held = Held { name: name.to_owned(), revision: entry.revision };
            act::desk::open_here(app, &entry.text, Some(held), name);
        }
        Err(why) => {
            act::desk::open(app);
            obstruct(app, Obstacle::Corrupt(name.to_owned(), why));
        }
    }
}

/// Gives what is saved under one name another one.
pub fn rename(app: App, from: &str, to: &str) {
    let to = to.trim();
    if from == to {
        return;
    }
    let Some(Ok(mut entry)) = storage::get(&key(from)).map(|stored| Entry::read(&stored)) else {
        return list(app);
    };
    match may_write(to, storage::get(&key(to)).as_deref(), None) {
        Ok(_) => {
            entry.revision += 1;
            if let Err(refused) = storage::put(&key(to), &entry.write()) {
                obstruct(app, refused.into());
                return list(app);
            }
            storage::remove(&key(from));
            let desk = app.desk;
            if desk.held.with_untracked(|held| held.as_ref().is_some_and(|it| it.name == from)) {
                desk.held.set(Some(Held { name: to.to_owned(), revision: entry.revision }));
                desk.name.set(to.to_owned());
            }
        }
        Err(obstacle) => obstruct(app, obstacle),
    }
    list(app);
}

/// Deletes what is saved under a name; it can be had back until the next is deleted.
pub fn delete(app: App, name: &str) {
    if let Some(stored) = storage::get(&key(name)) {
        storage::remove(&key(name));
        app.desk.deleted.set(Some((name.to_owned(), stored)));
    }
    list(app);
    focus::later("desk-undelete");
}

/// Takes the last deleting or writing over back.
pub fn undelete(app: App) {
    let Some((name, stored)) = app.desk.deleted.get_untracked() else { return };
    // What was saved under the name since stays.
    let name = if is_taken(&name) { free_name(&name, is_taken) } else { name };
    match storage::put(&key(&name), &stored) {
        Ok(()) => {
            app.desk.deleted.set(None);
            act::look::toast(app, format!("“{name}” is back"));
        }
        Err(refused) => obstruct(app, refused.into()),
    }
    list(app);
}

/// Offers what is stored under a name as a file, whatever it is.
pub fn download(app: App, name: &str) {
    let Some(stored) = storage::get(&key(name)) else {
        return list(app);
    };
    let text = Entry::read(&stored).map_or(stored, |entry| entry.text);
    offer(app, name, text);
}

/// Offers the text as a file.
pub fn file(app: App) {
    let name = wished(app);
    offer(app, &name, act::desk::taken(app).to_string());
}

fn offer(app: App, name: &str, text: String) {
    let name = format!("{}.json", words::file_name(name));
    clock::soon(move || {
        if file::save(&name, &text).is_err() {
            act::look::toast(app, "The browser did not save the file".into());
        }
    });
}

/// After another tab has changed what is stored: the list is new, and where it was the text on the desk, that is said.
pub fn stored(app: App) {
    if !app.desk.open.get_untracked() {
        return;
    }
    list(app);
    let Some(held) = app.desk.held.get_untracked() else { return };
    let stored = storage::get(&key(&held.name));
    if let Err(obstacle @ Obstacle::Newer(_)) =
        may_write(&held.name, stored.as_deref(), Some(&held))
    {
        app.desk.obstacle.set(Some(obstacle));
    }
}
