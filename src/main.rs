//! Starts the page.

fn main() {
    interleave::mount();
}
