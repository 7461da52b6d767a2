//! An approval that moved on, where somebody was told of it.

use organisation_kit::{
    capability::Approvals as _,
    contract::{http::Request, storage::StorageError},
    vendor::Vendor as _,
};

use super::*;
use crate::{
    fake::{ok, path},
    wecom::WeCom,
};

const NUMBER: &str = "202601080001";

/// An event of the approvals app, or of the engine, about a number.
fn moved(name: &str, info: &str) -> String {
    format!(
        "<xml><ToUserName>{CORP}</ToUserName><FromUserName>sys</FromUserName><CreateTime>1767862801</CreateTime>\
         <MsgType>event</MsgType><Event>{name}</Event><ApprovalInfo>{info}<SpStatus>1</SpStatus>\
         <StatuChangeEvent>2</StatuChangeEvent><OpenSpStatus>1</OpenSpStatus></ApprovalInfo></xml>"
    )
}

fn told(config: &Config) -> FakePlatform {
    let fake = FakePlatform::new();
    fake.serve(|request: &Request| match path(request).as_str() {
        "/cgi-bin/gettoken" => ok(r#"{"errcode":0,"access_token":"t0ken-1","expires_in":7200}"#),
        "/cgi-bin/oa/getapprovaldetail" => ok(format!(
            r#"{{"errcode":0,"info":{{"sp_no":"{NUMBER}","sp_status":1,"apply_time":1767862800,"process_list":{{"node_list":
            [{{"node_type":1,"sp_status":1,"apv_rel":1,"sub_node_list":[{{"userid":"lisi","sp_yj":1}}]}}]}}}}}}"#
        )),
        _ => ok(r#"{"errcode":0,"msgid":"m","response_code":"rc"}"#),
    });
    let told = WeCom::notify(&WeCom::client(&fake, config), NUMBER, Some("https://app.example.com/a")).unwrap();
    assert_eq!(told, ["lisi"]);
    fake
}

fn with_host() -> Config {
    let document = document(TOKEN, KEY, CORP, "");
    let more = r#","trustedDomain":"app.example.com"}"#;
    Config::parse(&format!("{}{more}", document.strip_suffix('}').unwrap())).unwrap()
}

#[test]
fn what_somebody_was_told_of_leaves_a_follow_up_each_time() {
    let config = with_host();
    let fake = told(&config);
    let asked = fake.requests.borrow().len();
    let follow_ups = |name: &str, info: &str| {
        let request = app().message(&moved(name, info)).delivery("wecom");
        let handled = handle(&fake, &config, &request).unwrap();
        handled.follow_ups.into_iter().map(|task| (task.kind, task.subject)).collect::<Vec<_>>()
    };
    let ours = format!("<SpNoStr>{NUMBER}</SpNoStr>");
    for _ in 0..2 {
        let expected = [("update-to-do".to_owned(), NUMBER.to_owned())];
        assert_eq!(follow_ups("sys_approval_change", &ours), expected);
    }
    assert_eq!(follow_ups("sys_approval_change", "<SpNoStr>202601080002</SpNoStr>"), []);
    assert_eq!(follow_ups("open_approval_change", "<ThirdNo>t-1</ThirdNo>"), []);
    assert_eq!(fake.requests.borrow().len(), asked, "a handler asks nobody");
}

#[test]
fn where_the_cards_cannot_be_looked_up_the_event_comes_again() {
    let config = with_host();
    let fake = told(&config);
    fake.before_storage(|_, touch| match touch.concerns("to-do/") {
        true => Err(StorageError::Unavailable(false)),
        false => Ok(()),
    });
    let request = app().message(&moved("sys_approval_change", &format!("<SpNo>{NUMBER}</SpNo>"))).delivery("wecom");
    assert_eq!(handle(&fake, &config, &request).unwrap_err().reason, Reason::Unavailable);
    fake.clear_hooks();
    let again = handle(&fake, &config, &request).unwrap();
    assert_eq!((again.events.len(), again.follow_ups.len()), (1, 1));
}
