//! The stale read: one question, three ways to keep the copy.

use super::{Action, Answer, Change, Claim, Deed, Figure, Moment, Question, Stage, Story};

const TOLD: Moment = Moment::when("acknowledged", "clients").of(1);
const ASKS: Moment = Moment::when("query-started", "clients");
const ANSWER: Moment = Moment::when("query-answered", "clients");
const BALANCE: &str = "account:alice";

const fn answered(value: &'static str) -> Claim {
    Claim::Answered(ANSWER, BALANCE, value)
}

/// The story.
pub(super) const STORY: Story = Story {
    name: "stale-read",
    title: "The stale read",
    line: "Alice pays in, is told that it is done, and asks for her balance: three ways to keep a copy.",
    scenario: "stale-balance",
    compare: &["cqrs", "cqrs-copy-at-each-write", "cqrs-write-all"],
    stages: &[
        Stage {
            scenario: None,
            changes: &[],
            at: ASKS,
            follow: 2,
            say: "Alice has paid 5.00 in, was told that it is done, and asks for her balance.",
            watch: "Her question goes to a replica, which hears of changes by events.",
            facts: &[
                Claim::Reached(TOLD),
                Claim::Row(ASKS, "accounts", BALANCE, "105.00"),
                Claim::Row(ASKS, "accounts-replica-1", BALANCE, "100.00"),
            ],
            ask: Question {
                text: "What is she told?",
                answers: &[
                    Answer {
                        text: "105.00",
                        claim: answered("105.00"),
                        why: "The primary has 105.00. The replica has not heard of it yet: the change stands in the outbox.",
                    },
                    Answer {
                        text: "100.00",
                        claim: answered("100.00"),
                        why: "The change waits in the outbox for its relay, and the replica answers with what it has.",
                    },
                    Answer {
                        text: "Nothing until the replica has caught up",
                        claim: Claim::Before(
                            Moment::when("published", "accounts").named("accounts changed"),
                            ANSWER,
                        ),
                        why: "It does not know that it is behind. Only with read-your-writes would her question say so.",
                    },
                ],
            },
            act: Action {
                deed: Deed::Go(ANSWER),
                button: "Go on to the answer",
                by_hand: "or press → until it is there",
                sees: &[Claim::Reached(ANSWER)],
            },
            shows: ANSWER,
        },
        Stage {
            scenario: None,
            changes: &[],
            at: ANSWER,
            follow: 2,
            say: "Her own money is missing from the answer, and nothing is broken: the replica is only late.",
            watch: "“Read your writes” above is broken; the coupling is CQRS, event-driven.",
            facts: &[Claim::Broken("read-your-writes"), answered("100.00")],
            ask: Question {
                text: "Suppose that each commit sends a copy of the rows to the replicas at once. What is she told then?",
                answers: &[
                    Answer {
                        text: "105.00",
                        claim: answered("105.00"),
                        why: "The copy left with the commit and overtook her question. Nobody waited for it: Check finds the order in which it comes too late.",
                    },
                    Answer {
                        text: "Still 100.00",
                        claim: answered("100.00"),
                        why: "The copy leaves with the commit and not with a relay’s next look: here it overtakes her question.",
                    },
                ],
            },
            act: Action {
                deed: Deed::Change(&[Change::Couple("cqrs-copy-at-each-write")]),
                button: "Couple by a copy at each write",
                by_hand: "or choose it in the menu of couplings",
                sees: &[Claim::Is(Change::Couple("cqrs-copy-at-each-write"))],
            },
            shows: ANSWER,
        },
        Stage {
            scenario: None,
            changes: &[Change::Couple("cqrs-copy-at-each-write")],
            at: ANSWER,
            follow: 2,
            say: "The copy won a race that nobody promised it; the third way is to wait for all replicas before the commit.",
            watch: "How long the deposit takes at accounts, from request to commit.",
            facts: &[Claim::Is(Change::Couple("cqrs-copy-at-each-write")), answered("105.00")],
            ask: Question {
                text: "What does waiting for all replicas cost Alice?",
                answers: &[
                    Answer {
                        text: "Nothing: it is the same message",
                        claim: Claim::None(&[Claim::With(
                            &[Change::Couple("cqrs-copy-at-each-write")],
                            &[Claim::Less(
                                Figure::LongestAnswer,
                                &[Change::Couple("cqrs-write-all")],
                            )],
                        )]),
                        why: "Before, the copy travelled while she had her answer already. Now her answer waits for the slowest round trip.",
                    },
                    Answer {
                        text: "Her deposit takes longer, and no answer is old",
                        claim: Claim::All(&[
                            Claim::Holds("read-your-writes"),
                            answered("105.00"),
                            Claim::With(
                                &[Change::Couple("cqrs-copy-at-each-write")],
                                &[Claim::Less(
                                    Figure::LongestAnswer,
                                    &[Change::Couple("cqrs-write-all")],
                                )],
                            ),
                        ]),
                        why: "Each commit waits for the slowest replica. In exchange every replica has it before anybody is told.",
                    },
                    Answer {
                        text: "Her deposit takes longer, and answers are still old now and then",
                        claim: Claim::Broken("read-your-writes"),
                        why: "No replica is behind a commit that all of them took part in.",
                    },
                ],
            },
            act: Action {
                deed: Deed::Change(&[Change::Couple("cqrs-write-all")]),
                button: "Couple by writing to all",
                by_hand: "or choose it in the menu of couplings",
                sees: &[Claim::Is(Change::Couple("cqrs-write-all"))],
            },
            shows: ANSWER,
        },
        Stage {
            scenario: Some("replica-down"),
            changes: &[],
            at: Moment::when("crashed", ""),
            follow: 0,
            say: "Now one of the replicas is down, and everybody still writes to all.",
            watch: "The step at the primary: it needs every replica to say yes.",
            facts: &[Claim::Is(Change::Couple("cqrs-write-all"))],
            ask: Question {
                text: "What happens to writes while it is down?",
                answers: &[
                    Answer {
                        text: "They go on; the replica catches up later",
                        claim: Claim::Never(Moment::when("refused", "accounts")),
                        why: "That is the other two modes. Writing to all is refused while one of them cannot be reached.",
                    },
                    Answer {
                        text: "They are refused until it is back",
                        claim: Claim::Before(
                            Moment::when("refused", "accounts"),
                            Moment::when("restarted", ""),
                        ),
                        why: "A write is as available as all replicas together: the product of their availabilities.",
                    },
                    Answer {
                        text: "They are lost without a word",
                        claim: Claim::Broken("durability"),
                        why: "Nothing was acknowledged, so nothing was lost: the writes are refused.",
                    },
                ],
            },
            act: Action {
                deed: Deed::Compare,
                button: "Compare the three modes",
                by_hand: "or choose Compare at the top and start it",
                sees: &[],
            },
            shows: Moment::when("refused", ""),
        },
    ],
};
