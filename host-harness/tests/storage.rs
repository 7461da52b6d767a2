//! The conformance suite of the storage backends: every test that [`conformance!`] lists runs on each of them.
//!
//! A new backend implements `Backend` in `storage/backend.rs` and gets a line at the end; its own matters have a file of
//! their own, like `storage/sqlite_file.rs`.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests too; clippy exempts only the tests themselves")]
#![expect(clippy::type_complexity, reason = "the type of a table's row is read best beside the table")]

#[path = "storage/applying.rs"]
mod applying;
#[path = "storage/backend.rs"]
mod backend;
#[path = "storage/keeping.rs"]
mod keeping;
#[path = "storage/limits.rs"]
mod limits;
#[path = "storage/model.rs"]
mod model;
#[path = "storage/reading.rs"]
mod reading;
#[path = "storage/sqlite_file.rs"]
mod sqlite_file;
#[path = "storage/wait.rs"]
mod wait;

/// One module a backend with all tests. A test that is missing here is reported by the compiler as dead code.
macro_rules! conformance {
    ($($backend:ident: $Backend:ident,)*) => { $(
        mod $backend {
            use super::backend::$Backend;
            conformance!(@tests $Backend
                applying::apply_is_all_or_nothing
                applying::conflicts_name_the_keys
                applying::checks_see_the_state_before
                applying::operations_act_in_order
                applying::versions_are_never_reused
                keeping::what_has_expired_is_absent
                keeping::much_that_has_expired_is_absent
                keeping::a_put_replaces_the_time_to_live
                reading::scans_go_in_byte_order_page_by_page
                reading::scans_keep_within_prefix_and_limit
                reading::odd_keys_are_keys_like_others
                reading::delete_prefix_spares_its_neighbours
                limits::wrong_calls_are_refused
                limits::the_largest_calls_are_accepted
                reading::answers_end_before_a_mebibyte
                limits::quotas_limit_what_a_scope_holds
                limits::what_has_expired_frees_its_quota
                limits::a_scope_may_have_its_own_quota
                keeping::scopes_cannot_reach_each_other
                keeping::a_deleted_scope_is_empty
                keeping::sealed_values_read_like_others
                applying::one_of_many_writers_wins
                applying::concurrent_increments_are_not_lost
                applying::an_abandoned_apply_happens_wholly_or_not_at_all
                wait::returns_when_the_key_differs
                wait::returns_when_the_time_is_up
                wait::is_not_disturbed_by_other_keys
                wait::many_waiters_wake_together
                model::agrees_with_a_map
            );
        }
    )* };
    (@tests $Backend:ident $($module:ident::$test:ident)*) => { $(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $test() {
            super::$module::$test(&$Backend::new()).await;
        }
    )* };
}

conformance! {
    memory: Memory,
    sqlite: Sqlite,
}
