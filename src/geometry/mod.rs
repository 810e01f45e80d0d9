//! Where things stand: pure functions from sizes to places, in pixels, tested without a browser.

pub mod bands;
pub mod curve;
pub mod layered;
pub mod layout;
pub mod ring;
pub mod ticks;
