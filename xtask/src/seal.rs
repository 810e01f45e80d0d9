//! Moves the scripts that Trunk writes into the page out into files.
//!
//! The page's security policy allows no inline script. Trunk's loader is inline, so after each build its hook
//! (in `Trunk.toml`) comes here. Files rather than hashes in the policy: the policy stays readable,
//! and also holds for the reloading script that only `serve` adds.

use crate::failure::{Failure, Result, at};
use std::path::{Path, PathBuf};

/// Seals the page in the folder that Trunk is building.
pub(crate) fn run() -> Result<()> {
    let Some(staging) = std::env::var_os("TRUNK_STAGING_DIR").map(PathBuf::from) else {
        return Err(Failure::new("`seal` runs inside a Trunk build only")
            .remedy("run `cargo xtask serve`; Trunk calls this by itself"));
    };
    let page = staging.join("index.html");
    let html = std::fs::read_to_string(&page).map_err(at(&page))?;
    let (sealed, scripts) = extract(&html)?;
    for script in &scripts {
        let path = staging.join(&script.name);
        std::fs::write(&path, &script.text).map_err(at(&path))?;
    }
    write(&page, &sealed)?;
    crate::cards::write(&staging)?;
    // A page that is being worked on must never come from a browser's store.
    if std::env::var_os("TRUNK_PROFILE").is_some_and(|profile| profile == "release") {
        crate::offline::write(&staging)?;
    }
    Ok(())
}

fn write(page: &Path, html: &str) -> Result<()> {
    std::fs::write(page, html).map_err(at(page))
}

/// A script that was inline.
#[derive(Debug, PartialEq, Eq)]
struct Script {
    /// File name; it carries a hash of the text, so that a cached old one is never taken for a new one.
    name: String,
    text: String,
}

/// The page with each inline script replaced by a reference, and the scripts.
fn extract(html: &str) -> Result<(String, Vec<Script>)> {
    let mut sealed = String::with_capacity(html.len());
    let mut scripts = Vec::new();
    let mut rest = html;
    while let Some(start) = rest.find("<script") {
        let (before, tag) = rest.split_at(start);
        let open = tag
            .find('>')
            .ok_or_else(|| Failure::new("index.html: a <script> tag is not closed"))?;
        let close = tag
            .find("</script>")
            .ok_or_else(|| Failure::new("index.html: a <script> has no </script>"))?;
        let (attributes, text) = (&tag["<script".len()..open], tag[open + 1..close].trim());
        sealed.push_str(before);
        if text.is_empty() {
            sealed.push_str(&tag[..close]);
        } else {
            let name = format!("inline-{:016x}.js", fnv1a(text));
            // The page's worker runs the script that starts the program too, and finds it by this name.
            let id = if text.contains("await init(") { " id=\"program\"" } else { "" };
            sealed.push_str(&format!("<script{attributes}{id} src=\"./{name}\">"));
            scripts.push(Script { name, text: format!("{}\n", without_placeholders(text)) });
        }
        sealed.push_str("</script>");
        rest = &tag[close + "</script>".len()..];
    }
    sealed.push_str(rest);
    Ok((sealed, scripts))
}

/// Trunk's server fills in the address that its reloading script connects to, but only where it stands in the page.
/// In a worker there is no window.
fn without_placeholders(text: &str) -> String {
    text.replace("'{{__TRUNK_ADDRESS__}}'", "window.location.host")
        .replace("{{__TRUNK_WS_BASE__}}", "/")
        .replace("window.wasmBindings", "globalThis.wasmBindings")
}

/// FNV-1a, 64 bits: names a file by its content; nothing depends on it being hard to forge.
fn fnv1a(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_inline_script_moves_out_and_keeps_its_attributes() {
        let html = "<head><script type=\"module\">\nimport 'a';\n</script></head>";
        let (sealed, scripts) = extract(html).unwrap();
        assert_eq!(scripts.len(), 1);
        assert_eq!(scripts[0].text, "import 'a';\n");
        let expected =
            format!("<head><script type=\"module\" src=\"./{}\"></script></head>", scripts[0].name);
        assert_eq!(sealed, expected);
    }

    #[test]
    fn the_script_that_starts_the_program_can_be_found_and_runs_without_a_window() {
        let html =
            "<script type=\"module\">const w = await init({}); window.wasmBindings = w;</script>";
        let (sealed, scripts) = extract(html).unwrap();
        assert!(sealed.contains(" id=\"program\" src="), "{sealed}");
        assert_eq!(scripts[0].text, "const w = await init({}); globalThis.wasmBindings = w;\n");
    }

    #[test]
    fn a_script_with_a_source_stays() {
        let html = "<script src=\"loader.js\"></script><p>text</p>";
        assert_eq!(extract(html).unwrap(), (html.to_owned(), vec![]));
    }

    #[test]
    fn two_scripts_get_two_names() {
        let (_, scripts) = extract("<script>a</script><script>b</script>").unwrap();
        assert_ne!(scripts[0].name, scripts[1].name);
    }

    #[test]
    fn the_reloading_script_finds_its_server() {
        let (_, scripts) = extract(
            "<script>const a = '{{__TRUNK_ADDRESS__}}', b = '{{__TRUNK_WS_BASE__}}';</script>",
        )
        .unwrap();
        assert_eq!(scripts[0].text, "const a = window.location.host, b = '/';\n");
    }

    #[test]
    fn a_script_without_an_end_is_an_error() {
        assert!(extract("<script>a").is_err());
    }
}
