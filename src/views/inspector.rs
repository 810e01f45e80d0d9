//! The inspector to the right: the followed transaction, why it is as it is, its rows, the event itself.

use interleave_engine::ids::{DbIx, EventIx, TxnId};
use interleave_engine::views::format::clock;
use interleave_engine::views::frame::Flight;
use interleave_engine::views::rows::{Focus, rows};
use interleave_engine::views::story::{self, StoryLine};
use interleave_engine::views::transactions::{step_words, transaction};
use leptos::prelude::*;

use crate::cmd::{Cmd, dispatch};
use crate::lab::Run;
use crate::state::{App, app};
use crate::views::icons::{class_of, name_of, txn_class, word};

/// How many transactions the list offers.
const LIST_MAX: usize = 40;

/// The inspector.
#[component]
pub fn Inspector() -> impl IntoView {
    let app = app();
    view! {
        <aside class="right" aria-label="Inspector">
            <button
                class="grip"
                aria-expanded=move || app.right.get().to_string()
                on:click=move |_| dispatch(app, Cmd::ToggleRight)
            >
                <span aria-hidden="true"></span>
                {move || if app.right.get() { "Close" } else { "Why, rows, message" }}
            </button>
            {move || about_transaction(app)}
            {move || why(app)}
            {move || crate::views::evidence::draw(app)}
            {move || changes(app)}
            {move || event(app)}
        </aside>
    }
}

/// The transaction that is looked at: the followed one, else that of the event at the cursor.
fn subject(app: App, run: &Run, at: EventIx) -> Option<TxnId> {
    app.txn.get().map(TxnId).or_else(|| run.txn_of(at))
}

fn about_transaction(app: App) -> impl IntoView {
    let found = app.framed(|run, frame| {
        let at = frame.cursor.unwrap_or_default();
        let over = run.is_over() && at.ix() + 1 >= run.trace().len();
        let subject = subject(app, run, at);
        let line =
            subject.and_then(|txn| transaction(run.cast(), &run.views.index, frame, txn, over));
        let steps = line.as_ref().map(|line| {
            let words =
                |steps: &[interleave_engine::ids::StepIx]| step_words(run.cast(), line.flow, steps);
            let never = if over { "Never ran" } else { "To come" };
            vec![
                ("Done", words(&line.done)),
                (never, words(&line.open)),
                ("Refused", words(&line.refused)),
                ("Undone", words(&line.undone)),
            ]
        });
        let started = line.as_ref().map(|line| {
            if run.axis().steps {
                run.axis().label(run.axis().of(line.started))
            } else {
                clock(line.started_at)
            }
        });
        // Only the newest are looked at: a long run has thousands.
        let newest = frame.txns.keys().rev().take(LIST_MAX);
        let others: Vec<_> = newest
            .filter_map(|txn| transaction(run.cast(), &run.views.index, frame, *txn, over))
            .map(|it| (it.txn, it.name, it.badge, it.failed))
            .collect();
        (line, steps.unwrap_or_default(), started, others)
    });
    let (line, steps, started, others) = found?;
    let chosen = line.as_ref().map(|line| line.txn.0);
    let many = others.len() > 1;
    let followed = many && app.txn.get().is_some();
    Some(view! {
        <section class="panel subject">
            {line.map(|line| view! {
                <h2>
                    <i class=format!("swatch {}", txn_class(line.txn))></i>
                    {format!("{} {}", line.name, line.flow_name)}
                    <span class=if line.failed { "tag bad" } else { "tag" }>{line.badge}</span>
                    <span class="grow"></span>
                    {followed.then(|| view! {
                        <button class="btn small quiet" on:click=move |_| dispatch(app, Cmd::Follow(None))>
                            "Stop following"
                        </button>
                    })}
                </h2>
                <dl>
                    <dt>"Started"</dt><dd class="mono">{started}</dd>
                    {steps.into_iter().map(|(name, words)| {
                        let words = if words.is_empty() { "nothing".to_owned() } else { words };
                        view! { <dt>{name}</dt><dd>{words}</dd> }
                    }).collect_view()}
                </dl>
            })}
            {(chosen.is_none() && !many).then(|| view! { <p class="dim">"Nothing has started yet."</p> })}
            {many.then(|| view! {
                <div class="others" role="group" aria-label="Follow a transaction">
                    {others.into_iter().map(|(txn, name, badge, failed)| {
                        let here = chosen == Some(txn.0);
                        let label = format!("{name}, {badge}");
                        view! {
                            <button
                                class=format!("chip {}", txn_class(txn))
                                class:failed=failed
                                aria-pressed=here.to_string()
                                title=badge
                                aria-label=label
                                on:click=move |_| dispatch(app, Cmd::Follow(Some(txn.0)))
                            >
                                {name}{failed.then_some(" ✕")}
                            </button>
                        }
                    }).collect_view()}
                </div>
            })}
        </section>
    })
}

fn why(app: App) -> impl IntoView {
    let violation = app.why.get();
    let found = app.at_cursor(|run, at| {
        let (cast, trace) = (run.cast(), run.trace());
        let broken = violation.and_then(|(property, place)| {
            let report = run.reports.get(property)?;
            let violation = report.violations.get(place)?;
            let many = report.violation_count;
            let title = format!(
                "{} is broken{}",
                report.title,
                if many > 1 { format!(", {} of {many}", place + 1) } else { String::new() }
            );
            let meaning = report.meaning;
            Some((
                title,
                violation.why.clone(),
                meaning,
                story::why_violated(cast, trace, violation),
            ))
        });
        match broken {
            Some((title, reason, meaning, lines)) => (Some((title, reason, meaning)), lines),
            None => (None, story::why(cast, trace, at)),
        }
    });
    let (broken, lines) = found?;
    if lines.is_empty() {
        return None;
    }
    let here = app.cursor.get();
    Some(view! {
        <section class="panel">
            <h2 class="cap">"Why"</h2>
            {broken.map(|(title, reason, meaning)| view! {
                <p class="reason"><b>{title}</b><span>{reason}</span></p>
                <p class="small dim">{meaning}</p>
            })}
            <ol class="why">{lines.into_iter().map(|line| story_line(app, line, here)).collect_view()}</ol>
        </section>
    })
}

fn story_line(app: App, line: StoryLine, here: u32) -> impl IntoView {
    let event = line.event.0;
    let mut class = String::from(if line.failed { "failed" } else { "" });
    if line.never {
        class.push_str(" never");
    }
    let current = (event == here && !line.never).then_some("true");
    view! {
        <li class=class aria-current=current>
            <button class="plain" on:click=move |_| dispatch(app, Cmd::Seek(event))>
                <b>{line.title}</b>
                {(!line.detail.is_empty()).then(|| view! { <span>{line.detail}</span> })}
            </button>
        </li>
    }
}

/// The rows that the subject changed, database by database, with their sums.
fn changes(app: App) -> impl IntoView {
    let found = app.framed(|run, frame| {
        let at = frame.cursor?;
        let focus = subject(app, run, at).map(Focus::Txn)?;
        let dbs = 0..run.cast().dbs.len();
        let view = |db| {
            rows(run.cast(), run.trace(), &run.views.index, frame, DbIx(db as u8), Some(focus), 0)
        };
        let views: Vec<_> =
            dbs.map(view).filter(|view| view.rows.iter().any(|row| row.before.is_some())).collect();
        Some(views)
    });
    let views = found.flatten()?;
    let drawn = views.into_iter().map(|view| {
        let lines = view.rows.into_iter().filter(|row| row.before.is_some()).map(|row| {
            view! {
                <tr>
                    <th scope="row">{row.name}</th>
                    <td>{row.before.unwrap_or_default()}</td>
                    <td>{row.after.unwrap_or_default()}</td>
                    <td>{row.change.unwrap_or_default()}</td>
                </tr>
            }
        });
        let sums = view.sums.into_iter().map(|sum| {
            let name =
                if sum.name == "value" { "sum".to_owned() } else { format!("sum of {}", sum.name) };
            view! {
                <tr class="sum">
                    <th scope="row">{name}</th>
                    <td>{sum.before}</td>
                    <td>{sum.after}</td>
                    <td class:good=sum.same>{sum.change}{sum.same.then_some(" ✓")}</td>
                </tr>
            }
        });
        view! {
            <section class="panel">
                <h2 class="cap">{format!("Rows at {}", view.name)}</h2>
                <table class="changes mono">
                    <thead><tr>
                        <th scope="col">"row"</th><th scope="col">"before"</th>
                        <th scope="col">"after"</th><th scope="col">"change"</th>
                    </tr></thead>
                    <tbody>{lines.collect_view()}{sums.collect_view()}</tbody>
                </table>
            </section>
        }
    });
    Some(drawn.collect_view())
}

/// The event at the cursor, and its message where it has one.
fn event(app: App) -> impl IntoView {
    let found = app.framed(|run, frame| {
        let at = frame.cursor?;
        let event = run.trace().get(at)?;
        let cast = run.cast();
        let message = message_of(run, at).and_then(|msg| {
            let track = run.views.index.msgs.get(&msg)?;
            let sent = run.trace().get(track.sent)?;
            let flight: Option<Flight> = frame.flights.get(&msg).copied();
            let interleave_engine::event::EventKind::Sent { to, shape, label, attempt, .. } =
                &sent.kind
            else {
                return None;
            };
            let state = match (flight, track.dropped, track.handled) {
                (Some(it), ..) if it.arrived.is_some() => "waits at its target",
                (Some(_), ..) => "in flight",
                (None, Some(_), _) => "lost",
                _ => "handled",
            };
            Some(vec![
                ("Message", format!("{} ({})", cast.sym(*label), word(*shape))),
                ("From, to", format!("{} → {}", cast.node(sent.node), cast.node(*to))),
                ("State", state.to_owned()),
                ("Attempt", (attempt + 1).to_string()),
            ])
        });
        let place = format!("event {} of {}", at.0 + 1, run.trace().len());
        let lines = message.unwrap_or_default();
        Some((
            story::sentence(cast, run.trace(), at),
            place,
            event.kind.name(),
            class_of(event.txn),
            name_of(event.txn),
            lines,
        ))
    });
    let (sentence, place, kind, class, name, lines) = found.flatten()?;
    Some(view! {
        <section class="panel">
            <h2 class="cap">"At the cursor"<span>{place}</span></h2>
            <p class="sentence-now">
                {(!name.is_empty()).then(|| view! { <span class=format!("chip {class}")>{name}</span>" " })}
                {sentence}
            </p>
            <dl class="detail">
                <dt>"Kind"</dt><dd class="mono">{kind}</dd>
                {lines.into_iter().map(|(name, text)| view! { <dt>{name}</dt><dd>{text}</dd> }).collect_view()}
            </dl>
        </section>
    })
}

/// The message that an event is about.
fn message_of(run: &Run, at: EventIx) -> Option<interleave_engine::ids::MsgId> {
    use interleave_engine::event::EventKind;
    match run.trace().get(at)?.kind {
        EventKind::Sent { msg, .. }
        | EventKind::Duplicated { msg, .. }
        | EventKind::Dropped { msg, .. }
        | EventKind::Arrived { msg }
        | EventKind::Handled { msg } => Some(msg),
        _ => None,
    }
}
