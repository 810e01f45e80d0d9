//! Many services: in layers from left to right, what connects them above.

use super::{
    BLOCK_H, BOX, COLUMN, GUTTER, Kind, Layout, MARGIN, PILL, Rect, Request, block, layers,
    members, replicas,
};

impl Layout {
    /// The services in layers by who leads to whom; the broker and the hubs in a band above them.
    pub(super) fn many(&mut self, request: &Request, broker: Option<usize>, services: &[usize]) {
        let shown: Vec<usize> = services
            .iter()
            .flat_map(|node| std::iter::once(*node).chain(replicas(request, *node)))
            .collect();
        let place = |node: usize| shown.iter().position(|other| *other == node);
        let direct = request.edges.iter().map(|(from, to)| (*from, *to));
        let topics = request.topics.iter().flat_map(|topic| {
            topic.consumers.iter().map(move |consumer| (topic.publisher, *consumer))
        });
        let owned = shown.iter().filter_map(|node| match request.nodes[*node].0 {
            Kind::Replica(of) => Some((of, *node)),
            _ => None,
        });
        let edges: Vec<(usize, usize)> = direct
            .chain(topics)
            .chain(owned)
            .filter_map(|(from, to)| Some((place(from)?, place(to)?)))
            .collect();
        let columns = layers(shown.len(), &edges);
        let pitch = COLUMN + GUTTER;
        let wide = MARGIN * 2.0 + PILL.0 + GUTTER + columns.len() as f64 * pitch;
        self.width = self.width.max(wide);
        let first_x = MARGIN + PILL.0 + GUTTER;
        let mut top = MARGIN;
        let mut x = first_x;
        for hub in members(request, Kind::Hub) {
            self.service(request, hub, x, top, BOX.0);
            x += pitch;
        }
        if x > first_x {
            top += BLOCK_H;
        }
        if let Some(broker) = broker {
            let height = 44.0 + request.topics.len() as f64 * super::FLAT_H + 8.0;
            let width = (self.width - first_x - MARGIN).min(900.0);
            let rect = Rect::new(first_x, top, width, height);
            self.nodes[broker] = rect;
            self.topics_below_each_other(request, rect, true);
            top += height + 60.0;
        }
        let tall = |column: &Vec<usize>| -> f64 {
            column.iter().map(|at| block(request, shown[*at])).sum()
        };
        let tallest = columns.iter().map(tall).fold(0.0, f64::max);
        for (at, column) in columns.iter().enumerate() {
            let mut y = top + (tallest - tall(column)) / 2.0;
            for node in column {
                self.block(request, shown[*node], first_x + at as f64 * pitch, y);
                y += block(request, shown[*node]);
            }
        }
        for clients in members(request, Kind::Clients) {
            let y = top + (tallest - PILL.1) / 2.0;
            self.nodes[clients] = Rect::new(MARGIN, y, PILL.0, PILL.1);
        }
        self.height = self.height.max(top + tallest + MARGIN);
    }
}
