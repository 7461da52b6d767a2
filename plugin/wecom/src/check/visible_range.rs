//! Which departments, members and tags the app may see.

use super::console;
use crate::wire::agent::Agent;
use organisation_kit::{text, verdict::Checked};

/// Counts what was granted, without expanding it: a department stands for everything below it.
pub(super) fn judge(agent: &Agent) -> Checked {
    let (departments, members, tags) = (agent.departments.len(), agent.members.len(), agent.tags.len());
    let finding = if departments + members + tags == 0 {
        Checked::failed("empty-range", ("应用的可见范围为空", "the visible range of the app is empty"))
            .hint(
                "请在应用页面的可见范围中添加部门、成员或标签；同步只包含可见范围内的内容",
                "add departments, members or tags to the visible range on the page of the app: only these are \
                 synchronised",
            )
            .page(console::APPS)
    } else {
        Checked::ok(
            "granted",
            text! { "可见范围包含 {departments} 个部门、{members} 个成员、{tags} 个标签",
            "the visible range grants {departments} departments, {members} members and {tags} tags" },
        )
    };
    finding.fact("departments", departments).fact("members", members).fact("tags", tags)
}
