//! The versions of every tool, in one place.
//!
//! A tool of another version is not used: Trunk refuses a `wasm-bindgen` that differs from the crate's,
//! and page sizes are compared between machines.

/// A program built by `cargo install`.
pub(crate) struct CargoTool {
    /// The crate's name.
    pub(crate) package: &'static str,
    /// The program whose `--version` names the version.
    pub(crate) program: &'static str,
    /// The only version that is accepted.
    pub(crate) version: &'static str,
    /// Arguments of `cargo install` beyond the version.
    pub(crate) install: &'static [&'static str],
    /// How long the installation takes on two cores, in words.
    pub(crate) takes: &'static str,
}

/// Must be the version of the `wasm-bindgen` crate in `Cargo.toml`, and that in `Trunk.toml`.
///
/// In debug it compiles in less than half the time and still binds the page within seconds;
/// its default features are for downloading drivers over TLS, which nothing here does.
pub(crate) const WASM_BINDGEN: CargoTool = CargoTool {
    package: "wasm-bindgen-cli",
    program: "wasm-bindgen",
    version: "0.2.129",
    install: &["--no-default-features", "--debug"],
    takes: "about 1½ minutes",
};

/// In debug and without its default features (an updater, TLS) it is built in a third of the time.
pub(crate) const TRUNK: CargoTool = CargoTool {
    package: "trunk",
    program: "trunk",
    version: "0.21.14",
    install: &["--no-default-features", "--debug"],
    takes: "about 4 minutes",
};

/// The target of everything that runs in the browser.
pub(crate) const WASM_TARGET: &str = "wasm32-unknown-unknown";
