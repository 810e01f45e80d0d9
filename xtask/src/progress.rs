//! Runs commands so that nobody thinks they hang: says what starts and how long it should take,
//! how far it is meanwhile, and how long it took.

use crate::failure::{Failure, Result, at};
use std::fs::File;
use std::io::{IsTerminal, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How often a line says how far the work is, where the terminal cannot rewrite one.
const REPORT_EVERY: Duration = Duration::from_secs(20);
/// How often a child is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// How many lines of a failed command's output are shown.
const TAIL_LINES: usize = 40;

/// One command whose output goes to a log.
pub(crate) struct Job {
    /// A few words: "Trunk 0.21.14".
    pub(crate) name: String,
    /// What happens, as a sentence's start: "installing Trunk 0.21.14".
    pub(crate) doing: String,
    /// Expected duration in words: "about 4 minutes on 2 cores".
    pub(crate) takes: String,
    /// The command.
    pub(crate) command: Command,
}

/// A job under way.
struct Running {
    job: Job,
    child: Child,
    log: PathBuf,
    started: Instant,
    done: bool,
}

/// Runs jobs at the same time, with one line of progress for all; the first failure ends the others.
pub(crate) fn run_together(jobs: Vec<Job>) -> Result<()> {
    let mut running = Vec::new();
    for job in jobs {
        say(&format!("{} ({}) …", job.doing, job.takes));
        running.push(start(job)?);
    }
    let mut reported = Instant::now();
    while running.iter().any(|one| !one.done) {
        std::thread::sleep(LOOK_EVERY);
        for index in 0..running.len() {
            if let Err(failure) = look(&mut running[index]) {
                for other in running.iter_mut().filter(|one| !one.done) {
                    // It may have ended by itself just now; either way it is gone.
                    let _ = other.child.kill();
                    let _ = other.child.wait();
                }
                return Err(failure);
            }
        }
        if std::io::stdout().is_terminal() {
            rewrite_line(&status(&running));
        } else if reported.elapsed() >= REPORT_EVERY && running.iter().any(|one| !one.done) {
            reported = Instant::now();
            say(&format!("  {}", status(&running)));
        }
    }
    Ok(())
}

/// Runs one job.
pub(crate) fn run(job: Job) -> Result<()> {
    run_together(vec![job])
}

/// Prints a line at once, over whatever progress line stands there.
pub(crate) fn say(text: &str) {
    if std::io::stdout().is_terminal() {
        print!("\r\x1b[K");
    }
    println!("{text}");
    // A closed terminal is no reason to stop the work.
    let _ = std::io::stdout().flush();
}

/// "2m 05s", or "8s".
pub(crate) fn clock(elapsed: Duration) -> String {
    let seconds = elapsed.as_secs();
    match seconds / 60 {
        0 => format!("{seconds}s"),
        minutes => format!("{minutes}m {:02}s", seconds % 60),
    }
}

/// The folder of logs, which is made if need be.
pub(crate) fn log_folder() -> Result<PathBuf> {
    let folder = crate::paths::target().join("xtask");
    std::fs::create_dir_all(&folder).map_err(at(&folder))?;
    Ok(folder)
}

fn start(mut job: Job) -> Result<Running> {
    let file_name: String = job
        .name
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' })
        .collect();
    let log = log_folder()?.join(format!("{file_name}.log"));
    let file = File::create(&log).map_err(at(&log))?;
    let copy = file.try_clone().map_err(at(&log))?;
    let child = job
        .command
        .stdin(Stdio::null())
        .stdout(file)
        .stderr(copy)
        .spawn()
        .map_err(|error| cannot_start(&job.command, &error))?;
    Ok(Running { job, child, log, started: Instant::now(), done: false })
}

/// Notices that a job has ended.
fn look(one: &mut Running) -> Result<()> {
    if one.done {
        return Ok(());
    }
    let ended =
        one.child.try_wait().map_err(|error| Failure::new(format!("{}: {error}", one.job.name)))?;
    let Some(status) = ended else { return Ok(()) };
    one.done = true;
    if status.success() {
        say(&format!("  {}: done in {}", one.job.name, clock(one.started.elapsed())));
        return Ok(());
    }
    let output = std::fs::read_to_string(&one.log).unwrap_or_default();
    say(&last_lines(&output, TAIL_LINES));
    let failure = Failure::new(format!(
        "{} failed after {} ({status}); its whole output is in {}",
        one.job.doing,
        clock(one.started.elapsed()),
        one.log.display()
    ));
    Err(match remedy_for(&output) {
        Some(remedy) => failure.remedy(remedy),
        None => failure,
    })
}

/// What is known to help against the failures of other people's tools.
fn remedy_for(output: &str) -> Option<&'static str> {
    let offline = [
        "Could not resolve host",
        "Couldn't resolve host",
        "failed to download",
        "error sending request",
        "ENOTFOUND",
        "EAI_AGAIN",
        "download of config.json failed",
        "Temporary failure in name resolution",
        "Temporary failure resolving",
    ];
    let full = ["No space left on device"];
    let linker = ["linker `cc` not found", "failed to find tool \"cc\""];
    if offline.iter().any(|text| output.contains(text)) {
        Some("the network seems to be out of reach; this step needs it once, later runs do not")
    } else if full.iter().any(|text| output.contains(text)) {
        Some("the disk is full; the build needs about 5 GB")
    } else if linker.iter().any(|text| output.contains(text)) {
        Some(
            "install a C compiler (Debian, Ubuntu: apt-get install build-essential; macOS: xcode-select --install)",
        )
    } else {
        None
    }
}

/// The error of a program that did not start.
pub(crate) fn cannot_start(command: &Command, error: &std::io::Error) -> Failure {
    let program = command.get_program().to_string_lossy().into_owned();
    let failure = Failure::new(format!("`{program}` could not be started: {error}"));
    if error.kind() == std::io::ErrorKind::NotFound {
        failure.remedy(format!("install `{program}`, or put it on the PATH"))
    } else {
        failure
    }
}

/// One line about all the jobs that still run.
fn status(running: &[Running]) -> String {
    let parts: Vec<String> = running
        .iter()
        .filter(|one| !one.done)
        .map(|one| {
            let (crates, last) = read_log(&one.log);
            let crates = if crates > 0 { format!(", {crates} crates") } else { String::new() };
            let last: String = last.chars().take(40).collect();
            format!("{} {}{crates}: {last}", one.job.name, clock(one.started.elapsed()))
        })
        .collect();
    parts.join(" · ")
}

/// The number of crates compiled so far and the last line.
fn read_log(log: &Path) -> (usize, String) {
    let mut text = String::new();
    if let Ok(mut file) = File::open(log) {
        // Only the end of a long log matters, and only for the last line; counting stays approximate beyond it.
        const END: u64 = 256 * 1024;
        let length = file.metadata().map_or(0, |data| data.len());
        let _ = file.seek(SeekFrom::Start(length.saturating_sub(END)));
        let mut bytes = Vec::new();
        let _ = file.read_to_end(&mut bytes);
        text = String::from_utf8_lossy(&bytes).into_owned();
    }
    let crates = text.lines().filter(|line| line.trim_start().starts_with("Compiling ")).count();
    let last = text.lines().rev().map(str::trim).find(|line| !line.is_empty());
    (crates, last.unwrap_or("starting").to_owned())
}

fn rewrite_line(text: &str) {
    let line: String = text.chars().take(118).collect();
    print!("\r\x1b[K{line}");
    let _ = std::io::stdout().flush();
}

fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_reads_as_minutes_and_seconds() {
        assert_eq!(clock(Duration::from_secs(8)), "8s");
        assert_eq!(clock(Duration::from_secs(125)), "2m 05s");
    }

    #[test]
    fn a_failed_job_fails_with_its_name() {
        let job = Job {
            name: "a wrong option".into(),
            doing: "asking rustc for nonsense".into(),
            takes: "no time".into(),
            command: {
                let mut command = Command::new("rustc");
                command.arg("--no-such-option");
                command
            },
        };
        let failure = run(job).unwrap_err().to_string();
        assert!(failure.starts_with("asking rustc for nonsense failed"), "{failure}");
    }

    #[test]
    fn being_offline_has_a_remedy() {
        assert!(remedy_for("error: Could not resolve host: example").is_some());
        assert!(remedy_for("error[E0308]: mismatched types").is_none());
    }

    #[test]
    fn the_last_lines_are_the_last() {
        assert_eq!(last_lines("a\nb\nc", 2), "b\nc");
        assert_eq!(last_lines("a", 2), "a");
    }
}
