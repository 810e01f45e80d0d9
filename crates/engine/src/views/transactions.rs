//! The transactions at a moment: where each is, its colour, and what to say of it.

use crate::cast::Cast;
use crate::event::Outcome;
use crate::ids::{EventIx, FlowIx, Micros, StepIx, TxnId, txn_name};

use super::format::list;
use super::frame::{Frame, TxnFrame, TxnState};
use super::index::Index;

/// How many colours there are for transactions.
pub const COLOURS: u8 = 8;

/// The colour of a transaction, the same in every view: neighbours differ.
#[must_use]
pub fn colour(txn: TxnId) -> u8 {
    (txn.0 % u32::from(COLOURS)) as u8
}

/// A transaction at a moment, as a list shows it.
#[derive(Clone, PartialEq, Debug)]
pub struct TxnLine {
    /// Which.
    pub txn: TxnId,
    /// `T7`.
    pub name: String,
    /// Its flow.
    pub flow: FlowIx,
    /// The name of its flow.
    pub flow_name: String,
    /// Its colour, below [`COLOURS`].
    pub colour: u8,
    /// Where it is.
    pub state: TxnState,
    /// In one or two words: `half done`, `committed`, `compensated`.
    pub badge: &'static str,
    /// Whether the badge tells of a failure that stays: half done or stuck.
    pub failed: bool,
    /// `half done: orders and payments done, stock and shipping never ran`.
    pub summary: String,
    /// The event that started it.
    pub started: EventIx,
    /// The time of that.
    pub started_at: Micros,
    /// When it ended for its client.
    pub ended_at: Option<Micros>,
    /// Its last event so far.
    pub last: EventIx,
    /// The steps whose effect stands.
    pub done: Vec<StepIx>,
    /// The steps that were done and undone.
    pub undone: Vec<StepIx>,
    /// The steps that were refused and have no effect.
    pub refused: Vec<StepIx>,
    /// The other steps: to come, or never run once the run is over.
    pub open: Vec<StepIx>,
}

/// All transactions that have started, in order.
///
/// `over` says that the trace is that of a run that has ended: only then is a step that did not
/// run one that never ran.
#[must_use]
pub fn transactions(cast: &Cast, index: &Index, frame: &Frame, over: bool) -> Vec<TxnLine> {
    let started = frame.txns.iter();
    started.map(|(txn, of)| line(cast, index, frame, *txn, of, over)).collect()
}

/// One transaction; `None` before it has started.
#[must_use]
pub fn transaction(
    cast: &Cast,
    index: &Index,
    frame: &Frame,
    txn: TxnId,
    over: bool,
) -> Option<TxnLine> {
    frame.txn(txn).map(|of| line(cast, index, frame, txn, of, over))
}

/// The words for some steps of a flow: their services, with the step where a service has several.
#[must_use]
pub fn step_words(cast: &Cast, flow: FlowIx, steps: &[StepIx]) -> String {
    let Some(info) = cast.flows.get(flow.ix()) else { return String::new() };
    let words = steps.iter().filter_map(|step| {
        let of = info.steps.get(step.ix())?;
        let alone = info.steps.iter().filter(|other| other.node == of.node).count() == 1;
        let node = cast.node(of.node);
        let step = cast.sym(of.name);
        Some(if alone { node.to_owned() } else { format!("{node} ({step})") })
    });
    list(&words.collect::<Vec<_>>())
}

fn line(
    cast: &Cast,
    index: &Index,
    frame: &Frame,
    txn: TxnId,
    of: &TxnFrame,
    over: bool,
) -> TxnLine {
    let steps = |wanted: fn(&super::frame::StepFrame) -> bool| -> Vec<StepIx> {
        let all = of.steps.iter().enumerate();
        all.filter(|(_, step)| wanted(step)).map(|(at, _)| StepIx(at as u8)).collect()
    };
    let done = steps(|step| step.stands());
    let undone = steps(|step| step.done_times > 0 && !step.stands());
    let refused = steps(|step| step.done_times == 0 && step.refused.is_some());
    let open = steps(|step| step.done_times == 0 && step.refused.is_none());
    let last_ever = index.txns.get(&txn).and_then(|track| track.events.last().copied());
    let at_rest = over && last_ever.is_none_or(|last| Some(last) <= frame.cursor);
    let mut line = TxnLine {
        txn,
        name: txn_name(txn),
        flow: of.flow,
        flow_name: cast.flows.get(of.flow.ix()).map_or_else(String::new, |info| info.name.clone()),
        colour: colour(txn),
        state: of.state,
        badge: of.state.word(),
        failed: false,
        summary: String::new(),
        started: of.started,
        started_at: of.started_at,
        ended_at: of.ended_at,
        last: of.last,
        done,
        undone,
        refused,
        open,
    };
    judge(cast, of, &mut line, at_rest);
    line
}

/// Finds the badge and the summary.
fn judge(cast: &Cast, of: &TxnFrame, line: &mut TxnLine, at_rest: bool) {
    let words = |steps: &[StepIx]| step_words(cast, of.flow, steps);
    let reason = of.reason.map(|word| cast.sym(word).to_owned());
    let because = reason.map(|reason| format!(" ({reason})")).unwrap_or_default();
    let committed = of.state == TxnState::Ended(Outcome::Committed);
    let partly = !line.done.is_empty() && !committed && (line.done.len() < of.steps.len());
    // While compensations run, what stands is on its way back; at rest it stays.
    if partly && at_rest {
        let stuck = of.state == TxnState::Stuck;
        line.badge = if stuck { "stuck" } else { "half done" };
        line.failed = true;
        let mut parts = vec![format!("{} done", words(&line.done))];
        push_part(&mut parts, &words(&line.undone), "undone");
        push_part(&mut parts, &words(&line.refused), "refused");
        push_part(&mut parts, &words(&line.open), "never ran");
        line.summary = format!("{}{because}: {}", line.badge, parts.join(", "));
        return;
    }
    line.failed = of.state == TxnState::Stuck;
    line.summary = match of.state {
        TxnState::Ended(Outcome::Committed) => {
            let skipped = words(&line.open);
            let rest = if skipped.is_empty() { skipped } else { format!("; {skipped} not needed") };
            format!("done: {}{rest}", words(&line.done))
        }
        _ if line.done.is_empty() && !line.undone.is_empty() => {
            line.badge = "compensated";
            let refused = words(&line.refused);
            let why =
                if refused.is_empty() { because } else { format!("; {refused} refused{because}") };
            format!("undone: {}{why}", words(&line.undone))
        }
        TxnState::Ended(_) if line.done.is_empty() => {
            line.badge = "refused";
            let refused = words(&line.refused);
            let by = if refused.is_empty() { String::new() } else { format!(" by {refused}") };
            format!("refused{by}{because}; nothing was kept")
        }
        TxnState::Ended(Outcome::Unknown) => {
            format!("{} done; its client never learned the outcome", words(&line.done))
        }
        TxnState::Compensating | TxnState::Ended(_) => {
            let mut parts = Vec::new();
            push_part(&mut parts, &words(&line.refused), &format!("refused{because}"));
            push_part(&mut parts, &words(&line.undone), "undone");
            push_part(&mut parts, &words(&line.done), "to undo");
            format!("compensating: {}", parts.join(", "))
        }
        TxnState::Stuck => {
            let mut parts = Vec::new();
            push_part(&mut parts, &words(&line.done), "done");
            push_part(&mut parts, &words(&line.undone), "undone");
            push_part(&mut parts, &words(&line.open), "not run");
            format!("stuck{because}: {}", parts.join(", "))
        }
        TxnState::Running | TxnState::Acknowledged if line.done.len() == of.steps.len() => {
            format!("{} done, the end is still to be told", words(&line.done))
        }
        TxnState::Running | TxnState::Acknowledged => {
            let next: Vec<StepIx> = line.open.first().copied().into_iter().collect();
            let next = words(&next);
            match (line.done.is_empty(), next.is_empty(), at_rest) {
                (true, _, true) => "nothing was done, and nothing more happens".to_owned(),
                (true, _, false) => format!("next: {next}"),
                (false, true, _) => format!("{} done", words(&line.done)),
                (false, false, _) => format!("{} done, next: {next}", words(&line.done)),
            }
        }
    };
}

fn push_part(parts: &mut Vec<String>, steps: &str, what: &str) {
    if !steps.is_empty() {
        parts.push(format!("{steps} {what}"));
    }
}
