//! What a run would change.

use super::{change::kind, clean};
use crate::view::plan::{FieldChangeView, PlannedChangeView};

/// Characters of a value that are shown: enough to recognise it by.
const VALUE: usize = 48;

/// A change on one line. A record that is added or removed is shown by its name alone.
pub fn change(change: &PlannedChangeView) -> String {
    let mut line = format!("  {}  {}  {}", kind(&change.kind), clean(&change.id), clean(&change.name));
    if matches!(change.kind.as_str(), "member-updated" | "member-rejoined" | "member-resigned" | "department-updated") {
        let fields: Vec<String> = change.fields.iter().map(field).collect();
        line.push_str("  ");
        line.push_str(&fields.join("; "));
    }
    line.push('\n');
    line
}

fn field(change: &FieldChangeView) -> String {
    let value = |value: &Option<String>| value.as_deref().map_or_else(|| "∅".to_owned(), short);
    format!("{}: {} → {}", label(&change.field), value(&change.before), value(&change.after))
}

fn short(value: &str) -> String {
    let mut text: String = clean(value).chars().take(VALUE).collect();
    if value.chars().count() > VALUE {
        text.push('…');
    }
    text
}

/// A field in both languages; what is not known is shown as it is.
fn label(field: &str) -> String {
    let chinese = match field {
        "name" => "名称",
        "name-en" => "英文名",
        "parent-id" => "上级部门",
        "order" => "排序",
        "leaders" => "负责人",
        "status" => "状态",
        "departments" => "部门",
        "main-department" => "主部门",
        "direct-leaders" => "直属上级",
        "position" => "职务",
        "alias" => "别名",
        "telephone" => "座机",
        "mobile" => "手机",
        "email" => "邮箱",
        "business-email" => "企业邮箱",
        "gender" => "性别",
        "avatar" => "头像",
        "qr-code" => "二维码",
        "address" => "地址",
        "external-position" => "对外职务",
        "external-profile" => "对外资料",
        "attributes" => "自定义字段",
        other => return clean(other),
    };
    format!("{chinese} {field}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_one_line() {
        let planned = |kind: &str, fields: &[(&str, Option<&str>, Option<&str>)]| PlannedChangeView {
            kind: kind.to_owned(),
            id: "lisi".to_owned(),
            name: "李\n四".to_owned(),
            fields: fields
                .iter()
                .map(|(field, before, after)| FieldChangeView {
                    field: (*field).to_owned(),
                    before: before.map(str::to_owned),
                    after: after.map(str::to_owned),
                })
                .collect(),
        };
        let long = "长".repeat(60);
        let shown = format!("{}…", "长".repeat(48));
        for (found, expected) in [
            (
                planned("member-updated", &[("position", None, Some("总监")), ("badge", Some("1"), None)]),
                "  成员变更 member-updated  lisi  李\u{fffd}四  职务 position: ∅ → 总监; badge: 1 → ∅\n".to_owned(),
            ),
            (
                planned("member-added", &[("position", None, Some("总监"))]),
                "  成员加入 member-added  lisi  李\u{fffd}四\n".to_owned(),
            ),
            (
                planned("department-updated", &[("name", Some("旧"), Some(&long))]),
                format!("  部门变更 department-updated  lisi  李\u{fffd}四  名称 name: 旧 → {shown}\n"),
            ),
        ] {
            assert_eq!(change(&found), expected);
        }
    }
}
