//! Where a scenario comes from.
//!
//! A SCENARIO is, in this order: `-` for standard input, a file where there is one of this name, a
//! link, the name of a shipped scenario. The file comes first so that a later engine that ships a
//! scenario of the same name changes nothing for those who have the file.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use interleave_engine::link::{self, Link};
use interleave_engine::scenario::bounds::MAX_BYTES;
use interleave_engine::scenario::document::Coupling;
use interleave_engine::scenario::{self, Problem, Scenario};
use interleave_engine::session::{self, RunInput};

use crate::args::ScenarioArgs;
use crate::coupling;
use crate::failure::BadInput;

/// What a link is called in messages, where it is no file's.
const LINK: &str = "the link";

/// A scenario as it was given, with all that a link says about it.
#[derive(Clone, Debug)]
pub struct Input {
    /// What it is called in messages.
    pub from: String,
    /// The scenario, its schedule and interventions; the rest is only there in a link.
    pub link: Link,
    /// Whether something was changed since it was read, so that a link's digest says nothing.
    pub changed: bool,
    recoupled: bool,
}

impl Input {
    /// Reads a SCENARIO.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn read(given: &str) -> Result<Self, BadInput> {
        if given == "-" {
            return of_text("standard input", io::stdin().lock());
        }
        let path = Path::new(given);
        // A link is no name of a file, and asking for so long a name is an error: then it is none.
        if path.metadata().is_ok_and(|metadata| !metadata.is_dir()) {
            let file = File::open(path).map_err(|error| unreadable(given, &error))?;
            return of_text(given, file);
        }
        if is_link(given) {
            return of_link(LINK, given);
        }
        match scenario::by_name(given) {
            Some(shipped) => Ok(Self {
                from: given.to_owned(),
                link: Link::of(shipped.scenario()),
                changed: false,
                recoupled: false,
            }),
            None => Err(not_found(given)),
        }
    }

    /// Reads a SCENARIO and changes what the arguments say.
    ///
    /// # Errors
    /// Everything that is wrong with it, or with the arguments.
    pub fn of_args(args: &ScenarioArgs) -> Result<Self, BadInput> {
        // A wrong argument is said before anything is read.
        let coupling = args.pattern.as_deref().map(coupling::parse).transpose()?;
        let mut input = Self::read(&args.scenario)?;
        if let Some(coupling) = coupling {
            input.couple(coupling);
        }
        Ok(input)
    }

    fn couple(&mut self, coupling: Coupling) {
        let scenario = &self.link.scenario;
        // A name and its parts are the same coupling; then the document stays as it is.
        if session::parts_of(&scenario.coupling) != session::parts_of(&coupling) {
            self.link.scenario = session::with_coupling(scenario, coupling);
            self.recoupled = true;
            self.changed = true;
        }
    }

    /// Draws from another seed.
    pub fn reseed(&mut self, seed: Option<u64>) {
        if let Some(seed) = seed {
            self.changed |= self.link.scenario.seed != seed;
            self.link.scenario.seed = seed;
        }
    }

    /// Ends the run after so many events at the latest.
    pub fn limit_events(&mut self, events: Option<u32>) {
        if let Some(events) = events {
            self.changed |= self.link.scenario.limits.events != events;
            self.link.scenario.limits.events = events;
        }
    }

    /// Refuses another coupling for a schedule: its choices name the messages of one coupling.
    ///
    /// # Errors
    /// Where the input is such a link.
    pub fn with_its_own_coupling(self) -> Result<Self, BadInput> {
        if self.recoupled && self.link.schedule.is_some() {
            return Err(Problem::new(
                "--pattern",
                "the link replays a schedule, which was made under its own pattern",
                "leave it away, or make a file of the scenario alone with `interleave open`",
            )
            .into());
        }
        Ok(self)
    }

    /// What the run is made from.
    ///
    /// # Errors
    /// What is wrong with the scenario under its coupling, or with an intervention.
    pub fn run_input(&self) -> Result<RunInput, BadInput> {
        let bad = |problems| BadInput::of(&self.from, problems);
        let Link { scenario, interventions, schedule, .. } = &self.link;
        let cast = session::cast_of(scenario).map_err(bad)?;
        let interventions: Result<Vec<_>, Problem> =
            interventions.iter().map(|text| session::parse_intervention(&cast, text)).collect();
        Ok(RunInput {
            scenario: scenario.clone(),
            interventions: interventions.map_err(|problem| bad(vec![problem]))?,
            schedule: schedule.clone(),
        })
    }

    /// The digest that a link says its run has, as long as nothing was changed.
    pub fn digest(&self) -> Option<&str> {
        self.link.digest.as_deref().filter(|_| !self.changed)
    }
}

/// Whether a text looks like a link of any version: `…#1.…`, or the fragment alone.
fn is_link(text: &str) -> bool {
    let fragment = text.split_once('#').map_or(text, |(_, fragment)| fragment);
    let version = fragment.split('.').next().unwrap_or_default();
    fragment.len() > version.len()
        && !version.is_empty()
        && version.bytes().all(|byte| byte.is_ascii_digit())
}

fn of_link(from: &str, text: &str) -> Result<Input, BadInput> {
    let link = link::decode(text).map_err(|error| {
        let problems = error.problems();
        // What is wrong with the link itself says so already.
        let names_link = problems.iter().all(|problem| problem.path.starts_with("link"));
        BadInput { from: (!names_link || from != LINK).then(|| from.to_owned()), problems }
    })?;
    Ok(Input { from: from.to_owned(), link, changed: false, recoupled: false })
}

/// Reads a document, or a link that was kept in a file.
fn of_text(from: &str, mut source: impl Read) -> Result<Input, BadInput> {
    let mut bytes = Vec::new();
    // One byte more than allowed is enough to know, so that an endless input ends.
    let limit = MAX_BYTES as u64 + 1;
    source
        .by_ref()
        .take(limit)
        .read_to_end(&mut bytes)
        .map_err(|error| unreadable(from, &error))?;
    let bad =
        |found: String, remedy: String| BadInput::of(from, vec![Problem::new("", found, remedy)]);
    if bytes.len() > MAX_BYTES {
        return Err(bad(
            format!("the document has more than {MAX_BYTES} bytes"),
            format!("at most {MAX_BYTES} are read"),
        ));
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to() + 1;
        bad(format!("byte {at} is not UTF-8"), "save the document as UTF-8".into())
    })?;
    if !text.trim_start().starts_with('{') && is_link(text.trim()) {
        return of_link(from, &text);
    }
    let scenario: Scenario =
        scenario::parse(&text).map_err(|problems| BadInput::of(from, problems))?;
    Ok(Input { from: from.to_owned(), link: Link::of(scenario), changed: false, recoupled: false })
}

fn unreadable(from: &str, error: &io::Error) -> BadInput {
    let problem =
        Problem::new("", format!("it cannot be read: {error}"), "give a file with a scenario");
    BadInput::of(from, vec![problem])
}

fn not_found(given: &str) -> BadInput {
    let names: Vec<&str> = scenario::shipped().iter().map(|shipped| shipped.name).collect();
    let shown: String = given.chars().take(64).collect();
    Problem::new(
        "SCENARIO",
        format!("there is no file and no shipped scenario {shown:?}"),
        format!("give a file, `-`, a link, or one of {}", names.join(", ")),
    )
    .into()
}

#[cfg(test)]
mod tests {
    use super::is_link;

    #[test]
    fn links_of_any_version_are_told_from_names() {
        for text in
            ["https://a.example/x/?present=1#1.abc&t=3", "#1.abc", "1.abc", "#9.abc", "#12."]
        {
            assert!(is_link(text), "{text}");
        }
        for text in ["checkout", "checkout.json", "#checkout", "#.1", "", "1", "v1.json", "#v1.a"] {
            assert!(!is_link(text), "{text}");
        }
    }
}
