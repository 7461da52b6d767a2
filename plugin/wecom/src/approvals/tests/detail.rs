//! One template, one request.

use super::*;

fn shown(number: &str) -> Value {
    json!({ "errcode": 0, "errmsg": "ok", "info": {
        "sp_no": number, "sp_name": "采购申请", "sp_status": 2, "template_id": "T", "apply_time": 1_767_862_800,
        "applyer": { "userid": "zhangsan", "partyid": "31" },
    } })
}

#[test]
fn a_template_is_asked_for_by_its_id() {
    let fake = vendor(|_, _, _| answered(template()));
    let described = describe(&fake, "3TkSample_1").unwrap();
    assert_eq!((described.id.as_str(), described.controls.len()), ("3TkSample_1", 1));
    assert_eq!(all_sent(&fake, "gettemplatedetail"), [json!({ "template_id": "3TkSample_1" })]);
    assert_eq!(refused_path(&describe(&fake, "").unwrap_err()), "template");
}

#[test]
fn a_request_is_asked_for_by_its_number() {
    let fake = vendor(|_, _, _| answered(shown("202601080001")));
    let approval = detail(&fake, "202601080001").unwrap();
    assert_eq!((approval.status.as_str(), approval.nodes.len()), ("approved", 0));
    assert_eq!(all_sent(&fake, "getapprovaldetail"), [json!({ "sp_no": "202601080001" })]);
    assert_eq!(refused_path(&detail(&fake, "").unwrap_err()), "number");
    assert_eq!(detail(&fake, "202601080002").unwrap_err().reason, Reason::UnexpectedAnswer);
}

#[test]
fn what_wecom_refuses_has_its_reason() {
    for (code, reason) in [
        (301_025, Reason::NotFound),
        (301_026, Reason::Unavailable),
        (301_055, Reason::NotPermitted),
        (301_056, Reason::NotPermitted),
        (45009, Reason::RateLimited),
    ] {
        let fake = vendor(move |_, _, _| fake::errcode(code, "no"));
        for failure in [describe(&fake, "T").unwrap_err(), detail(&fake, "1").unwrap_err()] {
            assert_eq!((&failure.reason, failure.vendor_code), (&reason, Some(code)));
        }
        // Only what passes is asked again.
        let asked = if code == 301_026 { 4 } else { 1 };
        assert_eq!((fake.count("oa/gettemplatedetail"), fake.count("oa/getapprovaldetail")), (asked, asked), "{code}");
    }
}

#[test]
fn whoever_may_not_ask_learns_where_that_is_granted() {
    let fake = vendor(|_, _, _| fake::errcode(301_055, "no approval auth"));
    let hint = detail(&fake, "1").unwrap_err().into_details().hint.unwrap();
    assert!(hint.zh.contains("可调用接口的应用") && hint.en.contains("可调用接口的应用"), "{hint:?}");
}
