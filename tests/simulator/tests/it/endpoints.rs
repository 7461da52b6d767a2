//! Each endpoint: the shape of its success and the codes of its failures.

use serde_json::json;

use crate::bed::Bed;
use wecom_simulator::{HiddenRoot, corp::Grant};

#[tokio::test]
async fn address_lists() {
    let bed = Bed::start().await;
    for api in ["get_api_domain_ip?", "getcallbackip?"] {
        assert!(bed.app(api).await["ip_list"].as_array().is_some_and(|list| list.len() == 3), "{api}");
        assert_eq!(bed.get(&format!("{api}access_token=x")).await["ip_list"], json!([]), "{api} on failure");
    }
}

#[tokio::test]
async fn the_app_sees_itself() {
    let bed = Bed::start().await;
    let expected = json!({
        "errcode": 0, "errmsg": "ok", "agentid": 1000073, "name": "低代码应用", "description": "组织同步与登录",
        "square_logo_url": "https://p.qlogo.cn/sample/0", "allow_userinfos": {"user": [{"userid": "shiwu"}]},
        "allow_partys": {"partyid": [2]}, "allow_tags": {"tagid": [7]}, "close": 0, "redirect_domain": "app.example.com",
        "report_location_flag": 0, "isreportenter": 0, "home_url": "https://app.example.com/",
    });
    assert_eq!(bed.app("agent/get?agentid=1000073").await, expected);
    let list = bed.app("agent/list?").await;
    assert_eq!(
        list["agentlist"],
        json!([{"agentid": 1000073, "name": "低代码应用", "square_logo_url": "https://p.qlogo.cn/sample/0"}])
    );
    for (query, code) in [("", 41011), ("agentid=x", 40056), ("agentid=5", 40056)] {
        assert_eq!(bed.app_code(&format!("agent/get?{query}")).await, code, "{query:?}");
    }
    bed.control.change(|corp| {
        corp.add_app(wecom_simulator::corp::App::new(5, "other", wecom_simulator::Secret::new("s5"))).unwrap();
        corp.ungrant(1000073, &Grant::Tag(7)).unwrap();
    });
    assert_eq!(bed.app_code("agent/get?agentid=5").await, 301002);
    assert!(bed.app("agent/get?agentid=1000073").await.get("allow_tags").is_none(), "absent when no tag is granted");
}

#[tokio::test]
async fn departments() {
    let bed = Bed::start().await;
    let list = bed.app("department/list?").await;
    assert_eq!(list["department"].as_array().unwrap().len(), 6);
    let research = json!({"id": 2, "name": "研发中心", "name_en": "R&D", "department_leader": ["ZhangSan"], "parentid": 1, "order": 100000000});
    assert_eq!(list["department"][0], research, "the parent is real although it is hidden");
    assert_eq!(bed.app("department/get?id=2").await["department"], research, "an object here");
    let simple = bed.app("department/simplelist?id=22").await;
    assert_eq!(
        simple["department_id"],
        json!([{"id": 22, "parentid": 2, "order": 99999000}, {"id": 4294967295_u64, "parentid": 22, "order": 100000000}])
    );
}

#[tokio::test]
async fn departments_out_of_reach() {
    let bed = Bed::start().await;
    for (query, list, get) in [
        ("id=1", 60011, 60011),
        ("id=3", 60011, 60011),
        ("id=999", 60003, 60003),
        ("id=abc", 60123, 60123),
        ("", 0, 41019),
    ] {
        assert_eq!(bed.app_code(&format!("department/list?{query}")).await, list, "list {query}");
        assert_eq!(bed.app_code(&format!("department/simplelist?{query}")).await, list, "simplelist {query}");
        assert_eq!(bed.app_code(&format!("department/get?{query}")).await, get, "get {query}");
    }
    bed.control.configure(|behaviour| behaviour.switches.hidden_root = HiddenRoot::EmptyList);
    let empty = bed.app("department/list?id=1").await;
    assert_eq!((&empty["errcode"], &empty["department"]), (&json!(0), &json!([])));
    assert_eq!(bed.app_code("department/list?id=3").await, 60011, "only the root has the switch");

    bed.control.change(|corp| corp.grant(1000073, Grant::Department(1)).unwrap());
    let whole = bed.app("department/list?id=1").await;
    assert_eq!(whole["department"].as_array().unwrap().len(), 9);
    assert_eq!((&whole["department"][0]["id"], &whole["department"][0]["parentid"]), (&json!(1), &json!(0)));
}

#[tokio::test]
async fn one_member() {
    let bed = Bed::start().await;
    let expected = json!({
        "errcode": 0, "errmsg": "ok", "userid": "lisi", "name": "李四", "department": [21], "order": [1],
        "is_leader_in_dept": [1], "direct_leader": ["ZhangSan"], "main_department": 21, "position": "平台负责人",
        "telephone": "", "alias": "", "status": 1, "extattr": {"attrs": []}, "external_position": "",
        "external_profile": {}, "gender": "0",
    });
    assert_eq!(bed.app("user/get?userid=LiSi").await, expected, "restricted fields are missing");
    for (id, code) in [("nobody", 60111), ("zhangliu", 60111), ("", 41009)] {
        assert_eq!(bed.app_code(&format!("user/get?userid={id}")).await, code, "{id}");
    }
    assert_eq!(bed.app_code(&format!("user/get?userid={}", "x".repeat(65))).await, 40003);
    bed.control.configure(|behaviour| behaviour.switches.hidden_member = 60011);
    assert_eq!(bed.app_code("user/get?userid=zhangliu").await, 60011);
}

#[tokio::test]
async fn custom_fields_keep_their_type() {
    let bed = Bed::start().await;
    let member = bed.app("user/get?userid=wangwu").await;
    assert_eq!(
        member["extattr"]["attrs"],
        json!([
            {"type": 0, "name": "工号", "text": {"value": "0017"}},
            {"type": 1, "name": "主页", "web": {"url": "https://example.com/ww", "title": "个人主页"}},
            {"type": 0, "name": "爱好", "text": {"value": "围棋"}},
        ])
    );
    assert_eq!(
        member["external_profile"],
        json!({"external_corp_name": "示例", "wechat_channels": {"nickname": "示例视频", "status": 1}})
    );
}

#[tokio::test]
async fn members_of_a_department() {
    let bed = Bed::start().await;
    let simple = bed.app("user/simplelist?department_id=23").await;
    assert_eq!(
        simple["userlist"],
        json!([
            {"userid": "chen_er", "name": "陈二", "department": [23, 21]},
            {"userid": "feng.yi", "name": "冯一", "department": [23]},
            {"userid": "lvsi", "name": "吕四", "department": [23]},
            {"userid": "zhengshi", "name": "郑十", "department": [23]},
        ])
    );
    let list = bed.app("user/list?department_id=23").await;
    assert_eq!(list["userlist"][2]["status"], 2);
    assert_eq!(list["userlist"][3]["is_leader_in_dept"], json!([1]));
    for (query, code) in
        [("", 41019), ("department_id=1", 60011), ("department_id=9", 60003), ("department_id=x", 60123)]
    {
        for api in ["user/list", "user/simplelist"] {
            let answer = bed.app(&format!("{api}?{query}")).await;
            assert_eq!((&answer["errcode"], &answer["userlist"]), (&json!(code), &json!([])), "{api} {query}");
        }
    }
}

#[tokio::test]
async fn fetch_child_recurses_only_where_switched_on() {
    let bed = Bed::start().await;
    let count = async |bed: &Bed| {
        let answer = bed.app("user/simplelist?department_id=2&fetch_child=1").await;
        answer["userlist"].as_array().unwrap().len()
    };
    assert_eq!(count(&bed).await, 3);
    bed.control.configure(|behaviour| behaviour.switches.fetch_child = true);
    assert_eq!(count(&bed).await, 18, "each member once");
    bed.control.configure(|behaviour| behaviour.switches.largest_list = Some(17));
    assert_eq!(bed.app_code("user/list?department_id=2&fetch_child=1").await, 45029);
}

#[tokio::test]
async fn tags() {
    let bed = Bed::start().await;
    let all = bed.app("tag/list?").await;
    assert_eq!(all["taglist"], json!([{"tagid": 7, "tagname": "值班"}, {"tagid": 8, "tagname": "全员"}]));
    let granted = bed.app("tag/get?tagid=7").await;
    assert_eq!(
        (&granted["tagname"], &granted["userlist"], &granted["partylist"]),
        (&json!("值班"), &json!([{"userid": "youyi", "name": "尤一"}]), &json!([31]))
    );
    let other = bed.app("tag/get?tagid=8").await;
    assert_eq!(other["userlist"], json!([{"userid": "ZhangSan", "name": "张三"}]), "only visible members");
    for (query, code) in [("", 41017), ("tagid=99", 40068), ("tagid=x", 40068)] {
        assert_eq!(bed.app_code(&format!("tag/get?{query}")).await, code, "{query}");
    }
}

#[tokio::test]
async fn list_id_pages_through_every_pair() {
    let bed = Bed::start().await;
    let api = format!("user/list_id?access_token={}", bed.sync_token().await);
    let (mut cursor, mut pairs, mut pages) = (String::new(), Vec::new(), 0);
    loop {
        let answer = bed.post(&api, &json!({"cursor": cursor, "limit": 10}).to_string()).await;
        pairs.extend(answer["dept_user"].as_array().unwrap().iter().map(ToString::to_string));
        pages += 1;
        cursor = answer["next_cursor"].as_str().unwrap().to_owned();
        if cursor.is_empty() {
            break;
        }
    }
    let expected: usize = bed.control.read(|corp| corp.members().map(|member| member.departments.len()).sum());
    pairs.sort();
    pairs.dedup();
    assert_eq!((pairs.len(), pages), (expected, expected.div_ceil(10)));
    for (body, code) in
        [(json!({"cursor": "x"}), 60268), (json!({"limit": 0}), 40058), (json!({"limit": 10001}), 40058)]
    {
        let answer = bed.post(&api, &body.to_string()).await;
        assert_eq!((&answer["errcode"], &answer["dept_user"]), (&json!(code), &json!([])), "{body}");
    }
}
