//! The runners of the oracle files read formats, not ids: rows made up here, with other parameters and
//! expectations worked out by hand or by a textbook's formula, pass; the same with a wrong expectation
//! fail; a shape that nobody knows is said to be not supported.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used)]
#![allow(dead_code, reason = "the runners of other files come along")]

mod models;
mod oracle_files;
mod saga_support;
mod two_phase_support;

use oracle_files as files;
use oracle_files::record::{Record, Verdict};
use serde_json::{Value, json};

type Run = fn(&Value) -> Vec<Record>;

/// What became of the records, by their ids: `+` passed, `-` failed, `?` not supported.
fn outcomes(run: Run, file: &Value) -> Vec<(String, char)> {
    let sign = |record: Record| {
        let sign = match &record.verdict {
            Verdict::Passed => '+',
            Verdict::Failed(_) => '-',
            Verdict::Unsupported(_) => '?',
        };
        println!("{} {:?} {}", record.id, record.verdict, record.note);
        (record.id, sign)
    };
    run(file).into_iter().map(sign).collect()
}

/// Asserts what becomes of the records: their ids begin with the sign that they must get.
fn assert_signs(run: Run, file: &Value) {
    let outcomes = outcomes(run, file);
    assert!(!outcomes.is_empty());
    for (id, sign) in outcomes {
        assert!(id.starts_with(sign), "{id} came out as {sign}");
    }
}

#[test]
fn queues_of_other_loads() {
    let rho: f64 = 0.6;
    let row = |id: &str, mean: f64| {
        json!({
            "id": id, "lam": 0.3, "mu": 0.5, "c": 1, "rho": rho, "P_wait": rho, "P0": 1.0 - rho,
            "L": 1.5, "Lq": 0.9, "W": mean, "Wq": mean - 2.0, "T_p90": 11.5129254649702,
        })
    };
    // Erlang's formula with offered load 2.4 and three servers.
    let last = 2.4 * 2.4 * 2.4 / 6.0 / (1.0 - 0.8);
    let wait = last / (1.0 + 2.4 + 2.88 + last);
    let full = (2.4 * 2.4 * 2.4 / 6.0) / (1.0 + 2.4 + 2.88 + 2.4 * 2.4 * 2.4 / 6.0);
    assert_signs(
        files::queueing::run,
        &json!({ "values": {
            "MM1": [row("+mm1", 5.0), row("-mm1", 5.4), { "id": "?mm1", "lam": 2.0, "mu": 1.0, "W": 1.0 },
                { "id": "?figure", "lam": 0.5, "mu": 1.0, "mood": 1.0 }],
            "MD1": [{ "id": "+md1", "lam": 0.6, "ES": 1.0, "Wq": 0.75, "W": 1.75 },
                { "id": "-md1", "lam": 0.6, "ES": 1.0, "Wq": 1.5, "W": 2.5 }],
            "ErlangC": [{ "id": "+c", "a": 2.4, "c": 3, "C": wait }, { "id": "-c", "a": 2.4, "c": 3, "C": full }],
            "ErlangB": [{ "id": "+b", "a": 2.4, "c": 3, "B": full }, { "id": "-b", "a": 2.4, "c": 3, "B": wait }],
            "MGinf": [{ "id": "+inf", "lam": "3", "ES": "0.5", "P_empty": 0.22313016014843, "mean_in_system": 1.5 },
                { "id": "-inf", "lam": "3", "ES": "0.5", "P_empty": 0.3 }],
            "tandem_MM1": [{ "id": "+tandem", "lam": 0.4, "mus": [1, 0.8], "W": 1.0 / 0.6 + 2.5 },
                { "id": "-tandem", "lam": 0.4, "mus": [1, 0.8], "W": 3.0 }],
            "MMPP": [{ "id": "?unknown", "lam": 0.4 }],
        } }),
    );
}

#[test]
fn fan_outs_of_other_widths() {
    let slow = 1.0 - 0.98 * 0.98 * 0.98 * 0.98;
    assert_signs(
        files::composition::run,
        &json!({
            "values": {
                "P_any_slow=1-(1-p)^n": [{ "id": "+slow", "p": "0.02", "n": 4, "P": slow },
                    { "id": "-slow", "p": "0.02", "n": 4, "P": 0.08 }],
                "E_max_exp_mean1=H_n": [{ "id": "+max", "n": 3, "E": 11.0 / 6.0 }, { "id": "-max", "n": 3, "E": 2.0 }],
                "E_max_U01=n/(n+1)": [{ "id": "-uniform", "n": 3, "E": 0.8 }],
                "availability_serial=prod": [{ "id": "+all", "a": "0.9", "n": 2, "A": 0.81 },
                    { "id": "-all", "a": "0.9", "n": 2, "A": 0.9 }],
                "k_of_n": [{ "id": "+k", "k": 1, "n": 2, "a": "0.5", "A": 0.75 },
                    { "id": "-k", "k": 2, "n": 2, "a": "0.5", "A": 0.75 }],
                "retry_success=1-q^(r+1)": [{ "id": "+retry", "q": "0.3", "retries": 2, "P": 0.973, "E_attempts": 1.39 },
                    { "id": "-retry", "q": "0.3", "retries": 3, "P": 0.973 }],
                "retry_amplification=(r+1)^depth (all fail)": [{ "id": "+calls", "r": 2, "depth": 1, "calls": 3 },
                    { "id": "-calls", "r": 2, "depth": 1, "calls": 2 }, { "id": "?calls", "r": 2, "depth": 9, "calls": 2 }],
                "N_plus_1": [{ "id": "+n1", "parents": 3, "queries_naive": 4, "queries_batched": 2,
                        "latency_seq_ms": 28, "latency_batched_ms": 14 },
                    { "id": "-n1", "parents": 3, "queries_naive": 3, "queries_batched": 2,
                        "latency_seq_ms": 28, "latency_batched_ms": 14 }],
                "sequential_vs_parallel": [{ "id": "+both", "legs_ms": [4, 9, 2, 1], "sequential": 16, "parallel": 9 },
                    { "id": "-both", "legs_ms": [4, 9, 2, 1], "sequential": 16, "parallel": 16 }],
                "weather": [{ "id": "?weather" }],
            },
        }),
    );
}

#[test]
fn staleness_of_other_fits() {
    // With a constant share of exponentials alone and one replica, what is read is always what was
    // written; with two, a read of one replica misses half of what one replica has.
    let fit = json!({ "pareto_weight": 0.0, "xm": 1.0, "alpha": 3, "exp_rate": 0.5 });
    let file = json!({
        "pbs_fits_ms": { "ONE": { "W=A=R=S": fit } },
        "pbs_our_montecarlo": { "rows": [
            // The sum of two exponentials of mean 2.
            { "id": "+pbs", "model": "ONE", "N": 1, "R": 1, "W": 1, "p_consistent_t0": 1.0, "t_vis_999": 0,
                "Lr_mean": 4.0, "Lw_mean": 4.0 },
            { "id": "-pbs", "model": "ONE", "N": 1, "R": 1, "W": 1, "Lr_mean": 4.2 },
            { "id": "-quorum", "model": "ONE", "N": 3, "R": 1, "W": 1, "p_consistent_t0": 1.0 },
            { "id": "?model", "model": "TWO", "N": 3, "R": 1, "W": 1, "p_consistent_t0": 1.0 },
        ] },
        "pbs_k_staleness": { "rows": [
            { "id": "+k", "N": 4, "R": 1, "W": 2, "p_miss_latest": 0.5, "P_within_k": { "2": 0.75, "4": 0.9375 } },
            { "id": "-k", "N": 4, "R": 1, "W": 2, "p_miss_latest": 0.5, "P_within_k": { "2": 0.9 } },
        ] },
        "staleness_models": {
            "async_apply_MM1": { "rows": [
                { "id": "+mm1", "lam": 20, "mu": 60, "mean_lag_events": 0.5, "mean_staleness_ms": 25.0,
                    "RYW_violation_at_ms": { "25": 0.36787944117144233 } },
                { "id": "-mm1", "lam": 20, "mu": 60, "RYW_violation_at_ms": { "25": 0.5 } },
            ] },
            "async_deterministic_lag": { "rows": [
                { "id": "+lag", "lam": 5, "D_ms": 40, "P_stale": 0.18126924692201818 },
                { "id": "-lag", "lam": 5, "D_ms": 40, "P_stale": 0.25 },
            ] },
            "full_copy_each_write": { "rows": [
                { "id": "+copy", "S_rows": 300, "rate": 10000, "C_ms": 30.0, "d_ms": 25, "stable": false,
                    "staleness_4th_write_fifo_ms": 45.0 },
                { "id": "-copy", "S_rows": 300, "rate": 10000, "C_ms": 30.0, "d_ms": 25, "stable": true },
            ] },
            "sync_write_all": { "rows": [
                { "id": "+sync", "N": 4, "replica_ms": [3, 8, 6, 1], "write_latency": 8, "avail_a_99": 0.96059601 },
                { "id": "-sync", "N": 4, "replica_ms": [3, 8, 6, 1], "write_latency": 18 },
                { "id": "?sync", "N": 4, "colour": 1 },
            ] },
            "gossip": { "rows": [{ "id": "?gossip" }] },
        },
    });
    assert_signs(files::sessions::run, &file);
}

#[test]
fn sagas_of_other_lengths() {
    let local = "local a(comp b); cmd Take@x(comp GiveBack); cmd Send@y";
    assert_signs(
        files::sagas::run,
        &json!({
            "vectors": [
                { "id": "+vector", "source": "made up", "definition": local, "inputs": { "fail": "Send" },
                    "expected": { "commands": ["Take", "Send", "GiveBack"], "saga": "rolled back" } },
                { "id": "-vector", "source": "made up", "definition": "same", "inputs": { "fail": "Send" },
                    "expected": { "commands": ["Take", "Send"], "saga": "rolled back" } },
                { "id": "?vector", "source": "made up", "definition": "same", "inputs": { "fail": "Send" },
                    "expected": { "weather": "rain" } },
            ],
            "combinatorics": {
                "linear": [
                    { "id": "+lin", "n": 4, "legal_complete_histories": 5, "example_fail_at_2": ["T1", "C1"] },
                    { "id": "-lin", "n": 4, "legal_complete_histories": 4 },
                    { "id": "-example", "n": 4, "legal_complete_histories": 5, "example_fail_at_2": ["T1", "C2"] },
                ],
                "pivot": [
                    { "id": "+pivot", "compensatable": 1, "pivot": 1, "retriable": 0, "count": 3,
                        "legal_histories": [[], ["T1", "C1"], ["T1", "T2"]] },
                    { "id": "-pivot", "compensatable": 1, "pivot": 1, "retriable": 0, "count": 2,
                        "legal_histories": [[], ["T1", "T2"]] },
                ],
            },
        }),
    );
}

#[test]
fn state_counts_of_other_sizes() {
    assert_signs(
        files::counts::run,
        &json!({ "rows": [
            { "id": "+pp", "model": "ping-pong max_nat=3, lossless non-duplicating", "unique": 7,
                "facts": "must reach max holds" },
            { "id": "-pp", "model": "ping-pong max_nat=3, lossless non-duplicating", "unique": 8 },
            { "id": "-fact", "model": "ping-pong max_nat=1, lossy + duplicating unordered net", "unique": 14,
                "facts": "must reach max holds" },
            { "id": "+timers", "model": "1 actor, two timers that each fire once", "unique": 4 },
            { "id": "-timers", "model": "1 actor, two timers that each fire once", "unique": 3 },
            { "id": "+choice", "model": "1 actor chooses 1 of 7 once", "unique": 8 },
            // Each of three processes is at one of three places, and they are told apart or not.
            { "id": "+symmetry", "model": "3 procs Loading->Running<->Paused", "unique": 27, "orbits": 10 },
            { "id": "-symmetry", "model": "3 procs Loading->Running<->Paused", "unique": 27, "orbits": 27 },
            { "id": "?model", "model": "paxos, 3 acceptors", "unique": 9 },
        ] }),
    );
}
