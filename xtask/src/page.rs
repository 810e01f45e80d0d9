//! The page as it is released: building it, and weighing it.

use crate::failure::{Failure, Result, at};
use crate::paths;
use crate::pins::WASM_TARGET;
use crate::progress::{self, Job, say};
use crate::tools::cargo;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The limits, by the end of a file's name.
const BUDGET: &str = include_str!("../budget.txt");

/// Where tests and measurements put the page; `dist/` belongs to `serve`.
pub(crate) fn built() -> PathBuf {
    paths::target().join("page")
}

/// Builds the released page into `folder`.
pub(crate) fn build(path: &OsStr, folder: &Path) -> Result<()> {
    progress::run(compile(true))?;
    let mut command = trunk(path);
    command.args(["build", "--release", "--dist"]).arg(folder);
    progress::run(Job {
        name: "the released page".into(),
        doing: "bundling the page as released, and making it small".into(),
        takes: "half a minute".into(),
        command,
    })
}

/// Compiles the page's code as Trunk will, so that Trunk, which works offline, finds everything there.
pub(crate) fn compile(release: bool) -> Job {
    let mut command =
        cargo(&["build", "--locked", "--target", WASM_TARGET, "--bin", "interleave-page"]);
    let (name, takes) = if release {
        command.arg("--release");
        ("the page's code, small", "4 minutes the first time, 1 later")
    } else {
        ("the page's code", "2 to 5 minutes the first time, seconds later")
    };
    Job {
        name: name.into(),
        doing: "compiling the page to WebAssembly".into(),
        takes: takes.into(),
        command,
    }
}

/// Trunk, in the project.
pub(crate) fn trunk(path: &OsStr) -> Command {
    let mut command = Command::new("trunk");
    command
        .current_dir(paths::root())
        .env("PATH", path)
        .env("NO_COLOR", "true")
        // Where a build fails, Trunk's own call stack would bury the compiler's error.
        .env("RUST_BACKTRACE", "0");
    command
}

/// One file of the page.
pub(crate) struct Weight {
    /// Its name, with its hash.
    pub(crate) name: String,
    /// Bytes on disk.
    pub(crate) raw_bytes: u64,
    /// Bytes over the wire, by gzip at its best.
    pub(crate) gzip_bytes: u64,
}

/// The files of a built page, by name.
pub(crate) fn weigh(folder: &Path) -> Result<Vec<Weight>> {
    let mut weights = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(at(folder))? {
        let path = entry.map_err(at(folder))?.path();
        if !path.is_file() {
            continue;
        }
        let bytes = std::fs::read(&path).map_err(at(&path))?;
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        let zipped =
            encoder.write_all(&bytes).and_then(|()| encoder.finish()).map_err(at(&path))?;
        weights.push(Weight {
            name: path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            raw_bytes: bytes.len() as u64,
            gzip_bytes: zipped.len() as u64,
        });
    }
    weights.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(weights)
}

/// The table of weights.
pub(crate) fn table(weights: &[Weight]) -> String {
    let mut text = format!("{:<52} {:>9} {:>9}\n", "File", "bytes", "gzip");
    for weight in weights {
        text.push_str(&format!(
            "{:<52} {:>9} {:>9}\n",
            weight.name, weight.raw_bytes, weight.gzip_bytes
        ));
    }
    let raw: u64 = weights.iter().map(|weight| weight.raw_bytes).sum();
    let gzip: u64 = weights.iter().map(|weight| weight.gzip_bytes).sum();
    text.push_str(&format!("{:<52} {raw:>9} {gzip:>9}", "all"));
    text
}

/// Prints the weights, and fails where they exceed the budget.
pub(crate) fn check_weight(folder: &Path) -> Result<()> {
    let weights = weigh(folder)?;
    say(&table(&weights));
    let over = over_budget(&weights, &budget(BUDGET)?);
    if over.is_empty() {
        return Ok(());
    }
    Err(Failure::new(format!("the page is too heavy: {}", over.join("; ")))
        .remedy("find what grew, or argue for a larger budget in xtask/budget.txt"))
}

/// Gzip bytes allowed, by the end of a file's name; `all` for their sum.
fn budget(text: &str) -> Result<BTreeMap<String, u64>> {
    text.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| {
            let (kind, bytes) = line.split_once(' ').unwrap_or((line, ""));
            let bytes = bytes.trim().parse();
            bytes.map(|bytes| (kind.to_owned(), bytes)).map_err(|_| {
                Failure::new(format!("xtask/budget.txt: `{line}` is not `kind bytes`"))
            })
        })
        .collect()
}

fn over_budget(weights: &[Weight], budget: &BTreeMap<String, u64>) -> Vec<String> {
    let mut sums: BTreeMap<&str, u64> = BTreeMap::new();
    for weight in weights {
        let kind = weight.name.rsplit('.').next().unwrap_or_default();
        *sums.entry(kind).or_default() += weight.gzip_bytes;
        *sums.entry("all").or_default() += weight.gzip_bytes;
    }
    sums.into_iter()
        .filter_map(|(kind, bytes)| match budget.get(kind) {
            None => Some(format!("files of kind {kind} have no budget")),
            Some(allowed) if bytes > *allowed => {
                Some(format!("{kind} has {bytes} bytes gzip of {allowed} allowed"))
            }
            Some(_) => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, gzip_bytes: u64) -> Weight {
        Weight { name: name.into(), raw_bytes: gzip_bytes, gzip_bytes }
    }

    #[test]
    fn the_budget_file_reads() {
        assert!(budget(BUDGET).unwrap().contains_key("all"));
        assert!(budget("wasm many").is_err());
    }

    #[test]
    fn each_kind_and_the_sum_are_held() {
        let limits = budget("# a comment\nwasm 10\njs 10\nall 15").unwrap();
        assert!(over_budget(&[file("a.wasm", 10), file("a.js", 5)], &limits).is_empty());
        assert_eq!(over_budget(&[file("a.wasm", 6), file("b.wasm", 5)], &limits).len(), 1);
        assert_eq!(over_budget(&[file("a.wasm", 10), file("a.js", 6)], &limits).len(), 1);
        assert_eq!(over_budget(&[file("a.gif", 1)], &limits).len(), 1);
    }
}
