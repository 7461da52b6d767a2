//! Organisations larger than any other test's: still quick, still complete.

use serde_json::json;
use wecom_simulator::{DEMO_AGENT_ID, Generator, Shape};

use crate::bed::Bed;
use crate::export_file::rows;

#[tokio::test]
async fn twenty_thousand_members_are_exported_whole() {
    let bed = Bed::with(Generator::sized(2, 20_000, 300).generate().unwrap()).await;
    let documents = bed.documents("simple_user", json!({"block_size": 10_000})).await;
    assert_eq!(documents.len(), 2);
    let truth = bed.control.truth(DEMO_AGENT_ID).unwrap();
    let exported = rows(&documents, "userlist");
    assert_eq!(exported.len(), 20_000);
    for member in &exported {
        let known = &truth.members[&member["userid"].as_str().unwrap().to_lowercase()];
        assert_eq!(member["name"], known.name.as_str());
        assert_eq!(member["department"].as_array().unwrap().len(), known.departments.len());
    }
}

#[tokio::test]
async fn a_crowd_stands_in_one_department() {
    let generator = Generator { crowd: 30_000, shape: Shape::Deep, ..Generator::sized(3, 30_100, 28) };
    let bed = Bed::with(generator.generate().unwrap()).await;
    let crowded = bed.app("department/simplelist?").await["department_id"][1]["id"].clone();
    let truth = bed.control.truth(DEMO_AGENT_ID).unwrap();
    let there = truth
        .members
        .values()
        .filter(|member| member.departments.iter().any(|place| json!(place.department) == crowded));
    let there = there.count();
    assert!(there >= 30_000);
    let listed = bed.app(&format!("user/list?department_id={crowded}")).await;
    assert_eq!(listed["userlist"].as_array().unwrap().len(), there);
}
