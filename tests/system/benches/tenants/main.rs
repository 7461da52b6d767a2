//! What one host bears, and what several share.
//!
//! ```text
//! cargo bench -p system-tests --bench tenants                                   # small sizes, a minute
//! cargo bench -p system-tests --bench tenants -- tenants=1,100,10000 sign-ins=20000 parked=10000 members=1000000 synced=1000
//! cargo bench -p system-tests --bench tenants -- only=hosts storage=postgres://…
//! ```
//!
//! Nothing here passes or fails: a figure is for a person to judge. Where the vendor is said to take no time, it is a
//! hook in the same process; in all other parts it is a simulator in a process of its own, on the same processors.
#![allow(clippy::print_stdout, reason = "a table on standard output is what this program is for")]

mod beside;
mod hosts;
mod parked;
mod signing;
mod sizes;
mod tenant;
mod vendor;

use std::error::Error;

use sizes::Sizes;
use system_tests::apart;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        match arguments.first().map(String::as_str) {
            Some(apart::ROLE) => return vendor::serve(&arguments).await,
            Some(hosts::ROLE) => return hosts::serve(&arguments).await,
            _ => {}
        }
        let sizes = Sizes::read(&arguments)?;
        println!("build    {}\n", if cfg!(debug_assertions) { "debug: these figures mean nothing" } else { "release" });
        if sizes.wants("signing") {
            signing::measure(&sizes).await?;
        }
        if sizes.wants("parked") {
            parked::measure(&sizes).await?;
        }
        if sizes.wants("beside") {
            beside::measure(&sizes).await?;
        }
        if sizes.wants("hosts") {
            hosts::measure(&sizes).await?;
        }
        Ok(())
    })
}

fn line(what: &str, measured: &str) {
    println!("{what:<72} {measured:>16}");
}
