//! The app and its visible range (doc 90227).

use serde::Deserialize;

use super::{
    granted::{self, User},
    tolerant::{Items, UnreadableField, WireField, object},
};

/// What `agent/get` tells. The granted ids are the only way to learn the roots of the visible range.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "WireField<RawAgent>")]
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

object! {
    /// Each container and each array may be missing.
    struct RawAgent {
        agentid: u64,
        name: String,
        close: u64,
        redirect_domain: String,
        allow_userinfos: Users,
        allow_partys: Parties,
        allow_tags: Tags,
    }
}

object! {
    struct Users {
        user: Items<User>,
    }
}

object! {
    struct Parties {
        partyid: Items<u64>,
    }
}

object! {
    struct Tags {
        tagid: Items<u64>,
    }
}

impl TryFrom<WireField<RawAgent>> for Agent {
    type Error = UnreadableField;

    fn try_from(raw: WireField<RawAgent>) -> Result<Self, UnreadableField> {
        let raw = raw.or_fail("the app")?.unwrap_or_default();
        let users = raw.allow_userinfos.or_fail("allow_userinfos")?.unwrap_or_default();
        let parties = raw.allow_partys.or_fail("allow_partys")?.unwrap_or_default();
        let tags = raw.allow_tags.or_fail("allow_tags")?.unwrap_or_default();
        let mut unreadable = 0;
        Ok(Self {
            agent_id: raw.agentid.value(),
            name: raw.name.value().unwrap_or_default(),
            closed: raw.close.value().is_some_and(|close| close != 0),
            redirect_domain: match raw.redirect_domain {
                WireField::Absent => Some(String::new()),
                domain => domain.value(),
            },
            departments: granted::ids("partyid", parties.partyid, &mut unreadable, granted::department)?,
            members: granted::ids("user", users.user, &mut unreadable, granted::member)?,
            tags: granted::ids("tagid", tags.tagid, &mut unreadable, granted::tag)?,
            unreadable,
        })
    }
}
