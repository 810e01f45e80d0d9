//! `interleave isolation`: short transactions in every order, at every isolation level.

mod table;

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::rc::Rc;

use interleave_engine::isolation_lab::{
    self, Experiment, Kind, Phenomenon, Played, Setting, Shipped, TEXT_MAX, Trial, Verdict as Cell,
};
use interleave_engine::scenario::Problem;
use interleave_engine::session::ENGINE;
use interleave_engine::views::format::{count, counted};
use serde::Serialize;

use crate::args::IsolationArgs;
use crate::failure::{BadInput, Verdict};
use crate::output::Output;

#[derive(Serialize)]
struct Experiments {
    engine: &'static str,
    experiments: Vec<Listed>,
}

#[derive(Serialize)]
struct Listed {
    name: &'static str,
    title: String,
    about: String,
    text: &'static str,
}

#[derive(Serialize)]
struct Tried {
    engine: &'static str,
    title: String,
    about: String,
    transactions: Vec<String>,
    orders: u64,
    complete: bool,
    states: u64,
    rows: Vec<isolation_lab::Row>,
    schedules: Vec<Shown>,
}

/// A schedule that shows something, and under which settings it does.
#[derive(Serialize)]
struct Shown {
    name: &'static str,
    title: &'static str,
    settings: Vec<&'static str>,
    #[serde(flatten)]
    played: Played,
}

/// Lists the experiments, tries one, or all.
///
/// # Errors
/// What is wrong with the experiment or the arguments.
pub fn isolation(args: &IsolationArgs, out: &mut Output) -> Result<Verdict, BadInput> {
    let settings = settings(&args.level)?;
    if args.all {
        table::together(&settings, args, out);
        return Ok(Verdict::Fine);
    }
    let Some(given) = &args.experiment else {
        list(args.json, out);
        return Ok(Verdict::Fine);
    };
    let experiment = experiment(given)?;
    let table = Trial::new(Rc::clone(&experiment), settings, args.max_states).run();
    let schedules = schedules(&experiment, &table);
    if args.json {
        out.json(&Tried {
            engine: ENGINE,
            title: experiment.title.clone(),
            about: experiment.about.clone(),
            transactions: experiment.transactions.iter().map(|it| it.name.clone()).collect(),
            orders: table.orders,
            complete: table.rows.iter().all(|row| row.extent == "complete"),
            states: table.rows.iter().map(|row| u64::from(row.states)).sum(),
            rows: table.rows,
            schedules,
        });
        return Ok(Verdict::Fine);
    }
    out.line(format!("{}: {}", experiment.title, experiment.about));
    out.line("");
    table::print(&table, out);
    for shown in &schedules {
        print_schedule(shown, out);
    }
    Ok(Verdict::Fine)
}

fn list(json: bool, out: &mut Output) {
    let listed = |shipped: &Shipped| {
        let experiment = shipped.experiment();
        Listed {
            name: shipped.name,
            title: experiment.title.clone(),
            about: experiment.about.clone(),
            text: shipped.text,
        }
    };
    let experiments: Vec<Listed> = isolation_lab::shipped().iter().map(listed).collect();
    if json {
        out.json(&Experiments { engine: ENGINE, experiments });
        return;
    }
    for one in experiments {
        out.line(format!("{}: {}", one.name, one.title));
        out.line(format!("    {}", one.about));
    }
    out.line("");
    out.line("The databases and levels, as --level takes them:");
    for setting in Setting::all().filter(|setting| *setting != Setting::NONE) {
        let title = format!("{}, {}", setting.style.title(), setting.level_title());
        out.line(format!("    {:36}{title}", setting.name()));
    }
}

/// The experiment of a file, of standard input, or of a name.
fn experiment(given: &str) -> Result<Rc<Experiment>, BadInput> {
    let path = Path::new(given);
    let (from, text) = if given == "-" {
        ("standard input", read_bounded("standard input", io::stdin().lock())?)
    } else if path.metadata().is_ok_and(|metadata| !metadata.is_dir()) {
        let unreadable = |error: io::Error| {
            BadInput::of(
                given,
                vec![Problem::new("file", error.to_string(), "a file that can be read")],
            )
        };
        (given, read_bounded(given, File::open(path).map_err(unreadable)?)?)
    } else if let Some(shipped) = isolation_lab::named(given) {
        return Ok(shipped.experiment());
    } else {
        let names: Vec<&str> = isolation_lab::shipped().iter().map(|one| one.name).collect();
        let remedy = format!("a file, `-`, or one of {}", names.join(", "));
        return Err(Problem::new("EXPERIMENT", format!("`{given}`"), remedy).into());
    };
    isolation_lab::read(&text).map(Rc::new).map_err(|mistakes| {
        let problem = |mistake: isolation_lab::Mistake| {
            let place = format!("line {}, column {}", mistake.line, mistake.column);
            Problem::new(place, mistake.what, "docs/isolation-laboratory.md has the language")
        };
        BadInput::of(from, mistakes.into_iter().map(problem).collect())
    })
}

fn read_bounded(from: &str, input: impl Read) -> Result<String, BadInput> {
    let mut bytes = Vec::new();
    let read = input.take(TEXT_MAX as u64 + 1).read_to_end(&mut bytes);
    let bad =
        |what: String, remedy: &str| BadInput::of(from, vec![Problem::new("text", what, remedy)]);
    read.map_err(|error| bad(error.to_string(), "text that can be read"))?;
    if bytes.len() > TEXT_MAX {
        return Err(bad(format!("more than {TEXT_MAX} bytes"), "a shorter experiment"));
    }
    String::from_utf8(bytes)
        .map_err(|_| bad("bytes that are no text".to_owned(), "a text in UTF-8"))
}

/// The settings that the arguments ask for: by name, by the beginning of one (the database) or by
/// the end of one (the level).
fn settings(levels: &[String]) -> Result<Vec<Setting>, BadInput> {
    if levels.is_empty() {
        return Ok(Setting::all().collect());
    }
    let mut chosen = Vec::new();
    for level in levels {
        let asked = level.trim().to_ascii_lowercase().replace(' ', "-");
        let is_meant = |setting: &Setting| {
            let name = setting.name();
            let (begins, ends) = (format!("{asked}-"), format!("-{asked}"));
            name == asked || name.starts_with(&begins) || name.ends_with(&ends)
        };
        let found: Vec<Setting> = Setting::all().filter(is_meant).collect();
        if found.is_empty() {
            let names: Vec<&str> = Setting::all().map(Setting::name).collect();
            let remedy = format!(
                "a level (`serializable`), a database (`postgres`), or one of {}",
                names.join(", ")
            );
            return Err(Problem::new("--level", format!("`{level}`"), remedy).into());
        }
        chosen.extend(found);
    }
    chosen.sort_unstable();
    chosen.dedup();
    Ok(chosen)
}

/// The schedules that the table holds, each once, with the settings under which it goes the same.
fn schedules(experiment: &Rc<Experiment>, table: &isolation_lab::Results) -> Vec<Shown> {
    let mut all: Vec<Shown> = Vec::new();
    for one in table.columns() {
        for row in &table.rows {
            let Some(setting) = Setting::named(&row.setting) else { continue };
            if setting == Setting::NONE && one.kind() != Kind::Anomaly {
                continue;
            }
            let Some(Cell::Possible { schedule, .. }) = row.verdict(one) else { continue };
            let played = isolation_lab::play(experiment, setting, schedule);
            let is_same = |shown: &&mut Shown| {
                shown.name == one.name()
                    && shown.played.moments == played.moments
                    && shown.played.reasons == played.reasons
            };
            match all.iter_mut().find(is_same) {
                Some(shown) => shown.settings.push(setting.name()),
                None => all.push(Shown {
                    name: one.name(),
                    title: Phenomenon::title(one),
                    settings: vec![setting.name()],
                    played,
                }),
            }
        }
    }
    all
}

fn print_schedule(shown: &Shown, out: &mut Output) {
    let settings: Vec<String> = shown
        .settings
        .iter()
        .filter_map(|name| Setting::named(name))
        .map(|setting| match setting {
            Setting::NONE => "without isolation".to_owned(),
            _ => format!("{} {}", setting.style.title(), setting.level_title()),
        })
        .collect();
    out.line("");
    out.line(format!("{}, {}", shown.name, shown.title));
    out.line(format!("  {}", settings.join("; ")));
    let lanes = shown.played.lanes.iter().map(|lane| lane.chars().count()).max().unwrap_or(2);
    let longest = shown.played.moments.iter().map(|moment| moment.statement.chars().count()).max();
    let wide = longest.unwrap_or(0).min(60);
    let lane = |who: u8| shown.played.lanes.get(usize::from(who)).map_or("", String::as_str);
    for (at, moment) in shown.played.moments.iter().enumerate() {
        let own = moment.notes.first().map_or("", |note| note.text.as_str());
        let own = if own == moment.statement { "" } else { own };
        out.line(format!(
            "  {:>3}  {:lanes$}  {:wide$}  {own}",
            at + 1,
            lane(moment.who),
            moment.statement
        ));
        for note in moment.notes.iter().skip(1) {
            out.line(format!(
                "       {:lanes$}  {:wide$}  goes on: {}",
                lane(note.who),
                "",
                note.text
            ));
        }
    }
    let of_it = shown.played.reasons.iter().filter(|reason| reason.name == shown.name);
    for line in of_it.flat_map(|reason| &reason.lines) {
        out.line(format!("       {line}"));
    }
}

/// How many interleavings of how many states, in words.
fn extent(row: &isolation_lab::Row) -> String {
    let cut = if row.extent == "complete" { "" } else { ", cut" };
    format!(
        "{} in {}{cut}",
        counted(row.interleavings, "interleaving", "interleavings"),
        count(u64::from(row.states))
    )
}
