//! The mode Check in a real browser, where no worker is to be had: the form, and the search on the page.
#![cfg(target_arch = "wasm32")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
use web_sys::{HtmlElement, HtmlInputElement, window};

wasm_bindgen_test_configure!(run_in_browser);

fn find(selector: &str) -> Option<HtmlElement> {
    let found = window().unwrap().document().unwrap().query_selector(selector).unwrap();
    found.map(|element| element.dyn_into().unwrap())
}

fn text(selector: &str) -> String {
    find(selector).and_then(|element| element.text_content()).unwrap_or_default()
}

/// Waits until something is so.
async fn until(what: &str, holds: impl Fn() -> bool) {
    for _ in 0..600 {
        if holds() {
            return;
        }
        pause().await;
    }
    panic!("waited in vain: {what}");
}

/// Lets the page work for a moment.
async fn pause() {
    let later = js_sys::Promise::new(&mut |resolve, _| {
        window()
            .unwrap()
            .set_timeout_with_callback_and_timeout_and_arguments_0(&resolve, 50)
            .unwrap();
    });
    JsFuture::from(later).await.unwrap();
}

/// Presses the button that says this.
async fn press(words: &str) {
    let button = || {
        let buttons = window().unwrap().document().unwrap().query_selector_all("button").unwrap();
        (0..buttons.length())
            .filter_map(|at| buttons.item(at)?.dyn_into::<HtmlElement>().ok())
            .find(|it| it.text_content().unwrap_or_default().trim() == words)
    };
    until(words, || button().is_some()).await;
    button().unwrap().click();
    pause().await;
}

async fn fill(id: &str, value: &str) {
    let field: HtmlInputElement = find(&format!("#{id}")).unwrap().dyn_into().unwrap();
    field.set_value(value);
    let options = web_sys::EventInit::new();
    options.set_bubbles(true);
    let typed = web_sys::Event::new_with_event_init_dict("input", &options).unwrap();
    field.dispatch_event(&typed).unwrap();
    pause().await;
}

#[wasm_bindgen_test]
async fn a_wrong_number_is_named_and_a_right_one_is_searched_with() {
    interleave::mount();
    // The page draws what went wrong; here it belongs into the output.
    std::panic::set_hook(Box::new(|info| wasm_bindgen_test::console_log!("{info}")));
    // The address of the test's page holds more than the page's own, so there is no first visit.
    press("Check").await;

    fill("check-crash", "99").await;
    let field = find("#check-crash").unwrap();
    until("the field to be wrong", || field.has_attribute("aria-invalid")).await;
    assert!(text("#check-crash-about").contains("from 0 to 8"));
    press("Find what breaks it").await;
    assert!(find(".progress").is_none(), "nothing starts");

    fill("check-crash", "1").await;
    fill("check-drop", "0").await;
    fill("check-duplicate", "0").await;
    until("the field to be right", || {
        find("#check-crash").is_some_and(|it| !it.has_attribute("aria-invalid"))
    })
    .await;
    press("Find what breaks it").await;
    until("the check to end", || text(".coverage").contains("Complete")).await;
    // The test's page has no script of the program, so no worker can run it.
    assert!(text(".notes").contains("Searched on the page itself"));
    assert!(text(".verdict").contains("steps with 1 fault"), "{}", text(".verdict"));
    assert!(find(".verdict.held").is_some());
    assert!(text("#check-said").starts_with("Complete"));

    fill("check-crash", "0").await;
    assert!(text(".verdict").contains("1 crash"), "what was found stays until the next check");
}
