//! Installs what is missing, and only that.

use crate::failure::{Failure, Result, at};
use crate::paths;
use crate::pins::{CargoTool, WASM_TARGET};
use crate::progress::{Job, say};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Makes sure that the compiler can build for the browser.
pub(crate) fn wasm_target() -> Result<()> {
    let sysroot = output_of(Command::new("rustc").args(["--print", "sysroot"]))
        .ok_or_else(|| Failure::new("`rustc` did not run").remedy("install Rust with rustup"))?;
    if Path::new(sysroot.trim()).join("lib/rustlib").join(WASM_TARGET).exists() {
        return Ok(());
    }
    if output_of(Command::new("rustup").arg("--version")).is_none() {
        return Err(Failure::new(format!(
            "the Rust target {WASM_TARGET} is missing, and rustup is not there to add it"
        ))
        .remedy(format!(
            "install Rust with rustup (https://rustup.rs), or add the target {WASM_TARGET} with your system's packages"
        )));
    }
    let mut command = Command::new("rustup");
    command.args(["target", "add", WASM_TARGET]);
    crate::progress::run(Job {
        name: "Rust for the browser".into(),
        doing: format!("adding the Rust target {WASM_TARGET}"),
        takes: "about 10 seconds".into(),
        command,
    })
}

/// The folder that holds a tool of exactly the pinned version, if there is one: on the PATH first, then among those installed here.
pub(crate) fn locate(tool: &CargoTool) -> Option<Located> {
    if has_version(Path::new(tool.program), tool) {
        return Some(Located::OnPath);
    }
    let folder = root_of(tool).join("bin");
    has_version(&folder.join(tool.program), tool).then_some(Located::In(folder))
}

/// Where a tool was found.
pub(crate) enum Located {
    /// By its bare name.
    OnPath,
    /// In this folder.
    In(PathBuf),
}

/// The jobs that install those of `tools` that are missing.
pub(crate) fn missing(tools: &[CargoTool]) -> Vec<Job> {
    tools.iter().filter(|tool| locate(tool).is_none()).map(install).collect()
}

/// The PATH with the tools installed here in front.
pub(crate) fn path_with_tools(tools: &[CargoTool]) -> Result<OsString> {
    let mut folders: Vec<PathBuf> = Vec::new();
    for tool in tools {
        match locate(tool) {
            Some(Located::OnPath) => {}
            Some(Located::In(folder)) => folders.push(folder),
            None => {
                return Err(Failure::new(format!(
                    "{} {} was installed but does not run",
                    tool.package, tool.version
                ))
                .remedy(format!("delete {} and run this again", root_of(tool).display())));
            }
        }
    }
    folders.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
    std::env::join_paths(folders)
        .map_err(|error| Failure::new(format!("the PATH cannot be extended: {error}")))
}

/// Runs a command and gives what it prints, or nothing if it fails.
pub(crate) fn output_of(command: &mut Command) -> Option<String> {
    let output = command.output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

fn root_of(tool: &CargoTool) -> PathBuf {
    paths::tools().join(format!("{}-{}", tool.package, tool.version))
}

fn has_version(program: &Path, tool: &CargoTool) -> bool {
    output_of(Command::new(program).arg("--version"))
        .is_some_and(|text| text.split_whitespace().any(|word| word == tool.version))
}

fn install(tool: &CargoTool) -> Job {
    let mut command = Command::new("cargo");
    command
        .args(["install", "--locked", "--force", "--version", tool.version])
        .args(tool.install)
        .arg("--root")
        .arg(root_of(tool))
        .arg(tool.package)
        // Outside the project, whose own settings (profiles, flags) are not meant for tools.
        .current_dir(std::env::temp_dir())
        .env("CARGO_PROFILE_DEV_DEBUG", "0")
        // Checks that only their authors need, and that take time to compile.
        .env("CARGO_PROFILE_DEV_DEBUG_ASSERTIONS", "false")
        .env("CARGO_PROFILE_DEV_OVERFLOW_CHECKS", "false")
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_BUILD_TARGET")
        .env_remove("CARGO_TARGET_DIR");
    Job {
        name: format!("{} {}", tool.package, tool.version),
        doing: format!("installing {} {} from source, once", tool.package, tool.version),
        takes: format!("{} if both of 2 cores are free for it", tool.takes),
        command,
    }
}

/// Makes the folder of tools and says where they are put, if any is missing.
pub(crate) fn announce_tools(jobs: &[Job]) -> Result<()> {
    if jobs.is_empty() {
        return Ok(());
    }
    let folder = paths::tools();
    std::fs::create_dir_all(&folder).map_err(at(&folder))?;
    say(&format!(
        "Tools that are missing go to {}; later runs use them at once.\n\
         What follows runs side by side; on 2 cores expect 7 to 12 minutes for all of it, this once.",
        folder.display()
    ));
    Ok(())
}
