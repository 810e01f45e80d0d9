//! The runs of stories: a stage's own, the one that its action leads to, and what they show.

use crate::choice::{ChoiceKind, Intervention};
use crate::ids::EventIx;
use crate::scenario::problem::Problem;
use crate::scenario::{Scenario, shipped};
use crate::session::{self, RunInput, RunState, Session};
use crate::verdict::PropertyReport;
use crate::views::Views;

use super::{Change, Deed, Stage, Story};

/// The most choices of a run that is played for a claim: far more than any story has.
const CHOICES_MAX: u32 = 100_000;

/// A run as claims see it.
#[derive(Clone, Copy)]
pub struct Seen<'a> {
    /// The run.
    pub session: &'a dyn Session,
    /// The indices of its views.
    pub views: &'a Views,
    /// What the properties say of it.
    pub reports: &'a [PropertyReport],
    /// The event that the page shows.
    pub cursor: EventIx,
}

/// A run that was played to its end.
pub struct Played {
    /// The run.
    pub session: Box<dyn Session>,
    views: Views,
    reports: Vec<PropertyReport>,
}

impl Played {
    /// Plays a run to its end.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn of(input: &RunInput) -> Result<Self, Vec<Problem>> {
        Ok(Self::rest(session::open(input)?))
    }

    /// Plays the rest of a run.
    #[must_use]
    pub fn rest(mut session: Box<dyn Session>) -> Self {
        let mut left = CHOICES_MAX;
        while left > 0 && session.run_slice(1_000) == RunState::Running {
            left = left.saturating_sub(1_000);
        }
        let mut views = Views::new(session.cast());
        views.extend(&session.cast().clone(), session.trace());
        let reports = session.properties();
        Self { session, views, reports }
    }

    /// The run of the same scenario with some changes, without what was done by hand.
    pub(super) fn changed(seen: &Seen<'_>, changes: &[Change]) -> Option<Self> {
        let scenario = with(&seen.session.input().scenario, changes);
        Self::of(&RunInput::of(scenario)).ok()
    }

    /// It, with the page at an event.
    #[must_use]
    pub fn seen(&self, cursor: EventIx) -> Seen<'_> {
        Seen { session: &*self.session, views: &self.views, reports: &self.reports, cursor }
    }

    /// It, with the page at its end.
    #[must_use]
    pub fn seen_at_end(&self) -> Seen<'_> {
        self.seen(EventIx(self.session.trace().len().saturating_sub(1) as u32))
    }
}

/// A scenario with some changes.
fn with(scenario: &Scenario, changes: &[Change]) -> Scenario {
    let mut changed = scenario.clone();
    for change in changes {
        change.make(&mut changed);
    }
    changed
}

/// The run of a stage.
#[must_use]
pub fn input(story: &Story, stage: &Stage) -> Option<RunInput> {
    let scenario = shipped::by_name(stage.scenario.unwrap_or(story.scenario))?.scenario();
    Some(RunInput::of(with(&scenario, stage.changes)))
}

/// What a crash of a stage's action is as an intervention in a run; `None` where its moment does not
/// happen there, or where the action is another.
#[must_use]
pub fn intervention(deed: &Deed, seen: &Seen<'_>) -> Option<Intervention> {
    let Deed::Crash { node, after, for_us } = deed else { return None };
    let node = seen.session.cast().node_named(node)?;
    let kind = ChoiceKind::Crash { node, lose: 0 };
    Some(Intervention { after: after.find(seen)?, kind, for_us: Some(*for_us) })
}

/// The run that a stage's action leads to, played to its end.
///
/// # Errors
/// What stands in the way.
pub fn acted(stage: &Stage, of: Played) -> Result<Played, Vec<Problem>> {
    match &stage.act.deed {
        Deed::Go(_) | Deed::Compare => Ok(of),
        Deed::Change(changes) => {
            Played::of(&RunInput::of(with(&of.session.input().scenario, changes)))
        }
        deed @ Deed::Crash { .. } => {
            let problem = || {
                let path = format!("the action {:?}", stage.act.button);
                Problem::new(path, "its moment does not happen", "name one that does")
            };
            let found = intervention(deed, &of.seen_at_end()).ok_or_else(|| vec![problem()])?;
            let forked = of.session.fork(found).map_err(|problem| vec![problem])?;
            Ok(Played::rest(forked))
        }
    }
}
