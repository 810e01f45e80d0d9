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
/// called with the same arguments. The explorer remembers a step by its [`code`](Model::code), by default
/// its position in that order, and rebuilds a path by taking the steps again. Each implementation documents its order.
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

    /// The number by which [`step`](Self::step) finds a step again, given its position among the steps of a
    /// state: that position, unless the model knows a number that saves it from trying the steps before.
    fn code(&self, position: u32, action: &Self::Action) -> u32 {
        let _ = action;
        position
    }

    /// Takes one step of `state` again, by its code.
    fn step(&self, state: &Self::State, code: u32) -> Option<(Self::Action, Self::State)> {
        pick(code, |emit| self.successors(state, &mut |action, next| emit((action, next))))
    }

    /// Takes one step of `state` by a draw, which is uniform over 64 bits; `None` where a walk ends. By
    /// default each step is equally likely.
    fn random_step(
        &self,
        state: &Self::State,
        draw: u64,
    ) -> Option<(u32, Self::Action, Self::State)> {
        let mut steps = Vec::new();
        self.successors(state, &mut |action, next| steps.push((action, next)));
        let position = draw.checked_rem(steps.len() as u64)? as usize;
        let (action, next) = steps.swap_remove(position);
        Some((self.code(position as u32, &action), action, next))
    }

    /// Whether a step counts as a way to rest: it needs no fault to happen.
    fn is_fair(&self, action: &Self::Action) -> bool {
        let _ = action;
        true
    }

    /// About how many bytes a state holds while it waits to be expanded.
    fn state_bytes(&self) -> u64 {
        size_of::<Self::State>() as u64
    }

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

/// The item at a position among those that `emit_all` emits.
pub(super) fn pick<T>(position: u32, emit_all: impl FnOnce(&mut dyn FnMut(T))) -> Option<T> {
    let mut at = 0;
    let mut picked = None;
    emit_all(&mut |item| {
        if at == position {
            picked = Some(item);
        }
        at += 1;
    });
    picked
}
