use super::*;
use crate::{
    api::client::WeComClient,
    fake::{self, FakePlatform, errcode, ok, path},
};
use organisation_kit::vendor::Client as _;

fn serving(body: &'static str) -> FakePlatform {
    let fake = FakePlatform::new();
    fake.serve(move |request| match path(request).as_str() {
        "/cgi-bin/gettoken" => ok(r#"{"access_token":"T0KEN","expires_in":7200}"#),
        _ => match body.parse() {
            Ok(code) => errcode(code, "no"),
            Err(_) => ok(body),
        },
    });
    fake
}

/// What became of a question, in a word.
fn word<T>(answer: Result<T, Failure>, shown: impl Fn(T) -> String) -> String {
    answer.map_or_else(|failure| format!("{:?}", failure.reason).replace("Reason::", ""), shown)
}

#[test]
fn a_member_is_shown_hidden_or_unreadable() {
    for (body, expected) in [
        (r#"{"userid":"LiSi","name":"李四"}"#, "李四"),
        (r#"{"userid":"lisi","name":"李四"}"#, "李四"),
        (r#"{"userid":"LiSi","name":"李四","order":[-1]}"#, "李四 without order"),
        (r#"{"userid":"wangwu","name":"王五"}"#, "UnexpectedAnswer"),
        (r#"{"userid":"LiSi","department":3}"#, "unreadable"),
        (r#"{"errcode":0,"errmsg":"ok"}"#, "unreadable"),
        ("60111", "hidden Some(60111)"),
        ("60011", "hidden Some(60011)"),
        ("45009", "RateLimited"),
        ("<html>", "UnexpectedAnswer"),
        (r#"{"userid":"LiSi""#, "UnexpectedAnswer"),
    ] {
        let (fake, config) = (serving(body), fake::config());
        let found = word(WeComClient::new(&fake, &config).member("LiSi"), |answer| match answer {
            MemberAnswer::Shown(fetched) if fetched.unreadable.is_empty() => fetched.member.name,
            MemberAnswer::Shown(fetched) => format!("{} without {}", fetched.member.name, fetched.unreadable[0]),
            MemberAnswer::Hidden(code) => format!("hidden {code:?}"),
            MemberAnswer::Unreadable => "unreadable".to_owned(),
        });
        assert_eq!(found, expected, "{body}");
    }
}

#[test]
fn a_department_is_shown_hidden_or_unreadable() {
    for (body, expected) in [
        (r#"{"department":{"id":3,"name":"平台组"}}"#, "平台组"),
        (r#"{"department":{"id":"3","name":"平台组","order":true}}"#, "平台组 without order"),
        (r#"{"department":{"id":4,"name":"别处"}}"#, "UnexpectedAnswer"),
        (r#"{"department":{"name":"平台组"}}"#, "unreadable"),
        (r#"{"department":[{"id":3}]}"#, "unreadable"),
        ("60003", "hidden Some(60003)"),
        ("60123", "hidden Some(60123)"),
        ("-1", "Unavailable"),
        ("<html>", "UnexpectedAnswer"),
    ] {
        let (fake, config) = (serving(body), fake::config());
        let found = word(WeComClient::new(&fake, &config).department("3"), |answer| match answer {
            DepartmentAnswer::Shown(fetched) if fetched.unreadable.is_empty() => fetched.department.name,
            DepartmentAnswer::Shown(fetched) => {
                format!("{} without {}", fetched.department.name, fetched.unreadable[0])
            }
            DepartmentAnswer::Hidden(code) => format!("hidden {code:?}"),
            DepartmentAnswer::Unreadable => "unreadable".to_owned(),
        });
        assert_eq!(found, expected, "{body}");
    }
}

#[test]
fn whoever_cannot_be_read_is_named() {
    let (fake, config) = (serving("<html>"), fake::config());
    let failure = WeComClient::new(&fake, &config).member("LiSi").unwrap_err();
    assert_eq!(failure.reason, Reason::UnexpectedAnswer);
    assert!(failure.message.en.contains("user/get?userid=LiSi"), "{}", failure.message.en);
}
