//! Comparing couplings: figures against folds over the traces, pairing, slices, and what is refused.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used)]

mod compare_support;

use compare_support::{
    Figures, THREE, arrivals, checkout, figures, named, read, session, with_queries_and_a_crash,
};
use interleave_engine::compare::{
    Cell, Comparison, Estimate, Report, Request, Unit, Way, coupling_named, couplings_that_run,
    estimate, seeds_from, t_quantile_975,
};
use interleave_engine::scenario::Scenario;
use interleave_engine::scenario::document::{Coupling, Parts};
use serde_json::json;

fn request(scenario: Scenario, names: &[&str], seeds: u32) -> Request {
    Request { scenario, couplings: named(names), seeds: seeds_from(3, seeds) }
}

fn compared(request: &Request, slice: u32) -> Report {
    let mut comparison = Comparison::new(request.clone()).unwrap();
    while !comparison.step(slice) {}
    assert!(comparison.progress().done);
    comparison.report()
}

#[track_caller]
fn cells<'a>(report: &'a Report, id: &str) -> &'a [Cell] {
    let row = report.rows.iter().find(|row| row.metric.id == id);
    &row.unwrap_or_else(|| panic!("no figure {id}")).cells
}

fn near(found: f64, wanted: f64, within: f64) -> bool {
    (found - wanted).abs() <= within * wanted.abs().max(1.0)
}

/// The integral of cosⁿ from 0 to `to`, by Simpson's rule.
fn cosine_integral(to: f64, power: f64) -> f64 {
    let steps = 20_000;
    let width = to / f64::from(steps);
    let at = |x: f64| libm::pow(libm::cos(x).max(0.0), power);
    let inner = (1..steps).map(|i| {
        let weight = if i % 2 == 1 { 4.0 } else { 2.0 };
        weight * at(f64::from(i) * width)
    });
    (at(0.0) + at(to) + inner.sum::<f64>()) * width / 3.0
}

/// With t = √ν tan θ the density of Student's t is that of cos^(ν−1) over θ.
#[test]
fn between_the_quantiles_of_t_lie_95_per_cent() {
    for freedom in [1, 2, 3, 4, 5, 7, 10, 19, 29, 30, 99, 500, 999] {
        let n = f64::from(freedom);
        let t = t_quantile_975(freedom);
        let inside = cosine_integral(libm::atan(t / n.sqrt()), n - 1.0);
        let share = inside / cosine_integral(std::f64::consts::FRAC_PI_2, n - 1.0);
        assert!((share - 0.95).abs() < 1e-9, "{freedom} degrees of freedom: t {t} holds {share}");
    }
    let falling = (1..1_000).all(|n| t_quantile_975(n + 1) < t_quantile_975(n));
    assert!(falling, "the more is known, the narrower");
}

#[test]
fn an_interval_is_that_of_the_textbook() {
    // 8, 9, 10, 11, 12: mean 10, variance 2.5, so half a width of t(4) √(2.5 / 5).
    let found = estimate(&[8.0, 9.0, 10.0, 11.0, 12.0]).unwrap();
    assert_eq!((found.mean, found.seeds), (10.0, 5));
    assert!(near(found.half_width.unwrap(), t_quantile_975(4) * 0.5_f64.sqrt(), 1e-12));
    assert_eq!(estimate(&[4.0]).unwrap().half_width, None);
    assert_eq!(estimate(&[4.0, 4.0]).unwrap().half_width, Some(0.0));
    assert_eq!(estimate(&[]), None);
}

/// Folds the sessions of every seed and holds each figure and each difference to them.
fn holds_to_the_traces(request: &Request) {
    let report = compared(request, 1_000);
    let folded: Vec<Vec<Figures>> = request
        .couplings
        .iter()
        .map(|coupling| {
            let seeds = request.seeds.iter();
            seeds
                .map(|seed| figures(session(&request.scenario, coupling, *seed).as_ref()))
                .collect()
        })
        .collect();
    let mut names: Vec<&str> = folded.iter().flatten().flat_map(|it| it.keys().copied()).collect();
    names.sort_unstable();
    names.dedup();
    assert!(names.len() >= 18, "{names:?}");
    for name in names {
        for (column, cell) in cells(&report, name).iter().enumerate() {
            let own = |seed: usize| folded[column][seed].get(name).copied();
            let first = |seed: usize| folded[0][seed].get(name).copied();
            let seeds = 0..request.seeds.len();
            let values: Vec<f64> = seeds.clone().filter_map(own).collect();
            let mean = values.iter().sum::<f64>() / values.len() as f64;
            let found = cell.value.unwrap();
            assert!(near(found.mean, mean, 1e-9), "{name} of {column}: {} {mean}", found.mean);
            assert_eq!(found.seeds as usize, values.len(), "{name} of {column}");
            let squares: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
            let n = values.len() as f64;
            let half = t_quantile_975(found.seeds - 1) * (squares / (n - 1.0) / n).sqrt();
            assert!(near(found.half_width.unwrap(), half, 1e-6), "{name} of {column}");
            let more: Vec<f64> = seeds.filter_map(|at| Some(own(at)? - first(at)?)).collect();
            match (column, cell.difference) {
                (0, difference) => assert_eq!(difference, None, "{name}"),
                (_, difference) => {
                    let mean = more.iter().sum::<f64>() / more.len() as f64;
                    let found = difference.unwrap().mean;
                    assert!(near(found, mean, 1e-9), "{name} of {column}: {found} {mean}");
                }
            }
        }
    }
}

#[test]
fn figures_are_those_of_the_traces() {
    holds_to_the_traces(&request(checkout(), &THREE, 4));
}

#[test]
fn figures_of_queries_and_of_a_crash_are_those_of_the_traces() {
    let request = request(with_queries_and_a_crash(), &THREE, 3);
    holds_to_the_traces(&request);
    let report = compared(&request, 1_000);
    for id in
        ["availability.answered", "availability.ended", "availability.queries", "staleness.share"]
    {
        for cell in cells(&report, id) {
            let share = cell.value.unwrap().mean;
            assert!((0.0..=1.0).contains(&share), "{id} {share}");
        }
    }
}

#[test]
fn violations_are_those_that_the_properties_find() {
    let request = request(with_queries_and_a_crash(), &THREE, 4);
    let report = compared(&request, 500);
    for (column, coupling) in request.couplings.iter().enumerate() {
        let mut counts = std::collections::BTreeMap::<&str, Vec<f64>>::new();
        for seed in &request.seeds {
            let mut run = std::collections::BTreeMap::<&str, f64>::new();
            for property in session(&request.scenario, coupling, *seed).properties() {
                *run.entry(property.id).or_default() += property.violation_count as f64;
            }
            run.into_iter().for_each(|(id, count)| counts.entry(id).or_default().push(count));
        }
        for (id, counts) in counts {
            let mean = counts.iter().sum::<f64>() / counts.len() as f64;
            let found = cells(&report, &format!("violations.{id}"))[column].value.unwrap().mean;
            assert!(near(found, mean, 1e-9), "{id} of {column}: {found} {mean}");
            let broken = report.columns[column].broken.iter().find(|broken| broken.id == id);
            let runs = counts.iter().filter(|count| **count > 0.0).count();
            assert_eq!(broken.map_or(0, |broken| broken.runs as usize), runs, "{id} of {column}");
            if let Some(broken) = broken {
                let first = counts.iter().position(|count| *count > 0.0).unwrap();
                assert_eq!(broken.seed, request.seeds[first]);
            }
        }
    }
    let uncoordinated = &report.columns[2];
    assert!(
        uncoordinated.broken.iter().any(|broken| broken.id == "atomicity"),
        "{uncoordinated:?}"
    );
}

#[test]
fn the_result_does_not_depend_on_the_slices() {
    let request = request(with_queries_and_a_crash(), &THREE[..2], 3);
    let whole = compared(&request, u32::MAX);
    for slice in [1, 7, 613] {
        assert_eq!(compared(&request, slice), whole, "slices of {slice}");
    }
}

#[test]
fn a_report_can_be_had_on_the_way() {
    let request = request(checkout(), &THREE[..2], 3);
    let mut comparison = Comparison::new(request.clone()).unwrap();
    assert!(comparison.report().rows.iter().all(|row| !row.has_values()));
    let mut seen = Vec::new();
    while !comparison.step(50) {
        let (report, progress) = (comparison.report(), comparison.progress());
        let runs: u32 = report.columns.iter().map(|column| column.runs).sum();
        assert_eq!(u64::from(runs), progress.runs);
        assert_eq!(progress.runs_max, 6);
        assert!(report.columns[0].runs - report.columns[1].runs <= 1, "a seed at a time");
        seen.push(runs);
    }
    seen.dedup();
    assert_eq!(seen, [0, 1, 2, 3, 4, 5]);
}

#[test]
fn every_coupling_meets_the_same() {
    let request = request(with_queries_and_a_crash(), &THREE, 3);
    for seed in &request.seeds {
        let of = |coupling| arrivals(session(&request.scenario, coupling, *seed).as_ref());
        let first = of(&request.couplings[0]);
        assert_eq!(first.len(), 40);
        assert!(request.couplings.iter().all(|coupling| of(coupling) == first));
    }
    for column in compared(&request, 1_000).columns {
        assert!(column.paired, "{column:?}");
        assert_eq!((column.other_arrivals, column.faults_absent.len(), column.cut), (0, 0, 0));
    }
}

#[test]
fn a_fault_that_does_not_occur_is_marked_and_the_column_is_not_paired() {
    let mut document = serde_json::to_value(checkout()).unwrap();
    document["faults"] = json!([{
        "fault": { "crash": "payments" },
        "on": { "event": "published", "node": "payments", "nth": 2 }
    }]);
    let report = compared(&request(read(&document), &THREE, 3), 1_000);
    let paired: Vec<bool> = report.columns.iter().map(|column| column.paired).collect();
    assert_eq!(paired, [true, false, false], "only a choreographed saga publishes");
    assert_eq!(report.columns[0].faults_absent, []);
    for column in &report.columns[1..] {
        let [(fault, runs)] = column.faults_absent.as_slice() else { panic!("{column:?}") };
        assert_eq!((fault.as_str(), *runs), ("payments crashes", 3));
        assert_eq!(column.other_arrivals, 0);
    }
}

#[test]
fn clients_that_wait_for_their_answers_do_not_arrive_alike() {
    let mut document = serde_json::to_value(checkout()).unwrap();
    document["workload"]["arrivals"] =
        json!({ "clients": { "clients": 3, "think_us": { "constant": 1000 } } });
    let report = compared(&request(read(&document), &THREE[..2], 2), 1_000);
    assert_eq!((report.columns[0].other_arrivals, report.columns[1].other_arrivals), (0, 2));
    assert!(!report.columns[1].paired);
}

#[test]
fn a_run_that_is_cut_is_counted_as_such() {
    let mut scenario = checkout();
    scenario.limits.events = 200;
    let report = compared(&request(scenario, &THREE, 2), 1_000);
    assert!(report.columns.iter().all(|column| column.cut == 2), "{:?}", report.columns);
}

#[test]
fn what_a_coupling_does_not_have_is_none_and_not_0() {
    let report = compared(&request(checkout(), &["database-per-service"], 2), 1_000);
    for id in [
        "locks.wait_us",
        "locks.hold_us",
        "locks.deadlocks",
        "in_doubt_us.mean",
        "query_us.mean",
        "staleness_us.mean",
        "staleness.share",
        "availability.answered",
        "availability.queries",
    ] {
        assert!(cells(&report, id).iter().all(|cell| cell.value.is_none()), "{id}");
    }
    assert_eq!(cells(&report, "outcomes.unknown")[0].value.unwrap().mean, 0.0);
}

#[test]
fn a_coupling_is_read_from_its_name_or_its_parts() {
    let parts =
        Parts { write: "saga-orchestration".into(), read: "direct".into(), store: "rows".into() };
    for text in ["saga-orchestration+direct+rows", "saga-orchestration + direct"] {
        assert_eq!(coupling_named(text), Ok(Coupling::Parts(parts.clone())), "{text}");
    }
    let name = "saga-orchestration";
    assert_eq!(coupling_named(name), Ok(Coupling::Named(name.into())));
    for (text, path) in [
        ("sagas", "coupling"),
        ("saga-choreography+all", "coupling.read"),
        ("two+direct", "coupling.write"),
        ("a+b+c+d", "coupling"),
        ("", "coupling"),
    ] {
        assert_eq!(coupling_named(text).unwrap_err().path, path, "{text}");
    }
    assert!(couplings_that_run(&checkout()).len() >= 3);
}

#[test]
fn what_cannot_be_compared_is_refused_with_its_place() {
    let refused = |couplings: Vec<Coupling>, seeds: Vec<u64>| -> Vec<String> {
        let request = Request { scenario: checkout(), couplings, seeds };
        let problems = Comparison::new(request).err().expect("it is refused");
        assert!(problems.iter().all(|problem| !problem.remedy.is_empty()));
        problems.into_iter().map(|problem| problem.path).collect()
    };
    assert_eq!(refused(named(&THREE), vec![]), ["seeds"]);
    assert_eq!(refused(vec![], vec![1]), ["couplings"]);
    assert_eq!(refused(named(&THREE), seeds_from(0, 1_001)), ["seeds"]);
    assert_eq!(refused(named(&THREE), vec![1, 2, 1]), ["seeds"]);
    assert_eq!(refused(named(&["saga-choreography", "sagas"]), vec![1]), ["couplings[1]"]);
    let twice = [named(&THREE), vec![coupling_named("uncoordinated+direct").unwrap()]].concat();
    assert_eq!(refused(twice, vec![1]), ["couplings[3]"], "a name and its parts are the same");
    assert_eq!(refused(named(&["saga-choreography"; 13]), vec![1])[0], "couplings");
    let mut broken = checkout();
    broken.services.clear();
    let request = Request { scenario: broken, couplings: named(&THREE), seeds: vec![1] };
    let problems = Comparison::new(request).err().unwrap();
    assert!(problems.iter().any(|problem| problem.path.starts_with("services")), "{problems:?}");
}

#[test]
fn figures_are_written_with_three_digits_and_their_interval_in_the_same_unit() {
    let text = |unit: Unit, mean: f64, half: f64| {
        unit.estimate_text(&Estimate { mean, half_width: Some(half), seeds: 2 })
    };
    assert_eq!(text(Unit::Micros, 15_234.0, 412.0), "15.2 ms ±0.4");
    assert_eq!(text(Unit::Micros, 999.4, 1_000.0), "999 µs ±1000");
    assert_eq!(text(Unit::Micros, 1_234_567.0, 0.0), "1.23 s ±0.00");
    assert_eq!(text(Unit::Count, 40.0, 0.0), "40 ±0");
    assert_eq!(text(Unit::Count, 7.456, 0.25), "7.46 ±0.25");
    assert_eq!(text(Unit::Count, 27.2, 1.0), "27.2 ±1.0");
    assert_eq!(text(Unit::Share, 0.985, 0.01), "98.5 % ±1.0");
    assert_eq!(text(Unit::PerSecond, 123.4, 5.6), "123/s ±6");
    assert_eq!(Unit::Micros.text(-2_500.0), "−2.50 ms");
    assert_eq!(Unit::Count.text(-0.001), "0.00", "no sign without a number");
}

#[test]
fn more_or_less_is_said_only_beyond_the_interval() {
    let cell = |mean, half_width| {
        let difference = Some(Estimate { mean, half_width, seeds: 5 });
        Cell { value: None, difference }
    };
    assert_eq!(cell(3.0, Some(2.0)).way(), Some(Way::More));
    assert_eq!(cell(-3.0, Some(2.0)).way(), Some(Way::Less));
    assert_eq!(cell(3.0, Some(4.0)).way(), None);
    assert_eq!(cell(3.0, None).way(), None, "one seed says nothing of the others");
    assert_eq!(cell(0.0, Some(0.0)).way(), None, "equal on every seed");
}
