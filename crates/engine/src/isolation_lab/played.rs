//! One schedule, told step by step.

use std::rc::Rc;

use serde::{Deserialize, Serialize};

use super::experiment::Experiment;
use super::machine::{Bench, Did, Machine, Standing};
use super::phenomena::{self, Kind, Phenomenon, Shown};
use super::setting::Setting;
use crate::history::Shown as Evidence;
use crate::history::anomaly::Anomaly;
use crate::history::graph::{Edge, Why};
use crate::history::versions;
use crate::ids::Sym;
use crate::lab::{DbError, Target, Wait};
use crate::value::{Key, KeyPart, Row, Value};

/// What kind of thing a note tells.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tone {
    /// Rows were read.
    Read,
    /// Rows were written.
    Wrote,
    /// A statement waits.
    Waits,
    /// A transaction committed.
    Committed,
    /// A transaction was rolled back as it wanted.
    RolledBack,
    /// A transaction was ended by the database.
    Refused,
}

/// What one transaction met in a step.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Note {
    /// Which transaction, by its place.
    pub who: u8,
    /// What kind of thing.
    pub tone: Tone,
    /// In words.
    pub text: String,
}

/// A step.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Moment {
    /// Whose step, by place.
    pub who: u8,
    /// What it issues.
    pub statement: String,
    /// What came of it: its own note, then those of who waited and went on because of it.
    pub notes: Vec<Note>,
    /// Who waits when it is over, by place.
    pub waiting: Vec<u8>,
}

/// What a schedule shows, and why.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Reason {
    /// The short name.
    pub name: String,
    /// In plain words.
    pub title: String,
    /// Sentences: what orders one transaction before the other, all around.
    pub lines: Vec<String>,
}

/// A schedule that was run.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Played {
    /// The database and level, in words.
    pub setting: String,
    /// The transactions' names.
    pub lanes: Vec<String>,
    /// The steps as they were made.
    pub moments: Vec<Moment>,
    /// Whose steps they were.
    pub schedule: Vec<u8>,
    /// What it shows.
    pub reasons: Vec<Reason>,
    /// The committed rows at the end.
    pub rows: Vec<String>,
}

impl Played {
    /// Whether it shows something.
    #[must_use]
    pub fn shows(&self, one: Phenomenon) -> bool {
        self.reasons.iter().any(|reason| reason.name == one.name())
    }
}

/// Runs a schedule. A step of a transaction that waits is made as soon as it can go on; what a
/// schedule leaves out follows in the order of the transactions.
#[must_use]
pub fn play(experiment: &Rc<Experiment>, setting: Setting, schedule: &[u8]) -> Played {
    let bench = Bench::new(Rc::clone(experiment), setting);
    let mut machine = bench.start();
    let mut left: Vec<u8> = schedule.to_vec();
    let mut moments = Vec::new();
    let words = Words { experiment };
    loop {
        let is_ready =
            |who: &u8| machine.standing().get(usize::from(*who)) == Some(&Standing::Ready);
        let who = match left.iter().position(is_ready) {
            Some(at) => usize::from(left.remove(at)),
            None => match machine.ready().next() {
                Some(who) => who,
                None => break,
            },
        };
        let nth = machine.issued(who);
        let script = &experiment.transactions[who];
        let statement = script
            .lines
            .get(nth)
            .map_or_else(|| script.end.word().to_owned(), |line| line.text.clone());
        let Some(stepped) = bench.step(&mut machine, who) else { break };
        let mut notes = vec![words.note(&bench, &machine, who, &stepped.did)];
        for (other, did) in &stepped.others {
            notes.push(words.note(&bench, &machine, *other, did));
        }
        let waiting = machine
            .standing()
            .iter()
            .zip(0..)
            .filter(|(standing, _)| **standing == Standing::Waiting);
        moments.push(Moment {
            who: who as u8,
            statement,
            notes,
            waiting: waiting.map(|(_, who)| who).collect(),
        });
    }
    Played {
        setting: format!("{}, {}", setting.style.title(), setting.level_title()),
        lanes: experiment.transactions.iter().map(|script| script.name.clone()).collect(),
        schedule: moments.iter().map(|moment| moment.who).collect(),
        moments,
        reasons: reasons(&bench, &machine, &words),
        rows: machine.rows().iter().map(|(key, row)| words.row(*key, row, None)).collect(),
    }
}

/// What a run that is over shows, with the dependencies behind it.
fn reasons(bench: &Bench, machine: &Machine, words: &Words<'_>) -> Vec<Reason> {
    let history = bench.history(machine);
    let shown: Shown = phenomena::of_run(&history, machine);
    let judged = versions::judge(&history.transactions, &history.installed);
    let mut all = Vec::new();
    for one in shown.iter().filter(|one| one.kind() != Kind::Cost) {
        let evidence = judged.found.iter().find(|found| phenomena::of(found.anomaly) == Some(one));
        let mut lines = vec![one.words().to_owned()];
        match evidence.map(|found| &found.shown) {
            Some(Evidence::Cycle(cycle)) => {
                lines.extend(cycle.0.iter().map(|edge| words.edge(bench, edge)))
            }
            Some(Evidence::Read { reader, item, writer }) => {
                let row = bench.key(*item).map_or_else(String::new, |key| words.key(key));
                let of = writer.map_or_else(String::new, |writer| {
                    format!(" as {} had written it", words.lane(writer.ix()))
                });
                lines.push(format!("{} read {row}{of}.", words.lane(reader.ix())));
            }
            Some(Evidence::Pair { item, first, second }) => {
                let row = bench.key(*item).map_or_else(String::new, |key| words.key(key));
                let (first, second) = (words.lane(first.ix()), words.lane(second.ix()));
                let is_pair = evidence.is_some_and(|it| it.anomaly == Anomaly::LostUpdate);
                lines.push(if is_pair {
                    format!(
                        "{first} and {second} both read {row} as it was, and then both wrote it."
                    )
                } else {
                    format!("{second} wrote {row} upon what it had read before {first} wrote it.")
                });
            }
            None => {}
        }
        all.push(Reason { name: one.name().to_owned(), title: one.title().to_owned(), lines });
    }
    all
}

/// Puts things in the words of an experiment.
struct Words<'a> {
    experiment: &'a Experiment,
}

impl Words<'_> {
    fn lane(&self, who: usize) -> &str {
        self.experiment.transactions.get(who).map_or("", |script| &script.name)
    }

    fn value(&self, value: &Value) -> String {
        match value {
            Value::Int(n) => n.to_string(),
            Value::Text(sym) => format!("'{}'", self.experiment.name(*sym)),
            Value::List(_) => String::new(),
        }
    }

    fn id(&self, id: KeyPart) -> String {
        match id {
            KeyPart::Int(n) => n.to_string(),
            KeyPart::Text(sym) => format!("'{}'", self.experiment.name(sym)),
        }
    }

    fn key(&self, key: Key) -> String {
        format!("{} {}", self.experiment.name(key.table), self.id(key.id))
    }

    /// A row with the columns that are shown, or all.
    fn row(&self, key: Key, row: &Row, shown: Option<&[Sym]>) -> String {
        let fields =
            row.fields().filter(|(name, _)| shown.is_none_or(|shown| shown.contains(name)));
        let fields: Vec<String> = fields
            .map(|(name, value)| format!("{} = {}", self.experiment.name(name), self.value(value)))
            .collect();
        if fields.is_empty() {
            self.key(key)
        } else {
            format!("{}: {}", self.key(key), fields.join(", "))
        }
    }

    fn note(&self, bench: &Bench, machine: &Machine, who: usize, did: &Did) -> Note {
        let (tone, text) = match did {
            Did::Done(found) => {
                let nth = machine.issued(who).saturating_sub(1);
                let line = &self.experiment.transactions[who].lines[nth];
                if line.shown.is_empty() {
                    let text = match found.affected {
                        0 => "no row matches".to_owned(),
                        1 => "1 row written".to_owned(),
                        more => format!("{more} rows written"),
                    };
                    (Tone::Wrote, text)
                } else {
                    (Tone::Read, self.read(bench, machine, who, (&found.rows, &line.shown)))
                }
            }
            Did::Waits(waits) => (Tone::Waits, self.waits(waits)),
            Did::Failed(error) => (Tone::Refused, format!("rolled back: {}", refusal(error))),
            Did::Committed => (Tone::Committed, "committed".to_owned()),
            Did::RolledBack => (Tone::RolledBack, "rolled back".to_owned()),
        };
        Note { who: who as u8, tone, text }
    }

    fn read(
        &self,
        bench: &Bench,
        machine: &Machine,
        who: usize,
        read: (&[(Key, Row)], &[Sym]),
    ) -> String {
        let from = bench.read_from(machine, who);
        let rows: Vec<String> = read
            .0
            .iter()
            .map(|(key, row)| {
                let text = self.row(*key, row, Some(read.1));
                match from.iter().find(|(other, ..)| other == key) {
                    Some((_, by, false)) => {
                        format!("{text} (written by {}, not committed)", self.lane(*by))
                    }
                    Some((_, by, true)) => format!("{text} (written by {})", self.lane(*by)),
                    None => text,
                }
            })
            .collect();
        if rows.is_empty() {
            "reads no row".to_owned()
        } else {
            format!("reads {}", rows.join("; "))
        }
    }

    fn waits(&self, waits: &[Wait]) -> String {
        let mut others: Vec<&str> =
            waits.iter().map(|wait| self.lane(wait.blocker.0 as usize)).collect();
        others.dedup();
        let what = match waits.first().map(|wait| wait.target) {
            Some(Target::Row(key)) => format!(", for {}", self.key(key)),
            Some(Target::Span(table)) => {
                format!(", for a range of {}", self.experiment.name(table))
            }
            Some(Target::Table(table)) => {
                format!(", for the table {}", self.experiment.name(table))
            }
            None => String::new(),
        };
        format!("waits for {}{what}", others.join(" and "))
    }

    /// Why one transaction comes before another, as a sentence.
    fn edge(&self, bench: &Bench, edge: &Edge) -> String {
        let (from, to) = (self.lane(edge.from.ix()), self.lane(edge.to.ix()));
        let row = |item| bench.key(item).map_or_else(String::new, |key| self.key(key));
        match edge.why {
            Why::Ww(item) => {
                format!("{from} before {to}: {to} overwrote what {from} wrote in {}.", row(item))
            }
            Why::Wr(item) => {
                format!("{from} before {to}: {to} read what {from} wrote in {}.", row(item))
            }
            Why::WrPredicate(item) => {
                format!(
                    "{from} before {to}: what {to}'s condition matched depends on what {from} did to {}.",
                    row(item)
                )
            }
            Why::Rw(item) => format!(
                "{from} before {to}: {from} read {} as it was before {to} wrote it.",
                row(item)
            ),
            Why::RwPredicate(item) => {
                format!(
                    "{from} before {to}: {from}'s condition missed what {to} did to {}.",
                    row(item)
                )
            }
            Why::Session | Why::RealTime => format!("{from} before {to}."),
        }
    }
}

/// Why a transaction was ended, in words.
fn refusal(error: &DbError) -> String {
    match error {
        DbError::Deadlock => "a deadlock, and this transaction is its victim".to_owned(),
        DbError::ConcurrentUpdate => {
            "another transaction changed the row since its snapshot".to_owned()
        }
        DbError::ConcurrentDelete => {
            "another transaction removed the row since its snapshot".to_owned()
        }
        DbError::Dependencies => {
            "in no order one after the other would all have read this".to_owned()
        }
        DbError::DuplicateKey => "there is a row with this key".to_owned(),
        other => other.to_string(),
    }
}
