//! A client that walks the API ends with exactly the truth, whatever the organisation.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use wecom_simulator::corp::{Grant, Resignation};
use wecom_simulator::{DEMO_AGENT_ID, Generator, Shape};

use crate::bed::Bed;

/// A naive client: departments, then members department by department, then members granted alone or by tag.
async fn walk(bed: &Bed) -> (BTreeMap<u64, Value>, BTreeMap<String, Value>) {
    let list = bed.app("department/list?").await;
    let rows = list["department"].as_array().unwrap();
    let departments: BTreeMap<u64, Value> = rows.iter().map(|row| (row["id"].as_u64().unwrap(), row.clone())).collect();
    let mut members = BTreeMap::new();
    for id in departments.keys() {
        let list = bed.app(&format!("user/list?department_id={id}")).await;
        for row in list["userlist"].as_array().unwrap() {
            members.insert(row["userid"].as_str().unwrap().to_lowercase(), row.clone());
        }
    }
    let agent = bed.app(&format!("agent/get?agentid={DEMO_AGENT_ID}")).await;
    let mut alone: BTreeSet<String> = BTreeSet::new();
    let ids = |rows: &Value| -> Vec<String> {
        let rows = rows.as_array().cloned().unwrap_or_default();
        rows.iter().map(|row| row["userid"].as_str().unwrap().to_lowercase()).collect()
    };
    alone.extend(ids(&agent["allow_userinfos"]["user"]));
    for tag in agent["allow_tags"]["tagid"].as_array().cloned().unwrap_or_default() {
        alone.extend(ids(&bed.app(&format!("tag/get?tagid={tag}")).await["userlist"]));
    }
    for id in alone {
        if !members.contains_key(&id) {
            members.insert(id.clone(), bed.app(&format!("user/get?userid={id}")).await);
        }
    }
    (departments, members)
}

async fn compare(bed: &Bed) {
    let truth = bed.control.truth(DEMO_AGENT_ID).unwrap();
    let (departments, members) = walk(bed).await;
    assert_eq!(departments.keys().collect::<Vec<_>>(), truth.departments.keys().collect::<Vec<_>>());
    for (id, department) in &truth.departments {
        let row = &departments[id];
        assert_eq!((&row["name"], &row["parentid"]), (&department.name.as_str().into(), &department.parent.into()));
        assert_eq!(
            (&row["department_leader"], &row["order"]),
            (&department.leaders.clone().into(), &department.order.into())
        );
    }
    assert_eq!(members.keys().collect::<Vec<_>>(), truth.members.keys().collect::<Vec<_>>());
    for (id, member) in &truth.members {
        let row = &members[id];
        let places: Vec<u64> = member.departments.iter().map(|place| place.department).collect();
        let leaders: Vec<u64> = member.departments.iter().map(|place| u64::from(place.leader)).collect();
        assert_eq!((&row["userid"], &row["name"]), (&member.id.as_str().into(), &member.name.as_str().into()));
        assert_eq!((&row["department"], &row["is_leader_in_dept"]), (&places.into(), &leaders.into()), "{id}");
        assert_eq!(row["direct_leader"], Value::from(member.direct_leaders.clone()), "{id}");
        assert_eq!(row.get("main_department").and_then(Value::as_u64), member.main_department, "{id}");
        assert_eq!(row["status"], member.status, "{id}");
    }
}

#[tokio::test]
async fn the_walk_of_any_organisation_gives_its_truth() {
    for (seed, shape, root_visible, loners) in [
        (1, Shape::Balanced, true, 0),
        (2, Shape::Deep, false, 3),
        (3, Shape::Wide, false, 0),
        (4, Shape::Forest(4), false, 5),
    ] {
        let generator = Generator { shape, root_visible, loners, tags: 2, ..Generator::sized(seed, 120, 30) };
        compare(&Bed::with(generator.generate().unwrap()).await).await;
    }
}

#[tokio::test]
async fn the_life_of_an_organisation_shows_at_once() {
    let bed = Bed::start().await;
    compare(&bed).await;
    bed.control
        .change(|corp| {
            corp.move_member("lisi", 4)?;
            corp.rename_member("wangwu", "WangWu2")?;
            corp.resign_member("sunqi", Resignation::Listed)?;
            corp.resign_member("zhouba", Resignation::Vanished)?;
            corp.move_department(31, 2)?;
            corp.rename_department(23, "质量部")
        })
        .unwrap();
    compare(&bed).await;
    assert_eq!(bed.app_code("user/get?userid=zhouba").await, 60111);
    assert_eq!(bed.app("user/get?userid=sunqi").await["status"], 5);
    assert_eq!(bed.app_code("user/get?userid=lisi").await, 60111, "moved out of range");
    bed.control.change(|corp| corp.ungrant(DEMO_AGENT_ID, &Grant::Department(2)).unwrap());
    compare(&bed).await;
    bed.control.change(|corp| corp.grant(DEMO_AGENT_ID, Grant::Department(1)).unwrap());
    compare(&bed).await;
    assert_eq!(bed.control.truth(DEMO_AGENT_ID).unwrap().members.len(), 24);
}
