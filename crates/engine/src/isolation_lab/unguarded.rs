//! A table of rows without any isolation: what the levels protect from.
//!
//! Every statement sees and changes the only copy at once, nobody waits and nobody fails but for a
//! key that is taken. A rollback takes the transaction's own versions away and leaves what others
//! wrote upon them.

use std::collections::BTreeMap;

use crate::fingerprint::{Canon, Fingerprint};
use crate::ids::Sym;
use crate::lab::{DbError, Found, LocalTxnId, Observation, Origin, Outcome, Statement};
use crate::value::{Key, KeyPart, Row, Value};

/// The versions of a row that are not taken away, the newest last.
type Pile = Vec<(Option<Origin>, Option<Row>)>;

/// Rows without isolation.
#[derive(Clone, Debug)]
pub(super) struct Unguarded {
    rows: BTreeMap<Key, Pile>,
    writes: BTreeMap<LocalTxnId, u32>,
    log: Vec<Observation>,
}

impl Unguarded {
    pub(super) fn new(rows: impl IntoIterator<Item = (Key, Row)>) -> Self {
        let rows = rows.into_iter().map(|(key, row)| (key, vec![(None, Some(row))])).collect();
        Self { rows, writes: BTreeMap::new(), log: Vec::new() }
    }

    pub(super) fn observations(&mut self) -> Vec<Observation> {
        std::mem::take(&mut self.log)
    }

    /// Carries a statement out.
    pub(super) fn statement(&mut self, txn: LocalTxnId, statement: &Statement) -> Outcome {
        match statement {
            Statement::Insert { key, row } => {
                if self.newest(key).1.is_some() {
                    return Outcome::Failed(DbError::DuplicateKey);
                }
                self.write(txn, *key, Some(row.clone()));
                Outcome::Done(Found { rows: Vec::new(), affected: 1 })
            }
            Statement::Select { table, filter, .. } => {
                let rows = self.matching(txn, *table, |key, row| filter.holds(key, row));
                Outcome::Done(Found { rows, affected: 0 })
            }
            Statement::Update { table, filter, set } => {
                let rows = self.matching(txn, *table, |key, row| filter.holds(key, row));
                let affected = rows.len() as u32;
                for (key, row) in rows {
                    let mut after = row.clone();
                    for (field, value) in set {
                        match value.eval(key.id, &row) {
                            Some(KeyPart::Int(n)) => after.set(*field, Value::Int(n)),
                            Some(KeyPart::Text(sym)) => after.set(*field, Value::Text(sym)),
                            None => {}
                        }
                    }
                    self.write(txn, key, Some(after));
                }
                Outcome::Done(Found { rows: Vec::new(), affected })
            }
            Statement::Delete { table, filter } => {
                let rows = self.matching(txn, *table, |key, row| filter.holds(key, row));
                let affected = rows.len() as u32;
                for (key, _) in rows {
                    self.write(txn, key, None);
                }
                Outcome::Done(Found { rows: Vec::new(), affected })
            }
            Statement::Replace { .. } | Statement::LockTable { .. } => {
                Outcome::Done(Found::default())
            }
        }
    }

    /// Takes a transaction's versions away.
    pub(super) fn rollback(&mut self, txn: LocalTxnId) {
        for pile in self.rows.values_mut() {
            pile.retain(|(origin, _)| origin.is_none_or(|origin| origin.txn != txn));
        }
    }

    /// Who wrote the versions of a row that are left, the oldest first.
    pub(super) fn writers(&self, key: &Key) -> Vec<LocalTxnId> {
        let pile = self.rows.get(key).map_or(&[][..], Vec::as_slice);
        pile.iter().filter_map(|(origin, _)| Some(origin.as_ref()?.txn)).collect()
    }

    /// The rows that there are.
    pub(super) fn rows(&self) -> Vec<(Key, Row)> {
        let row = |(key, pile): (&Key, &Pile)| Some((*key, pile.last()?.1.clone()?));
        self.rows.iter().filter_map(row).collect()
    }

    fn newest(&self, key: &Key) -> (Option<Origin>, Option<&Row>) {
        let top = self.rows.get(key).and_then(|pile| pile.last());
        top.map_or((None, None), |(origin, row)| (*origin, row.as_ref()))
    }

    /// The rows of a table that match, and notes what was looked at.
    fn matching(
        &mut self,
        txn: LocalTxnId,
        table: Sym,
        holds: impl Fn(KeyPart, &Row) -> bool,
    ) -> Vec<(Key, Row)> {
        let mut found = Vec::new();
        let keys: Vec<Key> = self.rows.keys().filter(|key| key.table == table).copied().collect();
        for key in keys {
            let (origin, row) = self.newest(&key);
            if let Some(row) = row.filter(|row| holds(key.id, row)) {
                found.push((key, row.clone()));
            }
            self.log.push(Observation::Looked { txn, key, origin });
        }
        found
    }

    fn write(&mut self, txn: LocalTxnId, key: Key, after: Option<Row>) {
        let count = self.writes.entry(txn).or_default();
        let origin = Origin { txn, nth: *count };
        *count += 1;
        self.rows.entry(key).or_default().push((Some(origin), after.clone()));
        self.log.push(Observation::Wrote { origin, key, after });
    }
}

impl Canon for Unguarded {
    fn canon(&self, h: &mut Fingerprint) {
        // Who wrote which of the versions that are left; what they hold follows from the journal.
        for (key, pile) in &self.rows {
            key.canon(h);
            h.write_len(pile.len());
            for (origin, row) in pile {
                origin.map(|origin| (origin.txn.0, origin.nth)).canon(h);
                row.canon(h);
            }
        }
    }
}
