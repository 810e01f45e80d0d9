//! The page: its frame, and what holds it together.

use leptos::prelude::*;
use std::rc::Rc;

use interleave_engine::views::frame::Frame;

use crate::act;
use crate::cmd::{Cmd, dispatch};
use crate::occasion::Occasion;
use crate::platform::{history, listen, media};
use crate::state::{App, Mode};
use crate::views::{
    bar::Bar,
    caption::Caption,
    check::CheckPage,
    compare::ComparePage,
    desk::{DeskPanel, DropHere},
    dialogs::Dialogs,
    dock::DockView,
    embed_head::EmbedHead,
    first_visit::FirstVisit,
    hand::HandPanel,
    header::Header,
    inspector::Inspector,
    learn::LearnPage,
    left::Left,
    live::Live,
    stage::Stage,
    story::{StoryAsk, StorySay},
    strip::Strip,
};
use crate::{frame_loop, keys};

/// The modes that fill the page.
#[component]
fn OtherModes() -> impl IntoView {
    let app = crate::state::app();
    view! {
        {move || match app.mode.get() {
            Mode::Learn => view! { <LearnPage/> }.into_any(),
            Mode::Compare => view! { <ComparePage/> }.into_any(),
            Mode::Check | Mode::Watch => view! { <CheckPage/> }.into_any(),
        }}
    }
}

/// The whole page.
#[component]
pub fn Page() -> impl IntoView {
    let app = App { occasion: Occasion::of_address(), ..App::new() };
    provide_context(app);
    frame_loop::install();
    let theme = act::look::remembered_theme();
    act::look::show_theme(theme);
    app.theme.set(theme);
    app.still.set(media::matches(media::REDUCED_MOTION));
    media::on_change(media::REDUCED_MOTION, move |on| app.still.set(on));
    app.phone.set(media::matches(media::PHONE));
    media::on_change(media::PHONE, move |on| app.phone.set(on));
    app.left.set(!media::matches("(max-width: 1099px)"));
    app.single_keys.set(keys::remembered());
    keys::install(app);
    act::desk::install(app);
    listen::on_window("hashchange", move |_: web_sys::Event| dispatch(app, Cmd::OpenAddress));
    listen::on_window("popstate", move |_: web_sys::Event| dispatch(app, Cmd::OpenAddress));

    Effect::new(move |before: Option<Option<(u32, Rc<Frame>)>>| {
        let at = app.at();
        let before = before.flatten();
        let frame = app.run(|run| {
            let near = before.filter(|(id, _)| *id == run.id).map(|(_, frame)| (*frame).clone());
            let frame = near.map_or_else(|| run.frame(at), |near| run.frame_from(near, at));
            (run.id, Rc::new(frame))
        });
        app.frame.set(frame.as_ref().map(|(_, frame)| Rc::clone(frame)));
        frame
    });

    if history::fragment().is_empty() || !act::address::open_at_start(app) {
        act::first_visit::open(app);
    }
    frame_loop::wake(app);

    app.progress.set(act::story::remembered());
    Effect::new(move |_| {
        let told = app.story.with(|story| story.as_ref().is_some_and(|it| !it.done));
        app.rev.track();
        app.current.track();
        app.cursor.track();
        if told {
            untrack(|| dispatch(app, Cmd::StoryLook));
        }
    });

    let watching = move || app.watches();
    let first = move || app.first.get();
    let by_hand = move || {
        let run = app.current.get();
        watching() && app.by_hand.with(|it| it.as_ref().is_some_and(|it| it.run == run))
    };
    let usual = app.occasion == Occasion::Usual;
    let writing = move || app.desk.open.get() && watching() && usual && !app.tells();
    view! {
        <div
            class=app.occasion.class()
            class:first=first
            class:no-left=move || !app.left.get()
            class:no-right=move || !app.right.get()
            class:checking=move || !watching()
            class:by-hand=move || by_hand() && !writing()
            class:writing=writing
            class:learning=move || app.mode.get() == Mode::Learn && !app.tells()
            class:tell=move || app.tells()
            class:hush=move || app.hushes()
        >
            <Show when=move || app.occasion != Occasion::Embed fallback=EmbedHead>
                <Header/>
            </Show>
            <Strip/>
            <Show when=move || app.tells()>
                <div class="telling">
                    <StorySay/>
                    <StoryAsk/>
                    {usual.then(|| view! { <Left/> })}
                </div>
            </Show>
            <Show when=move || watching() && !first() && usual && !writing() && !by_hand() && !app.tells()>
                <Left/>
            </Show>
            <Show when=writing>
                <DeskPanel/>
            </Show>
            <Show when=watching fallback=OtherModes>
                <Stage/>
                <Show when=move || by_hand() && usual && !writing()>
                    <HandPanel/>
                </Show>
                <Bar/>
                <Show when=move || !first() && usual>
                    <DockView/>
                </Show>
                <Show when=move || !first() && app.occasion != Occasion::Present>
                    <Inspector/>
                </Show>
                <Show when=move || !first() && !usual>
                    <Caption/>
                </Show>
                <Show when=first>
                    <FirstVisit/>
                </Show>
            </Show>
            <Dialogs/>
            <DropHere/>
            <Live/>
        </div>
    }
}
