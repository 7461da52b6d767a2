//! Element folders for the simulator.

use std::{
    fs::File,
    io::{self, Write as _},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::{Path, PathBuf},
};

use serde::Serialize;
use wecom_simulator::{Corp, DEMO_AGENT_ID, DEMO_CORP_ID, DEMO_DOMAIN, DEMO_SECRET, corp::App};

use crate::{command_error::CommandError, local_files::private_folder, output::print_json};

/// `e.json`: what kind of element the folder is.
#[derive(Serialize)]
struct ElementDeclaration {
    title: &'static str,
    r#type: &'static str,
}

/// The business configuration.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Configuration {
    pub corp_id: String,
    pub agent_id: u64,
    pub secret: String,
    pub redirect_uri: String,
    pub api_base_url: String,
    pub login_base_url: String,
    pub oauth_base_url: String,
}

impl Configuration {
    /// The configuration of the demonstration's app.
    pub fn for_simulator(address: SocketAddr) -> Self {
        Self::new(DEMO_CORP_ID, DEMO_AGENT_ID, DEMO_SECRET, DEMO_DOMAIN, address)
    }

    /// The configuration of an app of a simulated organisation.
    pub fn of_app(corp: &Corp, app: &App, address: SocketAddr) -> Self {
        Self::new(corp.id(), app.id, app.secret.reveal(), &domain(app), address)
    }

    fn new(corp_id: &str, agent_id: u64, secret: &str, domain: &str, address: SocketAddr) -> Self {
        let base = format!("http://{}", reachable(address));
        Self {
            corp_id: corp_id.to_owned(),
            agent_id,
            secret: secret.to_owned(),
            redirect_uri: format!("https://{domain}/callback"),
            api_base_url: base.clone(),
            login_base_url: base.clone(),
            oauth_base_url: base,
        }
    }
}

/// Where the pages of an app are to stand: its first trusted domain.
pub fn domain(app: &App) -> String {
    app.trusted_domains.first().cloned().unwrap_or_else(|| DEMO_DOMAIN.to_owned())
}

/// Where a program on this machine reaches who listens there.
pub fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

/// Writes the two files of an element into `folder`, which is made where it does not exist.
///
/// # Errors
/// A file cannot be written.
pub fn write(folder: &Path, configuration: &Configuration) -> Result<(), CommandError> {
    let failed = |path: PathBuf| {
        move |error: io::Error| CommandError::Simulation(format!("cannot write {}: {error}", path.display()))
    };
    private_folder(folder).map_err(failed(folder.to_owned()))?;
    // The real path has a name also for `.`.
    let folder = folder.canonicalize().map_err(failed(folder.to_owned()))?;
    let name = folder.file_name().and_then(|name| name.to_str());
    let name =
        name.ok_or_else(|| CommandError::Simulation("the name of the element folder must be text".to_owned()))?;
    let declaration = ElementDeclaration { title: "企业微信（模拟）", r#type: "corps.QywxInnerType" };
    let path = folder.join("e.json");
    write_json(&path, &declaration).map_err(failed(path))?;
    let path = folder.join(format!("{name}.json"));
    write_json(&path, configuration).map_err(failed(path))
}

fn write_json(path: &Path, content: &impl Serialize) -> io::Result<()> {
    let mut file = File::create(path)?;
    print_json(&mut file, content)?;
    file.flush()
}
