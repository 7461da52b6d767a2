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
        assert!(failure.hint.clone().unwrap().en.contains("template"));
    }
    // With the template's id the same number says another thing.
    let fake = vendor(|_, _, _| fake::errcode(301_025, "invalid"));
    assert_eq!(submit(&fake, &request()).unwrap_err().reason, Reason::NotFound);
}

mod keyed {
    //! Under an idempotency key.

    use std::{cell::RefCell, rc::Rc};

    use super::*;

    /// Requests that exist: number, second and sum.
    type Existing = Rc<RefCell<Vec<(&'static str, u64, &'static str)>>>;

    /// How a submission ends.
    #[derive(Clone, Copy, PartialEq)]
    enum End {
        /// It is made and answered.
        Made,
        /// It is made, and the answer is lost.
        Lost,
        /// It never arrives, and nobody knows.
        Gone,
        /// It is refused.
        Refused,
    }

    fn keyed(key: &str) -> ApprovalRequest {
        ApprovalRequest { idempotency_key: Some(key.into()), ..request() }
    }

    /// A vendor that keeps what is submitted, in the order of `ends`.
    fn keeping(existing: &Existing, ends: &[End]) -> FakePlatform {
        let (existing, ends) = (Rc::clone(existing), RefCell::new(ends.to_vec()));
        vendor(move |fake, name, body| match name {
            "gettemplatedetail" => answered(template()),
            "applyevent" => {
                let end = ends.borrow_mut().remove(0);
                if matches!(end, End::Made | End::Lost) {
                    existing.borrow_mut().push(("202601080001", now(fake), "700.50"));
                }
                match end {
                    End::Made => ok(MADE),
                    End::Lost | End::Gone => Err(lost(Http::Timeout)),
                    End::Refused => fake::errcode(301_056, "disabled"),
                }
            }
            "getapprovalinfo" => {
                let filters =
                    json!([{ "key": "template_id", "value": "T" }, { "key": "creator", "value": "zhangsan" }]);
                assert_eq!(body["filters"], filters);
                let numbers: Vec<_> = existing.borrow().iter().map(|(number, ..)| *number).collect();
                answered(json!({ "errcode": 0, "errmsg": "ok", "sp_no_list": numbers }))
            }
            "getapprovaldetail" => {
                let existing = existing.borrow();
                let (number, at, money) = existing.iter().find(|(number, ..)| body["sp_no"] == **number).unwrap();
                answered(json!({ "errcode": 0, "errmsg": "ok", "info": {
                    "sp_no": number, "sp_name": "采购申请", "sp_status": 1, "template_id": "T", "apply_time": at,
                    "applyer": { "userid": "ZhangSan", "partyid": "31" },
                    "apply_data": { "contents": [{ "control": "Money", "id": "Money-1", "value": { "new_money": money, "tips": [] } }] },
                } }))
            }
            name => panic!("{name}"),
        })
    }

    fn now(fake: &FakePlatform) -> u64 {
        use organisation_kit::platform::Platform as _;
        fake.now_ms() / 1_000
    }

    const NUMBER: &str = "202601080001";

    #[test]
    fn a_request_is_made_once_under_its_key() {
        let existing = Existing::default();
        let fake = keeping(&existing, &[End::Made, End::Made]);
        for _ in 0..3 {
            assert_eq!(submit(&fake, &keyed("k")), Ok(NUMBER.to_owned()));
        }
        assert_eq!((fake.count("oa/applyevent"), fake.count("oa/getapprovalinfo")), (1, 0));
        // The template is read once: the answer is known.
        assert_eq!(fake.count("oa/gettemplatedetail"), 1);
        let mut other = keyed("k");
        other.applicant = "lisi".into();
        assert_eq!(refused_path(&submit(&fake, &other).unwrap_err()), "idempotency-key");
        assert_eq!(submit(&fake, &keyed("other")), Ok(NUMBER.to_owned()));
        assert_eq!(fake.count("oa/applyevent"), 2);
    }

    #[test]
    fn a_lost_answer_is_found() {
        let existing = Existing::default();
        // Another one of the same member, with another sum.
        existing.borrow_mut().push(("202601070009", 1_789_000_000, "1"));
        let fake = keeping(&existing, &[End::Lost]);
        assert_eq!(submit(&fake, &keyed("k")).unwrap_err().reason, Reason::Unavailable);
        assert_eq!(submit(&fake, &keyed("k")), Ok(NUMBER.to_owned()));
        // And remembered from then on.
        let asked = fake.requests.borrow().len();
        assert_eq!(submit(&fake, &keyed("k")), Ok(NUMBER.to_owned()));
        assert_eq!((fake.requests.borrow().len(), fake.count("oa/applyevent")), (asked, 1));
    }

    #[test]
    fn what_never_arrived_is_sent_again_once_that_is_certain() {
        let existing = Existing::default();
        let fake = keeping(&existing, &[End::Gone, End::Gone, End::Made]);
        assert_eq!(submit(&fake, &keyed("k")).unwrap_err().reason, Reason::Unavailable);
        // It may not be listed yet.
        let early = submit(&fake, &keyed("k")).unwrap_err();
        assert_eq!((early.reason.clone(), early.retry_after_ms), (Reason::Conflict, Some(30_000)));
        assert_eq!(fake.count("oa/applyevent"), 1);
        fake.advance_ms(30_000);
        assert_eq!(submit(&fake, &keyed("k")).unwrap_err().reason, Reason::Unavailable);
        // The wait begins anew with the second attempt.
        assert_eq!(submit(&fake, &keyed("k")).unwrap_err().reason, Reason::Conflict);
        fake.advance_ms(30_000);
        assert_eq!(submit(&fake, &keyed("k")), Ok(NUMBER.to_owned()));
        assert_eq!(fake.count("oa/applyevent"), 3);
    }

    #[test]
    fn where_it_cannot_be_told_nothing_is_sent() {
        for (number, seconds_before, sum, expected) in [
            // As old as clocks may differ: it is the one.
            ("1", 4, "700.5", Ok("1")),
            // Older than that: perhaps it is, perhaps it is another one.
            ("2", 20, "700.50", Err(Reason::Conflict)),
            // Made since, and unlike: perhaps WeCom has rewritten it.
            ("3", 0, "701", Err(Reason::Conflict)),
        ] {
            let existing = Existing::default();
            let fake = keeping(&existing, &[End::Gone]);
            assert!(submit(&fake, &keyed("k")).is_err());
            existing.borrow_mut().push((number, now(&fake) - seconds_before, sum));
            fake.advance_ms(60_000);
            let outcome = submit(&fake, &keyed("k")).map_err(|failure| failure.into_details().reason);
            assert_eq!(outcome, expected.map(str::to_owned));
            assert_eq!(fake.count("oa/applyevent"), 1);
        }
        // Two alike.
        let existing = Existing::default();
        let fake = keeping(&existing, &[End::Lost]);
        assert!(submit(&fake, &keyed("k")).is_err());
        existing.borrow_mut().push(("2", now(&fake), "700.50"));
        assert_eq!(submit(&fake, &keyed("k")).unwrap_err().reason, Reason::Conflict);
        assert_eq!(fake.count("oa/applyevent"), 1);
    }

    #[test]
    fn a_key_is_free_again_where_nothing_was_made() {
        let existing = Existing::default();
        let fake = keeping(&existing, &[End::Refused, End::Made]);
        let mut wrong = keyed("k");
        wrong.fields.clear();
        assert_eq!(refused_path(&submit(&fake, &wrong).unwrap_err()), "fields.Money-1");
        assert_eq!(submit(&fake, &keyed("k")).unwrap_err().reason, Reason::NotPermitted);
        assert_eq!(submit(&fake, &keyed("k")), Ok(NUMBER.to_owned()));
        assert_eq!(fake.count("oa/getapprovalinfo"), 0);
    }

    #[test]
    fn a_call_that_died_before_it_sent_left_nothing_to_look_for() {
        let existing = Existing::default();
        let fake = keeping(&existing, &[End::Made]);
        // The call ends where it would write down that it sends.
        fake.before_storage(|fake, touch| {
            use organisation_kit::contract::storage::StorageError;
            match touch.puts("idempotency/") && fake.count("oa/gettemplatedetail") > 0 {
                true => Err(StorageError::Unavailable(false)),
                false => Ok(()),
            }
        });
        assert_eq!(submit(&fake, &keyed("k")).unwrap_err().reason, Reason::Unavailable);
        assert_eq!(fake.count("oa/applyevent"), 0);
        fake.clear_hooks();
        fake.advance_ms(10 * 60_000);
        fake.set_budget(organisation_kit::contract::call::Budget {
            wall_ms: 60_000,
            ..organisation_kit::platform::Platform::remaining(&fake)
        });
        assert_eq!(submit(&fake, &keyed("k")), Ok(NUMBER.to_owned()));
        assert_eq!(fake.count("oa/getapprovalinfo"), 0);
    }
}
