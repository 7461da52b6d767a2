//! Trouble: a vendor that fails in every way, and a store that is not there.

use std::time::Duration;

use organisation_host::{
    ElementError,
    contract::{
        directory::{Goal, Strategy, SyncStep},
        login::{AuthorizationRequest, Entry},
    },
};
use serde::de::IgnoredAny;

use super::{
    connection,
    copy::{Copy, read_all},
    platform::VendorBehaviour,
    promise::{REASON, REMOVES_NOBODY, WAIT},
    sync::{self, complete},
    trial::Trial,
};

/// A refused credential is asked again after this time at the latest.
const REFUSALS_OVER: Duration = Duration::from_secs(2 * 60 * 60);

/// So many requests of a sync are looked at one by one.
const MOST_REQUESTS: u64 = 24;

/// Ways in which a vendor fails, each with a name.
fn behaviours() -> Vec<(&'static str, VendorBehaviour)> {
    let says = |status, body: &str| VendorBehaviour::Says { status, headers: Vec::new(), body: body.to_owned() };
    let later = |value: &str| VendorBehaviour::Says {
        status: 429,
        headers: vec![("retry-after".to_owned(), value.to_owned())],
        body: "slow down".to_owned(),
    };
    let elsewhere = VendorBehaviour::Says {
        status: 302,
        headers: vec![("location".to_owned(), "https://elsewhere.example/".to_owned())],
        body: String::new(),
    };
    vec![
        ("no connection", VendorBehaviour::Unreachable),
        ("no answer", VendorBehaviour::Silent),
        ("500", says(500, "internal error")),
        ("503 with a page", says(503, "<html><body>maintenance</body></html>")),
        ("a page of a gateway", says(200, "<html><body>sign in to the network</body></html>")),
        ("an empty answer", says(200, "")),
        ("null", says(200, "null")),
        ("a list", says(200, "[]")),
        ("an empty object", says(200, "{}")),
        ("half an answer", says(200, "{\"errcode\": 0, \"access_tok")),
        ("a deep answer", says(200, &"[".repeat(50_000))),
        ("401", says(401, "{}")),
        ("404", says(404, "{}")),
        ("429 for longer than a year", later("99999999999")),
        ("429 until nonsense", later("soon\u{0}")),
        ("a redirect", elsewhere),
    ]
}

/// Looks at every kind of trouble, with the copy of an undisturbed sync beside it.
pub(super) async fn examine(trial: &Trial) -> Result<(), ElementError> {
    let Some((expected, requests)) = sync::reference(trial).await? else { return Ok(()) };
    vendor(trial, &expected).await?;
    one_answer(trial, &expected, requests).await?;
    store(trial).await
}

async fn vendor(trial: &Trial, expected: &Copy) -> Result<(), ElementError> {
    let known = trial.element("trouble")?;
    if complete(trial, &known).await.is_none() {
        return Ok(());
    }
    for (number, (what, behaviour)) in behaviours().into_iter().enumerate() {
        let fresh = trial.element(&format!("trouble-{number}"))?;
        trial.platform.set_behaviour(behaviour.clone());
        // Whatever comes of it is for `ask` to judge: an error with a reason, and no broken call.
        connection::examine(trial, &known, what).await;
        let _ = trial.ask(known.sync_member("conform-nobody")).await;
        // What may be an answer may be the vendor's way to say that there is nobody of that id.
        if let Some(id) = expected.members.keys().next().filter(|_| is_no_answer(&behaviour)) {
            let _ = trial.ask(known.sync_member(id)).await;
        }
        // An empty copy may well stay empty where the vendor answers nothing.
        for (element, has_copy) in [(&known, true), (&fresh, false)] {
            if let Some(Ok(begun)) = trial.ask(element.begin(&Strategy::Automatic)).await {
                let step = trial.ask(element.advance(&begun.progress.run, Goal::Complete)).await;
                if let Some(Ok(SyncStep::Wait(waiting))) = &step {
                    let time_ms = waiting.not_before.saturating_sub(trial.now_ms());
                    trial.expect(&WAIT, time_ms <= 24 * 60 * 60 * 1_000, || format!("{what}: it waits {time_ms} ms"));
                }
                let is_complete = matches!(step, Some(Ok(SyncStep::Complete(_))));
                trial.expect(&REMOVES_NOBODY, !(has_copy && is_complete), || {
                    format!("{what}: a sync that learned nothing says that it is complete")
                });
            }
        }
        trial.platform.set_behaviour(VendorBehaviour::Itself);
        let Some(copy) = read_all(trial, &known).await else { return Ok(()) };
        trial.expect(&REMOVES_NOBODY, copy.has_records_of(expected), || format!("{what}: the copy has changed"));
        trial.let_pass(REFUSALS_OVER);
    }
    let Some(_) = complete(trial, &known).await else { return Ok(()) };
    let Some(copy) = read_all(trial, &known).await else { return Ok(()) };
    trial.expect(&REMOVES_NOBODY, copy.has_records_of(expected), || "after all trouble the copy differs".to_owned());
    Ok(())
}

/// Whether this tells nothing, in whatever way a vendor answers: no connection, a failed server, a page, or half an answer.
fn is_no_answer(behaviour: &VendorBehaviour) -> bool {
    match behaviour {
        VendorBehaviour::Itself => false,
        VendorBehaviour::Unreachable | VendorBehaviour::Silent => true,
        VendorBehaviour::Says { status: 500.., .. } => true,
        VendorBehaviour::Says { status, body, .. } => {
            *status == 200 && !body.is_empty() && serde_json::from_str::<IgnoredAny>(body).is_err()
        }
    }
}

/// One request of a sync fails, and every other is answered: what that one would have told is not gone.
async fn one_answer(trial: &Trial, expected: &Copy, requests: u64) -> Result<(), ElementError> {
    let element = trial.element("one-answer")?;
    if complete(trial, &element).await.is_none() {
        return Ok(());
    }
    let says = |status, body: &str| VendorBehaviour::Says { status, headers: Vec::new(), body: body.to_owned() };
    let behaviours =
        [says(500, "internal error"), says(200, "{\"conform\": tru"), says(200, "null"), VendorBehaviour::Silent];
    for nth in 0..requests.min(MOST_REQUESTS) {
        for behaviour in &behaviours {
            trial.platform.set_behaviour_once(Some((nth, behaviour.clone())));
            let synced = match trial.ask(element.begin(&Strategy::Automatic)).await {
                Some(Ok(begun)) => Some(sync::advance_at_once(trial, &element, &begun.progress.run).await),
                _ => None,
            };
            trial.platform.set_behaviour_once(None);
            let Some(copy) = read_all(trial, &element).await else { return Ok(()) };
            let is_kept = trial.expect(&REMOVES_NOBODY, copy.has_records_of(expected), || {
                let came = synced.map_or_else(|| "no run".to_owned(), |came| came.to_string());
                format!(
                    "request {nth} of a sync got {behaviour:?}, the run ended with {came}, and the copy has changed"
                )
            });
            if !is_kept {
                return Ok(());
            }
            trial.let_pass(REFUSALS_OVER);
        }
    }
    Ok(())
}

async fn store(trial: &Trial) -> Result<(), ElementError> {
    let element = trial.element("store")?;
    let request = AuthorizationRequest::new(Entry::Browser);
    let expected = ["unavailable"];
    trial.platform.let_store_fail(true);
    trial.refused(&REASON, "begin without a store", &expected, element.begin(&Strategy::Automatic)).await;
    trial.refused(&REASON, "overview without a store", &expected, element.overview()).await;
    trial.refused(&REASON, "changes without a store", &expected, element.changes(None, 10)).await;
    trial.refused(&REASON, "authorization-url without a store", &expected, element.authorization_url(&request)).await;
    trial.refused(&REASON, "reset without a store", &expected, element.reset()).await;
    trial.platform.let_store_fail(false);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_an_answer_is_not_taken_for_a_failure() {
        let none: Vec<_> =
            behaviours().into_iter().filter(|(_, behaviour)| is_no_answer(behaviour)).map(|(what, _)| what).collect();
        let expected = [
            "no connection",
            "no answer",
            "500",
            "503 with a page",
            "a page of a gateway",
            "half an answer",
            "a deep answer",
        ];
        assert_eq!(none, expected);
    }
}
