//! The first sync copies the organisation exactly, and the next one of an unchanged organisation writes nothing.

use std::time::Duration;

use system_tests::{Company, Setting, TestVendor, stage::Store, sync::PLAIN};

for_each_vendor! {
    organisations_of_every_size_are_copied_exactly,
    an_unchanged_organisation_writes_no_record_index_or_feed_entry,
}

async fn organisations_of_every_size_are_copied_exactly<V: TestVendor>() {
    for (name, company) in [
        ("the sample", Company::sample()),
        ("nobody", Company::sized(0, 5)),
        ("one unit", Company::sized(30, 1)),
        ("more units than people", Company::sized(7, 40)),
        ("many of both", Company::sized(150, 30)),
    ] {
        let stage = Setting::<V>::of(&company).start().await;
        let report = stage.complete(&PLAIN).await;
        let total = (company.units.len() as u64, company.people.len() as u64);
        assert_eq!((report.departments.added, report.members.added), total, "{name}");
        assert_eq!(report.notes.is_empty(), total.1 > 0, "{name}: {:?}", report.notes);
        assert_eq!(stage.vendor_calls(), report.vendor_calls, "{name}: the report counts what was sent");
        stage.assert_exact().await;
        let again = stage.complete(&PLAIN).await;
        assert_eq!(again.members.unchanged, report.members_total, "{name}");
        stage.assert_exact().await;
        stage.assert_discreet(&[]);
    }
}

async fn an_unchanged_organisation_writes_no_record_index_or_feed_entry<V: TestVendor>() {
    for store in [Store::Memory, Store::Sqlite] {
        let stage = Setting::<V>::of(&Company::sized(60, 12)).store(store).start().await;
        stage.complete(&PLAIN).await;
        let kept = async || {
            let mut entries = Vec::new();
            for prefix in
                ["directory/d/", "directory/m/", "directory/x/", "directory/o/", "directory/f/", "directory/head"]
            {
                entries.extend(stage.stored(prefix).await);
            }
            entries
        };
        let (before, usage) = (kept().await, stage.usage().await);
        stage.advance(Duration::from_secs(60));
        stage.complete(&PLAIN).await;
        assert_eq!(kept().await, before, "the versions show that nothing was even written again");
        assert_eq!(stage.usage().await.items, usage.items + 1, "and nothing of the run is left but its report");
    }
}
