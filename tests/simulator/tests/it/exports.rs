//! The asynchronous export: what its files hold, and the life of a job.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use wecom_simulator::corp::{App, Grant};
use wecom_simulator::{
    Behaviour, Corp, DEMO_AGENT_ID, FILE_LIFETIME, Generator, KEPT_JOBS, Limits, Quirks, Rate, Secret,
};

use crate::bed::Bed;
use crate::export_file::{KEY, rows};

const SECOND: Duration = Duration::from_secs(1);

async fn small_files(corp: Corp, items: u64) -> Bed {
    let bed = Bed::with(corp).await;
    bed.control.configure(|behaviour| behaviour.exports.smallest_block = Some(items));
    bed
}

/// What `api` lists for every visible department, by member id.
async fn listed(bed: &Bed, api: &str) -> BTreeMap<String, Value> {
    let mut members = BTreeMap::new();
    for department in bed.app("department/simplelist?").await["department_id"].as_array().unwrap() {
        let answer = bed.app(&format!("{api}?department_id={}", department["id"])).await;
        for member in answer["userlist"].as_array().unwrap() {
            members.insert(member["userid"].as_str().unwrap().to_owned(), member.clone());
        }
    }
    members
}

fn by_id(members: Vec<Value>) -> BTreeMap<String, Value> {
    let count = members.len();
    let map: BTreeMap<_, _> =
        members.into_iter().map(|member| (member["userid"].as_str().unwrap().to_owned(), member)).collect();
    assert_eq!(map.len(), count, "each member once");
    map
}

#[tokio::test]
async fn files_hold_the_rows_of_the_lists() {
    let corp = Generator { tags: 1, ..Generator::sized(4, 130, 12) }.generate().unwrap();
    let bed = small_files(corp, 50).await;
    let users = bed.documents("user", json!({"block_size": 50})).await;
    let lengths: Vec<usize> = users.iter().map(|document| document["userlist"].as_array().unwrap().len()).collect();
    assert_eq!(lengths, [50, 50, 30]);
    assert_eq!(by_id(rows(&users, "userlist")), listed(&bed, "user/list").await);
    let simple = bed.documents("simple_user", json!({})).await;
    assert_eq!(by_id(rows(&simple, "userlist")), listed(&bed, "user/simplelist").await);

    bed.control.configure(|behaviour| behaviour.exports.smallest_block = Some(5));
    let departments = bed.documents("department", json!({})).await;
    assert_eq!(departments.len(), 3);
    assert_eq!(json!(rows(&departments, "department")), bed.app("department/list?").await["department"]);
}

#[tokio::test]
async fn every_document_of_a_tag_names_it() {
    let bed = small_files(wecom_simulator::demo(), 1).await;
    let whole = bed.app("tag/get?tagid=7").await;
    for id in [json!(7), json!("7")] {
        let documents = bed.documents("taguser", json!({"tagid": id})).await;
        assert!(documents.len() > 1 && documents.iter().all(|document| document["tagname"] == whole["tagname"]));
        assert_eq!(json!(rows(&documents, "userlist")), whole["userlist"]);
        assert_eq!(json!(rows(&documents, "partylist")), whole["partylist"]);
    }
}

#[tokio::test]
async fn nobody_to_export_makes_one_file_with_an_empty_list() {
    let bed = small_files(wecom_simulator::demo(), 10).await;
    bed.control.change(|corp| corp.update_app(DEMO_AGENT_ID, |app| app.visible = Default::default()).unwrap());
    for (subject, list) in [("user", "userlist"), ("simple_user", "userlist"), ("department", "department")] {
        assert_eq!(bed.documents(subject, json!({})).await, [json!({ list: [] })], "{subject}");
    }
}

#[tokio::test]
async fn only_what_the_caller_sees_is_exported_in_its_shapes() {
    let generator = Generator { root_visible: false, loners: 3, tags: 2, ..Generator::sized(5, 80, 9) };
    let bed = small_files(generator.generate().unwrap(), 30).await;
    let hidden = wecom_simulator::corp::Member::new("hidden", "看不见", 1);
    bed.control.change(|corp| corp.add_member(hidden).unwrap());
    for quirks in [Quirks::default(), Quirks { numbers_as_strings: false, errcode_missing: false, ..Quirks::wild() }] {
        bed.control.configure(|behaviour| behaviour.quirks = quirks);
        for old in [false, true] {
            bed.control.change(|corp| corp.update_app(DEMO_AGENT_ID, |app| app.created_before_2022 = old).unwrap());
            let exported = by_id(rows(&bed.documents("user", json!({})).await, "userlist"));
            assert_eq!(exported.len(), 80, "loners as well, the hidden one not");
            for (id, row) in &exported {
                let mut alone = bed.app(&format!("user/get?userid={id}")).await;
                for key in ["errcode", "errmsg"] {
                    alone.as_object_mut().unwrap().remove(key);
                }
                assert_eq!(row, &alone, "old: {old}");
                assert_eq!(row.get("mobile").is_some_and(|mobile| mobile != ""), old);
            }
        }
    }
}

#[tokio::test]
async fn a_job_shows_the_organisation_of_its_submission() {
    let bed = Bed::start().await;
    let job = bed.job("user", json!({})).await;
    bed.control.change(|corp| corp.update_member("lisi", |member| member.name = "改名".to_owned()).unwrap());
    let url = bed.files(&job).await[0]["url"].as_str().unwrap().to_owned();
    let before = crate::export_file::open(&bed.browser.get(&url).await.unwrap().body);
    assert!(before.to_string().contains("李四") && !before.to_string().contains("改名"));
    assert!(bed.documents("user", json!({})).await[0].to_string().contains("改名"));
}

/// Each row switches one thing; what the first document and the list of files then show.
#[tokio::test]
async fn switches_change_what_the_files_are() {
    type Switch = fn(&mut Behaviour);
    type Check = fn(&[Value], &Value) -> bool;
    let rows: [(&str, Switch, &str, Check); 5] = [
        (
            "as documented",
            |_| {},
            "department",
            |files, first| files.len() == 1 && first["department"][0].get("department_leader").is_some(),
        ),
        (
            "without leaders",
            |to| to.exports.leaderless_departments = true,
            "department",
            |_, first| first["department"].as_array().unwrap().iter().all(|row| row.get("department_leader").is_none()),
        ),
        ("small files", |to| to.exports.smallest_block = Some(1), "user", |files, _| files.len() > 5),
        (
            "block size ignored",
            |to| {
                to.exports.smallest_block = Some(1);
                to.exports.ignore_block_size = true;
            },
            "user",
            |files, _| files.len() == 1,
        ),
        ("null lists", |to| to.quirks.null_lists = true, "user", |files, _| files.len() == 1),
    ];
    for (name, switch, subject, check) in rows {
        let bed = Bed::start().await;
        bed.control.configure(switch);
        let documents = bed.documents(subject, json!({})).await;
        let job = bed.job(subject, json!({})).await;
        assert!(check(&bed.files(&job).await, &documents[0]), "{name}");
    }
}

#[tokio::test]
async fn bodies_are_checked() {
    let bed = Bed::start().await;
    let (short, odd, long) = (&KEY[1..], KEY.replace("AAE", "AA+"), format!("{KEY}="));
    let rows = [
        ("user", json!({}), 0),
        ("user", json!({"encoding_aeskey": null}), 40063),
        ("user", json!({"encoding_aeskey": ""}), 40063),
        ("user", json!({"encoding_aeskey": 7}), 40058),
        ("user", json!({"encoding_aeskey": short}), 40058),
        ("user", json!({"encoding_aeskey": long}), 40058),
        ("user", json!({"encoding_aeskey": odd}), 40058),
        ("simple_user", json!({"block_size": 10_000}), 0),
        ("simple_user", json!({"block_size": 1_000_000}), 0),
        ("simple_user", json!({"block_size": 9_999}), 40058),
        ("department", json!({"block_size": 1_000_001}), 40058),
        ("department", json!({"block_size": "20000"}), 40058),
        ("department", json!({"block_size": -1}), 40058),
        ("taguser", json!({}), 41017),
        ("taguser", json!({"tagid": 999}), 40068),
        ("taguser", json!({"tagid": []}), 40068),
    ];
    for (subject, body, expected) in rows {
        let answer = bed.submit(subject, body.clone()).await;
        assert_eq!(answer["errcode"], expected, "{subject} {body}");
        assert_eq!(answer.get("jobid").is_some(), expected == 0, "{subject} {body}");
    }
    assert_eq!(bed.app_code("export/user?").await, 40058, "a verb that is not POST");
    for (query, expected) in [("", 40063), ("jobid=", 40063), ("jobid=unknown", 40088)] {
        assert_eq!(bed.app_code(&format!("export/get_result?{query}")).await, expected, "{query}");
    }
}

#[tokio::test]
async fn a_job_waits_runs_and_ends() {
    for (fail, last) in [(false, 2), (true, 3)] {
        let bed = Bed::start().await;
        bed.control.configure(|behaviour| {
            behaviour.exports.duration = 10 * SECOND;
            behaviour.exports.fail = fail;
        });
        let job = bed.job("user", json!({})).await;
        bed.control.configure(|behaviour| behaviour.exports.fail = !fail);
        for (advance, expected) in [(0, 0), (4, 0), (1, 1), (4, 1), (1, last), (100, last)] {
            bed.control.advance(advance * SECOND);
            let result = bed.result(&job).await;
            assert_eq!((&result["errcode"], &result["status"]), (&json!(0), &json!(expected)), "{result}");
            assert_eq!(result.get("data_list").is_some(), expected == 2, "{result}");
        }
    }
}

#[tokio::test]
async fn a_job_belongs_to_who_submitted_it() {
    let bed = Bed::start().await;
    bed.control.change(|corp| {
        corp.add_app(App::new(7, "另一个", Secret::new("another"))).unwrap();
        corp.grant(7, Grant::Department(1)).unwrap();
    });
    let job = bed.job("user", json!({})).await;
    let other = bed.token_of("another").await;
    let ask = |token: String| format!("export/get_result?jobid={job}&access_token={token}");
    assert_eq!(bed.get(&ask(other)).await["errcode"], 40088);
    bed.control.configure(|behaviour| behaviour.switches.new_sync_address = false);
    assert_eq!(bed.get(&ask(bed.sync_token().await)).await["errcode"], 40088);
    assert_eq!(bed.result(&job).await["status"], 2);
}

#[tokio::test]
async fn the_contact_sync_secret_exports_from_an_address_of_old() {
    let bed = Bed::start().await;
    let token = bed.sync_token().await;
    for (new_address, expected) in [(true, 48009), (false, 0)] {
        bed.control.configure(|behaviour| behaviour.switches.new_sync_address = new_address);
        for subject in ["simple_user", "user", "department", "taguser"] {
            let body = format!(r#"{{"encoding_aeskey":"{KEY}","tagid":7}}"#);
            let answer = bed.post(&format!("export/{subject}?access_token={token}"), &body).await;
            assert_eq!(answer["errcode"], expected, "{subject}");
        }
    }
}

#[tokio::test]
async fn only_the_last_results_are_kept() {
    let bed = Bed::start().await;
    let first = bed.job("department", json!({})).await;
    let url = bed.files(&first).await[0]["url"].as_str().unwrap().to_owned();
    for _ in 1..KEPT_JOBS {
        bed.job("department", json!({})).await;
    }
    assert_eq!(bed.result(&first).await["errcode"], 0);
    bed.job("department", json!({})).await;
    assert_eq!(bed.result(&first).await["errcode"], 40089);
    assert_eq!(bed.browser.get(&url).await.unwrap().status, 404);
}

#[tokio::test]
async fn files_expire_and_their_job_may_be_purged_with_them() {
    for (purged, expected) in [(false, 0), (true, 40089)] {
        let bed = Bed::start().await;
        bed.control.configure(|behaviour| {
            behaviour.exports.duration = 60 * SECOND;
            behaviour.exports.purged_when_expired = purged;
        });
        let job = bed.job("user", json!({})).await;
        bed.control.advance(60 * SECOND);
        let url = bed.files(&job).await[0]["url"].as_str().unwrap().to_owned();
        bed.control.advance(FILE_LIFETIME - SECOND);
        assert_eq!(bed.browser.get(&url).await.unwrap().status, 200);
        bed.control.advance(SECOND);
        assert_eq!(bed.browser.get(&url).await.unwrap().status, 403);
        assert_eq!(bed.result(&job).await["errcode"], expected);
    }
}

#[tokio::test]
async fn rate_limits_hold_for_jobs_and_not_for_files() {
    let bed = Bed::start().await;
    let job = bed.job("user", json!({})).await;
    let url = bed.files(&job).await[0]["url"].as_str().unwrap().to_owned();
    let token = bed.token().await;
    let limits = Limits { per_corp: vec![Rate::per_minute(2)], ..Limits::default() };
    bed.control.configure(|behaviour| behaviour.limits = limits);
    let ask = format!("export/get_result?jobid={job}&access_token={token}");
    let submit = format!("export/user?access_token={token}");
    let body = format!(r#"{{"encoding_aeskey":"{KEY}"}}"#);
    for expected in [0, 0, 45009, 45009] {
        assert_eq!(bed.get(&ask).await["errcode"], expected);
        assert_eq!(bed.post(&submit, &body).await["errcode"], expected);
        assert_eq!(bed.browser.get(&url).await.unwrap().status, 200);
    }
    // The block is as long as the window and begins with the excess; asking during the block does not lengthen it.
    bed.control.advance(59 * SECOND);
    assert_eq!(bed.get(&ask).await["errcode"], 45009);
    bed.control.advance(SECOND);
    assert_eq!(bed.get(&ask).await["errcode"], 0);
    assert_eq!(bed.post(&submit, &body).await["errcode"], 0);
}
