//! The lost event: a commit and a publication are two writes.

use super::{Action, Answer, Change, Claim, Deed, Figure, Moment, Question, Stage, Story};

const ORDER_COMMITS: Moment = Moment::when("committed", "orders").of(1);
const CRASH: Moment = Moment::when("crashed", "orders");
const ASKED_AGAIN: Moment = Moment::when("handled", "orders").of(1).nth(2);
const KNOWN: Moment = Moment::when("inbox-hit", "orders").of(1);
const CHARGED: Moment = Moment::when("committed", "payments").of(1);

/// The story.
pub(super) const STORY: Story = Story {
    name: "lost-event",
    title: "The lost event",
    line: "A row and a message are two writes, and a crash fits between them.",
    scenario: "lost-event",
    compare: &["saga-choreography", "saga-orchestration", "two-phase-commit"],
    stages: &[
        Stage {
            scenario: None,
            changes: &[Change::Faultless],
            at: ORDER_COMMITS,
            follow: 1,
            say: "Orders has written Ann’s order for 20, and is about to tell payments.",
            watch: "The order is in the database of orders; the broker has nothing yet.",
            facts: &[
                Claim::Row(ORDER_COMMITS, "orders", "order:1", "20"),
                Claim::Before(ORDER_COMMITS, Moment::when("published", "orders").of(1)),
            ],
            ask: Question {
                text: "Orders crashes right here. What becomes of Ann’s order?",
                answers: &[
                    Answer {
                        text: "It is gone",
                        claim: Claim::Row(Moment::end(), "orders", "order:1", ""),
                        why: "What was committed survives a crash: orders reads it back from its log.",
                    },
                    Answer {
                        text: "It stays, and nobody hears of it",
                        claim: Claim::All(&[
                            Claim::Row(Moment::end(), "orders", "order:1", "20"),
                            Claim::Never(CHARGED),
                        ]),
                        why: "The row was committed, the message was only meant to be sent. No log has it, so no restart sends it.",
                    },
                    Answer {
                        text: "It is charged after the restart",
                        claim: Claim::Happens(CHARGED),
                        why: "Only what is in the log comes back, and the message was in no log: payments never hears of the order.",
                    },
                ],
            },
            act: Action {
                deed: Deed::Crash { node: "orders", after: ORDER_COMMITS, for_us: 30_000 },
                button: "Crash orders here",
                by_hand: "or click orders in the graph and crash it now",
                sees: &[
                    Claim::Before(CRASH, Moment::when("published", "orders").of(1)),
                    Claim::Ends(1, "half done"),
                ],
            },
            shows: CRASH,
        },
        Stage {
            scenario: None,
            changes: &[],
            at: ASKED_AGAIN.before(),
            follow: 1,
            say: "Orders is back with its row, and Ann’s client, who heard nothing, asks once more.",
            watch: "The request is the same as before, and orders keeps an inbox.",
            facts: &[
                Claim::Reached(Moment::when("restarted", "orders")),
                Claim::Row(ASKED_AGAIN, "orders", "order:1", "20"),
                Claim::Is(Change::Inbox(true)),
            ],
            ask: Question {
                text: "What does orders do with the second request?",
                answers: &[
                    Answer {
                        text: "It writes a second order",
                        claim: Claim::Happens(ORDER_COMMITS.nth(2)),
                        why: "The inbox was written with the order, in the same commit, so the request is known.",
                    },
                    Answer {
                        text: "It publishes the event now",
                        claim: Claim::Happens(Moment::when("published", "orders").of(1)),
                        why: "It knows the request and takes the work for done. The inbox keeps an effect from happening twice; it does not make up for one that is missing.",
                    },
                    Answer {
                        text: "It knows the request, and does nothing",
                        claim: Claim::All(&[
                            Claim::Happens(KNOWN),
                            Claim::Never(Moment::when("published", "orders").of(1)),
                        ]),
                        why: "The request is in the inbox, so the step counts as done, and Ann is told that her order is accepted.",
                    },
                ],
            },
            act: Action {
                deed: Deed::Go(KNOWN),
                button: "Go on to what orders does",
                by_hand: "or press → a few times",
                sees: &[Claim::Reached(KNOWN)],
            },
            shows: KNOWN,
        },
        Stage {
            scenario: None,
            changes: &[],
            at: Moment::end(),
            follow: 1,
            say: "Ann was told that her order is accepted, and nothing is left that could charge or ship it.",
            watch: "The properties above: Atomicity, Durability and Progress are broken for good.",
            facts: &[
                Claim::Happens(Moment::when("acknowledged", "clients").of(1)),
                Claim::Ends(1, "half done"),
                Claim::Broken("atomicity"),
                Claim::Broken("durability"),
                Claim::Broken("progress"),
            ],
            ask: Question {
                text: "The same crash once more. Which of these would have saved the order?",
                answers: &[
                    Answer {
                        text: "Asking again sooner",
                        claim: Claim::With(
                            &[Change::Outbox(false), Change::AskAgainAfter(35_000)],
                            &[Claim::Holds("atomicity")],
                        ),
                        why: "However soon the client asks, the inbox knows the request and the message stays unsent.",
                    },
                    Answer {
                        text: "Storing the message with the order",
                        claim: Claim::With(&[Change::Outbox(true)], &[Claim::Holds("atomicity")]),
                        why: "With an outbox the row and the message are one write. After the restart a relay finds the message and sends it.",
                    },
                    Answer {
                        text: "No inbox, so that the request is handled again",
                        claim: Claim::With(
                            &[Change::Outbox(false), Change::Inbox(false)],
                            &[Claim::Holds("atomicity")],
                        ),
                        why: "Without the inbox orders runs into its own row: the order exists, so the step is refused, and nothing more is sent.",
                    },
                ],
            },
            act: Action {
                deed: Deed::Change(&[Change::Outbox(true)]),
                button: "Switch the outbox on",
                by_hand: "or do so under Options, at the left",
                sees: &[Claim::Is(Change::Outbox(true)), Claim::Holds("atomicity")],
            },
            shows: Moment::when("published", "orders").of(1),
        },
        Stage {
            scenario: None,
            changes: &[Change::Outbox(true)],
            at: Moment::when("published", "orders").of(1),
            follow: 1,
            say: "With the outbox the event is late instead of lost.",
            watch: "The crash falls on the same commit, and the message was in it.",
            facts: &[
                Claim::Before(CRASH, Moment::when("published", "orders").of(1)),
                Claim::Ends(1, "committed"),
                Claim::Holds("atomicity"),
            ],
            ask: Question {
                text: "Nothing crashes any more. What does the outbox cost then?",
                answers: &[
                    Answer {
                        text: "A forced log write more for each step",
                        claim: Claim::With(
                            &[Change::Outbox(false), Change::Faultless],
                            &[Claim::Less(Figure::ForcedWrites, &[Change::Outbox(true)])],
                        ),
                        why: "The message commits with the row: it is a record more in the log, and no forced write of its own.",
                    },
                    Answer {
                        text: "Time: a relay has to look first",
                        claim: Claim::With(
                            &[Change::Outbox(false), Change::Faultless],
                            &[Claim::Less(Figure::End, &[Change::Outbox(true)])],
                        ),
                        why: "Each hop waits until the relay looks into the outbox; the number of forced writes is the same.",
                    },
                    Answer {
                        text: "Nothing at all",
                        claim: Claim::None(&[Claim::With(
                            &[Change::Outbox(false), Change::Faultless],
                            &[Claim::Less(Figure::End, &[Change::Outbox(true)])],
                        )]),
                        why: "The relay looks only now and then, and each hop waits for it.",
                    },
                ],
            },
            act: Action {
                deed: Deed::Compare,
                button: "Compare what each coupling costs",
                by_hand: "or choose Compare at the top and start it",
                sees: &[],
            },
            shows: Moment::end(),
        },
    ],
};
