//! The browser of the tests: Chromium and the driver of its own version.

use crate::failure::{Failure, Result};
use crate::progress::{self, Job};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A browser and its driver.
pub(crate) struct Browser {
    /// Chromium, or Chrome.
    pub(crate) chromium: PathBuf,
    /// ChromeDriver, which `wasm-bindgen-test` steers.
    pub(crate) driver: PathBuf,
}

/// Finds the browser, and installs it where that is possible without asking.
pub(crate) fn ready() -> Result<Browser> {
    if let Some(browser) = find() {
        return Ok(browser);
    }
    if !is_debian() || !is_root() {
        return Err(Failure::new("Chromium or ChromeDriver is missing").remedy(
            "install both, of one version, so that `chromium` (or `google-chrome`) and `chromedriver` are on the PATH; \
             on Debian: sudo apt-get install chromium chromium-driver",
        ));
    }
    progress::run(Job {
        name: "package lists".into(),
        doing: "updating Debian's package lists".into(),
        takes: "about 10 seconds".into(),
        command: apt(&["update"]),
    })?;
    progress::run(Job {
        name: "Chromium".into(),
        doing: "installing chromium and chromium-driver with apt-get".into(),
        takes: "about 2 minutes, 400 MB".into(),
        command: apt(&["install", "--yes", "chromium", "chromium-driver"]),
    })?;
    find().ok_or_else(|| {
        Failure::new("Chromium was installed, but neither it nor its driver is on the PATH")
    })
}

fn find() -> Option<Browser> {
    let chromium = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]
        .into_iter()
        .find_map(on_path)?;
    let driver = on_path("chromedriver")?;
    Some(Browser { chromium, driver })
}

fn on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|candidate| candidate.is_file())
}

/// Debian itself: in Ubuntu the package of that name is a door to another installer.
fn is_debian() -> bool {
    std::fs::read_to_string(Path::new("/etc/os-release"))
        .is_ok_and(|text| text.lines().any(|line| line == "ID=debian"))
}

fn is_root() -> bool {
    crate::setup::output_of(Command::new("id").arg("-u")).is_some_and(|id| id.trim() == "0")
}

fn apt(arguments: &[&str]) -> Command {
    let mut command = Command::new("apt-get");
    command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
    command
}
