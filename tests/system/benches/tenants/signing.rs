//! Sign-ins a second through one host.

use std::{sync::Arc, time::Instant};

use bundled_component::bundled_component;
use organisation_host::{
    Element, Host,
    storage::{MemoryStorage, Options, Storage},
};
use tokio::task::JoinSet;

use crate::{
    Outcome, line,
    sizes::Sizes,
    tenant::{NOWHERE, element, quantiles, sign_in},
    vendor::Prompt,
};

/// With each number of tenants.
pub async fn measure(sizes: &Sizes) -> Outcome<()> {
    println!(
        "sign-ins (authorization-url and exchange-code) through one host, vendor without latency, {} at once",
        sizes.at_once
    );
    for &tenants in &sizes.tenants {
        let host = Host::builder().build()?;
        let component = host.load(bundled_component())?;
        let storage: Arc<dyn Storage> = Arc::new(MemoryStorage::new(Options::default()));
        let elements: Vec<Element> = (0..tenants)
            .map(|number| element(&host, &component, &storage, format!("t{number}"), NOWHERE, Some(Arc::new(Prompt))))
            .collect::<Outcome<_>>()?;
        // A tenant's first sign-in asks the element what it needs to reach, and the vendor for a token.
        for (what, sign_ins) in [("first of each tenant", tenants), ("thereafter", sizes.sign_ins.max(tenants))] {
            let began = Instant::now();
            let mut times = all(&elements, sign_ins, sizes.at_once).await?;
            let rate = sign_ins as f64 / began.elapsed().as_secs_f64();
            line(&format!("{tenants} tenants, {what}: a second"), &format!("{rate:.0}"));
            line("  p50 / p99", &quantiles(&mut times));
        }
    }
    println!();
    Ok(())
}

async fn all(elements: &[Element], sign_ins: usize, at_once: usize) -> Outcome<Vec<std::time::Duration>> {
    let (mut running, mut times) = (JoinSet::new(), Vec::with_capacity(sign_ins));
    for element in elements.iter().cycle().take(sign_ins) {
        if running.len() >= at_once
            && let Some(done) = running.join_next().await
        {
            times.push(done??);
        }
        let element = element.clone();
        running.spawn(async move { sign_in(&element).await });
    }
    while let Some(done) = running.join_next().await {
        times.push(done??);
    }
    Ok(times)
}
