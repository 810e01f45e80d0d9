//! The patterns: how services and databases are coupled.
//!
//! A coupling has three parts, each a small closed family with one file per member: how a
//! transaction is carried out ([`mod@write`]), how a query is answered ([`mod@read`]), how a service keeps
//! its state ([`mod@store`]). A pattern is a named combination that people know. Adding a member is one
//! file and one line in its family's table; naming a combination is one line in [`PATTERNS`].

pub mod client;
pub mod read;
pub mod store;
pub mod write;

use std::rc::Rc;

use crate::fingerprint::{Canon, Fingerprint};
use crate::ids::{NodeIx, Sym};
use crate::out::Out as AnyOut;
use crate::plan::Plan;
use crate::scenario::document::{Coupling, Entry, ExpectedVersion, Updates};
use crate::scenario::{Problem, Scenario};
use read::cqrs::Mode;
use read::{ReadCont, ReadKind, ReadMsg};
use store::StoreKind;
use store::event_sourced::Seen;
use write::{WriteCont, WriteKind, WriteMsg};

/// What a network message says.
#[derive(Clone, PartialEq, Debug)]
pub enum Body {
    /// A client starts a transaction.
    Request,
    /// A client wants to know the versions of the first step's streams.
    Look,
    /// The answer to it.
    Seen(Rc<Seen>),
    /// A client starts a transaction that it decided on by what it saw.
    RequestAt(Rc<Seen>),
    /// The answer to it.
    Response(Response),
    /// A message of the write member.
    Write(WriteMsg),
    /// A message of the read member.
    Read(ReadMsg),
}

/// The answer to a client.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Response {
    /// The transaction is durable and under way.
    Accepted,
    /// Every step is done.
    Completed,
    /// It was refused or failed.
    Aborted(Option<Sym>),
}

/// A continuation of a handler, of any family.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cont {
    /// Of the write member.
    Write(WriteCont),
    /// Of the read member.
    Read(ReadCont),
}

impl From<WriteCont> for Cont {
    fn from(then: WriteCont) -> Self {
        Self::Write(then)
    }
}

impl From<ReadCont> for Cont {
    fn from(then: ReadCont) -> Self {
        Self::Read(then)
    }
}

/// The effects of a handler, over the messages of all families.
pub type Out = AnyOut<Body, Cont>;

/// The three parts of a coupling.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Parts {
    /// How a transaction is carried out.
    pub write: WriteKind,
    /// How a query is answered.
    pub read: ReadKind,
    /// How a service keeps its state.
    pub store: StoreKind,
}

impl Parts {
    /// The names of the parts: write, read, store.
    #[must_use]
    pub fn names(&self) -> [&'static str; 3] {
        [
            name_of(self.write, write::TABLE),
            name_of(self.read, read::TABLE),
            name_of(self.store, store::TABLE),
        ]
    }
}

impl Parts {
    /// Whether clients look before they ask, since their commands carry versions or values that they
    /// saw: only where the service that they ask is event-sourced and does the first step at once,
    /// so that it can hold its append against what the command says.
    fn clients_look(self, scenario: &Scenario) -> bool {
        let options = &scenario.options;
        self.store == StoreKind::EventSourced
            && (options.expected == ExpectedVersion::Exact
                || options.updates == Updates::ReadThenWrite)
            && matches!(self.write, WriteKind::Uncoordinated | WriteKind::SagaChoreography)
    }

    /// Whether transactions enter through a composer: only those that nobody coordinates can, and by
    /// default they do where the queries pass through one.
    fn enters_by_composer(self, scenario: &Scenario) -> bool {
        let by_default = self.read == ReadKind::ApiComposition;
        self.write == WriteKind::Uncoordinated
            && scenario.options.entry.map_or(by_default, |entry| entry == Entry::Composer)
    }

    /// Whether a node handles a record, for the write member or the read member.
    #[must_use]
    pub fn handles(&self, cx: &crate::family::Cx<'_>, record: &crate::out::RecordBody) -> bool {
        self.write.handles(cx, record) || self.read.handles(cx, record)
    }
}

fn name_of<K: Copy + PartialEq>(kind: K, table: &[Member<K>]) -> &'static str {
    table.iter().find(|member| member.kind == kind).map_or("?", |member| member.name)
}

/// A named combination.
#[derive(Clone, Copy, Debug)]
pub struct Pattern {
    /// Its name in documents, links and on the command line.
    pub name: &'static str,
    /// Its name on screen.
    pub title: &'static str,
    /// What it is, in one sentence.
    pub about: &'static str,
    /// Its parts.
    pub parts: Parts,
}

/// The named patterns, in the order in which they are offered.
pub const PATTERNS: &[Pattern] = &[
    Pattern {
        name: "shared-database",
        title: "Shared database (anti-pattern)",
        about: "All services work in one database: one local transaction over all their rows, and everybody waits for everybody.",
        parts: Parts {
            write: WriteKind::SharedDatabase,
            read: ReadKind::Direct,
            store: StoreKind::Rows,
        },
    },
    Pattern {
        name: "database-per-service",
        title: "Database per service, uncoordinated",
        about: "The first service calls the others one by one and each commits on its own; nothing is undone.",
        parts: Parts {
            write: WriteKind::Uncoordinated,
            read: ReadKind::Direct,
            store: StoreKind::Rows,
        },
    },
    Pattern {
        name: "two-phase-commit",
        title: "Two-phase commit",
        about: "A coordinator asks every service to promise and then tells all the same; who has promised waits with its locks held.",
        parts: Parts {
            write: WriteKind::TwoPhaseCommit,
            read: ReadKind::Direct,
            store: StoreKind::Rows,
        },
    },
    Pattern {
        name: "api-composition",
        title: "API composition",
        about: "A composer asks the services and joins their answers; writes pass through it one by one, and nothing is undone.",
        parts: Parts {
            write: WriteKind::Uncoordinated,
            read: ReadKind::ApiComposition,
            store: StoreKind::Rows,
        },
    },
    Pattern {
        name: "saga-choreography",
        title: "Saga, choreographed",
        about: "Services publish events to a broker and react to each other's; a failure rolls back what was done.",
        parts: Parts {
            write: WriteKind::SagaChoreography,
            read: ReadKind::Direct,
            store: StoreKind::Rows,
        },
    },
    Pattern {
        name: "saga-orchestration",
        title: "Saga, orchestrated",
        about: "An orchestrator sends commands, persists how far it is, and compensates in reverse order.",
        parts: Parts {
            write: WriteKind::SagaOrchestration,
            read: ReadKind::Direct,
            store: StoreKind::Rows,
        },
    },
    Pattern {
        name: "cqrs",
        title: "CQRS, event-driven",
        about: "Commands go to the primaries, queries to read replicas that consume the changes as events; reads can be stale.",
        parts: Parts {
            write: WriteKind::SagaChoreography,
            read: ReadKind::Cqrs(Mode::EventDriven),
            store: StoreKind::Rows,
        },
    },
    Pattern {
        name: "cqrs-write-all",
        title: "CQRS, write-all",
        about: "Every commit writes all replicas too: no read is stale, and no write is possible while a replica is down.",
        parts: Parts {
            write: WriteKind::SagaChoreography,
            read: ReadKind::Cqrs(Mode::WriteAll),
            store: StoreKind::Rows,
        },
    },
    Pattern {
        name: "cqrs-copy-at-each-write",
        title: "CQRS, copy at each write",
        about: "After each commit the primary sends a copy of its rows to every replica.",
        parts: Parts {
            write: WriteKind::SagaChoreography,
            read: ReadKind::Cqrs(Mode::CopyAtEachWrite),
            store: StoreKind::Rows,
        },
    },
    Pattern {
        name: "event-sourcing",
        title: "Event sourcing",
        about: "Services append what happened to streams; rows are folded from them, and read databases follow.",
        parts: Parts {
            write: WriteKind::SagaChoreography,
            read: ReadKind::Cqrs(Mode::EventDriven),
            store: StoreKind::EventSourced,
        },
    },
    Pattern {
        name: "try-confirm-cancel",
        title: "Try, confirm, cancel",
        about: "Each service reserves for a while; a coordinator confirms all reservations or cancels them.",
        parts: Parts {
            write: WriteKind::TryConfirmCancel,
            read: ReadKind::Direct,
            store: StoreKind::Rows,
        },
    },
];

/// The parts of a document's coupling, and its name on screen.
///
/// # Errors
/// Where the name or a part is not known, what is allowed.
pub fn resolve(coupling: &Coupling) -> Result<(Parts, String), Problem> {
    match coupling {
        Coupling::Named(name) => match PATTERNS.iter().find(|pattern| pattern.name == *name) {
            Some(pattern) => Ok((pattern.parts, pattern.name.to_owned())),
            None => {
                let names: Vec<&str> = PATTERNS.iter().map(|pattern| pattern.name).collect();
                Err(Problem::new(
                    "coupling",
                    format!("there is no pattern {name:?}"),
                    format!("use one of {}, or its parts", names.join(", ")),
                ))
            }
        },
        Coupling::Parts(given) => {
            let parts = Parts {
                write: member("coupling.write", &given.write, write::TABLE)?,
                read: member("coupling.read", &given.read, read::TABLE)?,
                store: member("coupling.store", &given.store, store::TABLE)?,
            };
            if let Some(Refused { why, nearest }) = refusal(parts.names()) {
                return Err(Problem::new(
                    "coupling",
                    format!("{}: {why}", parts.names().join(" · ")),
                    format!("the nearest that works is {}", nearest.join(" · ")),
                ));
            }
            let named = PATTERNS.iter().find(|pattern| pattern.parts == parts);
            let name = named.map_or_else(
                || format!("{}+{}+{}", given.write, given.read, given.store),
                |pattern| pattern.name.to_owned(),
            );
            Ok((parts, name))
        }
    }
}

/// Three parts that do not go together: why, and the nearest that do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Refused {
    /// Why not.
    pub why: &'static str,
    /// The names of the nearest parts that go together: write, read, store.
    pub nearest: [&'static str; 3],
}

/// Why these parts, named as in the families' tables, do not go together; `None` where they do.
#[must_use]
pub fn refusal([write, read, store]: [&'static str; 3]) -> Option<Refused> {
    let refused = |why, nearest| Some(Refused { why, nearest });
    match (write, read, store) {
        ("shared-database", "api-composition", _) => refused(
            "a composer joins the answers of services that own their rows, and in a shared database \
             no service owns any",
            ["shared-database", "direct", "rows"],
        ),
        ("shared-database", _, "event-sourced") => refused(
            "one local transaction over the rows of all services changes them in place, and a stream \
             of events is its service's own",
            ["shared-database", read, "rows"],
        ),
        (_, "cqrs-write-all" | "cqrs-copy-at-each-write", "event-sourced") => refused(
            "an event-sourced service stores events and not rows, so that its replicas follow its \
             events and cannot be given its rows",
            [write, "cqrs-event-driven", "event-sourced"],
        ),
        _ => None,
    }
}

/// A member of a family, as its table lists it.
#[derive(Clone, Copy, Debug)]
pub struct Member<K> {
    /// Its name.
    pub name: &'static str,
    /// Which.
    pub kind: K,
    /// What it is, in a few words.
    pub about: &'static str,
}

fn member<K: Copy>(path: &str, name: &str, table: &[Member<K>]) -> Result<K, Problem> {
    table.iter().find(|member| member.name == name).map(|member| member.kind).ok_or_else(|| {
        let names: Vec<&str> = table.iter().map(|member| member.name).collect();
        Problem::new(
            path,
            format!("there is no {name:?}"),
            format!("use one of {}", names.join(", ")),
        )
    })
}

/// Compiles a validated scenario for its coupling.
///
/// # Errors
/// Where the coupling is not known or its parts do not go together.
pub fn plan(scenario: &Scenario) -> Result<(Plan, Parts), Problem> {
    let (parts, name) = resolve(&scenario.coupling)?;
    let by_composer = parts.enters_by_composer(scenario);
    let mut needs = parts.write.needs().and(parts.read.needs()).and(parts.store.needs());
    needs.composer |= by_composer;
    few_enough(scenario, needs)?;
    let mut plan = crate::plan::compile(scenario, &name, needs);
    plan.entry = plan.composer.filter(|_| by_composer);
    plan.clients_look = parts.clients_look(scenario) && !by_composer;
    let mut edges = parts.write.edges(&plan);
    edges.extend(parts.read.edges(&plan));
    let mut known = std::collections::BTreeSet::new();
    edges.retain(|edge| known.insert(*edge));
    let mut consumers = parts.write.consumers(&plan);
    consumers.extend(parts.read.consumers(&plan));
    let cast = std::rc::Rc::make_mut(&mut plan.cast);
    cast.edges = edges;
    for (topic, node) in consumers {
        let known = &mut cast.topics[topic.ix()].consumers;
        if !known.contains(&node) {
            known.push(node);
        }
    }
    let groups = plan.groups();
    let cast = std::rc::Rc::make_mut(&mut plan.cast);
    for group in &groups {
        for member in group.members.iter().filter(|member| **member != group.service) {
            let further = cast.edges.iter().filter_map(|(from, to)| match plan.broker {
                Some(broker) if (*from, *to) == (broker, group.service) => Some((broker, *member)),
                Some(broker) if (*from, *to) == (group.service, broker) => Some((*member, broker)),
                _ => None,
            });
            let further: Vec<(NodeIx, NodeIx)> = further.collect();
            cast.edges.extend(further);
        }
    }
    cast.groups = groups;
    Ok((plan, parts))
}

/// Nodes are counted in a byte, and a picture of more than these shows nothing.
const MAX_NODES: usize = 128;

/// Whether there is room for the replicas that are asked for.
fn few_enough(scenario: &Scenario, needs: crate::family::Needs) -> Result<(), Problem> {
    let replicas = usize::from(scenario.options.replicas);
    let services = scenario.services.len();
    if needs.replicas && !needs.shared_database && services * (1 + replicas) > MAX_NODES {
        return Err(Problem::new(
            "options.replicas",
            format!("{services} services with {replicas} replicas each"),
            format!("services and replicas together may be at most {MAX_NODES}"),
        ));
    }
    let members = scenario.services.iter().map(|service| usize::from(service.consumers.max(1)));
    let processes = members.sum::<usize>();
    let brought = if needs.replicas { services * replicas } else { 0 };
    if needs.broker && processes + brought > MAX_NODES {
        return Err(Problem::new(
            "services",
            format!("{processes} members of consumer groups, with all that the coupling brings"),
            format!("all nodes together may be at most {MAX_NODES}; lower some `consumers`"),
        ));
    }
    Ok(())
}

/// The entry of a transaction: the node that its client asks.
#[must_use]
pub fn entry(parts: Parts, cx: &crate::family::Cx<'_>, txn: crate::ids::TxnId) -> NodeIx {
    let first = || cx.next_step(txn, 0).map_or(NodeIx(1), |step| cx.step(txn, step).node);
    match parts.write {
        WriteKind::Uncoordinated => cx.plan.entry.unwrap_or_else(first),
        WriteKind::SagaOrchestration => cx.plan.orchestrator.unwrap_or(NodeIx(1)),
        WriteKind::TryConfirmCancel | WriteKind::TwoPhaseCommit => {
            cx.plan.coordinator.unwrap_or(NodeIx(1))
        }
        WriteKind::SagaChoreography | WriteKind::SharedDatabase => first(),
    }
}

impl Canon for Body {
    fn canon(&self, h: &mut Fingerprint) {
        match self {
            Self::Request => h.write_u8(0),
            Self::Response(Response::Accepted) => h.write_u8(1),
            Self::Response(Response::Completed) => h.write_u8(2),
            Self::Response(Response::Aborted(reason)) => {
                h.write_u8(3);
                h.write_u32(reason.map_or(0, |sym| sym.0 + 1));
            }
            Self::Look => h.write_u8(6),
            Self::Seen(seen) => {
                h.write_u8(7);
                seen.canon(h);
            }
            Self::RequestAt(seen) => {
                h.write_u8(8);
                seen.canon(h);
            }
            Self::Write(message) => {
                h.write_u8(4);
                message.canon(h);
            }
            Self::Read(message) => {
                h.write_u8(5);
                message.canon(h);
            }
        }
    }
}
