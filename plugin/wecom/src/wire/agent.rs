//! The app and its visible range (doc 90227).

use serde::Deserialize;

use super::tolerant;

/// What `agent/get` tells. The granted ids are the only way to learn the roots of the visible range.
/// Each container and each array may be missing (quirk 28).
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(from = "Raw")]
pub struct Agent {
    /// The app that answered.
    pub agent_id: Option<u64>,
    /// Its name.
    pub name: String,
    /// Whether the administrator disabled it.
    pub closed: bool,
    /// The trusted domain; empty when there is none.
    pub redirect_domain: String,
    /// Ids of departments granted with everything below them.
    pub departments: Vec<String>,
    /// Ids of members granted one by one.
    pub members: Vec<String>,
    /// Ids of tags granted.
    pub tags: Vec<String>,
}

impl From<Raw> for Agent {
    fn from(raw: Raw) -> Self {
        let digits = |ids: Vec<u64>| ids.iter().map(u64::to_string).collect();
        Self {
            agent_id: raw.agentid,
            name: raw.name,
            closed: raw.close != 0,
            redirect_domain: raw.redirect_domain,
            departments: digits(raw.allow_partys.partyid),
            members: raw.allow_userinfos.user.into_iter().map(|user| user.userid).filter(|id| !id.is_empty()).collect(),
            tags: digits(raw.allow_tags.tagid),
        }
    }
}

#[derive(Deserialize)]
struct Raw {
    #[serde(default, deserialize_with = "tolerant::optional_number")]
    agentid: Option<u64>,
    #[serde(default, deserialize_with = "tolerant::text")]
    name: String,
    #[serde(default, deserialize_with = "tolerant::number_or_zero")]
    close: u64,
    #[serde(default, deserialize_with = "tolerant::text")]
    redirect_domain: String,
    #[serde(default, deserialize_with = "tolerant::object")]
    allow_userinfos: Users,
    #[serde(default, deserialize_with = "tolerant::object")]
    allow_partys: Parties,
    #[serde(default, deserialize_with = "tolerant::object")]
    allow_tags: Tags,
}

#[derive(Default, Deserialize)]
struct Users {
    #[serde(default, deserialize_with = "tolerant::list")]
    user: Vec<User>,
}

#[derive(Deserialize)]
struct User {
    #[serde(default, deserialize_with = "tolerant::text")]
    userid: String,
}

#[derive(Default, Deserialize)]
struct Parties {
    #[serde(default, deserialize_with = "tolerant::numbers")]
    partyid: Vec<u64>,
}

#[derive(Default, Deserialize)]
struct Tags {
    #[serde(default, deserialize_with = "tolerant::numbers")]
    tagid: Vec<u64>,
}
