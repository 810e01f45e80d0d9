//! Claims about a run: what an answer says, what makes a sentence true, what an action leads to.

use crate::event::EventKind;
use crate::ids::TxnId;
use crate::session::RunState;
use crate::views::transactions;

use super::{Change, Moment, Played, Seen};

/// A claim about a run.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Claim {
    /// A property holds over the run.
    Holds(&'static str),
    /// A property is broken in the run.
    Broken(&'static str),
    /// The moment happens.
    Happens(Moment),
    /// It does not.
    Never(Moment),
    /// The first happens, and the second not before it.
    Before(Moment, Moment),
    /// Between the two at most so many microseconds pass.
    Within(Moment, Moment, u64),
    /// At the moment a row of a service or replica reads so; empty where there is none.
    Row(Moment, &'static str, &'static str, &'static str),
    /// At both moments the row reads the same, and is there.
    Unchanged(Moment, Moment, &'static str, &'static str),
    /// At the moment a query is answered, and this row of the answer reads so.
    Answered(Moment, &'static str, &'static str),
    /// At the end of the run a transaction, counted from 1, is in this state.
    Ends(u32, &'static str),
    /// The scenario of the run is so.
    Is(Change),
    /// The moment of the page has come to it.
    Reached(Moment),
    /// A figure is less than in the run with these changes.
    Less(Figure, &'static [Change]),
    /// The run with these changes has all of that.
    With(&'static [Change], &'static [Claim]),
    /// All of these are true.
    All(&'static [Claim]),
    /// None of these is true.
    None(&'static [Claim]),
}

/// A figure of a run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Figure {
    /// Forced log writes.
    ForcedWrites,
    /// Messages and records.
    Messages,
    /// The longest that a client waited for its answer.
    LongestAnswer,
    /// When the run came to rest.
    End,
}

impl Figure {
    /// Its value.
    #[must_use]
    pub fn of(self, seen: &Seen<'_>) -> u64 {
        let stats = seen.session.stats();
        match self {
            Self::ForcedWrites => stats.forced_writes,
            Self::Messages => stats.messages,
            Self::LongestAnswer => stats.latencies_us.last().copied().unwrap_or(0),
            Self::End => seen.session.trace().end(),
        }
    }
}

impl Claim {
    /// Whether it is true of a run.
    #[must_use]
    pub fn is_true(&self, seen: &Seen<'_>) -> bool {
        match self {
            Self::Holds(id) => seen.report(id).is_some_and(|report| report.holds()),
            Self::Broken(id) => seen.report(id).is_some_and(|report| !report.holds()),
            Self::Happens(moment) => moment.find(seen).is_some(),
            Self::Never(moment) => moment.find(seen).is_none(),
            Self::Before(first, second) => first
                .find(seen)
                .is_some_and(|first| second.find(seen).is_none_or(|second| first < second)),
            Self::Within(first, second, us) => {
                let at = |moment: &Moment| {
                    moment.find(seen).and_then(|at| Some(seen.session.trace().get(at)?.at))
                };
                let both = at(first).zip(at(second));
                both.is_some_and(|(first, second)| second.saturating_sub(first) <= *us)
            }
            Self::Row(moment, owner, key, value) => moment
                .find(seen)
                .is_some_and(|at| seen.row(at, owner, key).unwrap_or_default() == *value),
            Self::Unchanged(first, second, owner, key) => {
                let row = |moment: &Moment| seen.row(moment.find(seen)?, owner, key);
                row(first).is_some() && row(first) == row(second)
            }
            Self::Answered(moment, key, value) => {
                let event = moment.find(seen).and_then(|at| seen.session.trace().get(at));
                let Some(EventKind::QueryAnswered { rows, .. }) = event.map(|it| &it.kind) else {
                    return false;
                };
                let cast = seen.session.cast();
                rows.iter().any(|(db, found, row)| {
                    cast.key(*found) == *key
                        && row.as_ref().is_some_and(|row| cast.row(*db, row) == *value)
                })
            }
            Self::Ends(number, badge) => seen.badge(*number) == Some(*badge),
            Self::Is(change) => change.is_made(&seen.session.input().scenario),
            Self::Reached(moment) => moment.find(seen).is_some_and(|at| at <= seen.cursor),
            Self::Less(figure, changes) => {
                let other = Played::changed(seen, changes);
                other.is_some_and(|other| figure.of(seen) < figure.of(&other.seen_at_end()))
            }
            Self::With(changes, claims) => {
                let other = Played::changed(seen, changes);
                other.is_some_and(|other| {
                    claims.iter().all(|claim| claim.is_true(&other.seen_at_end()))
                })
            }
            Self::All(claims) => claims.iter().all(|claim| claim.is_true(seen)),
            Self::None(claims) => !claims.iter().any(|claim| claim.is_true(seen)),
        }
    }
}

impl Seen<'_> {
    fn report(&self, id: &str) -> Option<&crate::verdict::PropertyReport> {
        self.reports.iter().find(|report| report.id == id)
    }

    /// The text of a row at a moment.
    fn row(&self, at: crate::ids::EventIx, owner: &str, key: &str) -> Option<String> {
        let cast = self.session.cast();
        let (db, prefix) = match cast.dbs.iter().position(|db| db.name == owner) {
            Some(db) => (crate::ids::DbIx(db as u8), String::new()),
            None => cast.home(owner)?,
        };
        let key = format!("{prefix}{key}");
        let frame = self.views.frame(cast, self.session.trace(), at);
        let rows = &frame.dbs.get(db.ix())?.rows;
        let (_, row) = rows.iter().find(|(found, _)| cast.key(**found) == key)?;
        row.row.as_ref().map(|row| cast.row(db, row))
    }

    /// What the list of transactions says of one at the end of the run.
    fn badge(&self, number: u32) -> Option<&'static str> {
        let trace = self.session.trace();
        let last = Moment::end().find(self)?;
        let frame = self.views.frame(self.session.cast(), trace, last);
        let over = *self.session.state() != RunState::Running;
        let txn = TxnId(number.checked_sub(1)?);
        let line =
            transactions::transaction(self.session.cast(), &self.views.index, &frame, txn, over)?;
        Some(line.badge)
    }
}
