//! The deterministic pattern engine of Interleave.
