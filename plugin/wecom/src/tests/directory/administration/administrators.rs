//! Who administers the app.

use super::*;

#[test]
fn administrators_are_members_of_the_copy_in_the_order_given() {
    let (fake, company) = synced();
    assert!(admin::administrators(&fake, &common()).unwrap().is_empty());
    admin::set_administrators(&fake, &common(), &texts(&["WANGWU", "zhangsan", "wangwu"]), ACTOR).unwrap();
    assert_eq!(admin::administrators(&fake, &common()).unwrap(), ["wangwu", "ZhangSan"]);
    let many: Vec<String> = (0..101).map(|id| format!("m{id}")).collect();
    let refused = admin::set_administrators(&fake, &common(), &many, ACTOR).unwrap_err();
    assert!(matches!(refused.reason, Reason::InvalidArgument(problem) if problem.path == "ids"));
    for id in &many {
        company.borrow_mut().person(id, "成员", &[2]);
    }
    complete(&fake, PLAIN);
    admin::set_administrators(&fake, &common(), &many[..100], ACTOR).unwrap();
    admin::set_administrators(&fake, &common(), &[], ACTOR).unwrap();
    assert_eq!(admin::administrators(&fake, &common()).unwrap(), Vec::<String>::new());
    assert_eq!(fake.audit.borrow().len(), 3);
}
