//! What each statement does with each row, by isolation level.

use super::super::locks::{KeySpan, LocalTxnId, Lock, Mode, Target};
use super::isolation::{Keep, Reads, Writes, modes};
use super::observe::Passed;
use super::run::{Stop, Work};
use super::versions::keys_after;
use super::{DbError, Predicate, Statement, TransactionStore};
use crate::ids::Sym;
use crate::value::{Key, KeyPart, Row, Value};

/// Where a scan looks.
#[derive(Clone)]
struct Scan {
    table: Sym,
    filter: Predicate,
    spans: Vec<KeySpan>,
}

impl Scan {
    fn of(statement: &Statement) -> Option<Self> {
        match statement {
            Statement::Select { table, filter, .. }
            | Statement::Update { table, filter, .. }
            | Statement::Delete { table, filter } => {
                Some(Self { table: *table, filter: filter.clone(), spans: filter.spans() })
            }
            Statement::Replace { key, .. } => {
                let filter = Predicate::id(key.id);
                Some(Self { table: key.table, spans: filter.spans(), filter })
            }
            Statement::Insert { .. } | Statement::LockTable { .. } => None,
        }
    }

    fn looks_at(&self, key: &Key) -> bool {
        self.spans.iter().any(|span| span.contains(&key.id))
    }
}

/// A lock on all of a target.
fn whole(txn: LocalTxnId, mode: Mode) -> Lock {
    Lock { txn, mode, span: KeySpan::ALL }
}

impl TransactionStore {
    /// Carries a statement out from where it stands.
    pub(super) fn carry_out(&mut self, txn: LocalTxnId, work: &mut Work) -> Result<(), Stop> {
        let (table, mode) = work.statement.table();
        self.lock(work, Target::Table(table), whole(txn, mode))?;
        // Table locks are never given back before the end.
        work.taken.retain(|(target, _)| !matches!(target, Target::Table(_)));
        let isolation = self.usable_isolation(txn)?;
        let Some(scan) = Scan::of(&work.statement) else {
            return match work.statement.clone() {
                Statement::Insert { key, row } => self.insert(txn, work, key, row),
                _ => Ok(()),
            };
        };
        let is_plain = matches!(work.statement, Statement::Select { lock: None, .. });
        match (is_plain, isolation.reads, isolation.writes) {
            (true, Reads::Newest, _) => {
                self.read_newest(work, &scan);
                self.note_dirty(txn, table);
                Ok(())
            }
            (true, Reads::StatementSnapshot | Reads::TransactionSnapshot, _) => {
                self.dependencies.read(txn, table, &scan.spans)?;
                read_view(work, &scan);
                self.note_view(txn, table, work);
                Ok(())
            }
            (true, Reads::Locked, _) | (false, _, Writes::Newest) => {
                self.scan_newest(txn, work, &scan, isolation.keep)
            }
            (false, _, Writes::Rechecked | Writes::FirstUpdater) => {
                self.dependencies.read(txn, table, &scan.spans)?;
                self.scan_view(txn, work, &scan, isolation.writes)
            }
        }
    }

    fn usable_isolation(&self, txn: LocalTxnId) -> Result<super::Isolation, Stop> {
        Ok(self.txns.get(&txn).ok_or(DbError::NoTransaction)?.isolation)
    }

    /// Reads what is there, committed or not.
    fn read_newest(&self, work: &mut Work, scan: &Scan) {
        let mut after = None;
        while let Some(key) = self.next_key(scan.table, after) {
            after = Some(key.id);
            if let Some(row) = self.dirty(&key)
                && scan.looks_at(&key)
                && scan.filter.holds(key.id, row)
            {
                work.found.rows.push((key, row.clone()));
            }
        }
    }

    /// The lock modes of a scan under locks: with which it looks, and with which it writes.
    fn scan_modes(&self, statement: &Statement) -> (Mode, Mode) {
        match statement {
            Statement::Select { lock: None, .. } => (modes::SHARE, modes::SHARE),
            Statement::Select { lock: Some(strength), .. } => (strength.mode(), strength.mode()),
            _ if self.dialect().update_locks => (modes::UPDATE, modes::EXCLUSIVE),
            _ => (modes::EXCLUSIVE, modes::EXCLUSIVE),
        }
    }

    /// Goes through the newest versions of the rows, each under a lock.
    fn scan_newest(
        &mut self,
        txn: LocalTxnId,
        work: &mut Work,
        scan: &Scan,
        keep: Keep,
    ) -> Result<(), Stop> {
        let (look, write) = self.scan_modes(&work.statement);
        loop {
            let next = self.next_looked_at(scan, work.cursor, keep);
            if keep == Keep::Scanned {
                self.lock_gaps(txn, work, scan, next.map(|key| key.id))?;
            }
            let Some(key) = next else {
                self.note_newest(txn, scan.table, Passed { after: work.cursor, to: None });
                return Ok(());
            };
            if self.lock(work, Target::Row(key), whole(txn, look))? {
                let passed = Passed { after: work.cursor, to: Some(key.id) };
                self.note_newest(txn, scan.table, passed);
                let row = self.newest(txn, &key).cloned();
                let row = row.filter(|row| scan.filter.holds(key.id, row));
                let is_match = row.is_some();
                if let Some(row) = row
                    && self.lock(work, Target::Row(key), whole(txn, write))?
                {
                    self.change(txn, work, key, &row)?;
                }
                let is_read = matches!(work.statement, Statement::Select { lock: None, .. });
                let stays = match keep {
                    Keep::Written => is_match && !is_read,
                    Keep::Matched => is_match,
                    Keep::Scanned => true,
                };
                if stays {
                    work.taken.clear();
                } else {
                    self.give_back(work);
                }
            } else {
                self.give_back(work);
            }
            work.cursor = Some(key.id);
        }
    }

    /// The next key of a scan. Where a key that has no row must stay so, it is one too.
    fn next_looked_at(&self, scan: &Scan, cursor: Option<KeyPart>, keep: Keep) -> Option<Key> {
        let mut after = cursor;
        let existing = loop {
            match self.next_key(scan.table, after) {
                Some(key) if !scan.looks_at(&key) => after = Some(key.id),
                next => break next,
            }
        };
        let points = scan.spans.iter().filter_map(KeySpan::as_point);
        let missing = points
            .filter(|id| keep == Keep::Scanned && cursor.is_none_or(|cursor| *id > cursor))
            .map(|id| Key { table: scan.table, id });
        missing.chain(existing).min()
    }

    /// Locks the keys between the last row and the next, so that none appears there. Single keys
    /// are locked as rows, whether there is one or not.
    fn lock_gaps(
        &mut self,
        txn: LocalTxnId,
        work: &mut Work,
        scan: &Scan,
        next: Option<KeyPart>,
    ) -> Result<(), Stop> {
        let gap =
            KeySpan { from: work.cursor.map(|key| (key, false)), to: next.map(|key| (key, true)) };
        for span in scan.spans.iter().filter(|span| span.as_point().is_none()) {
            if let Some(span) = span.meet(&gap) {
                let lock = Lock { txn, mode: modes::SCAN, span };
                self.lock(work, Target::Span(scan.table), lock)?;
            }
        }
        work.taken.retain(|(target, _)| !matches!(target, Target::Span(_)));
        Ok(())
    }

    /// Goes through the rows of the statement's snapshot, waits for each that matches, and then
    /// looks at what has become of it.
    fn scan_view(
        &mut self,
        txn: LocalTxnId,
        work: &mut Work,
        scan: &Scan,
        writes: Writes,
    ) -> Result<(), Stop> {
        let mode = match &work.statement {
            Statement::Select { lock: Some(strength), .. } => strength.mode(),
            Statement::Delete { .. } => modes::EXCLUSIVE,
            _ => modes::NO_KEY_UPDATE,
        };
        let at = work.view.as_ref().map_or(0, |view| view.at);
        while let Some(key) = next_visible(work, scan) {
            if self.lock(work, Target::Row(key), whole(txn, mode))? {
                work.taken.clear();
                self.note_row(txn, key);
                let is_own = work.before.contains_key(&key);
                let mut row = work.visible(&key).cloned();
                if !is_own && self.versions.changed_since(&key, at) {
                    let newest = self.versions.newest_of(&key, at).cloned();
                    if writes == Writes::FirstUpdater {
                        let error = match newest {
                            Some(_) => DbError::ConcurrentUpdate,
                            None => DbError::ConcurrentDelete,
                        };
                        return Err(error.into());
                    }
                    row = newest.filter(|row| scan.filter.holds(key.id, row));
                }
                if let Some(row) = row {
                    self.change(txn, work, key, &row)?;
                }
            }
            work.cursor = Some(key.id);
        }
        self.note_view(txn, scan.table, work);
        Ok(())
    }

    /// Does to a row that was found, and is locked, what the statement says.
    fn change(
        &mut self,
        txn: LocalTxnId,
        work: &mut Work,
        key: Key,
        row: &Row,
    ) -> Result<(), Stop> {
        match work.statement.clone() {
            Statement::Update { set, .. } => {
                let mut after = row.clone();
                for (field, value) in set {
                    if let Some(value) = value.eval(key.id, row) {
                        after.set(
                            field,
                            match value {
                                KeyPart::Int(n) => Value::Int(n),
                                KeyPart::Text(sym) => Value::Text(sym),
                            },
                        );
                    }
                }
                self.write(txn, work, key, Some(after))
            }
            Statement::Replace { row, .. } => self.write(txn, work, key, Some(row)),
            Statement::Delete { .. } => self.write(txn, work, key, None),
            Statement::Select { .. } => {
                work.found.rows.push((key, row.clone()));
                Ok(())
            }
            Statement::Insert { .. } | Statement::LockTable { .. } => Ok(()),
        }
    }

    /// Adds a row. Who holds the key is waited for, and so is who scanned the place where it would
    /// appear.
    fn insert(&mut self, txn: LocalTxnId, work: &mut Work, key: Key, row: Row) -> Result<(), Stop> {
        // Scans wait for no insertion, so that somebody may have scanned the place between the
        // moment in which this was let through and now: it asks again, and then does it at once.
        self.give_back_spans(work);
        self.lock(work, Target::Row(key), whole(txn, modes::EXCLUSIVE))?;
        self.check_vacant(txn, work, key)?;
        let point = Lock { txn, mode: modes::INSERT, span: KeySpan::point(key.id) };
        self.lock(work, Target::Span(key.table), point)?;
        self.give_back_spans(work);
        self.write(txn, work, key, Some(row))
    }

    /// Whether a row can be added. That looks at the newest version even where the transaction sees
    /// a snapshot. A key that was freed since counts as updated by somebody else, which PostgreSQL
    /// does not do, whose rows have an identity beside their keys; it lets a transaction add a row
    /// that its own snapshot shows.
    fn check_vacant(&mut self, txn: LocalTxnId, work: &Work, key: Key) -> Result<(), Stop> {
        self.dependencies.read(txn, key.table, &[KeySpan::point(key.id)])?;
        let is_taken = self.newest(txn, &key).is_some();
        let at = work.view.as_ref().map_or(u32::MAX, |view| view.at);
        let is_own = work.before.contains_key(&key);
        let loses = self.usable_isolation(txn)?.writes == Writes::FirstUpdater
            && !is_own
            && self.versions.changed_since(&key, at);
        match (is_taken, loses) {
            (false, false) => Ok(()),
            (false, true) => Err(DbError::ConcurrentDelete.into()),
            // Where the transaction could go on it would know of a row that it must not see.
            (true, true) if !self.dialect().errors_end_transactions => {
                Err(DbError::ConcurrentUpdate.into())
            }
            (true, _) => Err(DbError::DuplicateKey.into()),
        }
    }

    /// Gives back the announcement of a row; the lock on the row itself keeps its place.
    fn give_back_spans(&mut self, work: &mut Work) {
        let (spans, others) = std::mem::take(&mut work.taken)
            .into_iter()
            .partition(|(target, _)| matches!(target, Target::Span(_)));
        work.taken = spans;
        self.give_back(work);
        work.taken = others;
    }
}

/// Reads what the snapshot and the transaction's own changes show.
fn read_view(work: &mut Work, scan: &Scan) {
    while let Some(key) = next_visible(work, scan) {
        if let Some(row) = work.visible(&key).cloned() {
            work.found.rows.push((key, row));
        }
        work.cursor = Some(key.id);
    }
}

/// The next key behind the cursor whose row, as the statement sees it, matches.
fn next_visible(work: &Work, scan: &Scan) -> Option<Key> {
    let mut after = work.cursor;
    loop {
        let seen =
            work.view.as_ref().and_then(|view| keys_after(&view.rows, scan.table, after).next());
        let own = keys_after(&work.before, scan.table, after).next();
        let key = seen.into_iter().chain(own).min()?;
        let is_match = |row| scan.looks_at(&key) && scan.filter.holds(key.id, row);
        if work.visible(&key).is_some_and(is_match) {
            return Some(key);
        }
        after = Some(key.id);
    }
}
