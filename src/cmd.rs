//! Everything that a person, the clock or the address bar can do to the page: one enum, one dispatch.
//!
//! Components never set the state themselves, so each change can be found here, and each is
//! followed by the same steps: the list of runs, the address bar, the next frame.

use interleave_engine::choice::Intervention;
use interleave_engine::compare::{Decision, Parameter};
use interleave_engine::scenario::Scenario;
use interleave_engine::scenario::document::{Coupling, Distribution, Fault, Options, Workload};
use interleave_engine::stories::Story;
use interleave_engine::views::format::duration;

use crate::act;
use crate::act::why::Named;
use crate::check_form::CheckForm;
use crate::document::steps::StepEdit;
use crate::state::{App, Dialog, Dock, Learn, Menu, Mode, Part, Theme, Window};

/// A change of the page.
#[derive(Clone, Debug)]
pub enum Cmd {
    /// Starts or stops the moving of the moment.
    TogglePlay,
    /// Stops it.
    Pause,
    /// So many real milliseconds have passed: the moment moves if it plays, the run grows if it is not done.
    Tick {
        /// Since the frame before.
        ms: f64,
    },
    /// So many events forwards, or backwards.
    StepEvent(i32),
    /// To the next event of the transaction that is followed, or to the one before.
    StepTxn(i32),
    /// To the next message that is sent, handled or lost, or to the one before.
    StepMessage(i32),
    /// To the next event that breaks a property, or to the one before.
    StepViolation(i32),
    /// To the first event.
    First,
    /// To the last event.
    Last,
    /// To an event.
    Seek(u32),
    /// To a place on the axis.
    SeekTo(f64),
    /// Another speed, by its place in the list.
    Speed(usize),
    /// To an event, following its transaction and explaining it.
    Explain(u32),
    /// To the violation of a property: the event that broke it, followed and explained.
    ShowViolation {
        /// Which property, by its place in the reports.
        property: usize,
    },
    /// To one violation of a property, by its place among them.
    ShowViolationAt {
        /// Which property, by its place in the reports.
        property: usize,
        /// Which of its violations.
        place: usize,
    },
    /// Follows a transaction, or none.
    Follow(Option<u32>),

    /// Chooses something of the run in every view; lets go of it for `None`.
    Select(Option<Part>),

    /// Another mode.
    Mode(Mode),
    /// Learn shows its list, or one of its pages.
    Learn(Learn),
    /// Asks for the text of Learn's page once more, after it did not come.
    LearnAgain,
    /// Opens a stage of a story.
    StoryOpen(&'static Story, usize),
    /// The reader guesses an answer of the stage.
    StoryGuess(usize),
    /// Does what the stage asks for.
    StoryAct,
    /// Looks whether the reader has done it, after anything on screen has changed.
    StoryLook,
    /// To the stage after, or the one before.
    StoryTurn(i32),
    /// Back to the story from another mode.
    StoryResume,
    /// Another view in the dock.
    Dock(Dock),
    /// Shows a part of the axis in the dock; all of it for `None`.
    Window(Option<Window>),
    /// Zooms the dock's axis by a factor around the moment.
    ZoomAxis(f64),
    /// Moves the dock's axis by a share of what is on screen.
    PanAxis(f64),
    /// Brings the selected transaction onto the screen of the dock.
    Focus,
    /// Zooms the graph by a factor.
    ZoomGraph(f64),
    /// Shifts the graph by pixels.
    PanGraph(f64, f64),
    /// Shifts a node of the graph, in units of its layout; it stays there.
    PinNode {
        /// Which node.
        node: u8,
        /// To the right.
        x: f64,
        /// Downwards.
        y: f64,
    },
    /// Fits the graph into its place; where it is so already, what was dragged goes back to its place.
    FitGraph,
    /// Shows the graph as a table, or as a picture again.
    ToggleTable,
    /// Opens or closes the menu over the graph.
    Menu(Option<Menu>),
    /// Opens or closes a dialog.
    Dialog(Option<Dialog>),
    /// Opens or closes the panel to the left.
    ToggleLeft,
    /// Opens or closes the inspector where there is no room beside the graph.
    ToggleRight,
    /// Takes the strip across the page away.
    DismissBanner,
    /// Says a short word that goes away by itself.
    Toast(String),
    /// Light, dark, or the system's.
    Theme(Theme),
    /// Whether letters, digits and signs alone are keys.
    SingleKeys(bool),

    /// Opens a shipped scenario by its name.
    OpenShipped(&'static str),
    /// Opens a file.
    OpenFile {
        /// What it holds; why it was not read.
        read: Result<Vec<u8>, String>,
        /// Its name, for the list of runs.
        name: String,
    },
    /// Opens what the address bar holds.
    OpenAddress,
    /// A run with another coupling.
    Couple(Coupling),
    /// A run with other options.
    SetOptions {
        /// All options.
        options: Options,
        /// What was changed, in words.
        name: String,
    },
    /// A run with another workload.
    SetLoad {
        /// The workload.
        workload: Workload,
        /// What was changed, in words.
        name: String,
    },
    /// A run with another seed.
    SetSeed(u64),
    /// A run with other steps of a flow.
    EditSteps {
        /// The flow's place.
        flow: usize,
        /// What is changed.
        edit: StepEdit,
    },
    /// A run in which every message takes so long.
    SetDelay {
        /// In microseconds.
        us: f64,
    },
    /// A run with other limits.
    Limit {
        /// Events.
        events: u32,
        /// Virtual time in microseconds.
        time_us: u64,
    },
    /// A run with a tenth of the arrivals.
    FewerArrivals,
    /// A run with one fault more in its document.
    AddFault(Fault),
    /// A run with one fault less in its document.
    RemoveFault(usize),
    /// A branch of the run: this happens after that event.
    Intervene {
        /// What happens when.
        intervention: Intervention,
        /// In words.
        name: String,
    },
    /// A branch of the run without one of its interventions.
    RemoveIntervention(usize),
    /// Takes the last intervention back: to the run that it was made on.
    Undo,
    /// Makes the edit again that was taken back last.
    Redo,
    /// Puts a run on screen.
    ChooseRun(u32),

    /// By hand: begins, with the schedule on screen where there is one.
    HandStart,
    /// By hand: makes a choice.
    HandChoose(String),
    /// By hand: takes the last choice back.
    HandUndo,
    /// By hand: makes it again.
    HandRedo,
    /// By hand: takes all choices back.
    HandRestart,
    /// By hand: takes back all choices but the first so many.
    HandRewind(usize),
    /// By hand: opens the shortest schedule that breaks the same.
    HandShortest,
    /// By hand: leaves the run as it is.
    HandEnd,
    /// Shows the isolation laboratory in the mode Check, or the search over the scenario.
    Isolating(bool),
    /// Puts an experiment that comes with the laboratory into it, and runs it.
    IsolationPick(&'static str),
    /// Another text of the experiment.
    IsolationText(String),
    /// Runs the experiment in every order.
    IsolationStart,
    /// Stops it.
    IsolationStop,
    /// Shows a cell's schedule.
    IsolationShow {
        /// The setting's name.
        setting: String,
        /// The phenomenon's short name.
        name: String,
    },
    /// Goes to a step of the schedule that is shown.
    IsolationStep(usize),
    /// Copies the link to what the laboratory shows.
    IsolationCopy,

    /// What the next check looks for.
    CheckForm(CheckForm),
    /// Shows or hides the bounds that few need.
    CheckMore(bool),
    /// The bounds as the scenario has them.
    CheckReset,
    /// Starts the search for what breaks the scenario.
    CheckStart,
    /// Stops it.
    CheckStop,
    /// Opens a counterexample as a run, at the event that breaks the property.
    ShowCounterexample {
        /// The property's place in the report.
        property: usize,
    },
    /// Asks why a property of the check is broken, or how nearly it is; or no longer.
    Why {
        /// The property's place in the report.
        property: usize,
        /// Whether it is asked.
        open: bool,
    },
    /// Opens a run that such an answer names.
    OpenNamed {
        /// The property's place in the report.
        property: usize,
        /// Which run.
        named: Named,
    },
    /// Lets all stand back but what led to the violation, or no longer.
    OnlyLed(bool),
    /// Switches what mends a property.
    ApplyRemedy {
        /// The property's place in the report.
        property: usize,
        /// The remedy's place in the answer.
        remedy: usize,
    },
    /// Copies the link to a counterexample.
    CopyCounterexample {
        /// The property's place in the report.
        property: usize,
    },

    /// Chooses a coupling for the next comparison, or no longer.
    CompareToggle(String),
    /// The next comparison runs on so many seeds.
    CompareSeeds(u32),
    /// Starts the comparison of the chosen couplings.
    CompareStart,
    /// Stops it.
    CompareStop,
    /// Asks a question that ships.
    Decide(&'static Decision),
    /// The next sweep varies this.
    SweepParameter(Parameter),
    /// In these values, as a person writes them.
    SweepValues(String),
    /// And looks at this figure.
    SweepMetric(String),
    /// Starts the sweep.
    SweepStart,
    /// Stops it.
    SweepStop,
    /// Copies the decision record.
    CopyRecord,
    /// Saves it as a file.
    SaveRecord,

    /// First visit: payments crashes after it charges.
    FirstCrash,
    /// First visit: nothing goes wrong.
    FirstSucceed,
    /// Copies the link.
    CopyLink,
    /// Offers the scenario as a file.
    SaveScenario,
    /// Does what the desk is for.
    Desk(DeskCmd),
}

/// What is done at the desk on which the scenario is written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum DeskCmd {
    /// Shows it, with the scenario of the run on screen.
    Open,
    /// Puts it away; the text stays on it.
    Close,
    /// The text has been changed by hand.
    Typed,
    /// Makes a run of the text.
    Run,
    /// Moves the caret to a mistake.
    GoTo {
        /// Its place in the list.
        mistake: usize,
    },
    /// Takes the scenario of the run on screen.
    Take,
    /// Takes the smallest scenario.
    Blank,
    /// Shows the desk with the smallest scenario.
    OpenBlank,
    /// Takes back the text that the page has put aside.
    Back,
    /// A file is held over the page, or no longer.
    Hold(bool),
    /// Another name for saving.
    Name(String),
    /// Saves the text under the name in the field.
    Save,
    /// Saves it under a name that is free.
    SaveBeside,
    /// Saves it over what another tab or an earlier day has saved.
    SaveOver,
    /// Opens what is saved under a name.
    OpenSaved(String),
    /// Gives what is saved under the first name the second.
    Rename(String, String),
    /// Deletes what is saved under a name.
    Delete(String),
    /// Takes the last deleting or writing over back.
    Undelete,
    /// Offers what is stored under a name as a file, whatever it is.
    Download(String),
    /// Offers the text as a file.
    SaveFile,
    /// Another tab has changed what is stored.
    Stored,
}

/// Does it. This is the only way in which the page's state changes.
pub fn dispatch(app: App, cmd: Cmd) {
    if crate::platform::panic::is_dead() {
        return;
    }
    match cmd {
        Cmd::TogglePlay => act::time::toggle_play(app),
        Cmd::Pause => act::time::pause(app),
        Cmd::Tick { ms } => act::time::tick(app, ms),
        Cmd::StepEvent(by) => act::time::step_event(app, by),
        Cmd::StepTxn(by) => act::time::step_txn(app, by),
        Cmd::StepMessage(by) => act::time::step_message(app, by),
        Cmd::StepViolation(by) => act::time::step_violation(app, by),
        Cmd::First => act::time::seek_by_hand(app, 0),
        Cmd::Last => act::time::seek_by_hand(app, u32::MAX),
        Cmd::Seek(event) => act::time::seek_by_hand(app, event),
        Cmd::SeekTo(place) => act::time::seek_to(app, place),
        Cmd::Speed(speed) => act::time::speed(app, speed),
        Cmd::Explain(event) => act::time::explain(app, event),
        Cmd::ShowViolation { property } => act::time::show_violation(app, property),
        Cmd::ShowViolationAt { property, place } => {
            act::time::show_violation_at(app, property, place);
        }
        Cmd::Follow(txn) => act::look::follow(app, txn),

        Cmd::Select(Some(part)) => act::select::part(app, part),
        Cmd::Select(None) => act::select::nothing(app),

        Cmd::Mode(mode) => act::look::mode(app, mode),
        Cmd::Learn(learn) => act::learn::open(app, learn),
        Cmd::LearnAgain => act::learn::again(app),
        Cmd::StoryOpen(story, stage) => act::story::open(app, story, stage),
        Cmd::StoryGuess(answer) => act::story::guess(app, answer),
        Cmd::StoryLook => act::story::recognise(app),
        Cmd::StoryAct => act::story::act(app),
        Cmd::StoryTurn(by) => act::story::turn(app, by),
        Cmd::StoryResume => act::story::resume(app),
        Cmd::Dock(dock) => act::look::dock(app, dock),
        Cmd::Window(window) => act::look::window(app, window),
        Cmd::ZoomAxis(by) => act::look::zoom_axis(app, by),
        Cmd::PanAxis(by) => act::look::pan_axis(app, by),
        Cmd::Focus => act::look::focus(app),
        Cmd::ZoomGraph(by) => act::look::zoom_graph(app, by),
        Cmd::PanGraph(x, y) => act::look::pan_graph(app, x, y),
        Cmd::PinNode { node, x, y } => act::look::pin_node(app, node, x, y),
        Cmd::FitGraph => act::look::fit_graph(app),
        Cmd::ToggleTable => act::look::toggle_table(app),
        Cmd::Menu(menu) => act::look::menu(app, menu),
        Cmd::Dialog(dialog) => act::look::dialog(app, dialog),
        Cmd::ToggleLeft => act::look::toggle_left(app),
        Cmd::ToggleRight => act::look::toggle_right(app),
        Cmd::DismissBanner => act::look::banner(app, None),
        Cmd::Toast(text) => act::look::toast(app, text),
        Cmd::SingleKeys(on) => crate::keys::switch(app, on),
        Cmd::Theme(theme) => act::look::theme(app, theme),

        Cmd::OpenShipped(name) => act::runs::open_shipped(app, name),
        Cmd::OpenFile { read, name } => act::desk::open_file(app, read, &name),
        Cmd::OpenAddress => act::address::open(app),
        Cmd::Couple(coupling) => act::runs::couple(app, coupling),
        Cmd::SetOptions { options, name } => {
            act::runs::edit(app, &name, |scenario| scenario.options = options);
        }
        Cmd::SetLoad { workload, name } => {
            act::runs::edit(app, &name, |scenario| scenario.workload = workload);
        }
        Cmd::SetSeed(seed) => {
            act::runs::edit(app, &format!("seed {seed}"), |scenario| scenario.seed = seed);
        }
        Cmd::EditSteps { flow, edit } => act::runs::steps(app, flow, &edit),
        Cmd::SetDelay { us } => {
            let name = format!("messages take {}", duration(us as u64));
            act::runs::edit(app, &name, |scenario| {
                scenario.network.delay_us = Distribution::Constant(us);
            });
        }
        Cmd::Limit { events, time_us } => act::runs::limit(app, events, time_us),
        Cmd::FewerArrivals => act::runs::fewer(app),
        Cmd::AddFault(fault) => act::runs::add_fault(app, fault),
        Cmd::RemoveFault(at) => act::runs::remove_fault(app, at),
        Cmd::Intervene { intervention, name } => act::runs::intervene(app, intervention, &name),
        Cmd::RemoveIntervention(at) => act::runs::remove_intervention(app, at),
        Cmd::Undo => act::runs::undo(app),
        Cmd::Redo => act::runs::redo(app),
        Cmd::ChooseRun(id) => act::runs::choose(app, id),

        Cmd::HandStart => act::hand::start(app),
        Cmd::HandChoose(text) => act::hand::choose(app, text),
        Cmd::HandUndo => act::hand::undo(app),
        Cmd::HandRedo => act::hand::redo(app),
        Cmd::HandRestart => act::hand::rewind(app, 0),
        Cmd::HandRewind(to) => act::hand::rewind(app, to),
        Cmd::HandShortest => act::hand::show_shortest(app),
        Cmd::HandEnd => act::hand::end(app),
        Cmd::Isolating(on) => act::isolation::choose(app, on),
        Cmd::IsolationPick(name) => act::isolation::pick(app, name),
        Cmd::IsolationText(text) => act::isolation::text(app, text),
        Cmd::IsolationStart => act::isolation::start(app),
        Cmd::IsolationStop => act::isolation::stop(app),
        Cmd::IsolationShow { setting, name } => act::isolation::show(app, &setting, &name),
        Cmd::IsolationStep(step) => act::isolation::step(app, step),
        Cmd::IsolationCopy => act::isolation::copy(app),

        Cmd::CheckForm(form) => act::check::form(app, form),
        Cmd::CheckMore(more) => act::check::more(app, more),
        Cmd::CheckReset => act::check::form_of(app),
        Cmd::CheckStart => act::check::start(app),
        Cmd::CheckStop => act::check::stop(app),
        Cmd::ShowCounterexample { property } => act::check::show(app, property),
        Cmd::Why { property, open } => act::why::ask(app, property, open),
        Cmd::OpenNamed { property, named } => act::why::open(app, property, named),
        Cmd::OnlyLed(only) => act::why::only_led(app, only),
        Cmd::ApplyRemedy { property, remedy } => act::why::apply(app, property, remedy),
        Cmd::CopyCounterexample { property } => act::check::copy(app, property),

        Cmd::CompareToggle(coupling) => act::compare::toggle(app, &coupling),
        Cmd::CompareSeeds(seeds) => act::compare::seeds(app, seeds),
        Cmd::CompareStart => act::compare::start(app),
        Cmd::CompareStop => act::compare::stop(app),
        Cmd::Decide(decision) => act::sweep::decide(app, decision),
        Cmd::SweepParameter(parameter) => act::sweep::parameter(app, parameter),
        Cmd::SweepValues(text) => act::sweep::values(app, text),
        Cmd::SweepMetric(metric) => act::sweep::metric(app, metric),
        Cmd::SweepStart => act::sweep::start(app),
        Cmd::SweepStop => act::sweep::stop(app),
        Cmd::CopyRecord => act::sweep::copy_record(app),
        Cmd::SaveRecord => act::sweep::save_record(app),

        Cmd::FirstCrash => act::first_visit::crash(app),
        Cmd::FirstSucceed => act::first_visit::succeed(app),
        Cmd::CopyLink => act::address::copy(app),
        Cmd::SaveScenario => act::runs::save(app),
        Cmd::Desk(cmd) => desk(app, cmd),
    }
    crate::frame_loop::wake(app);
}

fn desk(app: App, cmd: DeskCmd) {
    match cmd {
        DeskCmd::Open => act::desk::open(app),
        DeskCmd::Close => act::desk::close(app),
        DeskCmd::Typed => act::desk::typed(app),
        DeskCmd::Run => act::desk::run(app),
        DeskCmd::GoTo { mistake } => act::desk::go_to(app, mistake),
        DeskCmd::Take => act::desk::take(app),
        DeskCmd::Blank => act::desk::blank(app),
        DeskCmd::OpenBlank => {
            act::desk::open(app);
            act::desk::blank(app);
        }
        DeskCmd::Back => act::desk::back(app),
        DeskCmd::Hold(on) => act::desk::hold(app, on),
        DeskCmd::Name(name) => act::saved::name(app, name),
        DeskCmd::Save => act::saved::save(app),
        DeskCmd::SaveBeside => act::saved::save_beside(app),
        DeskCmd::SaveOver => act::saved::save_over(app),
        DeskCmd::OpenSaved(name) => act::saved::open(app, &name),
        DeskCmd::Rename(from, to) => act::saved::rename(app, &from, &to),
        DeskCmd::Delete(name) => act::saved::delete(app, &name),
        DeskCmd::Undelete => act::saved::undelete(app),
        DeskCmd::Download(name) => act::saved::download(app, &name),
        DeskCmd::SaveFile => act::saved::file(app),
        DeskCmd::Stored => act::saved::stored(app),
    }
}

/// The scenario that the page is about: that of the run on screen.
#[must_use]
pub fn scenario(app: App) -> Option<Scenario> {
    app.run_now(|run| run.input().scenario.clone())
}
