//! What other versions stored is still understood, or given up with a word. The fixtures hold everything that a version
//! kept after a sync and a dry run: `stored.jsonl` the one before the kit, of twelve members; `stored_format_5.jsonl` the
//! last one that kept statistics in the run.

use serde_json::{Value, json};

use super::{
    Begun, Company, EVERYBODY, Failure, FakePlatform, Goal, PLAIN, PLANNING, Report, RunOutcome, Strategy, begin,
    changes, common, complete, members, platform, read, replayed, small, sync_on,
};
use crate::{api::client::WeComClient, fake};
use organisation_kit::{
    contract::{
        directory::{ChangeKind, MemberFilter, SyncStep},
        types::Reason,
    },
    directory::sync::{self, history, plan},
    platform::Platform,
    store,
};

const BEFORE_THE_KIT: &str = include_str!("stored.jsonl");
const FORMAT_5: &str = include_str!("stored_format_5.jsonl");
const RUN: &str = "directory/run";
const HOUR: u64 = 60 * 60 * 1_000;

/// The entries of a fixture: keys and values.
fn entries(stored: &str) -> impl Iterator<Item = (String, String)> {
    stored.lines().map(|line| {
        let entry: Value = serde_json::from_str(line).unwrap();
        let text = |name: &str| entry[name].as_str().unwrap().to_owned();
        (text("key"), text("value"))
    })
}

/// A vendor that says no more than who is where: everything else stays as it was stored.
fn company() -> Company {
    let mut company = Company::default();
    for (key, value) in entries(BEFORE_THE_KIT) {
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
    let run = restore(&fake, BEFORE_THE_KIT);

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
    let given_up = report_of(&fake, &run);
    assert_eq!(given_up.outcome, RunOutcome::Abandoned);
    assert_eq!(given_up.started_at, 1_795_913_318_282);
    assert!(given_up.notes[0].contains("another version of this component (format 0,"), "{:?}", given_up.notes);
}

/// Roles that were stored before they had an index: found all the same, and by the index from the next sync on.
#[test]
fn roles_of_the_version_before_are_found() {
    let (fake, _) = platform(company());
    restore(&fake, BEFORE_THE_KIT);
    for (id, roles) in
        [("m000001", json!({"roles": ["buyer", "a/b"]})), ("m000003", json!({"roles": ["buyer"], "suspended": true}))]
    {
        fake.apply(&[store::put(format!("directory/o/{id}"), &roles)]).unwrap();
    }
    let holders = |fake: &FakePlatform, role: &str| -> Vec<String> {
        let filter = MemberFilter { role: Some(role.to_owned()), ..EVERYBODY };
        members(fake, &filter).into_iter().map(|member| member.id).collect()
    };
    for index in [&[][..], &["a\u{1}b/m000001", "buyer/m000001", "buyer/m000003"]] {
        let expected: Vec<String> = index.iter().map(|entry| format!("directory/a/{entry}")).collect();
        assert_eq!(fake.keys("directory/a/"), expected);
        assert_eq!((holders(&fake, "buyer"), holders(&fake, "a/b")), (vec!["m000001".into()], vec!["m000001".into()]));
        complete(&fake, PLAIN);
    }
}

/// Stores a fixture; answers the id of the run in it.
fn restore(fake: &FakePlatform, stored: &str) -> String {
    let puts: Vec<_> = entries(stored).map(|(key, value)| store::put_text(key, value)).collect();
    fake.apply(&puts).unwrap();
    let run: Value = serde_json::from_str(&fake.value(RUN).unwrap()).unwrap();
    run["id"].as_str().unwrap().to_owned()
}

/// Changes keys of a stored value, as another version would have them.
fn patch(fake: &FakePlatform, key: &str, patch: &Value) {
    let mut stored: Value = serde_json::from_str(&fake.value(key).unwrap()).unwrap();
    for (name, value) in patch.as_object().unwrap() {
        stored[name] = value.clone();
    }
    fake.apply(&[store::put(key, &stored)]).unwrap();
}

fn reports(fake: &FakePlatform) -> Vec<Report> {
    history::history(fake, &common()).unwrap()
}

fn report_of(fake: &FakePlatform, run: &str) -> Report {
    reports(fake).into_iter().find(|report| report.run == run).unwrap()
}

#[test]
fn a_run_of_an_older_form_ends_with_a_report() {
    for (name, patched, outcome) in [
        ("planned", json!({}), RunOutcome::Abandoned),
        ("written in part", json!({"is_writing": true, "is_bulk": true}), RunOutcome::Repaired),
    ] {
        let (fake, company) = platform(small());
        let run = restore(&fake, FORMAT_5);
        patch(&fake, RUN, &patched);
        let before: Vec<_> = reports(&fake).iter().map(|report| report.outcome).collect();
        assert_eq!(before, [RunOutcome::Planned, RunOutcome::Complete], "{name}: reports have no other form yet");
        assert_eq!(read::overview(&fake, &common()).unwrap().partly_applied, outcome == RunOutcome::Repaired, "{name}");

        let Begun { progress, joined } = begin(&fake).unwrap();
        assert!(!joined && progress.run != run, "{name}: {progress:?}");
        let report = complete(&fake, PLAIN);
        assert_eq!((report.run, report.members.unchanged), (progress.run, 3), "{name}");
        let given_up = report_of(&fake, &run);
        let strategy = if outcome == RunOutcome::Repaired { Strategy::Export } else { Strategy::Walk };
        assert_eq!((given_up.outcome, &given_up.strategy), (outcome, &strategy), "{name}");
        assert!(given_up.notes[0].contains("another version of this component (format 5,"), "{name}: {given_up:?}");
        super::assert_exact(&fake, &company.borrow());
    }
}

#[test]
fn a_damaged_run_ends_with_a_note_in_the_next_report() {
    for damaged in ["", "{", "[]", "7", r#"{"format": 6}"#, r#"{"format": 4, "id": "../head", "started_at": 1}"#] {
        let (fake, company) = platform(small());
        complete(&fake, PLAIN);
        fake.apply(&[store::put_text(RUN, damaged.to_owned())]).unwrap();
        assert_eq!(read::overview(&fake, &common()).unwrap().current_run, None, "{damaged}");
        let report = complete(&fake, PLAIN);
        assert!(report.notes.iter().any(|note| note.contains("damaged")), "{damaged}: {:?}", report.notes);
        assert_eq!(complete(&fake, PLAIN).notes, Vec::<String>::new(), "{damaged}: said once");
        super::assert_exact(&fake, &company.borrow());
    }
}

/// A run that a newer version began, and has got to its plan.
fn newer(patched: &Value) -> (FakePlatform, String) {
    let (fake, company) = platform(small());
    complete(&fake, PLAIN);
    company.borrow_mut().members.get_mut("lisi").unwrap().name = "李四四".into();
    let Ok(SyncStep::Planned(plan)) = sync_on(&fake, PLANNING) else { panic!() };
    patch(&fake, RUN, &json!({"format": 1_000, "phase": "SomethingNew"}));
    patch(&fake, RUN, patched);
    (fake, plan.run)
}

fn assert_left_alone(fake: &FakePlatform, run: &str, name: &str) {
    let stored = fake.value(RUN);
    let advanced =
        sync::advance::advance(fake, &common(), &WeComClient::new(fake, &fake::config()), run, Goal::Complete);
    for failure in [begin(fake).unwrap_err(), advanced.unwrap_err()] {
        assert_eq!(failure.reason, Reason::Conflict, "{name}");
        assert!(failure.message.en.contains(run) && failure.retry_after_ms.is_some(), "{name}: {failure:?}");
        assert!(failure.hint.clone().unwrap().en.contains("newer version"), "{name}");
    }
    assert_eq!(fake.value(RUN), stored, "{name}");
}

#[test]
fn a_run_of_a_newer_form_is_left_alone_while_somebody_may_work_on_it() {
    for (name, patched, left_alone_ms) in [
        ("written last", json!({}), HOUR),
        ("writing", json!({"is_writing": true}), HOUR),
        (
            "waiting",
            json!({"pending_wait": {"not_before": fake::START_MS + 5 * HOUR, "reason": "busy", "vendor_code": null}}),
            6 * HOUR,
        ),
        (
            "a wait that no version asks for",
            json!({"pending_wait": {"not_before": u64::MAX, "reason": "busy", "vendor_code": null}}),
            25 * HOUR,
        ),
    ] {
        let (fake, run) = newer(&patched);
        assert_left_alone(&fake, &run, name);
        fake.advance_ms(left_alone_ms - 1);
        assert_left_alone(&fake, &run, name);
        fake.advance_ms(1);
        assert!(!begin(&fake).unwrap().joined, "{name}");
        let given_up = &reports(&fake)[0];
        assert_eq!((&given_up.run, given_up.notes.len()), (&run, 1), "{name}: {given_up:?}");
        assert_eq!(complete(&fake, PLAIN).members.updated, 1, "{name}");
    }
    let (fake, _) = newer(&json!({"written_at": fake::START_MS + HOUR}));
    assert!(!begin(&fake).unwrap().joined, "what a clock far ahead has dated is no sign of life");
}

#[test]
fn a_person_may_end_the_run_of_a_newer_version() {
    let (fake, run) = newer(&json!({}));
    assert_eq!(sync::abandon::repair(&fake, &common(), &run).unwrap_err().reason, Reason::Conflict);
    sync::abandon::abandon(&fake, &common(), &run).unwrap();
    assert_eq!(reports(&fake)[0].outcome, RunOutcome::Abandoned);
    assert_eq!(complete(&fake, PLAIN).members.updated, 1);

    let (fake, run) = newer(&json!({"is_writing": true}));
    let refused: Failure = sync::abandon::abandon(&fake, &common(), &run).unwrap_err();
    assert_eq!(refused.reason, Reason::Conflict);
    let report = sync::abandon::repair(&fake, &common(), &run).unwrap();
    assert_eq!((report.outcome, report.notes.len()), (RunOutcome::Repaired, 1));
    assert_eq!(complete(&fake, PLAIN).members.updated, 1);
}

#[test]
fn statistics_that_cannot_be_read_begin_anew_and_the_run_goes_on() {
    for spoiled in ["{", r#"{"format": 1000}"#] {
        let (fake, _) = platform(small());
        let Ok(SyncStep::Planned(plan)) = sync_on(&fake, PLANNING) else { panic!() };
        assert_eq!(read::overview(&fake, &common()).unwrap().current_run.unwrap().vendor_calls, 6);
        let key = format!("directory/r/{}/t/000000", plan.run);
        assert!(fake.value(&key).is_some());
        fake.apply(&[store::put_text(&key, spoiled.to_owned())]).unwrap();
        assert_eq!(read::overview(&fake, &common()).unwrap().current_run.unwrap().vendor_calls, 0);
        let report = complete(&fake, PLAIN);
        assert_eq!((plan.vendor_calls, report.vendor_calls, report.run), (6, 0, plan.run), "{spoiled}");
    }
}

#[test]
fn a_report_of_another_form_is_left_out() {
    let (fake, _) = platform(small());
    let runs: Vec<String> = (0..3).map(|_| complete(&fake, PLAIN).run).collect();
    patch(&fake, &format!("directory/h/{}", runs[2]), &json!({"format": 1_000}));
    fake.apply(&[store::put_text(format!("directory/h/{}", runs[1]), "{".to_owned())]).unwrap();
    assert_eq!(reports(&fake).into_iter().map(|report| report.run).collect::<Vec<_>>(), runs[..1]);
    assert_eq!(read::overview(&fake, &common()).unwrap().last_run.unwrap().run, runs[0]);
}
