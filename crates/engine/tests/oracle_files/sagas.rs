//! `saga.json`: vectors of commands and outcomes, and the histories of sagas of steps in a row.

use serde_json::Value;

use super::record::{Not, Record, id, judge, rows, text};
use crate::saga_support::{self, Verdict, linear};

/// Runs the records.
pub(crate) fn run(oracle: &Value) -> Vec<Record> {
    let mut records = Vec::new();
    let mut definition = None;
    for row in rows(oracle, "/vectors") {
        let checked = text(row, "definition").and_then(|own| {
            if own != "same" {
                definition = Some(own.to_owned());
            }
            let unknown = || Not::Supported("the definition before it is missing".to_owned());
            outcome(saga_support::run(row, definition.as_deref().ok_or_else(unknown)?))
        });
        records.push(judge(&id(row), checked));
    }
    for (pointer, check) in [
        ("/combinatorics/linear", linear::count as fn(&Value) -> Verdict),
        ("/combinatorics/pivot", linear::histories),
    ] {
        records
            .extend(rows(oracle, pointer).iter().map(|row| judge(&id(row), outcome(check(row)))));
    }
    for pointer in ["/rules", "/anomaly_scenarios"] {
        let prose = "a sentence, which no machine can run";
        let prose = || Err(Not::Supported(prose.to_owned()));
        records.extend(rows(oracle, pointer).iter().map(|row| judge(&id(row), prose())));
    }
    records
}

fn outcome(verdict: Verdict) -> Result<(), Not> {
    match verdict {
        Verdict::Passed => Ok(()),
        Verdict::Failed(differences) => Err(Not::Right(differences.join("; "))),
        Verdict::Unsupported(why) => Err(Not::Supported(why)),
    }
}
