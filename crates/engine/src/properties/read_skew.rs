//! Read skew: the rows that a query is answered with were true together at some moment.
//!
//! Berenson and others (SIGMOD 1995, A5A) and Adya (1999, G-single) judge transactions; here a query
//! is one, and each commit of any service makes a moment of its own. Where rows are read from
//! primaries, that moment must lie between the question and the answer, since no primary answers
//! with an older row. Replicas may: there it may lie anywhere before the answer. A stale answer is
//! therefore no skew, as long as all of its rows are equally stale.

use std::collections::BTreeMap;
use std::rc::Rc;

use rpds::RedBlackTreeMap;

use super::ledger::Needs;
use super::rules::QueryRules;
use super::{Entry, Exercise, Found, Made, Property, Rules, Scene};
use crate::event::{Event, EventKind};
use crate::fingerprint::{Canon, Fingerprint};
use crate::ids::{DbIx, NodeIx, TxnId, txn_name};
use crate::value::{Key, Row};

pub(super) const ENTRY: Entry = Entry {
    id: "read-skew",
    title: "No read skew",
    meaning: "The rows that a query is answered with were true together at some moment.",
    exercised_by: &[Exercise::Query],
    make,
};

fn make(rules: &Rc<Rules>) -> Vec<Made> {
    let Some(queries) = &rules.queries else { return Vec::new() };
    Made::plain(ReadSkew {
        now: queries.start.clone(),
        moments: Rc::new(Vec::new()),
        open: BTreeMap::new(),
    })
}

/// The rows that a commit changed, each as it was before.
type Moment = Vec<(DbIx, Key, Option<Row>)>;

#[derive(Clone)]
struct ReadSkew {
    /// The rows that queries can read, as they are now. The world has them too, so that they are no
    /// part of what is remembered.
    now: RedBlackTreeMap<(DbIx, Key), Row>,
    /// The moments since the oldest open question, or, where rows may be stale, since the start.
    moments: Rc<Vec<Moment>>,
    /// How many moments were behind each open question.
    open: BTreeMap<TxnId, usize>,
}

impl ReadSkew {
    fn changed(&mut self, rules: &Rules, queries: &QueryRules, event: &Event) {
        let mut moment = Moment::new();
        rules.changes(event, |change| {
            if queries.reads(change.db, change.key) {
                moment.push((change.db, *change.key, change.before.cloned()));
                match change.after {
                    Some(row) => self.now.insert_mut((change.db, *change.key), row.clone()),
                    None => {
                        self.now.remove_mut(&(change.db, *change.key));
                    }
                }
            }
        });
        if !moment.is_empty() && (!self.open.is_empty() || queries.may_be_stale) {
            Rc::make_mut(&mut self.moments).push(moment);
        }
    }

    /// Whether the rows were true together at a moment from `since` on.
    fn were_true_together(&self, rows: &[(DbIx, Key, Option<&Row>)], since: usize) -> bool {
        let mut then: Vec<Option<&Row>> =
            rows.iter().map(|(db, key, _)| self.now.get(&(*db, *key))).collect();
        let is_so = |then: &[Option<&Row>]| rows.iter().zip(then).all(|(row, was)| row.2 == *was);
        for moment in self.moments[since.min(self.moments.len())..].iter().rev() {
            if is_so(&then) {
                return true;
            }
            for (db, key, before) in moment.iter().rev() {
                for (row, was) in rows.iter().zip(&mut then) {
                    if (row.0, row.1) == (*db, *key) {
                        *was = before.as_ref();
                    }
                }
            }
        }
        is_so(&then)
    }

    /// Forgets the moments before the oldest open question.
    fn forget(&mut self) {
        let oldest = self.open.values().min().copied().unwrap_or(self.moments.len());
        if oldest > 0 {
            Rc::make_mut(&mut self.moments).drain(..oldest);
            self.open.values_mut().for_each(|since| *since -= oldest);
        }
    }
}

/// The rows of an answer that their owners gave, in the databases of their owners.
fn given<'a>(
    rules: &Rules,
    queries: &QueryRules,
    rows: &'a [(DbIx, Key, Option<Row>)],
    missing: &[NodeIx],
) -> Vec<(DbIx, Key, Option<&'a Row>)> {
    let is_missing = |db: DbIx, row: &Option<Row>| {
        let of = |node: &NodeIx| rules.node_db(*node).is_none_or(|own| own == db);
        row.is_none() && missing.iter().any(of)
    };
    let rows = rows.iter().map(|(db, key, row)| (queries.primary(*db), *key, row));
    let rows = rows.filter(|(db, _, row)| !is_missing(*db, row));
    rows.map(|(db, key, row)| (db, key, row.as_ref())).collect()
}

impl Property for ReadSkew {
    fn needs(&self) -> Needs {
        Needs::NOTHING
    }

    fn concerned(&self, scene: &Scene<'_>, event: &Event) -> bool {
        let Some(queries) = &scene.rules.queries else { return false };
        let mut touched =
            matches!(event.kind, EventKind::QueryStarted { .. } | EventKind::QueryAnswered { .. });
        scene.rules.changes(event, |change| touched |= queries.reads(change.db, change.key));
        touched
    }

    fn observe(&mut self, scene: &Scene<'_>, event: &Event, found: &mut Found<'_>) {
        let Some(queries) = &scene.rules.queries else { return };
        match (&event.kind, event.txn) {
            (EventKind::QueryStarted { .. }, Some(txn)) => {
                self.open.insert(txn, self.moments.len());
            }
            (EventKind::QueryAnswered { rows, missing, .. }, Some(txn)) => {
                let since = self.open.remove(&txn).unwrap_or(0);
                let rows = given(scene.rules, queries, rows, missing);
                let since = if queries.may_be_stale { 0 } else { since };
                if !self.were_true_together(&rows, since) {
                    let name = txn_name(txn);
                    let rows = rows.iter().map(|(_, key, _)| scene.rules.key(*key));
                    let rows: Vec<String> = rows.collect();
                    found.push(
                        Some(txn),
                        None,
                        format!("{name} saw what never was"),
                        format!(
                            "{name} was answered with {} as they never were together.",
                            rows.join(" and ")
                        ),
                    );
                }
                if !queries.may_be_stale {
                    self.forget();
                }
            }
            _ => self.changed(scene.rules, queries, event),
        }
    }

    fn at_rest(&self, _scene: &Scene<'_>, _found: &mut Found<'_>) {}

    fn canon(&self, h: &mut Fingerprint) {
        h.write_len(self.moments.len());
        for moment in self.moments.iter() {
            h.write_len(moment.len());
            for (db, key, before) in moment {
                h.write_u8(db.0);
                key.canon(h);
                h.write_u8(u8::from(before.is_some()));
                before.iter().for_each(|row| row.canon(h));
            }
        }
        h.write_len(self.open.len());
        for (txn, since) in &self.open {
            h.write_u32(txn.0);
            h.write_len(*since);
        }
    }

    fn copy(&self) -> Rc<dyn Property> {
        Rc::new(self.clone())
    }
}
