//! In doubt: both have promised, and the one who decides is gone.

use super::{Action, Answer, Change, Claim, Deed, Figure, Moment, Question, Stage, Story};

const LAST_VOTE: Moment = Moment::when("handled", "coordinator").nth(4);
const CRASH: Moment = Moment::when("crashed", "coordinator");
const BACK: Moment = Moment::when("restarted", "coordinator");
const ASKED: Moment = Moment::when("handled", "coordinator").of(1).nth(4);
const CEM_WAITS: Moment = Moment::when("lock-waited", "south").of(2);
const CEM_HAS_LOCK: Moment = Moment::when("lock-granted", "south").of(2);

/// Without a crash the saga sends fewer messages.
const FEWER_WITH_A_SAGA: Claim = Claim::With(
    &[Change::Faultless, Change::Couple("saga-orchestration")],
    &[Claim::Less(Figure::Messages, &[Change::Couple("two-phase-commit")])],
);
/// Without a crash two-phase commit sends fewer messages.
const FEWER_WITH_PROMISES: Claim = Claim::With(
    &[Change::Faultless, Change::Couple("two-phase-commit")],
    &[Claim::Less(Figure::Messages, &[Change::Couple("saga-orchestration")])],
);

/// The story.
pub(super) const STORY: Story = Story {
    name: "in-doubt",
    title: "In doubt",
    line: "Two banks have promised, and the coordinator dies before it decides.",
    scenario: "coordinator-dies",
    compare: &["two-phase-commit", "saga-orchestration", "try-confirm-cancel"],
    stages: &[
        Stage {
            scenario: None,
            changes: &[Change::Faultless],
            at: LAST_VOTE.before(),
            follow: 1,
            say: "Both banks have promised Ann’s transfer of 30, and only the coordinator may say commit.",
            watch: "The rows at both banks: changed, locked, and not committed.",
            facts: &[
                Claim::Reached(Moment::when("prepared", "north").of(1)),
                Claim::Reached(Moment::when("prepared", "south").of(1)),
                Claim::Row(LAST_VOTE, "south", "account:ben", "100.00"),
            ],
            ask: Question {
                text: "The coordinator crashes when the last vote reaches it. What can the banks do?",
                answers: &[
                    Answer {
                        text: "Commit: both have said yes",
                        claim: Claim::Before(Moment::when("committed", "south").of(1), BACK),
                        why: "Neither knows what the other said, and the coordinator may have decided to abort.",
                    },
                    Answer {
                        text: "Roll back: nobody has decided",
                        claim: Claim::Before(Moment::when("rolled-back", "south").of(1), BACK),
                        why: "They have promised to be able to commit. If one rolls back and the coordinator had decided to commit, the money is half moved.",
                    },
                    Answer {
                        text: "Nothing: they wait with their locks",
                        claim: Claim::All(&[
                            Claim::Before(CRASH, BACK),
                            Claim::None(&[
                                Claim::Before(Moment::when("committed", "south").of(1), BACK),
                                Claim::Before(Moment::when("rolled-back", "south").of(1), BACK),
                            ]),
                        ]),
                        why: "That is what in doubt means: having promised, and not knowing. Until the coordinator is back nobody may give anything up.",
                    },
                ],
            },
            act: Action {
                deed: Deed::Crash { node: "coordinator", after: LAST_VOTE, for_us: 40_000 },
                button: "Crash the coordinator",
                by_hand: "or click it in the graph and crash it now",
                sees: &[
                    Claim::Before(Moment::when("prepared", "north").of(1), CRASH),
                    Claim::Before(Moment::when("prepared", "south").of(1), CRASH),
                    Claim::None(&[Claim::Before(
                        Moment::when("decided", "coordinator").of(1),
                        CRASH,
                    )]),
                ],
            },
            shows: CRASH,
        },
        Stage {
            scenario: None,
            changes: &[],
            at: BACK.before(),
            follow: 2,
            say: "Cem pays Ben too, and finds Ben’s account locked by a transfer that nobody can finish.",
            watch: "The lock at south, and who waits for it.",
            facts: &[Claim::Reached(CEM_WAITS), Claim::Reached(CRASH)],
            ask: Question {
                text: "How long does Cem’s transfer wait?",
                answers: &[
                    Answer {
                        text: "Not at all: it reads the old balance",
                        claim: Claim::Before(CEM_HAS_LOCK, CRASH),
                        why: "It wants to change the row, and a promise keeps its lock, also over a crash.",
                    },
                    Answer {
                        text: "Until the coordinator is back and has been asked",
                        claim: Claim::Before(BACK, CEM_HAS_LOCK),
                        why: "The lock is given up when the promise is: after the coordinator is back, and a bank has asked it.",
                    },
                    Answer {
                        text: "For ever",
                        claim: Claim::Never(CEM_HAS_LOCK),
                        why: "It would, if the coordinator never came back. Here it does.",
                    },
                ],
            },
            act: Action {
                deed: Deed::Go(BACK),
                button: "Let the coordinator come back",
                by_hand: "or press →",
                sees: &[Claim::Reached(BACK)],
            },
            shows: BACK,
        },
        Stage {
            scenario: None,
            changes: &[],
            at: ASKED,
            follow: 1,
            say: "The coordinator is back without a word about Ann’s transfer in its log, and a bank asks how it ended.",
            watch: "It recovered from its log, and its log is empty.",
            facts: &[
                Claim::Reached(BACK),
                Claim::Reached(Moment::when("timer-fired", "north").of(1)),
            ],
            ask: Question {
                text: "What does it answer?",
                answers: &[
                    Answer {
                        text: "Commit, since both had promised",
                        claim: Claim::Happens(Moment::when("committed", "south").of(1)),
                        why: "It does not know of their votes any more, and must not guess in that direction.",
                    },
                    Answer {
                        text: "Abort, since it knows of no decision",
                        claim: Claim::Happens(Moment::when("rolled-back", "south").of(1)),
                        why: "A decision to commit would have been forced to the log first. No record, no commit: it presumes abort.",
                    },
                    Answer {
                        text: "Ask a person",
                        claim: Claim::Happens(Moment::when("stuck", "").of(1)),
                        why: "It need not: a decision to commit would be in its log.",
                    },
                ],
            },
            act: Action {
                deed: Deed::Go(Moment::when("rolled-back", "south").of(1)),
                button: "Go on until the banks have their answer",
                by_hand: "or press → until south has rolled back",
                sees: &[Claim::Reached(Moment::when("rolled-back", "south").of(1))],
            },
            shows: Moment::when("rolled-back", "south").of(1),
        },
        Stage {
            scenario: None,
            changes: &[],
            at: CEM_HAS_LOCK,
            follow: 2,
            say: "Nothing was lost and nothing was half done; for as long as it took, nobody could touch Ben’s account.",
            watch: "“Nobody left in doubt” above has the time.",
            facts: &[Claim::Holds("atomicity"), Claim::Before(BACK, CEM_HAS_LOCK)],
            ask: Question {
                text: "Without any crash: which of the two sends more messages for these transfers?",
                answers: &[
                    Answer {
                        text: "Two-phase commit",
                        claim: FEWER_WITH_A_SAGA,
                        why: "Each bank is asked to promise, votes, is told the decision and acknowledges it. The saga asks each bank once.",
                    },
                    Answer {
                        text: "A saga with an orchestrator",
                        claim: FEWER_WITH_PROMISES,
                        why: "The orchestrator asks each bank once. Promises take two rounds.",
                    },
                    Answer {
                        text: "Both the same",
                        claim: Claim::None(&[FEWER_WITH_A_SAGA, FEWER_WITH_PROMISES]),
                        why: "A promise is a round of its own, before the one that commits.",
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
