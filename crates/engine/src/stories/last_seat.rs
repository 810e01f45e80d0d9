//! The last seat: both have read that one is left.

use super::{Action, Answer, Change, Claim, Deed, Moment, Question, Stage, Story};
use crate::scenario::document::IsolationLevel;

const BOTH_READ: Moment = Moment::when("wrote", "seats").of(1).before();
const FIRST: Moment = Moment::when("committed", "seats").of(1);
const SECOND: Moment = Moment::when("committed", "seats").of(2);
const STRICT: Change = Change::Isolation(IsolationLevel::RepeatableRead);

/// The story.
pub(super) const STORY: Story = Story {
    name: "last-seat",
    title: "The last seat",
    line: "Ann and Ben both read that one seat is left.",
    scenario: "last-seat",
    compare: &["shared-database", "two-phase-commit", "saga-orchestration"],
    stages: &[
        Stage {
            scenario: None,
            changes: &[],
            at: BOTH_READ,
            follow: 2,
            say: "One seat is left, and Ann and Ben have both read that.",
            watch: "Neither has written yet; each will write what it made of the number that it read.",
            facts: &[Claim::Before(BOTH_READ, FIRST), Claim::Before(BOTH_READ, SECOND)],
            ask: Question {
                text: "Each transaction is atomic, and rows are locked while they are written. Who gets a ticket?",
                answers: &[
                    Answer {
                        text: "Only the first",
                        claim: Claim::All(&[
                            Claim::Ends(1, "committed"),
                            Claim::Ends(2, "refused"),
                        ]),
                        why: "The second waits for the lock, and then writes what it made of its own, older read.",
                    },
                    Answer {
                        text: "Both",
                        claim: Claim::All(&[
                            Claim::Ends(1, "committed"),
                            Claim::Ends(2, "committed"),
                        ]),
                        why: "A lock on the write does not make the read new again. The second overwrites the first: a lost update.",
                    },
                    Answer {
                        text: "Neither: they deadlock",
                        claim: Claim::Happens(Moment::when("deadlocked", "")),
                        why: "Both want the same row, and one waits for the other. There is no circle.",
                    },
                ],
            },
            act: Action {
                deed: Deed::Go(SECOND),
                button: "Let both finish",
                by_hand: "or press → until both have committed",
                sees: &[Claim::Reached(SECOND)],
            },
            shows: SECOND,
        },
        Stage {
            scenario: None,
            changes: &[],
            at: Moment::end(),
            follow: 2,
            say: "Two tickets for one seat, and no error anywhere.",
            watch: "Isolation above: two wrote upon the same read.",
            facts: &[
                Claim::Broken("isolation"),
                Claim::Ends(1, "committed"),
                Claim::Ends(2, "committed"),
            ],
            ask: Question {
                text: "At repeatable read, the database refuses to write over what has changed since it was read. What happens to Ben?",
                answers: &[
                    Answer {
                        text: "He gets a ticket too",
                        claim: Claim::Ends(2, "committed"),
                        why: "His transaction is rolled back, since the row has changed under it, and run again. Now no seat is left.",
                    },
                    Answer {
                        text: "He is told that no seat is left",
                        claim: Claim::All(&[
                            Claim::Ends(1, "committed"),
                            Claim::Ends(2, "refused"),
                        ]),
                        why: "His transaction is rolled back, run again, reads that none is left, and is refused: an honest answer.",
                    },
                    Answer {
                        text: "He waits for ever",
                        claim: Claim::Broken("progress"),
                        why: "Whoever could not be isolated is run again, and ends.",
                    },
                ],
            },
            act: Action {
                deed: Deed::Change(&[STRICT]),
                button: "Isolate by repeatable read",
                by_hand: "or write the isolation level into the document",
                sees: &[Claim::Is(STRICT), Claim::Holds("isolation")],
            },
            shows: Moment::end(),
        },
        Stage {
            scenario: None,
            changes: &[STRICT],
            at: Moment::end(),
            follow: 2,
            say: "One ticket for one seat, and Ben knows.",
            watch: "His transaction was rolled back once and tried again.",
            facts: &[
                Claim::Happens(Moment::when("rolled-back", "seats").of(2)),
                Claim::Holds("isolation"),
                Claim::Ends(2, "refused"),
            ],
            ask: Question {
                text: "A saga over the same two services has no isolation level to choose. Is the seat sold twice there?",
                answers: &[
                    Answer {
                        text: "Yes",
                        claim: Claim::With(
                            &[Change::Couple("saga-orchestration")],
                            &[Claim::Ends(1, "committed"), Claim::Ends(2, "committed")],
                        ),
                        why: "Reading and taking are one step here, in one local transaction of one service.",
                    },
                    Answer {
                        text: "No",
                        claim: Claim::None(&[Claim::With(
                            &[Change::Couple("saga-orchestration")],
                            &[Claim::Ends(1, "committed"), Claim::Ends(2, "committed")],
                        )]),
                        why: "Here taking the seat is one local transaction of one service, and that is isolated. What a saga leaves open is what lies between its steps.",
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
