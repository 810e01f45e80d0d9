//! `cargo xtask release`: a folder that any static host can serve.
//!
//! The newest page stands at the folder's top, and each version's once more in `v/<engine>/`, where it stays:
//! a link made by an older engine can be opened by that engine.

use crate::failure::{Result, at};
use crate::progress::say;
use crate::{page, paths, tools};
use std::path::Path;

/// The version of all packages of the workspace, and so of the engine.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Builds the page of this version into its folder and to the top, and keeps the folders of other versions.
pub(crate) fn run() -> Result<()> {
    let path = tools::for_page()?;
    let built = page::built();
    page::build(&path, &built)?;
    page::check_weight(&built)?;
    let release = paths::root().join("release");
    let kept = release.join("v").join(VERSION);
    empty_of_files(&release)?;
    empty_of_files(&kept)?;
    copy_files(&built, &release)?;
    copy_files(&built, &kept)?;
    say(&format!(
        "\nVersion {VERSION} is in {}, and kept in {}. Any static host can serve the folder, at any path.",
        release.display(),
        kept.display()
    ));
    Ok(())
}

/// Makes the folder if need be, and removes the files of an earlier build, but no folders.
fn empty_of_files(folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder).map_err(at(folder))?;
    for path in files_of(folder)? {
        std::fs::remove_file(&path).map_err(at(&path))?;
    }
    Ok(())
}

/// Copies the page's files, those in its folders included: the texts of Learn.
fn copy_files(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to).map_err(at(to))?;
    for path in files_of(from)? {
        std::fs::copy(&path, to.join(path.file_name().unwrap_or_default())).map_err(at(&path))?;
    }
    for entry in std::fs::read_dir(from).map_err(at(from))? {
        let path = entry.map_err(at(from))?.path();
        if path.is_dir() {
            copy_files(&path, &to.join(path.file_name().unwrap_or_default()))?;
        }
    }
    Ok(())
}

fn files_of(folder: &Path) -> Result<Vec<std::path::PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(at(folder))? {
        let path = entry.map_err(at(folder))?.path();
        if path.is_file() {
            files.push(path);
        }
    }
    Ok(files)
}
