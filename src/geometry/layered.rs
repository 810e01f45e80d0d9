//! Layers: which column each of many services stands in, so that messages run from left to right.

/// The layers of a graph, the first being those that nobody leads to: each node stands one layer
/// after the last that leads to it. An edge that closes a cycle, leads from a node to itself or
/// stands there twice moves nothing. Within a layer, nodes stand near those that lead to them.
#[must_use]
pub fn layers(count: usize, edges: &[(usize, usize)]) -> Vec<Vec<usize>> {
    let forward = forward(count, edges);
    let mut depth = vec![0_usize; count];
    // No path is longer than there are nodes.
    for _ in 0..count {
        let mut moved = false;
        for (from, to) in &forward {
            if depth[*to] <= depth[*from] {
                depth[*to] = depth[*from] + 1;
                moved = true;
            }
        }
        if !moved {
            break;
        }
    }
    let deepest = depth.iter().copied().max().unwrap_or(0);
    let mut layers: Vec<Vec<usize>> = vec![Vec::new(); deepest + 1];
    for (node, layer) in depth.iter().enumerate() {
        layers[*layer].push(node);
    }
    layers.retain(|layer| !layer.is_empty());
    let layers: Vec<Vec<usize>> = layers.into_iter().flat_map(|layer| folded(&layer)).collect();
    ordered(layers, &forward)
}

/// How many stand below each other before a layer takes a further column.
const TALLEST: usize = 8;

fn folded(layer: &[usize]) -> Vec<Vec<usize>> {
    let columns = layer.len().div_ceil(TALLEST).max(1);
    layer.chunks(layer.len().div_ceil(columns).max(1)).map(<[usize]>::to_vec).collect()
}

/// The edges without those that close a cycle, found by walking from the first node on.
fn forward(count: usize, edges: &[(usize, usize)]) -> Vec<(usize, usize)> {
    let mut targets: Vec<Vec<usize>> = vec![Vec::new(); count];
    for (from, to) in edges {
        if from != to && *from < count && *to < count && !targets[*from].contains(to) {
            targets[*from].push(*to);
        }
    }
    // 0: not reached yet; 1: on the way; 2: left behind.
    let mut state = vec![0_u8; count];
    let mut kept = Vec::new();
    for start in 0..count {
        if state[start] != 0 {
            continue;
        }
        let mut way = vec![(start, 0_usize)];
        state[start] = 1;
        while let Some((node, next)) = way.last_mut() {
            let (here, place) = (*node, *next);
            *next += 1;
            match targets[here].get(place) {
                None => {
                    state[here] = 2;
                    way.pop();
                }
                // It leads back to where the walk came from.
                Some(to) if state[*to] == 1 => {}
                Some(to) => {
                    kept.push((here, *to));
                    if state[*to] == 0 {
                        state[*to] = 1;
                        way.push((*to, 0));
                    }
                }
            }
        }
    }
    kept
}

/// Each layer in the order of the middle of those that lead to its nodes.
fn ordered(mut layers: Vec<Vec<usize>>, edges: &[(usize, usize)]) -> Vec<Vec<usize>> {
    for at in 1..layers.len() {
        let before: Vec<usize> = layers[..at].iter().flatten().copied().collect();
        let place = |node: usize| {
            let leading = edges.iter().filter(|(_, to)| *to == node);
            let places: Vec<usize> = leading
                .filter_map(|(from, _)| before.iter().position(|other| other == from))
                .collect();
            // In whole numbers, so that equal graphs stand equal everywhere.
            places.iter().sum::<usize>() * 1_000 / places.len().max(1)
        };
        layers[at].sort_by_key(|node| (place(*node), *node));
    }
    layers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_is_a_layer_each_and_a_cycle_does_not_hang() {
        assert_eq!(layers(3, &[(0, 1), (1, 2)]), [[0], [1], [2]]);
        assert_eq!(layers(3, &[(0, 1), (1, 2), (2, 0)]), [[0], [1], [2]]);
        assert_eq!(layers(2, &[(0, 0), (0, 1), (0, 1), (1, 1)]), [[0], [1]]);
        assert_eq!(layers(0, &[]), Vec::<Vec<usize>>::new());
    }

    #[test]
    fn those_that_nobody_leads_to_fold_into_columns() {
        let all = layers(20, &[]);
        assert_eq!(all.len(), 3);
        assert!(all.iter().all(|layer| layer.len() <= TALLEST));
        assert_eq!(all.iter().map(Vec::len).sum::<usize>(), 20);
    }

    #[test]
    fn nodes_stand_near_what_leads_to_them() {
        assert_eq!(layers(4, &[(0, 3), (1, 2)]), [vec![0, 1], vec![3, 2]]);
    }
}
