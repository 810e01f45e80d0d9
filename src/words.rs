//! Names for edits, and texts that go into or come out of documents.

use interleave_engine::scenario::document::FaultKind;
use interleave_engine::scenario::{Problem, Scenario};

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

    #[test]
    fn titles_become_file_names() {
        assert_eq!(file_name("Customers & orders"), "customers-orders");
        assert_eq!(file_name("…"), "scenario");
    }
}
