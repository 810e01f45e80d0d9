//! Schedules of locks that are written as text: `T1 S(a)`, `Ti X(a(i+1)) waits i=1..7`,
//! `T8 X(a1) waits -> T8 victim`, `T7 granted`, `T1 commit`.

use std::collections::BTreeMap;

use interleave_engine::ids::Sym;
use interleave_engine::lab::{
    Asked, Dialect, LocalTxnId, LockTable, Mode, Patience, Target, Victim,
};
use interleave_engine::value::{Key, KeyPart};
use serde_json::Value;

use super::record::{Not, same};

/// What a line says.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Line {
    Asks {
        who: String,
        mode: String,
        target: String,
        waits: bool,
        victim: Option<String>,
    },
    IsGranted(String),
    /// From the first to the last each commits, and the next is granted what it waited for.
    Cascade(Vec<String>),
    Ends {
        who: String,
        commits: bool,
    },
}

/// The first number range in a text: `i=1..8`.
fn range(text: &str) -> Option<(u32, u32)> {
    let (_, behind) = text.split_once("i=")?;
    let (from, to) = behind.split_once("..")?;
    let digits = |text: &str| -> Option<u32> {
        text.chars().take_while(char::is_ascii_digit).collect::<String>().parse().ok()
    };
    Some((digits(from.trim())?, digits(to.trim())?))
}

/// A name with `i` in it, for a value of `i`: `Ti`, `ai`, `a(i+1)`.
fn instance(name: &str, i: u32) -> String {
    if let Some((stem, rest)) = name.split_once("(i+") {
        let more: u32 = rest.trim_end_matches(')').parse().unwrap_or_default();
        return format!("{stem}{}", i + more);
    }
    match name.strip_suffix('i') {
        Some(stem) => format!("{stem}{i}"),
        None => name.to_owned(),
    }
}

fn is_name(word: &str) -> bool {
    word.chars().next().is_some_and(|c| c.is_ascii_alphabetic())
        && word.chars().last().is_some_and(|c| c.is_ascii_digit())
        && word.chars().all(|c| c.is_ascii_alphanumeric())
}

/// `T7..T1` as a list of names.
fn names(span: &str) -> Option<Vec<String>> {
    let (from, to) = span.split_once("..")?;
    let split = |name: &str| {
        let at = name.find(|c: char| c.is_ascii_digit())?;
        Some((name[..at].to_owned(), name[at..].parse::<u32>().ok()?))
    };
    let ((stem, from), (_, to)) = (split(from)?, split(to)?);
    let numbers: Vec<u32> =
        if from <= to { (from..=to).collect() } else { (to..=from).rev().collect() };
    Some(numbers.into_iter().map(|n| format!("{stem}{n}")).collect())
}

fn parse(line: &str) -> Option<Vec<Line>> {
    let (head, tail) = line.split_once("->").map_or((line, ""), |(head, tail)| (head, tail));
    let words: Vec<&str> = head.split_whitespace().collect();
    let who = (*words.first()?).to_owned();
    if let Some(open) = head.find('(').filter(|open| *open > who.len()) {
        let mode = head[who.len()..open].trim().to_owned();
        let inside = &head[open + 1..];
        let mut depth = 1;
        let close = inside.find(|c| {
            depth += i32::from(c == '(') - i32::from(c == ')');
            depth == 0
        })?;
        let target = inside[..close].trim().to_owned();
        let rest = &inside[close + 1..];
        let waits = rest.split_whitespace().any(|word| word == "waits");
        let ends = tail.contains("victim") || tail.contains("deadlock");
        let mut named = tail.split(|c: char| !c.is_ascii_alphanumeric());
        let victim = named.find(|word| is_name(word)).filter(|_| ends).map(str::to_owned);
        let asks = |who: String, target: String| {
            let (mode, victim) = (mode.clone(), victim.clone());
            Line::Asks { who, mode, target, waits, victim }
        };
        return Some(match range(line) {
            Some((from, to)) => {
                (from..=to).map(|i| asks(instance(&who, i), instance(&target, i))).collect()
            }
            None => vec![asks(who, target)],
        });
    }
    match *words.get(1)? {
        "granted" => {
            let mut lines = vec![Line::IsGranted(who)];
            if let Some(at) = words.iter().position(|word| word.starts_with("cascade")) {
                lines.push(Line::Cascade(names(words.get(at + 1)?)?));
            }
            Some(lines)
        }
        "commit" | "commits" => Some(vec![Line::Ends { who, commits: true }]),
        "end" | "ends" | "abort" | "aborts" | "rollback" => {
            Some(vec![Line::Ends { who, commits: false }])
        }
        _ => None,
    }
}

/// A mode by its name or by what it is called for short.
fn mode(table: &LockTable, called: &str) -> Option<Mode> {
    let name = match called {
        "S" => "FOR SHARE",
        "X" => "FOR UPDATE",
        "U" => "UPDATE",
        "AS" => "ACCESS SHARE",
        "RS" => "ROW SHARE",
        "RX" | "RE" => "ROW EXCLUSIVE",
        "SUX" | "SUE" => "SHARE UPDATE EXCLUSIVE",
        "SRX" | "SRE" => "SHARE ROW EXCLUSIVE",
        "E" => "EXCLUSIVE",
        "AX" | "AE" => "ACCESS EXCLUSIVE",
        name => name,
    };
    table.matrix().mode(name)
}

/// A record of `deadlock_schedules`, with PostgreSQL's rules.
pub(crate) fn check(row: &Value) -> Result<(), Not> {
    let mut lines = Vec::new();
    for line in row["schedule"].as_array().into_iter().flatten() {
        let line = line.as_str().unwrap_or_default();
        let parsed = parse(line)
            .ok_or_else(|| Not::Supported(format!("the line `{line}` is not understood")))?;
        lines.extend(parsed);
    }
    let mut table = LockTable::new(Dialect::postgres().with_victim(Victim::Requester).locks);
    let mut play = Play::default();
    for line in &lines {
        play.line(&mut table, line)?;
    }
    let said = row["victim"].as_str().unwrap_or_default();
    let victim = said.split(|c: char| !c.is_ascii_alphanumeric()).next().filter(|w| is_name(w));
    same("victims", &play.victims, &victim.into_iter().map(str::to_owned).collect())?;
    if let Some(order) = row["commit_order"].as_array() {
        let order: Vec<String> = order
            .iter()
            .filter_map(|name| name.as_str()?.split('(').next().map(|name| name.trim().to_owned()))
            .collect();
        same("order of ends", &play.ended, &order)?;
    }
    Ok(())
}

#[derive(Default)]
struct Play {
    ids: BTreeMap<String, u32>,
    targets: BTreeMap<String, i64>,
    granted: Vec<LocalTxnId>,
    victims: Vec<String>,
    ended: Vec<String>,
}

impl Play {
    fn id(&mut self, who: &str) -> LocalTxnId {
        let next = self.ids.len() as u32;
        LocalTxnId(*self.ids.entry(who.to_owned()).or_insert(next))
    }

    fn name(&self, txn: LocalTxnId) -> String {
        let found = self.ids.iter().find(|(_, id)| **id == txn.0);
        found.map_or_else(String::new, |(name, _)| name.clone())
    }

    fn end(&mut self, table: &mut LockTable, who: &str) {
        let txn = self.id(who);
        self.granted.extend(table.release(txn));
        if !self.ended.iter().any(|ended| ended == who) {
            self.ended.push(who.to_owned());
        }
    }

    fn expect_granted(&mut self, who: &str) -> Result<(), Not> {
        let txn = self.id(who);
        same(&format!("{who} is granted"), &self.granted.contains(&txn), &true)
    }

    fn line(&mut self, table: &mut LockTable, line: &Line) -> Result<(), Not> {
        match line {
            Line::IsGranted(who) => self.expect_granted(who),
            Line::Ends { who, commits } => {
                if *commits && self.victims.contains(who) {
                    return Err(Not::Right(format!("{who} commits, but was the victim")));
                }
                self.end(table, who);
                Ok(())
            }
            Line::Cascade(names) => names.iter().try_for_each(|who| {
                self.expect_granted(who)?;
                self.end(table, who);
                Ok(())
            }),
            Line::Asks { who, mode: called, target, waits, victim } => {
                let mode = mode(table, called)
                    .ok_or_else(|| Not::Supported(format!("there is no mode {called}")))?;
                let next = self.targets.len() as i64;
                let at = *self.targets.entry(target.clone()).or_insert(next);
                let target = Target::Row(Key { table: Sym(0), id: KeyPart::Int(at) });
                let txn = self.id(who);
                let asked = table.ask(txn, target, mode, Patience::Wait);
                let is_waiting = asked == Asked::Waits;
                same(&format!("{line:?}: waits"), &is_waiting, &(*waits || victim.is_some()))?;
                if asked == Asked::Waits {
                    let (deadlock, granted) = table.deadlock(txn, &|_| 0);
                    self.granted.extend(granted);
                    let found = deadlock.map(|deadlock| self.name(deadlock.victim));
                    same(&format!("{line:?}: victim"), &found, victim)?;
                    if let Some(found) = found {
                        self.victims.push(found.clone());
                        self.end(table, &found);
                    }
                }
                Ok(())
            }
        }
    }
}
