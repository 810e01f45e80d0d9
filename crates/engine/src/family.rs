//! The contracts of the pattern families: what the world asks of a member and what it tells it.
//!
//! A coupling has one member of each family. [`crate::patterns`] has the tables of the members;
//! each member is one file there.

use std::rc::Rc;

use crate::ids::{DbIx, Direction, NodeIx, StepIx, Sym, TxnId};
use crate::plan::{Flow, MixKind, Plan, Step};
use crate::stores::Database;
use crate::value::Value;

/// What a write member needs besides the services.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Needs {
    /// A broker, with a topic for each service that takes part.
    pub broker: bool,
    /// An orchestrator.
    pub orchestrator: bool,
    /// A coordinator of distributed transactions.
    pub coordinator: bool,
    /// A composer, through which queries and writes pass.
    pub composer: bool,
    /// Replicas of each service's database.
    pub replicas: bool,
    /// A topic for the changes of each database that has replicas.
    pub changes: bool,
    /// One database with the rows of all services, in place of one for each.
    pub shared_database: bool,
    /// Local transactions that stay open from one handler to the next.
    pub sessions: bool,
    /// Streams of events in place of rows in each service's database.
    pub streams: bool,
    /// The countermeasures of sagas, whose steps are seen by others before the whole is done.
    pub saga: bool,
}

impl Needs {
    /// What two members need together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            broker: self.broker || other.broker,
            orchestrator: self.orchestrator || other.orchestrator,
            coordinator: self.coordinator || other.coordinator,
            composer: self.composer || other.composer,
            replicas: self.replicas || other.replicas,
            changes: self.changes || other.changes,
            shared_database: self.shared_database || other.shared_database,
            sessions: self.sessions || other.sessions,
            streams: self.streams || other.streams,
            saga: self.saga || other.saga,
        }
    }
}

/// What a message of a write member is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct About {
    /// Who sent it.
    pub from: NodeIx,
    /// The transaction.
    pub txn: TxnId,
    /// The step.
    pub step: StepIx,
}

/// A timer of a write member that has fired.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TimerOf {
    /// Its name.
    pub label: Sym,
    /// The transaction.
    pub txn: TxnId,
    /// The step, the first where it is about none.
    pub step: (StepIx, Direction),
    /// Who was asked.
    pub target: NodeIx,
}

/// A transaction as every message about it carries it.
#[derive(Clone, PartialEq, Debug)]
pub struct TxnData {
    /// Its flow or query.
    pub what: MixKind,
    /// Its inputs, in the order of the flow's.
    pub inputs: Rc<Vec<Value>>,
}

/// What a handler may look at: the plan, its own node, and the databases for reading its own.
pub struct Cx<'a> {
    /// The compiled scenario.
    pub plan: &'a Plan,
    /// The node that the handler runs at.
    pub node: NodeIx,
    /// The databases.
    pub dbs: &'a [Rc<Database>],
    /// The transactions that have arrived.
    pub txns: &'a rpds::RedBlackTreeMap<TxnId, TxnData>,
}

impl<'a> Cx<'a> {
    /// A transaction. Every message is about one that has arrived.
    #[must_use]
    pub fn txn(&self, txn: TxnId) -> &'a TxnData {
        self.txns.get(&txn).expect("a message is only ever about a transaction that has arrived")
    }

    /// The flow of a transaction.
    #[must_use]
    pub fn flow(&self, txn: TxnId) -> &'a Flow {
        match self.txn(txn).what {
            MixKind::Flow(flow) => &self.plan.flows[flow.ix()],
            MixKind::Query(_) => {
                unreachable!("only transactions have steps, and only the reads handle queries")
            }
        }
    }

    /// A step of a transaction's flow.
    #[must_use]
    pub fn step(&self, txn: TxnId, step: StepIx) -> &'a Step {
        &self.flow(txn).steps[step.ix()]
    }

    /// The first step at or after `from` that has something to do for this transaction.
    #[must_use]
    pub fn next_step(&self, txn: TxnId, from: usize) -> Option<StepIx> {
        let data = self.txn(txn);
        let steps = &self.flow(txn).steps;
        (from..steps.len())
            .find(|ix| !steps[*ix].forward.is_empty() && steps[*ix].applies(&data.inputs))
            .map(|ix| StepIx(ix as u8))
    }

    /// The last step before `before` that has something to undo for this transaction.
    #[must_use]
    pub fn previous_undo(&self, txn: TxnId, before: usize) -> Option<StepIx> {
        let data = self.txn(txn);
        let steps = &self.flow(txn).steps;
        (0..before)
            .rev()
            .find(|ix| !steps[*ix].undo.is_empty() && steps[*ix].applies(&data.inputs))
            .map(|ix| StepIx(ix as u8))
    }

    /// The database of this node.
    #[must_use]
    pub fn own_db(&self) -> DbIx {
        let own = self.plan.cast.nodes[self.node.ix()].db.or(self.plan.shared);
        own.expect("only nodes with a database run steps")
    }

    /// The database with the rows of a step's service.
    #[must_use]
    pub fn step_db(&self, txn: TxnId, step: StepIx) -> DbIx {
        let owner = self.step(txn, step).node;
        let own = self.plan.cast.nodes[owner.ix()].db.or(self.plan.shared);
        own.expect("every service has a database of its own or shares one")
    }

    /// The rows of this node's own database, for reading.
    #[must_use]
    pub fn own(&self) -> &'a Database {
        &self.dbs[self.own_db().ix()]
    }
}
