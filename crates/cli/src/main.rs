//! Interleave on the command line.
fn main() {}
