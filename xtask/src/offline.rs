//! Writes the service worker that keeps a release for the time without a network: the list of all files of
//! the page, and the release's name, which is a hash of their contents.

use crate::failure::{Result, at};
use std::path::{Path, PathBuf};

/// The worker's text, with two places to fill in.
const TEXT: &str = include_str!("offline.js");
/// What browsers look for, beside the page.
pub(crate) const NAME: &str = "offline.js";
/// Pictures of the preview cards are for those who follow a link, not for the page.
const LEFT_OUT: [&str; 3] = ["jpg", "jpeg", "png"];

/// Writes the worker into the folder of a built page.
pub(crate) fn write(folder: &Path) -> Result<()> {
    let mut files = Vec::new();
    collect(folder, folder, &mut files)?;
    files.sort();
    let mut hash = FNV_OFFSET;
    for file in &files {
        let path = folder.join(file);
        hash = fnv1a(hash, file.as_bytes());
        hash = fnv1a(hash, &std::fs::read(&path).map_err(at(&path))?);
    }
    let path = folder.join(NAME);
    std::fs::write(&path, filled(&files, hash)).map_err(at(&path))
}

/// The worker for these files.
fn filled(files: &[String], hash: u64) -> String {
    // Names of files are ours: letters, digits, hyphens, dots and slashes.
    let list: Vec<String> = files.iter().map(|file| format!("{file:?}")).collect();
    TEXT.replace("{{RELEASE}}", &format!("{hash:016x}")).replace("{{FILES}}", &list.join(",\n  "))
}

/// The files below a folder, relative to the root, with `/`.
fn collect(root: &Path, folder: &Path, files: &mut Vec<String>) -> Result<()> {
    for entry in std::fs::read_dir(folder).map_err(at(folder))? {
        let path: PathBuf = entry.map_err(at(folder))?.path();
        if path.is_dir() {
            collect(root, &path, files)?;
            continue;
        }
        let end = path.extension().and_then(|end| end.to_str()).unwrap_or_default();
        let inside = path.strip_prefix(root).unwrap_or(&path);
        let name = inside.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/");
        if !LEFT_OUT.contains(&end) && name != NAME {
            files.push(name);
        }
    }
    Ok(())
}

const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;

/// FNV-1a, 64 bits: names a release by its content; nothing depends on it being hard to forge.
fn fnv1a(start: u64, bytes: &[u8]) -> u64 {
    let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
    bytes.iter().fold(start, step)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worker_lists_the_files_and_names_the_release() {
        let text = filled(&["index.html".into(), "pages/patterns/saga.md".into()], 0xab);
        assert!(text.contains("const RELEASE = \"00000000000000ab\";"), "{text}");
        assert!(text.contains("  \"index.html\",\n  \"pages/patterns/saga.md\"\n];"), "{text}");
        assert!(!text.contains("{{"), "{text}");
    }

    #[test]
    fn another_byte_is_another_release() {
        assert_ne!(fnv1a(FNV_OFFSET, b"a"), fnv1a(FNV_OFFSET, b"b"));
    }
}
