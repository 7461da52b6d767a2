//! Members whom the vendor does not show any more: an administrator, and all but one. Both stay until somebody approves that they go.
//! Last of all, since nobody brings them back.

use organisation_host::{
    Element, ElementError,
    contract::{
        directory::{Goal, Strategy, SyncStep},
        types::Reason,
    },
};

use super::{
    VendorAdmin,
    administration::DECIDER,
    copy::{is_present, read_all},
    promise::{ADMINISTRATOR_STAYS, NOT_MANY, Promise},
    sync::{self, RunEnd, complete},
    trial::Trial,
};

/// Looks at both, where somebody can take members away.
pub(super) async fn examine(trial: &Trial) -> Result<(), ElementError> {
    let Some(admin) = &trial.subject.vendor_admin else {
        trial.findings.skip(&[&ADMINISTRATOR_STAYS, &NOT_MANY], "nobody is there who takes members away at the vendor");
        return Ok(());
    };
    let element = trial.element("removal")?;
    if complete(trial, &element).await.is_none() {
        return Ok(());
    }
    let Some(copy) = read_all(trial, &element).await else { return Ok(()) };
    let mut present: Vec<String> =
        copy.members.values().filter(|one| is_present(one)).map(|one| one.id.clone()).collect();
    // One is an administrator, one stays, and two are not one.
    if present.len() < 4 {
        trial.findings.skip(&[&ADMINISTRATOR_STAYS, &NOT_MANY], "the organisation has fewer than four present members");
        return Ok(());
    }
    let Some(first) = present.pop() else { return Ok(()) };
    if trial.can("administration.set-administrators") {
        // What kept it from its end is a finding.
        let _ = administrator(trial, &element, admin.as_ref(), first).await;
    } else {
        trial.findings.skip(&[&ADMINISTRATOR_STAYS], "the element knows no administrators");
    }
    let _ = many(trial, &element, admin.as_ref(), &present[1..]).await;
    Ok(())
}

async fn administrator(trial: &Trial, element: &Element, admin: &dyn VendorAdmin, id: String) -> Option<()> {
    let ids = [id];
    trial.demand(&ADMINISTRATOR_STAYS, element.set_administrators(&ids, DECIDER)).await?;
    take_away(trial, &ADMINISTRATOR_STAYS, admin, &ids).await?;
    let refresh = element.sync_member(&ids[0]);
    trial.refused(&ADMINISTRATOR_STAYS, "a refresh of one", &["mass-removal-blocked"], refresh).await;
    approved(trial, &ADMINISTRATOR_STAYS, element, &ids).await
}

async fn many(trial: &Trial, element: &Element, admin: &dyn VendorAdmin, ids: &[String]) -> Option<()> {
    take_away(trial, &NOT_MANY, admin, ids).await?;
    approved(trial, &NOT_MANY, element, ids).await
}

async fn take_away(trial: &Trial, promise: &'static Promise, admin: &dyn VendorAdmin, ids: &[String]) -> Option<()> {
    for id in ids {
        if let Err(why) = admin.remove_member(id).await {
            trial.findings.skip(&[promise], format!("{id} cannot be taken away at the vendor: {why}"));
            return None;
        }
    }
    Some(())
}

/// A sync stops before they go, and takes them away once that is approved.
async fn approved(trial: &Trial, promise: &'static Promise, element: &Element, ids: &[String]) -> Option<()> {
    let begun = trial.demand(promise, element.begin(&Strategy::Automatic)).await?;
    let run = begun.progress.run;
    let came = sync::advance(trial, element, &run, Goal::Complete).await;
    let present = present(trial, promise, element, ids).await?;
    trial.expect(promise, present == ids.len() && matches!(came, RunEnd::Stopped(_)), || {
        format!("the vendor does not show {} any more, {present} are left, and the sync ended with: {came}", ids.len())
    });
    let blocked = match trial.demand(promise, element.advance(&run, Goal::Complete)).await? {
        SyncStep::Blocked(pause) => pause,
        step => {
            trial.findings.broken(promise, format!("expected a blocked run, found {step:?}"));
            return None;
        }
    };
    let Reason::MassRemovalBlocked(counts) = blocked.error.reason else {
        trial.findings.broken(promise, format!("a blocked run says {:?}", blocked.error.reason));
        return None;
    };
    trial.expect(promise, counts.members == ids.len() as u64, || format!("of {} it counts {counts:?}", ids.len()));
    trial.demand(promise, element.approve(&run, counts)).await?;
    complete(trial, element).await?;
    let present = self::present(trial, promise, element, ids).await?;
    trial.expect(promise, present == 0, || format!("after the approval {present} of {} are left", ids.len()));
    Some(())
}

/// How many of them are in the copy as present.
async fn present(trial: &Trial, promise: &'static Promise, element: &Element, ids: &[String]) -> Option<usize> {
    let mut present = 0;
    for ids in ids.chunks(200) {
        let found = trial.demand(promise, element.find_members(ids)).await?;
        present += found.iter().flatten().filter(|member| is_present(member)).count();
    }
    Some(present)
}
