//! What tests, measurements and releases need, made ready.

use crate::browser::{self, Browser};
use crate::failure::Result;
use crate::pins::{TRUNK, WASM_BINDGEN};
use crate::{npm, paths, progress, setup};
use std::ffi::OsString;
use std::process::Command;

/// Everything that a test stage runs with.
pub(crate) struct Tools {
    /// The PATH with the pinned tools in front.
    pub(crate) path: OsString,
    /// The browser and its driver.
    pub(crate) browser: Browser,
}

/// Installs what is missing for tests and measurements.
pub(crate) fn ready() -> Result<Tools> {
    // What can fail for want of something that only a person can install comes first.
    let browser = browser::ready()?;
    Ok(Tools { path: for_page()?, browser })
}

/// Installs what is missing for a release build of the page; the PATH that finds it.
pub(crate) fn for_page() -> Result<OsString> {
    setup::wasm_target()?;
    npm::install()?;
    let jobs = setup::missing(&[WASM_BINDGEN, TRUNK]);
    setup::announce_tools(&jobs)?;
    progress::run_together(jobs)?;
    npm::path_with_wasm_opt()
}

impl Tools {
    /// Makes a `cargo test` for WASM run in the browser.
    pub(crate) fn steer_browser(&self, command: &mut Command) {
        command
            .env("PATH", &self.path)
            .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER", "wasm-bindgen-test-runner")
            .env("CHROMEDRIVER", &self.browser.driver)
            .env("WASM_BINDGEN_USE_BROWSER", "1")
            // A busy machine is slow to start a browser; the default of 20 seconds gave false alarms.
            .env("WASM_BINDGEN_TEST_TIMEOUT", "300");
    }
}

/// A cargo command in the project.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new("cargo");
    command.current_dir(paths::root()).args(arguments);
    command
}
