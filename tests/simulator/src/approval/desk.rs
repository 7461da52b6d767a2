//! The desk: requests come in, people decide, and each change is told.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

use super::calendar;
use super::flow::{AGREED, ApprovalNode, HANDED_OVER, HANDLED, NodeKind, NodeMember, REJECTED, TRANSFERRED};
use super::request::{Approval, ApprovalStatus, Change, Comment, covered};
use super::template::{self, Template};
use crate::clock::UnixMillis;
use crate::corp::folded;

/// What somebody does with a request whose turn it is.
///
/// ```
/// use wecom_simulator::Decision;
///
/// let decision = Decision::Agree("同意".to_owned());
/// let other = Decision::Transfer("wangwu".to_owned());
/// assert_ne!(decision, other);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Agrees, or has handled it, with a remark.
    Agree(String),
    /// Rejects, with a remark.
    Reject(String),
    /// Hands the decision to another member.
    Transfer(String),
    /// Has another member decide beside.
    AddApprover(String),
}

/// Why the desk refuses.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeskError {
    /// No request has this number.
    #[error("there is no request {0:?}")]
    Unknown(String),
    /// No template has this id.
    #[error("there is no template {0:?}")]
    TemplateUnknown(String),
    /// No member has this id.
    #[error("member {0:?} does not exist")]
    MemberUnknown(String),
    /// It is not the member's turn.
    #[error("{member:?} has nothing to decide on request {number:?}; awaited: {awaited}")]
    NotAwaited {
        /// The member.
        member: String,
        /// The request.
        number: String,
        /// Who is awaited.
        awaited: String,
    },
    /// The request is not in a state for this.
    #[error("request {number:?} has the status {status:?}, which does not allow this")]
    Status {
        /// The request.
        number: String,
        /// Its status.
        status: ApprovalStatus,
    },
    /// Somebody else's request.
    #[error("{0:?} did not apply")]
    NotApplicant(String),
}

/// A request that passed every check.
#[derive(Clone, Debug)]
pub(crate) struct Submission {
    pub(crate) applicant: String,
    pub(crate) department: u64,
    pub(crate) nodes: Vec<ApprovalNode>,
    pub(crate) contents: Vec<Value>,
}

/// Templates and requests of the corp.
#[derive(Debug)]
pub(crate) struct Approvals {
    templates: BTreeMap<String, Template>,
    /// In the order of submission.
    requests: Vec<Approval>,
    /// Where a number stands in `requests`.
    places: HashMap<String, usize>,
    comments: u64,
}

impl Default for Approvals {
    fn default() -> Self {
        let templates = template::standard().into_iter().map(|one| (one.id.clone(), one)).collect();
        Self { templates, requests: Vec::new(), places: HashMap::new(), comments: 0 }
    }
}

impl Approvals {
    pub(crate) fn templates(&self) -> impl Iterator<Item = &Template> {
        self.templates.values()
    }

    pub(crate) fn template(&self, id: &str) -> Option<&Template> {
        self.templates.get(id)
    }

    pub(crate) fn add_template(&mut self, template: Template) {
        self.templates.insert(template.id.clone(), template);
    }

    /// All requests by submission.
    pub(crate) fn requests(&self) -> impl Iterator<Item = &Approval> {
        self.requests.iter()
    }

    pub(crate) fn request(&self, number: &str) -> Option<&Approval> {
        self.requests.get(*self.places.get(number)?)
    }

    fn request_mut(&mut self, number: &str) -> Result<&mut Approval, DeskError> {
        let place = self.places.get(number).copied();
        let found = place.and_then(|place| self.requests.get_mut(place));
        found.ok_or_else(|| DeskError::Unknown(number.to_owned()))
    }

    /// Whether the applicant has another leave or attendance at the time of these contents.
    pub(crate) fn overlaps(&self, applicant: &str, contents: &[Value]) -> bool {
        let own =
            self.requests.iter().filter(|one| one.status.is_live() && folded(&one.applicant) == folded(applicant));
        let taken: Vec<(i64, i64)> = own.flat_map(Approval::covers).collect();
        contents
            .iter()
            .filter_map(|content| covered(&content["value"]))
            .any(|(from, to)| taken.iter().any(|(begin, end)| from < *end && *begin < to))
    }

    /// Takes a request in.
    /// Answers its number.
    pub(crate) fn submit(&mut self, template: &Template, submission: Submission, now: UnixMillis) -> String {
        let number = format!("{}{:04}", calendar::day(now), self.requests.len() + 1);
        let Submission { applicant, department, nodes, contents } = submission;
        self.places.insert(number.clone(), self.requests.len());
        self.requests.push(Approval {
            number: number.clone(),
            name: template.name().to_owned(),
            template: template.id.clone(),
            record_type: template.record_type,
            applicant,
            department,
            applied: now,
            status: ApprovalStatus::InProgress,
            nodes,
            contents,
            comments: Vec::new(),
        });
        number
    }

    /// One decision; answers what happened.
    pub(crate) fn decide(
        &mut self,
        member: &str,
        number: &str,
        decision: &Decision,
        now: UnixMillis,
    ) -> Result<Change, DeskError> {
        let request = self.request_mut(number)?;
        let refused = DeskError::NotAwaited {
            member: member.to_owned(),
            number: number.to_owned(),
            awaited: request.awaited().join(" "),
        };
        if request.status != ApprovalStatus::InProgress {
            return Err(DeskError::Status { number: number.to_owned(), status: request.status });
        }
        let Some(node) = request.nodes.iter_mut().find(|node| node.waits()) else { return Err(refused) };
        let handler = node.kind == NodeKind::Handler;
        let Some(acting) = node.turn_of(member) else { return Err(refused) };
        let seconds = now / 1000;
        let change = match decision {
            Decision::Agree(speech) => {
                acting.state = if handler { HANDLED } else { AGREED };
                (acting.speech, acting.decided) = (speech.clone(), seconds);
                if handler { Change::Handled } else { Change::Agreed }
            }
            Decision::Reject(speech) => {
                acting.state = REJECTED;
                (acting.speech, acting.decided) = (speech.clone(), seconds);
                Change::Rejected
            }
            Decision::Transfer(to) => {
                (acting.state, acting.decided) = (if handler { HANDED_OVER } else { TRANSFERRED }, seconds);
                insert_after(node, member, to);
                if handler { Change::HandedOver } else { Change::Transferred }
            }
            Decision::AddApprover(to) => {
                insert_after(node, member, to);
                Change::ApproverAdded
            }
        };
        node.settle();
        if node.state == REJECTED {
            request.status = ApprovalStatus::Rejected;
        } else if !request.nodes.iter().any(ApprovalNode::waits) {
            request.status = ApprovalStatus::Approved;
        }
        Ok(change)
    }

    /// The applicant takes a request back, also after it was approved.
    pub(crate) fn withdraw(&mut self, applicant: &str, number: &str) -> Result<Change, DeskError> {
        let request = self.own(applicant, number)?;
        let (status, change) = match request.status {
            ApprovalStatus::InProgress => (ApprovalStatus::Withdrawn, Change::Withdrawn),
            ApprovalStatus::Approved => (ApprovalStatus::WithdrawnAfterApproval, Change::WithdrawnAfterApproval),
            status => return Err(DeskError::Status { number: number.to_owned(), status }),
        };
        request.status = status;
        Ok(change)
    }

    /// Sets a status that no decision leads to.
    pub(crate) fn set_status(&mut self, number: &str, status: ApprovalStatus) -> Result<(), DeskError> {
        self.request_mut(number)?.status = status;
        Ok(())
    }

    /// The applicant asks for a decision.
    pub(crate) fn urge(&mut self, applicant: &str, number: &str) -> Result<Change, DeskError> {
        let request = self.own(applicant, number)?;
        match request.status {
            ApprovalStatus::InProgress => Ok(Change::Urged),
            status => Err(DeskError::Status { number: number.to_owned(), status }),
        }
    }

    /// Somebody comments.
    pub(crate) fn comment(
        &mut self,
        member: &str,
        number: &str,
        text: &str,
        now: UnixMillis,
    ) -> Result<Change, DeskError> {
        let id = (7_000_000_000_000_000_001 + self.comments).to_string();
        let request = self.request_mut(number)?;
        request.comments.push(Comment { id, member: member.to_owned(), text: text.to_owned(), at: now / 1000 });
        self.comments += 1;
        Ok(Change::Commented)
    }

    fn own(&mut self, applicant: &str, number: &str) -> Result<&mut Approval, DeskError> {
        let request = self.request_mut(number)?;
        if folded(&request.applicant) == folded(applicant) {
            Ok(request)
        } else {
            Err(DeskError::NotApplicant(applicant.to_owned()))
        }
    }
}

/// Lets another member decide right after this one.
fn insert_after(node: &mut ApprovalNode, member: &str, other: &str) {
    let at = node.members.iter().position(|one| folded(&one.id) == folded(member)).map_or(0, |at| at + 1);
    node.members.insert(at, NodeMember::pending(other));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::approval::{PURCHASE_TEMPLATE, Relation};

    fn desk(nodes: &[ApprovalNode]) -> (Approvals, String) {
        let mut desk = Approvals::default();
        let template = desk.template(PURCHASE_TEMPLATE).unwrap().clone();
        let submission =
            Submission { applicant: "ann".into(), department: 1, nodes: nodes.to_vec(), contents: Vec::new() };
        let number = desk.submit(&template, submission, 1_760_000_000_000);
        (desk, number)
    }

    /// Name, nodes, decisions (`!` marks one that is refused), and the status and who is awaited then.
    type FlowRow<'r> = (&'r str, &'r [ApprovalNode], &'r [&'r str], ApprovalStatus, &'r [&'r str]);

    #[test]
    fn every_relation_has_its_way() {
        use ApprovalStatus::{Approved, InProgress, Rejected};
        use NodeKind::{Approver, Copy, Handler};
        let node = ApprovalNode::new;
        let two = ["a", "b"];
        let all = [node(Approver, Relation::All, &two)];
        let any = [node(Approver, Relation::Any, &two)];
        let turn = [node(Approver, Relation::InTurn, &two)];
        let chain = [
            node(Approver, Relation::Any, &["a"]),
            node(Copy, Relation::All, &["z"]),
            node(Approver, Relation::All, &["b"]),
            node(Handler, Relation::Any, &["h"]),
        ];
        let rows: Vec<FlowRow<'_>> = vec![
            ("all, one", &all, &["b+"], InProgress, &["a"]),
            ("all, both", &all, &["b+", "A+"], Approved, &[]),
            ("all, one rejects", &all, &["b+", "a-"], Rejected, &[]),
            ("any, one", &any, &["b+", "!a+"], Approved, &[]),
            ("any, one rejects", &any, &["b-"], Rejected, &[]),
            ("in turn, the second waits", &turn, &["!b+"], InProgress, &["a"]),
            ("in turn", &turn, &["a+", "!a+", "b+"], Approved, &[]),
            ("in turn, rejected", &turn, &["a-", "!b+"], Rejected, &[]),
            ("a chain", &chain, &["!b+", "a+", "!z+"], InProgress, &["b"]),
            ("a chain to its handler", &chain, &["a+", "b+"], InProgress, &["h"]),
            ("a chain to its end", &chain, &["a+", "b+", "h+"], Approved, &[]),
            ("a handler hands over", &chain, &["a+", "b+", "h>i", "!h+"], InProgress, &["i"]),
            ("another handler", &chain, &["a+", "b+", "h>i", "i+"], Approved, &[]),
            ("transferred", &any[..1], &["a>c", "!a+"], InProgress, &["c", "b"]),
            ("transferred and agreed", &turn, &["a>c", "c+", "b+"], Approved, &[]),
            ("another beside", &turn, &["a*c", "a+", "!b+"], InProgress, &["c"]),
        ];
        for (name, nodes, decisions, status, awaited) in rows {
            let (mut desk, number) = desk(nodes);
            for text in decisions {
                let wanted = text.trim_start_matches('!');
                let (member, rest) = wanted.split_at(1);
                let decision = match rest.split_at(1) {
                    ("+", _) => Decision::Agree(String::new()),
                    ("-", _) => Decision::Reject(String::new()),
                    (">", to) => Decision::Transfer(to.to_owned()),
                    (_, to) => Decision::AddApprover(to.to_owned()),
                };
                let result = desk.decide(member, &number, &decision, 0);
                assert_eq!(result.is_err(), text.starts_with('!'), "{name}: {text}: {result:?}");
            }
            let request = desk.request(&number).unwrap();
            assert_eq!((request.status, request.awaited()), (status, awaited.to_vec()), "{name}");
        }
    }

    #[test]
    fn only_the_applicant_takes_back_and_urges() {
        let nodes = [ApprovalNode::new(NodeKind::Approver, Relation::Any, &["a"])];
        let (mut desk, number) = desk(&nodes);
        assert_eq!(number, "202510090001");
        assert_eq!(desk.urge("ann", &number), Ok(Change::Urged));
        assert_eq!(desk.withdraw("a", &number), Err(DeskError::NotApplicant("a".into())));
        desk.decide("a", &number, &Decision::Agree(String::new()), 0).unwrap();
        assert!(desk.urge("ann", &number).is_err());
        assert_eq!(desk.withdraw("ann", &number), Ok(Change::WithdrawnAfterApproval));
        assert!(desk.withdraw("ann", &number).is_err() && desk.withdraw("ann", "x").is_err());
    }
}
