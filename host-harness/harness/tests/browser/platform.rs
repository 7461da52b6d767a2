//! A platform and a simulated WeCom that lead to each other.

use std::net::TcpListener;

use browser_tests::{Browser, View};
use serde_json::{Value, json};
use tempfile::TempDir;
use wecom_simulator::DEMO_AGENT_ID;

use crate::{
    bed::{Bed, program},
    web::{Serving, declare},
};

/// Tenants of the same simulated company on one host. Sign-ins come back to the host, wherever it listens.
pub struct Platform {
    pub bed: Bed,
    host: Serving,
    /// The one name that browsers know it by: a cookie belongs to a name.
    public: String,
}

impl Platform {
    /// With these tenants, each with what is declared beside the usual; what stands under `configuration` goes into that.
    pub async fn start(tenants: &[(&str, Value)]) -> Self {
        let bed = Bed::new().await;
        // Nobody else takes it between this and the start of the host, as a rule: ports are handed out one after the other.
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let (address, name) = (format!("127.0.0.1:{port}"), format!("localhost:{port}"));
        let public = format!("http://{name}");
        bed.control()
            .change(|corp| corp.update_app(DEMO_AGENT_ID, |app| app.trusted_domains = vec![name.clone()]))
            .unwrap();
        let tenants: Vec<Value> = tenants
            .iter()
            .map(|(name, further)| {
                let mut further = further.as_object().unwrap().clone();
                let mut configuration = bed.configuration();
                configuration["redirectUri"] = json!(format!("{public}/t/{name}/callback"));
                if let Some(Value::Object(keys)) = further.remove("configuration") {
                    configuration.as_object_mut().unwrap().extend(keys);
                }
                let mut tenant = json!({
                    "name": name,
                    "element": {"name": "org", "configuration": configuration},
                    "grants": {"hosts": [bed.address()]},
                });
                tenant.as_object_mut().unwrap().extend(further);
                tenant
            })
            .collect();
        let file = declare(&bed, &tenants);
        let listen = ["--format", "json", "serve", "--listen", &address, "--public-url", &public];
        let all = [&listen[..], &["--tenants", file.to_str().unwrap()]].concat();
        let host = Serving::start(program(bed.home(), &all), &bed.home().join("serve.log"));
        Self { bed, host, public }
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.public)
    }

    /// An address of the simulator.
    pub fn simulator(&self, path: &str) -> String {
        format!("http://{}{path}", self.bed.address())
    }

    /// Carries out a command of the program for the tenant `acme`.
    pub fn command(&self, arguments: &[&str]) -> Value {
        self.bed.run(&[&["--tenant", "acme"], arguments].concat()).exits(0)
    }

    /// The same of a command that reads a file, as its last argument.
    pub fn command_with(&self, arguments: &[&str], content: &Value) -> Value {
        let file = self.bed.home().join("asked.json");
        std::fs::write(&file, content.to_string()).unwrap();
        self.command(&[arguments, &[file.to_str().unwrap()]].concat())
    }

    /// Where the token of the first start opens the console of a tenant.
    pub fn bootstrap(&self, tenant: &str) -> String {
        let printed = self.host.hello["bootstrap"].as_str().unwrap_or_else(|| panic!("{}", self.host.hello));
        let (_, token) = printed.split_once("?token=").unwrap();
        self.url(&format!("/t/{tenant}/admin/bootstrap?token={token}"))
    }

    /// Opens the console of a tenant by that token, which is good once, in a browser that asks for Chinese.
    pub async fn open_console(&self, browser: &Browser, tenant: &str) {
        browser.open(&self.bootstrap(tenant)).await;
        browser.press("打开控制台").await;
        browser.see("接下来").await;
    }

    /// Signs somebody in, who is named as the vendor's page does (`李四 · lisi`), and leads to the app's home.
    pub async fn sign_in(&self, browser: &Browser, tenant: &str, who: &str) {
        browser.open(&self.url(&format!("/t/{tenant}/login?entry=browser"))).await;
        browser.press(who).await;
        browser.come_to(&self.url(&format!("/t/{tenant}/"))).await;
    }
}

/// `demo --serve`, as somebody starts it who wants to look.
pub struct Demo {
    host: Serving,
    _home: TempDir,
}

impl Demo {
    pub fn start() -> Self {
        let home = tempfile::tempdir().unwrap();
        let arguments =
            ["--format", "json", "demo", "--serve", "--listen", "127.0.0.1:0", "--simulator", "127.0.0.1:0"];
        let host = Serving::start(program(home.path(), &arguments), &home.path().join("demo.log"));
        Self { host, _home: home }
    }

    /// The address that it prints.
    pub fn address(&self) -> &str {
        self.host.hello["address"].as_str().unwrap()
    }

    /// The console of the simulated WeCom.
    pub fn simulator(&self) -> &str {
        self.host.hello["simulator"].as_str().unwrap()
    }
}

/// A browser inside the vendor's client on a phone.
pub fn client() -> View {
    let agent = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 wxwork/4.1.30 MicroMessenger/7.0.1 Language/zh";
    View { agent: Some(agent), ..View::phone() }
}
