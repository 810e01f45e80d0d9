//! The npm packages, pinned by `package-lock.json`: Binaryen's `wasm-opt` for small pages, and a browser's remote control for tests.

use crate::failure::{Failure, Result};
use crate::pins::{TRUNK, WASM_BINDGEN};
use crate::progress::{self, Job};
use crate::{paths, setup};
use std::ffi::OsString;
use std::process::Command;

/// Installs the packages of the lock, if they are not those of the lock already.
pub(crate) fn install() -> Result<()> {
    let root = paths::root();
    if is_current(&root) {
        return Ok(());
    }
    if setup::output_of(Command::new("node").arg("--version")).is_none() {
        return Err(Failure::new("`node` is missing")
            .remedy("install Node.js 20 or later with npm (https://nodejs.org)"));
    }
    let mut command = Command::new(if cfg!(windows) { "npm.cmd" } else { "npm" });
    command.current_dir(&root).args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]);
    progress::run(Job {
        name: "npm packages".into(),
        doing: "installing the npm packages of package-lock.json".into(),
        takes: "about half a minute".into(),
        command,
    })?;
    let stamp = root.join("node_modules/.interleave-lock");
    std::fs::copy(root.join("package-lock.json"), &stamp).map_err(crate::failure::at(&stamp))?;
    Ok(())
}

/// Whether what is installed came from the lock as it stands.
fn is_current(root: &std::path::Path) -> bool {
    let wanted = std::fs::read(root.join("package-lock.json"));
    let have = std::fs::read(root.join("node_modules/.interleave-lock"));
    matches!((wanted, have), (Ok(wanted), Ok(have)) if wanted == have)
}

/// The PATH for a release build of the page.
pub(crate) fn path_with_wasm_opt() -> Result<OsString> {
    install()?;
    let mut folders = vec![paths::root().join("node_modules/.bin")];
    folders.extend(std::env::split_paths(&setup::path_with_tools(&[WASM_BINDGEN, TRUNK])?));
    std::env::join_paths(folders)
        .map_err(|error| Failure::new(format!("the PATH cannot be extended: {error}")))
}
