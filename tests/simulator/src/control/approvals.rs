//! The desk of the approvals app: who applies, decides, comments, takes back.

use serde_json::Value;

use super::Control;
use crate::api::template_nodes;
use crate::approval::{Approval, ApprovalStatus, Change, Decision, DeskError, Submission, Template};
use crate::world::World;

impl Control {
    /// The templates of the corp: a few that use every control, and those that were added.
    pub fn templates(&self) -> Vec<Template> {
        self.0.lock().approvals.templates().cloned().collect()
    }

    /// Adds a template, or replaces the one of its id.
    pub fn add_template(&self, template: Template) {
        self.0.lock().approvals.add_template(template);
    }

    /// Every request, by submission.
    pub fn approvals(&self) -> Vec<Approval> {
        self.0.lock().approvals.requests().cloned().collect()
    }

    /// One request.
    pub fn approval(&self, number: &str) -> Option<Approval> {
        self.0.lock().approvals.request(number).cloned()
    }

    /// A member applies inside WeCom, with the flow of the template; `contents` is what `apply_data.contents` holds and is
    /// not checked. Answers the number of the request.
    ///
    /// ```
    /// # fn example(control: &wecom_simulator::Control) -> Result<(), wecom_simulator::DeskError> {
    /// use wecom_simulator::{ApprovalStatus, Decision, PURCHASE_TEMPLATE};
    ///
    /// let number = control.submit_approval("lisi", PURCHASE_TEMPLATE, vec![])?;
    /// let request = control.decide("ZhangSan", &number, &Decision::Agree("同意".to_owned()))?;
    /// assert_eq!(request.status, ApprovalStatus::Approved);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Member or template unknown; a template whose flow the applicant chooses has nobody to decide.
    pub fn submit_approval(&self, member: &str, template: &str, contents: Vec<Value>) -> Result<String, DeskError> {
        let mut world = self.0.lock();
        let corp = world.corp().clone();
        let applicant = corp.member(member).ok_or_else(|| DeskError::MemberUnknown(member.to_owned()))?;
        let unknown = || DeskError::TemplateUnknown(template.to_owned());
        let template = world.approvals.template(template).ok_or_else(unknown)?.clone();
        let nodes = template_nodes(&corp, &template, applicant).map_err(|_| unknown())?;
        let department = applicant.main().unwrap_or_default();
        let submission = Submission { applicant: applicant.id.clone(), department, nodes, contents };
        let number = world.submit_approval(&template, submission);
        world.tell_approval(&number, Change::Submitted);
        Ok(number)
    }

    /// A member whose turn it is decides; every app that may hear of it is told. Answers the request as it is then.
    ///
    /// # Errors
    /// The request is unknown or finished, or it is not the member's turn.
    pub fn decide(&self, member: &str, number: &str, decision: &Decision) -> Result<Approval, DeskError> {
        if let Decision::Transfer(to) | Decision::AddApprover(to) = decision
            && self.read(|corp| corp.member(to).is_none())
        {
            return Err(DeskError::MemberUnknown(to.clone()));
        }
        self.at_the_desk(number, |world, now| world.approvals.decide(member, number, decision, now))
    }

    /// The applicant takes a request back, also after it was approved.
    ///
    /// # Errors
    /// The request is unknown or neither in progress nor approved, or somebody else's.
    pub fn withdraw(&self, applicant: &str, number: &str) -> Result<Approval, DeskError> {
        self.at_the_desk(number, |world, _| world.approvals.withdraw(applicant, number))
    }

    /// Sets a status that no decision leads to, such as deleted or paid. Nobody is told: the event has no number for it.
    ///
    /// # Errors
    /// The request is unknown.
    pub fn set_approval_status(&self, number: &str, status: ApprovalStatus) -> Result<(), DeskError> {
        self.0.lock().approvals.set_status(number, status)
    }

    /// The applicant asks for a decision.
    ///
    /// # Errors
    /// The request is unknown or not in progress, or somebody else's.
    pub fn urge(&self, applicant: &str, number: &str) -> Result<Approval, DeskError> {
        self.at_the_desk(number, |world, _| world.approvals.urge(applicant, number))
    }

    /// A member comments on a request.
    ///
    /// # Errors
    /// The request or the member is unknown.
    pub fn comment(&self, member: &str, number: &str, text: &str) -> Result<Approval, DeskError> {
        if self.read(|corp| corp.member(member).is_none()) {
            return Err(DeskError::MemberUnknown(member.to_owned()));
        }
        self.at_the_desk(number, |world, now| world.approvals.comment(member, number, text, now))
    }

    fn at_the_desk(
        &self,
        number: &str,
        act: impl FnOnce(&mut World, u64) -> Result<Change, DeskError>,
    ) -> Result<Approval, DeskError> {
        let mut world = self.0.lock();
        let now = world.now();
        let change = act(&mut world, now)?;
        world.tell_approval(number, change);
        world.approvals.request(number).cloned().ok_or_else(|| DeskError::Unknown(number.to_owned()))
    }
}
