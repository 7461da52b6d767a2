//! A running simulator with a browser beside it.

use serde_json::Value;
use wecom_simulator::corp::Callback;
use wecom_simulator::{
    Browser, Control, Corp, DEMO_AGENT_ID, DEMO_CORP_ID, DEMO_SECRET, DEMO_SYNC_SECRET, Page, SignInError, Simulator,
    demo,
};
use wecom_simulator::{Clock, Setup};

/// Where the frozen clock of every test starts.
pub(crate) const START: u64 = 1_760_000_000_000;

/// A key of callbacks: the bytes 0 to 31.
pub(crate) const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

pub(crate) struct Bed {
    pub(crate) simulator: Simulator,
    pub(crate) control: Control,
    pub(crate) browser: Browser,
}

impl Bed {
    /// The demonstration organisation, clock frozen.
    pub(crate) async fn start() -> Self {
        Self::with(demo()).await
    }

    pub(crate) async fn with(corp: Corp) -> Self {
        let setup = Setup { clock: Clock::frozen_at(START), ..Setup::new(corp) };
        let simulator = Simulator::start(setup).await.unwrap();
        Self { control: simulator.control(), browser: Browser::client(), simulator }
    }

    pub(crate) fn url(&self, path_and_query: &str) -> String {
        format!("{}{path_and_query}", self.simulator.base_url())
    }

    /// GET of an API with its whole query, token included.
    pub(crate) async fn raw(&self, api_and_query: &str) -> Result<Page, SignInError> {
        self.browser.get(&self.url(&format!("/cgi-bin/{api_and_query}"))).await
    }

    /// GET of an API; the answer's JSON.
    pub(crate) async fn get(&self, api_and_query: &str) -> Value {
        json(&self.raw(api_and_query).await.unwrap())
    }

    /// POST of an API; the answer's JSON.
    pub(crate) async fn post(&self, api_and_query: &str, body: &str) -> Value {
        json(&self.browser.post(&self.url(&format!("/cgi-bin/{api_and_query}")), body).await.unwrap())
    }

    /// A token for a secret.
    pub(crate) async fn token_of(&self, secret: &str) -> String {
        let answer = self.get(&format!("gettoken?corpid={DEMO_CORP_ID}&corpsecret={secret}")).await;
        answer["access_token"].as_str().unwrap_or_else(|| panic!("no token in {answer}")).to_owned()
    }

    pub(crate) async fn token(&self) -> String {
        self.token_of(DEMO_SECRET).await
    }

    pub(crate) async fn sync_token(&self) -> String {
        self.token_of(DEMO_SYNC_SECRET).await
    }

    /// GET of an API as the app; `api?x=1` or `api?`.
    pub(crate) async fn app(&self, api_and_query: &str) -> Value {
        let token = self.token().await;
        self.get(&format!("{api_and_query}&access_token={token}")).await
    }

    /// `errcode` of a GET as the app.
    pub(crate) async fn app_code(&self, api_and_query: &str) -> i64 {
        self.app(api_and_query).await["errcode"].as_i64().unwrap()
    }

    /// POST of an API as the app.
    pub(crate) async fn send(&self, api: &str, body: &Value) -> Value {
        let token = self.token().await;
        self.post(&format!("{api}?access_token={token}"), &body.to_string()).await
    }

    /// `errcode` of a POST as the app.
    pub(crate) async fn send_code(&self, api: &str, body: &Value) -> i64 {
        self.send(api, body).await["errcode"].as_i64().unwrap()
    }

    /// Gives the app a callback address, unchecked; nothing listens there.
    pub(crate) fn give_callback(&self) {
        let callback = Callback::new("http://127.0.0.1:9/callback", "token", KEY);
        self.control.change(|corp| corp.update_app(DEMO_AGENT_ID, |app| app.callback = Some(callback))).unwrap();
    }

    /// The address of in-app sign-in, with further query pairs.
    pub(crate) fn oauth(&self, more: &str) -> String {
        self.url(&format!(
            "/connect/oauth2/authorize?appid={DEMO_CORP_ID}&redirect_uri=https%3A%2F%2Fapp.example.com%2Fcb\
             &response_type=code&scope=snsapi_base&state=abc&agentid={DEMO_AGENT_ID}{more}#wechat_redirect"
        ))
    }

    /// The address of in-app sign-in with consent.
    pub(crate) fn private(&self) -> String {
        self.oauth("").replace("snsapi_base", "snsapi_privateinfo")
    }

    /// The address of browser sign-in.
    pub(crate) fn login(&self) -> String {
        self.url(&format!(
            "/wwlogin/sso/login?login_type=CorpApp&appid={DEMO_CORP_ID}&agentid={DEMO_AGENT_ID}\
             &redirect_uri=https%3A%2F%2Fapp.example.com%2Fcb%3Fx%3D1&state=a-b"
        ))
    }
}

pub(crate) fn json(page: &Page) -> Value {
    assert_eq!(page.status, 200, "{}", page.text());
    serde_json::from_slice(&page.body).unwrap_or_else(|error| panic!("{error}: {}", page.text()))
}

/// A query value of a redirect address.
pub(crate) fn param(url: &str, name: &str) -> Option<String> {
    let query = url.split_once('?')?.1;
    form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}
