//! Members.

use super::{Paint, clean};
use crate::view::member::MemberView;

/// The headings of [`row`].
pub const HEADER: [&str; 5] = ["ID", "姓名 name", "状态 status", "部门 departments", "职务 position"];

/// A status in both languages.
pub fn status(status: &str) -> &'static str {
    match status {
        "active" => "在职 active",
        "disabled" => "已禁用 disabled",
        "not-activated" => "未激活 not-activated",
        "left-range" => "已离开可见范围 left-range",
        "resigned" => "已离职 resigned",
        _ => "未知 unknown",
    }
}

/// A member as a row of a table.
pub fn row(member: &MemberView) -> Vec<String> {
    vec![
        member.id.clone(),
        member.name.clone(),
        status(member.status).to_owned(),
        departments(member),
        member.position.clone().unwrap_or_default(),
    ]
}

fn departments(member: &MemberView) -> String {
    let places = member.departments.iter().map(|place| match place.leader {
        true => format!("{}*", place.id),
        false => place.id.clone(),
    });
    places.collect::<Vec<_>>().join(", ")
}

/// All of one member that is known.
pub fn member(member: &MemberView, paint: Paint) -> String {
    let mut text = paint.bold(&clean(&format!("{} {}", member.id, member.name)));
    text.push('\n');
    let list = |items: &[String]| (!items.is_empty()).then(|| items.join(", "));
    let places = departments(member);
    let lines = [
        ("状态 status", Some(status(member.status).to_owned())),
        ("部门 departments (* 负责人 leads)", (!places.is_empty()).then_some(places)),
        ("主部门 main department", member.main_department.clone()),
        ("直属上级 direct leaders", list(&member.direct_leaders)),
        ("职务 position", member.position.clone()),
        ("对外职务 external position", member.external_position.clone()),
        ("别名 alias", member.alias.clone()),
        ("座机 telephone", member.telephone.clone()),
        ("手机 mobile", member.mobile.clone()),
        ("邮箱 e-mail", member.email.clone()),
        ("企业邮箱 business e-mail", member.business_email.clone()),
        ("性别 gender", member.gender.clone()),
        ("地址 address", member.address.clone()),
        ("头像 avatar", member.avatar.clone()),
        ("二维码 qr code", member.qr_code.clone()),
        ("角色 roles", list(&member.roles)),
        ("待确认角色 suspended roles", list(&member.suspended_roles)),
    ];
    for (label, value) in lines {
        if let Some(value) = value {
            text.push_str(&format!("  {label}: {}\n", clean(&value)));
        }
    }
    for attribute in &member.attributes {
        text.push_str(&clean(&format!("  {}: {}", attribute.name, attribute.value)));
        text.push('\n');
    }
    text
}
