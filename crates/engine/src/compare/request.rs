//! What is to be compared, and what can be wrong with it.

use std::rc::Rc;

use crate::cast::Cast;
use crate::patterns;
use crate::scenario::document::{Coupling, Parts};
use crate::scenario::{Problem, Scenario};

/// The most couplings of one comparison.
pub const MAX_COUPLINGS: usize = 12;
/// The most seeds of one comparison.
pub const MAX_SEEDS: usize = 1_000;

/// What is to be compared.
#[derive(Clone, PartialEq, Debug)]
pub struct Request {
    /// The scenario. Its own coupling and seed play no part.
    pub scenario: Scenario,
    /// The couplings, at most [`MAX_COUPLINGS`]; the others are compared with the first.
    pub couplings: Vec<Coupling>,
    /// The seeds that each coupling runs on, at most [`MAX_SEEDS`].
    pub seeds: Vec<u64>,
}

/// So many seeds, counted up from a first one.
#[must_use]
pub fn seeds_from(first: u64, count: u32) -> Vec<u64> {
    (0..u64::from(count)).map(|number| first.wrapping_add(number)).collect()
}

/// Reads a coupling from a pattern's name, or from its parts as `write+read+store`; read and store
/// may be left out, and are then direct and rows.
///
/// # Errors
/// Where a name is not known, what is allowed.
pub fn coupling_named(text: &str) -> Result<Coupling, Problem> {
    let mut parts = text.split('+').map(|part| part.trim().to_owned());
    let first = parts.next().unwrap_or_default();
    let rest: Vec<String> = parts.collect();
    let is_pattern = patterns::PATTERNS.iter().any(|pattern| pattern.name == first);
    let is_write = patterns::write::TABLE.iter().any(|member| member.name == first);
    let coupling = if rest.is_empty() && (is_pattern || !is_write) {
        Coupling::Named(first)
    } else if rest.len() <= 2 {
        let mut rest = rest.into_iter();
        Coupling::Parts(Parts {
            write: first,
            read: rest.next().unwrap_or_else(|| "direct".into()),
            store: rest.next().unwrap_or_else(|| "rows".into()),
        })
    } else {
        return Err(Problem::new(
            "coupling",
            format!("{text:?} has {} parts", rest.len() + 1),
            "write a pattern's name, or write+read+store",
        ));
    };
    patterns::resolve(&coupling).map(|_| coupling)
}

/// The named patterns that can run a scenario, in the order in which they are offered.
#[must_use]
pub fn couplings_that_run(scenario: &Scenario) -> Vec<Coupling> {
    let named = patterns::PATTERNS.iter().map(|pattern| Coupling::Named(pattern.name.to_owned()));
    named.filter(|coupling| runs(scenario, coupling).is_ok()).take(MAX_COUPLINGS).collect()
}

/// Who is who in a scenario under a coupling, where it runs.
fn runs(scenario: &Scenario, coupling: &Coupling) -> Result<Rc<Cast>, Vec<Problem>> {
    let scenario = Scenario { coupling: coupling.clone(), ..scenario.clone() };
    let problems = crate::scenario::validate(&scenario);
    if !problems.is_empty() {
        return Err(problems);
    }
    let (plan, _) = patterns::plan(&scenario).map_err(|problem| vec![problem])?;
    Ok(plan.cast)
}

/// The cast of each coupling of a request that can be carried out.
pub(super) fn validate(request: &Request) -> Result<Vec<Rc<Cast>>, Vec<Problem>> {
    let mut problems = bounds(request);
    let mut known: Vec<Rc<Cast>> = Vec::new();
    for (at, coupling) in request.couplings.iter().take(MAX_COUPLINGS).enumerate() {
        match runs(&request.scenario, coupling) {
            Ok(cast) => {
                if known.iter().any(|other| other.coupling == cast.coupling) {
                    problems.push(Problem::new(
                        format!("couplings[{at}]"),
                        format!("{:?} is there twice", cast.coupling),
                        "leave one of them away",
                    ));
                }
                known.push(cast);
            }
            Err(found) => {
                for problem in found {
                    let problem = at_coupling(problem, at);
                    // What is wrong with the scenario itself is the same under each coupling.
                    if !problems.contains(&problem) {
                        problems.push(problem);
                    }
                }
            }
        }
    }
    if problems.is_empty() { Ok(known) } else { Err(problems) }
}

/// A problem of a document's coupling, at its place in the list.
fn at_coupling(problem: Problem, at: usize) -> Problem {
    match problem.path.strip_prefix("coupling") {
        Some(rest) => Problem { path: format!("couplings[{at}]{rest}"), ..problem },
        None => problem,
    }
}

/// What is wrong with the numbers of couplings and seeds.
fn bounds(request: &Request) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut count = |path: &str, found: usize, most: usize| {
        if found == 0 || found > most {
            let remedy = format!("give 1 to {most}");
            problems.push(Problem::new(path, format!("there are {found}"), remedy));
        }
    };
    count("couplings", request.couplings.len(), MAX_COUPLINGS);
    count("seeds", request.seeds.len(), MAX_SEEDS);
    let mut sorted = request.seeds.clone();
    sorted.sort_unstable();
    if let Some(twice) = sorted.windows(2).find(|pair| pair[0] == pair[1]) {
        let found = format!("{} is there twice", twice[0]);
        problems.push(Problem::new(
            "seeds",
            found,
            "a seed gives the same run again; name it once",
        ));
    }
    problems
}
