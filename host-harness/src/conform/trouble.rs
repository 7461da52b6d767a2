//! Trouble: a vendor that fails in every way, a store that is not there, calls that are cut off, small limits.

use std::time::Duration;

use super::{
    connection,
    copy::{Copy, read_all},
    platform::{Cut, VendorMood},
    promise::{ANY_HOST, KILLED, LIMITS, REASON, REMOVES_NOBODY, WAIT},
    sync::{Came, advance, complete},
    trial::Trial,
};
use crate::{
    ElementError, Limits,
    contract::{
        directory::{Goal, Strategy, SyncStep},
        login::{AuthorizationRequest, Entry},
    },
};

const LEASES_OVER: Duration = Duration::from_secs(60);
/// A refused credential is asked again after this time at the latest.
const REFUSALS_OVER: Duration = Duration::from_secs(2 * 60 * 60);
/// A sync is cut off so often at most, and then carried through.
const MOST_CUTS: u64 = 60;

/// Ways in which a vendor fails, each with a name.
fn moods() -> Vec<(&'static str, VendorMood)> {
    let says = |status, body: &str| VendorMood::Says { status, headers: Vec::new(), body: body.to_owned() };
    let later = |value: &str| VendorMood::Says {
        status: 429,
        headers: vec![("retry-after".to_owned(), value.to_owned())],
        body: "slow down".to_owned(),
    };
    let elsewhere = VendorMood::Says {
        status: 302,
        headers: vec![("location".to_owned(), "https://elsewhere.example/".to_owned())],
        body: String::new(),
    };
    vec![
        ("no connection", VendorMood::Unreachable),
        ("no answer", VendorMood::Silent),
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

/// Looks at every kind of trouble. `expected` is the copy as an undisturbed sync made it.
pub(super) async fn examine(trial: &Trial, expected: &Copy) -> Result<(), ElementError> {
    vendor(trial, expected).await?;
    store(trial).await?;
    cut_off(trial, expected).await?;
    small_limits(trial, expected).await
}

async fn vendor(trial: &Trial, expected: &Copy) -> Result<(), ElementError> {
    let known = trial.element("trouble")?;
    if complete(trial, &known).await.is_none() {
        return Ok(());
    }
    for (number, (what, mood)) in moods().into_iter().enumerate() {
        let fresh = trial.element(&format!("trouble-{number}"))?;
        trial.platform.set_mood(mood);
        // Whatever comes of it is for `ask` to judge: an error with a reason, and no broken call.
        connection::examine(trial, &known, what).await;
        let _ = trial.ask(known.sync_member("conform-nobody")).await;
        for element in [&known, &fresh] {
            if let Some(Ok(begun)) = trial.ask(element.begin(&Strategy::Automatic)).await {
                let step = trial.ask(element.advance(&begun.progress.run, Goal::Complete)).await;
                if let Some(Ok(SyncStep::Wait(waiting))) = &step {
                    let time_ms = waiting.not_before.saturating_sub(trial.now_ms());
                    trial.expect(&WAIT, time_ms <= 24 * 60 * 60 * 1_000, || format!("{what}: it waits {time_ms} ms"));
                }
                let is_complete = matches!(step, Some(Ok(SyncStep::Complete(_))));
                trial.expect(&REMOVES_NOBODY, !is_complete, || {
                    format!("{what}: a sync that learned nothing says that it is complete")
                });
            }
        }
        trial.platform.set_mood(VendorMood::Itself);
        let Some(copy) = read_all(trial, &known).await else { return Ok(()) };
        trial.expect(&REMOVES_NOBODY, same_records(&copy, expected), || format!("{what}: the copy has changed"));
        trial.let_pass(REFUSALS_OVER);
    }
    let Some(_) = complete(trial, &known).await else { return Ok(()) };
    let Some(copy) = read_all(trial, &known).await else { return Ok(()) };
    trial.expect(&REMOVES_NOBODY, same_records(&copy, expected), || "after all trouble the copy differs".to_owned());
    Ok(())
}

fn same_records(one: &Copy, other: &Copy) -> bool {
    one.departments == other.departments && one.members == other.members
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

/// A sync that is cut off again and again, each time a little later, and goes on through another element of the same
/// storage, as on another host.
async fn cut_off(trial: &Trial, expected: &Copy) -> Result<(), ElementError> {
    let hosts = [trial.element("cut-off")?, trial.element("cut-off")?];
    let mut operations = 0;
    for number in 0..MOST_CUTS {
        let element = &hosts[usize::from(number % 2 == 1)];
        let cut = Cut { after: operations, carried_out: number % 3 == 0 };
        let sync = async {
            let begun = trial.ask(element.begin(&Strategy::Automatic)).await?.ok()?;
            Some(advance(trial, element, &begun.progress.run, Goal::Complete).await)
        };
        let came = trial.platform.cut_off_at(cut, sync).await;
        trial.let_pass(LEASES_OVER);
        if read_all(trial, element).await.is_none() {
            return Ok(());
        }
        match came {
            None => operations += 1 + operations / 4,
            Some(Some(Came::Complete(_))) => break,
            Some(None) => return Ok(()),
            Some(Some(came)) => {
                trial
                    .ledger
                    .broken(&ANY_HOST, format!("after {number} calls that were cut off the run ended with: {came}"));
                return Ok(());
            }
        }
    }
    if complete(trial, &hosts[0]).await.is_none() {
        return Ok(());
    }
    if let Some(copy) = read_all(trial, &hosts[1]).await {
        trial.expect(&KILLED, same_records(&copy, expected), || {
            "the copy of a sync that was cut off again and again differs".to_owned()
        });
        trial.expect(&ANY_HOST, true, String::new);
    }
    Ok(())
}

/// The least useful limits of `call`.
async fn small_limits(trial: &Trial, expected: &Copy) -> Result<(), ElementError> {
    let limits = Limits {
        wall_ms: 5_000,
        cpu_ms: 1_000,
        memory_bytes: 32 << 20,
        requests: 5,
        bytes_in: 16 << 20,
        bytes_out: 1 << 20,
        host_calls: 1_000,
        log_bytes: 0,
        parallel: 1,
        largest_response: 1 << 20,
        ..Limits::default()
    };
    let element = trial.element_within("small-limits", limits)?;
    if complete(trial, &element).await.is_none() {
        trial.ledger.broken(&LIMITS, "under the least useful limits a sync does not come to its end");
        return Ok(());
    }
    let reader = trial.element("small-limits")?;
    if let Some(copy) = read_all(trial, &reader).await {
        trial.expect(&LIMITS, same_records(&copy, expected), || {
            "under the least useful limits the copy differs".to_owned()
        });
    }
    Ok(())
}
