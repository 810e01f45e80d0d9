//! The anomalies, by name, and which of them is a case of which.
//!
//! The names with a G are those of A. Adya, *Weak Consistency: A Generalized Theory and Optimistic
//! Implementations for Distributed Transactions*, MIT 1999. Those that only lists can show, and the
//! variants by session and by real time, follow K. Kingsbury and P. Alvaro, *Elle: Inferring
//! Isolation Anomalies from Experimental Observations*, VLDB 2020.

use std::collections::BTreeSet;

/// Which order, beside the data's own, a cycle of dependencies runs through.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub enum Order {
    /// None: dependencies through data alone.
    #[default]
    Data,
    /// The order of a session's transactions.
    Session,
    /// Real time: one ended before the other began.
    RealTime,
}

impl Order {
    /// From the one that needs the least to the one that needs the most.
    pub const ALL: [Self; 3] = [Self::Data, Self::Session, Self::RealTime];

    fn suffix(self) -> &'static str {
        match self {
            Self::Data => "",
            Self::Session => "-process",
            Self::RealTime => "-realtime",
        }
    }
}

/// Whether predicates play a part in an anomaly's anti-dependencies.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Reach {
    /// Only reads of single items.
    Item,
    /// Reads of single items or by predicates.
    Any,
}

impl Reach {
    fn suffix(self) -> &'static str {
        match self {
            Self::Item => "-item",
            Self::Any => "",
        }
    }
}

/// Something that a history shows and that some models rule out.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Anomaly {
    /// Dirty write: a cycle of write dependencies.
    G0(Order),
    /// Aborted read: what an aborted transaction wrote was read.
    G1a,
    /// Intermediate read: what a transaction overwrote itself was read.
    G1b,
    /// Circular information flow: a cycle of write and read dependencies.
    G1c(Order),
    /// Any of the three above.
    G1(Order),
    /// Read skew: a cycle with exactly one anti-dependency.
    GSingle(Reach, Order),
    /// A cycle in which no two anti-dependencies follow each other.
    GNonadjacent(Reach, Order),
    /// Write skew, where it needs two anti-dependencies in a row; in general a cycle with any.
    G2(Reach, Order),
    /// Two transactions read one version of an item, and both wrote the item.
    LostUpdate,
    /// A cycle of one anti-dependency and write dependencies, all of one item.
    GCursor,
    /// A committed version built upon an aborted one.
    DirtyUpdate,
    /// A transaction read other than what it had itself read or written just before.
    Internal,
    /// A transaction read what it wrote only later.
    FutureRead,
    /// A list holds twice what was appended once.
    DuplicateElements,
    /// Two reads of one list, neither of which begins with the other.
    IncompatibleOrder,
    /// A dependency on a transaction that had not committed when the reader started.
    GSia,
    /// A cycle with one anti-dependency, start dependencies included.
    GSib,
    /// Either of the two above.
    GSi,
}

impl Anomaly {
    /// Every anomaly.
    #[must_use]
    pub fn all() -> Vec<Self> {
        let mut all = vec![
            Self::G1a,
            Self::G1b,
            Self::LostUpdate,
            Self::GCursor,
            Self::DirtyUpdate,
            Self::Internal,
            Self::FutureRead,
            Self::DuplicateElements,
            Self::IncompatibleOrder,
            Self::GSia,
            Self::GSib,
            Self::GSi,
        ];
        for order in Order::ALL {
            all.extend([Self::G0(order), Self::G1c(order), Self::G1(order)]);
            for reach in [Reach::Item, Reach::Any] {
                all.extend([
                    Self::GSingle(reach, order),
                    Self::GNonadjacent(reach, order),
                    Self::G2(reach, order),
                ]);
            }
        }
        all
    }

    /// The name in the literature.
    #[must_use]
    pub fn name(self) -> String {
        match self {
            Self::G0(order) => format!("G0{}", order.suffix()),
            Self::G1a => "G1a".to_owned(),
            Self::G1b => "G1b".to_owned(),
            Self::G1c(order) => format!("G1c{}", order.suffix()),
            Self::G1(order) => format!("G1{}", order.suffix()),
            Self::GSingle(reach, order) => format!("G-single{}{}", reach.suffix(), order.suffix()),
            Self::GNonadjacent(reach, order) => {
                format!("G-nonadjacent{}{}", reach.suffix(), order.suffix())
            }
            Self::G2(reach, order) => format!("G2{}{}", reach.suffix(), order.suffix()),
            Self::LostUpdate => "lost-update".to_owned(),
            Self::GCursor => "G-cursor".to_owned(),
            Self::DirtyUpdate => "dirty-update".to_owned(),
            Self::Internal => "internal".to_owned(),
            Self::FutureRead => "future-read".to_owned(),
            Self::DuplicateElements => "duplicate-elements".to_owned(),
            Self::IncompatibleOrder => "incompatible-order".to_owned(),
            Self::GSia => "G-SIa".to_owned(),
            Self::GSib => "G-SIb".to_owned(),
            Self::GSi => "G-SI".to_owned(),
        }
    }

    /// The anomaly of a name, in any case; `write-skew`, `read-skew` and their like are understood.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let name = name.trim().to_ascii_lowercase();
        let plain = match name.as_str() {
            "dirty-write" => "g0",
            "aborted-read" | "dirty-read" => "g1a",
            "intermediate-read" => "g1b",
            "circular-information-flow" => "g1c",
            "read-skew" => "g-single",
            "write-skew" => "g2-item",
            other => other,
        };
        Self::all().into_iter().find(|anomaly| anomaly.name().to_ascii_lowercase() == plain)
    }

    /// What it is, in plain words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::G0(_) => "dirty write: two transactions overwrote each other",
            Self::G1a => "aborted read: what an aborted transaction wrote was read",
            Self::G1b => "intermediate read: what its writer overwrote was read",
            Self::G1c(_) => "circular information flow: each saw or overwrote the other's work",
            Self::G1(_) => "dirty read: what was never committed was read",
            Self::GSingle(..) => "read skew: one transaction saw another in part",
            Self::GNonadjacent(..) => "long fork: two readers saw two writes in opposite orders",
            Self::G2(..) => "write skew: each missed what the other wrote",
            Self::LostUpdate | Self::GCursor => "lost update: two wrote upon the same read",
            Self::DirtyUpdate => "dirty update: committed work stands upon aborted work",
            Self::Internal => "a transaction did not see its own reads and writes",
            Self::FutureRead => "a transaction read what it wrote only later",
            Self::DuplicateElements => "what was appended once is there twice",
            Self::IncompatibleOrder => "two reads cannot come from one order of appends",
            Self::GSia => "interference: a snapshot held what committed after it",
            Self::GSib => "missed effects: a snapshot missed what committed before it",
            Self::GSi => "reads that no single snapshot gives",
        }
    }

    /// What it is directly a case of: a history that shows it shows these too.
    fn direct(self) -> Vec<Self> {
        let wider = |make: &dyn Fn(Order) -> Self, order: Order| match order {
            Order::Data => Some(make(Order::Session)),
            Order::Session => Some(make(Order::RealTime)),
            Order::RealTime => None,
        };
        let mut direct = Vec::new();
        match self {
            Self::G0(order) => {
                direct.push(Self::G1c(order));
                direct.extend(wider(&Self::G0, order));
            }
            Self::G1a | Self::G1b => direct.push(Self::G1(Order::Data)),
            Self::G1c(order) => {
                direct.push(Self::G1(order));
                direct.extend(wider(&Self::G1c, order));
            }
            Self::G1(order) => direct.extend(wider(&Self::G1, order)),
            Self::GSingle(reach, order) => {
                direct.push(Self::GNonadjacent(reach, order));
                direct.extend(wider(&|order| Self::GSingle(reach, order), order));
                if reach == Reach::Item {
                    direct.push(Self::GSingle(Reach::Any, order));
                } else if order == Order::Data {
                    direct.push(Self::GSib);
                }
            }
            Self::GNonadjacent(reach, order) => {
                direct.push(Self::G2(reach, order));
                direct.extend(wider(&|order| Self::GNonadjacent(reach, order), order));
                if reach == Reach::Item {
                    direct.push(Self::GNonadjacent(Reach::Any, order));
                }
            }
            Self::G2(reach, order) => {
                direct.extend(wider(&|order| Self::G2(reach, order), order));
                if reach == Reach::Item {
                    direct.push(Self::G2(Reach::Any, order));
                }
            }
            // Whichever of the two wrote last did not see the other's write between its read and
            // its own write: one item, one anti-dependency.
            Self::LostUpdate => direct.extend([Self::G2(Reach::Item, Order::Data), Self::GCursor]),
            Self::GCursor => direct.push(Self::G2(Reach::Item, Order::Data)),
            Self::DirtyUpdate | Self::IncompatibleOrder => direct.push(Self::G1a),
            Self::FutureRead => direct.push(Self::G1c(Order::Data)),
            Self::GSia | Self::GSib => direct.push(Self::GSi),
            Self::Internal | Self::DuplicateElements | Self::GSi => {}
        }
        direct
    }

    /// Everything that a history shows which shows these, they themselves included.
    #[must_use]
    pub fn closure(found: impl IntoIterator<Item = Self>) -> BTreeSet<Self> {
        let mut closed = BTreeSet::new();
        let mut open: Vec<Self> = found.into_iter().collect();
        while let Some(anomaly) = open.pop() {
            if closed.insert(anomaly) {
                open.extend(anomaly.direct());
            }
        }
        closed
    }

    /// Whether it is a case of another, or that other itself.
    #[must_use]
    pub fn is_case_of(self, other: Self) -> bool {
        Self::closure([self]).contains(&other)
    }
}
