//! Sign-ins of one tenant while another's large directory is synchronised on the same host.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use bundled_component::bundled_component;
use organisation_host::{
    Element, Host,
    contract::directory::SyncStep,
    storage::{MemoryStorage, Options, Storage},
};

use system_tests::sync::PLAIN;

use crate::{
    Outcome, line,
    sizes::Sizes,
    tenant::{NOWHERE, element, quantiles, sign_in},
    vendor::{self, Prompt},
};

/// The time between two sign-ins.
const PACE: Duration = Duration::from_millis(5);
/// Sign-ins without a sync beside them.
const ALONE: usize = 400;

/// Without and with the sync.
pub async fn measure(sizes: &Sizes) -> Outcome<()> {
    println!("sign-ins beside the sync of {} members in {} departments", sizes.members, sizes.departments);
    let vendor = vendor::start(sizes.members, sizes.departments, 0)?;
    let host = Host::builder().build()?;
    let component = host.load(bundled_component())?;
    let storage: Arc<dyn Storage> = Arc::new(MemoryStorage::new(Options::default()));
    let small = element(&host, &component, &storage, "small".to_owned(), NOWHERE, Some(Arc::new(Prompt)))?;
    let large = element(&host, &component, &storage, "large".to_owned(), vendor.base_url(), None)?;
    sign_in(&small).await?;
    let mut alone = Vec::new();
    for _ in 0..ALONE {
        alone.push(sign_in(&small).await?);
        tokio::time::sleep(PACE).await;
    }
    line("alone, p50 / p99", &quantiles(&mut alone));
    let began = Instant::now();
    let mut sync = tokio::spawn(async move { to_its_end(&large).await });
    let mut beside = Vec::new();
    while !sync.is_finished() {
        beside.push(sign_in(&small).await?);
        tokio::time::sleep(PACE).await;
    }
    (&mut sync).await??;
    line(&format!("beside the sync ({} sign-ins), p50 / p99", beside.len()), &quantiles(&mut beside));
    line("the sync took", &format!("{:.2} s", began.elapsed().as_secs_f64()));
    println!();
    Ok(())
}

async fn to_its_end(element: &Element) -> Outcome<()> {
    loop {
        match PLAIN.call(element).await?.value.map_err(|error| error.message)? {
            SyncStep::More(_) => {}
            SyncStep::Wait(_) => tokio::time::sleep(Duration::from_millis(200)).await,
            SyncStep::Complete(_) => return Ok(()),
            other => return Err(format!("the sync did not complete: {other:?}").into()),
        }
    }
}
