//! The engine against facts that nobody here made up: every record of the oracle files that a
//! machine can run.
//!
//! `cargo test -p interleave-engine --test oracles` prints, for each file, how many records passed,
//! failed and are not supported, with the ids of the latter, and fails where one fails. A word
//! behind `--` picks the files that have it in their names, and `--notes` prints what was compared,
//! with the tolerance where it was sampled. `INTERLEAVE_ORACLES` names another
//! folder of files in the same formats; a file that is not there is said to be missing.
//!
//! It has no harness, since a table is its output.

#[cfg(not(target_arch = "wasm32"))]
mod models;
#[cfg(not(target_arch = "wasm32"))]
mod oracle_files;
#[cfg(not(target_arch = "wasm32"))]
mod saga_support;
#[cfg(not(target_arch = "wasm32"))]
mod two_phase_support;

#[cfg(not(target_arch = "wasm32"))]
fn main() -> std::process::ExitCode {
    use oracle_files as files;
    files::table::hold(&[
        // One line for each file: its name, and who runs its records.
        ("shared_db_hermitage.json", files::hermitage::run),
        ("shared_db_locking.json", files::locking::run),
        ("two_phase_commit.json", files::two_phase_commit::run),
        ("history_checkers.json", files::history::run),
        ("cqrs_replication.json", files::sessions::run),
        ("event_sourcing_kafka.json", files::kafka::run),
        ("saga.json", files::sagas::run),
        ("explorer_counts.json", files::counts::run),
        ("queueing.json", files::queueing::run),
        ("api_composition.json", files::composition::run),
    ])
}

#[cfg(target_arch = "wasm32")]
fn main() {}
