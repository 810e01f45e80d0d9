//! Many tokens at once: dots painted on a canvas above the graph, where elements would be too slow and
//! names would lie on each other. Only the transaction that is followed keeps its pills and its name.

use interleave_engine::event::Shape;
use interleave_engine::ids::TxnId;
use interleave_engine::views::transactions::{COLOURS, colour};
use leptos::prelude::*;

use super::tokens::Token;
use crate::platform::canvas::{Colours, Pen};
use crate::state::App;
use crate::views::icons::name_of;

/// More tokens than so many are painted.
pub(super) const ELEMENTS_MAX: usize = 48;
/// The size of a dot.
const DOT: f64 = 11.0;
/// The size of a painted token of the transaction that is followed.
const TOKEN: (f64, f64) = (48.0, 22.0);
/// How near a click must be to a painted token.
const NEAR: f64 = 14.0;

/// A token at its place in the layout.
pub(super) struct Placed {
    pub(super) token: Token,
    pub(super) at: (f64, f64),
    pub(super) aside: bool,
}

/// The canvas and what is painted on it.
#[derive(Clone, Default)]
pub(super) struct Crowd {
    pen: Option<Pen>,
    colours: Colours,
    /// Where the tokens are on the canvas, with the ends of their edges.
    places: Vec<(f64, f64, u8, u8)>,
}

impl Crowd {
    /// Takes up the canvas.
    pub(super) fn take(&mut self, canvas: &web_sys::HtmlCanvasElement) {
        self.pen = Pen::of(canvas);
    }

    /// Wipes the canvas, where anything is on it.
    pub(super) fn wipe(&mut self, size: (f64, f64)) {
        if !self.places.is_empty() {
            self.places.clear();
            if let Some(pen) = &self.pen {
                pen.clear(size.0, size.1);
            }
        }
    }

    /// The ends of the edge of the token at a place, the one painted last first.
    pub(super) fn at(&self, x: f64, y: f64) -> Option<(u8, u8)> {
        let near = |place: &&(f64, f64, u8, u8)| (place.0 - x).hypot(place.1 - y) <= NEAR;
        self.places.iter().rev().find(near).map(|place| (place.2, place.3))
    }

    /// Paints the tokens, those of one colour at once.
    pub(super) fn paint(
        &mut self,
        app: App,
        tokens: &[Placed],
        size: (f64, f64),
        (scale, x, y): (f64, f64, f64),
    ) {
        let Some(pen) = self.pen.clone() else { return };
        self.colours.under(app.theme.get_untracked().id());
        pen.clear(size.0, size.1);
        pen.transform(scale, x, y);
        let place = |of: &Placed| {
            let (from, to) = (of.token.from as u8, of.token.to as u8);
            (x + of.at.0 * scale, y + of.at.1 * scale, from, to)
        };
        self.places = tokens.iter().map(place).collect();
        let followed = app.txn.get_untracked().map(TxnId);
        let is_followed = |of: &Placed| followed.is_some() && of.token.txn == followed;
        let line = self.colours.of(&pen, "--bg");
        for at in 0..=COLOURS {
            let of_colour = |of: &&Placed| match of.token.txn {
                Some(txn) => colour(txn) == at,
                None => at == COLOURS,
            };
            let mut any = false;
            pen.begin();
            let dots = tokens.iter().filter(of_colour).filter(|of| !of.aside && !is_followed(of));
            for of in dots {
                pen.rect(of.at.0 - DOT / 2.0, of.at.1 - DOT / 2.0, DOT, DOT, DOT / 2.0);
                any = true;
            }
            if any {
                // The outlines first: where dots are dense they would cover the fills.
                pen.stroke(&line, 2.0);
                let fill = self.fill(&pen, at);
                pen.fill(&fill);
            }
        }
        let ink = self.colours.of(&pen, "--ink");
        for of in tokens.iter().filter(|of| is_followed(of)) {
            let (x, y) = of.at;
            pen.begin();
            pen.rect(x - TOKEN.0 / 2.0, y - TOKEN.1 / 2.0, TOKEN.0, TOKEN.1, TOKEN.1 / 2.0);
            let fill = self.fill(&pen, of.token.txn.map_or(COLOURS, colour));
            pen.fill(&fill);
            pen.stroke(&ink, 1.5);
            pen.begin();
            let shifted = |(dx, dy): &(f64, f64)| (x - 17.0 + dx, y - 5.0 + dy);
            let points: Vec<(f64, f64)> = outline(of.token.shape).iter().map(shifted).collect();
            pen.line(&points);
            pen.fill(&ink);
            pen.font(FONT, &ink);
            pen.text(&name_of(of.token.txn), x - 3.0, y + 4.5);
        }
    }

    /// The fill of a transaction's colour; the last is that of what belongs to none.
    fn fill(&mut self, pen: &Pen, at: u8) -> String {
        let name = if at == COLOURS { "--raise".to_owned() } else { format!("--txn-{at}") };
        self.colours.of(pen, &name)
    }
}

/// The letters of the tokens, as those of the graph.
const FONT: &str = "600 12px Inter, \"Segoe UI\", \"Helvetica Neue\", Arial, sans-serif";

/// The outline of a kind of message within 10 by 10: as `icons::path`, in straight lines.
fn outline(shape: Shape) -> &'static [(f64, f64)] {
    match shape {
        Shape::Command => &[(1.5, 0.0), (9.0, 5.0), (1.5, 10.0)],
        Shape::Event => &[(5.0, 0.0), (10.0, 5.0), (5.0, 10.0), (0.0, 5.0)],
        Shape::Reply => &[(8.5, 0.0), (1.0, 5.0), (8.5, 10.0)],
        Shape::Vote => &[(1.0, 1.0), (9.0, 1.0), (9.0, 9.0), (1.0, 9.0)],
        Shape::Compensation => &[
            (0.8, 2.6),
            (5.0, -1.0),
            (5.0, 1.2),
            (9.0, 2.6),
            (10.4, 6.4),
            (8.4, 10.0),
            (5.2, 11.0),
            (2.0, 11.0),
            (2.0, 8.6),
            (5.0, 8.6),
            (7.6, 7.6),
            (7.6, 5.0),
            (5.0, 4.0),
            (5.0, 6.2),
        ],
        Shape::Query => &[
            (5.0, 0.0),
            (8.5, 1.5),
            (10.0, 5.0),
            (8.5, 8.5),
            (5.0, 10.0),
            (1.5, 8.5),
            (0.0, 5.0),
            (1.5, 1.5),
        ],
    }
}
