//! The JSON record of a member: which fields a caller may read, in which of the shapes seen in the wild.

use serde_json::{Map, Value, json};

use super::answer::{Row, unknown};
use super::login::sensitive_text;
use super::view::View;
use crate::corp::{Attribute, AttributeValue, ExternalProfile, Gender, Member, Membership, SensitiveField, Status};
use crate::credentials::Caller;
use crate::quirks::{EmptyAttributes, Quirks, RestrictedFields};

/// The record of `user/simplelist`.
pub(crate) fn simple(view: &View, member: &Member) -> Row {
    let quirks = &view.quirks;
    let mut row = Row::default();
    row.put("userid", member.id.as_str());
    row.put("name", member.name.as_str());
    let departments: Vec<u64> = view.range.places(member).map(|place| place.department).collect();
    row.put("department", list(quirks, departments.into_iter().map(Value::from).collect()));
    if quirks.undocumented_fields {
        row.put("open_userid", "");
    }
    if quirks.unknown_fields {
        row.put("sim_unknown", unknown());
    }
    row
}

/// The record of `user/get` and `user/list`.
pub(crate) fn full(view: &View, member: &Member) -> Row {
    let quirks = &view.quirks;
    let mut row = simple(view, member);
    let places: Vec<&Membership> = view.range.places(member).collect();
    // An array may stop early: what is missing is 0.
    let parallel = places.len() - usize::from(quirks.short_arrays && !places.is_empty());
    let numbers = |number: fn(&Membership) -> u64| {
        list(quirks, places.iter().take(parallel).map(|place| Value::from(number(place))).collect())
    };
    row.put("order", numbers(|place| place.order));
    row.put("is_leader_in_dept", numbers(|place| u64::from(place.leader)));
    let leaders: Vec<Value> = view.range.direct_leaders(&view.corp, member).map(Value::from).collect();
    if !leaders.is_empty() || !quirks.direct_leader_absent {
        row.put("direct_leader", list(quirks, leaders));
    }
    match view.range.main_department(member) {
        Some(main) => row.put("main_department", main),
        None if quirks.main_department_zero => row.put("main_department", 0),
        None => {}
    }
    row.put("position", member.position.as_str());
    row.put("telephone", member.telephone.as_str());
    row.put("alias", member.alias.as_str());
    row.put("status", member.status.number());
    row.put("extattr", attributes(quirks, member));
    row.put("external_position", member.external_position.as_str());
    row.put("external_profile", external_profile(quirks, &member.external_profile));
    if quirks.undocumented_fields {
        row.put("enable", u64::from(member.status != Status::Disabled));
        row.put("isleader", u64::from(places.iter().any(|place| place.leader)));
        row.put("hide_mobile", u64::from(member.hide_mobile));
        row.put("english_name", member.english_name.as_str());
    }
    sensitive(view, &mut row, member);
    row
}

/// Sensitive fields: whole for apps made before June 2022 and for the contact-sync assistant, else missing or empty.
fn sensitive(view: &View, row: &mut Row, member: &Member) {
    let quirks = &view.quirks;
    let open = match view.caller {
        Caller::ContactSync => true,
        Caller::App(_) => view.app().is_ok_and(|app| app.created_before_2022),
    };
    for field in SensitiveField::ALL {
        let text = if open { sensitive_text(member, field) } else { "" };
        match field {
            SensitiveField::Gender => {
                let text = if open { text } else { Gender::Unknown.text() };
                let number = quirks.numbers_as_strings.then(|| text.parse::<u64>().ok()).flatten();
                row.put(field.name(), number.map_or_else(|| Value::from(text), Value::from));
            }
            _ if open || quirks.restricted == RestrictedFields::Empty => row.put(field.name(), text),
            _ => {}
        }
    }
    if open {
        let small = member.avatar.strip_suffix("/0").map(|base| format!("{base}/100"));
        row.put("thumb_avatar", small.unwrap_or_default());
    }
}

fn attributes(quirks: &Quirks, member: &Member) -> Value {
    if !member.attributes.is_empty() {
        let rows: Vec<Value> = member.attributes.iter().enumerate().map(|(n, one)| attribute(quirks, n, one)).collect();
        return json!({ "attrs": rows });
    }
    let mixed = [EmptyAttributes::Array, EmptyAttributes::Object, EmptyAttributes::Null];
    let shape = match quirks.empty_attributes {
        EmptyAttributes::Mixed => mixed[member.id.len() % mixed.len()],
        shape => shape,
    };
    match shape {
        EmptyAttributes::Object => json!({}),
        EmptyAttributes::Null => json!({"attrs": null}),
        EmptyAttributes::Array | EmptyAttributes::Mixed => json!({"attrs": []}),
    }
}

/// One custom field. With both text quirks on, odd and even fields differ.
fn attribute(quirks: &Quirks, position: usize, attribute: &Attribute) -> Value {
    let name = attribute.name.as_str();
    let both = quirks.attributes_with_both_values && (position % 2 == 1 || !quirks.attributes_without_type);
    match &attribute.value {
        AttributeValue::Text(value) if both => {
            json!({"type": 0, "name": name, "value": value, "text": {"value": value}})
        }
        AttributeValue::Text(value) if quirks.attributes_without_type => json!({"name": name, "value": value}),
        AttributeValue::Text(value) => json!({"type": 0, "name": name, "text": {"value": value}}),
        AttributeValue::Web { title, url } => json!({"type": 1, "name": name, "web": {"url": url, "title": title}}),
        AttributeValue::MiniProgram { appid, pagepath, title } => {
            json!({"type": 2, "name": name, "miniprogram": {"appid": appid, "pagepath": pagepath, "title": title}})
        }
    }
}

fn external_profile(quirks: &Quirks, profile: &ExternalProfile) -> Value {
    let mut row = Map::new();
    if let Some(name) = &profile.corp_name {
        put(&mut row, "external_corp_name", name.as_str());
    }
    if let Some(channel) = &profile.channel {
        let object = json!({"nickname": channel, "status": 1});
        put(&mut row, "wechat_channels", if quirks.channel_as_string { Value::from(channel.as_str()) } else { object });
    }
    if !profile.attributes.is_empty() {
        let rows: Vec<Value> =
            profile.attributes.iter().enumerate().map(|(n, one)| attribute(quirks, n, one)).collect();
        put(&mut row, "external_attr", rows);
    }
    Value::Object(row)
}

fn list(quirks: &Quirks, items: Vec<Value>) -> Value {
    if items.is_empty() && quirks.null_lists { Value::Null } else { Value::Array(items) }
}

fn put(row: &mut Map<String, Value>, name: &str, value: impl Into<Value>) {
    row.insert(name.to_owned(), value.into());
}
