//! What a reservation does in place of a step, and what takes it back.
//!
//! A step with an `undo` is reserved by its `do` and released by its `undo`. One without, as a pivot
//! or a retriable step has none, is released by the exact inverse of what it did: an addition is
//! subtracted and an insert deleted, so that what others did to the row in between stays; what
//! cannot be computed back (a field that was set, a row that was deleted, a list that was begun) is
//! kept as it was before, in a row of its own, until the reservation ends.

use super::{Expr, IdTemplate, KeyTemplate, Op};
use crate::ids::Sym;
use crate::value::Value;

/// Words of reservations and of the coordinator that confirms them.
#[derive(Clone, Copy, Debug, Default)]
pub struct ReservationWords {
    /// The command that reserves.
    pub try_: Sym,
    /// The answer that it is reserved.
    pub tried: Sym,
    /// The answer that the data refused it.
    pub refused: Sym,
    /// The answer that it is confirmed.
    pub confirmed: Sym,
    /// The answer that it has expired.
    pub expired: Sym,
    /// The answer that it is cancelled.
    pub cancelled: Sym,
    /// The answer that the data keep it from being cancelled.
    pub kept: Sym,
    /// State of a reservation: neither confirmed nor cancelled.
    pub is_tried: Sym,
    /// State of a reservation: final.
    pub is_confirmed: Sym,
    /// State of a reservation: taken back, or refused before it was there.
    pub is_cancelled: Sym,
    /// State of a transaction: its participants are asked to reserve.
    pub trying: Sym,
    /// State of a transaction: its participants are asked to confirm.
    pub confirming: Sym,
    /// State of a transaction: its participants are asked to cancel.
    pub cancelling: Sym,
    /// The field for the steps that a reservation covers, counted from 1.
    pub steps: Sym,
}

impl ReservationWords {
    /// Interns them.
    pub(super) fn new(mut sym: impl FnMut(&str) -> Sym) -> Self {
        Self {
            try_: sym("try"),
            tried: sym("tried"),
            refused: sym("refused"),
            confirmed: sym("confirmed"),
            expired: sym("expired"),
            cancelled: sym("cancelled"),
            kept: sym("not cancelled"),
            is_tried: sym("TRIED"),
            is_confirmed: sym("CONFIRMED"),
            is_cancelled: sym("CANCELLED"),
            trying: sym("TRYING"),
            confirming: sym("CONFIRMING"),
            cancelling: sym("CANCELLING"),
            steps: sym("steps"),
        }
    }
}

/// The operations of a reservation and of its release. `kept` names the table in which the n-th
/// operation keeps what was before.
pub(super) fn reservation(
    forward: &[Op],
    undo: &[Op],
    mut kept: impl FnMut(usize) -> Sym,
) -> (Vec<Op>, Vec<Op>) {
    if !undo.is_empty() {
        return (forward.to_vec(), undo.to_vec());
    }
    let (mut reserve, mut release) = (Vec::new(), Vec::new());
    for (number, op) in forward.iter().enumerate() {
        let mut keep = |key: &KeyTemplate| {
            let at = KeyTemplate { table: kept(number), id: IdTemplate::Txn };
            reserve.push(Op::Keep { key: *key, at });
            at
        };
        match op {
            Op::Insert { key, .. } => release.push(Op::Delete { key: *key }),
            Op::Set { key, field, to, .. } => {
                let at = keep(key);
                release.push(Op::Restore { key: *key, field: Some((*field, to.clone())), at });
            }
            Op::Add { key, field, by, refusal, missing, .. } => release.push(Op::Add {
                key: *key,
                field: *field,
                by: negative(by),
                min: None,
                max: None,
                refusal: *refusal,
                missing: *missing,
            }),
            Op::Append { key, field, item } => {
                let at = keep(key);
                release.push(Op::Withdraw { key: *key, field: *field, item: item.clone(), at });
            }
            Op::Delete { key } => {
                let at = keep(key);
                release.push(Op::Restore { key: *key, field: None, at });
            }
            Op::Read { .. } | Op::Keep { .. } | Op::Restore { .. } | Op::Withdraw { .. } => {}
        }
        reserve.push(op.clone());
    }
    release.reverse();
    (reserve, release)
}

fn negative(by: &Expr) -> Expr {
    match by {
        Expr::Fixed(Value::Int(n)) => Expr::Fixed(Value::Int(n.saturating_neg())),
        Expr::Input(ix) => Expr::Negative(*ix),
        Expr::Negative(ix) => Expr::Input(*ix),
        Expr::Txn => Expr::NegativeTxn,
        Expr::NegativeTxn => Expr::Txn,
        Expr::Fixed(_) | Expr::Reason => by.clone(),
    }
}
