//! The report of a run for people.

use interleave_engine::session::{RunState, RunStats, Session};
use interleave_engine::verdict::PropertyReport;
use interleave_engine::views::format;

use super::{faults_not_occurred, latency, lines, link, services};
use crate::args::RunArgs;
use crate::input::Input;
use crate::measures::Latency;
use crate::output::Output;
use crate::replay::ShownViolation;
use crate::words;

/// Prints a line for each event, and an empty one.
pub fn print_trace(session: &dyn Session, out: &mut Output) {
    let timed = session.input().schedule.is_none();
    let nodes = session.cast().nodes.iter().map(|node| node.name.chars().count());
    let width = nodes.max().unwrap_or(0);
    for line in lines(session) {
        if out.is_closed() {
            return;
        }
        let when = if timed { format::clock(line.at_us) } else { format!("step {}", line.step) };
        let transaction = line.transaction.unwrap_or_default();
        out.line(format!(
            "{:>6}  {when:>14}  {:<width$}  {transaction:<5}  {}",
            line.event, line.node, line.text
        ));
    }
    out.line("");
}

/// Prints the counts, times and properties of a run.
pub fn print_report(session: &dyn Session, properties: &[PropertyReport], out: &mut Output) {
    let stats = session.stats();
    let (scenario, events) = (&session.input().scenario, session.trace().len());
    let timed = session.input().schedule.is_none();
    out.line(format!("{} · {} · seed {}", scenario.title, session.cast().coupling, scenario.seed));
    let events = format::counted(events as u64, "event", "events");
    let over = if timed {
        format!("{events} in {} of virtual time", format::duration(session.trace().end()))
    } else {
        format!("{events} of a replayed schedule")
    };
    out.line(format!("{over}, {}; digest {}", end_words(session.state()), session.digest()));

    out.line("");
    out.line(format!(
        "Transactions  {} started: {} committed, {} aborted, {} compensated, {} unfinished",
        format::count(stats.started),
        format::count(stats.committed),
        format::count(stats.aborted),
        format::count(stats.compensated),
        format::count(stats.unfinished)
    ));
    if timed {
        let latency = latency(&stats, timed).texts();
        let named =
            Latency::HEADS.iter().zip(&latency).map(|(head, text)| format!("{head} {text}"));
        out.line(format!("Latency       {}", named.collect::<Vec<_>>().join(", ")));
    }
    out.line(format!(
        "Cost          {}, {}",
        format::counted(stats.messages, "message", "messages"),
        format::counted(stats.forced_writes, "forced log write", "forced log writes")
    ));
    if timed {
        out.line("");
        print_services(&stats, out);
    }
    out.line("");
    print_properties(session, properties, out);
    for fault in faults_not_occurred(session) {
        out.line(format!("did not occur here: {fault}"));
    }
}

fn end_words(state: &RunState) -> &'static str {
    match state {
        RunState::Running => "still running",
        RunState::AtRest => "then at rest",
        RunState::EventLimit => "cut at the limit of events, so that nothing at rest was judged",
        RunState::TimeLimit => "cut at the limit of time, so that nothing at rest was judged",
        RunState::ScheduleEnd => "ended before all is at rest, so that nothing at rest was judged",
        RunState::ScheduleBroken { .. } => "broken off",
    }
}

fn print_services(stats: &RunStats, out: &mut Output) {
    let mut rows = vec![vec!["Service".to_owned(), "served".to_owned()]];
    rows[0].extend(Latency::HEADS.map(str::to_owned));
    rows[0].push("busy".to_owned());
    for (name, service) in services(stats, true).0 {
        let mut row = vec![name, format::count(service.served as u64)];
        row.extend(service.latency_us.texts());
        row.push(
            service.utilization.map_or_else(String::new, |busy| format!("{:.1} %", busy * 100.0)),
        );
        rows.push(row);
    }
    for line in words::table(&rows) {
        out.line(line);
    }
}

fn print_properties(session: &dyn Session, properties: &[PropertyReport], out: &mut Output) {
    let width = properties.iter().map(|of| of.title.chars().count()).max().unwrap_or(0);
    for property in properties {
        let mut about = match &property.measure {
            _ if property.exercised == 0 => vec!["never put to the test".to_owned()],
            Some(measure) => vec![measure.clone()],
            None => vec![],
        };
        if property.violation_count > 0 {
            let count = property.violation_count as u64;
            about.insert(0, format::counted(count, "violation", "violations"));
        }
        out.line(format!(
            "{:<6}  {:<width$}  {}",
            words::holds(property.holds()),
            property.title,
            about.join("; ")
        ));
        if let Some(first) = property.violations.first() {
            let shown = ShownViolation::of(session.trace(), &property.title, first);
            out.line(format!("        {}", shown.line()));
        }
    }
}

/// Prints the link to the run where the address of the page is known, else how to make it.
pub fn print_how_to_open(args: &RunArgs, input: &Input, session: &dyn Session, out: &mut Output) {
    if args.base.is_some() {
        out.line("");
        out.line(link(session, args));
        return;
    }
    if args.scenario.scenario == "-" {
        return;
    }
    let mut command = "interleave link".to_owned();
    if input.from == args.scenario.scenario {
        command.push_str(&format!(" {}", words::quoted(&input.from)));
    } else {
        command.push_str(" LINK");
    }
    if let Some(pattern) = &args.scenario.pattern {
        command.push_str(&format!(" --pattern {}", words::quoted(pattern)));
    }
    if let Some(seed) = args.seed {
        command.push_str(&format!(" --seed {seed}"));
    }
    out.line("");
    out.line(format!("To see it move, put what `{command}` prints after the address of the page."));
}
