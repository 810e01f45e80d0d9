//! The costs of two-phase commit, measured on runs of the pattern by the clock.
//!
//! A figure is compared where its meaning is known here; the note says which were not. Those of Gray
//! and Lamport that have the first participant start the protocol, already prepared, have no run.

use interleave_engine::scenario::document::{Orchestrator, Presume};
use serde_json::Value;

use super::record::{Not, same};
use crate::two_phase_support::{
    Cost, Way, cost, delays_to_commit, forced_one_after_the_other, forced_to_decide, run, scenario,
};

const COMMIT: Way = Way::Commit { readers: 0 };

/// Most participants that are run.
const MOST: u64 = 32;

/// What one run cost.
struct Measured {
    cost: Cost,
    delays: u64,
    in_a_row: u32,
    to_decide: u32,
}

fn measure(n: usize, way: Way, presume: Presume, place: Orchestrator) -> Measured {
    let session = run(&scenario(n, way, presume, place));
    Measured {
        cost: cost(session.as_ref(), n),
        delays: delays_to_commit(session.as_ref(), n),
        in_a_row: forced_one_after_the_other(session.as_ref(), n),
        to_decide: forced_to_decide(session.as_ref()),
    }
}

impl Measured {
    fn forced(&self) -> u64 {
        u64::from(self.cost.coordinator_forced + self.cost.forced.iter().sum::<u32>())
    }

    /// Log records of a participant beyond the forced ones, over all of them.
    fn unforced(&self) -> u64 {
        let records: u32 = self.cost.records.iter().sum();
        u64::from(records - self.cost.forced.iter().sum::<u32>())
    }
}

/// Compares a row of the table of costs, and says what of it was compared.
pub(crate) fn check(row: &Value) -> Result<String, Not> {
    let n = row["n_participants"].as_u64().filter(|n| (1..=MOST).contains(n));
    let n = n.ok_or_else(|| Not::Supported("it has no number of participants".to_owned()))?;
    let n = n as usize;
    let separate = |way, presume| measure(n, way, presume, Orchestrator::Separate);
    let nothing = separate(COMMIT, Presume::Nothing);
    let abort = separate(COMMIT, Presume::Abort);
    let aborted = separate(Way::Unwritten, Presume::Abort);
    let commit = separate(COMMIT, Presume::Commit);
    let beside = measure(n, COMMIT, Presume::Commit, Orchestrator::FirstService);
    let each = |of: &Measured| u64::from(of.cost.forced.iter().copied().max().unwrap_or(0));
    let with = |of: &Measured| of.cost.messages as u64;
    let figures: &[(&str, &str, u64)] = &[
        ("textbook_separate_coordinator", "messages_commit_with_acks", with(&nothing)),
        (
            "textbook_separate_coordinator",
            "messages_commit_without_acks",
            with(&nothing) - nothing.cost.acknowledgements as u64,
        ),
        (
            "textbook_separate_coordinator",
            "message_delays_to_decision_at_participants",
            nothing.delays,
        ),
        ("textbook_separate_coordinator", "forced_writes_PrN_commit", nothing.forced()),
        (
            "textbook_separate_coordinator",
            "nonforced_PrN",
            u64::from(nothing.cost.coordinator_records - nothing.cost.coordinator_forced),
        ),
        ("presumed_abort", "commit_messages", with(&abort)),
        ("presumed_abort", "commit_forced", abort.forced()),
        (
            "presumed_abort",
            "abort_after_all_yes_messages(prepare+vote+abort,no ack)",
            with(&aborted),
        ),
        ("presumed_abort", "abort_coordinator_forced", u64::from(aborted.cost.coordinator_forced)),
        ("presumed_abort", "abort_participant_forced", each(&aborted)),
        ("presumed_commit", "commit_messages", with(&commit)),
        ("presumed_commit", "commit_forced", commit.forced()),
        ("presumed_commit", "commit_participant_nonforced", commit.unforced()),
        ("gray_lamport", "messages_2PC_TM_colocated_with_initiating_RM", with(&beside)),
        ("gray_lamport", "stable_writes", u64::from(abort.to_decide)),
        ("gray_lamport", "stable_write_delays", u64::from(abort.in_a_row)),
    ];
    let (mut compared, mut others) = (0, Vec::new());
    for (part, fields) in row.as_object().into_iter().flatten() {
        for (field, expected) in fields.as_object().into_iter().flatten() {
            let known = figures.iter().find(|(of, name, _)| of == part && name == field);
            match (known, expected.as_u64()) {
                (Some((_, _, found)), Some(expected)) => {
                    same(&format!("{part}.{field}"), found, &expected)?;
                    compared += 1;
                }
                _ => others.push(format!("{part}.{field}")),
            }
        }
    }
    if compared == 0 {
        return Err(Not::Supported("it has no figure that is known here".to_owned()));
    }
    let but =
        if others.is_empty() { String::new() } else { format!(", not {}", others.join(", ")) };
    Ok(format!("{compared} figures measured{but}"))
}
