//! The deadlock: each has what the other wants.

use super::{Action, Answer, Change, Claim, Deed, Figure, Moment, Question, Stage, Story};
use crate::scenario::document::IsolationLevel;

const BOTH_LOCKED: Moment = Moment::when("wrote", "accounts").of(2);
const CIRCLE: Moment = Moment::when("deadlocked", "accounts");
const VICTIM: Moment = Moment::when("rolled-back", "accounts").of(2);

/// The story.
pub(super) const STORY: Story = Story {
    name: "deadlock",
    title: "The deadlock",
    line: "Ann pays Ben while Ben pays Ann, in one database for all.",
    scenario: "opposite-transfers",
    compare: &["shared-database", "two-phase-commit", "saga-orchestration"],
    stages: &[
        Stage {
            scenario: None,
            changes: &[],
            at: BOTH_LOCKED,
            follow: 1,
            say: "Ann pays Ben 30 while Ben pays Ann 30, and each transfer has locked the account that it takes from.",
            watch: "Two rows, two locks, and each transfer wants the other’s next.",
            facts: &[
                Claim::Reached(Moment::when("wrote", "accounts").of(1)),
                Claim::Before(BOTH_LOCKED, Moment::when("lock-waited", "accounts").of(1)),
                Claim::Row(BOTH_LOCKED, "accounts", "account:ann", "100.00"),
            ],
            ask: Question {
                text: "Each now asks for the other account. What happens?",
                answers: &[
                    Answer {
                        text: "Both wait for ever",
                        claim: Claim::Never(CIRCLE),
                        why: "They would. The database draws who waits for whom, and finds the circle.",
                    },
                    Answer {
                        text: "One of them is rolled back",
                        claim: Claim::Before(CIRCLE, VICTIM),
                        why: "Who waits for whom is a graph; a circle in it is a deadlock, and one of those in it has to give way.",
                    },
                    Answer {
                        text: "Both are rolled back",
                        claim: Claim::All(&[
                            Claim::Happens(VICTIM),
                            Claim::Happens(Moment::when("rolled-back", "accounts").of(1)),
                        ]),
                        why: "One victim is enough to break a circle of two.",
                    },
                ],
            },
            act: Action {
                deed: Deed::Go(CIRCLE),
                button: "Go on until they meet",
                by_hand: "or press → until the circle is found",
                sees: &[Claim::Reached(CIRCLE)],
            },
            shows: CIRCLE,
        },
        Stage {
            scenario: None,
            changes: &[],
            at: VICTIM,
            follow: 2,
            say: "Ben’s transfer is the victim: it is rolled back, and Ann’s goes through.",
            watch: "Ben’s account: what his transfer wrote is gone, as if it had never begun.",
            facts: &[
                Claim::Row(VICTIM, "accounts", "account:ben", "100.00"),
                Claim::Before(VICTIM, Moment::when("committed", "accounts").of(1)),
            ],
            ask: Question {
                text: "What does Ben hear of it?",
                answers: &[
                    Answer {
                        text: "That his transfer was refused",
                        claim: Claim::Ends(2, "refused"),
                        why: "A deadlock says nothing about the data: the same transfer, tried again, goes through.",
                    },
                    Answer {
                        text: "Only that it took longer",
                        claim: Claim::All(&[
                            Claim::Ends(2, "committed"),
                            Claim::Before(
                                Moment::when("ended", "clients").of(1),
                                Moment::when("ended", "clients").of(2),
                            ),
                        ]),
                        why: "It is tried again after a while, finds the locks free and commits. Ben pays with time.",
                    },
                    Answer {
                        text: "Nothing, ever",
                        claim: Claim::Broken("progress"),
                        why: "Whoever was rolled back for a deadlock is tried again.",
                    },
                ],
            },
            act: Action {
                deed: Deed::Go(Moment::when("ended", "clients").of(2)),
                button: "Go on until Ben is answered",
                by_hand: "or press End",
                sees: &[Claim::Reached(Moment::when("ended", "clients").of(2))],
            },
            shows: Moment::when("ended", "clients").of(2),
        },
        Stage {
            scenario: None,
            changes: &[],
            at: CIRCLE,
            follow: 1,
            say: "Both transfers only wanted to be isolated from each other.",
            watch: "The isolation level is read committed, which is not even strict.",
            facts: &[Claim::Is(Change::Isolation(IsolationLevel::ReadCommitted))],
            ask: Question {
                text: "Would a weaker isolation level, read uncommitted, avoid the deadlock?",
                answers: &[
                    Answer {
                        text: "Yes: nobody locks what it reads",
                        claim: Claim::Never(CIRCLE),
                        why: "Levels differ in what reads may see. Writes lock their rows to the end at every one of them.",
                    },
                    Answer {
                        text: "No: they meet all the same",
                        claim: Claim::Happens(CIRCLE),
                        why: "Writes lock their rows at every level, and both of these write. Taking locks in one order for all avoids it; weaker reads do not.",
                    },
                ],
            },
            act: Action {
                deed: Deed::Change(&[Change::Isolation(IsolationLevel::ReadUncommitted)]),
                button: "Weaken the isolation",
                by_hand: "or write the isolation level into the document",
                sees: &[Claim::Is(Change::Isolation(IsolationLevel::ReadUncommitted))],
            },
            shows: CIRCLE,
        },
        Stage {
            scenario: None,
            changes: &[],
            at: Moment::end(),
            follow: 2,
            say: "Both transfers are made, one of them late, and nobody saw anything half done.",
            watch: "What each client waited.",
            facts: &[
                Claim::Ends(1, "committed"),
                Claim::Ends(2, "committed"),
                Claim::Holds("isolation"),
            ],
            ask: Question {
                text: "A saga commits each step at once and holds no lock between them. What does it do with these two?",
                answers: &[
                    Answer {
                        text: "It runs into the same deadlock",
                        claim: Claim::With(
                            &[Change::Couple("saga-orchestration")],
                            &[Claim::Happens(CIRCLE)],
                        ),
                        why: "It never holds one row while it waits for another, so no circle can close.",
                    },
                    Answer {
                        text: "No deadlock, and both are answered sooner than the victim here",
                        claim: Claim::All(&[Claim::With(
                            &[Change::Couple("saga-orchestration")],
                            &[
                                Claim::Never(CIRCLE),
                                Claim::Less(
                                    Figure::LongestAnswer,
                                    &[Change::Couple("shared-database")],
                                ),
                            ],
                        )]),
                        why: "No locks between steps, no circle, and nobody to try again. In exchange others can see Ann’s money gone before it has reached Ben.",
                    },
                    Answer {
                        text: "No deadlock, and both are answered later than the victim here",
                        claim: Claim::With(
                            &[Change::Couple("shared-database")],
                            &[Claim::Less(
                                Figure::LongestAnswer,
                                &[Change::Couple("saga-orchestration")],
                            )],
                        ),
                        why: "The victim waited for its second try. Each step of the saga commits on its own and waits for nobody.",
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
