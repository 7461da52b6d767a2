//! The WeCom element as a whole: the real component in the real host against the simulator, one module for each topic.
//!
//! One program for all of them, because linking the host takes longer than most of the tests.
#![expect(clippy::unwrap_used, reason = "helpers of tests are tests too; clippy exempts only the tests themselves")]

use organisation_host::contract::directory::Report;

mod approvals;
mod between;
mod bounds;
mod check;
mod deliveries;
mod directory;
mod element;
mod examples;
mod exchange;
mod export;
mod faults;
mod isolation;
mod login;
mod messages;
mod properties;
mod proxy;
mod scope;
mod sync;
mod tokens;
mod vendor_call;
mod web;

/// The notes of a sync that met no trouble: none, or which part of the visible range is empty, and where it is filled.
fn notes_of_emptiness(report: &Report) -> Vec<&'static str> {
    match (report.departments_total, report.members_total) {
        (0, 0) => vec![
            "the visible range is empty, so nothing was synchronised: fill the visible range on the app's page in the \
             vendor's console",
        ],
        (0, _) => vec![
            "members are visible, but no department: if departments are wanted, fill the visible range on the app's \
             page in the vendor's console",
        ],
        (_, 0) => vec![
            "departments are visible, but no member: fill the visible range on the app's page in the vendor's console",
        ],
        _ => Vec::new(),
    }
}
