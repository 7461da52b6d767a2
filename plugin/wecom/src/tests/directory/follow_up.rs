//! What a delivery leaves to be done, done on the copy.

use super::{
    APPROVING, Budget, Company, PLAIN, SyncStep, assert_exact, begin, changes, common, complete, fake, platform, small,
    step, sync_member, sync_on,
};
use crate::{api::client::WeComClient, fake::FakePlatform, wecom::WeCom};
use organisation_kit::{
    capability::Callbacks,
    contract::{
        callbacks::FollowUpTask,
        directory::{ChangeKind, MemberStatus, Strategy},
        types::Reason,
    },
    directory::{
        follow_up::{LOOK_AT_EXPORT, REFRESH_DEPARTMENT, REFRESH_MEMBER, task},
        read, sync,
    },
    failure::Failure,
    platform::Platform,
    store,
};

fn follow_up(fake: &FakePlatform, task: &FollowUpTask) -> Result<(), Failure> {
    let config = fake::config();
    let more = WeCom::follow_up(fake, &config, &WeComClient::new(fake, &config), task)?;
    assert_eq!(more, []);
    Ok(())
}

fn status(fake: &FakePlatform, id: &str) -> Option<MemberStatus> {
    read::find_member(fake, &common(), id).ok().map(|member| member.status)
}

#[test]
fn the_copy_follows_and_a_repetition_changes_nothing() {
    let (fake, company) = platform(small());
    complete(&fake, PLAIN);
    company.borrow_mut().person("zhaoliu", "赵六", &[31]);
    company.borrow_mut().person("lisi", "李四光", &[2]);
    company.borrow_mut().department(7, 2, "新部门");
    let known = changes(&fake).len();
    for _ in 0..2 {
        for (kind, id) in [
            (REFRESH_DEPARTMENT, "7"),
            (REFRESH_MEMBER, "zhaoliu"),
            (REFRESH_MEMBER, "LISI"),
            // Of whom nobody ever heard.
            (REFRESH_MEMBER, "nobody"),
            (REFRESH_DEPARTMENT, "4711"),
        ] {
            follow_up(&fake, &task(kind, id)).unwrap();
        }
        assert_eq!(changes(&fake).len(), known + 3);
    }
    assert_exact(&fake, &company.borrow());
}

#[test]
fn one_who_went_has_left_the_range_and_nobody_else() {
    let (fake, company) = platform(small());
    complete(&fake, PLAIN);
    company.borrow_mut().members.remove("lisi");
    for _ in 0..2 {
        follow_up(&fake, &task(REFRESH_MEMBER, "lisi")).unwrap();
        assert_eq!(status(&fake, "lisi"), Some(MemberStatus::LeftRange));
    }
    let gone: Vec<_> = changes(&fake).into_iter().filter(|change| change.kind == ChangeKind::MemberLeftRange).collect();
    assert_eq!(gone.len(), 1);
    // A department that went waits for the sync, which looks at all of them.
    company.borrow_mut().departments.remove(&31);
    follow_up(&fake, &task(REFRESH_DEPARTMENT, "31")).unwrap();
    assert!(read::find_department(&fake, &common(), "31").is_ok());
}

#[test]
fn before_the_first_sync_there_is_nothing_to_follow() {
    let (fake, _) = platform(small());
    for kind in [REFRESH_MEMBER, REFRESH_DEPARTMENT, LOOK_AT_EXPORT] {
        follow_up(&fake, &task(kind, "31")).unwrap();
    }
    assert_eq!((fake.paths(), fake.keys("directory/")), (vec![], vec![]));
}

#[test]
fn what_cannot_be_done_says_why() {
    let (fake, company) = platform(small());
    complete(&fake, PLAIN);
    assert_eq!(follow_up(&fake, &task("dance", "lisi")).unwrap_err().reason, Reason::Unsupported);
    company.borrow_mut().fault = Some(("user/get", 45009));
    let limited = follow_up(&fake, &task(REFRESH_MEMBER, "lisi")).unwrap_err();
    assert_eq!((limited.reason.clone(), limited.retry_after_ms), (Reason::RateLimited, Some(60_000)));
    assert_eq!(status(&fake, "lisi"), Some(MemberStatus::Active));
    // Writers that always come first: the host is to come again.
    company.borrow_mut().fault = None;
    company.borrow_mut().person("lisi", "李四光", &[2]);
    fake.before_storage(|other, touch| {
        if touch.puts("directory/head") {
            let head = other.value("directory/head").unwrap();
            other.apply(&[store::put_text("directory/head", head)]).unwrap();
        }
        Ok(())
    });
    let beaten = follow_up(&fake, &task(REFRESH_MEMBER, "lisi")).unwrap_err();
    assert_eq!((beaten.reason.clone(), beaten.retry_after_ms), (Reason::Unavailable, Some(1_000)));
}

#[test]
fn the_end_of_an_export_ends_the_wait_for_it_and_no_other_wait() {
    for (name, wait, is_lifted) in [("export", None, true), ("rate limit", Some(45009), false)] {
        let (fake, company) = platform(small());
        let run = sync::begin::begin(&fake, &common(), &Strategy::Export).unwrap().progress.run;
        let orders = fake.server();
        fake.serve_with(move |fake, request| match (fake::path(request).as_str(), wait) {
            ("/cgi-bin/export/user" | "/cgi-bin/export/department", Some(code)) => fake::errcode(code, "too many"),
            ("/cgi-bin/export/user" | "/cgi-bin/export/department", None) => fake::ok(r#"{"errcode":0,"jobid":"j1"}"#),
            ("/cgi-bin/export/get_result", _) => fake::ok(r#"{"errcode":0,"status":1}"#),
            _ => orders(fake, request),
        });
        let advance = || {
            fake.set_budget(Budget { wall_ms: 60_000, ..fake.remaining() });
            step(&fake, PLAIN).unwrap()
        };
        let mut taken = advance();
        while matches!(taken, SyncStep::More(_)) {
            taken = advance();
        }
        assert!(matches!(taken, SyncStep::Wait(_)), "{name}: {taken:?}");
        let asked = fake.paths().len();
        assert!(matches!(advance(), SyncStep::Wait(_)) && fake.paths().len() == asked, "{name}: it waits");
        for _ in 0..2 {
            follow_up(&fake, &task(LOOK_AT_EXPORT, "j1")).unwrap();
        }
        assert_eq!(fake.paths().len(), asked, "{name}: the follow-up itself asks nobody");
        advance();
        assert_eq!(fake.paths().len() > asked, is_lifted, "{name}");
        assert_eq!(begin(&fake).unwrap().progress.run, run, "{name}: the run goes on");
        drop(company);
    }
}

#[test]
fn a_copy_of_another_organisation_is_left_alone() {
    let (fake, _) = platform(Company::default());
    complete(&fake, PLAIN);
    let mut config = fake::config();
    config.common.organisation = "ww00000000000000ff".to_owned();
    let client = WeComClient::new(&fake, &config);
    let asked = fake.paths().len();
    for kind in [REFRESH_MEMBER, REFRESH_DEPARTMENT, LOOK_AT_EXPORT] {
        let failure = WeCom::follow_up(&fake, &config, &client, &task(kind, "1")).unwrap_err();
        assert_eq!(failure.reason, Reason::Conflict, "{kind}");
    }
    assert_eq!(fake.paths().len(), asked);
}

#[test]
fn a_range_that_was_narrowed_is_for_the_sync_to_ask_about() {
    let mut company = Company::default();
    company.department(1, 0, "总公司");
    for index in 0..40 {
        company.person(&format!("m{index:02}"), "成员", &[1]);
    }
    let (fake, company) = platform(company);
    complete(&fake, PLAIN);
    company.borrow_mut().members.clear();
    let present = || (0..40).filter(|n| status(&fake, &format!("m{n:02}")) == Some(MemberStatus::Active)).count();
    for index in 0..40 {
        follow_up(&fake, &task(REFRESH_MEMBER, &format!("m{index:02}"))).unwrap();
    }
    // A fifth of forty, as in a sync.
    assert_eq!(present(), 32);
    let SyncStep::Blocked(_) = sync_on(&fake, PLAIN).unwrap() else { panic!("the sync asks") };
    assert_eq!(present(), 32);
    // Whoever asks about one member by name gets what the vendor says.
    assert_eq!(sync_member(&fake, "m39").unwrap().status, MemberStatus::LeftRange);
    complete(&fake, APPROVING);
    assert_eq!((present(), fake.value("directory/followed-away")), (0, None), "the count begins anew");
}
