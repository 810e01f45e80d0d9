//! What a scenario demands, compiled once per run: names resolved to ids, sums to their start.

use std::collections::{BTreeMap, BTreeSet};

use rpds::RedBlackTreeMap;

use crate::cast::{Cast, DbInfo};
use crate::event::{Event, EventKind, LostRecord};
use crate::ids::{DbIx, FlowIx, NodeIx, StepIx, Sym, TxnId};
use crate::patterns;
use crate::patterns::read::ReadKind;
use crate::patterns::write::WriteKind;
use crate::plan::as_run;
use crate::scenario::Scenario;
use crate::scenario::document::{
    Arrivals, Compensate, CompensationOrder, Coupling, Invariant, Operation, QueryRead, Rule,
    Scalar, Step, StepKind, Term, When,
};
use crate::value::{Key, KeyPart, Row, Value};

/// The static part of all properties. It is shared by every state and never changes.
#[derive(Clone, PartialEq, Debug)]
pub struct Rules {
    /// The flows, by [`FlowIx`].
    pub flows: Vec<FlowRules>,
    /// The declared sums in the order of the document.
    pub sums: Vec<SumRule>,
    /// The declared bounds in the order of the document.
    pub bounds: Vec<BoundRule>,
    /// Which steps a saga compensates.
    pub compensate: Compensate,
    /// In which order a saga compensates.
    pub compensation_order: CompensationOrder,
    /// Whether transactions are carried out as sagas, so that their histories must be those of a saga.
    pub saga: bool,
    /// Whether local transactions stay open beside each other.
    pub sessions: bool,
    /// What queries read, where one reads several rows.
    pub queries: Option<QueryRules>,
    node_dbs: Vec<Option<DbIx>>,
    node_names: Vec<String>,
    symbols: Vec<String>,
    copies: CopyRules,
}

/// Replicas as the properties see them.
#[derive(Clone, PartialEq, Debug, Default)]
struct CopyRules {
    /// Per database, the one that it copies.
    of: Vec<Option<DbIx>>,
    names: Vec<String>,
    /// The rows at the start, where there are replicas.
    rows: Vec<BTreeMap<Key, Row>>,
    /// Per table of versions, the table of the rows.
    versioned: BTreeMap<Sym, Sym>,
    sessions: u32,
    staleness_max: Option<u32>,
}

impl CopyRules {
    fn compile(scenario: &Scenario, cast: &Cast) -> Self {
        let of: Vec<Option<DbIx>> = cast.dbs.iter().map(|db| db.replica_of).collect();
        if of.iter().all(Option::is_none) {
            return Self::default();
        }
        let tables = cast.symbols.iter().enumerate().filter_map(|(at, name)| {
            let table = symbol(cast, name.strip_prefix(crate::cast::VERSION_OF)?)?;
            Some((Sym(at as u32), table))
        });
        Self {
            of,
            names: cast.dbs.iter().map(|db| db.name.clone()).collect(),
            rows: cast.dbs.iter().map(|db| db.rows.iter().cloned().collect()).collect(),
            versioned: tables.collect(),
            sessions: match &scenario.workload.arrivals {
                Arrivals::Clients { clients, .. } => (*clients).max(1),
                _ => 1,
            },
            staleness_max: scenario.options.staleness_max,
        }
    }
}

/// What the queries of a document read.
#[derive(Clone, PartialEq, Debug)]
pub struct QueryRules {
    /// Whether rows are read elsewhere than at their owners.
    pub may_be_stale: bool,
    /// The rows that can be read, as they are at the start.
    pub start: RedBlackTreeMap<(DbIx, Key), Row>,
    tables: BTreeSet<(DbIx, Sym)>,
    primaries: Vec<DbIx>,
}

impl QueryRules {
    fn compile(scenario: &Scenario, cast: &Cast) -> Option<Self> {
        if scenario.queries.iter().all(|query| query.reads.len() < 2) {
            return None;
        }
        let reads = scenario.queries.iter().flat_map(|query| &query.reads);
        let table = |read: &QueryRead| {
            let cells = Cells::compile(cast, &read.service, &read.key, "");
            Some((cells.db?, cells.table?))
        };
        let primary = |(ix, info): (usize, &DbInfo)| info.replica_of.unwrap_or(DbIx(ix as u8));
        let mut rules = Self {
            may_be_stale: patterns::resolve(&scenario.coupling).is_ok_and(|(parts, _)| {
                !matches!(parts.read, ReadKind::Direct | ReadKind::ApiComposition)
            }),
            start: RedBlackTreeMap::new(),
            tables: reads.filter_map(table).collect(),
            primaries: cast.dbs.iter().enumerate().map(primary).collect(),
        };
        for (ix, info) in cast.dbs.iter().enumerate() {
            let db = DbIx(ix as u8);
            for (key, row) in &info.rows {
                if rules.reads(db, key) {
                    rules.start.insert_mut((db, *key), row.clone());
                }
            }
        }
        Some(rules)
    }

    /// Whether a query can read this row of an owner.
    #[must_use]
    pub fn reads(&self, db: DbIx, key: &Key) -> bool {
        self.tables.contains(&(db, key.table))
    }

    /// The database that a replica stands for, or the database itself.
    #[must_use]
    pub fn primary(&self, db: DbIx) -> DbIx {
        self.primaries.get(db.ix()).copied().unwrap_or(db)
    }
}

/// A flow as the properties see it.
#[derive(Clone, PartialEq, Debug)]
pub struct FlowRules {
    /// Its steps.
    pub steps: Vec<StepRules>,
}

/// A step as the properties see it.
#[derive(Clone, PartialEq, Debug)]
pub struct StepRules {
    /// Its name.
    pub name: String,
    /// The name of its compensation.
    pub undo_name: String,
    /// Its kind.
    pub kind: StepKind,
    /// Whether it changes rows. One that does not leaves nothing that could be half of anything.
    pub writes: bool,
    condition: Option<(usize, Option<Value>)>,
}

impl StepRules {
    /// Whether the step runs for these inputs.
    #[must_use]
    pub fn runs(&self, inputs: &[Value]) -> bool {
        match &self.condition {
            None => true,
            Some((input, is)) => is.is_some() && inputs.get(*input) == is.as_ref(),
        }
    }
}

/// Which fields of which rows an invariant is about.
#[derive(Clone, PartialEq, Debug)]
pub struct Cells {
    db: Option<DbIx>,
    table: Option<Sym>,
    row: RowName,
    field: Option<Sym>,
}

#[derive(Clone, PartialEq, Debug)]
enum RowName {
    All,
    /// A key part that reads as a number may be kept as one or as a text; it means the same row.
    One {
        number: Option<i64>,
        text: Option<Sym>,
    },
}

impl Cells {
    fn compile(cast: &Cast, service: &str, key: &str, field: &str) -> Self {
        let (table, id) = key.split_once(':').unwrap_or((key, "*"));
        let row = match id {
            "*" => RowName::All,
            one => RowName::One { number: one.parse().ok(), text: symbol(cast, one) },
        };
        let own = cast
            .node_named(service)
            .and_then(|node| cast.nodes.get(node.ix()))
            .and_then(|node| node.db)
            .map(|db| (db, String::new()));
        let home = cast.home(service).or(own);
        let prefix = home.as_ref().map_or("", |(_, prefix)| prefix);
        let table = symbol(cast, &format!("{prefix}{table}"));
        Self { db: home.as_ref().map(|(db, _)| *db), table, row, field: symbol(cast, field) }
    }

    /// Whether the row is one of them.
    #[must_use]
    pub fn cover(&self, db: DbIx, key: &Key) -> bool {
        self.db == Some(db)
            && self.table == Some(key.table)
            && match (&self.row, key.id) {
                (RowName::All, _) => true,
                (RowName::One { number, .. }, KeyPart::Int(n)) => *number == Some(n),
                (RowName::One { text, .. }, KeyPart::Text(sym)) => *text == Some(sym),
            }
    }

    /// The number in the field; `None` where the row, the field or a number is missing.
    #[must_use]
    pub fn number(&self, row: Option<&Row>) -> Option<i64> {
        row?.get(self.field?)?.as_int()
    }

    fn initial<'a>(&'a self, dbs: &'a [DbInfo]) -> impl Iterator<Item = (Key, i64)> + 'a {
        let db = self.db.and_then(|ix| dbs.get(ix.ix()).map(|info| (ix, info)));
        let rows = db
            .into_iter()
            .flat_map(|(ix, info)| info.rows.iter().map(move |(key, row)| (ix, key, row)));
        rows.filter(|(ix, key, _)| self.cover(*ix, key))
            .filter_map(|(_, key, row)| self.number(Some(row)).map(|n| (*key, n)))
    }

    fn decimals(&self, cast: &Cast) -> u8 {
        self.db.and_then(|ix| cast.dbs.get(ix.ix())).map_or(0, |info| info.decimals)
    }
}

/// A declared sum.
#[derive(Clone, PartialEq, Debug)]
pub struct SumRule {
    /// Its name.
    pub name: String,
    /// When it must hold.
    pub when: When,
    /// Its terms: the cells, their weight, and what the term is at the start.
    pub terms: Vec<(Cells, i64, i128)>,
    /// What the sum must equal.
    pub target: i128,
    /// How many decimals its numbers are shown with; 0 where its terms differ.
    pub decimals: u8,
}

/// A declared bound.
#[derive(Clone, PartialEq, Debug)]
pub struct BoundRule {
    /// Its name.
    pub name: String,
    /// When it must hold.
    pub when: When,
    /// The cells.
    pub cells: Cells,
    /// The least value allowed.
    pub min: Option<i64>,
    /// The greatest value allowed.
    pub max: Option<i64>,
    /// The cells that are out of bounds at the start.
    pub out_at_start: Vec<(Key, i64)>,
    /// How many decimals its numbers are shown with.
    pub decimals: u8,
}

impl BoundRule {
    /// Whether a number keeps the bound.
    #[must_use]
    pub fn keeps(&self, n: i64) -> bool {
        self.min.is_none_or(|min| n >= min) && self.max.is_none_or(|max| n <= max)
    }
}

/// A row before and after an event.
pub(crate) struct Changed<'a> {
    pub(crate) db: DbIx,
    pub(crate) key: &'a Key,
    pub(crate) before: Option<&'a Row>,
    pub(crate) after: Option<&'a Row>,
}

impl Rules {
    /// Compiles the rules of a scenario. Names that the cast does not know match nothing:
    /// validation has refused them before.
    #[must_use]
    pub fn compile(scenario: &Scenario, cast: &Cast) -> Self {
        let scenario = &*as_run(scenario, is_saga(&scenario.coupling));
        let flows = scenario.transactions.iter().enumerate().map(|(at, flow)| FlowRules {
            steps: flow
                .steps
                .iter()
                .enumerate()
                .map(|(step, doc)| {
                    compile_step(cast, (FlowIx(at as u8), StepIx(step as u8)), doc, &flow.inputs)
                })
                .collect(),
        });
        let declared = &scenario.invariants;
        Self {
            flows: flows.collect(),
            sums: declared.iter().filter_map(|one| compile_sum(cast, one)).collect(),
            bounds: declared.iter().filter_map(|one| compile_bound(cast, one)).collect(),
            compensate: scenario.options.compensate,
            compensation_order: scenario.options.compensation_order,
            saga: is_saga(&scenario.coupling),
            sessions: patterns::resolve(&scenario.coupling)
                .is_ok_and(|(parts, _)| parts.write.needs().sessions),
            queries: QueryRules::compile(scenario, cast),
            node_dbs: cast.nodes.iter().map(|node| node.db).collect(),
            node_names: cast.nodes.iter().map(|node| node.name.clone()).collect(),
            symbols: cast.symbols.clone(),
            copies: CopyRules::compile(scenario, cast),
        }
    }

    /// Whether there are replicas.
    #[must_use]
    pub fn copied(&self) -> bool {
        !self.copies.of.is_empty()
    }

    /// The database that a replica copies, or the database itself.
    #[must_use]
    pub fn primary_of(&self, db: DbIx) -> DbIx {
        self.copies.of.get(db.ix()).copied().flatten().unwrap_or(db)
    }

    /// Whether a database has replicas.
    #[must_use]
    pub fn has_replicas(&self, db: DbIx) -> bool {
        self.copies.of.contains(&Some(db))
    }

    /// Each replica with its primary before it.
    pub fn pairs(&self) -> impl Iterator<Item = (DbIx, DbIx)> + '_ {
        let numbered = self.copies.of.iter().enumerate();
        numbered.filter_map(|(at, of)| Some(((*of)?, DbIx(at as u8))))
    }

    /// The table whose rows' versions are in this one, where it is such a table.
    #[must_use]
    pub fn versioned(&self, table: Sym) -> Option<Sym> {
        self.copies.versioned.get(&table).copied()
    }

    /// A row at the start.
    #[must_use]
    pub fn row_at_start(&self, db: DbIx, key: Key) -> Option<&Row> {
        self.copies.rows.get(db.ix())?.get(&key)
    }

    /// The name of a database, where there are replicas.
    #[must_use]
    pub fn database(&self, db: DbIx) -> &str {
        self.copies.names.get(db.ix()).map_or("?", String::as_str)
    }

    /// By how many versions an answer may be behind.
    #[must_use]
    pub fn staleness_max(&self) -> Option<u32> {
        self.copies.staleness_max
    }

    /// Whose session an arrival belongs to: arrivals are dealt to the clients in turn.
    #[must_use]
    pub fn session_of(&self, txn: TxnId) -> u32 {
        txn.0 % self.copies.sessions.max(1)
    }

    /// The node of the clients.
    #[must_use]
    pub fn clients(&self) -> NodeIx {
        NodeIx(0)
    }

    /// A step of a flow.
    #[must_use]
    pub fn step(&self, flow: FlowIx, step: StepIx) -> Option<&StepRules> {
        self.flows.get(flow.ix())?.steps.get(step.ix())
    }

    /// The text of a key: `account:alice`.
    #[must_use]
    pub fn key(&self, key: Key) -> String {
        let name = |sym: Sym| self.symbols.get(sym.ix()).map_or("?", String::as_str);
        match key.id {
            KeyPart::Int(n) => format!("{}:{n}", name(key.table)),
            KeyPart::Text(sym) => format!("{}:{}", name(key.table), name(sym)),
        }
    }

    /// Calls `see` for each row that an event changed, in order: by a commit, or back again by a
    /// crash that lost one.
    pub(crate) fn changes<'a>(&self, event: &'a Event, mut see: impl FnMut(Changed<'a>)) {
        match &event.kind {
            EventKind::Committed { db, changes, .. } => {
                for change in changes {
                    let (before, after) = (change.before.as_ref(), change.after.as_ref());
                    see(Changed { db: *db, key: &change.key, before, after });
                }
            }
            EventKind::Crashed { lost, .. } => {
                let Some(db) = self.node_db(event.node) else { return };
                for record in lost {
                    if let LostRecord::Commit { changes, .. } = record {
                        for change in changes.iter().rev() {
                            let (before, after) = (change.after.as_ref(), change.before.as_ref());
                            see(Changed { db, key: &change.key, before, after });
                        }
                    }
                }
            }
            _ => {}
        }
    }

    /// The name of a node.
    pub(crate) fn node_name(&self, node: NodeIx) -> &str {
        self.node_names.get(node.ix()).map_or("?", String::as_str)
    }

    /// The database of a node.
    pub(crate) fn node_db(&self, node: NodeIx) -> Option<DbIx> {
        self.node_dbs.get(node.ix()).copied().flatten()
    }
}

fn compile_step(
    cast: &Cast,
    (flow, at): (FlowIx, StepIx),
    doc: &Step,
    inputs: &[String],
) -> StepRules {
    let undo_name = cast.step(flow, at).map(|info| cast.sym(info.undo_name).to_owned());
    let condition = doc.condition.as_ref().map(|condition| {
        let input = inputs.iter().position(|name| *name == condition.input).unwrap_or(usize::MAX);
        (input, value(cast, &condition.is))
    });
    StepRules {
        name: doc.name.clone(),
        undo_name: undo_name.unwrap_or_else(|| format!("undo-{}", doc.name)),
        kind: doc.kind,
        writes: doc.forward.iter().any(changes_rows),
        condition,
    }
}

/// Whether an operation changes a row. To add nothing is to look whether a bound holds.
fn changes_rows(operation: &Operation) -> bool {
    match operation {
        Operation::Read { .. } => false,
        Operation::Add { by, .. } => *by != Scalar::Int(0),
        _ => true,
    }
}

fn compile_sum(cast: &Cast, declared: &Invariant) -> Option<SumRule> {
    let Rule::Sum { terms, equals } = &declared.rule else { return None };
    let compile_term = |term: &Term| {
        let cells = Cells::compile(cast, &term.service, &term.key, &term.field);
        let sum: i128 = cells.initial(&cast.dbs).map(|(_, n)| i128::from(n)).sum();
        (cells, term.times, sum * i128::from(term.times))
    };
    let terms: Vec<(Cells, i64, i128)> = terms.iter().map(compile_term).collect();
    let start = terms.iter().map(|(_, _, sum)| sum).sum();
    let mut decimals = terms.iter().map(|(cells, _, _)| cells.decimals(cast));
    let first = decimals.next().unwrap_or(0);
    let decimals = if decimals.all(|other| other == first) { first } else { 0 };
    let target = equals.map_or(start, i128::from);
    Some(SumRule { name: declared.name.clone(), when: declared.when, terms, target, decimals })
}

fn compile_bound(cast: &Cast, declared: &Invariant) -> Option<BoundRule> {
    let Rule::Bound { service, key, field, min, max } = &declared.rule else { return None };
    let cells = Cells::compile(cast, service, key, field);
    let decimals = cells.decimals(cast);
    let (name, when) = (declared.name.clone(), declared.when);
    let mut rule =
        BoundRule { name, when, cells, min: *min, max: *max, out_at_start: Vec::new(), decimals };
    let mut out: Vec<(Key, i64)> =
        rule.cells.initial(&cast.dbs).filter(|(_, n)| !rule.keeps(*n)).collect();
    out.sort_unstable();
    rule.out_at_start = out;
    Some(rule)
}

/// Sagas are the two members of the write family that compensate.
fn is_saga(coupling: &Coupling) -> bool {
    patterns::resolve(coupling).is_ok_and(|(parts, _)| {
        matches!(parts.write, WriteKind::SagaChoreography | WriteKind::SagaOrchestration)
    })
}

fn symbol(cast: &Cast, text: &str) -> Option<Sym> {
    cast.symbols.iter().position(|known| known == text).map(|at| Sym(at as u32))
}

fn value(cast: &Cast, scalar: &Scalar) -> Option<Value> {
    match scalar {
        Scalar::Int(n) => Some(Value::Int(*n)),
        Scalar::Text(text) => symbol(cast, text).map(Value::Text),
        Scalar::List(items) => Some(Value::List(items.clone().into())),
    }
}
