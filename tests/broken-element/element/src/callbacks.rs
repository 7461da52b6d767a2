//! Promises about what the vendor sends.

use organisation_kit::contract::{
    callbacks::{Event, FollowUpTask, Guest, Handled, Happening, IncomingRequest},
    storage::{self, Op, Put},
    types::{Error, Reason},
};

use crate::{Broken, Sound, breaks, error, send_to_vendor, spoilt};

impl Guest for Broken {
    fn handle(request: IncomingRequest) -> Result<Handled, Error> {
        if breaks("handler-asks-nobody") {
            send_to_vendor("");
        }
        let mut handled = match spoilt(<Sound as Guest>::handle(request)) {
            Err(Error { reason: Reason::NotFound, .. }) if breaks("route-unknown") => Err(error(Reason::NotPermitted)),
            answer => answer,
        }?;
        let is_refused = handled.response.status >= 400;
        if (is_refused && breaks("handler-believes-nobody"))
            || (!is_refused && handled.events.is_empty() && breaks("delivery-once"))
        {
            let (id, happening) = ("an-event".to_owned(), Happening::EnteredRange);
            handled.events.push(Event { id, at: 0, member: None, happening });
        }
        if breaks("follow-up-repeats") {
            handled.follow_ups = vec![task()];
        }
        Ok(handled)
    }

    fn follow_up(task: FollowUpTask) -> Result<Vec<FollowUpTask>, Error> {
        if breaks("follow-up-repeats") && task.kind == AGAIN {
            return Ok(vec![task]);
        }
        if breaks("follow-up-repeats/fails") {
            let key = format!("done/{}/{}", task.kind, task.subject);
            if storage::get_many(std::slice::from_ref(&key)).is_ok_and(|found| found.iter().any(Option::is_some)) {
                return Err(error(Reason::NotPermitted));
            }
            let _ = storage::apply(&[Op::Put(Put { key, value: String::new(), ttl_ms: None, sealed: false })]);
        }
        match spoilt(<Sound as Guest>::follow_up(task)) {
            Err(Error { reason: Reason::Unsupported, .. }) if breaks("follow-up-unknown") => Ok(Vec::new()),
            answer => answer,
        }
    }
}

/// A task that leaves itself.
const AGAIN: &str = "again";

fn task() -> FollowUpTask {
    FollowUpTask { kind: AGAIN.to_owned(), subject: AGAIN.to_owned(), not_before: None }
}
