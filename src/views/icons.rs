//! Shapes and colours that mean the same in every view.

use interleave_engine::event::Shape;
use interleave_engine::ids::TxnId;
use interleave_engine::views::transactions::{COLOURS, colour};

/// The class that gives a transaction its colour. The label always goes with it.
#[must_use]
pub fn txn_class(txn: TxnId) -> &'static str {
    const CLASSES: [&str; COLOURS as usize] = ["t0", "t1", "t2", "t3", "t4", "t5", "t6", "t7"];
    CLASSES[usize::from(colour(txn))]
}

/// The class of what may belong to no transaction.
#[must_use]
pub fn class_of(txn: Option<TxnId>) -> &'static str {
    txn.map_or("", txn_class)
}

/// The name of a transaction, or nothing.
#[must_use]
pub fn name_of(txn: Option<TxnId>) -> String {
    txn.map(interleave_engine::ids::txn_name).unwrap_or_default()
}

/// The sign of a kind of message.
#[must_use]
pub fn sign(shape: Shape) -> &'static str {
    match shape {
        Shape::Command => "▸",
        Shape::Event => "◆",
        Shape::Reply => "◂",
        Shape::Vote => "■",
        Shape::Compensation => "↩",
        Shape::Query => "?",
    }
}

/// The word for a kind of message.
#[must_use]
pub fn word(shape: Shape) -> &'static str {
    match shape {
        Shape::Command => "command",
        Shape::Event => "event",
        Shape::Reply => "reply",
        Shape::Vote => "vote",
        Shape::Compensation => "compensation",
        Shape::Query => "query",
    }
}

/// The sign of a kind of message as a path within 10 by 10, so that it looks the same in every font.
#[must_use]
pub fn path(shape: Shape) -> &'static str {
    match shape {
        Shape::Command => "M1.5 0 9 5 1.5 10z",
        Shape::Event => "M5 0l5 5-5 5-5-5z",
        Shape::Reply => "M8.5 0 1 5l7.5 5z",
        Shape::Vote => "M1 1h8v8H1z",
        Shape::Compensation => {
            "M5 1.2V-1L.8 2.6 5 6.2V4c2.2 0 3.2 1 3.2 2.4S7.2 8.6 5 8.6H2V11h3.2C8.6 11 10.6 9.2 10.6 6.4S8.6 1.2 5 1.2z"
        }
        Shape::Query => {
            "M5 0a5 5 0 1 0 0 10A5 5 0 1 0 5 0zm0 2.4a2.6 2.6 0 1 1 0 5.2 2.6 2.6 0 1 1 0-5.2z"
        }
    }
}

/// A text cut to so many letters, with a sign that it was.
#[must_use]
pub fn cut(text: &str, letters: usize) -> String {
    if text.chars().count() <= letters {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(letters.saturating_sub(1)).collect();
    short.push('…');
    short
}
