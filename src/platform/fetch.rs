//! Files beside the page, from the page's own folder.

use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

/// The text of a file.
///
/// # Errors
/// Why it did not come, in words.
pub async fn text(path: &str) -> Result<String, String> {
    let unreachable = |_| "the folder that this page came from cannot be reached".to_owned();
    let answer = JsFuture::from(super::window().fetch_with_str(path)).await.map_err(unreachable)?;
    let answer: web_sys::Response = answer.unchecked_into();
    if !answer.ok() {
        return Err(format!("the folder that this page came from has no {path}"));
    }
    let text = JsFuture::from(answer.text().map_err(unreachable)?).await.map_err(unreachable)?;
    text.as_string().ok_or_else(|| format!("{path} is not text"))
}
