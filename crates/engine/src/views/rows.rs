//! Rows at a moment: values, before and after of the last change, sums, and the history of one row.

use std::collections::{BTreeMap, BTreeSet};

use crate::cast::{Cast, VERSION_OF};
use crate::event::{Event, EventKind, RowChange};
use crate::ids::{DbIx, Direction, EventIx, Micros, StepIx, Sym, TxnId};
use crate::trace::Trace;
use crate::value::{Key, KeyPart, Row, Value};

use super::format::signed;
use super::frame::Frame;
use super::index::Index;

/// Whose changes are shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Focus {
    /// Those of one event.
    Event(EventIx),
    /// Those of a transaction, all together.
    Txn(TxnId),
}

/// A row, as a table shows it.
#[derive(Clone, PartialEq, Debug)]
pub struct RowLine {
    /// Its key.
    pub key: Key,
    /// Its key in short: `alice`, or `order:7` where the id is a number.
    pub name: String,
    /// Its value at the cursor; empty where it does not exist.
    pub value: String,
    /// Where the focus changed it: its value before that; `–` where it did not exist.
    pub before: Option<String>,
    /// Where the focus changed it: its value after that; `–` where it was deleted.
    pub after: Option<String>,
    /// Where the focus changed its only number: by how much, as `−30`.
    pub change: Option<String>,
    /// The event of its last change up to the cursor.
    pub last: Option<EventIx>,
    /// The transaction of that.
    pub by: Option<TxnId>,
}

/// A numeric column over the rows that the focus changed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ColumnSum {
    /// The field.
    pub field: Sym,
    /// Its name.
    pub name: String,
    /// The sum before.
    pub before: String,
    /// The sum after.
    pub after: String,
    /// The difference with its sign.
    pub change: String,
    /// Whether the sum stayed.
    pub same: bool,
}

/// The rows of a database.
#[derive(Clone, PartialEq, Debug)]
pub struct RowsView {
    /// Which database.
    pub db: DbIx,
    /// Its name.
    pub name: String,
    /// The rows in the order of their keys, those of the focus in any case.
    pub rows: Vec<RowLine>,
    /// How many rows more there are.
    pub more: usize,
    /// The sums over the rows of the focus.
    pub sums: Vec<ColumnSum>,
}

/// One version of a row.
#[derive(Clone, PartialEq, Debug)]
pub struct RowVersion {
    /// The commit.
    pub event: EventIx,
    /// Its time.
    pub at: Micros,
    /// Its choice.
    pub step_no: u32,
    /// Its transaction.
    pub txn: Option<TxnId>,
    /// The step of that.
    pub step: Option<(StepIx, Direction)>,
    /// The value before; `None` where it did not exist.
    pub before: Option<String>,
    /// The value after; `None` where it was deleted.
    pub after: Option<String>,
}

/// The rows of a database at a frame, at most `limit` and those of the focus.
#[must_use]
pub fn rows(
    cast: &Cast,
    trace: &Trace,
    index: &Index,
    frame: &Frame,
    db: DbIx,
    focus: Option<Focus>,
    limit: usize,
) -> RowsView {
    let touched = touched(trace, index, frame.cursor, db, focus);
    let name = cast.dbs.get(db.ix()).map_or_else(String::new, |info| info.name.clone());
    let mut view = RowsView { db, name, rows: Vec::new(), more: 0, sums: sums(cast, db, &touched) };
    let Some(at) = frame.dbs.get(db.ix()) else { return view };
    let chosen = choose(cast, trace, index, frame, db, &touched, limit);
    for key in &chosen {
        let Some(row) = at.rows.get(key) else { continue };
        if row.row.is_none() && !touched.contains_key(key) {
            continue;
        }
        let change = touched.get(key);
        let text = |row: &Option<Row>| {
            row.as_ref().map_or_else(|| "–".to_owned(), |row| cast.row(db, row))
        };
        view.rows.push(RowLine {
            key: *key,
            name: short_key(cast, *key),
            value: row.row.as_ref().map_or_else(String::new, |row| cast.row(db, row)),
            before: change.map(|change| text(&change.before)),
            after: change.map(|change| text(&change.after)),
            change: change.and_then(|change| difference(cast, db, change)),
            last: row.changed,
            by: row.changed.and_then(|event| trace.get(event)).and_then(|event| event.txn),
        });
    }
    view.more = at.live().count().saturating_sub(view.rows.len());
    view
}

/// The few rows that stand beside a database in the graph, each with its value before where the
/// focus changed it: those changed last, and initial ones where few were changed.
#[must_use]
pub fn headlines(
    cast: &Cast,
    trace: &Trace,
    index: &Index,
    frame: &Frame,
    db: DbIx,
    focus: Option<Focus>,
    limit: usize,
) -> Vec<String> {
    let Some(at) = frame.dbs.get(db.ix()) else { return Vec::new() };
    let touched = touched(trace, index, frame.cursor, db, focus);
    let chosen = choose(cast, trace, index, frame, db, &touched, limit);
    let lines = chosen.iter().filter_map(|key| {
        let name = short_key(cast, *key);
        let now = at.rows.get(key)?.row.as_ref();
        let text = match (touched.get(key), now) {
            (Some(RowChange { before: Some(old), after: Some(new), .. }), Some(now))
                if new == now && old != new =>
            {
                format!("{name} {} → {}", headline(cast, db, old), headline(cast, db, now))
            }
            (_, Some(now)) => format!("{name} {}", headline(cast, db, now)),
            (_, None) => format!("{name} deleted"),
        };
        Some(text)
    });
    lines.take(limit).collect()
}

/// How one row came to its value, the first change first, up to the cursor.
#[must_use]
pub fn history(
    cast: &Cast,
    trace: &Trace,
    index: &Index,
    db: DbIx,
    key: Key,
    cursor: EventIx,
) -> Vec<RowVersion> {
    let Some(writes) = index.writes.get(&(db, key)) else { return Vec::new() };
    let seen = writes.iter().take_while(|event| **event <= cursor);
    let versions = seen.filter_map(|ix| {
        let event = trace.get(*ix)?;
        let change = changes_of(event, db).iter().rev().find(|change| change.key == key)?;
        Some(RowVersion {
            event: *ix,
            at: event.at,
            step_no: event.step_no,
            txn: event.txn,
            step: event.step,
            before: change.before.as_ref().map(|row| cast.row(db, row)),
            after: change.after.as_ref().map(|row| cast.row(db, row)),
        })
    });
    versions.collect()
}

/// A row's key in short: `alice`, or `order:7` where the id is a number.
#[must_use]
pub fn short_key(cast: &Cast, key: Key) -> String {
    match key.id {
        KeyPart::Text(id) => cast.sym(id).to_owned(),
        KeyPart::Int(_) => cast.key(key),
    }
}

fn changes_of(event: &Event, of: DbIx) -> &[RowChange] {
    match &event.kind {
        EventKind::Committed { db, changes, .. } if *db == of => changes,
        _ => &[],
    }
}

/// What the focus changed in a database up to the cursor: each row from before its first change to
/// after its last.
fn touched(
    trace: &Trace,
    index: &Index,
    cursor: Option<EventIx>,
    db: DbIx,
    focus: Option<Focus>,
) -> BTreeMap<Key, RowChange> {
    let one;
    let events: &[EventIx] = match focus {
        None => &[],
        Some(Focus::Event(event)) => {
            one = [event];
            &one
        }
        Some(Focus::Txn(txn)) => index.txns.get(&txn).map_or(&[], |track| track.events.as_slice()),
    };
    let mut touched: BTreeMap<Key, RowChange> = BTreeMap::new();
    for event in events.iter().filter(|event| Some(**event) <= cursor) {
        for change in trace.get(*event).map_or(&[][..], |event| changes_of(event, db)) {
            touched
                .entry(change.key)
                .and_modify(|known| known.after.clone_from(&change.after))
                .or_insert_with(|| change.clone());
        }
    }
    touched
}

/// Which rows to show: those of the focus, then the ones changed last, then initial ones; never a
/// replica's notes on the versions of its rows.
fn choose(
    cast: &Cast,
    trace: &Trace,
    index: &Index,
    frame: &Frame,
    db: DbIx,
    touched: &BTreeMap<Key, RowChange>,
    limit: usize,
) -> BTreeSet<Key> {
    let is_shown = |key: &Key| !cast.sym(key.table).starts_with(VERSION_OF);
    let mut chosen: BTreeSet<Key> = touched.keys().copied().filter(is_shown).collect();
    let commits = index.commits.get(db.ix()).map_or(&[][..], Vec::as_slice);
    let seen = commits.partition_point(|commit| Some(*commit) <= frame.cursor);
    for commit in commits[..seen].iter().rev().take(limit.saturating_mul(4)) {
        for change in trace.get(*commit).map_or(&[][..], |event| changes_of(event, db)) {
            if chosen.len() >= limit {
                return chosen;
            }
            if is_shown(&change.key) {
                chosen.insert(change.key);
            }
        }
    }
    if let Some(at) = frame.dbs.get(db.ix()) {
        for (key, _, _) in at.live().filter(|(key, _, _)| is_shown(key)) {
            if chosen.len() >= limit {
                break;
            }
            chosen.insert(key);
        }
    }
    chosen
}

/// The value of a row in a few characters: its only value, or its status, or its first text, or
/// all of it.
fn headline(cast: &Cast, db: DbIx, row: &Row) -> String {
    let mut fields = row.fields();
    match (fields.next(), fields.next()) {
        (Some((_, only)), None) => cast.value(db, only),
        _ => {
            let status =
                row.fields().find(|(name, _)| matches!(cast.sym(*name), "status" | "state"));
            let text = row.fields().find(|(_, value)| matches!(value, Value::Text(_)));
            status.or(text).map_or_else(|| cast.row(db, row), |(_, value)| cast.value(db, value))
        }
    }
}

/// By how much the only number of a row changed.
fn difference(cast: &Cast, db: DbIx, change: &RowChange) -> Option<String> {
    let number = |row: &Option<Row>| -> Option<Option<(Sym, i64)>> {
        let Some(row) = row else { return Some(None) };
        let mut numbers = row.fields().filter_map(|(name, value)| Some((name, value.as_int()?)));
        match (numbers.next(), numbers.next()) {
            (Some(only), None) => Some(Some(only)),
            _ => None,
        }
    };
    let (before, after) = (number(&change.before)?, number(&change.after)?);
    let by = i128::from(after.map_or(0, |(_, n)| n)) - i128::from(before.map_or(0, |(_, n)| n));
    Some(signed_number(cast, db, by))
}

fn signed_number(cast: &Cast, db: DbIx, n: i128) -> String {
    let size = i64::try_from(n.unsigned_abs()).unwrap_or(i64::MAX);
    signed(&cast.number(db, size), n < 0, n == 0)
}

/// The numeric columns of the rows that were there before and after.
fn sums(cast: &Cast, db: DbIx, touched: &BTreeMap<Key, RowChange>) -> Vec<ColumnSum> {
    let mut columns: BTreeMap<Sym, (i128, i128, u32)> = BTreeMap::new();
    for change in touched.values() {
        for (side, row) in [&change.before, &change.after].into_iter().enumerate() {
            let Some(row) = row else { continue };
            for (field, value) in row.fields() {
                let Some(n) = value.as_int() else { continue };
                let column = columns.entry(field).or_default();
                if side == 0 {
                    column.0 += i128::from(n);
                } else {
                    column.1 += i128::from(n);
                }
                column.2 += 1;
            }
        }
    }
    let text = |n: i128| {
        let size = i64::try_from(n.unsigned_abs()).unwrap_or(i64::MAX);
        let minus = if n < 0 { "−" } else { "" };
        format!("{minus}{}", cast.number(db, size))
    };
    // A sum of one number says nothing.
    let several = columns.into_iter().filter(|(_, (_, _, count))| *count > 2);
    several
        .map(|(field, (before, after, _))| ColumnSum {
            field,
            name: cast.sym(field).to_owned(),
            before: text(before),
            after: text(after),
            change: signed_number(cast, db, after - before),
            same: before == after,
        })
        .collect()
}
