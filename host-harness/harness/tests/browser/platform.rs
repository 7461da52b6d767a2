//! A platform and a simulated WeCom that lead to each other.

use std::net::TcpListener;

use browser_tests::View;
use serde_json::{Value, json};
use wecom_simulator::DEMO_AGENT_ID;

use crate::{
    bed::{Bed, program},
    web::{Serving, declare},
};

/// Tenants of the same simulated company on one host. Sign-ins come back to the host, wherever it listens.
pub struct Platform {
    pub bed: Bed,
    pub host: Serving,
}

impl Platform {
    /// With these tenants, each with what is declared beside the usual.
    pub async fn start(tenants: &[(&str, Value)]) -> Self {
        let bed = Bed::new().await;
        // Nobody else takes it between this and the start of the host, as a rule: ports are handed out one after the other.
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let address = format!("127.0.0.1:{port}");
        bed.control()
            .change(|corp| corp.update_app(DEMO_AGENT_ID, |app| app.trusted_domains = vec![address.clone()]))
            .unwrap();
        let tenants: Vec<Value> = tenants
            .iter()
            .map(|(name, further)| {
                let mut configuration = bed.configuration();
                configuration["redirectUri"] = json!(format!("http://{address}/t/{name}/callback"));
                let mut tenant = json!({
                    "name": name,
                    "element": {"name": "org", "configuration": configuration},
                    "grants": {"hosts": [bed.address()]},
                });
                tenant.as_object_mut().unwrap().extend(further.as_object().unwrap().clone());
                tenant
            })
            .collect();
        let file = declare(&bed, &tenants);
        let all = ["--format", "json", "serve", "--listen", &address, "--tenants", file.to_str().unwrap()];
        let host = Serving::start(program(bed.home(), &all), &bed.home().join("serve.log"));
        Self { bed, host }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.host.address)
    }

    /// An address of the simulator.
    pub fn simulator(&self, path: &str) -> String {
        format!("http://{}{path}", self.bed.address())
    }
}

/// A browser inside the vendor's client on a phone.
pub fn client() -> View {
    let agent = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 wxwork/4.1.30 MicroMessenger/7.0.1 Language/zh";
    View { agent: Some(agent), ..View::phone() }
}
