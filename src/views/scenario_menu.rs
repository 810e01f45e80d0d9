//! The menu of scenarios: those that ship, by pattern, those that are saved here, and files.

use interleave_engine::scenario::document::Arrivals;
use interleave_engine::scenario::shipped;
use interleave_engine::views::format;
use leptos::prelude::*;

use crate::act;
use crate::catalog;
use crate::cmd::{Cmd, DeskCmd, dispatch};
use crate::platform::focus;
use crate::state::{App, app};
use crate::views::header::DropDown;

/// What the keyboard walks through.
const ITEMS: &str = ".scenario-menu .popup input[type=search], .scenario-menu .popup .item";

/// A scenario that ships, as the menu shows it.
#[derive(Clone, PartialEq, Eq)]
struct Entry {
    name: &'static str,
    title: String,
    about: String,
    pattern: String,
}

impl Entry {
    /// Whether every word stands somewhere in it.
    fn has(&self, words: &[String]) -> bool {
        let all = format!("{} {} {} {}", self.name, self.title, self.about, self.pattern);
        let all = all.to_lowercase();
        words.iter().all(|word| all.contains(word))
    }
}

/// The shipped scenarios, those of one pattern next to each other, the patterns in the order in which they come first.
fn entries() -> Vec<Entry> {
    let of = |shipped: &shipped::Shipped| {
        let scenario = shipped.scenario();
        let pattern = catalog::title(&scenario.coupling);
        Entry { name: shipped.name, title: scenario.title, about: scenario.about, pattern }
    };
    let mut entries: Vec<Entry> = shipped::shipped().iter().map(of).collect();
    let mut order: Vec<String> = Vec::new();
    for entry in &entries {
        if !order.contains(&entry.pattern) {
            order.push(entry.pattern.clone());
        }
    }
    entries.sort_by_key(|entry| order.iter().position(|it| *it == entry.pattern));
    entries
}

/// The title of the scenario with what arrives.
fn subtitle(app: App) -> Option<(String, String)> {
    app.run(|run| {
        let scenario = &run.input().scenario;
        if run.input().schedule.is_some() {
            return (scenario.title.clone(), "a schedule, step by step".to_owned());
        }
        let count = scenario.workload.count.map(u64::from).or({
            match &scenario.workload.arrivals {
                Arrivals::AtUs(times) => Some(times.len() as u64),
                _ => None,
            }
        });
        let arrivals = count.map(|count| format::counted(count, "arrival", "arrivals"));
        let arrivals = arrivals.unwrap_or_else(|| "no bound on arrivals".to_owned());
        (scenario.title.clone(), format!("{arrivals} · seed {}", scenario.seed))
    })
}

/// The button with the title of what is open, and the menu below it.
#[component]
pub fn ScenarioMenu() -> impl IntoView {
    let app = app();
    let open = RwSignal::new(false);
    let query = RwSignal::new(String::new());
    let input = NodeRef::<leptos::html::Input>::new();
    let toggle = move |_| {
        open.update(|open| *open = !*open);
        if open.get_untracked() {
            query.set(String::new());
            act::saved::list(app);
            focus::later("scenario-search");
        }
    };
    let read_file = move |_| {
        open.set(false);
        let chosen = input.get_untracked().and_then(|input| input.files()?.get(0));
        if let Some(chosen) = chosen {
            act::desk::open_later(app, chosen);
        }
    };
    let go = move |cmd: Cmd| {
        open.set(false);
        focus::later("scenario-open");
        dispatch(app, cmd);
    };
    let keys = move |event: web_sys::KeyboardEvent| {
        let by = match event.key().as_str() {
            "ArrowDown" => 1,
            "ArrowUp" => -1,
            "Escape" => {
                focus::later("scenario-open");
                return;
            }
            _ => return,
        };
        event.prevent_default();
        focus::step(ITEMS, by);
    };
    let item = move |title: &'static str, cmd: Cmd| {
        view! { <button class="item" on:click=move |_| go(cmd.clone())>{title}</button> }
    };
    view! {
        <div class="scenario-menu" on:keydown=keys>
            <button
                id="scenario-open"
                aria-haspopup="true"
                aria-expanded=move || open.get().to_string()
                on:click=toggle
            >
                {move || subtitle(app).map(|(title, small)| view! {
                    {title}" ▾"
                    <small>{small}</small>
                })}
            </button>
            <DropDown open title="Scenarios">
                <input
                    id="scenario-search"
                    type="search"
                    class="text"
                    placeholder="Find by a word"
                    aria-label="Find a scenario"
                    prop:value=move || query.get()
                    on:input=move |event| query.set(event_target_value(&event))
                    on:keydown=move |event: web_sys::KeyboardEvent| {
                        if event.key() == "Enter" {
                            event.prevent_default();
                            focus::press_first(".scenario-menu .found .item");
                        }
                    }
                />
                <Found query go/>
                <hr/>
                {item("Begin blank", Cmd::Desk(DeskCmd::OpenBlank))}
                <button
                    class="item"
                    on:click=move |_| {
                        if let Some(input) = input.get_untracked() {
                            input.click();
                        }
                    }
                >
                    "Open a file…"
                </button>
                {item("Edit as text", Cmd::Desk(DeskCmd::Open))}
                {item("Save as a file", Cmd::SaveScenario)}
                <input
                    node_ref=input
                    type="file"
                    accept=".json,application/json"
                    class="seen-by-readers"
                    tabindex="-1"
                    aria-label="A scenario file"
                    on:change=read_file
                />
            </DropDown>
        </div>
    }
}

/// What the words in the field leave: saved ones first, then the shipped ones under their patterns.
#[component]
fn Found(query: RwSignal<String>, go: impl Fn(Cmd) + Copy + Send + 'static) -> impl IntoView {
    let app = app();
    let shipped = StoredValue::new(entries());
    let drawn = move || {
        let words: Vec<String> =
            query.get().to_lowercase().split_whitespace().map(str::to_owned).collect();
        let own: Vec<String> = app.desk.rows.with(|rows| {
            let fits = |name: &str| words.iter().all(|word| name.to_lowercase().contains(word));
            rows.iter().filter(|row| fits(&row.name)).map(|row| row.name.clone()).collect()
        });
        let of_own = (!own.is_empty()).then(|| view! { <h3>"Saved in this browser"</h3> });
        let own = own.into_iter().map(|name| {
            let cmd = Cmd::Desk(DeskCmd::OpenSaved(name.clone()));
            view! { <button class="item" on:click=move |_| go(cmd.clone())>{name}</button> }
        });
        let own = own.collect_view();
        let found: Vec<Entry> =
            shipped.with_value(|all| all.iter().filter(|it| it.has(&words)).cloned().collect());
        let none = found
            .is_empty()
            .then(|| view! { <p class="small dim">"No shipped scenario has these words."</p> });
        let mut pattern = String::new();
        let list = found.into_iter().map(|entry| {
            let first = (entry.pattern != pattern).then(|| entry.pattern.clone());
            pattern.clone_from(&entry.pattern);
            let name = entry.name;
            view! {
                {first.map(|pattern| view! { <h3>{pattern}</h3> })}
                <button class="item" on:click=move |_| go(Cmd::OpenShipped(name))>
                    {entry.title}
                    <small>{entry.about}</small>
                </button>
            }
        });
        view! { {of_own}{own}{list.collect_view()}{none} }
    };
    view! { <div class="found">{drawn}</div> }
}
