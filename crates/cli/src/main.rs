//! Interleave on the command line: the engine of the page, native, for files that also run in
//! other people's checks. `docs/command-line.md` is the reference.

mod args;
mod commands;
mod coupling;
mod failure;
mod input;
mod measures;
mod output;
mod replay;
mod words;

use std::process::ExitCode;

use clap::Parser;

use args::{Args, Command};
use failure::{BadInput, Verdict};
use output::Output;

fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => return refused(&error),
    };
    let mut out = Output::new();
    let json = args.command.wants_json();
    let outcome = run(args.command, &mut out).and_then(|verdict| {
        out.finish()?;
        Ok(verdict)
    });
    match outcome {
        Ok(verdict) => verdict.exit_code(),
        Err(bad) => failed(&bad, json),
    }
}

fn run(command: Command, out: &mut Output) -> Result<Verdict, BadInput> {
    match command {
        Command::Run(args) => commands::run::run(&args, out),
        Command::Check(args) => commands::check::check(&args, out),
        Command::Compare(args) => commands::compare::compare(&args, out),
        Command::Isolation(args) => commands::isolation::isolation(&args, out),
        Command::Import(args) => commands::import::import(&args, out),
        Command::Link(args) => commands::link::link(&args, out),
        Command::Open(args) => commands::open::open(&args, out),
        Command::Schema => commands::lists::schema(out),
        Command::Patterns(args) => commands::lists::patterns(args.json, out),
        Command::Scenarios(args) => commands::lists::scenarios(args.json, out),
        Command::Stories(args) => commands::stories::stories(args.json, out),
    }
}

/// Says what is wrong with the input: each problem on standard error and, with `--json`, all of
/// them as the one object on standard output.
fn failed(bad: &BadInput, json: bool) -> ExitCode {
    bad.print_to_stderr();
    if json {
        let mut out = Output::new();
        out.json(bad);
        // What could not be written is said on standard error already.
        let _ = out.finish();
    }
    ExitCode::from(failure::EXIT_BAD_INPUT)
}

/// Says what is wrong with the arguments; help and version are no mistakes.
fn refused(error: &clap::Error) -> ExitCode {
    // A reader that went away needs no help text.
    let _ = error.print();
    if !error.use_stderr() {
        return ExitCode::SUCCESS;
    }
    if std::env::args_os().any(|arg| arg == "--json") {
        let mut out = Output::new();
        out.json(&BadInput::of_arguments(error));
        let _ = out.finish();
    }
    ExitCode::from(failure::EXIT_BAD_INPUT)
}
