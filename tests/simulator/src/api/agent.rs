//! The app as it sees itself (doc 90227).

use serde_json::{Map, Value, json};

use super::answer::{Answer, Refusal};
use super::call::Call;

/// `agent/get`: only the caller's own app.
pub(crate) fn get(call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let asked: u64 = call.query("agentid").ok_or(41011)?.parse().map_err(|_| 40056)?;
    let app = call.app()?;
    if asked != app.id {
        let code =
            if call.view.corp.app(asked).is_some() { call.world.behaviour.switches.foreign_agent } else { 40056 };
        return Err(code.into());
    }
    let empty_containers = call.view.quirks.empty_containers;
    let container = |name: &str, items: Vec<Value>| {
        if items.is_empty() && empty_containers { Value::Object(Map::new()) } else { json!({ name: items }) }
    };
    // A listed member is shown as the corp writes the id, not as it was listed.
    let members: Vec<Value> = app
        .visible
        .members()
        .filter_map(|id| call.view.corp.member(id))
        .map(|member| json!({"userid": member.id}))
        .collect();
    let departments: Vec<Value> = app.visible.departments().map(Value::from).collect();
    let tags: Vec<Value> = app.visible.tags().map(Value::from).collect();
    let mut fields = vec![
        ("agentid", Value::from(app.id)),
        ("name", Value::from(app.name.as_str())),
        ("square_logo_url", Value::from(app.logo_url.as_str())),
        ("description", Value::from(app.description.as_str())),
        ("allow_userinfos", container("user", members)),
        ("allow_partys", container("partyid", departments)),
    ];
    if !tags.is_empty() || empty_containers {
        fields.push(("allow_tags", container("tagid", tags)));
    }
    fields.extend([
        ("close", Value::from(u64::from(!app.enabled))),
        ("redirect_domain", Value::from(app.trusted_domains.first().map_or("", String::as_str))),
        ("report_location_flag", Value::from(u64::from(app.reports_location))),
        ("isreportenter", Value::from(u64::from(app.reports_entering))),
        ("home_url", Value::from(app.home_url.as_str())),
    ]);
    Ok(Answer::ok(fields))
}

/// `agent/list`: for a self-built app, itself.
pub(crate) fn list(call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let app = call.app()?;
    let row = json!({"agentid": app.id, "name": app.name, "square_logo_url": app.logo_url});
    Ok(Answer::ok(vec![("agentlist", Value::Array(vec![row]))]))
}
