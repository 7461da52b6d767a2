//! Who has to decide a request now, and what became of whoever had to. Pure.

use organisation_kit::{
    contract::approvals::{Approval, Consent, Decision, Node, NodeKind},
    directory::id::IdRule,
    locale::Text,
};

/// As a status of a request, a node or a decision.
const PENDING: &str = "pending";
/// A node that has come to an end, whoever of it did not decide.
const ENDED: [&str; 4] = ["approved", "rejected", "handled", "added-and-approved"];

/// What happened, in the words of a card's button.
const WORDS: [(&str, &str, &str); 12] = [
    ("approved", "已同意", "Approved"),
    ("rejected", "已驳回", "Rejected"),
    ("transferred", "已转交", "Transferred"),
    ("returned", "已退回", "Returned"),
    ("approver-added", "已加签", "Approver added"),
    ("added-and-approved", "已同意并加签", "Approved, approver added"),
    ("handled", "已办理", "Handled"),
    ("handed-over", "已转办", "Handed over"),
    ("withdrawn", "已撤回", "Withdrawn"),
    ("withdrawn-after-approval", "通过后已撤销", "Withdrawn after approval"),
    ("deleted", "已删除", "Deleted"),
    ("paid", "已支付", "Paid"),
];

/// Whether the request may still come before somebody.
pub(super) fn is_open(approval: &Approval) -> bool {
    approval.status == PENDING
}

/// Who has to decide now, with the place of their node. Nodes come one after the other, and those that lie ahead are pending as
/// well: it is the first one with somebody who did not decide.
pub(super) fn deciders(approval: &Approval) -> Vec<(usize, &str)> {
    if !is_open(approval) {
        return Vec::new();
    }
    let here = |(index, node): (usize, &Node)| {
        let has_ended = node.status.as_deref().is_some_and(|status| ENDED.contains(&status));
        (node.kind != NodeKind::Copy && !has_ended && node.decisions.iter().any(is_pending)).then_some(index)
    };
    let Some(index) = approval.nodes.iter().enumerate().find_map(here) else { return Vec::new() };
    let node = &approval.nodes[index];
    let most = if node.consent == Some(Consent::InTurn) { 1 } else { usize::MAX };
    let pending = node.decisions.iter().filter(|decision| is_pending(decision)).take(most);
    pending.map(|decision| (index, decision.member.as_str())).collect()
}

fn is_pending(decision: &Decision) -> bool {
    decision.status.as_deref() == Some(PENDING) && !decision.member.is_empty()
}

/// What stands on the card of somebody who does not have to decide any more: what they decided, or else what their node, or
/// the request, came to.
pub(super) fn words(approval: &Approval, ids: IdRule, node: usize, member: &str) -> Text {
    let node = approval.nodes.get(node);
    let own = node.and_then(|node| {
        // Whoever got it back decides twice: the last word counts.
        let mine = node.decisions.iter().rev().filter(|decision| ids.is_same(&decision.member, member));
        mine.filter_map(|decision| decision.status.as_deref()).find(|status| *status != PENDING)
    });
    let of_node = || node.and_then(|node| node.status.as_deref()).filter(|status| *status != PENDING);
    let status = own.or_else(of_node).unwrap_or(&approval.status);
    // The request may go on, and nobody say how this step ended.
    let known = WORDS.iter().find(|(known, _, _)| *known == status);
    known.map_or(Text::new("已处理", "Done"), |(_, zh, en)| Text::new(*zh, *en))
}
