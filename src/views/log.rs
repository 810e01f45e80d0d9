//! The broker's log at the cursor: topics, partitions, records, and how far each reader has come.

use interleave_engine::ids::TopicIx;
use interleave_engine::views::topics::{PartitionView, topics};
use leptos::prelude::*;

use crate::cmd::{Cmd, dispatch};
use crate::lab::Run;
use crate::state::{App, Part, app};
use crate::views::icons::{class_of, name_of, sign};

/// How many records of a partition are shown.
const RECORDS_MAX: usize = 40;

/// A place in a partition's row.
struct Place {
    offset: u32,
    class: String,
    text: String,
    label: String,
    event: u32,
    waits: bool,
    part: Part,
}

/// The log.
#[component]
pub fn Log() -> impl IntoView {
    let app = app();
    let drawn = move || {
        let found = app.framed(|run, frame| {
            let views = topics(run.cast(), &run.views.index, frame, &run.missing, RECORDS_MAX);
            let topic = |topic: interleave_engine::views::topics::TopicView| {
                let partitions: Vec<_> =
                    topic.partitions.iter().map(|it| partition(run, topic.topic, it)).collect();
                (topic.name, partitions)
            };
            views.into_iter().map(topic).collect::<Vec<_>>()
        });
        let topics = found.unwrap_or_default();
        if topics.is_empty() {
            return view! {
                <p class="dim pad">"This coupling has no broker: its services call each other."</p>
            }
            .into_any();
        }
        topics
            .into_iter()
            .map(|(name, partitions)| {
                view! {
                    <section class="topic-log">
                        <h3>{name}</h3>
                        {partitions.into_iter().map(|it| draw(app, it)).collect_view()}
                    </section>
                }
            })
            .collect_view()
            .into_any()
    };
    view! { <div class="log">{drawn}</div> }
}

type Drawn = (u8, Vec<Place>, Vec<String>, Vec<(String, u32)>);

fn partition(run: &Run, topic: TopicIx, view: &PartitionView) -> Drawn {
    let cast = run.cast();
    let place = |record: &interleave_engine::views::topics::RecordView| Place {
        offset: record.offset,
        class: class_of(record.txn).to_owned(),
        text: format!("{} {}", sign(record.shape), name_of(record.txn)),
        label: cast.sym(record.label).to_owned(),
        event: record.published.0,
        waits: record.waits,
        part: Part::Record { topic, partition: view.partition, offset: record.offset },
    };
    let readers = view.consumers.iter().map(|consumer| {
        let lag = view.lag(consumer);
        let lag = if lag == 0 { "has read all".to_owned() } else { format!("lags {lag}") };
        let dead =
            if consumer.dead > 0 { format!(", {} dead", consumer.dead) } else { String::new() };
        let by = match consumer.reader {
            Some(reader) if cast.group(consumer.node).is_some() => {
                format!(", read by {}", cast.node(reader))
            }
            Some(_) => String::new(),
            None => ", read by nobody".to_owned(),
        };
        format!(
            "{}{by}: next {}, committed {}, {lag}{dead}",
            cast.node(consumer.node),
            consumer.position,
            consumer.committed
        )
    });
    let missing = view.missing.iter().map(|it| (it.text.clone(), it.missing.culprit.0));
    (
        view.partition.0,
        view.records.iter().map(place).collect(),
        readers.collect(),
        missing.collect(),
    )
}

fn draw(app: App, (partition, places, readers, missing): Drawn) -> impl IntoView {
    let empty = places.is_empty() && missing.is_empty();
    let led = app.led();
    let records = places.into_iter().map(|place| {
        let event = place.event;
        let aside = led.as_ref().is_some_and(|led| !led.contains(&event));
        let colour = if aside { "aside" } else { &place.class };
        let class = format!("chip {colour}{}", if place.waits { " waits" } else { "" });
        let part = place.part;
        let chosen = app.selection.get().part == part;
        let title = format!("{}: offset {}, {}{}", place.text, place.offset, place.label, if place.waits { ", not handled yet" } else { "" });
        view! {
            <li>
                <button class=class title=title.clone() aria-label=title aria-pressed=chosen.to_string() on:click=move |_| {
                    dispatch(app, Cmd::Explain(event));
                    dispatch(app, Cmd::Select(Some(part)));
                }>
                    {place.text}
                </button>
                <small class="mono">{place.label}</small>
            </li>
        }
    });
    let missing = missing.into_iter().map(|(text, culprit)| view! {
        <li>
            <button class="chip missing" on:click=move |_| dispatch(app, Cmd::Explain(culprit))>"missing"</button>
            <small class="bad">{text}</small>
        </li>
    });
    view! {
        <div class="partition">
            <span class="mono dim">{format!("p{partition}")}</span>
            <ol>
                {records.collect_view()}
                {missing.collect_view()}
                {empty.then(|| view! { <li class="dim small">"empty"</li> })}
            </ol>
            <ul class="readers">{readers.into_iter().map(|it| view! { <li>{it}</li> }).collect_view()}</ul>
        </div>
    }
}
