//! Choices as text, one line each, as schedules in links and files carry them.
//!
//! A line is words separated by spaces: the kind, then what identifies the choice, then what goes
//! wrong in the middle of it:
//!
//! ```text
//! deliver clients orders request T1 - 0
//! consume payments orders 0 !crash-after=1,0
//! fire orders retry T1 2.do
//! proceed orders T1
//! ```
//!
//! Of messages in flight that are equal in all of that, `#1` names the second, `#2` the third.
//! In names, a space is written `%20` and a percent sign `%25`.

use crate::cast::Cast;
use crate::choice::{Choice, ChoiceKind, Cut, MsgKey, TimerKey};
use crate::ids::{Direction, FaultIx, NodeIx, PartitionIx, StepIx, Sym, TopicIx, TxnId, txn_name};
use crate::scenario::Problem;

fn escape(name: &str) -> String {
    let mut text = String::new();
    for c in name.chars() {
        match c {
            '%' => text.push_str("%25"),
            ' ' => text.push_str("%20"),
            other => text.push(other),
        }
    }
    text
}

fn unescape(text: &str) -> String {
    text.replace("%20", " ").replace("%25", "%")
}

fn step_text(step: Option<(StepIx, Direction)>) -> String {
    match step {
        None => "-".to_owned(),
        Some((step, Direction::Do)) => format!("{}.do", step.0),
        Some((step, Direction::Undo)) => format!("{}.undo", step.0),
    }
}

/// The text of a choice.
#[must_use]
pub fn print(cast: &Cast, choice: &Choice) -> String {
    let node = |node: NodeIx| escape(cast.node(node));
    let message = |key: &MsgKey| {
        let mut text = format!(
            "{} {} {} {} {} {}",
            node(key.from),
            node(key.to),
            escape(cast.sym(key.label)),
            txn_name(key.txn),
            step_text(key.step),
            key.attempt
        );
        if key.nth > 0 {
            text.push_str(&format!(" #{}", key.nth));
        }
        text
    };
    let timer = |key: &TimerKey| {
        format!(
            "{} {} {} {}",
            node(key.node),
            escape(cast.sym(key.label)),
            txn_name(key.txn),
            step_text(key.step)
        )
    };
    let topic = |topic: TopicIx| {
        cast.topics.get(topic.ix()).map_or_else(String::new, |info| escape(&info.name))
    };
    let mut text = match &choice.kind {
        ChoiceKind::Arrive { number, inputs } => format!("arrive {} {inputs}", number + 1),
        ChoiceKind::Deliver(key) => format!("deliver {}", message(key)),
        ChoiceKind::Drop(key) => format!("drop {}", message(key)),
        ChoiceKind::Duplicate(key) => format!("duplicate {}", message(key)),
        ChoiceKind::Consume { node: at, topic: of, partition } => {
            format!("consume {} {} {partition}", node(*at), topic(*of))
        }
        ChoiceKind::Redeliver { node: at, topic: of, partition } => {
            format!("redeliver {} {} {partition}", node(*at), topic(*of))
        }
        ChoiceKind::Relay { node: at } => format!("relay {}", node(*at)),
        ChoiceKind::Fire(key) => format!("fire {}", timer(key)),
        ChoiceKind::Proceed { node: at, txn } => {
            format!("proceed {} {}", node(*at), txn_name(*txn))
        }
        ChoiceKind::GiveUp(key) => format!("give-up {}", timer(key)),
        ChoiceKind::Crash { node: at, lose } => format!("crash {} {lose}", node(*at)),
        ChoiceKind::Restart { node: at } => format!("restart {}", node(*at)),
        ChoiceKind::Begin(fault) => format!("begin {}", fault.0),
        ChoiceKind::End(fault) => format!("end {}", fault.0),
        ChoiceKind::Expel { node: at, held: None } => format!("expel {} -", node(*at)),
        ChoiceKind::Expel { node: at, held: Some((of, partition)) } => {
            format!("expel {} {} {partition}", node(*at), topic(*of))
        }
    };
    match choice.cut {
        None => {}
        Some(Cut::CrashAfter { effects, lose }) => {
            text.push_str(&format!(" !crash-after={effects},{lose}"))
        }
        Some(Cut::LoseReplyOf(effect)) => text.push_str(&format!(" !lose-reply={effect}")),
    }
    text
}

/// The words of a line, taken one by one.
struct Words<'a> {
    cast: &'a Cast,
    line: &'a str,
    words: std::str::SplitAsciiWhitespace<'a>,
}

impl<'a> Words<'a> {
    fn problem(&self, found: String, remedy: &str) -> Problem {
        Problem::new(format!("choice {:?}", short(self.line)), found, remedy)
    }

    fn word(&mut self, what: &str) -> Result<&'a str, Problem> {
        self.words
            .next()
            .ok_or_else(|| self.problem(format!("{what} is missing"), "write the whole choice"))
    }

    fn number<T: std::str::FromStr>(&mut self, what: &str) -> Result<T, Problem> {
        let word = self.word(what)?;
        word.parse().map_err(|_| {
            self.problem(format!("{what} is {:?}", short(word)), "use a small whole number")
        })
    }

    fn node(&mut self) -> Result<NodeIx, Problem> {
        let name = unescape(self.word("a node")?);
        self.cast.node_named(&name).ok_or_else(|| {
            self.problem(
                format!("there is no node {:?} here", short(&name)),
                "name one of this coupling's nodes",
            )
        })
    }

    fn topic(&mut self) -> Result<TopicIx, Problem> {
        let name = unescape(self.word("a topic")?);
        let at = self.cast.topics.iter().position(|info| info.name == name);
        at.map(|at| TopicIx(at as u8)).ok_or_else(|| {
            self.problem(
                format!("there is no topic {:?} here", short(&name)),
                "name one of this coupling's topics",
            )
        })
    }

    fn partition(&mut self, topic: TopicIx) -> Result<PartitionIx, Problem> {
        let partition: u8 = self.number("a partition")?;
        let count = self.cast.topics[topic.ix()].partitions.max(1);
        if partition >= count {
            return Err(self
                .problem(format!("there is no partition {partition}"), "partitions count from 0"));
        }
        Ok(PartitionIx(partition))
    }

    fn label(&mut self) -> Result<Sym, Problem> {
        let name = unescape(self.word("a name")?);
        let at = self.cast.symbols.iter().position(|symbol| *symbol == name);
        at.map(|at| Sym(at as u32)).ok_or_else(|| {
            self.problem(
                format!("nothing is called {:?} here", short(&name)),
                "name a message or timer of the scenario",
            )
        })
    }

    fn txn(&mut self) -> Result<TxnId, Problem> {
        let word = self.word("a transaction")?;
        let number = word
            .strip_prefix('T')
            .and_then(|n| n.parse::<u32>().ok())
            .and_then(|n| n.checked_sub(1));
        number.map(TxnId).ok_or_else(|| {
            self.problem(format!("{:?} is no transaction", short(word)), "write T1, T2, …")
        })
    }

    fn step(&mut self) -> Result<Option<(StepIx, Direction)>, Problem> {
        let word = self.word("a step")?;
        if word == "-" {
            return Ok(None);
        }
        let parsed = word.split_once('.').and_then(|(step, dir)| {
            let step = step.parse().ok().map(StepIx)?;
            match dir {
                "do" => Some((step, Direction::Do)),
                "undo" => Some((step, Direction::Undo)),
                _ => None,
            }
        });
        parsed.map(Some).ok_or_else(|| {
            self.problem(format!("{:?} is no step", short(word)), "write 0.do, 0.undo or -")
        })
    }

    fn message(&mut self) -> Result<MsgKey, Problem> {
        Ok(MsgKey {
            from: self.node()?,
            to: self.node()?,
            label: self.label()?,
            txn: self.txn()?,
            step: self.step()?,
            attempt: self.number("an attempt")?,
            nth: self.nth()?,
        })
    }

    /// The mark that tells messages apart which are equal in all else: `#1` is the second.
    fn nth(&mut self) -> Result<u8, Problem> {
        let mark = self.words.clone().next().and_then(|word| word.strip_prefix('#'));
        let Some(mark) = mark else { return Ok(0) };
        self.words.next();
        mark.parse().map_err(|_| {
            self.problem(format!("{:?} is no number", short(mark)), "write #1 for the second")
        })
    }

    fn timer(&mut self) -> Result<TimerKey, Problem> {
        Ok(TimerKey {
            node: self.node()?,
            label: self.label()?,
            txn: self.txn()?,
            step: self.step()?,
        })
    }

    fn fault(&mut self) -> Result<FaultIx, Problem> {
        let number: u8 = self.number("a fault")?;
        if usize::from(number) >= self.cast.faults.len() {
            return Err(self.problem(format!("there is no fault {number}"), "faults count from 0"));
        }
        Ok(FaultIx(number))
    }

    fn kind(&mut self) -> Result<ChoiceKind, Problem> {
        Ok(match self.word("a choice")? {
            "arrive" => {
                let number: u32 = self.number("the number of an arrival")?;
                let number = number
                    .checked_sub(1)
                    .ok_or_else(|| self.problem("arrival 0".into(), "arrivals count from 1"))?;
                ChoiceKind::Arrive { number, inputs: self.number("a combination of inputs")? }
            }
            "deliver" => ChoiceKind::Deliver(self.message()?),
            "drop" => ChoiceKind::Drop(self.message()?),
            "duplicate" => ChoiceKind::Duplicate(self.message()?),
            "consume" => {
                let (node, topic) = (self.node()?, self.topic()?);
                ChoiceKind::Consume { node, topic, partition: self.partition(topic)? }
            }
            "redeliver" => {
                let (node, topic) = (self.node()?, self.topic()?);
                ChoiceKind::Redeliver { node, topic, partition: self.partition(topic)? }
            }
            "relay" => ChoiceKind::Relay { node: self.node()? },
            "fire" => ChoiceKind::Fire(self.timer()?),
            "proceed" => ChoiceKind::Proceed { node: self.node()?, txn: self.txn()? },
            "give-up" => ChoiceKind::GiveUp(self.timer()?),
            "crash" => ChoiceKind::Crash {
                node: self.node()?,
                lose: self.number("a number of log records")?,
            },
            "restart" => ChoiceKind::Restart { node: self.node()? },
            "begin" => ChoiceKind::Begin(self.fault()?),
            "end" => ChoiceKind::End(self.fault()?),
            "expel" => {
                let node = self.node()?;
                if self.words.clone().next() == Some("-") {
                    self.words.next();
                    return Ok(ChoiceKind::Expel { node, held: None });
                }
                let topic = self.topic()?;
                ChoiceKind::Expel { node, held: Some((topic, self.partition(topic)?)) }
            }
            other => {
                return Err(self.problem(
                    format!("{:?} is no kind of choice", short(other)),
                    "use arrive, deliver, drop, duplicate, consume, redeliver, relay, fire, give-up, crash, restart, expel, begin or end",
                ));
            }
        })
    }

    fn cut(&mut self) -> Result<Option<Cut>, Problem> {
        let Some(word) = self.words.next() else { return Ok(None) };
        let crash = word.strip_prefix("!crash-after=").and_then(|rest| {
            let (effects, lose) = rest.split_once(',')?;
            Some(Cut::CrashAfter { effects: effects.parse().ok()?, lose: lose.parse().ok()? })
        });
        let lost = word
            .strip_prefix("!lose-reply=")
            .and_then(|rest| rest.parse().ok().map(Cut::LoseReplyOf));
        match crash.or(lost) {
            Some(cut) if self.words.next().is_none() => Ok(Some(cut)),
            _ => Err(self.problem(
                format!("{:?} is left over", short(word)),
                "end with nothing, !crash-after=2,0 or !lose-reply=1",
            )),
        }
    }
}

fn short(text: &str) -> String {
    if text.chars().count() <= 80 {
        text.to_owned()
    } else {
        text.chars().take(79).chain(['…']).collect()
    }
}

/// Reads a choice.
///
/// # Errors
/// Where a word is missing, unknown or left over, which and what is allowed.
pub fn parse(cast: &Cast, line: &str) -> Result<Choice, Problem> {
    let mut words = Words { cast, line, words: line.split_ascii_whitespace() };
    let kind = words.kind()?;
    Ok(Choice { kind, cut: words.cut()? })
}
