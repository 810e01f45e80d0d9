//! Where its messages travel, and which transactions its rows know.

use super::*;

/// From the clients to the coordinator, and from it to each service with a step, and back.
#[must_use]
pub fn edges(plan: &Plan) -> Vec<(NodeIx, NodeIx)> {
    let Some(coordinator) = plan.coordinator else { return Vec::new() };
    let steps = plan.flows.iter().flat_map(|flow| &flow.steps);
    let to = steps.filter(|step| step.node != coordinator).map(|step| (coordinator, step.node));
    std::iter::once((plan.clients(), coordinator)).chain(to).collect()
}

/// The transactions that have a row in a table.
pub(super) fn transactions(cx: &Cx<'_>, table: Sym) -> Vec<TxnId> {
    let keys = cx.own().rows().map(|(key, _)| key).filter(|key| key.table == table);
    keys.filter_map(|key| match key.id {
        KeyPart::Int(n) => u32::try_from(n - 1).ok().map(TxnId),
        KeyPart::Text(_) => None,
    })
    .collect()
}
