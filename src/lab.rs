//! The runs of the page: what was opened, what was branched off it, and the search for schedules.
//!
//! Nothing here knows of signals; [`crate::cmd`] changes it and says what changed.

use std::rc::Rc;

use interleave_engine::cast::Cast;
use interleave_engine::compare::{Comparison, Sweep};
use interleave_engine::event::EventKind;
use interleave_engine::ids::{EventIx, TxnId};
use interleave_engine::scenario::Problem;
use interleave_engine::session::{RunInput, RunState, Session};
use interleave_engine::trace::Trace;
use interleave_engine::verdict::PropertyReport;
use interleave_engine::views::Views;
use interleave_engine::views::frame::Frame;
use interleave_engine::views::missing::{Missing, missing};

use crate::axis::Axis;
use crate::job::Job;
use crate::state::{Dock, RunRow};

/// The most runs in the list; the oldest of those that are not on screen gives way.
pub const RUNS_MAX: usize = 8;

/// A run and what is derived from it.
pub struct Run {
    /// Its number, for ever the same.
    pub id: u32,
    /// The edit that made it.
    pub name: String,
    /// The run that the edit was made on.
    pub parent: Option<u32>,
    /// The engine's side of it.
    pub session: Box<dyn Session>,
    /// The indices of the views, grown with the trace.
    pub views: Views,
    /// What the properties say of the events seen so far.
    pub reports: Rc<Vec<PropertyReport>>,
    /// What should have been sent and never was.
    pub missing: Rc<Vec<Missing>>,
    /// Where its cursor was when another run took the screen.
    pub left_at: u32,
    /// The digest that a link promised, and the engine that made it.
    pub promised: Option<(String, Option<String>)>,
}

impl Run {
    /// Takes up a session. It is not advanced here.
    #[must_use]
    pub fn new(id: u32, name: String, parent: Option<u32>, session: Box<dyn Session>) -> Self {
        let views = Views::new(session.cast());
        let mut run = Self {
            id,
            name,
            parent,
            session,
            views,
            reports: Rc::default(),
            missing: Rc::default(),
            left_at: 0,
            promised: None,
        };
        run.take_in();
        run
    }

    /// Who is who.
    #[must_use]
    pub fn cast(&self) -> &Rc<Cast> {
        self.session.cast()
    }

    /// What happened.
    #[must_use]
    pub fn trace(&self) -> &Trace {
        self.session.trace()
    }

    /// What it is made from.
    #[must_use]
    pub fn input(&self) -> &RunInput {
        self.session.input()
    }

    /// The moment right after an event.
    #[must_use]
    pub fn frame(&self, at: EventIx) -> Frame {
        self.views.frame(self.cast(), self.trace(), at)
    }

    /// The moment right after an event, from a moment before it where that is near: what playing asks for.
    #[must_use]
    pub fn frame_from(&self, near: Frame, at: EventIx) -> Frame {
        let (cast, trace) = (self.cast(), self.trace());
        let mut frame = self.views.frames.at_from(cast, trace, near, at);
        frame.look_ahead(&self.views.index);
        frame
    }

    /// Its axis: time, or events where it has no clock.
    #[must_use]
    pub fn axis(&self) -> Axis<'_> {
        Axis::new(self.trace(), self.input().schedule.is_some())
    }

    /// Whether there is more to be made.
    #[must_use]
    pub fn is_running(&self) -> bool {
        *self.session.state() == RunState::Running
    }

    /// Whether nothing can come any more: a schedule may end where much is still on its way.
    #[must_use]
    pub fn is_over(&self) -> bool {
        !matches!(self.session.state(), RunState::Running | RunState::ScheduleEnd)
    }

    /// Makes some more of the run; returns whether it has ended.
    pub fn advance(&mut self, choices_max: u32) -> bool {
        let ended = self.session.run_slice(choices_max) != RunState::Running;
        self.views.extend(&self.session.cast().clone(), self.session.trace());
        if ended {
            self.judge();
        }
        ended
    }

    /// Takes in what the session already holds.
    fn take_in(&mut self) {
        self.views.extend(&self.session.cast().clone(), self.session.trace());
        self.judge();
    }

    /// Asks again what the properties say and what is missing.
    pub fn judge(&mut self) {
        self.reports = Rc::new(self.session.properties());
        let cast = self.session.cast();
        self.missing = Rc::new(missing(cast, self.session.trace(), &self.views.index));
    }

    /// The transaction of an event.
    #[must_use]
    pub fn txn_of(&self, at: EventIx) -> Option<TxnId> {
        self.trace().get(at)?.txn
    }

    /// Whether there is anything for a view of the dock to show under this coupling.
    #[must_use]
    pub fn has(&self, dock: Dock) -> bool {
        match dock {
            Dock::Log => self.cast().broker().is_some(),
            Dock::Streams => self.cast().dbs.iter().any(|db| db.streams),
            Dock::Locks => self.views.index.locks_seen,
            Dock::Spans | Dock::Lanes | Dock::Rows | Dock::Metrics => true,
        }
    }

    /// Its row in the list of runs.
    #[must_use]
    pub fn row(&self) -> RunRow {
        let broken = self.reports.iter().filter(|report| !report.holds());
        RunRow {
            id: self.id,
            name: self.name.clone(),
            parent: self.parent,
            running: self.is_running(),
            broken: broken.map(|report| report.title.clone()).collect(),
        }
    }

    /// The first event that commits at this node's service, for the first visit.
    #[must_use]
    pub fn first_commit_at(&self, node: &str) -> Option<EventIx> {
        let node = self.cast().node_named(node)?;
        let events = self.trace().events();
        let at = events.iter().position(|event| {
            event.node == node && matches!(event.kind, EventKind::Committed { .. })
        })?;
        Some(EventIx(at as u32))
    }
}

/// All runs, and the search.
#[derive(Default)]
pub struct Lab {
    /// The runs in the order in which they were made.
    pub runs: Vec<Run>,
    /// The one on screen.
    pub current: u32,
    next_id: u32,
    /// When the views last heard that the run on screen has grown.
    pub told_ms: f64,
    /// Edits that were taken back, the last one last: what each was made from, and its name.
    pub undone: Vec<(RunInput, String)>,
    /// The search that is under way.
    pub search: Option<Job>,
    /// The explanations that are under way, each with the place of its property in the check.
    pub whys: Vec<(usize, Job)>,
    /// The search for the shortest schedule that breaks what a person broke by hand.
    pub shortest: Option<Job>,
    /// The experiment of the isolation laboratory that is under way.
    pub trial: Option<Job>,
    /// The comparison that is under way or done.
    pub comparison: Option<Comparison>,
    /// The sweep that is under way or done.
    pub sweep: Option<Sweep>,
}

impl Lab {
    /// The run on screen.
    #[must_use]
    pub fn current(&self) -> Option<&Run> {
        self.runs.iter().find(|run| run.id == self.current)
    }

    /// The run on screen, to be changed.
    pub fn current_mut(&mut self) -> Option<&mut Run> {
        self.runs.iter_mut().find(|run| run.id == self.current)
    }

    /// The run of this number.
    #[must_use]
    pub fn run(&self, id: u32) -> Option<&Run> {
        self.runs.iter().find(|run| run.id == id)
    }

    /// Adds a run and puts it on screen; returns its number.
    pub fn add(&mut self, name: String, parent: Option<u32>, session: Box<dyn Session>) -> u32 {
        let id = self.next_id;
        self.next_id += 1;
        self.runs.push(Run::new(id, name, parent, session));
        self.current = id;
        if self.runs.len() > RUNS_MAX {
            // The first run stays as the one to compare with.
            self.runs.remove(1);
        }
        id
    }

    /// Puts another session in the place of a run's, which keeps its number, name and parent.
    pub fn replace(&mut self, id: u32, session: Box<dyn Session>) {
        if let Some(run) = self.runs.iter_mut().find(|run| run.id == id) {
            *run = Run::new(id, run.name.clone(), run.parent, session);
        }
    }

    /// Takes all runs away, before another scenario is opened.
    pub fn clear(&mut self) {
        self.runs.clear();
        self.undone.clear();
        self.shortest = None;
        self.comparison = None;
        self.sweep = None;
    }

    /// Takes a run away; the screen goes to its parent, or to the first run.
    pub fn remove(&mut self, id: u32) {
        let parent = self.run(id).and_then(|run| run.parent);
        self.runs.retain(|run| run.id != id);
        if self.current == id {
            let next = parent.filter(|parent| self.run(*parent).is_some());
            self.current = next.or_else(|| self.runs.first().map(|run| run.id)).unwrap_or_default();
        }
    }
}

/// Opens a run: the engine's door, with its problems as lines of text.
///
/// # Errors
/// One line for each problem, with its path and its remedy.
pub fn open(input: RunInput) -> Result<Box<dyn Session>, Vec<String>> {
    interleave_engine::session::open(&input)
        .map_err(|problems| problems.iter().map(Problem::to_string).collect())
}
