//! A worker: the same program once more, beside the page, so that the page never waits for it.

use wasm_bindgen::prelude::*;

/// The id of the script that starts the program, as `cargo xtask seal` writes it. The worker runs it too.
const SCRIPT: &str = "program";

/// What comes from a worker.
pub enum Word {
    /// It said this.
    Said(String),
    /// It broke, or could not be started: what the browser says of it.
    Broke(String),
}

/// A worker. It ends when this is dropped.
pub struct Worker {
    inner: web_sys::Worker,
    _said: Closure<dyn Fn(web_sys::MessageEvent)>,
    _broke: Closure<dyn Fn(web_sys::Event)>,
}

impl Worker {
    /// Starts the program in a worker.
    ///
    /// # Errors
    /// Why the browser does not, in words. Many browsers say so only later, as [`Word::Broke`].
    pub fn start(heard: impl Fn(Word) + Clone + 'static) -> Result<Self, String> {
        let script: web_sys::HtmlScriptElement = super::by_id(SCRIPT)
            .and_then(|element| element.dyn_into().ok())
            .ok_or("the page does not say where its program is")?;
        let options = web_sys::WorkerOptions::new();
        options.set_type(web_sys::WorkerType::Module);
        let inner = web_sys::Worker::new_with_options(&script.src(), &options)
            .map_err(|_| "the browser starts no worker here")?;
        let tell = heard.clone();
        let said =
            Closure::<dyn Fn(web_sys::MessageEvent)>::new(move |event: web_sys::MessageEvent| {
                if let Some(text) = event.data().as_string() {
                    tell(Word::Said(text));
                }
            });
        let broke = Closure::<dyn Fn(web_sys::Event)>::new(move |event: web_sys::Event| {
            // It is said on the page; the console need not repeat it.
            event.prevent_default();
            let event: Option<web_sys::ErrorEvent> = event.dyn_into().ok();
            let message = event.map(|event| event.message()).filter(|text| !text.is_empty());
            heard(Word::Broke(message.unwrap_or_else(|| "the browser does not say why".into())));
        });
        inner.set_onmessage(Some(said.as_ref().unchecked_ref()));
        inner.set_onerror(Some(broke.as_ref().unchecked_ref()));
        Ok(Self { inner, _said: said, _broke: broke })
    }

    /// Says a text to it.
    pub fn say(&self, text: &str) {
        // Texts can always be copied; a worker that has ended does not hear them.
        let _ = self.inner.post_message(&text.into());
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.inner.set_onmessage(None);
        self.inner.set_onerror(None);
        self.inner.terminate();
    }
}
