//! The documentation lists what the router serves.

use std::path::Path;

use wecom_simulator::{Emulation, routes, routes_table};

use crate::bed::Bed;

#[test]
fn the_page_on_the_simulator_has_the_table_of_routes() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/simulator.md");
    let text = std::fs::read_to_string(page).unwrap();
    let table = routes_table();
    assert!(text.contains(&table), "docs/simulator.md has another table of routes; it should be:\n\n{table}");
}

#[tokio::test]
async fn what_is_listed_as_served_is_served_and_nothing_else() {
    let bed = Bed::start().await;
    for route in routes() {
        for path in route.path.split(", ").filter(|path| *path != "…") {
            let status = bed.raw(&format!("{path}?")).await.unwrap().status;
            assert_eq!(status, if route.emulation == Emulation::No { 404 } else { 200 }, "{path}");
        }
    }
}
