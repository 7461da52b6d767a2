//! `update-card` (doc 94888).

use organisation_kit::{
    contract::messaging::{CardChange, CardUpdate, InvalidRecipient, Recipients},
    failure::Failure,
    invalid_argument,
};
use serde_json::{Map, Value};

use super::{
    card::{self, Use},
    invalid,
    json::Object,
    judge, recipients,
};
use crate::{
    api::{answer, client::WeComClient},
    config::Config,
    wire::message,
};

/// Bytes of a response code that can be one.
const CODE_BYTES: usize = 1_024;

/// Changes a card.
pub(crate) fn update(client: &WeComClient<'_>, update: &CardUpdate) -> Result<Vec<InvalidRecipient>, Failure> {
    let config = client.config();
    let (to, body) = request(config, update)?;
    let call = config.message_update_template_card(&body, &update.response_code);
    // The code is good once, so nothing is repeated.
    let text = client.calls.text(&call)?;
    let answer = answer::read(&call, &text, message::parse_sent)?;
    Ok(invalid::of(config.common.ids, &to, &answer))
}

/// Judges an update and makes its body; ids are lists here. Pure.
pub(super) fn request(config: &Config, update: &CardUpdate) -> Result<(Recipients, Value), Failure> {
    let code = &update.response_code;
    if code.is_empty() || code.len() > CODE_BYTES || code.contains(char::is_control) {
        return Err(invalid_argument! { "response-code":
        "response-code 须为 send 或卡片回调返回的值", "the response code is one that send or a press on a card answered" });
    }
    let mut parts = recipients::parts(config.common.ids, &update.to)?.into_iter();
    let (Some(to), None) = (parts.next(), parts.next()) else {
        return Err(invalid_argument! { "to":
        "一次更新最多 1000 个成员、100 个部门与 100 个标签",
        "an update takes 1,000 members, 100 departments and 100 tags at most: its code is good once" });
    };
    let number = |id: &String| id.parse::<u32>().ok().map(Value::from);
    let members: Vec<Value> = to.members.iter().map(|id| Value::from(id.as_str())).collect();
    let [departments, tags] =
        [&to.departments, &to.tags].map(|ids| ids.iter().filter_map(number).collect::<Vec<Value>>());
    let mut object = Object::default().flag("atall", to.everybody).number("agentid", config.agent_id);
    for (key, ids) in [("userids", members), ("partyids", departments), ("tagids", tags)] {
        if !ids.is_empty() {
            object = object.value(key, Value::Array(ids));
        }
    }
    object = object.text("response_code", code).flag("enable_id_trans", update.translate_ids);
    let (key, value) = match &update.change {
        CardChange::Done(text) => ("button", Object::default().text("replace_name", text).done()),
        CardChange::Card(card) => ("template_card", card::body("change", card, Use::Update)?),
        CardChange::Other(json) => {
            let map: Option<Map<String, Value>> = serde_json::from_str(json).ok();
            let known = map.and_then(|mut map| {
                let (key, value) =
                    ["button", "template_card"].iter().find_map(|key| Some((*key, map.remove(*key)?)))?;
                map.is_empty().then_some((key, value))
            });
            known.ok_or_else(|| {
                invalid_argument! { "change.other":
                "须为只含 button 或 template_card 的 JSON 对象",
                "this is to be an object of JSON with button or template_card and nothing else" }
            })?
        }
    };
    judge::judge("change", key, &value, update.translate_ids)?;
    Ok((to, object.value(key, value).done()))
}
