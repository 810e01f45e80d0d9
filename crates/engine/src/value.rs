//! Rows and what stands in them.

use std::rc::Rc;

use crate::fingerprint::{Canon, Fingerprint};
use crate::ids::Sym;

/// The value of one field of a row.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Value {
    /// A whole number. Money is in the smallest unit (cents).
    Int(i64),
    /// A text.
    Text(Sym),
    /// A list of numbers, grown by `append`.
    List(Rc<Vec<i64>>),
}

impl Value {
    /// The number, where it is one.
    #[must_use]
    pub fn as_int(&self) -> Option<i64> {
        match self {
            Self::Int(n) => Some(*n),
            Self::Text(_) | Self::List(_) => None,
        }
    }
}

/// The second half of a row's key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum KeyPart {
    /// A number, as the transaction's own in `order:$txn`.
    Int(i64),
    /// A text.
    Text(Sym),
}

/// A row's key: `table:id`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Key {
    /// The table.
    pub table: Sym,
    /// Which row of the table.
    pub id: KeyPart,
}

/// A row: its fields in the order of their symbols. Cheap to clone, since traces hold many.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Row(Rc<Vec<(Sym, Value)>>);

impl Row {
    /// A row of these fields.
    #[must_use]
    pub fn new(mut fields: Vec<(Sym, Value)>) -> Self {
        fields.sort_by_key(|(name, _)| *name);
        Self(Rc::new(fields))
    }

    /// The value of a field.
    #[must_use]
    pub fn get(&self, field: Sym) -> Option<&Value> {
        self.0.binary_search_by_key(&field, |(name, _)| *name).ok().map(|at| &self.0[at].1)
    }

    /// Sets a field, adding it where it is missing.
    pub fn set(&mut self, field: Sym, value: Value) {
        let fields = Rc::make_mut(&mut self.0);
        match fields.binary_search_by_key(&field, |(name, _)| *name) {
            Ok(at) => fields[at].1 = value,
            Err(at) => fields.insert(at, (field, value)),
        }
    }

    /// The fields in order.
    pub fn fields(&self) -> impl Iterator<Item = (Sym, &Value)> {
        self.0.iter().map(|(name, value)| (*name, value))
    }
}

impl Canon for Value {
    fn canon(&self, h: &mut Fingerprint) {
        match self {
            Self::Int(n) => {
                h.write_u8(0);
                h.write_i64(*n);
            }
            Self::Text(sym) => {
                h.write_u8(1);
                h.write_u32(sym.0);
            }
            Self::List(items) => {
                h.write_u8(2);
                h.write_u32(items.len() as u32);
                for item in items.iter() {
                    h.write_i64(*item);
                }
            }
        }
    }
}

impl Canon for Key {
    fn canon(&self, h: &mut Fingerprint) {
        h.write_u32(self.table.0);
        match self.id {
            KeyPart::Int(n) => {
                h.write_u8(0);
                h.write_i64(n);
            }
            KeyPart::Text(sym) => {
                h.write_u8(1);
                h.write_u32(sym.0);
            }
        }
    }
}

impl Canon for Row {
    fn canon(&self, h: &mut Fingerprint) {
        h.write_u32(self.0.len() as u32);
        for (name, value) in self.0.iter() {
            h.write_u32(name.0);
            value.canon(h);
        }
    }
}
