//! Everything that `/openapi.json` describes, asked once and answered as described.

use super::*;

/// Method, path and description of everything that can be asked.
pub(super) fn operations(document: &Value) -> Vec<(String, String, Value)> {
    let paths = document["paths"].as_object().unwrap().iter();
    let of_path = |(path, methods): (&String, &Value)| {
        let methods = methods.as_object().unwrap().clone().into_iter();
        let path = path.clone();
        methods.map(move |(method, described)| (method.to_uppercase(), path.clone(), described))
    };
    paths.flat_map(of_path).collect()
}

/// Every key of an answer that its description does not have.
fn undescribed(schema: &Value, answer: &Value) -> Vec<String> {
    let described = schema["properties"].as_object();
    let keys = answer.as_object().into_iter().flat_map(|answer| answer.keys());
    let is_case = |key: &str| {
        let cases = schema["oneOf"].as_array().into_iter().flatten();
        cases.filter_map(|case| case["properties"].as_object()).any(|case| case.contains_key(key))
    };
    keys.filter(|key| described.is_none_or(|described| !described.contains_key(*key)) && !is_case(key))
        .cloned()
        .collect()
}

/// A platform that asks everything that is described.
struct Platform<'a> {
    host: &'a Serving,
    key: &'a str,
    document: Value,
    left: BTreeSet<(String, String)>,
}

impl<'a> Platform<'a> {
    fn new(host: &'a Serving, key: &'a str) -> Self {
        let document = host.get("/openapi.json", &[]).json();
        let left = operations(&document).into_iter().map(|(method, path, _)| (method, path)).collect();
        Self { host, key, document, left }
    }

    /// Asks at an address that is described so, with names of the path filled in, and gives an answer that is as described.
    #[track_caller]
    fn ask(&mut self, method: &str, described: &str, path: &str, body: &Value) -> Value {
        self.answer(method, described, path, body, 200)
    }

    #[track_caller]
    fn answer(&mut self, method: &str, described: &str, path: &str, body: &Value, status: u16) -> Value {
        let described = format!("/t/{{tenant}}/api/{described}");
        let body = match body {
            Value::Null => String::new(),
            Value::String(text) => text.clone(),
            body => body.to_string(),
        };
        let answer = ask(self.host, self.key, (method, &format!("/t/acme/api/{path}")), &body);
        assert_eq!(answer.status, status, "{method} {path}: {answer:#?}");
        self.left.remove(&(method.to_owned(), described.clone()));
        let described = &self.document["paths"][&described][method.to_lowercase()];
        assert!(described.is_object(), "{method} {path} is not described");
        let schema = &described["responses"]["200"]["content"]["application/json"]["schema"];
        let answer = answer.json();
        if status == 200 {
            assert_eq!(undescribed(schema, &answer), [""; 0], "{method} {path}: {answer}");
        }
        answer
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_address_answers_as_it_is_described() {
    let bed = Bed::new().await;
    bed.run(&["--tenant", "acme", "sync"]).exits(0);
    let (host, key) = host(&bed);
    // Cards with buttons need an address; nothing is to arrive at this one.
    let callback = Callback::new("http://127.0.0.1:1/", "Token", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8");
    bed.control().set_callback(Receiver::App(DEMO_AGENT_ID), Some(callback)).unwrap();
    let mut platform = Platform::new(&host, &key);
    for (path, methods) in platform.document["paths"].as_object().unwrap() {
        let methods: Vec<String> = methods.as_object().unwrap().keys().map(|name| name.to_uppercase()).collect();
        let path_of_one =
            path.replace("{tenant}", "acme").replace("{number}", "1").replace("{id}", "1").replace("{run}", "1");
        for method in ["GET", "PUT", "POST", "DELETE", "PATCH"] {
            let expected = if methods.iter().any(|known| known == method) { 401 } else { 405 };
            assert_eq!(host.send(method, &path_of_one, &[], "").status, expected, "{method} {path_of_one}");
        }
    }
    messages(&bed, &mut platform);
    approvals(&bed, &mut platform);
    directory(&mut platform);
    syncs(&bed, &mut platform);
    administration(&mut platform);
    assert_eq!(platform.left, BTreeSet::new(), "nobody asked these");
}

fn messages(bed: &Bed, platform: &mut Platform<'_>) {
    let card = json!({
        "to": {"members": ["lisi"]},
        "content": {"card": {
            "heading": {"title": "请假申请"},
            "body": {"button-interaction": {"buttons": [{"text": "同意", "action": {"key": "approve"}}]}},
        }},
    });
    let sent = platform.ask("POST", "messages", "messages", &card);
    let received = bed.control().inbox("lisi").pop().unwrap();
    assert_eq!((&received.kind, &sent["message_id"]), (&"template_card".to_owned(), &json!(received.id)));
    let update = json!({
        "to": {"members": ["lisi"]}, "response_code": sent["response_code"], "change": {"done": "已同意"},
    });
    assert_eq!(platform.ask("POST", "cards/update", "cards/update", &update), json!({"invalid": []}));
    let card = bed.control().inbox("lisi").pop().unwrap().card.unwrap();
    assert_eq!(card.replaced.as_deref(), Some("已同意"));
    platform.ask("POST", "messages/recall", "messages/recall", &json!({"message_id": sent["message_id"]}));
    assert!(bed.control().inbox("lisi").pop().unwrap().recalled);
    let media = platform.ask("POST", "media", "media?kind=file&file_name=%E8%AE%A2%E5%8D%95.txt", &json!("order 17"));
    assert!(media["media_id"].is_string(), "{media}");

    let page = platform.ask("GET", "events", "events?limit=1", &Value::Null);
    assert_eq!(page, json!({"events": [], "cursor": null, "more": false}));
    let page = "https://app.example.com/orders?id=17";
    let request = json!({"url": page, "identity": "organisation", "functions": ["scanQRCode"]});
    let signed = platform.ask("POST", "page-signatures", "page-signatures", &request);
    let (nonce, timestamp) = (signed["nonce"].as_str().unwrap(), signed["timestamp"].as_u64().unwrap());
    let expected = bed.control().js_signature(None, nonce, timestamp, page);
    assert_eq!(signed["signature"].as_str(), expected.as_deref());
}

fn approvals(bed: &Bed, platform: &mut Platform<'_>) {
    let template = platform.ask("GET", "templates/{id}", &format!("templates/{PURCHASE_TEMPLATE}"), &Value::Null);
    assert!(template["controls"].as_array().is_some_and(|controls| !controls.is_empty()), "{template}");
    let request = json!({
        "template": PURCHASE_TEMPLATE, "applicant": "lisi",
        "process": [{"kind": "approve", "consent": "all", "members": ["ZhangSan"]}],
        "fields": [{"id": "Money-1700000000001", "value": {"plain": {"money": "700.50"}}}],
        "summary": [[{"language": "zh-CN", "text": "显示器"}]],
    });
    let number = platform.ask("POST", "approvals", "approvals", &request)["number"].as_str().unwrap().to_owned();
    assert!(bed.control().approval(&number).is_some());
    let approval = platform.ask("GET", "approvals/{number}", &format!("approvals/{number}"), &Value::Null);
    assert_eq!((&approval["applicant"], &approval["status"]), (&json!("lisi"), &json!("pending")));
    let day =
        |days: i64| (jiff::Timestamp::now() + jiff::SignedDuration::from_hours(24 * days)).to_string()[..10].to_owned();
    let found = platform.ask("GET", "approvals", &format!("approvals?from={}&until={}", day(-2), day(2)), &Value::Null);
    assert_eq!(found["numbers"], json!([number]), "{found}");
    let told = platform.ask("POST", "approvals/{number}/notify", &format!("approvals/{number}/notify"), &Value::Null);
    assert_eq!(told, json!({"told": ["ZhangSan"]}));
    assert_eq!(bed.control().inbox("ZhangSan").pop().unwrap().kind, "template_card");
}

fn directory(platform: &mut Platform<'_>) {
    let overview = platform.ask("GET", "overview", "overview", &Value::Null);
    assert!(overview["members"]["active"].as_u64() > Some(5), "{overview}");
    let mut ids = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = platform.ask("GET", "members", &format!("members?limit=5{cursor}"), &Value::Null);
        let members = page["members"].as_array().unwrap();
        assert!(members.len() <= 5, "{page}");
        ids.extend(members.iter().map(|member| member["id"].as_str().unwrap().to_owned()));
        let Some(next) = page["cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(
        ids.len() as u64,
        overview["members"].as_object().unwrap().values().filter_map(Value::as_u64).sum::<u64>()
    );
    let found = platform.ask("GET", "members", "members?search=LISI&status=active&below=false", &Value::Null);
    assert_eq!((&found["members"][0]["id"], found["members"].as_array().unwrap().len()), (&json!("lisi"), 1));
    let lisi = platform.ask("GET", "members/{id}", "members/lisi", &Value::Null);
    assert_eq!(lisi, found["members"][0]);
    let asked = json!({"ids": ["lisi", "nobody"]});
    assert_eq!(platform.ask("POST", "find-members", "find-members", &asked), json!({"members": [lisi, null]}));
    let roots = platform.ask("GET", "departments", "departments?roots=true", &Value::Null);
    let root = &roots["departments"][0];
    let id = root["id"].as_str().unwrap();
    assert_eq!(platform.ask("GET", "departments/{id}", &format!("departments/{id}"), &Value::Null), *root);
    let children = platform.ask("GET", "departments", &format!("departments?parent={id}"), &Value::Null);
    assert!(children["departments"].as_array().unwrap().iter().all(|child| child["parent_id"] == id), "{children}");
    let page = platform.ask("GET", "changes", "changes?limit=2", &Value::Null);
    assert_eq!((page["changes"].as_array().unwrap().len(), &page["more"]), (2, &json!(true)));
    assert!(page["changes"][0]["at"].as_str().unwrap().ends_with('Z'), "{page}");
    let given_up = json!({"cursor": page["cursor"]});
    assert_eq!(platform.ask("POST", "changes/acknowledge", "changes/acknowledge", &given_up), json!({}));
    assert_eq!(platform.ask("GET", "changes", "changes?limit=1", &Value::Null)["changes"][0]["seq"], 3);
    let called = json!({"method": "GET", "path": "/cgi-bin/agent/get", "query": [
        {"name": "agentid", "value": DEMO_AGENT_ID.to_string()},
    ]});
    let answered = platform.ask("POST", "vendor-calls", "vendor-calls", &called);
    assert_eq!(answered["status"], 200);
    assert!(answered["body"]["text"].as_str().unwrap().contains("低代码应用"), "{answered}");
}

/// Until the run has another step than to go on.
fn advance(platform: &mut Platform<'_>, run: &str, until: &str) -> Value {
    loop {
        let path = format!("runs/{run}/advance");
        let step = platform.ask("POST", "runs/{run}/advance", &path, &json!({"until": until}));
        if step.get("more").is_none() {
            return step;
        }
    }
}

fn syncs(bed: &Bed, platform: &mut Platform<'_>) {
    let begin = |platform: &mut Platform<'_>, body: &Value| {
        let begun = platform.ask("POST", "runs", "runs", body);
        assert_eq!(begun["joined"], false, "{begun}");
        begun["progress"]["run"].as_str().unwrap().to_owned()
    };
    bed.control().change(|corp| corp.move_member("sunqi", 23)).unwrap();
    let run = begin(platform, &json!({"strategy": "walk"}));
    assert_eq!(advance(platform, &run, "plan")["planned"]["members"]["updated"], 1);
    let plan = platform.ask("GET", "plan", "plan", &Value::Null);
    assert_eq!((&plan["run"], &plan["changes"][0]["id"]), (&json!(run), &json!("sunqi")));
    let abandon = format!("runs/{run}/abandon");
    assert_eq!(platform.ask("POST", "runs/{run}/abandon", &abandon, &Value::Null), json!({}));
    let repair = format!("runs/{run}/repair");
    platform.answer("POST", "runs/{run}/repair", &repair, &Value::Null, 404);

    let leave = |corp: &mut wecom_simulator::Corp| {
        ["sunqi", "zhouba", "wangwu", "zhaoliu", "wujiu", "zhengshi", "qianyi", "liuer"]
            .into_iter()
            .for_each(|id| drop(corp.move_member(id, 4)));
    };
    bed.control().change(leave);
    let run = begin(platform, &Value::Null);
    let blocked = advance(platform, &run, "complete");
    let counts = &blocked["blocked"]["error"]["reason"]["mass-removal-blocked"];
    assert!(counts["members"].as_u64() > Some(3), "{blocked}");
    let approve = format!("runs/{run}/approve");
    let fewer = json!({"members": 1, "members_total": 22, "departments": 0, "departments_total": 6});
    let refused = platform.answer("POST", "runs/{run}/approve", &approve, &fewer, 409);
    assert_eq!(refused["error"]["reason"], "mass-removal-blocked");
    assert_eq!(platform.ask("POST", "runs/{run}/approve", &approve, counts), json!({}));
    let complete = advance(platform, &run, "complete");
    assert_eq!(complete["complete"]["members"]["left_range"], counts["members"]);
    let runs = platform.ask("GET", "runs", "runs", &Value::Null);
    assert_eq!((&runs["runs"][0]["run"], &runs["runs"][0]["outcome"]), (&json!(run), &json!("complete")));
    assert!(runs["runs"][0]["started_at"].as_str().unwrap().ends_with('Z'), "{runs}");

    let refreshed = platform.ask("POST", "members/{id}/refresh", "members/lisi/refresh", &Value::Null);
    assert_eq!(refreshed["id"], "lisi");
    let refreshed = platform.ask("POST", "departments/{id}/refresh", "departments/2/refresh", &Value::Null);
    assert_eq!(refreshed["id"], "2");
}

fn administration(platform: &mut Platform<'_>) {
    let set = platform.ask("PUT", "members/{id}/roles", "members/lisi/roles", &json!({"roles": ["buyer", "lead"]}));
    assert_eq!(set["roles"], json!(["buyer", "lead"]));
    assert_eq!(platform.ask("GET", "members/{id}/roles", "members/LISI/roles", &Value::Null), set);
    assert_eq!(platform.ask("POST", "members/{id}/roles/confirm", "members/lisi/roles/confirm", &Value::Null), set);
    let rules =
        json!({"rules": [{"role": "staff", "scope": "everybody"}, {"role": "dev", "scope": {"department": "2"}}]});
    assert_eq!(platform.ask("PUT", "role-rules", "role-rules", &rules)["rules"], rules["rules"]);
    assert_eq!(platform.ask("GET", "role-rules", "role-rules", &Value::Null)["rules"], rules["rules"]);
    let administrators = json!({"ids": ["ZhangSan"]});
    assert_eq!(platform.ask("PUT", "administrators", "administrators", &administrators), json!({}));
    let administrators = platform.ask("GET", "administrators", "administrators", &Value::Null);
    assert_eq!(administrators, json!({"administrators": ["ZhangSan"]}));
    let image = "https://app.example.com/signatures/lisi.png";
    let signature = "members/{id}/signature";
    assert_eq!(platform.ask("PUT", signature, "members/lisi/signature", &json!({"address": image})), json!({}));
    assert_eq!(platform.ask("GET", signature, "members/lisi/signature", &Value::Null), json!({"address": image}));
    let ids = json!({"ids": ["lisi", "ZhangSan", "nobody"]});
    let retired = platform.ask("POST", "retire-members", "retire-members", &ids);
    let problems: Vec<&Value> = retired["members"].as_array().unwrap().iter().map(|one| &one["problem"]).collect();
    assert!(problems[0].is_null(), "{retired}");
    assert!(problems[1..].iter().all(|problem| problem["reason"].is_string()), "{retired}");
    let ids = json!({"ids": ["lisi"]});
    assert_eq!(
        platform.ask("POST", "reinstate-members", "reinstate-members", &ids)["members"][0]["problem"],
        Value::Null
    );
    platform.ask("POST", "retire-members", "retire-members", &ids);
    assert_eq!(platform.ask("POST", "members/{id}/erase", "members/wangwu/erase", &Value::Null), json!({}));
    platform.answer("GET", "members/{id}", "members/wangwu", &Value::Null, 404);
    let trail = platform.ask("GET", "audit", "audit?limit=200", &Value::Null);
    let decisions = trail["decisions"].as_array().unwrap();
    assert!(decisions.iter().all(|decision| decision["actor"] == "api-key crm"), "{trail}");
    let last = decisions.last().unwrap();
    assert_eq!((&last["action"], &last["subject"]), (&json!("administration.erase-member"), &json!("wangwu")));
    let after = format!("audit?after={}", trail["cursor"].as_str().unwrap());
    let rest = platform.ask("GET", "audit", &after, &Value::Null);
    assert_eq!(rest, json!({"decisions": [], "cursor": trail["cursor"], "more": false}));
}
