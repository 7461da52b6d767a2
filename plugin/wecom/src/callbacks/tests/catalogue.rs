//! Every event and message that WeCom documents, and what comes of it.

use organisation_kit::contract::callbacks::Selection;

use super::*;

fn event(name: &str, from: &str, rest: &str) -> String {
    format!(
        "<xml><ToUserName><![CDATA[{CORP}]]></ToUserName><FromUserName><![CDATA[{from}]]></FromUserName>\
         <CreateTime>1767862801</CreateTime><MsgType><![CDATA[event]]></MsgType><Event><![CDATA[{name}]]></Event>\
         <AgentID>1000002</AgentID>{rest}</xml>"
    )
}

fn happened(name: &str, rest: &str) -> Happening {
    let mut handled = delivered(&app(), "wecom", &event(name, "zhangsan", rest));
    let happened = handled.events.remove(0);
    assert_eq!((happened.member.as_deref(), happened.at), (Some("zhangsan"), 1_767_862_801_000), "{name}");
    happened.happening
}

/// Follow-ups as `kind subject`.
fn follow_ups(handled: &Handled) -> Vec<String> {
    let shown = |task: &FollowUpTask| {
        assert_eq!(task.not_before, None);
        format!("{} {}", task.kind, task.subject)
    };
    handled.follow_ups.iter().map(shown).collect()
}

#[test]
fn whoever_comes_or_goes_is_looked_at() {
    for (name, expected) in [("subscribe", Happening::EnteredRange), ("unsubscribe", Happening::LeftRange)] {
        let handled = delivered(&app(), "wecom", &event(name, "ZhangSan", "<EventKey/>"));
        assert_eq!(handled.events[0].happening, expected);
        assert_eq!(follow_ups(&handled), ["refresh-member ZhangSan"]);
    }
}

#[test]
fn the_menu() {
    for (name, kind) in [
        ("enter_agent", "enter"),
        ("click", "click"),
        ("CLICK", "click"),
        ("view", "view"),
        ("view_miniprogram", "view-miniprogram"),
        ("scancode_push", "scan"),
        ("scancode_waitmsg", "scan"),
        ("pic_sysphoto", "photo"),
        ("pic_photo_or_album", "photo"),
        ("pic_weixin", "photo"),
        ("location_select", "location"),
    ] {
        let rest = "<EventKey><![CDATA[k&1]]></EventKey><ScanCodeInfo><ScanResult>42</ScanResult></ScanCodeInfo>";
        let Happening::Menu(used) = happened(name, rest) else { panic!("{name}") };
        assert_eq!((used.kind.as_str(), used.key.as_deref()), (kind, Some("k&1")), "{name}");
        let fields: serde_json::Value = serde_json::from_str(&used.fields).unwrap();
        assert_eq!(fields["ScanCodeInfo"]["ScanResult"], "42");
    }
    let Happening::Menu(entered) = happened("enter_agent", "<EventKey><![CDATA[]]></EventKey>") else { panic!() };
    assert_eq!(entered.key, None);
}

#[test]
fn cards() {
    let item = |question: &str, ids: &str| {
        format!("<SelectedItem><QuestionKey>{question}</QuestionKey><OptionIds>{ids}</OptionIds></SelectedItem>")
    };
    let one = item("q1", "<OptionId>a</OptionId>");
    let two = item("q2", "<OptionId>b</OptionId><OptionId>c</OptionId>");
    let selection = |question: &str, choices: &[&str]| Selection {
        question: question.into(),
        choices: choices.iter().map(|choice| (*choice).to_owned()).collect(),
    };
    for (items, expected) in [
        (String::new(), vec![]),
        ("<SelectedItems></SelectedItems>".to_owned(), vec![]),
        (format!("<SelectedItems>{one}</SelectedItems>"), vec![selection("q1", &["a"])]),
        (
            format!("<SelectedItems>{one}{two}</SelectedItems>"),
            vec![selection("q1", &["a"]), selection("q2", &["b", "c"])],
        ),
    ] {
        let rest = format!("<EventKey>yes</EventKey><TaskId>t1</TaskId><ResponseCode>r1</ResponseCode>{items}");
        for (name, from_menu) in [("template_card_event", false), ("template_card_menu_event", true)] {
            let Happening::Card(press) = happened(name, &rest) else { panic!("{name}") };
            assert_eq!((press.task_id.as_str(), press.key.as_str(), press.from_menu), ("t1", "yes", from_menu));
            assert_eq!((press.response_code.as_deref(), &press.selections), (Some("r1"), &expected));
        }
    }
    let retired = "<EventKey>no</EventKey><TaskId>t2</TaskId><AgentId>1</AgentId>";
    let Happening::Card(press) = happened("taskcard_click", retired) else { panic!() };
    assert_eq!((press.key.as_str(), press.response_code), ("no", None));
}

const APPROVAL: &str = "<ApprovalInfo><SpNoStr><![CDATA[202601080001]]></SpNoStr><SpNo>202601080001</SpNo><SpName><![CDATA[采购申请]]></SpName><SpStatus>1</SpStatus><TemplateId><![CDATA[3TkSampleTemplate01]]></TemplateId><ApplyTime>1767862800</ApplyTime><Applyer><UserId><![CDATA[zhangsan]]></UserId><Party><![CDATA[31]]></Party></Applyer><SpRecord><SpStatus>1</SpStatus><ApproverAttr>1</ApproverAttr><Details><Approver><UserId><![CDATA[lisi]]></UserId></Approver><Speech><![CDATA[]]></Speech><SpStatus>1</SpStatus><SpTime>0</SpTime></Details></SpRecord><StatuChangeEvent>1</StatuChangeEvent></ApprovalInfo>";

#[test]
fn approvals() {
    let engine = "<ApprovalInfo><ThirdNo>no-1</ThirdNo><OpenTemplateId>tpl</OpenTemplateId><OpenSpStatus>4</OpenSpStatus><ApplyUserId>lisi</ApplyUserId></ApprovalInfo>";
    let change = |from: &str, to: &str| APPROVAL.replace(from, to);
    for (name, rest, expected) in [
        (
            "sys_approval_change",
            APPROVAL.to_owned(),
            ("202601080001", "3TkSampleTemplate01", "pending", "submitted", "zhangsan"),
        ),
        (
            "sys_approval_change",
            change("<SpNoStr><![CDATA[202601080001]]></SpNoStr>", "")
                .replace("<StatuChangeEvent>1<", "<StatuChangeEvent>99<"),
            ("202601080001", "3TkSampleTemplate01", "pending", "99", "zhangsan"),
        ),
        (
            "sys_approval_change",
            change("<SpStatus>1</SpStatus><TemplateId>", "<SPSTATUS>6</SPSTATUS><TemplateId>")
                .replace("<StatuChangeEvent>1<", "<StatuChangeEvent>8<"),
            ("202601080001", "3TkSampleTemplate01", "withdrawn-after-approval", "withdrawn-after-approval", "zhangsan"),
        ),
        ("open_approval_change", engine.to_owned(), ("no-1", "tpl", "withdrawn", "withdrawn", "lisi")),
        ("open_approval_change", engine.replace("tus>4<", "tus>1<"), ("no-1", "tpl", "pending", "submitted", "lisi")),
    ] {
        let handled = delivered(&app(), "wecom", &event(name, "sys", &rest));
        let Event { member: None, happening: Happening::Approval(found), .. } = &handled.events[0] else {
            panic!("{handled:?}")
        };
        let applicant = found.applicant.as_deref().unwrap();
        let found = (&*found.number, &*found.template, &*found.status, &*found.change, applicant);
        assert_eq!(found, expected, "{rest}");
        assert_eq!(handled.follow_ups, []);
    }
    // Without what makes it one it passes whole.
    let bare = delivered(&app(), "wecom", &event("sys_approval_change", "sys", &APPROVAL.replace("SpNo", "X")));
    let Happening::Other(other) = &bare.events[0].happening else { panic!("{bare:?}") };
    assert!(other.fields.contains("采购申请") && other.name == "sys_approval_change");
}

#[test]
fn the_directory() {
    for (change, rest, kind, id, new_id, tasks) in [
        (
            "create_user",
            "<UserID>a</UserID><Department>1,2</Department>",
            "member-created",
            "a",
            None,
            vec!["refresh-member a"],
        ),
        (
            "update_user",
            "<UserID>a</UserID><IsLeader>0</IsLeader>",
            "member-updated",
            "a",
            None,
            vec!["refresh-member a"],
        ),
        (
            "update_user",
            "<UserID>a</UserID><NewUserID>b</NewUserID>",
            "member-updated",
            "a",
            Some("b"),
            vec!["refresh-member a", "refresh-member b"],
        ),
        ("delete_user", "<UserID>a</UserID>", "member-deleted", "a", None, vec!["refresh-member a"]),
        (
            "create_party",
            "<Id>2</Id><ParentId>1</ParentId>",
            "department-created",
            "2",
            None,
            vec!["refresh-department 2"],
        ),
        ("update_party", "<Id>2</Id>", "department-updated", "2", None, vec!["refresh-department 2"]),
        ("delete_party", "<Id>2</Id>", "department-deleted", "2", None, vec!["refresh-department 2"]),
        (
            "update_tag",
            "<TagId>7</TagId><AddUserItems>a, b,,a</AddUserItems><DelUserItems>c</DelUserItems><AddPartyItems>2</AddPartyItems><DelPartyItems></DelPartyItems>",
            "tag-updated",
            "7",
            None,
            vec!["refresh-member a", "refresh-member b", "refresh-member c", "refresh-department 2"],
        ),
    ] {
        let rest = format!("<ChangeType>{change}</ChangeType>{rest}");
        let handled = delivered(&contacts(), "contacts", &event("change_contact", "sys", &rest));
        let Happening::Directory(found) = &handled.events[0].happening else { panic!("{handled:?}") };
        assert_eq!((&*found.kind, &*found.id, found.new_id.as_deref()), (kind, id, new_id));
        assert_eq!(follow_ups(&handled), tasks, "{change}");
    }
    for rest in
        ["<ChangeType>create_moon</ChangeType><Id>1</Id>", "<UserID>a</UserID>", "<ChangeType>delete_user</ChangeType>"]
    {
        let handled = delivered(&contacts(), "contacts", &event("change_contact", "sys", rest));
        assert!(matches!(&handled.events[0].happening, Happening::Other(_)), "{rest}");
        assert_eq!(handled.follow_ups, []);
    }
}

#[test]
fn a_tag_of_thousands_is_left_to_the_sync() {
    let ids: Vec<String> = (0..1_000).map(|number| format!("m{number}")).collect();
    let rest =
        format!("<ChangeType>update_tag</ChangeType><TagId>7</TagId><AddUserItems>{}</AddUserItems>", ids.join(","));
    assert_eq!(delivered(&contacts(), "contacts", &event("change_contact", "sys", &rest)).follow_ups.len(), 200);
}

#[test]
fn jobs() {
    for (kind, code, succeeded, shown, tasks) in [
        ("export_user", "0", true, "export-user", vec!["look-at-export j1"]),
        ("export_department", "1", false, "export-department", vec!["look-at-export j1"]),
        ("sync_user", "0", true, "sync-user", vec![]),
        ("replace_party", "", false, "replace-party", vec![]),
    ] {
        let rest = format!(
            "<BatchJob><JobId>j1</JobId><JobType>{kind}</JobType><ErrCode>{code}</ErrCode><ErrMsg/></BatchJob>"
        );
        let handled = delivered(&app(), "wecom", &event("batch_job_result", "sys", &rest));
        let Happening::Job(end) = &handled.events[0].happening else { panic!("{handled:?}") };
        assert_eq!((&*end.id, &*end.kind, end.succeeded), ("j1", shown, succeeded));
        assert_eq!(follow_ups(&handled), tasks);
    }
}

#[test]
fn whatever_else_passes_whole() {
    for name in [
        "LOCATION",
        "share_agent_change",
        "share_chain_change",
        "upload_media_job_finish",
        "inactive_alert",
        "low_active_alert",
        "close_inactive_agent",
        "reopen_inactive_agent",
        "low_active",
        "active_restored",
        "security",
        "something_new",
    ] {
        let rest = "<JobId>j2</JobId><SendPicsInfo><PicList><item><P>1</P></item></PicList></SendPicsInfo>";
        let Happening::Other(other) = happened(name, rest) else { panic!("{name}") };
        let fields: serde_json::Value = serde_json::from_str(&other.fields).unwrap();
        assert_eq!((other.name.as_str(), &fields["JobId"]), (name, &"j2".into()));
        // A list also where it holds one.
        assert_eq!(fields["SendPicsInfo"]["PicList"]["item"][0]["P"], "1");
    }
    let strange = delivered(&app(), "wecom", "<xml><InfoType>suite_ticket</InfoType></xml>");
    let Event { at, member: None, happening: Happening::Other(other), .. } = &strange.events[0] else { panic!() };
    assert_eq!((*at, other.name.as_str()), (fake::START_MS, ""));
}

#[test]
fn messages() {
    for (kind, rest, text, media) in [
        ("text", "<Content><![CDATA[ <b>你好</b> ]]></Content>", Some(" <b>你好</b> "), None),
        ("image", "<PicUrl>u</PicUrl><MediaId>m1</MediaId>", None, Some("m1")),
        ("voice", "<MediaId>m2</MediaId><Format>amr</Format>", None, Some("m2")),
        ("video", "<MediaId>m3</MediaId><ThumbMediaId>t</ThumbMediaId>", None, Some("m3")),
        ("location", "<Location_X>23.1</Location_X><Label>here</Label>", None, None),
        ("link", "<Title>t</Title><Content>not the text of a text</Content>", None, None),
    ] {
        let message = format!(
            "<xml><ToUserName>{CORP}</ToUserName><FromUserName>lisi</FromUserName><CreateTime>1767862801</CreateTime>\
             <MsgType>{kind}</MsgType>{rest}<MsgId>4561255354251345929</MsgId><AgentID>1</AgentID></xml>"
        );
        let handled = delivered(&app(), "wecom", &message);
        let Event { member: Some(member), happening: Happening::Message(found), .. } = &handled.events[0] else {
            panic!("{handled:?}")
        };
        assert_eq!((member.as_str(), found.kind.as_str()), ("lisi", kind));
        assert_eq!((found.text.as_deref(), found.media_id.as_deref()), (text, media));
        assert_eq!(found.id.as_deref(), Some("4561255354251345929"));
        assert!(found.fields.contains("\"MsgType\""));
        assert_eq!(handled.follow_ups, []);
    }
}

#[test]
fn json_says_the_same() {
    let json = format!(
        r#"{{"ToUserName":"{CORP}","FromUserName":"zhangsan","CreateTime":1767862801,"MsgType":"event","Event":"click","EventKey":"k"}}"#
    );
    let handled = delivered(&app(), "wecom", &json);
    let Event { at: 1_767_862_801_000, happening: Happening::Menu(used), .. } = &handled.events[0] else { panic!() };
    assert_eq!(used.key.as_deref(), Some("k"));
}
