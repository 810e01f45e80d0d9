//! Histories as the oracle files write them.

use interleave_engine::history::linear::{self, Call, Calls, TooLong};
use interleave_engine::history::lists::Operation;
use interleave_engine::history::objects::{
    Object, Queue, Register, RegisterAnswer, RegisterOperation, SequenceAnswer, SequenceOperation,
    Stack,
};
use interleave_engine::history::{Fate, Item, Transaction};
use serde_json::Value;

use super::record::{Not, same, text};

fn unread(what: &str) -> Not {
    Not::Supported(format!("`{what}` cannot be read"))
}

/// Transactions like `ax1ry12`, `FAIL ax1`, `p0 ax1`; several of them between bars. What stands in
/// brackets may say that they follow each other in real time.
pub(crate) fn transactions(lines: &[&str]) -> Result<Vec<Transaction<Operation>>, Not> {
    let mut history = Vec::new();
    let mut is_sequential = false;
    for line in lines {
        let (line, remark) = match line.split_once('(') {
            Some((line, remark)) => (line, remark),
            None => (*line, ""),
        };
        is_sequential |= remark.contains("sequential in real time");
        for one in line.split('|') {
            history.push(transaction(one.trim())?);
        }
    }
    if is_sequential {
        for (at, one) in history.iter_mut().enumerate() {
            let start = 2 * at as u64;
            one.span = Some((start, start + 1));
        }
    }
    Ok(history)
}

fn transaction(line: &str) -> Result<Transaction<Operation>, Not> {
    let mut fate = Fate::Committed;
    let mut session = None;
    let mut operations = Vec::new();
    for word in line.split_whitespace() {
        match word {
            "FAIL" => fate = Fate::Aborted,
            "INFO" => fate = Fate::Unknown,
            "OK" => {}
            _ => match word.strip_prefix('p').map(str::parse) {
                Some(process) => session = Some(process.map_err(|_| unread(word))?),
                None => operations.extend(list_operations(word)?),
            },
        }
    }
    if operations.is_empty() {
        return Err(unread(line));
    }
    Ok(Transaction { fate, session, span: None, operations })
}

/// `ax1` appends 1 to x, `rx12` reads [1, 2] from x, and so does `rx1,2`; `rx` reads nothing.
fn list_operations(word: &str) -> Result<Vec<Operation>, Not> {
    let mut operations = Vec::new();
    let mut chars = word.chars().peekable();
    while let Some(what) = chars.next() {
        let key = chars.next().filter(char::is_ascii_lowercase).ok_or_else(|| unread(word))?;
        // Letters from x are items from 0, so that they keep their names.
        let item = Item((u32::from(key) + 26 - u32::from(b'x')) % 26);
        let mut digits = String::new();
        while let Some(digit) = chars.next_if(|c| c.is_ascii_digit() || matches!(c, ',' | '_')) {
            digits.push(digit);
        }
        let number = |digits: &str| digits.parse::<i64>().map_err(|_| unread(word));
        operations.push(match what {
            'a' => Operation::Append { item, value: number(digits.trim_start_matches('_'))? },
            'r' => {
                let values: Result<_, Not> = if digits.contains(',') {
                    digits.split(',').filter(|part| !part.is_empty()).map(number).collect()
                } else {
                    digits.chars().filter(|c| *c != '_').map(|c| number(&c.to_string())).collect()
                };
                Operation::Read { item, values: values? }
            }
            _ => return Err(unread(word)),
        });
    }
    Ok(operations)
}

/// A history of one object, with whether it is linearizable and sequentially consistent.
pub(crate) fn object_row(row: &Value) -> Result<(), Not> {
    let object = text(row, "obj")?;
    let (kind, start) = object.split_once(' ').unwrap_or((object, ""));
    let start = start.trim();
    let hist = text(row, "hist")?;
    let list = || -> Vec<String> {
        let inner = start.trim_start_matches('[').trim_end_matches(']');
        inner.split(',').map(str::trim).filter(|v| !v.is_empty()).map(str::to_owned).collect()
    };
    match kind {
        "register" => {
            let calls = calls(hist, register_operation, register_answer)?;
            held(row, &Register(start.to_owned()), &calls)
        }
        "stack" | "vec" => {
            let calls = calls(hist, sequence_operation, sequence_answer)?;
            held(row, &Stack(list()), &calls)
        }
        "queue" => {
            let calls = calls(hist, sequence_operation, sequence_answer)?;
            held(row, &Queue(list().into()), &calls)
        }
        _ => Err(Not::Supported(format!("no object is called {kind}"))),
    }
}

fn held<O: Object>(row: &Value, start: &O, calls: &Calls<O>) -> Result<(), Not> {
    let long = |why: TooLong| Not::Supported(why.to_string());
    if let Some(expected) = row["linearizable"].as_bool() {
        let found = linear::linearization(start, calls).map_err(long)?.is_some();
        same("whether it is linearizable", &found, &expected)?;
    }
    if let Some(expected) = row["sc"].as_bool() {
        let found = linear::sequential_order(start, calls).map_err(long)?.is_some();
        same("whether it is sequentially consistent", &found, &expected)?;
    }
    Ok(())
}

/// `0:inv W(B) (open); 1:R->A; 0:ret done`: operations in one go, or their two halves.
fn calls<Op, An>(
    hist: &str,
    operation: impl Fn(&str) -> Option<Op>,
    answer: impl Fn(&Op, &str) -> Option<An>,
) -> Result<Vec<Call<Op, An>>, Not> {
    let mut calls: Vec<Call<Op, An>> = Vec::new();
    for (at, part) in hist.split(';').map(str::trim).filter(|part| !part.is_empty()).enumerate() {
        let (client, what) = part.split_once(':').ok_or_else(|| unread(part))?;
        let client = client.trim().parse::<u32>().map_err(|_| unread(part))?;
        let what = what.trim().trim_end_matches("(open)").trim();
        let now = 2 * at as u64;
        if let Some(told) = what.strip_prefix("ret ") {
            let open = calls.iter_mut().rev().find(|c| c.client == client && c.answered.is_none());
            let call = open.ok_or_else(|| unread(part))?;
            let told = answer(&call.operation, told.trim()).ok_or_else(|| unread(part))?;
            call.answered = Some((now, told));
            continue;
        }
        let (asking, told) = if let Some(asking) = what.strip_prefix("inv ") {
            (asking, None)
        } else if let Some((asking, told)) = what.split_once("->") {
            (asking, Some(told.trim()))
        } else if let Some(asking) = what.strip_suffix("done") {
            (asking, Some("done"))
        } else {
            return Err(unread(part));
        };
        let operation = operation(asking.trim()).ok_or_else(|| unread(part))?;
        let told = told.map(|told| answer(&operation, told).ok_or_else(|| unread(part)));
        let answered = told.transpose()?.map(|told| (now + 1, told));
        calls.push(Call { client, operation, asked: now, answered });
    }
    Ok(calls)
}

/// The argument of `Push10` and `Push(10)`.
fn argument<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let rest = text.strip_prefix(name)?.trim();
    Some(rest.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')).unwrap_or(rest))
}

fn register_operation(text: &str) -> Option<RegisterOperation<String>> {
    if matches!(text, "R" | "R()" | "Read") {
        return Some(RegisterOperation::Read);
    }
    if let Some((old, new)) = argument(text, "CAS").and_then(|both| both.split_once(',')) {
        let (old, new) = (old.trim().to_owned(), new.trim().to_owned());
        return Some(RegisterOperation::CompareAndSet(old, new));
    }
    argument(text, "Write")
        .or_else(|| argument(text, "W"))
        .map(|value| RegisterOperation::Write(value.to_owned()))
}

fn register_answer(
    operation: &RegisterOperation<String>,
    text: &str,
) -> Option<RegisterAnswer<String>> {
    Some(match (operation, text) {
        (RegisterOperation::Read, value) => {
            let value = value.strip_prefix("R ").unwrap_or(value).trim();
            RegisterAnswer::Value(value.to_owned())
        }
        (_, "done" | "ok") => RegisterAnswer::Done,
        (RegisterOperation::CompareAndSet(..), "refused" | "fail") => RegisterAnswer::Refused,
        _ => return None,
    })
}

fn sequence_operation(text: &str) -> Option<SequenceOperation<String>> {
    match text {
        "Pop" | "Deq" => Some(SequenceOperation::Pop),
        "Len" => Some(SequenceOperation::Len),
        _ => argument(text, "Push")
            .or_else(|| argument(text, "Enq"))
            .filter(|value| !value.is_empty())
            .map(|value| SequenceOperation::Push(value.to_owned())),
    }
}

/// What was told means what its operation makes of it: `20` of a Pop is a value, of a Len a count.
fn sequence_answer(
    operation: &SequenceOperation<String>,
    text: &str,
) -> Option<SequenceAnswer<String>> {
    Some(match operation {
        SequenceOperation::Push(_) => {
            matches!(text, "done" | "ok").then_some(SequenceAnswer::Done)?
        }
        SequenceOperation::Pop => {
            let value = text.strip_prefix("Pop ").unwrap_or(text);
            SequenceAnswer::Taken((value != "None").then(|| value.to_owned()))
        }
        SequenceOperation::Len => {
            SequenceAnswer::Count(text.strip_prefix("Len ").unwrap_or(text).parse().ok()?)
        }
    })
}
