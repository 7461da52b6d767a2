//! What one hostile tenant takes from another on the same host, and from the host's process.
//!
//! ```text
//! cargo bench -p system-tests --bench hostile                       # every attack, three minutes
//! cargo bench -p system-tests --bench hostile -- seconds=20 only=spin
//! ```
//!
//! For each attack a process of its own is a host with two tenants. One signs people in, twenty a second, against the
//! simulator (a third process on the same processors). The other has so many calls of a component that does one thing for
//! ever; a call that ends is followed by the next. Nothing here passes or fails: a figure is for a person to judge.
#![allow(clippy::print_stdout, reason = "a table on standard output is what this program is for")]
#![allow(clippy::unwrap_used, reason = "what forges components is shared with tests")]

mod attack;
#[allow(dead_code, reason = "tests use all of it")]
#[path = "../../../../host-harness/host/tests/host/guests.rs"]
mod guests;
mod host;
#[allow(dead_code, reason = "other benchmarks use all of it")]
#[path = "../tenants/tenant.rs"]
mod tenant;
#[allow(dead_code, reason = "other benchmarks use all of it")]
#[path = "../tenants/vendor.rs"]
mod vendor;
#[allow(dead_code, reason = "tests use all of it")]
#[path = "../../../../host-harness/host/tests/host/wire.rs"]
mod wire;

use std::{error::Error, process::Command};

use attack::ATTACKS;
use system_tests::apart;

/// The organisation whose people sign in.
const MEMBERS: usize = 12;
const DEPARTMENTS: usize = 4;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        match arguments.first().map(String::as_str) {
            Some(apart::ROLE) => vendor::serve(&arguments).await,
            Some(host::ROLE) => host::measure(&arguments).await,
            _ => table(&arguments),
        }
    })
}

fn table(arguments: &[String]) -> Outcome<()> {
    let (mut seconds, mut only) = ("10", "");
    for argument in arguments {
        match argument.split_once('=') {
            Some(("seconds", value)) => seconds = value,
            Some(("only", value)) => only = value,
            _ => return Err(format!("{argument}: expected seconds=N or only=ATTACK").into()),
        }
    }
    println!("build    {}\n", if cfg!(debug_assertions) { "debug: these figures mean nothing" } else { "release" });
    println!("| One tenant | Calls | Other tenant: p50, p99 | Refused | Memory | CPU |\n|---|---|---|---|---|---|");
    let vendor = vendor::start(MEMBERS, DEPARTMENTS, 0)?;
    for (name, calls) in ATTACKS.iter().flat_map(|attack| attack.calls.iter().map(|calls| (attack.name, calls))) {
        if only.is_empty() || only == name {
            let arguments = [host::ROLE, name, &calls.to_string(), seconds, vendor.base_url()];
            let status = Command::new(std::env::current_exe()?).args(arguments).status()?;
            if !status.success() {
                println!("| {name} | {calls} | the host's process ended: {status} | | | |");
            }
        }
    }
    Ok(())
}
