//! Placeholders of names (fact sheet section 5.6): `$userName=lisi$` and the like, in the fields that support them.

use serde_json::Value;

use crate::api::view::View;

/// Fields by message type; `*` stands for every item of a list.
const FIELDS: &[(&str, &[&str])] = &[
    ("text", &["content"]),
    ("textcard", &["title", "description"]),
    ("news", &["articles/*/title", "articles/*/description"]),
    ("mpnews", &["articles/*/title", "articles/*/digest", "articles/*/content"]),
    ("miniprogram_notice", &["title", "description", "content_item/*/value"]),
    (
        "template_card",
        &["source/desc", "main_title/title", "main_title/desc", "sub_title_text", "horizontal_content_list/*/value"],
    ),
];

/// Replaces the placeholders of a message.
pub(super) fn translate(view: &View, kind: &str, content: &mut Value) {
    let fields = FIELDS.iter().find(|(name, _)| *name == kind).map_or(&[][..], |(_, fields)| fields);
    for field in fields {
        let path: Vec<&str> = field.split('/').collect();
        visit(content, &path, &|text| replaced(view, text));
    }
}

fn visit(value: &mut Value, path: &[&str], change: &dyn Fn(&str) -> String) {
    match path.split_first() {
        None => {
            if let Some(text) = value.as_str() {
                *value = change(text).into();
            }
        }
        Some((&"*", rest)) => value.as_array_mut().into_iter().flatten().for_each(|item| visit(item, rest, change)),
        Some((name, rest)) => {
            if let Some(inner) = value.get_mut(name) {
                visit(inner, rest, change);
            }
        }
    }
}

/// A text with the placeholders it holds replaced; unknown ids stay as they are.
fn replaced(view: &View, text: &str) -> String {
    let mut parts = text.split('$');
    let mut done = parts.next().unwrap_or_default().to_owned();
    let mut open = false;
    for part in parts {
        // Between two signs there may stand a placeholder; the sign after it does not open another one.
        let name = if open { None } else { part.split_once('=').and_then(|(kind, id)| name_of(view, kind, id)) };
        match name {
            Some(name) => {
                done.push_str(&name);
                open = true;
            }
            None => {
                if !open {
                    done.push('$');
                }
                done.push_str(part);
                open = false;
            }
        }
    }
    done
}

fn name_of(view: &View, kind: &str, id: &str) -> Option<String> {
    if kind == "departmentName" {
        let department = view.corp.department(id.parse().ok()?)?;
        return view.range.department(department.id).then(|| department.name.clone());
    }
    let member = view.corp.member(id).filter(|member| view.range.member(member))?;
    match kind {
        "userName" => Some(member.name.clone()),
        "userAlias" => Some(member.alias.clone()),
        "userAliasOrName" if member.alias.is_empty() => Some(member.name.clone()),
        "userAliasOrName" => Some(member.alias.clone()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;
    use crate::corp::Visible;
    use crate::credentials::Caller;

    #[test]
    fn known_ids_become_names_and_everything_else_stays() {
        let mut corp = crate::demo();
        corp.update_member("lisi", |member| member.alias = "小李".to_owned()).unwrap();
        let app = corp.app(crate::DEMO_AGENT_ID).unwrap();
        let range = Arc::new(Visible::of(&corp, app));
        let caller = Caller::App(crate::DEMO_AGENT_ID);
        let view = View { range, corp: Arc::new(corp), caller, quirks: Default::default() };
        for (text, expected) in [
            ("a $userName=lisi$ b", "a 李四 b"),
            ("$departmentName=21$的$userAlias=LISI$", "平台组的小李"),
            ("$userAliasOrName=lisi$/$userAliasOrName=wangwu$", "小李/王五"),
            ("$userName=nobody$", "$userName=nobody$"),
            ("$userName=zhangliu$", "$userName=zhangliu$"),
            ("5$ or $6, $x=y$ and $chatName=C$", "5$ or $6, $x=y$ and $chatName=C$"),
            ("$", "$"),
        ] {
            let mut content = json!({"content": text});
            translate(&view, "text", &mut content);
            assert_eq!(content["content"], expected, "{text}");
        }
        let mut card = json!({"main_title": {"title": "$userName=lisi$"}, "task_id": "$userName=lisi$"});
        translate(&view, "template_card", &mut card);
        assert_eq!(card, json!({"main_title": {"title": "李四"}, "task_id": "$userName=lisi$"}));
    }
}
