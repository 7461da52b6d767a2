//! The conformance suite of the storage backends: every test that [`conformance!`] lists runs on each of those it
//! names.
//!
//! A new backend implements `Backend` in `storage/backend.rs` and gets its lines at the end; its own matters have a
//! file of their own, like `storage/sqlite_file.rs`.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests too; clippy exempts only the tests themselves")]
#![expect(clippy::type_complexity, reason = "the type of a table's row is read best beside the table")]

#[path = "storage/addresses.rs"]
mod addresses;
#[path = "storage/applying.rs"]
mod applying;
#[path = "storage/backend.rs"]
mod backend;
#[path = "storage/deleting.rs"]
mod deleting;
#[path = "storage/failover.rs"]
mod failover;
#[path = "storage/keeping.rs"]
mod keeping;
#[path = "storage/killed.rs"]
mod killed;
#[path = "storage/limits.rs"]
mod limits;
#[path = "storage/model.rs"]
mod model;
#[path = "storage/postgres_server.rs"]
mod postgres_server;
#[path = "storage/reading.rs"]
mod reading;
#[path = "storage/sharing.rs"]
mod sharing;
#[path = "storage/silent.rs"]
mod silent;
#[path = "storage/sqlite_file.rs"]
mod sqlite_file;
#[cfg(unix)]
#[path = "storage/stopped.rs"]
mod stopped;
#[path = "storage/tenant.rs"]
mod tenant;
#[path = "storage/troubled.rs"]
mod troubled;
#[path = "storage/wait.rs"]
mod wait;

/// One module a backend with all tests. A test that is missing here is reported by the compiler as dead code.
macro_rules! conformance {
    (on [$($backend:ident: $Backend:ident),*] run $tests:tt) => { $(
        mod $backend {
            conformance!(@tests $Backend $tests);
        }
    )* };
    (@tests $Backend:ident [$($module:ident::$test:ident)*]) => { $(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $test() {
            let Some(backend) = crate::backend::$Backend::place() else { return };
            crate::$module::$test(&backend).await;
        }
    )* };
}

conformance! {
    on [memory: Memory, sqlite: Sqlite, postgres: Postgres, pooled: Pooled]
    run [
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
        deleting::a_range_spares_its_neighbours
        deleting::a_large_range_goes_in_portions_in_key_order
        deleting::whoever_lost_the_right_deletes_nothing
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
        tenant::a_copy_holds_everything
        tenant::sealed_values_go_along_only_with_a_key
        tenant::what_is_not_right_changes_nothing
        tenant::what_does_not_fit_is_refused_before_anything_is_deleted
        tenant::an_import_that_fails_leaves_nothing
        tenant::a_replacement_that_fails_says_what_may_be_gone
        tenant::what_comes_back_is_deleted_again
        tenant::an_export_sees_one_moment
        tenant::a_deleted_tenant_is_gone
        tenant::the_hosts_own_rooms_are_left_alone
    ]
}

/// What only a place can show that several stores, as of several hosts, have open at once.
mod shared {
    conformance! {
        on [sqlite: Sqlite, postgres: Postgres]
        run [
            deleting::others_write_between_two_portions
            keeping::what_has_expired_is_removed_in_portions
            sharing::stores_see_and_wake_each_other
            sharing::one_of_many_stores_wins
            sharing::increments_of_many_stores_are_not_lost
            sharing::no_reader_sees_half_an_apply
            sharing::a_scope_deleted_and_made_again_reuses_no_version
            sharing::a_new_place_may_be_opened_by_many_at_once
            sharing::a_sealed_value_needs_its_key
            sharing::everything_is_there_after_reopening
            sharing::deletions_that_broke_off_are_finished
        ]
    }
}
