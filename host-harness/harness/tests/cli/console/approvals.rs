//! Approvals followed in the console.

use serde_json::json;
use wecom_simulator::{Decision, PURCHASE_TEMPLATE};

use super::{first, synchronise};
use crate::{
    bed::Bed,
    web::{declare, serve, tenant},
};

#[tokio::test(flavor = "multi_thread")]
async fn requests_are_found_and_followed_and_what_was_written_is_shown_when_asked_for() {
    let bed = Bed::new().await;
    let file = declare(&bed, &[tenant(&bed, "acme", &json!({}))]);
    let host = serve(&bed, &["--tenants", file.to_str().unwrap()]);
    let mut someone = first(&host, "acme");
    synchronise(&mut someone, "同步已完成");
    let page = "/t/acme/admin/approvals";
    assert!(someone.page(page).contains("没有符合条件的审批"));
    let control = bed.control();
    let number = control.submit_approval("lisi", PURCHASE_TEMPLATE, vec![]).unwrap();
    let other = control.submit_approval("wangwu", PURCHASE_TEMPLATE, vec![]).unwrap();
    control.decide("ZhangSan", &number, &Decision::Reject("太贵<b>".to_owned())).unwrap();

    let all = someone.page(page);
    assert!(all.contains(&number) && all.contains(&other) && all.contains("李四"), "{all}");
    assert!(all.contains("已驳回") && all.contains("审批中"), "{all}");
    let rejected = someone.page(&format!("{page}?status=rejected"));
    assert!(rejected.contains(&number) && !rejected.contains(&other), "{rejected}");
    let of_lisi = someone.page(&format!("{page}?applicant=wangwu&kind="));
    assert!(of_lisi.contains(&other) && !of_lisi.contains(&number), "{of_lisi}");
    assert!(someone.page(&format!("{page}?from=2020-01-01&until=2020-01-31")).contains("没有符合条件的审批"));
    for (query, status) in [
        ("from=yesterday", 400),
        ("from=2026-02-30", 400),
        ("from=2026-02-02&until=2026-02-01", 400),
        ("from=1960-01-01&until=1960-01-02", 400),
        ("status=gone", 422),
        ("cursor=x", 422),
    ] {
        let answer = someone.get(&format!("{page}?{query}"));
        assert_eq!(answer.status, status, "{query}: {answer:#?}");
    }

    let detail = format!("{page}/{number}");
    let shown = someone.page(&detail);
    assert!(shown.contains("审批流程") && shown.contains("已驳回") && shown.contains("ZhangSan"), "{shown}");
    assert!(!shown.contains("太贵"), "what people wrote is not shown unasked: {shown}");
    let answer = someone.post(&detail, &format!("{detail}/reveal"), &[]);
    assert!(answer.status == 200 && answer.body.contains("太贵&lt;b&gt;"), "{answer:#?}");
    assert!(someone.page("/t/acme/admin/audit").contains("console.reveal-approval"));
    let english = someone.ask("GET", &detail, &[("accept-language", "en")], "");
    assert!(english.body.contains("rejected") && english.body.contains("Steps"), "{english:#?}");
    assert_eq!(someone.get(&format!("{page}/190001010001")).status, 404);
}
