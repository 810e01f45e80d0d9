//! Runs the files and prints the table.

use std::panic::catch_unwind;
use std::path::PathBuf;
use std::process::ExitCode;

use serde_json::Value;

use super::record::{Record, Verdict};

/// Who runs the records of a file.
pub(crate) type Run = fn(&Value) -> Vec<Record>;

/// The folder of the files.
#[allow(clippy::disallowed_methods, reason = "which files a test reads is no part of a run")]
fn folder() -> PathBuf {
    let own = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/oracles");
    std::env::var_os("INTERLEAVE_ORACLES").map_or_else(|| PathBuf::from(own), PathBuf::from)
}

/// Runs the files that the arguments ask for; fails where a record fails, where a file cannot be
/// read, and where no file was found.
pub(crate) fn hold(files: &[(&str, Run)]) -> ExitCode {
    let mut asked: Vec<String> = std::env::args().skip(1).collect();
    if asked.iter().any(|word| word == "--list") {
        return ExitCode::SUCCESS;
    }
    let notes = asked.iter().any(|word| word == "--notes");
    asked.retain(|word| !word.starts_with('-'));
    let mut found = 0;
    let mut is_right = true;
    println!("{:<28}{:>8}{:>8}{:>15}", "", "passed", "failed", "not supported");
    for (file, run) in files {
        if !asked.is_empty() && !asked.iter().any(|word| file.contains(word.as_str())) {
            continue;
        }
        match read(file) {
            Ok(None) => println!("{file:<28}  is not in {}", folder().display()),
            Ok(Some(oracle)) => {
                let records = catch_unwind(|| run(&oracle));
                found += 1;
                is_right &= records.is_ok_and(|records| print(file, &records, notes));
            }
            Err(why) => {
                println!("{file:<28}  {why}");
                is_right = false;
            }
        }
    }
    if found == 0 {
        println!("No oracle file was found.");
    }
    if is_right && found > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn read(file: &str) -> Result<Option<Value>, String> {
    let path = folder().join(file);
    if !path.exists() {
        return Ok(None);
    }
    let text = std::fs::read_to_string(&path).map_err(|error| error.to_string())?;
    serde_json::from_str(&text).map(Some).map_err(|error| error.to_string())
}

/// Prints a file's line, and tells whether none failed.
fn print(file: &str, records: &[Record], notes: bool) -> bool {
    let passed = records.iter().filter(|record| record.verdict == Verdict::Passed).count();
    let mut failed = Vec::new();
    let mut unsupported: Vec<(&str, Vec<&str>)> = Vec::new();
    for Record { id, verdict, .. } in records {
        match verdict {
            Verdict::Passed => {}
            Verdict::Failed(why) => failed.push((id, why)),
            Verdict::Unsupported(why) => match unsupported.iter_mut().find(|(w, _)| w == why) {
                Some((_, ids)) => ids.push(id),
                None => unsupported.push((why, vec![id])),
            },
        }
    }
    let left = records.len() - passed - failed.len();
    println!("{file:<28}{passed:>8}{:>8}{left:>15}", failed.len());
    for (why, ids) in unsupported {
        println!("    not supported: {}: {why}", ids.join(" "));
    }
    for record in records.iter().filter(|record| notes && !record.note.is_empty()) {
        println!("    {}: {}", record.id, record.note);
    }
    for (id, why) in &failed {
        println!("    FAILED: {id}: {why}");
    }
    failed.is_empty()
}
