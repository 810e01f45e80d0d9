//! The form of a version 1 document, as a table. It mirrors [`super::document`]; a test holds it
//! against the schema that is generated from there.

use super::bounds::{
    MAX_AMOUNT, MAX_ATTEMPTS, MAX_BUDGET, MAX_CONSUMERS, MAX_COUNT, MAX_DECIMALS, MAX_DURATION,
    MAX_EVENTS, MAX_EXPLORED, MAX_PARTITIONS, MAX_REPLICAS, MAX_STATES, MAX_TIME, MAX_TIMES,
    MAX_WORKERS,
};
use super::shape::Shape::{
    Either, Flag, List, Map, Named, Number, Object as Of, OneKey, OneKeyOrWord, Tagged, Text,
    Whole, Word,
};
use super::shape::{Field, Object, Shape};

const fn must(name: &'static str, shape: Shape) -> Field {
    Field { name, required: true, shape }
}

const fn may(name: &'static str, shape: Shape) -> Field {
    Field { name, required: false, shape }
}

const fn object(fields: &'static [Field]) -> Object {
    Object { fields, one_of: &[] }
}

const fn count(least: i128, most: u64) -> Shape {
    Whole(least, most as i128)
}

const AMOUNT: Shape = Whole(-(MAX_AMOUNT as i128), MAX_AMOUNT as i128);
const DURATION: Shape = count(0, MAX_DURATION);
const MOMENT: Shape = count(0, MAX_TIME);
const TEXTS: Shape = List(&Text);
const SCALAR: Shape = Either(&[AMOUNT, Text, List(&AMOUNT)]);
const SCALARS: Shape = Either(&[AMOUNT, Text, List(&AMOUNT), Map(&SCALAR)]);
const DRAWN: Shape = Either(&[
    AMOUNT,
    Text,
    List(&AMOUNT),
    OneKey(&[("pick", List(&SCALAR)), ("popular", List(&SCALAR)), ("cycle", List(&SCALAR))]),
]);

const DISTRIBUTION: Shape = OneKey(&[
    ("constant", Number),
    ("uniform", Of(&object(&[must("min", Number), must("max", Number)]))),
    ("exponential", Of(&object(&[must("mean", Number)]))),
    ("log-normal", Of(&object(&[must("median", Number), must("sigma", Number)]))),
    ("pareto", Of(&object(&[must("scale", Number), must("shape", Number)]))),
]);

/// The whole document.
pub(super) const SCENARIO: Shape = Of(&object(&[
    must("interleave", Whole(1, 1)),
    must("title", Text),
    may("about", Text),
    must(
        "coupling",
        Either(&[Text, Of(&object(&[must("write", Text), may("read", Text), may("store", Text)]))]),
    ),
    must("services", Named(&SERVICE)),
    must("transactions", Named(&FLOW)),
    may("queries", Named(&QUERY)),
    must("workload", Of(&WORKLOAD)),
    may("explore", Of(&EXPLORE)),
    may("network", Of(&NETWORK)),
    may("broker", Of(&BROKER)),
    may("retries", Of(&RETRIES)),
    may("options", Of(&OPTIONS)),
    may("faults", List(&Of(&FAULT))),
    may("invariants", Named(&INVARIANT)),
    may("limits", Of(&LIMITS)),
    may("seed", count(0, u64::MAX)),
]));

const SERVICE: Object = object(&[
    must("name", Text),
    may("workers", count(1, MAX_WORKERS)),
    may("consumers", count(1, MAX_CONSUMERS)),
    may("service_time_us", DISTRIBUTION),
    may("read_time_us", DISTRIBUTION),
    may("rows", Map(&SCALARS)),
    may("decimals", count(0, MAX_DECIMALS)),
]);

const FLOW: Object =
    object(&[must("name", Text), may("inputs", TEXTS), must("steps", List(&Of(&STEP)))]);

const COUNTERMEASURES: &[&str] = &[
    "semantic-lock",
    "semantic-lock-wait",
    "commutative-update",
    "reread-value",
    "version-file",
    "pessimistic-view",
];

const STEP: Object = object(&[
    must("name", Text),
    must("service", Text),
    may("kind", Word(&["compensatable", "pivot", "retriable"])),
    may("do", List(&OPERATION)),
    may("undo", List(&OPERATION)),
    may("undo_name", Text),
    may("emits", Text),
    may("fails", Text),
    may("undone", Text),
    may("if", Of(&object(&[must("input", Text), must("is", SCALAR)]))),
    may("countermeasures", List(&Word(COUNTERMEASURES))),
    may("say", Text),
]);

const OPERATION: Shape = Tagged(
    "op",
    &[
        ("insert", object(&[must("key", Text), must("fields", Map(&SCALAR))])),
        (
            "set",
            object(&[
                must("key", Text),
                may("field", Text),
                must("to", SCALAR),
                may("missing", Text),
            ]),
        ),
        (
            "add",
            object(&[
                must("key", Text),
                may("field", Text),
                must("by", SCALAR),
                may("min", AMOUNT),
                may("max", AMOUNT),
                may("else", Text),
                may("missing", Text),
            ]),
        ),
        ("append", object(&[must("key", Text), may("field", Text), must("item", SCALAR)])),
        ("read", object(&[must("key", Text)])),
        ("delete", object(&[must("key", Text)])),
    ],
);

const QUERY: Object = object(&[
    must("name", Text),
    may("inputs", TEXTS),
    must("reads", List(&Of(&object(&[must("service", Text), must("key", Text)])))),
]);

const WORKLOAD: Object = object(&[
    must(
        "arrivals",
        OneKey(&[
            ("at-us", List(&MOMENT)),
            ("every-us", DURATION),
            ("per-second", Number),
            (
                "clients",
                Of(&object(&[
                    must("clients", count(1, MAX_COUNT)),
                    must("think_us", DISTRIBUTION),
                ])),
            ),
        ]),
    ),
    may("count", count(1, MAX_COUNT)),
    must(
        "mix",
        List(&Of(&object(&[
            may("transaction", Text),
            may("query", Text),
            may("weight", count(0, MAX_COUNT)),
            may("inputs", Map(&DRAWN)),
        ]))),
    ),
]);

const EXPLORE: Object = object(&[
    may("transactions", count(1, MAX_EXPLORED)),
    may(
        "faults",
        Of(&object(&[
            may("crash", count(0, MAX_BUDGET)),
            may("drop", count(0, MAX_BUDGET)),
            may("duplicate", count(0, MAX_BUDGET)),
            may("early_timer", count(0, MAX_BUDGET)),
            may("give_up", count(0, MAX_BUDGET)),
            may("pause", count(0, MAX_BUDGET)),
        ])),
    ),
    may("max_states", count(1, MAX_STATES)),
]);

const NETWORK: Object = object(&[
    may("delay_us", DISTRIBUTION),
    may("loss", Number),
    may("duplicate", Number),
    may("fifo", Flag),
    may(
        "links",
        List(&Of(&object(&[
            must("from", Text),
            must("to", Text),
            may("delay_us", DISTRIBUTION),
            may("loss", Number),
            may("duplicate", Number),
        ]))),
    ),
]);

const BROKER: Object = object(&[
    may("partitions", count(1, MAX_PARTITIONS)),
    may("max_deliveries", count(1, u8::MAX as u64)),
    may("relay_us", DISTRIBUTION),
]);

const RETRIES: Object = object(&[
    may("timeout_us", count(1, MAX_DURATION)),
    may("attempts", count(1, MAX_ATTEMPTS)),
    may("backoff", Number),
]);

const OPTIONS: Object = object(&[
    may("outbox", Flag),
    may("inbox", Flag),
    may("compensate", Word(&["completed", "failed-too"])),
    may("compensation_order", Word(&["sequential", "parallel"])),
    may("orchestrator", Word(&["separate", "first-service"])),
    may("coordinator", Word(&["separate", "first-service"])),
    may("presume", Word(&["nothing", "abort", "commit"])),
    may("read_only_votes", Flag),
    may(
        "isolation",
        Word(&["read-uncommitted", "read-committed", "repeatable-read", "serializable"]),
    ),
    may("concurrency", Word(&["versions", "locking", "mixed"])),
    may("victim", Word(&["requester", "youngest", "oldest", "fewest-locks"])),
    may("updates", Word(&["in-place", "read-then-write"])),
    may("lock_timeout_us", count(1, MAX_DURATION)),
    may("connections", count(1, u16::MAX as u64)),
    may("replicas", count(1, MAX_REPLICAS)),
    may("read_from", Word(&["round-robin", "random", "nearest", "primary"])),
    may("sessions", Word(&["none", "sticky", "read-your-writes"])),
    may("projection_guard", Flag),
    may("apply_time_us", DISTRIBUTION),
    may("staleness_max", count(0, MAX_COUNT)),
    may("entry", Word(&["first-service", "composer"])),
    may("composition", Word(&["parallel", "sequential"])),
    may("compose_timeout_us", count(1, MAX_DURATION)),
    may("partial", Word(&["answer", "fail"])),
    may("snapshot", Word(&["none", "one"])),
    may("snapshot_every", count(0, MAX_COUNT)),
    may("fold_us", count(0, MAX_DURATION)),
    may("expected", Word(&["any", "exact"])),
    may("reservation_us", DURATION),
    may("assignor", Word(&["range", "round-robin", "sticky", "cooperative-sticky"])),
    may("session_timeout_us", count(1, MAX_DURATION)),
    may("fencing", Flag),
]);

const FAULT: Object = object(&[
    must(
        "fault",
        OneKeyOrWord(
            &[
                ("crash", Text),
                ("slow", Of(&object(&[must("node", Text), must("times", Number)]))),
                ("pause", Text),
                ("partition", TEXTS),
                (
                    "link",
                    Of(&object(&[
                        must("from", Text),
                        must("to", Text),
                        may("loss", Number),
                        may("duplicate", Number),
                        may("delay_us", DURATION),
                    ])),
                ),
                ("refuse-writes", Text),
                ("poison", Text),
                ("rebuild", Text),
                (
                    "rename-column",
                    Of(&object(&[
                        must("service", Text),
                        must("table", Text),
                        must("column", Text),
                        must("to", Text),
                    ])),
                ),
            ],
            &["broker-outage"],
        ),
    ),
    may("at_us", MOMENT),
    may(
        "on",
        Of(&object(&[must("event", Text), must("node", Text), may("nth", count(1, MAX_COUNT))])),
    ),
    may("for_us", count(1, MAX_DURATION)),
]);

const INVARIANT: Object = Object {
    fields: &[must("name", Text), may("when", Word(&["at-rest", "always"]))],
    one_of: &[
        (
            "sum",
            Of(&object(&[
                must(
                    "terms",
                    List(&Of(&object(&[
                        must("service", Text),
                        must("key", Text),
                        may("field", Text),
                        may("times", Whole(-(MAX_TIMES as i128), MAX_TIMES as i128)),
                    ]))),
                ),
                may("equals", AMOUNT),
            ])),
        ),
        (
            "bound",
            Of(&object(&[
                must("service", Text),
                must("key", Text),
                may("field", Text),
                may("min", AMOUNT),
                may("max", AMOUNT),
            ])),
        ),
    ],
};

const LIMITS: Object =
    object(&[may("events", count(1, MAX_EVENTS)), may("time_us", count(1, MAX_TIME))]);

/// The table, for the tests that hold it against the generated schema and the reference page.
#[cfg(test)]
pub(super) mod tests;
