//! Arguments that say parts of a scenario: `--pattern` and `--faults`.

use interleave_engine::scenario::Problem;
use interleave_engine::scenario::bounds::MAX_BUDGET;
use interleave_engine::scenario::document::{Budget, Coupling, Parts};
use interleave_engine::session;

/// Reads a coupling: a pattern's name, or parts as `write=saga-choreography,store=rows`. The parts
/// that are not said are what they are in a document: direct and rows.
///
/// # Errors
/// What cannot be read, and which names there are.
pub fn parse(text: &str) -> Result<Coupling, Problem> {
    let coupling = if text.contains('=') { parts(text)? } else { Coupling::Named(text.to_owned()) };
    match session::parts_of(&coupling) {
        Ok(_) => Ok(coupling),
        Err(problem) => {
            let path = problem.path.replacen("coupling", "--pattern", 1);
            Err(Problem { path, ..problem })
        }
    }
}

fn parts(text: &str) -> Result<Coupling, Problem> {
    let remedy = "write a pattern's name, or write=…,read=…,store=…, of which write must be said";
    let mut found: [Option<String>; 3] = [None, None, None];
    for (name, value) in pairs(text) {
        let problem = |found: String| Problem::new("--pattern", found, remedy);
        let place = match name {
            "write" => 0,
            "read" => 1,
            "store" => 2,
            _ => return Err(problem(format!("there is no part {name:?}"))),
        };
        let value = value.ok_or_else(|| problem(format!("{name:?} has no value")))?;
        if found[place].replace(value.to_owned()).is_some() {
            return Err(problem(format!("{name:?} is said twice")));
        }
    }
    let [write, read, store] = found;
    let write = write.ok_or_else(|| Problem::new("--pattern", "write is not said", remedy))?;
    Ok(Coupling::Parts(Parts {
        write,
        read: read.unwrap_or_else(|| "direct".into()),
        store: store.unwrap_or_else(|| "rows".into()),
    }))
}

/// Reads a fault budget: `crash=1,drop=1`, or `none`. Kinds that are not named do not happen.
///
/// # Errors
/// What cannot be read, and what is allowed.
pub fn parse_faults(text: &str) -> Result<Budget, Problem> {
    let mut budget = Budget::default();
    if text == "none" {
        return Ok(budget);
    }
    let problem = |found: String| {
        Problem::new(
            "--faults",
            found,
            format!(
                "write none, or some of crash, drop, duplicate, early-timer, give-up and pause, each \
                 with a number from 0 to {MAX_BUDGET}, as crash=1,drop=1"
            ),
        )
    };
    let mut named = Vec::new();
    for (name, value) in pairs(text) {
        // A document writes `early_timer`; both spellings are understood here.
        let name = name.replace('_', "-");
        let kind = match name.as_str() {
            "crash" => &mut budget.crash,
            "drop" => &mut budget.drop,
            "duplicate" => &mut budget.duplicate,
            "early-timer" => &mut budget.early_timer,
            "give-up" => &mut budget.give_up,
            "pause" => &mut budget.pause,
            _ => return Err(problem(format!("there is no fault {name:?}"))),
        };
        *kind = value
            .and_then(|value| value.parse().ok())
            .filter(|times| u64::from(*times) <= MAX_BUDGET)
            .ok_or_else(|| problem(format!("{name} is {:?}", value.unwrap_or_default())))?;
        if named.contains(&name) {
            return Err(problem(format!("{name:?} is said twice")));
        }
        named.push(name);
    }
    Ok(budget)
}

/// The parts of `a=1,b=2`.
fn pairs(text: &str) -> impl Iterator<Item = (&str, Option<&str>)> {
    text.split(',').map(|part| match part.split_once('=') {
        Some((name, value)) => (name.trim(), Some(value.trim())),
        None => (part.trim(), None),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_coupling_is_a_name_or_its_parts() {
        assert_eq!(parse("saga-choreography"), Ok(Coupling::Named("saga-choreography".into())));
        let parts = Parts {
            write: "saga-orchestration".into(),
            read: "direct".into(),
            store: "rows".into(),
        };
        assert_eq!(parse("store=rows, write=saga-orchestration"), Ok(Coupling::Parts(parts)));
    }

    #[test]
    fn a_wrong_coupling_names_the_argument_and_what_there_is() {
        for (text, path, found) in [
            ("sagas", "--pattern", "no pattern \"sagas\""),
            ("write=two", "--pattern.write", "no \"two\""),
            ("write=uncoordinated,read=all", "--pattern.read", "no \"all\""),
            ("read=direct", "--pattern", "write is not said"),
            ("write=a,write=b", "--pattern", "twice"),
            ("wrote=a", "--pattern", "no part \"wrote\""),
            ("write=uncoordinated,read", "--pattern", "no value"),
        ] {
            let problem = parse(text).unwrap_err();
            assert_eq!(problem.path, path, "{text}");
            assert!(problem.found.contains(found), "{text}: {problem}");
            assert!(!problem.remedy.is_empty());
        }
    }

    #[test]
    fn faults_that_are_not_named_do_not_happen() {
        let crash = Budget { crash: 1, ..Budget::default() };
        assert_eq!(parse_faults("crash=1"), Ok(crash));
        assert_eq!(parse_faults("none"), Ok(Budget::default()));
        let all = Budget { crash: 1, drop: 2, duplicate: 3, early_timer: 4, give_up: 8, pause: 5 };
        let text = "crash=1, drop=2,duplicate=3,early-timer=4,give_up=8,pause=5";
        assert_eq!(parse_faults(text), Ok(all));
    }

    #[test]
    fn a_wrong_budget_is_refused() {
        for text in ["", "crash", "crash=", "crash=9", "crash=-1", "crash=1,crash=1", "crush=1"] {
            let problem = parse_faults(text).unwrap_err();
            assert_eq!(problem.path, "--faults", "{text}");
        }
    }
}
