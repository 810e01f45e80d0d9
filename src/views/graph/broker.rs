//! The broker: its topics with their newest records, and empty places where a record is missing.

use interleave_engine::ids::txn_name;
use interleave_engine::views::format;
use interleave_engine::views::topics::{RecordView, topics};
use leptos::prelude::*;

use super::lines::{Line, Scene};
use super::{open_at_pointer, open_by_key};
use crate::geometry::layout::{SLOT, TopicPlace};
use crate::state::{App, MenuOf};
use crate::views::icons;

/// What a line shows.
struct LinePicture {
    place: TopicPlace,
    name: String,
    records: Vec<RecordView>,
    more: usize,
    missing: Option<String>,
}

/// Draws the broker, where there is one.
pub(super) fn draw(app: App, scene: Memo<Option<Scene>>) -> impl IntoView {
    let picture = scene.with(|scene| {
        let scene = scene.as_ref()?;
        app.framed(|run, frame| {
            let cast = run.cast();
            let broker = cast.broker()?;
            let rect = *scene.layout.nodes.get(broker.ix())?;
            let widest = scene.layout.topics.iter().map(|place| place.slots).max().unwrap_or(1);
            let topics = topics(cast, &run.views.index, frame, &run.missing, widest + 1);
            let picture = |(line, place): (&Line, &TopicPlace)| {
                let topic = topics.get(line.topic.ix())?;
                let shown = topic.lines.iter().find(|it| it.label == line.label)?;
                let missing = shown.missing.first().map(|it| txn_name(it.missing.txn));
                let room = place.slots.saturating_sub(usize::from(missing.is_some())).max(1);
                let more = shown.records.len().saturating_sub(room);
                Some(LinePicture {
                    place: *place,
                    name: line.name.clone(),
                    records: shown.records[more..].to_vec(),
                    more,
                    missing,
                })
            };
            let places = scene.lines.iter().zip(&scene.layout.topics);
            let lines: Vec<_> = places.filter_map(picture).collect();
            let down = frame.nodes.get(broker.ix()).is_some_and(|node| !node.up());
            Some((broker.0, rect, lines, down))
        })
    });
    let (broker, rect, lines, down) = picture.flatten()?;
    let of = MenuOf::Node(broker);
    // The first visit's broker lies across, with its name beside its topics.
    let tall = rect.h > 98.0 || rect.w < 400.0;
    let count = lines.len();
    let label = format!("broker, a shared log with {count} kinds of event");
    Some(view! {
        <g class=if down { "node broker crashed" } else { "node broker" }>
            <rect class="box" x=rect.x y=rect.y width=rect.w height=rect.h rx="12"/>
            <text class="name" x=rect.x + 14.0 y=rect.y + 26.0>"broker"</text>
            {tall.then(|| view! {
                <text class="line" x=rect.x + rect.w - 14.0 y=rect.y + 26.0 text-anchor="end">
                    {format::counted(count as u64, "kind of event", "kinds of event")}
                </text>
            })}
            {(!tall).then(|| view! { <text class="line" x=rect.x + 14.0 y=rect.y + 46.0>"a shared log"</text> })}
            {lines.into_iter().map(draw_line).collect_view()}
            <rect
                class="hit"
                x=rect.x
                y=rect.y
                width=rect.w
                height=rect.h
                rx="12"
                role="button"
                tabindex="0"
                aria-haspopup="menu"
                aria-label=label
                on:click=move |event| open_at_pointer(app, of, &event)
                on:keydown=move |event| open_by_key(app, of, &event)
            />
        </g>
    })
}

fn draw_line(line: LinePicture) -> impl IntoView {
    let rect = line.place.rect;
    let (left, y) = line.place.records;
    let count = line.records.len();
    let empty = count == 0 && line.missing.is_none();
    let x_of = |at: usize| left + at as f64 * SLOT;
    let chips = line.records.into_iter().enumerate().map(|(at, record)| {
        let class = if record.waits { "record waits" } else { "record" };
        view! {
            <g
                class=format!("{class} {}", icons::class_of(record.txn))
                transform=format!("translate({:.1} {y:.1})", x_of(at))
            >
                <rect class="token" width="42" height="22" rx="5"/>
                <path class="ink-shape" transform="translate(5 6)" d=icons::path(record.shape)/>
                <text class="ink" x="18" y="15.5">{icons::name_of(record.txn)}</text>
            </g>
        }
    });
    let name_y = rect.y + if left > rect.x { 16.0 } else { 10.0 };
    let missing_x = x_of(count);
    let name = icons::cut(&line.name, (line.place.name_width / 7.4) as usize);
    view! {
        <text class="topic" x=rect.x y=name_y>
            {name}
            {(line.more > 0).then_some("  …")}
        </text>
        {chips.collect_view()}
        {empty.then(|| view! { <rect class="empty-slot" x=left + 0.5 y=y + 0.5 width="41" height="21" rx="5"/> })}
        {line.missing.map(|txn| view! {
            <rect class="missing-slot" x=missing_x + 0.7 y=y + 0.7 width="40.6" height="20.6" rx="5"/>
            <text class="missing-text" x=missing_x + 21.0 y=y + 15.5 text-anchor="middle">{txn}</text>
        })}
    }
}
