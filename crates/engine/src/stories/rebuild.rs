//! Rebuild from the log: what happened is kept, what is true now is worked out.

use super::{Action, Answer, Change, Claim, Deed, Moment, Question, Stage, Story};

const BOOKED: Moment = Moment::when("committed", "accounts").nth(42);
const CRASH: Moment = Moment::when("crashed", "accounts");
const BACK: Moment = Moment::when("restarted", "accounts");
const REBUILT: Moment = Moment::when("fault-began", "catalogue-replica-1");
const MEANWHILE: Moment = Moment::when("query-answered", "clients").of(44);

/// The story.
pub(super) const STORY: Story = Story {
    name: "rebuild",
    title: "Rebuilt from the log",
    line: "The balance is nowhere; it is what fifty bookings add up to.",
    scenario: "slow-replay",
    compare: &["event-sourcing", "cqrs", "saga-choreography"],
    stages: &[
        Stage {
            scenario: None,
            changes: &[Change::Faultless],
            at: BOOKED,
            follow: 42,
            say: "Accounts has booked 42 times; its balance is kept in memory only, and each booking in its stream.",
            watch: "The stream of the account under State, and the row beside it.",
            facts: &[
                Claim::Row(BOOKED, "accounts", "account:ann", "42"),
                Claim::Is(Change::SnapshotEvery(0)),
            ],
            ask: Question {
                text: "Accounts crashes here, for one millisecond. How soon does it answer again?",
                answers: &[
                    Answer {
                        text: "After about a millisecond",
                        claim: Claim::Within(CRASH, BACK, 10_000),
                        why: "The process is there after a millisecond. What it knows is not: it has to fold the stream first.",
                    },
                    Answer {
                        text: "Much later",
                        claim: Claim::None(&[Claim::Within(CRASH, BACK, 10_000)]),
                        why: "It folds every event since the first, one after the other, before it can say what the balance is.",
                    },
                ],
            },
            act: Action {
                deed: Deed::Crash { node: "accounts", after: BOOKED, for_us: 1_000 },
                button: "Crash accounts here",
                by_hand: "or click accounts in the graph and crash it now",
                sees: &[Claim::Happens(CRASH), Claim::Happens(BACK)],
            },
            shows: BACK,
        },
        Stage {
            scenario: None,
            changes: &[],
            at: CRASH,
            follow: 0,
            say: "The memory of accounts is gone, and with it the balance.",
            watch: "The stream: a crash takes nothing that was committed.",
            facts: &[Claim::Happens(CRASH)],
            ask: Question {
                text: "Which balance does it come back with?",
                answers: &[
                    Answer {
                        text: "The one that it had",
                        claim: Claim::Unchanged(CRASH.before(), BACK, "accounts", "account:ann"),
                        why: "Every booking is in the stream. Folding it gives the balance that the crash took, to the cent.",
                    },
                    Answer {
                        text: "0, and bookings begin again",
                        claim: Claim::Row(BACK, "accounts", "account:ann", "0"),
                        why: "The balance was never what was kept. The bookings were, and they add up to the same.",
                    },
                    Answer {
                        text: "The one at the last snapshot",
                        claim: Claim::Row(BACK, "accounts", "account:ann", "40"),
                        why: "There is no snapshot here. And with one it would fold the bookings after it too.",
                    },
                ],
            },
            act: Action {
                deed: Deed::Go(BACK),
                button: "Go on until it is back",
                by_hand: "or press →",
                sees: &[Claim::Reached(BACK)],
            },
            shows: BACK,
        },
        Stage {
            scenario: None,
            changes: &[],
            at: BACK,
            follow: 0,
            say: "The balance is right, and accounts was away all the time that it took to work it out.",
            watch: "How long the crash was, and how long accounts was away.",
            facts: &[Claim::None(&[Claim::Within(CRASH, BACK, 50_000)])],
            ask: Question {
                text: "What brings it back sooner?",
                answers: &[
                    Answer {
                        text: "A snapshot after every ten events",
                        claim: Claim::With(
                            &[Change::SnapshotEvery(10)],
                            &[Claim::Within(CRASH, BACK, 20_000)],
                        ),
                        why: "It folds from the newest snapshot on, and there are fewer than ten events after it.",
                    },
                    Answer {
                        text: "An outbox",
                        claim: Claim::With(
                            &[Change::SnapshotEvery(0), Change::Outbox(true)],
                            &[Claim::Within(CRASH, BACK, 20_000)],
                        ),
                        why: "That is about messages. What takes time is folding the stream.",
                    },
                    Answer {
                        text: "Nothing: a history takes as long as it is",
                        claim: Claim::None(&[Claim::With(
                            &[Change::SnapshotEvery(10)],
                            &[Claim::Within(CRASH, BACK, 20_000)],
                        )]),
                        why: "A snapshot stands for all before it. The stream stays, and only its end is folded.",
                    },
                ],
            },
            act: Action {
                deed: Deed::Change(&[Change::SnapshotEvery(10)]),
                button: "Take a snapshot after every ten events",
                by_hand: "or write snapshot_every into the document",
                sees: &[Claim::Is(Change::SnapshotEvery(10))],
            },
            shows: BACK,
        },
        Stage {
            scenario: Some("rebuild-read-model"),
            changes: &[],
            at: REBUILT,
            follow: 0,
            say: "A read model can be thrown away too: this replica drops all it has and takes the changes in again from the first.",
            watch: "The offset of the replica in the topic of changes: back at the start.",
            facts: &[Claim::Happens(REBUILT)],
            ask: Question {
                text: "It goes on serving. What does it answer meanwhile?",
                answers: &[
                    Answer {
                        text: "What was true a while ago",
                        claim: Claim::All(&[
                            Claim::Answered(MEANWHILE, "item:tea", "1"),
                            Claim::Row(MEANWHILE, "catalogue", "item:tea", "8"),
                        ]),
                        why: "It answers with what it has taken in so far: the shelf as it was long ago.",
                    },
                    Answer {
                        text: "Nothing until it is done",
                        claim: Claim::Never(MEANWHILE),
                        why: "Nobody told it not to answer. To be safe it would have to stop serving until it has caught up.",
                    },
                    Answer {
                        text: "The truth: it asks the primary",
                        claim: Claim::Answered(MEANWHILE, "item:tea", "8"),
                        why: "A replica does not ask the primary. It answers with what it has.",
                    },
                ],
            },
            act: Action {
                deed: Deed::Go(MEANWHILE),
                button: "Go on to its next answer",
                by_hand: "or press → until it has answered",
                sees: &[Claim::Reached(MEANWHILE)],
            },
            shows: MEANWHILE,
        },
        Stage {
            scenario: None,
            changes: &[Change::SnapshotEvery(10)],
            at: Moment::end(),
            follow: 0,
            say: "What happened is the truth, and everything else can be made from it again.",
            watch: "With snapshots accounts was away for a moment only.",
            facts: &[Claim::Within(CRASH, BACK, 20_000)],
            ask: Question {
                text: "The same bookings with plain rows, and the same crash: how long is accounts away?",
                answers: &[
                    Answer {
                        text: "Even shorter: there is nothing to fold",
                        claim: Claim::With(
                            &[Change::Couple("cqrs")],
                            &[Claim::Within(CRASH, BACK, 2_000)],
                        ),
                        why: "The row is what is kept. What is lost with it is the history: nobody can ask what the balance was last year.",
                    },
                    Answer {
                        text: "As long: its log is replayed too",
                        claim: Claim::None(&[Claim::With(
                            &[Change::Couple("cqrs")],
                            &[Claim::Within(CRASH, BACK, 2_000)],
                        )]),
                        why: "A log of rows is read too, but recovery of rows costs no time here; the page on what is modelled says so.",
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
