//! The words and chips of a node: what the frame says, short enough to stand in a box.

use interleave_engine::cast::{Cast, NodeInfo, NodeKind};
use interleave_engine::ids::{Direction, NodeIx, StepIx, TxnId, txn_name};
use interleave_engine::views::format;
use interleave_engine::views::frame::{Frame, NodeFrame, NodeState};
use interleave_engine::views::rows::{Focus, headlines};

use crate::lab::Run;
use crate::views::icons::{class_of, cut, name_of, txn_class};

/// A chip: the class of its colour, and its text.
pub(super) type Chip = (&'static str, String);

/// What a node shows.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct NodePicture {
    /// Its name.
    pub(super) name: String,
    /// What it is doing, in a few words.
    pub(super) line: String,
    /// Its state.
    pub(super) state: NodeState,
    /// What it is serving.
    pub(super) work: Option<Chip>,
    /// What waits.
    pub(super) queue: Vec<Chip>,
    /// How many more wait.
    pub(super) queue_more: usize,
    /// Its rows.
    pub(super) rows: Vec<String>,
    /// How many more rows there are.
    pub(super) rows_more: usize,
    /// Messages in its outbox.
    pub(super) outbox: Vec<Chip>,
    /// All of it in words.
    pub(super) label: String,
}

/// How many rows stand beside a cylinder.
const ROWS: usize = 3;
/// How many waiting pieces of work are drawn.
const QUEUE: usize = 4;

/// What a node shows at the moment of a frame.
pub(super) fn node(
    run: &Run,
    frame: &Frame,
    at: usize,
    letters: usize,
    txn: Option<TxnId>,
) -> Option<NodePicture> {
    let cast = run.cast();
    let info = cast.nodes.get(at)?;
    let node = frame.nodes.get(at)?;
    let db = info.db.and_then(|db| Some((db, frame.dbs.get(db.ix())?)));
    let outbox: Vec<Chip> = db
        .map(|(_, db)| {
            db.outbox.values().map(|entry| (class_of(entry.txn), name_of(entry.txn))).collect()
        })
        .unwrap_or_default();
    let wanted = if outbox.is_empty() { ROWS } else { ROWS - 1 };
    // What the followed transaction did, or the event at the cursor.
    let focus = match txn {
        Some(txn) => Some(Focus::Txn(txn)),
        None => frame.cursor.map(Focus::Event),
    };
    let rows: Vec<String> = db
        .map(|(ix, _)| headlines(cast, run.trace(), &run.views.index, frame, ix, focus, wanted))
        .unwrap_or_default();
    let rows: Vec<String> = rows.iter().map(|row| cut(row, letters)).collect();
    let rows_more = db.map_or(0, |(_, db)| db.live().count().saturating_sub(rows.len()));
    let queue: Vec<Chip> = node
        .queue
        .values()
        .take(QUEUE)
        .map(|queued| (class_of(queued.txn), name_of(queued.txn)))
        .collect();
    let line = state_line(run, frame, node, NodeIx(at as u8), info.kind);
    let line = match info.kind {
        NodeKind::Replica(_) => format!("replica {}: {line}", number_of(&info.name)),
        _ => line,
    };
    let label = label(&info.name, &line, &rows, node);
    Some(NodePicture {
        name: short_name(cast, info),
        state: node.state,
        work: match (node.work.first(), node.state) {
            (Some(work), _) => Some((class_of(work.txn), name_of(work.txn))),
            (None, NodeState::Working | NodeState::Compensating) => {
                let (txn, _) = acting(run, frame, NodeIx(at as u8));
                txn.map(|txn| (txn_class(txn), txn_name(txn)))
            }
            (None, _) => None,
        },
        queue_more: node.queue.size().saturating_sub(queue.len()),
        queue,
        line: cut(&line, letters + 4),
        rows,
        rows_more,
        outbox,
        label,
    })
}

/// A replica is called as its owner: that it is a replica stands in its line.
fn short_name(cast: &Cast, info: &NodeInfo) -> String {
    let owner = match info.kind {
        NodeKind::Replica(of) => cast.nodes.iter().find(|node| node.kind == NodeKind::Service(of)),
        _ => None,
    };
    owner.unwrap_or(info).name.clone()
}

/// What stands after the last hyphen: a replica's number.
fn number_of(name: &str) -> &str {
    name.rsplit('-').next().unwrap_or(name)
}

fn label(name: &str, line: &str, rows: &[String], node: &NodeFrame) -> String {
    let mut label = format!("{name}, {line}");
    if node.queue.size() > 0 {
        label.push_str(&format!(", {} waiting", node.queue.size()));
    }
    if !rows.is_empty() {
        label.push_str(&format!(". Rows: {}", rows.join("; ")));
    }
    label
}

/// What a node is doing, in a few words.
fn state_line(run: &Run, frame: &Frame, node: &NodeFrame, ix: NodeIx, kind: NodeKind) -> String {
    let cast = run.cast();
    if kind == NodeKind::Clients {
        let open = frame.open.size() as u64;
        return if open == 0 { "nothing open".to_owned() } else { format!("{open} waiting") };
    }
    match node.state {
        NodeState::Crashed => match node.back_at.filter(|back| *back > frame.at) {
            Some(back) => format!("crashed, back in {}", format::duration(back - frame.at)),
            None => "crashed".to_owned(),
        },
        NodeState::Working | NodeState::Compensating => {
            let (txn, step) = match node.work.first() {
                Some(work) => (work.txn, work.step),
                None => acting(run, frame, ix),
            };
            let verb = node.state.word();
            let Some(txn) = txn else { return verb.to_owned() };
            format!("{verb}: {}", doing(cast, frame, txn, step))
        }
        NodeState::Stuck => {
            let stuck: Vec<String> = node.stuck.iter().map(|txn| txn_name(*txn)).collect();
            format!("stuck: {}", stuck.join(", "))
        }
        NodeState::Waiting if node.queue.size() > 0 => {
            format!("{} waiting", node.queue.size())
        }
        NodeState::Waiting => "waiting for an answer".to_owned(),
        NodeState::InDoubt | NodeState::Idle => node.state.word().to_owned(),
    }
}

/// What a node handles right now, where no clock says when service began: that of the event itself.
fn acting(run: &Run, frame: &Frame, node: NodeIx) -> (Option<TxnId>, Option<(StepIx, Direction)>) {
    let event = frame.cursor.and_then(|at| run.trace().get(at)).filter(|event| event.node == node);
    event.map_or((None, None), |event| (event.txn, event.step))
}

fn doing(cast: &Cast, frame: &Frame, txn: TxnId, step: Option<(StepIx, Direction)>) -> String {
    let flow = frame.txn(txn).map(|track| track.flow);
    let info = flow.zip(step).and_then(|(flow, (step, dir))| Some((cast.step(flow, step)?, dir)));
    match info {
        Some((info, Direction::Do)) => cast.sym(info.name).to_owned(),
        Some((info, Direction::Undo)) => cast.sym(info.undo_name).to_owned(),
        None => txn_name(txn),
    }
}

/// The class of the transaction that the page follows.
pub(super) fn followed_class(txn: Option<u32>) -> Option<&'static str> {
    txn.map(|txn| txn_class(TxnId(txn)))
}
