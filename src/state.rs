//! What the page knows: plain values behind signals, changed by [`crate::cmd::dispatch`] alone.
//!
//! A signal here is a state and never a message: setting it twice to the same value changes nothing.

mod desk;
mod dock;
mod selection;

pub use desk::{Aside, Desk};
pub use dock::{Dock, DockGroup};
pub use selection::{Part, Selection};

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

use interleave_engine::compare::{Decision, Parameter, Progress, Report, SweepReport};
use interleave_engine::ids::EventIx;
use interleave_engine::scenario::Scenario;
use interleave_engine::session::{CheckReport, CheckRequest};
use interleave_engine::stories::{Deed, Stage, Story};
use interleave_engine::views::frame::Frame;
use interleave_engine::why::{SamplesReport, WhyReport};
use leptos::prelude::*;

use crate::act::hand::ByHand;
use crate::act::why::SECTIONS;
use crate::check_form::CheckForm;
use crate::isolation::Isolation;
use crate::lab::{Lab, Run};
use crate::markdown::Document;
use crate::occasion::Occasion;
use crate::pages::Page;

/// The modes at the top of the page.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    /// Stories, and the pages of the patterns.
    Learn,
    /// One run, watched.
    Watch,
    /// All runs within bounds, searched.
    Check,
    /// Couplings side by side over many seeds.
    Compare,
}

/// What Learn shows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Learn {
    /// The list of all there is.
    Home,
    /// A page.
    Page(&'static Page),
}

/// A story that is being told.
#[derive(Clone, PartialEq, Debug)]
pub struct Telling {
    /// Which.
    pub story: &'static Story,
    /// Its stage.
    pub stage: usize,
    /// The answer that was guessed.
    pub guess: Option<usize>,
    /// Whether it was revealed.
    pub done: bool,
    /// Which answers are true of the run that it was revealed in.
    pub right: Vec<bool>,
}

impl Telling {
    /// The stage.
    #[must_use]
    pub fn stage(&self) -> &'static Stage {
        &self.story.stages[self.stage]
    }
}

/// The text of the page that Learn shows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Sheet {
    /// It is on its way.
    Loading,
    /// It is here.
    Ready(Arc<Document>),
    /// It did not come; why, in words.
    Failed(String),
}

/// What the next comparison is about.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct CompareForm {
    /// The couplings that can be chosen: names of patterns, or `write+read+store`.
    pub offered: Vec<String>,
    /// Those that are chosen; the others are compared with the first.
    pub chosen: Vec<String>,
    /// On how many seeds each runs.
    pub seeds: u32,
}

/// What the next sweep is about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SweepForm {
    /// What is varied.
    pub parameter: Parameter,
    /// Its values, as `from..to:count` or a list.
    pub values: String,
    /// The id of the figure that is looked at.
    pub metric: String,
}

/// What a comparison knows so far.
#[derive(Clone, PartialEq, Debug)]
pub struct Compared {
    /// The figures.
    pub report: Report,
    /// How far it has come.
    pub progress: Progress,
}

/// Where a check is between being asked for and being over.
#[derive(Clone, PartialEq, Debug)]
pub enum Phase {
    /// The worker is being started.
    Starting,
    /// It searches.
    Searching,
    /// It was asked to stop.
    Stopping,
    /// It was stopped.
    Stopped {
        /// Milliseconds between asking and the end.
        after_ms: f64,
        /// Whether the worker answered, or had to be ended.
        answered: bool,
    },
    /// It came to its end or to a bound.
    Ended,
    /// It broke; why, as the end of a sentence that begins with "The search ended early: ".
    Failed(String),
}

/// A check and what is known of it.
#[derive(Clone, PartialEq, Debug)]
pub struct Checked {
    /// The scenario that it is about.
    pub scenario: Arc<Scenario>,
    /// Its coupling, in words.
    pub coupling: String,
    /// What was asked.
    pub request: CheckRequest,
    /// What is known.
    pub report: CheckReport,
    /// Milliseconds since it began.
    pub elapsed_ms: f64,
    /// Bytes that the program holds in all where it runs.
    pub heap_bytes: f64,
    /// Where it is.
    pub phase: Phase,
    /// Why it runs in slices on the page and not in a worker, if it does.
    pub on_page: Option<String>,
    /// States a second, smoothed.
    pub rate: f64,
}

/// The events that led to the violation that a run shows.
#[derive(Clone, PartialEq, Debug)]
pub struct Led {
    /// The run.
    pub run: u32,
    /// Its events that led there.
    pub events: Arc<BTreeSet<u32>>,
    /// Whether all others stand back.
    pub only: bool,
}

/// What is known of why a property is broken, or how nearly one that holds is.
#[derive(Clone, PartialEq, Debug)]
pub enum Answer {
    /// Why it is broken.
    Why(Box<WhyReport>),
    /// Runs that come close to breaking it.
    Samples(Box<SamplesReport>),
}

/// What was asked of a property of the check, and what is known.
#[derive(Clone, PartialEq, Debug)]
pub struct Explained {
    /// The property's place in the check's report.
    pub property: usize,
    /// What is known.
    pub answer: Answer,
    /// Counts up where a part of the answer has changed, so that only this part is drawn anew.
    pub revisions: [u32; SECTIONS],
    /// Whether it is over; where it broke, why.
    pub ended: Option<String>,
}

/// Light or dark.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Theme {
    /// As the system says.
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

impl Theme {
    /// Its name in the page and in storage.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// The one of this name; the system's for any other.
    #[must_use]
    pub fn of(id: &str) -> Self {
        match id {
            "light" => Self::Light,
            "dark" => Self::Dark,
            _ => Self::System,
        }
    }
}

/// A dialog.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Dialog {
    /// The keys.
    Keys,
    /// A new fault.
    AddFault,
    /// The link is too long for some places; a file instead.
    LongLink,
}

/// What a menu over the graph is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MenuOf {
    /// A node.
    Node(u8),
    /// The messages and records between two nodes.
    Edge(u8, u8),
}

/// A menu over the graph.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Menu {
    /// What it is about.
    pub of: MenuOf,
    /// Where it stands in the window, in pixels from the left.
    pub x: f64,
    /// Where it stands in the window, in pixels from the top.
    pub y: f64,
}

/// A strip across the page that says what went wrong, or what to know.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Banner {
    /// Whether it is a failure.
    pub bad: bool,
    /// What it says.
    pub text: String,
}

/// A row of the list of runs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RunRow {
    /// Its number, for ever the same.
    pub id: u32,
    /// The edit that made it.
    pub name: String,
    /// The run that the edit was made on.
    pub parent: Option<u32>,
    /// Whether it is still being made.
    pub running: bool,
    /// The properties that it breaks.
    pub broken: Vec<String>,
}

/// The part of the time axis on screen, in its units.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Window {
    /// Its left end.
    pub from: f64,
    /// Its right end.
    pub to: f64,
}

/// How the graph is shown.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Camera {
    /// Pixels a unit; at 1 all text is readable, and the graph scrolls where it has no room.
    pub zoom: f64,
    /// Whether it is made as small as it takes to see all of it.
    pub whole: bool,
    /// Shift to the right in pixels.
    pub x: f64,
    /// Shift downwards in pixels.
    pub y: f64,
}

impl Default for Camera {
    fn default() -> Self {
        Self { zoom: 1.0, whole: false, x: 0.0, y: 0.0 }
    }
}

/// Everything the page knows. Copying it copies handles.
#[derive(Clone, Copy)]
pub struct App {
    /// The runs themselves; signals below say when they changed.
    pub lab: StoredValue<Lab, LocalStorage>,
    /// Counts up whenever the current run is another or has grown.
    pub rev: RwSignal<u64>,
    /// The list of runs.
    pub runs: RwSignal<Vec<RunRow>>,
    /// The current run's number.
    pub current: RwSignal<u32>,
    /// The moment right after the event at the cursor, derived from it.
    pub frame: RwSignal<Option<Rc<Frame>>, LocalStorage>,
    /// The event that the page shows: the last one that has happened.
    pub cursor: RwSignal<u32>,
    /// The moment on the axis: microseconds, or events where the run has no clock.
    pub now: RwSignal<f64>,
    /// Whether the moment moves by itself.
    pub playing: RwSignal<bool>,
    /// Index into the speeds of the axis.
    pub speed: RwSignal<usize>,
    /// The mode.
    pub mode: RwSignal<Mode>,
    /// What Learn shows.
    pub learn: RwSignal<Learn>,
    /// The text of the page that Learn shows.
    pub sheet: RwSignal<Sheet>,
    /// The story that is told.
    pub story: RwSignal<Option<Telling>>,
    /// How many stages of each story were revealed.
    pub progress: RwSignal<Vec<(&'static str, usize)>>,
    /// The dock's view.
    pub dock: RwSignal<Dock>,
    /// The part of the axis that the dock shows; all of it where there is none.
    pub window: RwSignal<Option<Window>>,
    /// What a person has chosen; `act::select` changes it.
    pub selection: RwSignal<Selection>,
    /// The transaction of the selection.
    pub txn: Memo<Option<u32>>,
    /// The violation of the selection: the place of its property in the reports, and its own among
    /// the property's.
    pub why: Memo<Option<(usize, usize)>>,
    /// The graph's zoom and shift.
    pub camera: RwSignal<Camera>,
    /// The nodes of the graph that were dragged, and how far from their places.
    pub pins: RwSignal<BTreeMap<u8, (f64, f64)>>,
    /// Whether the graph is shown as a table.
    pub table: RwSignal<bool>,
    /// The open menu over the graph.
    pub menu: RwSignal<Option<Menu>>,
    /// The open dialog.
    pub dialog: RwSignal<Option<Dialog>>,
    /// The desk on which the scenario is written.
    pub desk: Desk,
    /// The strip across the page.
    pub banner: RwSignal<Option<Banner>>,
    /// A short word that goes away by itself.
    pub toast: RwSignal<Option<String>>,
    /// Whether this is the first screen of a first visit.
    pub first: RwSignal<bool>,
    /// Whether the panel to the left is open.
    pub left: RwSignal<bool>,
    /// Whether the inspector is open where there is no room beside the graph.
    pub right: RwSignal<bool>,
    /// Light or dark.
    pub theme: RwSignal<Theme>,
    /// Whether things shall jump instead of gliding.
    pub still: RwSignal<bool>,
    /// Whether the window is as narrow as a phone's.
    pub phone: RwSignal<bool>,
    /// What the page is laid out for; it does not change while the page lasts.
    pub occasion: Occasion,
    /// Whether letters, digits and signs alone are keys.
    pub single_keys: RwSignal<bool>,
    /// What can be made again, by name, the next first.
    pub undone: RwSignal<Vec<String>>,
    /// The run that a person schedules, if there is one.
    pub by_hand: RwSignal<Option<ByHand>>,
    /// What the next check looks for.
    pub check_form: RwSignal<CheckForm>,
    /// Whether all bounds of the form are in sight.
    pub check_more: RwSignal<bool>,
    /// The check and what it knows.
    pub check: RwSignal<Option<Checked>>,
    /// What was last said of it to those who cannot see it.
    pub check_said: RwSignal<String>,
    /// Whether a check is running.
    pub checking: RwSignal<bool>,
    /// What led to the violation of the counterexample that was opened last.
    pub led: RwSignal<Option<Led>>,
    /// What was asked of properties of the check.
    pub whys: RwSignal<Vec<Explained>>,
    /// Whether the mode Check shows the isolation laboratory.
    pub isolating: RwSignal<bool>,
    /// The isolation laboratory.
    pub isolation: RwSignal<Isolation>,
    /// What the next comparison is about.
    pub compare_form: RwSignal<CompareForm>,
    /// What the comparison knows so far.
    pub compared: RwSignal<Option<Compared>>,
    /// Whether a comparison is running.
    pub comparing: RwSignal<bool>,
    /// The question that ships and is being answered.
    pub question: RwSignal<Option<&'static Decision>>,
    /// What the next sweep is about.
    pub sweep_form: RwSignal<SweepForm>,
    /// What the sweep knows so far.
    pub swept: RwSignal<Option<SweepReport>>,
    /// Whether a sweep is running.
    pub sweeping: RwSignal<bool>,
}

impl App {
    /// The state of a page on which nothing is open yet.
    #[must_use]
    pub fn new() -> Self {
        let selection = RwSignal::new(Selection::default());
        Self {
            lab: StoredValue::new_local(Lab::default()),
            rev: RwSignal::new(0),
            runs: RwSignal::new(Vec::new()),
            current: RwSignal::new(0),
            frame: RwSignal::new_local(None),
            cursor: RwSignal::new(0),
            now: RwSignal::new(0.0),
            playing: RwSignal::new(false),
            speed: RwSignal::new(0),
            mode: RwSignal::new(Mode::Watch),
            learn: RwSignal::new(Learn::Home),
            sheet: RwSignal::new(Sheet::Loading),
            story: RwSignal::new(None),
            progress: RwSignal::new(Vec::new()),
            dock: RwSignal::new(Dock::Spans),
            window: RwSignal::new(None),
            selection,
            txn: Memo::new(move |_| selection.get().txn),
            why: Memo::new(move |_| match selection.get().part {
                Part::Violation { property, place } => Some((property, place)),
                _ => None,
            }),
            camera: RwSignal::new(Camera::default()),
            pins: RwSignal::new(BTreeMap::new()),
            table: RwSignal::new(false),
            menu: RwSignal::new(None),
            dialog: RwSignal::new(None),
            desk: Desk::new(),
            banner: RwSignal::new(None),
            toast: RwSignal::new(None),
            first: RwSignal::new(false),
            left: RwSignal::new(true),
            right: RwSignal::new(false),
            theme: RwSignal::new(Theme::System),
            still: RwSignal::new(false),
            phone: RwSignal::new(false),
            occasion: Occasion::default(),
            single_keys: RwSignal::new(true),
            undone: RwSignal::new(Vec::new()),
            by_hand: RwSignal::new(None),
            check_form: RwSignal::new(CheckForm::default()),
            check_more: RwSignal::new(false),
            check: RwSignal::new(None),
            check_said: RwSignal::new(String::new()),
            checking: RwSignal::new(false),
            led: RwSignal::new(None),
            whys: RwSignal::new(Vec::new()),
            isolating: RwSignal::new(false),
            isolation: RwSignal::new(Isolation::default()),
            compare_form: RwSignal::new(CompareForm::default()),
            compared: RwSignal::new(None),
            comparing: RwSignal::new(false),
            question: RwSignal::new(None),
            sweep_form: RwSignal::new(SweepForm {
                parameter: Parameter::RoundTrip,
                values: String::new(),
                metric: String::new(),
            }),
            swept: RwSignal::new(None),
            sweeping: RwSignal::new(false),
        }
    }

    /// Whether the graph of a run is on screen: in Watch, and in Learn while a story is told.
    #[must_use]
    pub fn watches(self) -> bool {
        match self.mode.get() {
            Mode::Watch => true,
            Mode::Learn => self.story.with(Option::is_some),
            Mode::Check | Mode::Compare => false,
        }
    }

    /// Whether what the run on screen comes to is still to be guessed.
    #[must_use]
    pub fn hushes(self) -> bool {
        let ahead =
            |telling: &Telling| !telling.done && matches!(telling.stage().act.deed, Deed::Go(_));
        self.tells() && self.story.with(|story| story.as_ref().is_some_and(ahead))
    }

    /// Whether a story is told over the graph.
    #[must_use]
    pub fn tells(self) -> bool {
        self.mode.get() == Mode::Learn && self.story.with(Option::is_some)
    }

    /// Reads the current run, now and again whenever it changes.
    pub fn run<T>(self, read: impl FnOnce(&Run) -> T) -> Option<T> {
        self.rev.track();
        self.run_now(read)
    }

    /// The scenario that the controls are about: that of the text on the desk where it is right and
    /// no run is made of it yet, else that of the run on screen. Now, and whenever that changes.
    #[must_use]
    pub fn scenario(self) -> Option<Scenario> {
        let draft = (self.desk.open.get() && self.desk.apart.get())
            .then(|| self.desk.reading.with(|it| it.scenario().cloned()))
            .flatten();
        match draft {
            Some(draft) => Some(draft.as_ref().clone()),
            None => self.run(|run| run.input().scenario.clone()),
        }
    }

    /// Reads the current run once.
    pub fn run_now<T>(self, read: impl FnOnce(&Run) -> T) -> Option<T> {
        self.lab.with_value(|lab| lab.current().map(read))
    }

    /// The events that led to what the run on screen shows, where all others stand back; now and
    /// whenever that changes.
    #[must_use]
    pub fn led(self) -> Option<Arc<BTreeSet<u32>>> {
        let run = self.current.get();
        self.led.with(|led| {
            let led = led.as_ref().filter(|led| led.only && led.run == run)?;
            Some(Arc::clone(&led.events))
        })
    }

    /// The event at the cursor, now and whenever it moves.
    #[must_use]
    pub fn at(self) -> EventIx {
        EventIx(self.cursor.get())
    }

    /// Reads the frame at the cursor with its run, again whenever either changes.
    pub fn framed<T>(self, read: impl FnOnce(&Run, &Frame) -> T) -> Option<T> {
        let frame = self.frame.get()?;
        self.run_now(|run| read(run, &frame))
    }

    /// Reads the current run at the cursor, again whenever either changes.
    pub fn at_cursor<T>(self, read: impl FnOnce(&Run, EventIx) -> T) -> Option<T> {
        let at = self.at();
        self.run(|run| read(run, at))
    }
}

impl Default for App {
    fn default() -> Self {
        Self::new()
    }
}

/// The state of the page, from any component.
#[must_use]
pub fn app() -> App {
    expect_context::<App>()
}
