//! The change feed: what changed in the copy, in order, with whole records, for a platform that keeps its own tables.

use serde::{Deserialize, Serialize};

use super::{
    head, key, roles,
    record::{show_department, show_member},
};
use crate::{
    contract::{directory as contract, types::Reason},
    failure::Failure,
    platform::Platform,
    store::{self, Stored},
    text::Text,
    directory::{department::Department, member::Member},
};

/// How long an entry that nobody acknowledges is kept: 30 days.
pub const ENTRY_TTL_MS: u64 = 30 * 24 * 60 * 60 * 1_000;

/// Entries of a page at most. With whole records a page stays near 200 KiB.
const PAGE: u32 = 200;

/// A stored entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Dense and rising.
    pub seq: u64,
    /// Unix milliseconds.
    pub at: u64,
    /// What happened.
    #[serde(with = "crate::names")]
    pub kind: contract::ChangeKind,
    /// The member's or department's id.
    pub id: String,
    /// The whole record afterwards.
    pub subject: Subject,
}

/// What an entry is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(clippy::large_enum_variant)] // nearly every entry is about a member
pub enum Subject {
    /// A member, with its status at that time.
    Member {
        /// See [`MemberStatus`].
        #[serde(with = "crate::names")]
        presence: contract::MemberStatus,
        /// The record.
        member: Member,
    },
    /// A department.
    Department {
        /// The record; for a removal as it last was.
        department: Department,
    },
}

/// Reads a page of the feed. See `changes` in `wit/directory.wit`.
pub fn changes<P: Platform>(platform: &P, cursor: Option<&str>, limit: u32) -> Result<contract::ChangePage, Failure> {
    let after = match cursor {
        Some(cursor) => parse_cursor(cursor)?,
        None => acknowledged(platform)?,
    };
    let last = last_change(platform)?;
    if after > last {
        return Err(Failure::invalid_argument("cursor", format!("the feed ends at {last}, the cursor is at {after}")));
    }
    let page = platform.scan(key::FEED, Some(&key::change(after)), limit.clamp(1, PAGE))?;
    let entries: Vec<Entry> =
        page.entries.iter().map(|entry| Ok(store::parse(entry)?.value)).collect::<Result<_, Failure>>()?;
    let first = entries.first().map(|entry| entry.seq);
    if first != Some(after + 1) && after < last {
        return Err(expired(after, first));
    }
    let end = entries.last().map_or(after, |entry| entry.seq);
    let changes = show(platform, entries)?;
    Ok(contract::ChangePage { changes, cursor: format_cursor(end), more: page.more || end < last })
}

/// Gives up entries. See `acknowledge` in `wit/directory.wit`.
pub fn acknowledge<P: Platform>(platform: &P, cursor: &str) -> Result<(), Failure> {
    let until = parse_cursor(cursor)?;
    let last = last_change(platform)?;
    if until > last {
        return Err(Failure::invalid_argument("cursor", format!("the feed ends at {last}, the cursor is at {until}")));
    }
    advance_acknowledged(platform, until)?;
    // Deleting comes after the mark: a call that dies in between leaves entries that the next one deletes.
    loop {
        let page = platform.scan(key::FEED, None, store::ITEMS_PER_CALL as u32)?;
        let bound = key::change(until);
        let deletes: Vec<_> =
            page.entries.into_iter().filter(|entry| entry.key <= bound).map(|entry| store::delete(entry.key)).collect();
        if deletes.is_empty() {
            return Ok(());
        }
        platform.apply(&deletes)?;
    }
}

/// The last change that was acknowledged; 0 before the first.
pub fn acknowledged<P: Platform>(platform: &P) -> Result<u64, Failure> {
    Ok(store::get::<_, u64>(platform, key::ACKNOWLEDGED)?.map_or(0, |stored| stored.value))
}

fn advance_acknowledged<P: Platform>(platform: &P, until: u64) -> Result<(), Failure> {
    loop {
        let (current, version) = match store::get::<_, u64>(platform, key::ACKNOWLEDGED)? {
            Some(Stored { value, version }) => (value, Some(version)),
            None => (0, None),
        };
        if until <= current {
            return Ok(());
        }
        let ops = [store::check(key::ACKNOWLEDGED, version), store::put(key::ACKNOWLEDGED, &until)];
        if store::apply(platform, &ops)?.is_ok() {
            return Ok(());
        }
    }
}

fn last_change<P: Platform>(platform: &P) -> Result<u64, Failure> {
    Ok(head::read(platform)?.map_or(0, |head| head.value.last_change))
}

fn show<P: Platform>(platform: &P, entries: Vec<Entry>) -> Result<Vec<contract::Change>, Failure> {
    let ids: Vec<&str> = entries.iter().map(|entry| entry.id.as_str()).collect();
    let overlays = roles::read_many(platform, &ids)?;
    Ok(entries
        .into_iter()
        .zip(overlays)
        .map(|(entry, overlay)| contract::Change {
            seq: entry.seq,
            at: entry.at,
            kind: entry.kind,
            id: entry.id,
            record: match entry.subject {
                Subject::Member { presence, member } => {
                    contract::Changed::Member(show_member(member, presence, overlay))
                }
                Subject::Department { department } => contract::Changed::Department(show_department(department)),
            },
        })
        .collect())
}

fn format_cursor(seq: u64) -> String {
    format!("c{seq}")
}

fn parse_cursor(cursor: &str) -> Result<u64, Failure> {
    cursor.strip_prefix('c').and_then(|digits| digits.parse().ok()).ok_or_else(|| {
        Failure::invalid_argument("cursor", "the cursor was not made by `changes`: pass on what a page answered")
    })
}

fn expired(after: u64, first: Option<u64>) -> Failure {
    let found = first.map_or_else(|| "nothing".to_owned(), |seq| format!("change {seq}"));
    Failure::new(
        Reason::CursorExpired,
        format!("change {} is no longer kept; the feed goes on with {found}", after + 1),
    )
    .with_hint(Text::new(
        "变更记录已过期：请重新读取全部部门和成员，再从最新位置继续",
        "the changes are no longer kept: read all departments and members again, then go on from the newest change",
    ))
}
