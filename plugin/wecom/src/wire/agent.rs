//! The app and its visible range (doc 90227).

use serde::Deserialize;
use serde_json::Value;

use super::{granted, json_tree::JsonTree, tolerant::UnreadableField};

/// What `agent/get` tells. The granted ids are the only way to learn the roots of the visible range.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Value")]
pub(crate) struct Agent {
    pub(crate) agent_id: Option<u64>,
    pub(crate) name: String,
    /// Whether the administrator disabled it.
    pub(crate) closed: bool,
    /// The trusted domain, empty when there is none; absent when it cannot be read.
    pub(crate) redirect_domain: Option<String>,
    /// Ids of departments granted with everything below them.
    pub(crate) departments: Vec<String>,
    /// Ids of members granted one by one.
    pub(crate) members: Vec<String>,
    /// Ids of tags granted.
    pub(crate) tags: Vec<String>,
    /// Granted ids of all three that cannot be read.
    pub(crate) unreadable: usize,
}

impl TryFrom<Value> for Agent {
    type Error = UnreadableField;

    /// Each container and each array may be missing.
    fn try_from(answer: Value) -> Result<Self, UnreadableField> {
        let answer = JsonTree(&answer).object_or_fail("the app")?;
        let mut unreadable = 0;
        let mut ids = |container, key, id| {
            granted::ids(answer.at(container).object_or_fail(container)?.at(key), key, &mut unreadable, id)
        };
        Ok(Self {
            departments: ids("allow_partys", "partyid", granted::department)?,
            members: ids("allow_userinfos", "user", granted::member)?,
            tags: ids("allow_tags", "tagid", granted::tag)?,
            unreadable,
            agent_id: answer.at("agentid").number(),
            name: answer.at("name").text().unwrap_or_default(),
            closed: answer.at("close").number().is_some_and(|close| close != 0),
            redirect_domain: answer.at("redirect_domain").text_or_fail("").ok().map(Option::unwrap_or_default),
        })
    }
}
