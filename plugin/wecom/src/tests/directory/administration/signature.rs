//! Signatures of members.

use super::*;

#[test]
fn a_signature_is_kept_also_for_who_left_and_the_trail_does_not_hold_it() {
    let (fake, company) = synced();
    let read = |id: &str| admin::signature(&fake, &common(), id).unwrap();
    let set = |id: &str, address: Option<&str>| admin::set_signature(&fake, &common(), id, address, ACTOR).unwrap();
    assert_eq!(read("lisi"), None);
    set("LISI", Some("data:image/png;base64,aGFuZHdyaXRpbmc="));
    company.borrow_mut().members.remove("lisi");
    complete(&fake, APPROVING);
    assert_eq!(read("lisi").as_deref(), Some("data:image/png;base64,aGFuZHdyaXRpbmc="));
    set("lisi", Some("https://example.com/1.png"));
    assert_eq!(read("lisi").as_deref(), Some("https://example.com/1.png"));
    set("lisi", None);
    assert_eq!(read("lisi"), None);
    let written = format!("{:?}", fake.audit.borrow());
    assert!(!written.contains("aGFuZ") && !written.contains("example.com"), "{written}");
    let refused = admin::set_signature(&fake, &common(), "lisi", Some("http://e.com/"), ACTOR).unwrap_err();
    assert!(matches!(&refused.reason, Reason::InvalidArgument(problem) if problem.path == "address"));
}
