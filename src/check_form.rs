//! What a person asks of a check: texts as they were typed, and what is wrong with them.
//!
//! A number that cannot be is never bent to one that can: it stands as typed, with its mistake beside it.

use interleave_engine::scenario::bounds::{MAX_BUDGET, MAX_EXPLORED, MAX_STATES};
use interleave_engine::scenario::document::{Bounds, Budget};
use interleave_engine::session::{CheckRequest, Search};
use interleave_engine::views::format::count;

/// Bytes of a megabyte, as bounds of memory are said on the page.
pub const MEGABYTE: u64 = 1_000_000;
/// The memory that a check may hold unless a person says otherwise, in megabytes: what every browser gives.
const MEMORY_MB: u64 = 1_000;
/// The most: a program in a browser can address four gigabytes, and its results need room too.
const MEMORY_MB_MAX: u64 = 3_500;
/// The longest schedule that can be asked for, in choices.
const STEPS_MAX: u64 = 100_000;
/// The largest seed: beyond it numbers in documents lose digits.
const SEED_MAX: u64 = 1 << 53;

/// A number of the form.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Number {
    /// Transactions that take part.
    Transactions,
    /// Crashes of a node.
    Crash,
    /// Messages lost.
    Drop,
    /// Messages delivered twice.
    Duplicate,
    /// Where to stop, in states.
    States,
    /// Where to stop, in memory.
    Memory,
    /// Retry timers that fire early.
    EarlyTimer,
    /// Exchanges given up.
    GiveUp,
    /// Members of consumer groups that stand still.
    Pause,
    /// The longest schedule.
    Steps,
    /// What random walks begin with.
    Seed,
}

/// What stands beside a number, and what it may be.
#[derive(Clone, Copy, Debug)]
pub struct NumberInfo {
    /// Which.
    pub number: Number,
    /// Its name on screen.
    pub title: &'static str,
    /// The id of its field in the page.
    pub id: &'static str,
    /// What it means, in one line.
    pub about: &'static str,
    /// The least.
    pub min: u64,
    /// The most.
    pub max: u64,
    /// What leaving it empty means, where that is allowed.
    pub empty: Option<&'static str>,
}

/// All numbers, in the order on screen and of [`Number`]: first those that everybody needs.
pub const NUMBERS: [NumberInfo; 11] = [
    number(
        Number::Transactions,
        "check-transactions",
        "Transactions",
        "the first so many arrivals of the workload",
        [1, MAX_EXPLORED],
        None,
    ),
    number(
        Number::Crash,
        "check-crash",
        "Crashes",
        "a service dies at any point and comes back",
        [0, MAX_BUDGET],
        None,
    ),
    number(
        Number::Drop,
        "check-drop",
        "Messages lost",
        "a message, or the reply to a call",
        [0, MAX_BUDGET],
        None,
    ),
    number(
        Number::Duplicate,
        "check-duplicate",
        "Delivered twice",
        "a message or a record comes again",
        [0, MAX_BUDGET],
        None,
    ),
    number(
        Number::States,
        "check-states",
        "States at most",
        "the search is cut there",
        [1, MAX_STATES],
        None,
    ),
    number(
        Number::Memory,
        "check-memory",
        "Memory at most, MB",
        "for states seen and waiting",
        [1, MEMORY_MB_MAX],
        None,
    ),
    number(
        Number::EarlyTimer,
        "check-early",
        "Early retries",
        "a timer fires while the answer may still come",
        [0, MAX_BUDGET],
        None,
    ),
    number(
        Number::GiveUp,
        "check-give-up",
        "Giving up",
        "somebody stops trying to reach another",
        [0, MAX_BUDGET],
        None,
    ),
    number(
        Number::Pause,
        "check-pause",
        "Paused consumers",
        "a consumer stands still, and others take over",
        [0, MAX_BUDGET],
        None,
    ),
    number(
        Number::Steps,
        "check-steps",
        "Longest schedule",
        "in choices; empty for any length",
        [1, STEPS_MAX],
        Some("any"),
    ),
    number(
        Number::Seed,
        "check-seed",
        "Seed of the walks",
        "the same seed draws the same schedules",
        [0, SEED_MAX],
        None,
    ),
];

const fn number(
    number: Number,
    id: &'static str,
    title: &'static str,
    about: &'static str,
    range: [u64; 2],
    empty: Option<&'static str>,
) -> NumberInfo {
    NumberInfo { number, id, title, about, min: range[0], max: range[1], empty }
}

/// How many of [`NUMBERS`] are always in sight.
pub const IN_SIGHT: usize = 6;

/// In which order to search.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Order {
    /// Level by level.
    #[default]
    Breadth,
    /// Along one schedule to its end.
    Depth,
    /// Schedules drawn at random.
    Random,
}

impl Order {
    /// All, with their names and what they are good for.
    pub const ALL: [(Self, &'static str, &'static str); 3] = [
        (Self::Breadth, "Breadth first", "the schedule found is a shortest one"),
        (Self::Depth, "Depth first", "little waits in memory; schedules found are long"),
        (
            Self::Random,
            "Random walks",
            "a sample, for spaces that do not fit: finds, and proves nothing",
        ),
    ];
}

/// The form.
#[derive(Clone, PartialEq, Debug)]
pub struct CheckForm {
    /// The texts of [`NUMBERS`].
    texts: [String; NUMBERS.len()],
    /// In which order to search.
    pub order: Order,
    /// First without faults, then with one more at a time.
    pub deepen: bool,
    /// Whether to leave out what something else stands for.
    pub reduce: bool,
    /// The properties to check, by id; all where there is no list.
    pub properties: Option<Vec<String>>,
}

impl Default for CheckForm {
    fn default() -> Self {
        Self::of(&Bounds::default())
    }
}

impl CheckForm {
    /// The form as it begins for a scenario with these bounds.
    #[must_use]
    pub fn of(bounds: &Bounds) -> Self {
        let faults = bounds.faults;
        let numbers = NUMBERS.map(|info| match info.number {
            Number::Transactions => Some(u64::from(bounds.transactions)),
            Number::Crash => Some(u64::from(faults.crash)),
            Number::Drop => Some(u64::from(faults.drop)),
            Number::Duplicate => Some(u64::from(faults.duplicate)),
            Number::EarlyTimer => Some(u64::from(faults.early_timer)),
            Number::GiveUp => Some(u64::from(faults.give_up)),
            Number::Pause => Some(u64::from(faults.pause)),
            Number::States => Some(bounds.max_states),
            Number::Memory => Some(MEMORY_MB),
            Number::Steps => None,
            Number::Seed => Some(1),
        });
        Self {
            texts: numbers.map(|n| n.map_or_else(String::new, |n| n.to_string())),
            order: Order::default(),
            deepen: true,
            reduce: false,
            properties: None,
        }
    }

    /// A number as it was typed.
    #[must_use]
    pub fn text(&self, number: Number) -> &str {
        &self.texts[number as usize]
    }

    /// Types a number.
    pub fn set_text(&mut self, number: Number, text: String) {
        self.texts[number as usize] = text;
    }

    /// A number, or none where it is empty and may be.
    ///
    /// # Errors
    /// What is wrong with it and what is allowed.
    pub fn number(&self, number: Number) -> Result<Option<u64>, String> {
        let info = &NUMBERS[number as usize];
        // People write separators as the page does.
        let text: String =
            self.text(number).chars().filter(|c| !matches!(c, ',' | '_' | ' ')).collect();
        if text.is_empty() && info.empty.is_some() {
            return Ok(None);
        }
        let allowed = || format!("a whole number from {} to {}", count(info.min), count(info.max));
        match text.parse::<u64>() {
            Ok(n) if (info.min..=info.max).contains(&n) => Ok(Some(n)),
            Ok(n) => Err(format!("{} is out of bounds: {}", count(n), allowed())),
            Err(_) if text.is_empty() => Err(format!("Needed: {}", allowed())),
            Err(_) => Err(format!("Not a number here: {}", allowed())),
        }
    }

    /// Whether a number has no say: the seed, where nothing is drawn.
    #[must_use]
    pub fn is_idle(&self, number: Number) -> bool {
        number == Number::Seed && self.order != Order::Random
    }

    /// What to search for.
    ///
    /// # Errors
    /// The first number with a mistake; none where no property is chosen.
    pub fn request(&self) -> Result<CheckRequest, Option<Number>> {
        let read = |number| {
            if self.is_idle(number) {
                return Ok(None);
            }
            self.number(number).map_err(|_| Some(number))
        };
        // The ranges of the table fit into the smaller types.
        let faults = |number| read(number).map(|n| n.unwrap_or_default() as u8);
        let request = CheckRequest {
            transactions: read(Number::Transactions)?.map(|n| n as u32),
            faults: Some(Budget {
                crash: faults(Number::Crash)?,
                drop: faults(Number::Drop)?,
                duplicate: faults(Number::Duplicate)?,
                early_timer: faults(Number::EarlyTimer)?,
                give_up: faults(Number::GiveUp)?,
                pause: faults(Number::Pause)?,
            }),
            max_states: read(Number::States)?,
            max_bytes: read(Number::Memory)?.map(|n| n * MEGABYTE),
            max_steps: read(Number::Steps)?.map(|n| n as u32),
            properties: self.properties.clone(),
            first_only: false,
            search: match self.order {
                Order::Breadth => Search::BreadthFirst,
                Order::Depth => Search::DepthFirst,
                Order::Random => {
                    Search::RandomWalks { seed: read(Number::Seed)?.unwrap_or_default() }
                }
            },
            deepen: self.deepen,
            reduce: self.reduce,
        };
        if self.properties.as_ref().is_some_and(Vec::is_empty) {
            return Err(None);
        }
        Ok(request)
    }

    /// What the folded part asks for, where it differs from how it begins.
    #[must_use]
    pub fn more_in_words(&self) -> String {
        let mut parts = Vec::new();
        for info in &NUMBERS[IN_SIGHT..] {
            match (info.number, self.number(info.number)) {
                (Number::Seed, _) | (_, Ok(None | Some(0))) => {}
                (_, Ok(Some(n))) => {
                    parts.push(format!("{} {}", info.title.to_ascii_lowercase(), count(n)))
                }
                (_, Err(_)) => {
                    parts.push(format!("{}: not a number", info.title.to_ascii_lowercase()))
                }
            }
        }
        let (_, order, _) = Order::ALL[self.order as usize];
        parts.push(order.to_ascii_lowercase());
        if self.deepen {
            parts.push("fewest faults first".into());
        }
        if self.reduce {
            parts.push("reduced".into());
        }
        parts.push(match self.properties.as_ref().map(Vec::len) {
            None => "all properties".into(),
            Some(1) => "1 property".into(),
            Some(n) => format!("{n} properties"),
        });
        parts.join(", ")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_table_is_in_the_order_of_the_numbers() {
        for (at, info) in NUMBERS.iter().enumerate() {
            assert_eq!(info.number as usize, at);
        }
        for (at, (order, ..)) in Order::ALL.iter().enumerate() {
            assert_eq!(*order as usize, at);
        }
    }

    #[test]
    fn the_form_begins_with_what_a_scenario_says() {
        let bounds = Bounds {
            transactions: 2,
            faults: Budget { crash: 1, pause: 1, ..Budget::default() },
            max_states: 1_000,
        };
        let request = CheckForm::of(&bounds).request().unwrap();
        assert_eq!(request.transactions, Some(2));
        assert_eq!(request.faults, Some(bounds.faults));
        assert_eq!(request.max_states, Some(1_000));
        assert_eq!(request.max_bytes, Some(1_000_000_000));
        assert_eq!((request.max_steps, request.search), (None, Search::BreadthFirst));
        assert!(request.deepen && !request.reduce && !request.first_only);
    }

    #[test]
    fn a_number_out_of_bounds_stays_as_typed_and_is_named() {
        let mut form = CheckForm::default();
        for text in ["9", "-1", "", "two", "1.5", "99999999999999999999999"] {
            form.set_text(Number::Crash, text.into());
            assert_eq!(form.text(Number::Crash), text);
            let mistake = form.number(Number::Crash).unwrap_err();
            assert!(mistake.contains("from 0 to 8"), "{mistake}");
            assert_eq!(form.request(), Err(Some(Number::Crash)));
        }
        form.set_text(Number::Crash, " 2 ".into());
        form.set_text(Number::States, "1,000,000".into());
        assert_eq!(form.request().unwrap().max_states, Some(1_000_000));
    }

    #[test]
    fn the_seed_counts_only_where_something_is_drawn() {
        let mut form = CheckForm::default();
        form.set_text(Number::Seed, "x".into());
        assert!(form.request().is_ok());
        form.order = Order::Random;
        assert_eq!(form.request(), Err(Some(Number::Seed)));
        form.set_text(Number::Seed, "7".into());
        assert_eq!(form.request().unwrap().search, Search::RandomWalks { seed: 7 });
    }

    #[test]
    fn no_property_is_no_check() {
        let form = CheckForm { properties: Some(Vec::new()), ..CheckForm::default() };
        assert_eq!(form.request(), Err(None));
    }
}
