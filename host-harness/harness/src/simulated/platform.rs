//! `demo --serve`: the simulated WeCom and a platform beside it, for somebody who wants to look and click.

use std::{path::Path, time::Duration};

use serde_json::json;
use wecom_simulator::{DEMO_AGENT_ID, Setup, Simulator};

use super::{
    demo,
    folder::{self, Configuration},
};
use crate::{
    cli::{DemoPages, Global, Serve},
    command_error::{CommandError, ExitStatus},
    output::Output,
    public_url::PublicUrl,
    serve::{self, Guide},
};

/// One person looks.
const PARALLEL_CALLS: u32 = 16;
/// The tenant of the demonstration.
const TENANT: &str = "demo";

/// Serves both until Ctrl-C.
///
/// # Errors
/// An address is not on loopback or cannot be had, or a file cannot be written.
pub async fn platform(
    options: &Global,
    asked: &DemoPages,
    keep: Option<&Path>,
    output: &mut Output,
) -> Result<ExitStatus, CommandError> {
    // The first page hands the token of the first start to whoever opens it.
    if let Some(address) = [asked.listen, asked.simulator].into_iter().find(|address| !address.ip().is_loopback()) {
        let problem = format!("demo --serve is for this machine alone, and {address} is not on loopback");
        return Err(CommandError::usage(problem, "leave the address out, or name one of 127.0.0.1"));
    }
    let (place, _temporary) = demo::place(keep)?;
    let (listener, address) = serve::listen(asked.listen).await?;
    // A name: the vendor takes no address for a trusted domain.
    let here = format!("localhost:{}", address.port());
    let simulator = Simulator::start(Setup { listen: asked.simulator, ..Setup::new(wecom_simulator::demo()) })
        .await
        .map_err(|error| CommandError::Simulation(error.to_string()))?;
    let vendor = folder::reachable(simulator.address());
    let public: PublicUrl = format!("http://{here}").parse().map_err(CommandError::Simulation)?;
    let home = format!("http://{here}/t/{TENANT}/");
    let changed = simulator.control().change(|corp| {
        corp.update_app(DEMO_AGENT_ID, |app| {
            app.trusted_domains.insert(0, here.clone());
            app.login_callback_domain = Some(here.clone());
            app.home_url.clone_from(&home);
        })
    });
    changed.map_err(|error| CommandError::Simulation(error.to_string()))?;
    let configuration =
        Configuration { redirect_uri: format!("{home}callback"), ..Configuration::for_simulator(vendor) };
    folder::write(&place.join(TENANT), &configuration)?;
    let tenants = place.join("tenants.json");
    let declared = json!({ "tenants": [
        { "name": TENANT, "element": TENANT, "grants": { "hosts": [vendor.to_string()] } },
    ]});
    let failed = |source| CommandError::File { file: tenants.display().to_string(), source };
    std::fs::write(&tenants, format!("{declared:#}\n")).map_err(failed)?;
    let options = Global {
        storage: Some(format!("sqlite:{}", place.join("organisation.db").display())),
        element: None,
        allow_host: Vec::new(),
        env: Vec::new(),
        ..options.clone()
    };
    let guide = Guide { simulator: format!("http://{vendor}/console"), tenant: TENANT.to_owned() };
    let asked = Serve {
        tenants: Some(tenants),
        listen: address,
        admin_listen: None,
        public_url: Some(public),
        host_name: None,
        calls: PARALLEL_CALLS,
        syncs: 1,
        lease: Duration::from_secs(15),
        drain: None,
        reload: Duration::from_secs(2),
        reports: None,
    };
    let ended = serve::serve_on(&options, &asked, (listener, address), Some(guide), output).await;
    drop(simulator);
    ended
}
