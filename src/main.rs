//! Starts the page, or its worker.

fn main() {
    interleave::start();
}
