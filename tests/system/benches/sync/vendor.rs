//! The simulator in a process of its own, so that what this process burns is the host's and the guest's alone.

use std::{
    io::{BufRead as _, BufReader, Read as _},
    process::{Child, Command, Stdio},
};

use serde_json::json;
use wecom_simulator::{DEMO_AGENT_ID, DEMO_CORP_ID, DEMO_SECRET, Generator, Setup, Simulator};

use crate::{Outcome, size::Size, web::Web};

/// The first argument of the process that is to be the simulator.
pub const ROLE: &str = "simulator";

/// A simulator that ends with this value.
pub struct Vendor {
    process: Child,
    pub base_url: String,
}

impl Vendor {
    /// Starts one with an organisation of this size.
    pub fn start(size: Size) -> Outcome<Self> {
        let mut process = Command::new(std::env::current_exe()?)
            .args([ROLE, &size.members.to_string(), &size.departments.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut base_url = String::new();
        if let Some(output) = process.stdout.as_mut() {
            BufReader::new(output).read_line(&mut base_url)?;
        }
        let vendor = Self { process, base_url: base_url.trim().to_owned() };
        if vendor.base_url.is_empty() { Err("the simulator did not start".into()) } else { Ok(vendor) }
    }

    /// What of the address an operator writes into an allow-list.
    pub fn authority(&self) -> &str {
        self.base_url.trim_start_matches("http://")
    }

    /// The configuration of an element for this vendor.
    pub fn document(&self) -> String {
        json!({
            "corpId": DEMO_CORP_ID,
            "agentId": DEMO_AGENT_ID,
            "secret": DEMO_SECRET,
            "redirectUri": system_tests::stage::REDIRECT_URI,
            "apiBaseUrl": self.base_url,
            "loginBaseUrl": self.base_url,
            "oauthBaseUrl": self.base_url,
            "locale": "en",
        })
        .to_string()
    }

    /// Gives one member another position.
    pub async fn change_one(&self, web: &Web, position: &str) -> Outcome<()> {
        let change = json!({ "id": "m000001", "position": position });
        web.post(&format!("{}/sim/change-member", self.base_url), &change).await.map(drop)
    }
}

impl Drop for Vendor {
    fn drop(&mut self) {
        // It is gone already or goes now; there is nobody to tell.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The other process: serves until whoever started it lets go of its input.
pub async fn serve(size: Size) -> Outcome<()> {
    let corp = Generator::sized(1, size.members, size.departments).generate()?;
    let simulator = Simulator::start(Setup::new(corp)).await?;
    println!("{}", simulator.base_url());
    tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())).await??;
    Ok(())
}
