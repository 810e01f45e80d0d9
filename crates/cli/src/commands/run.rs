//! `interleave run`: one run, and what came of it.

mod text;

use interleave_engine::ids::{EventIx, txn_name};
use interleave_engine::session::{self, ENGINE, RunStats, Session};
use interleave_engine::verdict::PropertyReport;
use interleave_engine::views::story;
use serde::Serialize;

use crate::args::RunArgs;
use crate::failure::{BadInput, Verdict};
use crate::input::Input;
use crate::measures::{ByName, Latency};
use crate::output::{Output, note};
use crate::replay::{self, ShownViolation};

/// The object that `run --json` prints.
#[derive(Serialize)]
struct Report {
    engine: &'static str,
    scenario: String,
    pattern: String,
    parts: ByName<&'static str>,
    seed: u64,
    digest: String,
    ended: &'static str,
    replayed: bool,
    interventions: usize,
    interventions_refused: Vec<String>,
    events: usize,
    time_us: u64,
    transactions: Transactions,
    latency_us: Latency,
    services: ByName<Service>,
    messages: u64,
    forced_writes: u64,
    deadlocks: u64,
    faults_not_occurred: Vec<String>,
    properties: ByName<Property>,
    link: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    trace: Option<Vec<Line>>,
}

#[derive(Serialize)]
struct Transactions {
    started: u64,
    committed: u64,
    aborted: u64,
    compensated: u64,
    unfinished: u64,
}

#[derive(Serialize)]
struct Service {
    served: usize,
    latency_us: Latency,
    utilization: Option<f64>,
}

/// A property by its id; where several invariants of the document share one, all of them.
#[derive(Serialize)]
struct Property {
    holds: bool,
    violations: usize,
    first: Option<ShownViolation>,
    exercised: u64,
}

/// An event.
#[derive(Serialize)]
struct Line {
    event: u32,
    at_us: u64,
    step: u32,
    node: String,
    transaction: Option<String>,
    cause: Option<u32>,
    kind: &'static str,
    text: String,
}

/// Runs a scenario and reports.
///
/// # Errors
/// Everything that is wrong with the scenario or the arguments.
pub fn run(args: &RunArgs, out: &mut Output) -> Result<Verdict, BadInput> {
    let mut input = Input::of_args(&args.scenario)?.with_its_own_coupling()?;
    input.reseed(args.seed);
    input.limit_events(args.events);
    let run_input = input.run_input()?;
    let session = replay::play(&input.from, &run_input)?;
    let session = session.as_ref();
    let refused = replay::interventions_refused(session);
    let properties = session.properties();
    replay::digest_note(&input, &session.digest()).iter().for_each(note);
    if args.json {
        out.json(&report(session, &properties, refused, args)?);
    } else {
        if args.trace {
            text::print_trace(session, out);
        }
        text::print_report(session, &properties, out);
        for intervention in &refused {
            out.line(format!("cannot happen at its event: {intervention}"));
        }
        text::print_how_to_open(args, &input, session, out);
    }
    Ok(Verdict::of(properties.iter().all(PropertyReport::holds)))
}

fn report(
    session: &dyn Session,
    properties: &[PropertyReport],
    interventions_refused: Vec<String>,
    args: &RunArgs,
) -> Result<Report, BadInput> {
    let stats = session.stats();
    let trace = session.trace();
    let scenario = &session.input().scenario;
    let properties = by_id(session, properties);
    let timed = session.input().schedule.is_none();
    let parts = session::parts_of(&scenario.coupling)?;
    let parts = ["write", "read", "store"].map(str::to_owned).into_iter().zip(parts).collect();
    Ok(Report {
        engine: ENGINE,
        scenario: scenario.title.clone(),
        pattern: session.cast().coupling.clone(),
        parts: ByName(parts),
        seed: scenario.seed,
        digest: session.digest(),
        ended: replay::ended(session.state()),
        replayed: !timed,
        interventions: session.input().interventions.len(),
        interventions_refused,
        events: trace.len(),
        time_us: trace.end(),
        transactions: Transactions {
            started: stats.started,
            committed: stats.committed,
            aborted: stats.aborted,
            compensated: stats.compensated,
            unfinished: stats.unfinished,
        },
        latency_us: latency(&stats, timed),
        services: services(&stats, timed),
        messages: stats.messages,
        forced_writes: stats.forced_writes,
        deadlocks: stats.deadlocks,
        faults_not_occurred: faults_not_occurred(session),
        properties,
        link: link(session, args),
        trace: args.trace.then(|| lines(session).collect()),
    })
}

/// The link to the run, stopped at its first violation where there is one.
fn link(session: &dyn Session, args: &RunArgs) -> String {
    let properties = session.properties();
    let violations = properties.iter().filter_map(|report| report.violations.first());
    let cursor = violations.map(|violation| violation.event).min();
    replay::link_text(args.base.as_deref(), &replay::link_to(session, cursor))
}

/// Latencies of a simulated run; a replayed schedule has no clock.
fn latency(stats: &RunStats, timed: bool) -> Latency {
    if timed { Latency::of(&stats.latencies_us) } else { Latency::default() }
}

fn services(stats: &RunStats, timed: bool) -> ByName<Service> {
    let service = |service: &session::ServiceStats| Service {
        served: service.latencies_us.len(),
        latency_us: if timed { Latency::of(&service.latencies_us) } else { Latency::default() },
        utilization: timed.then_some(service.utilization),
    };
    ByName(stats.services.iter().map(|of| (of.name.clone(), service(of))).collect())
}

fn faults_not_occurred(session: &dyn Session) -> Vec<String> {
    let names = &session.cast().faults;
    session.faults_not_occurred().iter().filter_map(|ix| names.get(*ix).cloned()).collect()
}

fn by_id(session: &dyn Session, reports: &[PropertyReport]) -> ByName<Property> {
    let mut by_id: Vec<(String, Property)> = Vec::new();
    for report in reports {
        let first = report
            .violations
            .first()
            .map(|violation| ShownViolation::of(session.trace(), &report.title, violation));
        let Some((_, known)) = by_id.iter_mut().find(|(id, _)| id == report.id) else {
            let property = Property {
                holds: report.holds(),
                violations: report.violation_count,
                first,
                exercised: report.exercised,
            };
            by_id.push((report.id.to_owned(), property));
            continue;
        };
        known.holds &= report.holds();
        known.violations += report.violation_count;
        known.exercised = known.exercised.max(report.exercised);
        let earlier = |new: &ShownViolation| {
            known.first.as_ref().is_none_or(|old: &ShownViolation| new.event < old.event)
        };
        if first.as_ref().is_some_and(earlier) {
            known.first = first;
        }
    }
    ByName(by_id)
}

/// The events of a run, one by one.
fn lines(session: &dyn Session) -> impl Iterator<Item = Line> + '_ {
    let (cast, trace) = (session.cast(), session.trace());
    trace.events().iter().zip(0..).map(move |(event, ix)| Line {
        event: ix,
        at_us: event.at,
        step: event.step_no,
        node: cast.node(event.node).to_owned(),
        transaction: event.txn.map(txn_name),
        cause: event.cause.map(|cause| cause.0),
        kind: event.kind.name(),
        text: story::sentence(cast, trace, EventIx(ix)),
    })
}
