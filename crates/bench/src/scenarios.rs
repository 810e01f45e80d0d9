//! Explored states per second of the shipped scenarios, and where the time goes.

use std::sync::OnceLock;
use std::time::Instant;

use interleave_engine::drivers::costs::{Costs, costs};
use interleave_engine::scenario::shipped;

use crate::table::Table;

/// States of a scenario after which it is left: the rate has settled long before.
const MOST_STATES: u32 = 100_000;
/// Spaces smaller than this are over before a clock could tell.
const LEAST_STATES: u64 = 200;

/// Explores every shipped scenario within its own bounds.
///
/// # Errors
/// When a shipped scenario does not compile.
pub(crate) fn run() -> Result<Table, String> {
    let title = format!(
        "Shipped scenarios within their own bounds, all properties, up to {MOST_STATES} states; those of fewer than \
         {LEAST_STATES} states are left out. Shares are of the time of one step, timed over a sample of states."
    );
    let head = ["scenario", "states", "ms", "states/s", "clone", "apply", "properties", "hash"];
    let mut table = Table::new(title, head);
    for shipped in shipped::shipped() {
        let costs = costs(&shipped.scenario(), MOST_STATES, now_us)
            .map_err(|problems| format!("{}: {problems:?}", shipped.name))?;
        let Costs { states, whole_us, clone_us, apply_us, properties_us, hash_us, .. } = costs;
        if states < LEAST_STATES {
            continue;
        }
        let sum = clone_us + apply_us + properties_us + hash_us;
        let share = |part: f64| format!("{:.0} %", part / sum * 100.0);
        let more = if costs.complete { "" } else { "+" };
        table.row([
            shipped.name.to_owned(),
            format!("{states}{more}"),
            format!("{:.1}", whole_us / 1e3),
            format!("{:.0}", states as f64 / whole_us * 1e6),
            share(clone_us),
            share(apply_us),
            share(properties_us),
            share(hash_us),
        ]);
    }
    Ok(table)
}

/// Microseconds since the first call; the clock is monotonic, and only differences count.
pub(crate) fn now_us() -> f64 {
    static START: OnceLock<Instant> = OnceLock::new();
    START.get_or_init(Instant::now).elapsed().as_secs_f64() * 1e6
}
