//! The flow of a request: nodes, each with members who decide together, any of them, or one after the other.

use serde::Serialize;

use crate::corp::folded;

/// What the members of a node do. The numbers are the wire's `type` and `node_type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum NodeKind {
    /// 1: they decide.
    Approver,
    /// 2: they are told.
    Copy,
    /// 3: they handle what was decided.
    Handler,
}

impl NodeKind {
    /// The number on the wire.
    pub fn number(self) -> u64 {
        match self {
            Self::Approver => 1,
            Self::Copy => 2,
            Self::Handler => 3,
        }
    }

    pub(crate) fn of(number: i64) -> Option<Self> {
        [Self::Approver, Self::Copy, Self::Handler].into_iter().find(|kind| i64::try_from(kind.number()) == Ok(number))
    }
}

/// How the members of a node decide. The numbers are the wire's `apv_rel`; the older `approverattr` has it the other way
/// round.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Relation {
    /// 1 (会签): all must agree.
    All,
    /// 2 (或签): the first who agrees decides.
    Any,
    /// 3: one after the other.
    InTurn,
}

impl Relation {
    /// `apv_rel`.
    pub fn number(self) -> u64 {
        match self {
            Self::All => 1,
            Self::Any => 2,
            Self::InTurn => 3,
        }
    }

    pub(crate) fn of(number: i64) -> Option<Self> {
        [Self::All, Self::Any, Self::InTurn].into_iter().find(|one| i64::try_from(one.number()) == Ok(number))
    }

    /// `approverattr`: 1 any, 2 all.
    pub(crate) fn attribute(self) -> u64 {
        if self == Self::Any { 1 } else { 2 }
    }
}

/// What a node or one of its members has come to: 1 pending, 2 agreed, 3 rejected, 4 transferred,
/// 14 handled, 15 handed over.
pub(super) type State = u64;
pub(super) const PENDING: State = 1;
pub(super) const AGREED: State = 2;
pub(super) const REJECTED: State = 3;
pub(super) const TRANSFERRED: State = 4;
pub(super) const HANDLED: State = 14;
pub(super) const HANDED_OVER: State = 15;

/// One member of a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NodeMember {
    /// The member.
    pub id: String,
    /// What the member said.
    pub speech: String,
    /// 1 pending, 2 agreed, 3 rejected, 4 transferred, 14 handled, 15 handed over.
    pub state: u64,
    /// Unix seconds; 0 while pending.
    pub decided: u64,
}

/// One node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ApprovalNode {
    /// What its members do.
    pub kind: NodeKind,
    /// How they decide; means nothing where they are told only.
    pub relation: Relation,
    /// As [`NodeMember::state`].
    pub state: u64,
    /// Whose turn it is or was.
    pub members: Vec<NodeMember>,
}

impl ApprovalNode {
    /// A node nobody has decided on.
    pub fn new(kind: NodeKind, relation: Relation, members: &[&str]) -> Self {
        let members = members.iter().map(|id| NodeMember::pending(id));
        Self { kind, relation, state: PENDING, members: members.collect() }
    }

    /// Whether this node waits for somebody.
    pub(super) fn waits(&self) -> bool {
        self.kind != NodeKind::Copy && self.state == PENDING
    }

    /// The member whose decision is taken now.
    pub(super) fn turn_of(&mut self, id: &str) -> Option<&mut NodeMember> {
        let mut waiting = self.members.iter_mut().filter(|member| member.state == PENDING);
        if self.relation == Relation::InTurn {
            return waiting.next().filter(|member| folded(&member.id) == folded(id));
        }
        waiting.find(|member| folded(&member.id) == folded(id))
    }

    /// Works out the node's state after a decision.
    pub(super) fn settle(&mut self) {
        let done = if self.kind == NodeKind::Handler { HANDLED } else { AGREED };
        let mut acting = self.members.iter().filter(|member| !matches!(member.state, TRANSFERRED | HANDED_OVER));
        self.state = if self.members.iter().any(|member| member.state == REJECTED) {
            REJECTED
        } else if match self.relation {
            Relation::Any => acting.any(|member| member.state == done),
            Relation::All | Relation::InTurn => acting.all(|member| member.state == done),
        } {
            done
        } else {
            PENDING
        };
    }
}

impl NodeMember {
    pub(super) fn pending(id: &str) -> Self {
        Self { id: id.to_owned(), speech: String::new(), state: PENDING, decided: 0 }
    }
}
