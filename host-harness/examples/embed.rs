//! The smallest embedding: one component, one tenant, one question.
//!
//! `cargo run -p host-harness --example embed -- path/to/element-folder`

use std::{error::Error, path::PathBuf};

use host_harness::{
    ElementOptions, Host, bundled_component,
    egress::{AllowList, OperatorList},
    settings::{ElementFolder, Variables},
    storage::{self, Options},
};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args_os().nth(1).map(PathBuf::from).ok_or("name an element folder")?;
    let folder = ElementFolder::load(&folder, &Variables::from_environment(["WECOM_SECRET"])?)?;

    let host = Host::builder().build()?;
    let component = host.load(bundled_component())?;
    let storage = storage::open("memory:", Options::default()).await?;
    let mut options = ElementOptions::new("default", folder.name, folder.settings, storage);
    options.operator = OperatorList::whatever_is_needed_and(AllowList::default());
    let element = host.element(&component, options)?;

    let called = element.check_connection().await?;
    match called.value {
        Ok(verdicts) => verdicts.iter().for_each(|verdict| eprintln!("{}: {}", verdict.code, verdict.message)),
        Err(error) => eprintln!("{} ({:?})", error.message, error.hint),
    }
    eprintln!("took {} µs, of these {} µs in the guest", called.report.wall_us, called.report.guest_cpu_us);
    Ok(())
}
