//! Prints a shipped scenario's run and check.
use interleave_engine::scenario::{self, document::Coupling};
use interleave_engine::session::{self, CheckRequest, RunInput};
use interleave_engine::views::story;
fn main() {
    let args: Vec<String> = std::env::args().collect();
    let mut sc = scenario::by_name(&args[1]).unwrap().scenario();
    sc.coupling = Coupling::Named(args[2].clone());
    let n: usize = args[3].parse().unwrap();
    if args.len() > 5 {
        for o in args[5].split(',') {
            match o {
                "nooutbox" => sc.options.outbox = false,
                "noinbox" => sc.options.inbox = false,
                "drop0" => sc.explore.faults.drop = 0,
                "dup0" => sc.explore.faults.duplicate = 0,
                "crash0" => sc.explore.faults.crash = 0,
                _ => {}
            }
        }
    }
    let mut s = session::open(&RunInput::of(sc.clone())).unwrap();
    let st = s.run_slice(10_000_000);
    println!("{st:?} events {} digest {}", s.trace().len(), s.digest());
    for (i, e) in s.trace().events().iter().enumerate().take(n) {
        println!(
            "{i:4} {:8} {:12} {:?} {} | {}",
            e.at,
            s.cast().node(e.node),
            e.txn.map(|t| t.0 + 1),
            e.kind.name(),
            story::sentence(s.cast(), s.trace(), interleave_engine::ids::EventIx(i as u32))
        );
    }
    for p in s.properties() {
        println!(
            "{} holds {} {:?} {:?} ex {}",
            p.title,
            p.holds(),
            p.measure,
            p.violations.first(),
            p.exercised
        );
    }
    let stats = s.stats();
    println!(
        "started {} committed {} aborted {} compensated {} unfinished {} messages {} forced {}",
        stats.started,
        stats.committed,
        stats.aborted,
        stats.compensated,
        stats.unfinished,
        stats.messages,
        stats.forced_writes
    );
    for x in &stats.services {
        println!("{} n {} util {}", x.name, x.latencies_us.len(), x.utilization);
    }
    let max: u64 = args[4].parse().unwrap();
    if max == 0 {
        return;
    }
    let t = std::time::Instant::now();
    let mut c = s.check(&CheckRequest { max_states: Some(max), ..Default::default() }).unwrap();
    while !c.run_slice(10000) {}
    let r = c.report();
    println!(
        "check {:?} complete {} states {} transitions {} depth {} rest {} | {} {:?}",
        t.elapsed(),
        r.complete,
        r.states,
        r.transitions,
        r.depth,
        r.at_rest,
        r.bounds,
        r.left_out
    );
    for p in r.properties {
        println!("  {} holds {} ex {} {:?}", p.title, p.holds, p.exercised, p.why);
        if let Some(c) = p.counterexample {
            for l in c {
                println!("       {l}");
            }
        }
    }
}
