//! For which occasion the page is laid out: by itself, inside another page, or before an audience.
//!
//! The query of the address says it (`?embed=1`, `?present=1`), since it is about the reader's place
//! and not about the run: the fragment, which is the link, stays the same.

use crate::platform::history;

/// The occasion.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Occasion {
    /// A tab of its own.
    #[default]
    Usual,
    /// A frame inside slides or an article: the graph, the transport, what is broken, and a way out.
    Embed,
    /// A projector: large, and only what an audience can follow.
    Present,
}

impl Occasion {
    /// What the query of an address asks for.
    #[must_use]
    pub fn of_query(query: &str) -> Self {
        let asks = |name: &str| {
            query.split('&').any(|part| {
                let (key, value) = part.split_once('=').unwrap_or((part, "1"));
                key == name && !matches!(value, "0" | "false" | "")
            })
        };
        match (asks("embed"), asks("present")) {
            (true, _) => Self::Embed,
            (false, true) => Self::Present,
            (false, false) => Self::Usual,
        }
    }

    /// How much larger than usual everything is drawn; `style/occasion.css` has the same number.
    #[must_use]
    pub fn zoom(self) -> f64 {
        if self == Self::Present { 1.6 } else { 1.0 }
    }

    /// The class of the page.
    #[must_use]
    pub fn class(self) -> &'static str {
        match self {
            Self::Usual => "app",
            Self::Embed => "app embed",
            Self::Present => "app present",
        }
    }

    /// What the address asks for.
    #[must_use]
    pub fn of_address() -> Self {
        Self::of_query(&history::query())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_query_says_the_occasion() {
        for (query, occasion) in [
            ("", Occasion::Usual),
            ("embed=1", Occasion::Embed),
            ("embed", Occasion::Embed),
            ("a=b&present=1", Occasion::Present),
            ("present=0", Occasion::Usual),
            ("embed=", Occasion::Usual),
            ("embedded=1", Occasion::Usual),
            ("embed=1&present=1", Occasion::Embed),
        ] {
            assert_eq!(Occasion::of_query(query), occasion, "{query}");
        }
    }
}
