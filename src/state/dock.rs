//! What the dock shows.

/// What the dock below the graph shows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Dock {
    /// The spans of each transaction.
    Spans,
    /// The nodes as lanes over time.
    Lanes,
    /// The rows of every database.
    Rows,
    /// The broker's topics, partitions and offsets.
    Log,
    /// The streams of event-sourced databases.
    Streams,
    /// Locks, and who waits for whom.
    Locks,
    /// Counts and times.
    Metrics,
}

/// One of the three that the dock is divided into.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DockGroup {
    /// What happened when.
    Timeline,
    /// What there is.
    State,
    /// How long and how many.
    Metrics,
}

impl DockGroup {
    /// All, in the order on screen.
    pub const ALL: [Self; 3] = [Self::Timeline, Self::State, Self::Metrics];

    /// Its name on screen.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Timeline => "Timeline",
            Self::State => "State",
            Self::Metrics => "Metrics",
        }
    }

    /// Its name in the page.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::Timeline => "timeline",
            Self::State => "state",
            Self::Metrics => "metrics",
        }
    }

    /// Its views.
    pub fn views(self) -> impl Iterator<Item = Dock> {
        Dock::ALL.into_iter().filter(move |dock| dock.group() == self)
    }
}

impl Dock {
    /// All, in the order on screen.
    pub const ALL: [Self; 7] = [
        Self::Spans,
        Self::Lanes,
        Self::Rows,
        Self::Log,
        Self::Streams,
        Self::Locks,
        Self::Metrics,
    ];

    /// Where it belongs.
    #[must_use]
    pub fn group(self) -> DockGroup {
        match self {
            Self::Spans | Self::Lanes => DockGroup::Timeline,
            Self::Rows | Self::Log | Self::Streams | Self::Locks => DockGroup::State,
            Self::Metrics => DockGroup::Metrics,
        }
    }

    /// Its name in links.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::Spans => "spans",
            Self::Lanes => "lanes",
            Self::Rows => "rows",
            Self::Log => "log",
            Self::Streams => "streams",
            Self::Locks => "locks",
            Self::Metrics => "metrics",
        }
    }

    /// The one of this name.
    #[must_use]
    pub fn of(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|dock| dock.id() == id)
    }
}
