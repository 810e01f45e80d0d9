//! What to search for, and where to stop.

use leptos::prelude::*;

use crate::check_form::{CheckForm, IN_SIGHT, NUMBERS, Number, NumberInfo, Order};
use crate::cmd::{Cmd, dispatch};
use crate::state::{App, app};

/// The form.
#[component]
pub(super) fn Form() -> impl IntoView {
    let app = app();
    let more = Memo::new(move |_| app.check_form.with(CheckForm::more_in_words));
    let numbers = |numbers: &'static [NumberInfo]| {
        numbers
            .iter()
            .filter(|it| it.number != Number::Seed)
            .map(|info| number(app, info))
            .collect_view()
    };
    view! {
        <form class="bounds" novalidate on:submit=move |event| {
            event.prevent_default();
            dispatch(app, if app.checking.get_untracked() { Cmd::CheckStop } else { Cmd::CheckStart });
        }>
            <fieldset>
                <legend>"Bounds"</legend>
                {numbers(&NUMBERS[..IN_SIGHT])}
            </fieldset>
            <details
                class="more"
                prop:open=move || app.check_more.get()
                on:toggle=move |event| {
                    let details: web_sys::Element = event_target(&event);
                    let open = details.has_attribute("open");
                    if open != app.check_more.get_untracked() {
                        dispatch(app, Cmd::CheckMore(open));
                    }
                }
            >
                <summary>"More bounds"<span class="dim small">{move || more.get()}</span></summary>
                <div class="more-inner">
                    <fieldset>
                        <legend>"Rarer faults, longer schedules"</legend>
                        {numbers(&NUMBERS[IN_SIGHT..])}
                    </fieldset>
                    <Ways/>
                    <Properties/>
                </div>
            </details>
            <div class="buttons">
                <button class="btn primary" type="submit">
                    {move || if app.checking.get() { "Stop" } else { "Find what breaks it" }}
                </button>
                <button class="btn quiet" type="button" on:click=move |_| dispatch(app, Cmd::CheckReset)>
                    "Reset bounds"
                </button>
                <span class="dim small">
                    {move || app.run(|run| format!("{} · {}", run.input().scenario.title, run.cast().coupling))}
                </span>
            </div>
        </form>
    }
}

/// Changes the form.
fn edit(app: App, change: impl FnOnce(&mut CheckForm)) {
    let mut form = app.check_form.get_untracked();
    change(&mut form);
    dispatch(app, Cmd::CheckForm(form));
}

/// A number with what it means, and with its mistake where it has one.
fn number(app: App, info: &'static NumberInfo) -> impl IntoView {
    let number = info.number;
    let mistake = Memo::new(move |_| {
        app.check_form.with(|form| form.number(number).err()).unwrap_or_default()
    });
    let wrong = move || mistake.with(|it| !it.is_empty());
    let about_id = format!("{}-about", info.id);
    let described = about_id.clone();
    view! {
        <div class="bound" class:wrong=wrong>
            <label for=info.id>{info.title}</label>
            <input
                id=info.id class="text" type="text" inputmode="numeric" autocomplete="off"
                placeholder=info.empty.unwrap_or_default()
                aria-describedby=described
                aria-invalid=move || wrong().then_some("true")
                prop:value=move || app.check_form.with(|form| form.text(number).to_owned())
                on:input=move |event| edit(app, |form| form.set_text(number, event_target_value(&event)))
            />
            <p id=about_id>
                {info.about}
                <b class="mistake">{mistake}</b>
            </p>
        </div>
    }
}

/// In which way to search.
#[component]
fn Ways() -> impl IntoView {
    let app = app();
    let is = move |order: Order| app.check_form.with(|form| form.order) == order;
    let random = Memo::new(move |_| is(Order::Random));
    let orders = Order::ALL.map(|(it, title, about)| {
        view! {
            <label class="switch">
                <input
                    type="radio" name="check-order"
                    prop:checked=move || is(it)
                    on:change=move |_| edit(app, |form| form.order = it)
                />
                <span>{title}<small>{about}</small></span>
            </label>
        }
    });
    let seed = &NUMBERS[Number::Seed as usize];
    view! {
        <fieldset>
            <legend>"Order of the search"</legend>
            {orders.collect_view()}
            <Show when=move || random.get()>{number(app, seed)}</Show>
        </fieldset>
        <fieldset>
            <legend>"Thoroughness"</legend>
            {switch(app, "Fewest faults first", "without faults, then with one, then two: what is found needs as few as possible",
                |form| form.deepen, |form, on| form.deepen = on)}
            {switch(app, "Leave out what something else stands for", "fewer states and the same verdicts; what is found may not be the shortest",
                |form| form.reduce, |form, on| form.reduce = on)}
        </fieldset>
    }
}

fn switch(
    app: App,
    title: &'static str,
    about: &'static str,
    is_on: fn(&CheckForm) -> bool,
    set: fn(&mut CheckForm, bool),
) -> impl IntoView {
    view! {
        <label class="switch">
            <input
                type="checkbox"
                prop:checked=move || app.check_form.with(is_on)
                on:change=move |event| edit(app, |form| set(form, event_target_checked(&event)))
            />
            <span>{title}<small>{about}</small></span>
        </label>
    }
}

/// The properties that the scenario has, by id, with their titles.
fn offered(app: App) -> Vec<(&'static str, String)> {
    // They are the same for as long as a run is on screen, however it grows.
    app.current.track();
    offered_now(app)
}

fn offered_now(app: App) -> Vec<(&'static str, String)> {
    let listed = app.run_now(|run| {
        let mut offered: Vec<(&'static str, String)> = Vec::new();
        for report in run.reports.iter() {
            match offered.iter_mut().find(|(id, _)| *id == report.id) {
                // Declared invariants are several of one kind: they are checked together.
                Some((_, titles)) => {
                    titles.push_str(", ");
                    titles.push_str(&report.title);
                }
                None => offered.push((report.id, report.title.clone())),
            }
        }
        offered
    });
    listed.unwrap_or_default()
}

/// Which properties to check.
#[component]
fn Properties() -> impl IntoView {
    let app = app();
    let none = Memo::new(move |_| {
        app.check_form.with(|form| form.properties.as_ref().is_some_and(Vec::is_empty))
    });
    let one = move |(id, titles): (&'static str, String)| {
        let chosen = move || {
            app.check_form.with(|form| {
                form.properties.as_ref().is_none_or(|ids| ids.iter().any(|it| it == id))
            })
        };
        view! {
            <label class="switch">
                <input
                    type="checkbox"
                    prop:checked=chosen
                    on:change=move |event| {
                        let on = event_target_checked(&event);
                        edit(app, |form| choose(form, &offered_now(app), id, on));
                    }
                />
                <span>{titles}</span>
            </label>
        }
    };
    view! {
        <fieldset id="check-properties" tabindex="-1" class:wrong=move || none.get()>
            <legend>"Properties"</legend>
            {move || offered(app).into_iter().map(one).collect_view()}
            <b class="mistake">{move || if none.get() { "Choose at least one property." } else { "" }}</b>
        </fieldset>
    }
}

/// Takes a property in or leaves it out; all of them are said as no choice.
fn choose(form: &mut CheckForm, all: &[(&'static str, String)], id: &str, on: bool) {
    let chosen = |it: &str| {
        if it == id {
            on
        } else {
            form.properties.as_ref().is_none_or(|ids| ids.iter().any(|chosen| chosen == it))
        }
    };
    let ids: Vec<String> =
        all.iter().filter(|(it, _)| chosen(it)).map(|(it, _)| (*it).to_owned()).collect();
    form.properties = (ids.len() < all.len()).then_some(ids);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaving_a_property_out_and_taking_it_in_again_is_no_choice() {
        let all = [("atomicity", "Atomicity".to_owned()), ("bounds", "Bounds".to_owned())];
        let mut form = CheckForm::default();
        choose(&mut form, &all, "bounds", false);
        assert_eq!(form.properties, Some(vec!["atomicity".to_owned()]));
        choose(&mut form, &all, "atomicity", false);
        assert_eq!(form.properties, Some(Vec::new()));
        choose(&mut form, &all, "atomicity", true);
        choose(&mut form, &all, "bounds", true);
        assert_eq!(form.properties, None);
    }
}
