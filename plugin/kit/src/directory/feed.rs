//! The change feed: what changed in the copy, in order, with whole records, for a platform that keeps its own tables.

use serde::{Deserialize, Serialize};

use super::{
    deletion::{self, Deleted},
    department::Department,
    head, key,
    member::Member,
    record::{show_department, show_member},
    roles,
};
use crate::{
    config::Common,
    contract::{
        directory as contract,
        storage::{EntryPage, Op},
    },
    failure::Failure,
    locale::Text,
    platform::Platform,
    store::{self, Versioned},
};

/// How long an entry that nobody acknowledges is kept: 30 days.
pub const FEED_RETENTION_MS: u64 = 30 * 24 * 60 * 60 * 1_000;

/// Entries of a page at most. With whole records a page stays near 200 KiB.
const PAGE: u32 = 200;

/// A stored entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeedEntry {
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
        /// How the member stood then.
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
    /// A member of whom nothing is to be known any more.
    Nothing,
}

/// Entries whose keys share all but this many digits are deleted together: a thousand, as many as the storage deletes at once.
const BLOCK_DIGITS: usize = 3;

/// Reads a page of the feed. See `changes` in `wit/directory.wit`.
pub fn changes(
    platform: &dyn Platform,
    common: &Common,
    cursor: Option<&str>,
    limit: u32,
) -> Result<contract::ChangePage, Failure> {
    let given = cursor.map(parse_cursor).transpose()?;
    let head = head::read_own(platform, common)?.map(|stored| stored.value).unwrap_or_default();
    let last = head.last_change;
    // Who acknowledges while nobody's cursor is read here takes entries away that nobody misses: read the mark again.
    loop {
        let after = match given {
            Some(after) => after,
            None => acknowledged(platform)?,
        };
        if after > last && given.is_some() {
            return Err(beyond_the_end(last, after));
        }
        let page = match head.forgetting {
            None => platform.scan(key::FEED, Some(&key::change(after)), limit.clamp(1, PAGE))?,
            // What is still there is not to be seen any more.
            Some(_) => EntryPage { entries: Vec::new(), more: false },
        };
        let entries: Vec<FeedEntry> =
            page.entries.iter().map(|entry| Ok(store::parse(entry)?.value)).collect::<Result<_, Failure>>()?;
        let first = entries.first().map(|entry| entry.seq);
        if first != Some(after + 1) && after < last {
            if given.is_none() && acknowledged(platform)? > after {
                continue;
            }
            return Err(expired(after, first));
        }
        let end = entries.last().map_or(after, |entry| entry.seq);
        let changes = show(platform, common, entries)?;
        return Ok(contract::ChangePage { changes, cursor: format_cursor(end), more: page.more || end < last });
    }
}

/// Gives up entries. See `acknowledge` in `wit/directory.wit`.
pub fn acknowledge(platform: &dyn Platform, common: &Common, cursor: &str) -> Result<(), Failure> {
    let until = parse_cursor(cursor)?;
    let last = last_change(platform, common)?;
    if until > last {
        return Err(beyond_the_end(last, until));
    }
    advance_acknowledged(platform, until)?;
    // Deleting comes after the mark: what a call that ends in between leaves behind, the next one deletes, or its time.
    while let Some(step) = next_step(first_kept(platform)?, until) {
        let is_whole = match step {
            DeleteStep::Block(prefix) => deletion::all(platform, &prefix, &[])? == Deleted::All,
            DeleteStep::Entries(ops) => store::apply(platform, &ops)?.is_ok(),
        };
        if !is_whole || !deletion::has_budget(platform) {
            break;
        }
    }
    Ok(())
}

/// The number of the oldest entry that is still there.
fn first_kept(platform: &dyn Platform) -> Result<Option<u64>, Failure> {
    let page = platform.scan_keys(key::FEED, None, 1)?;
    Ok(page.keys.first().and_then(|key| key.strip_prefix(key::FEED)?.parse().ok()))
}

/// One step of deleting entries.
#[derive(Debug, PartialEq, Eq)]
enum DeleteStep {
    /// All that share this prefix.
    Block(String),
    /// One by one.
    Entries(Vec<Op>),
}

/// The step that takes away entries from `first` to at most `until`: a whole block where that fits, since nothing need be
/// read for it. Nothing where there is nothing to delete.
fn next_step(first: Option<u64>, until: u64) -> Option<DeleteStep> {
    let first = first.filter(|first| *first <= until)?;
    let block = 10_u64.pow(BLOCK_DIGITS as u32);
    let last_of_block = first - first % block + (block - 1);
    if last_of_block > until {
        return Some(DeleteStep::Entries((first..=until).map(|seq| store::delete(key::change(seq))).collect()));
    }
    let key = key::change(first);
    Some(DeleteStep::Block(key[..key.len() - BLOCK_DIGITS].to_owned()))
}

/// The last change that was acknowledged; 0 before the first.
pub fn acknowledged(platform: &dyn Platform) -> Result<u64, Failure> {
    Ok(store::get::<u64>(platform, key::ACKNOWLEDGED)?.map_or(0, |stored| stored.value))
}

fn advance_acknowledged(platform: &dyn Platform, until: u64) -> Result<(), Failure> {
    loop {
        let (current, version) = match store::get::<u64>(platform, key::ACKNOWLEDGED)? {
            Some(Versioned { value, version }) => (value, Some(version)),
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

fn last_change(platform: &dyn Platform, common: &Common) -> Result<u64, Failure> {
    Ok(head::read_own(platform, common)?.map_or(0, |head| head.value.last_change))
}

fn show(platform: &dyn Platform, common: &Common, entries: Vec<FeedEntry>) -> Result<Vec<contract::Change>, Failure> {
    let ids: Vec<&str> = entries.iter().map(|entry| entry.id.as_str()).collect();
    let roles = roles::read_many(platform, common.ids, &ids)?;
    Ok(entries
        .into_iter()
        .zip(roles)
        .map(|(entry, roles)| contract::Change {
            seq: entry.seq,
            at: entry.at,
            kind: entry.kind,
            id: entry.id,
            record: match entry.subject {
                Subject::Member { presence, member } => contract::Changed::Member(show_member(member, presence, roles)),
                Subject::Department { department } => contract::Changed::Department(show_department(department)),
                Subject::Nothing => contract::Changed::Nothing,
            },
        })
        .collect())
}

pub(crate) fn format_cursor(seq: u64) -> String {
    format!("c{seq}")
}

fn parse_cursor(cursor: &str) -> Result<u64, Failure> {
    cursor.strip_prefix('c').and_then(|digits| digits.parse().ok()).ok_or_else(|| {
        invalid_argument! { "cursor":
        "该游标不是 changes 返回的：请原样传回", "the cursor was not made by `changes`: pass on what a page answered" }
    })
}

fn beyond_the_end(last: u64, found: u64) -> Failure {
    invalid_argument! { "cursor":
    "变更记录到 {last} 为止，游标却在 {found}", "the feed ends at {last}, the cursor is at {found}" }
}

fn expired(after: u64, first: Option<u64>) -> Failure {
    let missing = after + 1;
    let Text { zh, en } = match first {
        Some(seq) => text!("下一条为 {seq}", "the feed goes on with change {seq}"),
        None => text!("之后没有记录", "the feed goes on with nothing"),
    };
    failure! { CursorExpired:
    "变更 {missing} 已不再保留；{zh}", "change {missing} is no longer kept; {en}";
    "变更记录已过期：请重新读取全部部门和成员，再从最新位置继续",
    "the changes are no longer kept: read all departments and members again, then go on from the newest change" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_deleted_in_blocks_and_never_beyond_the_mark() {
        let entries =
            |seqs: &[u64]| DeleteStep::Entries(seqs.iter().map(|seq| store::delete(key::change(*seq))).collect());
        let block = |thousand: u64| DeleteStep::Block(format!("{}{thousand:017}", key::FEED));
        for (name, first, until, expected) in [
            ("nothing kept", None, 5, None),
            ("nothing to delete", Some(6), 5, None),
            ("a few", Some(1), 3, Some(entries(&[1, 2, 3]))),
            ("a whole block and one", Some(7), 1_000, Some(block(0))),
            ("the one", Some(1_000), 1_000, Some(entries(&[1_000]))),
            ("begins within a block", Some(1_998), 3_001, Some(block(1))),
            ("ends within the next", Some(3_000), 3_001, Some(entries(&[3_000, 3_001]))),
        ] {
            assert_eq!(next_step(first, until), expected, "{name}");
        }
    }
}
