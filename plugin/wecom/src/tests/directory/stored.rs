//! What the version before the kit stored is still understood, or given up with a word: `stored.jsonl` holds everything
//! that it kept of twelve members after a sync and a dry run.

use serde_json::{Value, json};

use super::{Company, EVERYBODY, PLAIN, changes, common, complete, members, platform, read, replayed};
use organisation_kit::{
    contract::{directory::ChangeKind, types::Reason},
    directory::sync::{history, plan},
    platform::Platform,
    store,
};

const STORED: &str = include_str!("stored.jsonl");

/// The entries of the fixture: keys and values.
fn entries() -> impl Iterator<Item = (String, String)> {
    STORED.lines().map(|line| {
        let entry: Value = serde_json::from_str(line).unwrap();
        let text = |name: &str| entry[name].as_str().unwrap().to_owned();
        (text("key"), text("value"))
    })
}

/// A vendor that says no more than who is where: everything else stays as it was stored.
fn company() -> Company {
    let mut company = Company::default();
    for (key, value) in entries() {
        let record: Value = serde_json::from_str(&value).unwrap_or_default();
        if key.starts_with("directory/d/") {
            let row = &record["department"];
            let number = |value: &Value| value.as_str().map_or(0, |id| id.parse().unwrap());
            company.department(number(&row["id"]), number(&row["parent_id"]), row["name"].as_str().unwrap());
            let silent = json!({"order": null, "department_leader": null});
            company.odd_departments.insert(number(&row["id"]), silent);
        } else if key.starts_with("directory/m/") {
            let row = &record["member"];
            let places = row["departments"].as_array().unwrap().iter();
            let places: Vec<u64> = places.map(|place| place["id"].as_str().unwrap().parse().unwrap()).collect();
            company.person(row["id"].as_str().unwrap(), row["name"].as_str().unwrap(), &places);
        }
    }
    company
}

#[test]
fn the_copy_of_the_version_before_is_read_and_followed() {
    let (fake, _) = platform(company());
    let puts: Vec<_> = entries().map(|(key, value)| store::put_text(key, value)).collect();
    fake.apply(&puts).unwrap();

    let overview = read::overview(&fake, &common()).unwrap();
    assert_eq!((overview.members.active, overview.departments, overview.last_change), (12, 5, 17));
    assert_eq!((overview.current_run, overview.last_run), (None, None), "of another format, and nobody stumbles");
    assert_eq!(history::history(&fake, &common()).unwrap(), []);
    assert_eq!(plan::plan(&fake, &common(), None, 9).unwrap_err().reason, Reason::NotFound);

    let feed = changes(&fake);
    assert_eq!(feed.iter().filter(|change| change.kind == ChangeKind::MemberAdded).count(), 12);
    let copy = members(&fake, &EVERYBODY);
    assert_eq!(replayed(&feed).0.into_values().collect::<Vec<_>>(), copy);
    let leads = copy.iter().find(|member| member.id == "m000000").unwrap();
    assert_eq!((leads.departments[0].order, leads.attributes[0].value.as_str()), (791, "000000"));

    let report = complete(&fake, PLAIN);
    assert_eq!((report.members.unchanged, report.departments.updated, changes(&fake).len()), (12, 0, 17));
    assert!(fake.logs.borrow().iter().any(|line| line.contains("another version")), "{:?}", fake.logs.borrow());
    assert_eq!(fake.keys("directory/r/"), Vec::<String>::new());
}
