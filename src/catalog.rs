//! The couplings that the engine offers, as the menus need them.

use interleave_engine::scenario::document::{Coupling, Parts};
use interleave_engine::session::{self, PatternInfo};

/// The named patterns.
#[must_use]
pub fn named() -> Vec<PatternInfo> {
    session::patterns()
}

/// The members of the three families: write, read, store; each with what it is.
#[must_use]
pub fn members() -> [Vec<(&'static str, &'static str)>; 3] {
    session::families()
}

/// The parts of a coupling by name; empty names where the coupling is not known.
#[must_use]
pub fn parts(coupling: &Coupling) -> Parts {
    let [write, read, store] = session::parts_of(coupling).unwrap_or([""; 3]).map(str::to_owned);
    Parts { write, read, store }
}

/// The named pattern of a coupling, where it has a name.
fn pattern_of(coupling: &Coupling) -> Option<PatternInfo> {
    let parts = session::parts_of(coupling).ok()?;
    named().into_iter().find(|pattern| pattern.parts == parts)
}

/// The name of a coupling's pattern, where it has one.
#[must_use]
pub fn name_of(coupling: &Coupling) -> Option<&'static str> {
    pattern_of(coupling).map(|pattern| pattern.name)
}

/// The title of a coupling's pattern, where it has one.
#[must_use]
pub fn title_of(coupling: &Coupling) -> Option<&'static str> {
    pattern_of(coupling).map(|pattern| pattern.title)
}

/// A coupling of these parts: by its name where it has one.
#[must_use]
pub fn of_parts(parts: Parts) -> Coupling {
    let coupling = Coupling::Parts(parts);
    name_of(&coupling).map_or(coupling, |name| Coupling::Named(name.to_owned()))
}

/// The title of a coupling on screen.
#[must_use]
pub fn title(coupling: &Coupling) -> String {
    pattern_of(coupling).map_or_else(
        || {
            let parts = parts(coupling);
            format!("{} · {} · {}", parts.write, parts.read, parts.store)
        },
        |pattern| pattern.title.to_owned(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_and_its_parts_are_the_same_coupling() {
        for pattern in named() {
            let coupling = Coupling::Named(pattern.name.to_owned());
            assert_eq!(of_parts(parts(&coupling)), coupling);
            assert_eq!(title(&coupling), pattern.title);
        }
    }
}
