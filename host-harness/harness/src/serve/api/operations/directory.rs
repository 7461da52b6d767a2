//! The copy of the organisation, and its feed.

use organisation_fleet::tenants::ApiScope::{Changes, Directory};
use organisation_host::contract::directory::{DepartmentFilter, MemberFilter, TreeLevel};

use super::{Answers, ApiFailure, CURSOR, LIMIT, Operation, Takes, answered, done, get, optional, post, run};

pub(super) fn operations() -> Vec<Operation> {
    vec![
        get(
            "overview",
            Directory,
            "directory.overview",
            "通讯录概况 The copy at a glance",
            run!(|call| answered(call.element.overview().await)),
        ),
        Operation {
            query: vec![
                optional("department", "id of a department whose members are meant"),
                optional("below", "true: those of the departments below it as well"),
                optional("status", "active, disabled, not-activated, left-range or resigned"),
                optional("search", "a part of the id, the name or the alias"),
                optional("role", "a role that they have"),
                CURSOR,
                LIMIT,
            ],
            ..get(
                "members",
                Directory,
                "directory.members",
                "查询成员 Members of the copy, page by page",
                run!(|call| {
                    let filter = MemberFilter {
                        department: call.owned("department"),
                        below: call.flag("below")?,
                        status: call.case("status")?,
                        search: call.owned("search"),
                        role: call.owned("role"),
                    };
                    answered(call.element.members(&filter, call.text("cursor"), call.limit()?).await)
                }),
            )
        },
        get(
            "members/{id}",
            Directory,
            "directory.find-member",
            "成员详情 One member of the copy",
            run!(|call| answered(call.element.find_member(call.path("id")).await)),
        ),
        Operation {
            takes: Takes::Fields(&[("ids", true)]),
            answers: Answers::Under("members"),
            ..post(
                "find-members",
                Directory,
                "directory.find-members",
                "批量查询成员 Members by their ids, null where there is none",
                run!(|mut call| {
                    let ids: Vec<String> = call.field("ids")?;
                    answered(call.element.find_members(&ids).await)
                }),
            )
        },
        Operation {
            query: vec![
                optional("parent", "id of a department whose children are meant"),
                optional("roots", "true: where the tree begins"),
                optional("search", "a part of the name, or the id"),
                CURSOR,
                LIMIT,
            ],
            ..get(
                "departments",
                Directory,
                "directory.departments",
                "查询部门 Departments of the copy, page by page",
                run!(|call| {
                    let level = match (call.owned("parent"), call.flag("roots")?) {
                        (Some(_), true) => {
                            return Err(ApiFailure::unreadable("parent and roots: expected one of them"));
                        }
                        (parent, false) => parent.map(TreeLevel::ChildrenOf),
                        (None, true) => Some(TreeLevel::Roots),
                    };
                    let filter = DepartmentFilter { level, search: call.owned("search") };
                    answered(call.element.departments(&filter, call.text("cursor"), call.limit()?).await)
                }),
            )
        },
        get(
            "departments/{id}",
            Directory,
            "directory.find-department",
            "部门详情 One department of the copy",
            run!(|call| answered(call.element.find_department(call.path("id")).await)),
        ),
        Operation {
            query: vec![
                optional("after", "cursor of the page before; what was acknowledged where it is absent"),
                LIMIT,
            ],
            ..get(
                "changes",
                Changes,
                "directory.changes",
                "变更记录 What changed in the copy, oldest first",
                run!(|call| answered(call.element.changes(call.text("after"), call.limit()?).await)),
            )
        },
        Operation {
            takes: Takes::Fields(&[("cursor", true)]),
            answers: Answers::Nothing,
            ..post(
                "changes/acknowledge",
                Changes,
                "directory.acknowledge",
                "确认变更 Give up the changes up to a cursor",
                run!(|mut call| {
                    let cursor: String = call.field("cursor")?;
                    done(call.element.acknowledge(&cursor).await)
                }),
            )
        },
    ]
}
