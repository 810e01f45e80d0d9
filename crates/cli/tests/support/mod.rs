//! Runs the command as a stranger would.

#![allow(dead_code, reason = "each test file uses some of it")]

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// What a command came to.
pub struct Done {
    /// Its exit code.
    pub code: i32,
    /// Its standard output.
    pub stdout: String,
    /// Its standard error.
    pub stderr: String,
}

impl Done {
    /// Of a finished process.
    #[track_caller]
    pub fn of(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("everything printed is UTF-8");
        let done = Self {
            code: output.status.code().expect("it ended by itself"),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        };
        assert!(!done.stderr.contains("panicked"), "{}", done.stderr);
        done
    }

    /// The one JSON object on standard output.
    #[track_caller]
    pub fn json(&self) -> Value {
        let value: Value = serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("{error}: {:?} {}", self.stdout, self.stderr));
        assert!(value.is_object(), "{value}");
        value
    }

    /// The only line on standard output.
    #[track_caller]
    pub fn line(&self) -> &str {
        let line = self.stdout.strip_suffix('\n').expect("it ends its line");
        assert!(!line.contains('\n'), "{line}");
        line
    }
}

/// The command.
pub fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_interleave"));
    command.args(args).stdin(Stdio::null());
    command
}

/// Runs the command.
#[track_caller]
pub fn interleave(args: &[&str]) -> Done {
    Done::of(command(args).output().unwrap())
}

/// Runs the command, which must end with this code.
#[track_caller]
pub fn ends(code: i32, args: &[&str]) -> Done {
    let done = interleave(args);
    assert_eq!(done.code, code, "{args:?}: {}{}", done.stdout, done.stderr);
    done
}

/// Runs the command with this text on its standard input.
#[track_caller]
pub fn with_stdin(args: &[&str], text: &[u8]) -> Done {
    let mut child = command(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let text = text.to_vec();
    // A command that has read enough closes its end; that is for it to decide.
    let writer = std::thread::spawn(move || drop(stdin.write_all(&text)));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    Done::of(output)
}

/// An empty folder for the files of one test.
pub fn folder(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    // What an earlier run left is not wanted; mostly there is none.
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// The document of a shipped scenario.
pub fn document(name: &str) -> Value {
    let shipped = interleave_engine::scenario::by_name(name).unwrap();
    serde_json::from_str(shipped.json).unwrap()
}
