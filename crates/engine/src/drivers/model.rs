//! What the explorer needs to know of a system: its states, its steps and what must hold.
//!
//! The world of a scenario is one model; abstract specifications written as tests are others.

/// The position of a property in [`Model::properties`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PropertyIx(pub u16);

/// How the explorer learns whether a state is at rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RestRule {
    /// A state is at rest when each of its successors, if it has any, is that state again.
    ///
    /// The explorer knows only after expanding the state, so it checks properties then.
    NoWayOut,
    /// [`Model::at_rest`] says so, for models in which some steps (faults) do not count, or in which
    /// different states share a fingerprint. The explorer checks properties when it first sees a state.
    Told,
}

/// A system of states and steps.
///
/// **Determinism.** `initial` and `successors` emit the same items in the same order each time they are
/// called with the same arguments. The explorer remembers a step by its position in that order and
/// rebuilds a path by taking the steps again. Each implementation documents its order.
pub trait Model {
    /// Everything that decides what can happen next.
    type State;
    /// What a person reads in a counterexample; the explorer only hands it on.
    type Action;

    /// Emits the initial states.
    fn initial(&self, emit: &mut dyn FnMut(Self::State));

    /// Emits every step that is possible in `state`, with the state that it leads to.
    ///
    /// A step that changes nothing is emitted as well: it counts as generated, as it does in TLC.
    fn successors(&self, state: &Self::State, emit: &mut dyn FnMut(Self::Action, Self::State));

    /// The fingerprint by which a state is known again.
    ///
    /// States that differ only in what no step and no property depends on may share one.
    fn fingerprint(&self, state: &Self::State) -> u64;

    /// The names of the properties, in the order of [`PropertyIx`]. By default there are none.
    fn properties(&self) -> Vec<String> {
        Vec::new()
    }

    /// Calls `violated` for each property that `state` breaks.
    ///
    /// `at_rest` is true when the state is at rest by this model's [`RestRule`]. The call happens once for each
    /// distinct state, in breadth-first order.
    fn check(&self, state: &Self::State, at_rest: bool, violated: &mut dyn FnMut(PropertyIx)) {
        let _ = (state, at_rest, violated);
    }

    /// How this model's states come to rest; the same answer each time.
    fn rest_rule(&self) -> RestRule {
        RestRule::NoWayOut
    }

    /// Whether nothing but a fault can happen in `state`. Asked only under [`RestRule::Told`].
    fn at_rest(&self, state: &Self::State) -> bool {
        let _ = state;
        false
    }
}
