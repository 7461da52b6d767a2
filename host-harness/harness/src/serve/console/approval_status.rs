//! What requests, steps and decisions are called, in both languages. The sets are open: what has no name here is shown as the element
//! names it.

use maud::{Markup, html};
use organisation_host::contract::approvals::{Consent, NodeKind};

use super::asked::Asked;

/// Of requests: the name of the contract, how it looks, and what it is called.
pub const REQUESTS: [(&str, &str, [&str; 2]); 7] = [
    ("pending", "tag warn", ["审批中", "pending"]),
    ("approved", "tag good", ["已同意", "approved"]),
    ("rejected", "tag bad", ["已驳回", "rejected"]),
    ("withdrawn", "tag", ["已撤销", "withdrawn"]),
    ("withdrawn-after-approval", "tag", ["通过后撤销", "withdrawn after approval"]),
    ("deleted", "tag", ["已删除", "deleted"]),
    ("paid", "tag good", ["已支付", "paid"]),
];

/// Of steps and decisions, beside those of requests.
const DECISIONS: [(&str, &str, [&str; 2]); 6] = [
    ("transferred", "tag", ["已转审", "passed on"]),
    ("returned", "tag bad", ["已退回", "returned"]),
    ("approver-added", "tag", ["已加签", "approver added"]),
    ("added-and-approved", "tag good", ["已加签并同意", "approver added, and approved"]),
    ("handled", "tag good", ["已办理", "handled"]),
    ("handed-over", "tag", ["已转交", "handed over"]),
];

/// What requests are for, as a search takes it.
pub const KINDS: [(&str, [&str; 2]); 9] = [
    ("leave", ["请假", "leave"]),
    ("punch-correction", ["打卡补卡", "punch correction"]),
    ("trip", ["出差", "trip"]),
    ("out", ["外出", "out"]),
    ("overtime", ["加班", "overtime"]),
    ("shift-change", ["调班", "shift change"]),
    ("meeting-room", ["会议室预定", "meeting room"]),
    ("refund", ["退款", "refund"]),
    ("red-packet", ["红包报销", "red packet"]),
];

/// What a kind is called; nothing where it has no name here.
pub fn kind_name(name: &str) -> Option<[&'static str; 2]> {
    KINDS.iter().find(|(known, _)| *known == name).map(|(_, words)| *words)
}

/// A status as people read it.
pub fn status(asked: &Asked, name: &str) -> Markup {
    let known = REQUESTS.iter().chain(&DECISIONS).find(|(known, ..)| *known == name);
    let (look, words) = known.map_or(("tag", [name, name]), |(_, look, words)| (*look, *words));
    html! { span class=(look) { (asked.language.pick(words[0], words[1])) } }
}

/// What the members of a step do.
pub fn node_kind(asked: &Asked, kind: NodeKind) -> &'static str {
    let [chinese, english] = match kind {
        NodeKind::Approve => ["审批", "Approval"],
        NodeKind::Handle => ["办理", "Handling"],
        NodeKind::Copy => ["抄送", "Copy"],
    };
    asked.language.pick(chinese, english)
}

/// How those of a step decide.
pub fn consent(asked: &Asked, consent: Consent) -> &'static str {
    let [chinese, english] = match consent {
        Consent::All => ["会签", "all of them"],
        Consent::Any => ["或签", "any of them"],
        Consent::InTurn => ["依次审批", "one after the other"],
    };
    asked.language.pick(chinese, english)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_stands_twice() {
        let mut names: Vec<&str> = REQUESTS.iter().chain(&DECISIONS).map(|(name, ..)| *name).collect();
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all);
    }
}
