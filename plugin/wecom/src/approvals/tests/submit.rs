//! Making a request.

use super::*;
use crate::fake::lost;
use organisation_kit::contract::http::Failure as Http;

const MADE: &str = r#"{"errcode":0,"errmsg":"ok","sp_no":"202601080001"}"#;

/// A vendor with the template, which answers submissions as told.
fn taking(answer: impl Fn() -> Answer + 'static) -> FakePlatform {
    vendor(move |_, name, _| match name {
        "gettemplatedetail" => answered(template()),
        "applyevent" => answer(),
        name => panic!("{name}"),
    })
}

#[test]
fn a_request_is_made_once_the_template_was_read() {
    let fake = taking(|| ok(MADE));
    assert_eq!(submit(&fake, &request()), Ok("202601080001".to_owned()));
    assert_eq!(all_sent(&fake, "gettemplatedetail"), [json!({ "template_id": "T" })]);
    let body = json!({
        "creator_userid": "zhangsan",
        "template_id": "T",
        "use_template_approver": 1,
        "apply_data": { "contents": [{ "control": "Money", "id": "Money-1", "value": { "new_money": "700.50" } }] },
        "summary_list": [{ "summary_info": [{ "text": "采购", "lang": "zh_CN" }] }],
    });
    assert_eq!(all_sent(&fake, "applyevent"), [body]);
}

#[test]
fn what_is_wrong_is_refused_before_anything_is_made() {
    let fake = taking(|| panic!());
    let mut wrong = request();
    wrong.fields.clear();
    assert_eq!(refused_path(&submit(&fake, &wrong).unwrap_err()), "fields.Money-1");
    // Without even a look at the template.
    let before = fake.requests.borrow().len();
    wrong.summary.clear();
    assert_eq!(refused_path(&submit(&fake, &wrong).unwrap_err()), "summary");
    assert_eq!(fake.requests.borrow().len(), before);
}

#[test]
fn nothing_is_submitted_twice() {
    for (answer, reason) in [
        (fake::errcode(301_057, "no"), Reason::Unavailable),
        (fake::errcode(-1, "busy"), Reason::Unavailable),
        (Err(lost(Http::Timeout)), Reason::Unavailable),
        (ok(r#"{"errcode":0,"errmsg":"ok. Warning: wrong json format. "}"#), Reason::UnexpectedAnswer),
        (ok(r#"{"errcode":0,"errmsg":"ok"}"#), Reason::UnexpectedAnswer),
        (fake::errcode(301_055, "no"), Reason::NotPermitted),
        (fake::errcode(301_056, "no"), Reason::NotPermitted),
    ] {
        let fake = taking(move || answer.clone());
        assert_eq!(submit(&fake, &request()).unwrap_err().reason, reason);
        assert_eq!(fake.count("oa/applyevent"), 1);
    }
}

#[test]
fn values_that_wecom_refuses_are_the_callers_to_mend() {
    for code in [301_025, 301_079, 40058] {
        let fake = taking(move || fake::errcode(code, "invalid"));
        let failure = submit(&fake, &request()).unwrap_err();
        assert_eq!((refused_path(&failure), failure.vendor_code), ("fields", Some(code)));
        assert!(failure.hint.unwrap().en.contains("template"));
    }
    // With the template's id the same number says another thing.
    let fake = vendor(|_, _, _| fake::errcode(301_025, "invalid"));
    assert_eq!(submit(&fake, &request()).unwrap_err().reason, Reason::NotFound);
}
