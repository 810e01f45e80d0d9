//! Under which database and at which level an experiment runs.

use crate::lab::{Dialect, Isolation, Level, Method};

/// A way in which databases keep transactions apart.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Style {
    /// None at all: every statement works on the only copy at once. It is what the others are
    /// held against.
    Unguarded,
    /// Row versions, and certification at the top, as PostgreSQL.
    Postgres,
    /// Snapshots for reads and locks for writes, as MySQL's InnoDB.
    InnoDb,
    /// Locks, as SQL Server without row versions.
    SqlServer,
    /// Row versions, as SQL Server with them.
    SqlServerVersions,
}

/// A database and a level.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Setting {
    /// The database.
    pub style: Style,
    /// The level; of [`Style::Unguarded`] it says nothing.
    pub level: Level,
}

use Level::{ReadCommitted, ReadUncommitted, RepeatableRead, Serializable};

/// The settings, with the weakest of each database first, each with the name that links and
/// arguments know it by.
const ALL: [(&str, Style, Level); 14] = [
    ("none", Style::Unguarded, ReadUncommitted),
    ("postgres-read-committed", Style::Postgres, ReadCommitted),
    ("postgres-repeatable-read", Style::Postgres, RepeatableRead),
    ("postgres-serializable", Style::Postgres, Serializable),
    ("innodb-read-uncommitted", Style::InnoDb, ReadUncommitted),
    ("innodb-read-committed", Style::InnoDb, ReadCommitted),
    ("innodb-repeatable-read", Style::InnoDb, RepeatableRead),
    ("innodb-serializable", Style::InnoDb, Serializable),
    ("sqlserver-read-uncommitted", Style::SqlServer, ReadUncommitted),
    ("sqlserver-read-committed", Style::SqlServer, ReadCommitted),
    ("sqlserver-repeatable-read", Style::SqlServer, RepeatableRead),
    ("sqlserver-serializable", Style::SqlServer, Serializable),
    ("sqlserver-read-committed-snapshot", Style::SqlServerVersions, ReadCommitted),
    ("sqlserver-snapshot", Style::SqlServerVersions, RepeatableRead),
];

impl Style {
    /// The name that people know.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Unguarded => "Without isolation",
            Self::Postgres => "PostgreSQL",
            Self::InnoDb => "MySQL (InnoDB)",
            Self::SqlServer => "SQL Server",
            Self::SqlServerVersions => "SQL Server with row versions",
        }
    }
}

impl Setting {
    /// All.
    pub fn all() -> impl Iterator<Item = Self> {
        ALL.into_iter().map(|(_, style, level)| Self { style, level })
    }

    /// The one without isolation.
    pub const NONE: Self = Self { style: Style::Unguarded, level: ReadUncommitted };

    /// The setting of a name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let found = ALL.into_iter().find(|(other, ..)| *other == name)?;
        Some(Self { style: found.1, level: found.2 })
    }

    /// The name by which links and arguments know it.
    #[must_use]
    pub fn name(self) -> &'static str {
        let is_own = |one: &(&str, Style, Level)| (one.1, one.2) == (self.style, self.level);
        ALL.iter().find(|one| is_own(one)).map_or("", |(name, ..)| name)
    }

    /// The level's name, as its database calls it.
    #[must_use]
    pub fn level_title(self) -> &'static str {
        match (self.style, self.level) {
            (Style::Unguarded, _) => "no isolation",
            (Style::SqlServerVersions, RepeatableRead) => "snapshot",
            (Style::SqlServerVersions, _) => "read committed snapshot",
            (_, ReadUncommitted) => "read uncommitted",
            (_, ReadCommitted) => "read committed",
            (_, RepeatableRead) => "repeatable read",
            (_, Serializable) => "serializable",
        }
    }

    /// How its store works; nothing where there is no isolation.
    pub(super) fn rules(self) -> Option<(Dialect, Isolation)> {
        let (dialect, method) = match (self.style, self.level) {
            (Style::Unguarded, _) => return None,
            (Style::Postgres, _) => (Dialect::postgres(), Method::Versions),
            (Style::InnoDb, _) => (Dialect::inno_db(), Method::Mixed),
            (Style::SqlServer, _) => (Dialect::sql_server(), Method::Locking),
            (Style::SqlServerVersions, RepeatableRead | Serializable) => {
                (Dialect::sql_server(), Method::Versions)
            }
            (Style::SqlServerVersions, _) => (Dialect::sql_server(), Method::Mixed),
        };
        Some((dialect, Isolation::new(self.level, method)))
    }
}
