//! Files: reading one that a person chose, and offering one to save.

use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

/// The most that is read of a chosen file, in bytes: the bound of a link or file.
pub const FILE_BYTES_MAX: f64 = 262_144.0;

/// The bytes of a chosen file.
///
/// # Errors
/// In words for the person who chose it.
pub async fn read(file: web_sys::File) -> Result<Vec<u8>, String> {
    if file.size() > FILE_BYTES_MAX {
        return Err(format!(
            "{} is {:.0} KiB; a scenario may have 256 KiB",
            file.name(),
            file.size() / 1024.0
        ));
    }
    match JsFuture::from(file.array_buffer()).await {
        Ok(bytes) => Ok(js_sys::Uint8Array::new(&bytes).to_vec()),
        Err(_) => Err(format!("{} could not be read", file.name())),
    }
}

/// Offers a text as a file to save.
pub fn save(name: &str, text: &str) -> Result<(), JsValue> {
    let parts = js_sys::Array::of1(&text.into());
    let kind = web_sys::BlobPropertyBag::new();
    kind.set_type("application/json");
    let blob = web_sys::Blob::new_with_str_sequence_and_options(&parts, &kind)?;
    let url = web_sys::Url::create_object_url_with_blob(&blob)?;
    let anchor: web_sys::HtmlAnchorElement =
        super::document().create_element("a")?.unchecked_into();
    anchor.set_href(&url);
    anchor.set_download(name);
    anchor.click();
    web_sys::Url::revoke_object_url(&url)
}
