//! Objects with a sequential meaning, against which histories of operations are held.

use std::collections::{BTreeMap, VecDeque};

/// An object: what an operation returns and does when nothing else runs.
pub trait Object: Clone + Ord {
    /// An operation.
    type Operation: Clone;
    /// What it returns.
    type Answer: PartialEq;

    /// Does an operation.
    fn apply(&mut self, operation: &Self::Operation) -> Self::Answer;
}

/// An operation on a register.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum RegisterOperation<V> {
    /// Reads the value.
    Read,
    /// Writes a value.
    Write(V),
    /// Writes the second value if the first is there.
    CompareAndSet(V, V),
}

/// What a register answers.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum RegisterAnswer<V> {
    /// The value.
    Value(V),
    /// It was done.
    Done,
    /// The expected value was not there.
    Refused,
}

/// A register.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Register<V>(pub V);

impl<V: Clone + Ord> Object for Register<V> {
    type Operation = RegisterOperation<V>;
    type Answer = RegisterAnswer<V>;

    fn apply(&mut self, operation: &Self::Operation) -> Self::Answer {
        match operation {
            RegisterOperation::Read => RegisterAnswer::Value(self.0.clone()),
            RegisterOperation::Write(value) => {
                self.0 = value.clone();
                RegisterAnswer::Done
            }
            RegisterOperation::CompareAndSet(old, new) if self.0 == *old => {
                self.0 = new.clone();
                RegisterAnswer::Done
            }
            RegisterOperation::CompareAndSet(..) => RegisterAnswer::Refused,
        }
    }
}

/// Several objects of a kind by name. Linearizability is local, so each could be checked alone
/// (Herlihy and Wing 1990, theorem 1); sequential consistency is not.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Several<K, O> {
    /// Those that were touched.
    pub touched: BTreeMap<K, O>,
    /// What every other one is.
    pub initial: O,
}

impl<K: Clone + Ord, O: Object> Object for Several<K, O> {
    type Operation = (K, O::Operation);
    type Answer = O::Answer;

    fn apply(&mut self, (name, operation): &Self::Operation) -> Self::Answer {
        let object = self.touched.entry(name.clone()).or_insert_with(|| self.initial.clone());
        object.apply(operation)
    }
}

/// An operation on a stack or on a queue.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum SequenceOperation<V> {
    /// Puts a value at the end.
    Push(V),
    /// Takes one: from the end of a stack, from the front of a queue.
    Pop,
    /// Tells how many there are.
    Len,
}

/// What a stack or a queue answers.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum SequenceAnswer<V> {
    /// It was put there.
    Done,
    /// What was taken; nothing where it was empty.
    Taken(Option<V>),
    /// How many there are.
    Count(usize),
}

/// A stack.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Stack<V>(pub Vec<V>);

impl<V: Clone + Ord> Object for Stack<V> {
    type Operation = SequenceOperation<V>;
    type Answer = SequenceAnswer<V>;

    fn apply(&mut self, operation: &Self::Operation) -> Self::Answer {
        match operation {
            SequenceOperation::Push(value) => {
                self.0.push(value.clone());
                SequenceAnswer::Done
            }
            SequenceOperation::Pop => SequenceAnswer::Taken(self.0.pop()),
            SequenceOperation::Len => SequenceAnswer::Count(self.0.len()),
        }
    }
}

/// A queue.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Queue<V>(pub VecDeque<V>);

impl<V: Clone + Ord> Object for Queue<V> {
    type Operation = SequenceOperation<V>;
    type Answer = SequenceAnswer<V>;

    fn apply(&mut self, operation: &Self::Operation) -> Self::Answer {
        match operation {
            SequenceOperation::Push(value) => {
                self.0.push_back(value.clone());
                SequenceAnswer::Done
            }
            SequenceOperation::Pop => SequenceAnswer::Taken(self.0.pop_front()),
            SequenceOperation::Len => SequenceAnswer::Count(self.0.len()),
        }
    }
}
