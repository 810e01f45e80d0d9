//! In WASM a run has the digest that it has natively: the file that both are compared with is one.
#![cfg(target_arch = "wasm32")]

mod digests;
mod guarantees;

use wasm_bindgen_test::wasm_bindgen_test;

#[wasm_bindgen_test]
fn digests_are_those_of_every_other_machine() {
    digests::assert_same(&digests::found(), &digests::pinned());
}
