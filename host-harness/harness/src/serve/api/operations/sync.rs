//! Runs that bring the copy up to date, and single records read anew. The host runs what its operator declares; this is for a
//! person who wants it now, or who has to approve what a run would remove.

use organisation_fleet::tenants::ApiScope::Sync;
use organisation_host::contract::{
    directory::{Goal, Strategy},
    types::RemovalCounts,
};

use super::{Answers, CURSOR, LIMIT, Operation, Takes, answered, done, get, post, run};

pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation {
            takes: Takes::Fields(&[("strategy", false)]),
            ..post(
                "runs",
                Sync,
                "directory.begin",
                "开始同步 Join the current run, or begin one",
                run!(|mut call| {
                    let strategy: Option<Strategy> = call.field("strategy")?;
                    answered(call.element.begin(&strategy.unwrap_or(Strategy::Automatic)).await)
                }),
            )
        },
        Operation {
            answers: Answers::Under("runs"),
            ..get(
                "runs",
                Sync,
                "directory.history",
                "同步历史 The reports of the last runs, newest first",
                run!(|call| answered(call.element.history().await)),
            )
        },
        Operation {
            takes: Takes::Fields(&[("until", false)]),
            ..post(
                "runs/{run}/advance",
                Sync,
                "directory.advance",
                "推进同步 Advance a run for some seconds; the answer says what to do next",
                run!(|mut call| {
                    let until: Option<Goal> = call.field("until")?;
                    answered(call.element.advance(call.path("run"), until.unwrap_or(Goal::Complete)).await)
                }),
            )
        },
        Operation {
            takes: Takes::Record("counts"),
            answers: Answers::Nothing,
            ..post(
                "runs/{run}/approve",
                Sync,
                "directory.approve",
                "批准移除 Let a blocked run remove so much",
                run!(|mut call| {
                    let counts: RemovalCounts = call.record()?;
                    done(call.element.approve(call.path("run"), counts).await)
                }),
            )
        },
        Operation {
            answers: Answers::Nothing,
            ..post(
                "runs/{run}/abandon",
                Sync,
                "directory.abandon",
                "放弃同步 Give up a run that has written nothing",
                run!(|call| done(call.element.abandon(call.path("run")).await)),
            )
        },
        post(
            "runs/{run}/repair",
            Sync,
            "directory.repair",
            "结束同步 End a run that has begun to write, as it stands",
            run!(|call| answered(call.element.repair(call.path("run")).await)),
        ),
        Operation {
            query: vec![CURSOR, LIMIT],
            ..get(
                "plan",
                Sync,
                "directory.plan",
                "同步计划 What the current run would change",
                run!(|call| answered(call.element.plan(call.text("cursor"), call.limit()?).await)),
            )
        },
        post(
            "members/{id}/refresh",
            Sync,
            "directory.sync-member",
            "刷新成员 Read one member anew from the vendor",
            run!(|call| answered(call.element.sync_member(call.path("id")).await)),
        ),
        post(
            "departments/{id}/refresh",
            Sync,
            "directory.sync-department",
            "刷新部门 Read one department anew from the vendor",
            run!(|call| answered(call.element.sync_department(call.path("id")).await)),
        ),
    ]
}
