//! Tells the program how it was optimised, so that it can say so beside its figures.

fn main() {
    let level = std::env::var("OPT_LEVEL").unwrap_or_default();
    println!("cargo::rustc-env=BENCH_OPT_LEVEL={level}");
}
