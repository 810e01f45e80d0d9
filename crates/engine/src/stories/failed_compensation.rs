//! The compensation that fails: what was given has been spent.

use super::{Action, Answer, Change, Claim, Deed, Moment, Question, Stage, Story};
use crate::scenario::document::Countermeasure;

const GRANTED: Moment = Moment::when("committed", "points").of(1);
const SPENT: Moment = Moment::when("committed", "points").of(2);
const NO_MONEY: Moment = Moment::when("refused", "payments").of(1);
const STUCK: Moment = Moment::when("stuck", "").of(1);
const LOCKED: Change = Change::Countermeasure("points", Countermeasure::SemanticLock);

/// The story.
pub(super) const STORY: Story = Story {
    name: "failed-compensation",
    title: "The compensation that fails",
    line: "Points are granted, spent, and then to be taken back.",
    scenario: "failed-compensation",
    compare: &["saga-orchestration", "saga-choreography", "two-phase-commit"],
    stages: &[
        Stage {
            scenario: None,
            changes: &[],
            at: GRANTED,
            follow: 1,
            say: "Ann buys something, and has 50 points for it before her payment is through.",
            watch: "The row at points: it is committed, and everybody can see it.",
            facts: &[
                Claim::Row(GRANTED, "points", "points:ann", "50"),
                Claim::Before(GRANTED, NO_MONEY),
            ],
            ask: Question {
                text: "The purchase is not over. Can she spend the points already?",
                answers: &[
                    Answer {
                        text: "Yes",
                        claim: Claim::Before(SPENT, NO_MONEY),
                        why: "A saga has no isolation: each step is committed, and others may act on it before the saga ends.",
                    },
                    Answer {
                        text: "No, they are locked until the purchase ends",
                        claim: Claim::Never(SPENT),
                        why: "Nothing locks them: the step was committed. Two-phase commit would hold a lock, a saga does not.",
                    },
                ],
            },
            act: Action {
                deed: Deed::Go(SPENT),
                button: "Let her try",
                by_hand: "or press → until points are spent",
                sees: &[Claim::Reached(SPENT)],
            },
            shows: SPENT,
        },
        Stage {
            scenario: None,
            changes: &[],
            at: NO_MONEY,
            follow: 1,
            say: "The points are spent, the gift is on its way, and now payments refuses: Ann’s account has only 10.",
            watch: "The saga turns round: what was done is to be undone.",
            facts: &[
                Claim::Row(NO_MONEY, "points", "points:ann", "0"),
                Claim::Row(NO_MONEY, "payments", "account:ann", "10"),
                Claim::Reached(Moment::when("committed", "gifts").of(2)),
            ],
            ask: Question {
                text: "The saga takes the 50 points back. What comes of it?",
                answers: &[
                    Answer {
                        text: "Ann has −50 points",
                        claim: Claim::Row(Moment::end(), "points", "points:ann", "-50"),
                        why: "The compensation must not take the points below zero, and is refused.",
                    },
                    Answer {
                        text: "Everything is undone, the gift too",
                        claim: Claim::Ends(1, "compensated"),
                        why: "The gift belongs to another saga, which ended well. This one can only take back its own steps.",
                    },
                    Answer {
                        text: "The saga is stuck",
                        claim: Claim::All(&[Claim::Happens(STUCK), Claim::Ends(1, "stuck")]),
                        why: "The compensation is refused: the points are spent. It can neither go on nor back, and waits for a person.",
                    },
                ],
            },
            act: Action {
                deed: Deed::Go(STUCK),
                button: "Let it compensate",
                by_hand: "or press → until it ends",
                sees: &[Claim::Reached(STUCK)],
            },
            shows: STUCK,
        },
        Stage {
            scenario: None,
            changes: &[],
            at: STUCK,
            follow: 1,
            say: "No retry helps here, since the data say no; the points should never have been spendable.",
            watch: "Atomicity and Progress above, and the purchase, which waits for a person.",
            facts: &[Claim::Broken("progress"), Claim::Ends(1, "stuck")],
            ask: Question {
                text: "Put a mark on the points as long as the purchase is pending, which others must heed. What changes?",
                answers: &[
                    Answer {
                        text: "The gift is refused, the purchase is undone",
                        claim: Claim::All(&[
                            Claim::Ends(1, "compensated"),
                            Claim::Ends(2, "refused"),
                        ]),
                        why: "The redemption meets the mark and is refused. The purchase can take its points back.",
                    },
                    Answer {
                        text: "The purchase is paid after all",
                        claim: Claim::Ends(1, "committed"),
                        why: "Her account still has only 10. The mark decides who may spend points, not who has money.",
                    },
                    Answer {
                        text: "Nothing: sagas have no locks",
                        claim: Claim::Ends(1, "stuck"),
                        why: "A semantic lock is no lock of the database. It is a row that says “pending”, and helps where all heed it.",
                    },
                ],
            },
            act: Action {
                deed: Deed::Change(&[LOCKED]),
                button: "Put a semantic lock on the points",
                by_hand: "or write countermeasures into the steps of the document",
                sees: &[Claim::Is(LOCKED), Claim::Holds("progress")],
            },
            shows: Moment::when("refused", "points").of(2),
        },
        Stage {
            scenario: None,
            changes: &[LOCKED],
            at: Moment::end(),
            follow: 2,
            say: "With the mark the saga ends well: the purchase is undone, and the gift was never sent.",
            watch: "Somebody paid for it: the redemption was refused, though there were points.",
            facts: &[
                Claim::Ends(1, "compensated"),
                Claim::Row(Moment::end(), "gifts", "gifts:sent", "0"),
            ],
            ask: Question {
                text: "Under two-phase commit, without any mark: what happens to the redemption?",
                answers: &[
                    Answer {
                        text: "It spends the points all the same",
                        claim: Claim::With(
                            &[Change::Couple("two-phase-commit")],
                            &[Claim::Row(Moment::end(), "gifts", "gifts:sent", "1")],
                        ),
                        why: "Two-phase commit isolates: the points are not there until the purchase commits, and it never does.",
                    },
                    Answer {
                        text: "It finds no points to spend",
                        claim: Claim::With(
                            &[Change::Couple("two-phase-commit")],
                            &[
                                Claim::Row(Moment::end(), "gifts", "gifts:sent", "0"),
                                Claim::Row(Moment::end(), "points", "points:ann", "0"),
                            ],
                        ),
                        why: "The points are locked until the purchase is decided, and when it aborts they were never there.",
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
