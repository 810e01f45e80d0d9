//! Strings and their symbols, and templates over the inputs of a flow.

use super::{
    BTreeMap, Expr, GuardWords, IdTemplate, Key, KeyPart, KeyTemplate, Op, Operation, Rc,
    ReservationWords, Row, RowValue, Scalar, Sym, Value, Words,
};

/// Strings and their symbols. Symbols are given in the order of the document, so that equal
/// documents have equal ones.
#[derive(Default)]
pub(super) struct Interner {
    pub(super) symbols: Vec<String>,
    pub(super) known: BTreeMap<String, Sym>,
}

impl Interner {
    pub(super) fn sym(&mut self, text: &str) -> Sym {
        if let Some(sym) = self.known.get(text) {
            return *sym;
        }
        let sym = Sym(self.symbols.len() as u32);
        self.symbols.push(text.to_owned());
        self.known.insert(text.to_owned(), sym);
        sym
    }

    pub(super) fn words(&mut self) -> Words {
        Words {
            value: self.sym("value"),
            request: self.sym("request"),
            response: self.sym("response"),
            retry: self.sym("retry"),
            saga: self.sym("saga"),
            state: self.sym("state"),
            step: self.sym("step"),
            reason: self.sym("reason"),
            running: self.sym("RUNNING"),
            compensating: self.sym("COMPENSATING"),
            completed: self.sym("COMPLETED"),
            rolled_back: self.sym("ROLLED_BACK"),
            stuck: self.sym("STUCK"),
            ask: self.sym("ask"),
            rows: self.sym("rows"),
            exists: self.sym("ROW_EXISTS"),
            missing: self.sym("ROW_MISSING"),
            no_answer: self.sym("NO_ANSWER"),
            read_only: self.sym("READ_ONLY"),
            deadlock: Sym(0),
            serialization: Sym(0),
            lock_timeout: Sym(0),
            unavailable: Sym(0),
            version: Sym(0),
            look: Sym(0),
            seen: Sym(0),
            effective: Sym(0),
            expired: Sym(0),
            lock_wait: Sym(0),
            prepare: Sym(0),
            vote_yes: Sym(0),
            vote_no: Sym(0),
            vote_read_only: Sym(0),
            commit: Sym(0),
            abort: Sym(0),
            acknowledge: Sym(0),
            inquire: Sym(0),
            coordination: Sym(0),
            participants: Sym(0),
            expiry: Sym(0),
            reservation: Sym(0),
            confirm: Sym(0),
            cancel: Sym(0),
            copy: Sym(0),
            copied: Sym(0),
            behind: Sym(0),
            deadline: Sym(0),
            reserving: ReservationWords::default(),
            guard: GuardWords::default(),
        }
    }

    /// Words that were added later come last, so that the others keep their symbols and runs their
    /// digests.
    pub(super) fn more_words(&mut self, words: &mut Words) {
        words.deadlock = self.sym("DEADLOCK");
        words.serialization = self.sym("NOT_SERIALIZABLE");
        words.lock_timeout = self.sym("LOCK_TIMEOUT");
        words.unavailable = self.sym("UNAVAILABLE");
        words.version = self.sym("VERSION_CONFLICT");
        words.expired = self.sym("EXPIRED");
        words.lock_wait = self.sym("lock-wait");
        words.prepare = self.sym("prepare");
        words.vote_yes = self.sym("yes");
        words.vote_no = self.sym("no");
        words.vote_read_only = self.sym("read-only");
        words.commit = self.sym("commit");
        words.abort = self.sym("abort");
        words.acknowledge = self.sym("acknowledge");
        words.inquire = self.sym("inquire");
        words.coordination = self.sym("coordination");
        words.expiry = self.sym("expiry");
        words.reservation = self.sym("reservation");
        words.confirm = self.sym("confirm");
        words.cancel = self.sym("cancel");
        words.reserving = ReservationWords::new(|text| self.sym(text));
        words.look = self.sym("look");
        words.seen = self.sym("seen");
        words.effective = self.sym("effective");
        words.participants = self.sym("participants");
        words.deadline = self.sym("deadline");
    }

    /// What primaries and replicas say to each other.
    pub(super) fn replica_words(&mut self, words: &mut Words) {
        words.copy = self.sym("copy");
        words.copied = self.sym("copied");
        words.behind = self.sym("behind");
    }

    pub(super) fn key_part(&mut self, text: &str) -> KeyPart {
        text.parse::<i64>().map_or_else(|_| KeyPart::Text(self.sym(text)), KeyPart::Int)
    }

    /// A key in a table whose name begins so.
    pub(super) fn key(&mut self, prefix: &str, text: &str) -> Key {
        let (table, id) = text.split_once(':').unwrap_or((text, ""));
        Key { table: self.sym(&format!("{prefix}{table}")), id: self.key_part(id) }
    }

    pub(super) fn value(&mut self, scalar: &Scalar) -> Value {
        match scalar {
            Scalar::Int(n) => Value::Int(*n),
            Scalar::Text(text) => Value::Text(self.sym(text)),
            Scalar::List(items) => Value::List(Rc::new(items.clone())),
        }
    }

    pub(super) fn row(&mut self, value: &RowValue, words: &Words) -> Row {
        match value {
            RowValue::One(scalar) => Row::new(vec![(words.value, self.value(scalar))]),
            RowValue::Fields(fields) => Row::new(
                fields.iter().map(|(name, scalar)| (self.sym(name), self.value(scalar))).collect(),
            ),
        }
    }
}

/// Templates over the inputs of one flow or query.
pub(super) struct Templates<'a> {
    pub(super) interner: &'a mut Interner,
    pub(super) inputs: &'a [String],
    pub(super) words: &'a Words,
    /// What the tables' names begin with.
    pub(super) prefix: &'a str,
}

impl Templates<'_> {
    pub(super) fn input(&self, name: &str) -> usize {
        self.inputs.iter().position(|input| input == name).unwrap_or(usize::MAX)
    }

    pub(super) fn key(&mut self, text: &str) -> KeyTemplate {
        let (table, id) = text.split_once(':').unwrap_or((text, ""));
        let id = match id.strip_prefix('$') {
            Some("txn") => IdTemplate::Txn,
            Some(name) => IdTemplate::Input(self.input(name)),
            None => IdTemplate::Fixed(self.interner.key_part(id)),
        };
        let table = format!("{}{table}", self.prefix);
        KeyTemplate { table: self.interner.sym(&table), id }
    }

    pub(super) fn expr(&mut self, scalar: &Scalar) -> Expr {
        if let Scalar::Text(text) = scalar {
            match text.strip_prefix('$') {
                Some("txn") => return Expr::Txn,
                Some("reason") => return Expr::Reason,
                Some(name) => return Expr::Input(self.input(name)),
                None => {}
            }
            if let Some(name) = text.strip_prefix("-$") {
                if name == "txn" {
                    return Expr::NegativeTxn;
                }
                return Expr::Negative(self.input(name));
            }
        }
        Expr::Fixed(self.interner.value(scalar))
    }

    pub(super) fn word(&mut self, word: Option<&String>, otherwise: Sym) -> Sym {
        word.map_or(otherwise, |word| self.interner.sym(word))
    }

    pub(super) fn op(&mut self, operation: &Operation) -> Op {
        let words = *self.words;
        match operation {
            Operation::Insert { key, fields } => Op::Insert {
                key: self.key(key),
                fields: fields
                    .iter()
                    .map(|(name, scalar)| (self.interner.sym(name), self.expr(scalar)))
                    .collect(),
            },
            Operation::Set { key, field, to, missing } => Op::Set {
                key: self.key(key),
                field: self.interner.sym(field),
                to: self.expr(to),
                missing: self.word(missing.as_ref(), words.missing),
            },
            Operation::Add { key, field, by, min, max, refusal, missing } => Op::Add {
                key: self.key(key),
                field: self.interner.sym(field),
                by: self.expr(by),
                min: *min,
                max: *max,
                refusal: match refusal {
                    Some(word) => self.interner.sym(word),
                    None => self.interner.sym("OUT_OF_BOUNDS"),
                },
                missing: self.word(missing.as_ref(), words.missing),
            },
            Operation::Append { key, field, item } => Op::Append {
                key: self.key(key),
                field: self.interner.sym(field),
                item: self.expr(item),
            },
            Operation::Read { key } => Op::Read { key: self.key(key) },
            Operation::Delete { key } => Op::Delete { key: self.key(key) },
        }
    }
}
