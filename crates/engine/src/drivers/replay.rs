//! Replay: a recorded list of choices, made one after the other. There is no clock, only steps.

use crate::choice::Choice;
use crate::world::{Impossible, Sink, World};

/// A replay.
#[derive(Clone, Debug)]
pub struct Replay {
    /// The world.
    pub world: World,
    schedule: std::rc::Rc<Vec<Choice>>,
    next: usize,
}

/// Where a schedule ceased to apply.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Diverged {
    /// The step, from 1.
    pub step: usize,
    /// Why the choice could not be made.
    pub why: Impossible,
}

impl Replay {
    /// A replay before its first choice.
    #[must_use]
    pub fn new(world: World, schedule: Vec<Choice>) -> Self {
        Self { world, schedule: std::rc::Rc::new(schedule), next: 0 }
    }

    /// A choice of the schedule, by its step from 1.
    #[must_use]
    pub fn choice(&self, step: usize) -> Option<&Choice> {
        self.schedule.get(step.checked_sub(1)?)
    }

    /// Makes the next choice. `Ok(false)` where none is left. Once a person has intervened the
    /// schedule no longer applies, and the first ordinary choice is taken until none is left.
    ///
    /// # Errors
    /// Where the choice cannot be made: the step at which the schedule ceased to apply.
    pub fn step(&mut self, sink: &mut dyn Sink, made: &mut Vec<Choice>) -> Result<bool, Diverged> {
        if self.world.intervened > 0 {
            return Ok(self.free_step(sink, made));
        }
        let Some(choice) = self.schedule.get(self.next) else { return Ok(false) };
        self.world.apply(choice, sink).map_err(|why| Diverged { step: self.next + 1, why })?;
        made.push(*choice);
        self.next += 1;
        Ok(true)
    }

    fn free_step(&mut self, sink: &mut dyn Sink, made: &mut Vec<Choice>) -> bool {
        let mut kinds = Vec::new();
        self.world.ordinary(self.world.arrived, &mut kinds);
        let Some(kind) = kinds.first() else { return false };
        let choice = Choice::plain(*kind);
        let possible = self.world.apply(&choice, sink).is_ok();
        made.push(choice);
        possible
    }
}
