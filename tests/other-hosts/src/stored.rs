//! What the element does on a bucket: syncs, and people who sign in.

use std::collections::BTreeMap;

use wasmtime::{Result, bail, ensure, format_err};

use crate::{
    caller::{Caller, Life},
    element::{directory, login, types},
    kept::Kept,
    platform::{Bucket, Platform},
};

/// wasmtime's own bucket, and an instance for each call as the contract wants it: what a call wrote no other call sees.
pub(crate) async fn nothing_is_kept(element: &Platform, member: &str) -> Result<()> {
    let mut caller = Caller::new(element, Life::Call);
    let address = caller.address().await?.map_err(refused)?;
    match caller.sign_in(&address, member).await? {
        Err(types::Error { reason: types::Reason::LoginRejected, .. }) => {}
        answer => bail!("a sign-in: {answer:?}"),
    }
    match caller.sync().await? {
        Err(types::Error { reason: types::Reason::NotFound, .. }) => {}
        answer => bail!("a sync: {answer:?}"),
    }
    println!("own bucket, an instance for each call: sign-in is login-rejected, the run of a sync is not-found");
    Ok(())
}

/// The same bucket in one instance for all calls, which the contract forbids.
pub(crate) async fn one_instance(element: &Platform, member: &str) -> Result<()> {
    let mut caller = Caller::new(element, Life::Trial);
    works(&mut caller, member, "own bucket, one instance").await?;
    let mut caller = Caller::new(element, Life::Call);
    ensure!(caller.copied().await? == (0, 0), "the next instance knows of it");
    println!("own bucket: the next instance has an empty copy");
    Ok(())
}

/// A bucket that outlives instances, and an instance for each call.
pub(crate) async fn kept(element: &Platform, member: &str) -> Result<()> {
    let mut caller = Caller::new(element, Life::Call);
    works(&mut caller, member, "kept bucket, an instance for each call").await?;
    ensure!(caller.copied().await?.0 > 0, "the copy is gone");
    Ok(())
}

/// Two people begin to sign in at once, on a bucket that forgets nothing: what one call wrote is overwritten by the other.
pub(crate) async fn two_people(element: &Platform, member: &str) -> Result<()> {
    let bucket = Kept::default();
    let at_once = element.with(Bucket::Kept(bucket.together(2)));
    let (mut one, mut other) = (Caller::new(&at_once, Life::Call), Caller::new(&at_once, Life::Call));
    let (one, other) = tokio::join!(one.address(), other.address());
    let mut caller = Caller::new(&element.with(Bucket::Kept(bucket)), Life::Call);
    let mut signed_in = 0;
    for address in [one?, other?] {
        match caller.sign_in(&address.map_err(refused)?, member).await? {
            Ok(_) => signed_in += 1,
            Err(types::Error { reason: types::Reason::LoginRejected, .. }) => {}
            answer => bail!("a sign-in: {answer:?}"),
        }
    }
    ensure!(signed_in == 1, "{signed_in} of 2 get in");
    println!("two people who begin to sign in at once: one of them is login-rejected");
    Ok(())
}

/// A first sync, an unchanged one and a sign-in.
async fn works(caller: &mut Caller, member: &str, how: &str) -> Result<()> {
    let mut synced = Vec::new();
    for what in ["first sync", "unchanged sync"] {
        match caller.sync().await? {
            Ok((report, calls)) => {
                ensure!(report.outcome == directory::RunOutcome::Complete, "{report:?}");
                println!(
                    "{how}: {what} of {} members in {calls} calls: {}",
                    report.members_total,
                    figures(&caller.asked().await?)
                );
                synced.push(report);
            }
            Err(error) => bail!("{what}: {error:?}"),
        }
    }
    ensure!(synced[0].members.added > 0 && synced[1].members.added == 0, "{synced:?}");
    ensure!(synced[1].members.unchanged == synced[0].members.added, "{synced:?}");
    let address = caller.address().await?.map_err(refused)?;
    match caller.sign_in(&address, member).await? {
        Ok(login::Outcome::Member(identity)) => {
            ensure!(identity.id == member && identity.in_directory, "{identity:?}");
        }
        answer => bail!("a sign-in: {answer:?}"),
    }
    println!("{how}: sign-in: {}", figures(&caller.asked().await?));
    Ok(())
}

fn refused(error: types::Error) -> wasmtime::Error {
    format_err!("{error:?}")
}

fn figures(asked: &BTreeMap<String, u64>) -> String {
    asked.iter().map(|(name, count)| format!("{name} {count}")).collect::<Vec<_>>().join(", ")
}
