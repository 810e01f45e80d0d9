//! `cargo xtask screenshots`: pictures of every view in both themes at three widths, and a sheet of them all.
//!
//! The views are listed in `tests/screenshots/views.mjs`, each with how a person comes to it; nothing is drawn
//! but the page itself. The pictures of the documents (`docs/*.png`) come out of the same run with `--docs`.

use crate::failure::{Failure, Result};
use crate::progress::{self, say};
use crate::{page, paths, tools};
use std::process::Command;

/// Takes the pictures into `target/screenshots`.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let docs = match arguments {
        [] => false,
        [flag] if flag == "--docs" => true,
        _ => {
            return Err(Failure::new("`screenshots` takes nothing, or --docs")
                .remedy("--docs also writes the pictures that the documents show"));
        }
    };
    let tools = tools::ready()?;
    // A page that was given is taken as it is: the debug page is quicker to build and looks the same.
    let folder = match std::env::var_os("INTERLEAVE_PAGE") {
        Some(folder) => folder.into(),
        None => {
            let folder = page::built();
            page::build(&tools.path, &folder)?;
            folder
        }
    };
    let out = paths::target().join("screenshots");
    let mut command = Command::new("node");
    command
        .current_dir(paths::root())
        .arg("tests/screenshots/take.mjs")
        .arg(&out)
        .env("INTERLEAVE_PAGE", folder)
        .env("INTERLEAVE_CHROMIUM", &tools.browser.chromium);
    if docs {
        command.arg("--docs");
    }
    let status = command.status().map_err(|error| progress::cannot_start(&command, &error))?;
    if !status.success() {
        return Err(Failure::new("a picture could not be taken (see above)"));
    }
    say(&format!("The sheet: {}", out.join("index.html").display()));
    Ok(())
}
