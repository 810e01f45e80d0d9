//! Names for edits, and texts that go into or come out of documents.

use interleave_engine::scenario::document::FaultKind;
use interleave_engine::scenario::{Problem, Scenario};
use interleave_engine::session::{CheckReport, Coverage};
use interleave_engine::views::format::{count, duration};

use crate::state::{Checked, Phase};

/// A fault in a few words.
#[must_use]
pub fn fault(kind: &FaultKind) -> String {
    match kind {
        FaultKind::Crash(node) => format!("{node} crashes"),
        FaultKind::Slow { node, times } => format!("{node} is {times}× slower"),
        FaultKind::Pause(node) => format!("{node} stands still"),
        FaultKind::Partition(nodes) => format!("{} cut off", nodes.join(", ")),
        FaultKind::Link { from, to, .. } => format!("bad link {from} → {to}"),
        FaultKind::BrokerOutage => "broker outage".to_owned(),
        FaultKind::RefuseWrites(service) => format!("{service} refuses writes"),
        FaultKind::Poison(service) => format!("poison message for {service}"),
        FaultKind::Rebuild(replica) => format!("{replica} rebuilt"),
        FaultKind::RenameColumn { service, column, .. } => format!("{service} renames {column}"),
    }
}

/// Bytes in the unit that people read: `812 kB`, `1.2 GB`.
#[must_use]
pub fn bytes(bytes: f64) -> String {
    match bytes {
        b if b < 1e3 => format!("{b:.0} bytes"),
        b if b < 1e6 => format!("{:.0} kB", b / 1e3),
        b if b < 1e9 => format!("{:.0} MB", b / 1e6),
        b => format!("{:.2} GB", b / 1e9),
    }
}

/// A length of real time.
#[must_use]
pub fn lasted(ms: f64) -> String {
    // Nobody reads the microseconds of a machine's clock.
    if ms < 1_000.0 { format!("{ms:.0} ms") } else { duration((ms * 1_000.0) as u64) }
}

/// The states that a check has visited in all its rounds together.
#[must_use]
pub fn visited(report: &CheckReport) -> u64 {
    if report.rounds.is_empty() {
        return report.states;
    }
    report.rounds.iter().map(|round| round.states).sum()
}

/// How far a check has come, and what that means for what it did not find broken.
#[must_use]
pub fn coverage(check: &Checked) -> String {
    let report = &check.report;
    let asked = &check.request;
    let no_proof = "what is not broken is not proved.";
    match (&check.phase, report.coverage) {
        (Phase::Starting, _) => "Starting …".into(),
        (Phase::Stopping, _) => "Stopping …".into(),
        (Phase::Stopped { after_ms, answered: true }, _) => {
            format!("Stopped, {} after it was asked to: {no_proof}", lasted(*after_ms))
        }
        (Phase::Stopped { after_ms, answered: false }, _) => format!(
            "Stopped: the worker did not answer within {} and was ended; the last report is kept, and {no_proof}",
            lasted(*after_ms)
        ),
        (Phase::Failed(why), _) => format!(
            "The search ended early, at {} states: {why}. What was found until then is kept; {no_proof}",
            count(report.states)
        ),
        (_, Coverage::Running) => "Searching …".into(),
        (_, Coverage::Complete) => "Complete: every state within the bounds was visited.".into(),
        (_, Coverage::CutAtStates) => format!(
            "Cut at the {} states allowed: {no_proof}",
            count(asked.max_states.unwrap_or(report.states))
        ),
        (_, Coverage::CutAtSteps) => format!(
            "Cut at the longest schedule allowed, {} choices: {no_proof}",
            count(asked.max_steps.unwrap_or(report.depth).into())
        ),
        (_, Coverage::CutAtMemory) => {
            // Far below what was allowed, it was the browser that gave no more.
            let allowed = asked.max_bytes.filter(|most| *most / 3 <= report.memory_bytes);
            match allowed {
                Some(most) => {
                    format!("Cut at the memory allowed, {}: {no_proof}", bytes(most as f64))
                }
                None => format!(
                    "Cut at the memory that the browser gives, {} in all: {no_proof}",
                    bytes(check.heap_bytes)
                ),
            }
        }
        (_, Coverage::Sampled) => format!("A sample, drawn at random: {no_proof}"),
        (_, Coverage::StoppedAtViolation) => "Left at the first violation, as asked.".into(),
    }
}

/// A document, read and validated.
///
/// # Errors
/// A line for each mistake, with its path and its remedy.
pub fn parse_scenario(text: &str) -> Result<Scenario, Vec<String>> {
    interleave_engine::scenario::parse(text)
        .map_err(|problems| problems.iter().map(Problem::to_string).collect())
}

/// A title as the name of a file.
#[must_use]
pub fn file_name(title: &str) -> String {
    let plain: String = title
        .chars()
        .map(
            |letter| if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { '-' },
        )
        .collect();
    let name = plain.split('-').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-");
    if name.is_empty() { "scenario".to_owned() } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;
    use interleave_engine::session::CheckRequest;

    #[test]
    fn a_cut_at_memory_says_whose_bound_it_was() {
        let mut check = Checked {
            scenario: std::sync::Arc::new(interleave_engine::scenario::shipped()[0].scenario()),
            coupling: String::new(),
            request: CheckRequest { max_bytes: Some(1_000_000_000), ..CheckRequest::default() },
            report: CheckReport { coverage: Coverage::CutAtMemory, ..CheckReport::default() },
            elapsed_ms: 0.0,
            heap_bytes: 97e6,
            phase: Phase::Ended,
            on_page: None,
            rate: 0.0,
        };
        check.report.memory_bytes = 80_000_000;
        assert!(
            coverage(&check).starts_with("Cut at the memory that the browser gives, 97 MB in all")
        );
        check.report.memory_bytes = 990_000_000;
        assert!(coverage(&check).starts_with("Cut at the memory allowed, 1.00 GB"));
    }

    #[test]
    fn bytes_and_times_are_short() {
        assert_eq!(bytes(812.0), "812 bytes");
        assert_eq!(bytes(1_234_567.0), "1 MB");
        assert_eq!(bytes(1_234_567_890.0), "1.23 GB");
        assert_eq!(lasted(31.4), "31 ms");
        assert_eq!(lasted(12_345.0), "12.3 s");
    }

    #[test]
    fn titles_become_file_names() {
        assert_eq!(file_name("Customers & orders"), "customers-orders");
        assert_eq!(file_name("…"), "scenario");
    }
}
