//! The simulator with an organisation of a size.

use serde_json::json;
use system_tests::apart::{self, Apart};
use wecom_simulator::{DEMO_AGENT_ID, DEMO_CORP_ID, DEMO_SECRET, Generator, Setup, Simulator};

use crate::{Outcome, size::Size, web::Web};

/// See [`Apart`].
pub struct Vendor {
    pub base_url: String,
    /// Goes with the vendor.
    _process: Apart,
}

impl Vendor {
    /// Starts one with an organisation of this size.
    pub fn start(size: Size) -> Outcome<Self> {
        let process = Apart::start(&[size.members.to_string(), size.departments.to_string()])?;
        Ok(Self { base_url: process.base_url().to_owned(), _process: process })
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

/// In the other process.
pub async fn serve(size: Size) -> Outcome<()> {
    let corp = Generator::sized(1, size.members, size.departments).generate()?;
    Ok(apart::serve(&Simulator::start(Setup::new(corp)).await?).await?)
}
