//! A simulator to look at.

use serde_json::{Value, json};
use wecom_simulator::{Control, DEMO_AGENT_ID, DEMO_CORP_ID, DEMO_SECRET, Setup, Simulator, corp::Callback, demo};

pub struct Stage {
    pub simulator: Simulator,
    pub control: Control,
}

impl Stage {
    /// The demonstration organisation; the app may return to the simulator's own pages, since nothing else listens.
    pub async fn start() -> Self {
        let simulator = Simulator::start(Setup::new(demo())).await.unwrap();
        let (control, address) = (simulator.control(), simulator.address().to_string());
        control.change(|corp| corp.update_app(DEMO_AGENT_ID, |app| app.trusted_domains = vec![address])).unwrap();
        Self { simulator, control }
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.simulator.base_url())
    }

    /// The address of browser sign-in; it leads back to [`Stage::target`].
    pub fn login(&self) -> String {
        self.page("/wwlogin/sso/login", &[("login_type", "CorpApp")])
    }

    /// The address of sign-in inside the client.
    pub fn oauth(&self, scope: &str) -> String {
        self.page("/connect/oauth2/authorize", &[("response_type", "code"), ("scope", scope)])
    }

    pub fn target(&self) -> String {
        self.url("/console/search")
    }

    fn page(&self, path: &str, more: &[(&str, &str)]) -> String {
        let (agent, target) = (DEMO_AGENT_ID.to_string(), self.target());
        let common = [("appid", DEMO_CORP_ID), ("agentid", &agent), ("redirect_uri", &target), ("state", "s1")];
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(more).extend_pairs(common).finish();
        self.url(&format!("{path}?{query}"))
    }

    /// Gives the app an address at which nothing listens.
    pub fn give_callback(&self) {
        let callback =
            Callback::new("http://127.0.0.1:9/callback", "token", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8");
        self.control.change(|corp| corp.update_app(DEMO_AGENT_ID, |app| app.callback = Some(callback))).unwrap();
    }

    /// A call of the API as the app.
    pub async fn call(&self, api: &str, body: &Value) -> Value {
        let browser = wecom_simulator::Browser::desktop();
        let token = format!("/cgi-bin/gettoken?corpid={DEMO_CORP_ID}&corpsecret={DEMO_SECRET}");
        let token: Value = serde_json::from_slice(&browser.get(&self.url(&token)).await.unwrap().body).unwrap();
        let path = format!("/cgi-bin/{api}?access_token={}", token["access_token"].as_str().unwrap());
        let answer = browser.post(&self.url(&path), &body.to_string()).await.unwrap();
        serde_json::from_slice(&answer.body).unwrap()
    }

    /// Sends a card with two buttons to a member.
    pub async fn send_card(&self, member: &str) {
        let card = json!({"touser": member, "msgtype": "template_card", "agentid": DEMO_AGENT_ID, "template_card": {
            "card_type": "button_interaction", "task_id": "leave-1",
            "source": {"desc": "请假系统"}, "main_title": {"title": "请假申请", "desc": "张三 1 天"},
            "horizontal_content_list": [{"keyname": "类型", "value": "年假"}],
            "button_list": [{"text": "同意", "style": 1, "key": "approve"}, {"text": "驳回", "style": 2, "key": "reject"}],
        }});
        assert_eq!(self.call("message/send", &card).await["errcode"], 0);
    }
}
