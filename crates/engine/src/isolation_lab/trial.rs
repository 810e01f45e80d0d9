//! An experiment under every setting, and the table that comes of it.

use std::rc::Rc;

use serde::{Deserialize, Serialize};

use super::experiment::Experiment;
use super::explore::{Exploration, Extent, STATES_MAX};
use super::machine::Bench;
use super::phenomena::{Kind, Phenomenon};
use super::played::{Tone, play};
use super::setting::{Setting, Style};

/// What is known of a phenomenon under a setting.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "is")]
pub enum Verdict {
    /// An interleaving shows it.
    Possible {
        /// How many do.
        interleavings: u64,
        /// The one that is shown: whose step is next, by place from 0.
        schedule: Vec<u8>,
    },
    /// No interleaving shows it, and without isolation, or at another level, one does.
    Prevented {
        /// What becomes of that one here: `waits`, `refused`, `not visible`.
        how: Vec<String>,
        /// That one, as it goes here.
        schedule: Vec<u8>,
        /// Where it shows: a setting's name.
        shown_at: String,
    },
    /// No interleaving shows it anywhere.
    Absent,
    /// It has not shown, and not every interleaving was looked at.
    Unknown,
}

/// A cell of the table.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Cell {
    /// The phenomenon's short name.
    pub name: String,
    /// What is known of it.
    pub verdict: Verdict,
}

/// A setting's row of the table.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Row {
    /// The setting's name.
    pub setting: String,
    /// The database.
    pub database: String,
    /// The level.
    pub level: String,
    /// `complete`, `cut`, `running` or `waiting`.
    pub extent: String,
    /// The interleavings that were looked at.
    pub interleavings: u64,
    /// Distinct states.
    pub states: u32,
    /// Steps taken.
    pub transitions: u64,
    /// What is known of each phenomenon.
    pub cells: Vec<Cell>,
}

/// The table.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Table {
    /// The experiment's title.
    pub title: String,
    /// Whether nothing is left to do.
    pub done: bool,
    /// The orders of steps that there would be if nothing waited or failed.
    pub orders: u64,
    /// A row for each setting.
    pub rows: Vec<Row>,
}

impl Table {
    /// The phenomena that show in any row, or would without isolation.
    #[must_use]
    pub fn columns(&self) -> Vec<Phenomenon> {
        let shows = |one: &Phenomenon| {
            let cells = self.rows.iter().flat_map(|row| &row.cells);
            cells.filter(|cell| cell.name == one.name()).any(|cell| {
                matches!(cell.verdict, Verdict::Possible { .. } | Verdict::Prevented { .. })
            })
        };
        Phenomenon::ALL.into_iter().filter(shows).collect()
    }

    /// The row of a setting.
    #[must_use]
    pub fn row(&self, setting: &str) -> Option<&Row> {
        self.rows.iter().find(|row| row.setting == setting)
    }
}

impl Row {
    /// What is known of a phenomenon.
    #[must_use]
    pub fn verdict(&self, of: Phenomenon) -> Option<&Verdict> {
        self.cells.iter().find(|cell| cell.name == of.name()).map(|cell| &cell.verdict)
    }
}

/// An experiment that is being run under every setting.
#[derive(Debug)]
pub struct Trial {
    experiment: Rc<Experiment>,
    explorations: Vec<(Setting, Exploration)>,
    at: usize,
}

impl Trial {
    /// A trial under these settings, and under none, which the others are held against. At most so
    /// many states are visited of each.
    #[must_use]
    pub fn new(
        experiment: Rc<Experiment>,
        settings: impl IntoIterator<Item = Setting>,
        states_max: Option<u32>,
    ) -> Self {
        let states_max = states_max.unwrap_or(STATES_MAX);
        let mut all = vec![Setting::NONE];
        all.extend(settings.into_iter().filter(|setting| setting.style != Style::Unguarded));
        let explore = |setting: Setting| {
            (setting, Exploration::new(Bench::new(Rc::clone(&experiment), setting), states_max))
        };
        Self { explorations: all.into_iter().map(explore).collect(), experiment, at: 0 }
    }

    /// Expands up to so many states; tells whether nothing is left to do.
    pub fn run_slice(&mut self, states_max: u32) -> bool {
        if let Some((_, exploration)) = self.explorations.get_mut(self.at)
            && exploration.run_slice(states_max)
        {
            self.at += 1;
        }
        self.at >= self.explorations.len()
    }

    /// Runs to the end.
    pub fn run(&mut self) -> Table {
        while !self.run_slice(u32::MAX) {}
        self.table()
    }

    /// The explorations, in the order of the rows.
    pub fn explorations(&self) -> impl Iterator<Item = (Setting, &Exploration)> {
        self.explorations.iter().map(|(setting, exploration)| (*setting, exploration))
    }

    /// What is known.
    #[must_use]
    pub fn table(&self) -> Table {
        let rows = self.explorations.iter().enumerate().map(|(at, (setting, exploration))| {
            let extent = match exploration.extent() {
                Extent::Complete => "complete",
                Extent::Cut => "cut",
                Extent::Running if at == self.at => "running",
                Extent::Running => "waiting",
            };
            let verdict = |one| Cell {
                name: Phenomenon::name(one).to_owned(),
                verdict: self.verdict(*setting, exploration, one),
            };
            Row {
                setting: setting.name().to_owned(),
                database: setting.style.title().to_owned(),
                level: setting.level_title().to_owned(),
                extent: extent.to_owned(),
                interleavings: exploration.interleavings,
                states: exploration.states(),
                transitions: exploration.transitions,
                cells: Phenomenon::ALL.into_iter().map(verdict).collect(),
            }
        });
        Table {
            title: self.experiment.title.clone(),
            done: self.at >= self.explorations.len(),
            orders: self.experiment.orders(),
            rows: rows.collect(),
        }
    }

    fn verdict(&self, setting: Setting, exploration: &Exploration, one: Phenomenon) -> Verdict {
        if let Some(tally) = exploration.tally(one) {
            return Verdict::Possible {
                interleavings: tally.interleavings,
                schedule: tally.schedule.clone(),
            };
        }
        if exploration.extent() != Extent::Complete {
            return Verdict::Unknown;
        }
        if one.kind() == Kind::Cost {
            return Verdict::Absent;
        }
        match self.nearest(setting, one) {
            Some((weaker, schedule)) => self.prevented(setting, weaker, schedule),
            None => Verdict::Absent,
        }
    }

    /// The setting in which something shows that is nearest: the next weaker level of the database,
    /// or else none at all, or else any.
    fn nearest(&self, setting: Setting, one: Phenomenon) -> Option<(Setting, &[u8])> {
        let shows = |(other, exploration): &&(Setting, Exploration)| {
            *other != setting && exploration.tally(one).is_some()
        };
        let own = |(other, _): &&(Setting, Exploration)| {
            other.style == setting.style && other.level < setting.level
        };
        let mut all = self.explorations.iter();
        let found =
            self.explorations.iter().rev().filter(own).find(shows).or_else(|| all.find(shows));
        found.and_then(|(other, exploration)| Some((*other, &exploration.tally(one)?.schedule[..])))
    }

    /// How an interleaving that shows something elsewhere goes here.
    fn prevented(&self, setting: Setting, weaker: Setting, schedule: &[u8]) -> Verdict {
        let played = play(&self.experiment, setting, schedule);
        let notes = || played.moments.iter().flat_map(|moment| &moment.notes);
        let mut how = Vec::new();
        if notes().any(|note| note.tone == Tone::Waits) {
            how.push("waits".to_owned());
        }
        if notes().any(|note| note.tone == Tone::Refused) {
            how.push("refused".to_owned());
        }
        if how.is_empty() {
            how.push("not visible".to_owned());
        }
        Verdict::Prevented { how, schedule: played.schedule, shown_at: weaker.name().to_owned() }
    }
}
