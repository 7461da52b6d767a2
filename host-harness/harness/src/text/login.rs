//! Sign-in.

use super::{Paint, clean, validation};
use crate::view::login::{AuthorizationView, ExchangeView};

/// The URL alone stands on the first line, so that it can be copied.
pub fn authorization(view: &AuthorizationView, paint: Paint) -> String {
    let note = format!("state {}, good for one sign-in until {}", clean(&view.state), view.expires_at);
    format!("{}\n{}\n", clean(&view.url), paint.dim(&note))
}

/// Who has signed in.
pub fn exchange(view: &ExchangeView, paint: Paint) -> String {
    let yes = |yes: bool| if yes { "是 yes" } else { "否 no" };
    let mut text = String::new();
    if let Some(member) = &view.member {
        let name = member.name.as_deref().unwrap_or("(没有姓名 no name)");
        let head = format!("{} {}", clean(&member.id), clean(name));
        text.push_str(&format!("{} {}\n", paint.good("成员 member"), paint.bold(&head)));
        text.push_str(&format!("  部门 departments: {}\n", list(&member.departments)));
        text.push_str(&format!("  角色 roles: {}\n", list(&member.roles)));
        text.push_str(&format!("  在通讯录副本中 in the directory: {}\n", yes(member.in_directory)));
        text.push_str(&format!("  在可见范围内 in the visible range: {}\n", yes(member.in_visible_range)));
        if let Some(fields) = &member.sensitive {
            let fields = [
                ("gender", &fields.gender),
                ("avatar", &fields.avatar),
                ("qr_code", &fields.qr_code),
                ("mobile", &fields.mobile),
                ("email", &fields.email),
                ("business_email", &fields.business_email),
                ("address", &fields.address),
            ];
            for (name, value) in fields {
                if let Some(value) = value {
                    text.push_str(&format!("  {name}: {}\n", clean(value)));
                }
            }
        }
    }
    if let Some(linked) = &view.linked_member {
        let who = format!("{} of {}", clean(&linked.id), clean(&linked.organisation_id));
        text.push_str(&format!("{} {who}\n", paint.warn("互联企业成员 member of a linked organisation")));
    }
    if view.outsider.is_some() {
        text.push_str(&format!("{}\n", paint.warn("非企业成员 not a member")));
    }
    text.push_str(&format!("  state 已核对 verified: {}\n", yes(view.state_verified)));
    if let Some(path) = &view.return_to {
        text.push_str(&format!("  返回 return to: {}\n", clean(path)));
    }
    text.push_str(&validation::problems(&view.warnings, paint));
    text
}

fn list(items: &[String]) -> String {
    if items.is_empty() { "无 none".to_owned() } else { clean(&items.join(", ")) }
}
