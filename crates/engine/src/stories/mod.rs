//! Stories: a few stages over real runs, each with a sentence, a question and something to do.
//!
//! A story is data over a shipped scenario. A stage names its run by what is changed in the
//! scenario, and its moments by what happens there ("the commit at payments"), never by a number.
//! Which answer of a question is right is not written down: each answer is a [`Claim`] about the run
//! that comes of the stage's action, and the engine says which of them holds. A test plays every
//! stage and holds that there is exactly one.

mod change;
mod claim;
mod deadlock;
mod failed_compensation;
mod in_doubt;
mod last_seat;
mod lost_event;
mod moment;
mod play;
mod rebuild;
mod redelivered_payment;
mod stale_read;

pub use change::Change;
pub use claim::{Claim, Figure};
pub use moment::Moment;
pub use play::{Played, Seen, acted, input, intervention};

/// A story.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Story {
    /// Its name in links: `lost-event`.
    pub name: &'static str,
    /// Its name on screen.
    pub title: &'static str,
    /// What it is about, in one line.
    pub line: &'static str,
    /// The shipped scenario that it is played on.
    pub scenario: &'static str,
    /// The couplings that it ends in comparing, by name.
    pub compare: &'static [&'static str],
    /// Its stages.
    pub stages: &'static [Stage],
}

/// A stage of a story.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Stage {
    /// The scenario, where it is not the story's.
    pub scenario: Option<&'static str>,
    /// What is changed in the scenario.
    pub changes: &'static [Change],
    /// Where the run stands when the stage begins.
    pub at: Moment,
    /// The transaction that is followed, counted from 1; 0 for none.
    pub follow: u32,
    /// What is the case, in one sentence.
    pub say: &'static str,
    /// What to look at.
    pub watch: &'static str,
    /// What makes the sentence true of the run at that moment.
    pub facts: &'static [Claim],
    /// What the reader is asked before it is revealed.
    pub ask: Question,
    /// What the reader does to see it.
    pub act: Action,
    /// Where the run stands when it is revealed.
    pub shows: Moment,
}

/// A question with its answers.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Question {
    /// The question.
    pub text: &'static str,
    /// Its answers; of each run exactly one is true.
    pub answers: &'static [Answer],
}

/// An answer to a question.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Answer {
    /// The answer.
    pub text: &'static str,
    /// What would make it true.
    pub claim: Claim,
    /// Why it is so, or why it is not: what is said to whoever chose it.
    pub why: &'static str,
}

/// Something to do, which is recognised whichever way the reader does it.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Action {
    /// What is done.
    pub deed: Deed,
    /// What the button says that does it.
    pub button: &'static str,
    /// Where else in the page it can be done.
    pub by_hand: &'static str,
    /// What the run on screen then is.
    pub sees: &'static [Claim],
}

/// What is done.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Deed {
    /// Going on to a moment of the run.
    Go(Moment),
    /// A crash right after a moment.
    Crash {
        /// The node that crashes.
        node: &'static str,
        /// After which event.
        after: Moment,
        /// For how many microseconds.
        for_us: u64,
    },
    /// Changes of the scenario.
    Change(&'static [Change]),
    /// Comparing the story's couplings.
    Compare,
}

/// All stories, in the order in which they are offered.
static STORIES: &[Story] = &[
    lost_event::STORY,
    in_doubt::STORY,
    stale_read::STORY,
    deadlock::STORY,
    failed_compensation::STORY,
    rebuild::STORY,
    last_seat::STORY,
    redelivered_payment::STORY,
];

/// All stories, in the order in which they are offered.
#[must_use]
pub fn stories() -> &'static [Story] {
    STORIES
}

/// The story of this name.
#[must_use]
pub fn by_name(name: &str) -> Option<&'static Story> {
    STORIES.iter().find(|story| story.name == name)
}

/// A stage by its text in links: `lost-event.3` is the third stage. Without a number it is the first.
#[must_use]
pub fn parse(text: &str) -> Option<(&'static Story, usize)> {
    let (name, number) = match text.rsplit_once('.') {
        Some((name, number)) => (name, number.parse::<usize>().ok()?),
        None => (text, 1),
    };
    let story = by_name(name)?;
    let stage = number.checked_sub(1)?;
    (stage < story.stages.len()).then_some((story, stage))
}

/// The text of a stage in links.
#[must_use]
pub fn text(story: &Story, stage: usize) -> String {
    format!("{}.{}", story.name, stage + 1)
}
