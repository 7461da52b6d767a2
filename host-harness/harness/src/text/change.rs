//! The feed.

use super::{Paint, Table, clean};
use crate::view::change::ChangesView;

/// A kind of change in both languages.
pub fn kind(kind: &str) -> &'static str {
    match kind {
        "member-added" => "成员加入 member-added",
        "member-updated" => "成员变更 member-updated",
        "member-left-range" => "离开可见范围 member-left-range",
        "member-resigned" => "成员离职 member-resigned",
        "member-roles-updated" => "成员角色变更 member-roles-updated",
        "member-erased" => "成员数据已彻底删除 member-erased",
        "member-rejoined" => "成员返回 member-rejoined",
        "department-added" => "部门新增 department-added",
        "department-updated" => "部门变更 department-updated",
        "department-removed" => "部门删除 department-removed",
        _ => "未知 unknown",
    }
}

/// The changes of a page and the cursor after them.
pub fn changes(view: &ChangesView, paint: Paint) -> String {
    let mut text = if view.changes.is_empty() {
        "没有新的变更 no changes\n".to_owned()
    } else {
        let row = |change: &crate::view::change::ChangeView| {
            let name = change.record.name().to_owned();
            vec![change.seq.to_string(), change.at.clone(), kind(change.kind).to_owned(), change.id.clone(), name]
        };
        let rows: Vec<_> = view.changes.iter().map(row).collect();
        Table::new(&["#", "时间 at", "变更 change", "ID", "名称 name"], paint).page(&rows)
    };
    let more = if view.more { "; more follow 还有更多" } else { "" };
    text.push_str(&paint.dim(&format!("cursor {}{more}", clean(&view.cursor))));
    text.push('\n');
    text
}
