//! The redelivered payment: a broker delivers at least once.

use super::{Action, Answer, Change, Claim, Deed, Figure, Moment, Question, Stage, Story};

const CHARGED: Moment = Moment::when("committed", "payments").of(1);
const CRASH: Moment = Moment::when("crashed", "payments");
const SECOND: Moment = Moment::when("consumed", "payments").of(1).nth(2);
const OFFSET: Moment = Moment::when("offset-committed", "payments").of(1);
const ALICE: &str = "account:alice";

/// The story.
pub(super) const STORY: Story = Story {
    name: "redelivered-payment",
    title: "The payment that comes again",
    line: "A broker delivers at least once, and a charge must happen once.",
    scenario: "redelivered-payment",
    compare: &["saga-choreography", "saga-orchestration", "two-phase-commit"],
    stages: &[
        Stage {
            scenario: None,
            changes: &[Change::Faultless],
            at: CHARGED,
            follow: 1,
            say: "Payments has charged Alice 30, and is about to tell the broker that it is done with the record.",
            watch: "The offset of payments at the broker: it still stands before the record.",
            facts: &[
                Claim::Row(CHARGED, "payments", ALICE, "70"),
                Claim::Before(CHARGED, OFFSET),
                Claim::Never(SECOND),
            ],
            ask: Question {
                text: "Payments crashes right here. What does Alice pay in the end?",
                answers: &[
                    Answer {
                        text: "30",
                        claim: Claim::Row(Moment::end(), "payments", ALICE, "70"),
                        why: "The charge is committed, but the broker was not told. It delivers the record again, and nothing here knows it.",
                    },
                    Answer {
                        text: "60",
                        claim: Claim::Row(Moment::end(), "payments", ALICE, "40"),
                        why: "The broker was never told that the record was handled, so it delivers it again, and payments charges again.",
                    },
                    Answer {
                        text: "Nothing: the charge is lost",
                        claim: Claim::Row(Moment::end(), "payments", ALICE, "100"),
                        why: "What was committed survives the crash.",
                    },
                ],
            },
            act: Action {
                deed: Deed::Crash { node: "payments", after: CHARGED, for_us: 30_000 },
                button: "Crash payments here",
                by_hand: "or click payments in the graph and crash it now",
                sees: &[Claim::Before(CRASH, OFFSET), Claim::Broken("exactly-once")],
            },
            shows: Moment::when("committed", "payments").of(1).nth(2),
        },
        Stage {
            scenario: None,
            changes: &[],
            at: SECOND,
            follow: 1,
            say: "The record is there again, and payments has no memory of the first time.",
            watch: "The broker does what it promised: at least once, not exactly once.",
            facts: &[Claim::Row(SECOND, "payments", ALICE, "70"), Claim::Is(Change::Inbox(false))],
            ask: Question {
                text: "Payments notes each record that it handles, in the same commit as the charge. What does Alice pay then?",
                answers: &[
                    Answer {
                        text: "Still 60: the record comes again all the same",
                        claim: Claim::Row(Moment::end(), "payments", ALICE, "40"),
                        why: "It comes again, is found in the inbox, and changes nothing.",
                    },
                    Answer {
                        text: "30: the record comes again and is known",
                        claim: Claim::All(&[
                            Claim::Row(Moment::end(), "payments", ALICE, "70"),
                            Claim::Happens(Moment::when("inbox-hit", "payments").of(1)),
                        ]),
                        why: "The broker still delivers it twice. The inbox, which was written with the charge, knows it the second time.",
                    },
                    Answer {
                        text: "30: the record comes only once",
                        claim: Claim::All(&[
                            Claim::Row(Moment::end(), "payments", ALICE, "70"),
                            Claim::Never(SECOND),
                        ]),
                        why: "The broker knows nothing of the inbox: it delivers the record again.",
                    },
                ],
            },
            act: Action {
                deed: Deed::Change(&[Change::Inbox(true)]),
                button: "Switch the inbox on",
                by_hand: "or do so under Options, at the left",
                sees: &[Claim::Is(Change::Inbox(true)), Claim::Holds("exactly-once")],
            },
            shows: Moment::when("inbox-hit", "payments").of(1),
        },
        Stage {
            scenario: None,
            changes: &[Change::Inbox(true)],
            at: Moment::end(),
            follow: 1,
            say: "Delivered twice, done once.",
            watch: "Exactly once is a property of the effect, not of the delivery.",
            facts: &[
                Claim::Happens(SECOND),
                Claim::Holds("exactly-once"),
                Claim::Row(Moment::end(), "payments", ALICE, "70"),
            ],
            ask: Question {
                text: "Nothing crashes any more. Does the inbox cost a forced log write for each message?",
                answers: &[
                    Answer {
                        text: "Yes",
                        claim: Claim::With(
                            &[Change::Inbox(false), Change::Faultless],
                            &[Claim::Less(Figure::ForcedWrites, &[Change::Inbox(true)])],
                        ),
                        why: "What is noted commits with the charge: one record more in the log, and no forced write of its own.",
                    },
                    Answer {
                        text: "No",
                        claim: Claim::None(&[Claim::With(
                            &[Change::Inbox(false), Change::Faultless],
                            &[Claim::Less(Figure::ForcedWrites, &[Change::Inbox(true)])],
                        )]),
                        why: "It commits with the charge, in one local transaction. What it costs is a row for each message, kept for as long as one may come again.",
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
