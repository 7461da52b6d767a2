//! What must hold of every element, whoever its vendor is: the real component in the real host against the vendor's
//! fake. A case says nothing about a vendor and runs for each of them; what only one has is tested in a program of its
//! own.
#![expect(clippy::unwrap_used, reason = "helpers of tests are tests too; clippy exempts only the tests themselves")]

/// Makes one test for each vendor of each case; `on two threads` where calls have to run at the same time.
macro_rules! for_each_vendor {
    ($($case:ident,)*) => {
        for_each_vendor! { @module wecom wecom_simulator::Control, (flavor = "current_thread") $($case)* }
        for_each_vendor! { @module rollcall second_vendor::Control, (flavor = "current_thread") $($case)* }
    };
    (on two threads: $($case:ident,)*) => {
        for_each_vendor! { @module wecom wecom_simulator::Control, (flavor = "multi_thread", worker_threads = 2) $($case)* }
        for_each_vendor! { @module rollcall second_vendor::Control, (flavor = "multi_thread", worker_threads = 2) $($case)* }
    };
    (@module $module:ident $vendor:ty, $runtime:tt $($case:ident)*) => {
        mod $module {
            $(for_each_vendor! { @test $vendor, $runtime $case })*
        }
    };
    (@test $vendor:ty, ($($runtime:tt)*) $case:ident) => {
        #[tokio::test($($runtime)*)]
        async fn $case() {
            super::$case::<$vendor>().await;
        }
    };
}

mod administration;
mod callers;
mod changes;
mod commands;
mod concurrent;
mod copy;
mod first_sync;
mod guard;
mod history;
mod ids;
mod interrupted;
mod lists;
mod other_ids;
mod other_organisation;
mod pages;
mod plan;
mod rows;
mod sign_in;
mod versions;
mod waits;
