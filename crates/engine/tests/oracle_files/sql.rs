//! Conditions and values as the oracle files write them: `value % 3 = 0`, `id in (1,2)`,
//! `value + 10`.

use interleave_engine::ids::Sym;
use interleave_engine::lab::{Arithmetic, Compare, Expr, Predicate};
use interleave_engine::value::KeyPart;

/// The only field of a row.
pub(crate) const VALUE: Sym = Sym(0);

#[derive(Clone, PartialEq, Debug)]
enum Token {
    Word(String),
    Number(i64),
    Sign(&'static str),
}

const SIGNS: [&str; 15] =
    ["<=", ">=", "<>", "!=", "==", "=", "<", ">", "+", "-", "*", "%", "(", ")", ","];

fn tokens(text: &str) -> Option<Vec<Token>> {
    let mut rest = text.trim_start();
    let mut tokens = Vec::new();
    while let Some(first) = rest.chars().next() {
        let length = |is_in: fn(char) -> bool| rest.find(|c| !is_in(c)).unwrap_or(rest.len());
        let taken = if first.is_ascii_digit() {
            let length = length(|c| c.is_ascii_digit());
            tokens.push(Token::Number(rest[..length].parse().ok()?));
            length
        } else if first.is_ascii_alphabetic() {
            let length = length(|c| c.is_ascii_alphanumeric() || c == '_');
            tokens.push(Token::Word(rest[..length].to_ascii_lowercase()));
            length
        } else {
            let sign = SIGNS.iter().find(|sign| rest.starts_with(**sign))?;
            tokens.push(Token::Sign(sign));
            sign.len()
        };
        rest = rest[taken..].trim_start();
    }
    Some(tokens)
}

/// A condition; `None` where it is not understood.
pub(crate) fn predicate(text: &str) -> Option<Predicate> {
    let mut parser = Parser { tokens: tokens(text)?, at: 0 };
    let predicate = parser.any()?;
    parser.is_done().then_some(predicate)
}

/// A value; `None` where it is not understood.
pub(crate) fn expr(text: &str) -> Option<Expr> {
    let mut parser = Parser { tokens: tokens(text)?, at: 0 };
    let expr = parser.sum()?;
    parser.is_done().then_some(expr)
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
}

impl Parser {
    fn is_done(&self) -> bool {
        self.at == self.tokens.len()
    }

    fn takes(&mut self, token: &Token) -> bool {
        let is_next = self.tokens.get(self.at) == Some(token);
        self.at += usize::from(is_next);
        is_next
    }

    fn word(&mut self, word: &str) -> bool {
        self.takes(&Token::Word(word.to_owned()))
    }

    fn sign(&mut self, sign: &'static str) -> bool {
        self.takes(&Token::Sign(sign))
    }

    fn any(&mut self) -> Option<Predicate> {
        let mut parts = vec![self.all()?];
        while self.word("or") {
            parts.push(self.all()?);
        }
        Some(if parts.len() == 1 { parts.remove(0) } else { Predicate::Any(parts) })
    }

    fn all(&mut self) -> Option<Predicate> {
        let mut parts = vec![self.one()?];
        while self.word("and") {
            parts.push(self.one()?);
        }
        Some(if parts.len() == 1 { parts.remove(0) } else { Predicate::All(parts) })
    }

    fn one(&mut self) -> Option<Predicate> {
        if self.word("not") {
            return Some(Predicate::Not(Box::new(self.one()?)));
        }
        if self.word("true") {
            return Some(Predicate::True);
        }
        if self.word("false") {
            return Some(Predicate::Any(Vec::new()));
        }
        let start = self.at;
        if self.sign("(") {
            if let Some(inner) = self.any()
                && self.sign(")")
            {
                return Some(inner);
            }
            self.at = start;
        }
        self.comparison()
    }

    fn comparison(&mut self) -> Option<Predicate> {
        let left = self.sum()?;
        let is_not = self.word("not");
        let found = if self.word("in") {
            self.sign("(").then_some(())?;
            let mut options = Vec::new();
            loop {
                options.push(Predicate::Cmp(left.clone(), Compare::Eq, self.sum()?));
                if !self.sign(",") {
                    break;
                }
            }
            self.sign(")").then_some(())?;
            Predicate::Any(options)
        } else if self.word("between") {
            let low = Predicate::Cmp(left.clone(), Compare::Ge, self.sum()?);
            self.word("and").then_some(())?;
            Predicate::All(vec![low, Predicate::Cmp(left, Compare::Le, self.sum()?)])
        } else {
            let Token::Sign(sign) = self.tokens.get(self.at)?.clone() else { return None };
            let compare = match sign {
                "=" | "==" => Compare::Eq,
                "<>" | "!=" => Compare::Ne,
                "<" => Compare::Lt,
                "<=" => Compare::Le,
                ">" => Compare::Gt,
                ">=" => Compare::Ge,
                _ => return None,
            };
            self.at += 1;
            Predicate::Cmp(left, compare, self.sum()?)
        };
        Some(if is_not { Predicate::Not(Box::new(found)) } else { found })
    }

    fn sum(&mut self) -> Option<Expr> {
        let mut left = self.product()?;
        loop {
            let operation = if self.sign("+") {
                Arithmetic::Plus
            } else if self.sign("-") {
                Arithmetic::Minus
            } else {
                return Some(left);
            };
            left = of(left, operation, self.product()?);
        }
    }

    fn product(&mut self) -> Option<Expr> {
        let mut left = self.atom()?;
        loop {
            let operation = if self.sign("*") {
                Arithmetic::Times
            } else if self.sign("%") {
                Arithmetic::Modulo
            } else {
                return Some(left);
            };
            left = of(left, operation, self.atom()?);
        }
    }

    fn atom(&mut self) -> Option<Expr> {
        if self.sign("-") {
            return Some(of(Expr::Is(KeyPart::Int(0)), Arithmetic::Minus, self.atom()?));
        }
        if self.sign("(") {
            let inner = self.sum()?;
            return self.sign(")").then_some(inner);
        }
        let token = self.tokens.get(self.at)?.clone();
        self.at += 1;
        match token {
            Token::Number(n) => Some(Expr::Is(KeyPart::Int(n))),
            Token::Word(word) if word == "id" => Some(Expr::Id),
            Token::Word(word) if word == "value" => Some(Expr::Field(VALUE)),
            Token::Word(word) if word == "mod" => {
                self.sign("(").then_some(())?;
                let left = self.sum()?;
                self.sign(",").then_some(())?;
                let right = self.sum()?;
                self.sign(")").then_some(of(left, Arithmetic::Modulo, right))
            }
            _ => None,
        }
    }
}

fn of(left: Expr, operation: Arithmetic, right: Expr) -> Expr {
    Expr::Of(Box::new(left), operation, Box::new(right))
}
