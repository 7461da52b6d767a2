//! Calls that are cut off, and calls that have little to go on with.

use std::time::Duration;

use organisation_host::{
    ElementError, Limits,
    contract::directory::{Goal, Strategy},
};

use super::{
    copy::{Copy, read_all},
    platform::Cut,
    promise::{ANY_HOST, KILLED, LIMITS},
    sync::{self, RunEnd, advance, complete},
    trial::Trial,
};

const LEASES_OVER: Duration = Duration::from_secs(60);
/// Of a run with fewer requests there may be nothing to save.
const FEW_REQUESTS: u64 = 4;
/// A sync is cut off so often at most, and then carried through.
const MOST_CUTS: u64 = 60;
/// At so many places a sync is killed once.
const KILLS: u64 = 8;

/// Looks at both, with the copy of an undisturbed sync beside it.
pub(super) async fn examine(trial: &Trial) -> Result<(), ElementError> {
    let Some((expected, requests)) = sync::reference(trial).await? else { return Ok(()) };
    cut_off(trial, &expected).await?;
    if requests >= FEW_REQUESTS {
        killed_once(trial, &expected).await?;
    } else {
        trial.findings.skip(&[&KILLED], "a sync takes so few requests that there is nothing to save");
    }
    small_limits(trial, &expected).await
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
            Some(Some(RunEnd::Complete(_))) => break,
            Some(Some(RunEnd::Waits(_))) => return Ok(()),
            Some(None) => return Ok(()),
            Some(Some(came)) => {
                trial
                    .findings
                    .broken(&ANY_HOST, format!("after {number} calls that were cut off the run ended with: {came}"));
                return Ok(());
            }
        }
    }
    if complete(trial, &hosts[0]).await.is_none() {
        return Ok(());
    }
    if let Some(copy) = read_all(trial, &hosts[1]).await {
        trial.expect(&KILLED, copy.has_records_of(expected), || {
            "the copy of a sync that was cut off again and again differs".to_owned()
        });
        trial.expect(&ANY_HOST, true, String::new);
    }
    Ok(())
}

/// A sync that is killed once, at many places, and carried through on another host: it takes as many requests as one that nothing
/// disturbs, and those of the step that it was killed in.
async fn killed_once(trial: &Trial, expected: &Copy) -> Result<(), ElementError> {
    let measured = trial.element("never-killed")?;
    let (operations, requests) = (trial.platform.operations(), trial.platform.news());
    if complete(trial, &measured).await.is_none() {
        return Ok(());
    }
    let operations = trial.platform.operations() - operations;
    // How often it asks whether something is ready is the vendor's affair.
    let undisturbed = trial.platform.news() - requests;
    for number in 0..KILLS {
        let (name, after) = (format!("killed-{number}"), operations * (number + 1) / (KILLS + 1));
        let hosts = [trial.element(&name)?, trial.element(&name)?];
        let before = trial.platform.news();
        let sync = complete(trial, &hosts[0]);
        if trial.platform.cut_off_at(Cut { after, carried_out: number % 2 == 0 }, sync).await.is_some() {
            continue;
        }
        let step = trial.platform.step();
        trial.let_pass(LEASES_OVER);
        if complete(trial, &hosts[1]).await.is_none() {
            return Ok(());
        }
        let requests = trial.platform.news() - before;
        trial.expect(&KILLED, requests <= undisturbed + step, || {
            format!(
                "killed at operation {after} of {operations}, in a step of {step} requests, it took {requests} requests instead \
                 of {undisturbed}"
            )
        });
        let Some(copy) = read_all(trial, &hosts[1]).await else { return Ok(()) };
        trial.expect(&KILLED, copy.has_records_of(expected), || {
            format!("killed at operation {after} of {operations}, the copy differs")
        });
    }
    Ok(())
}

/// The least useful limits of `call`.
async fn small_limits(trial: &Trial, expected: &Copy) -> Result<(), ElementError> {
    let limits = Limits::default()
        .wall_ms(5_000)
        .cpu_ms(1_000)
        .memory_bytes(32 << 20)
        .requests(5)
        .bytes_in(16 << 20)
        .bytes_out(1 << 20)
        .host_calls(1_000)
        .log_bytes(0)
        .parallel(1)
        .largest_response(1 << 20);
    let element = trial.element_within("small-limits", limits)?;
    if complete(trial, &element).await.is_none() {
        trial.findings.broken(&LIMITS, "under the least useful limits a sync does not come to its end");
        return Ok(());
    }
    let reader = trial.element("small-limits")?;
    if let Some(copy) = read_all(trial, &reader).await {
        trial.expect(&LIMITS, copy.has_records_of(expected), || {
            "under the least useful limits the copy differs".to_owned()
        });
    }
    Ok(())
}
