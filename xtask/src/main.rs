//! Sets up, runs, tests, measures and releases Interleave.
fn main() {}
