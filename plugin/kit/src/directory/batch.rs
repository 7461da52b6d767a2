//! Writing the copy: a batch of changes that becomes one atomic `apply` with records, indexes, feed and head together.

use std::collections::BTreeSet;

use super::{
    administrators,
    feed::{ENTRY_TTL_MS, FeedEntry, Subject},
    head::{self, Head},
    id::IdRule,
    key,
    member::{FetchedMember, MEMBER_DEPARTMENTS},
    member_status::{Decision, is_present, may_be_another},
    record::{DepartmentRecord, MemberRecord},
    retired::Marks,
    roles::{self, Roles},
};
use crate::{
    config::Common,
    contract::{
        directory::{ChangeKind, MemberStatus},
        storage::Op,
    },
    failure::Failure,
    platform::Platform,
    store,
};

/// Items of a batch after which no further record is added: one that leaves as many departments as a member may have for
/// as many others adds this much, and head and lease come on top.
const ITEMS: usize = store::ITEMS_PER_CALL - 2 * MEMBER_DEPARTMENTS - 20;
/// Likewise bytes, of 1 MiB.
const BYTES: usize = 700 << 10;

/// Begun by reading the head; everything else the batch builds on has to be read after that, so that
/// the check of the head's version protects it.
#[derive(Debug)]
pub struct Batch {
    /// The head as it will be.
    pub head: Head,
    ids: IdRule,
    version: Option<u64>,
    now: u64,
    ops: Vec<Op>,
    bytes: usize,
    marks: Marks,
    /// Once they are wanted.
    administrators: Option<Vec<String>>,
}

impl Batch {
    /// Reads the head for a writer of this organisation.
    pub fn begin<P: Platform>(platform: &P, common: &Common) -> Result<Self, Failure> {
        let (head, version) = head::read_for(platform, common)?;
        Ok(Self {
            head,
            ids: common.ids,
            version,
            now: platform.now_ms(),
            ops: Vec::new(),
            bytes: 0,
            marks: Marks::default(),
            administrators: None,
        })
    }

    /// Whether a member administers the app.
    pub fn is_administrator<P: Platform>(&mut self, platform: &P, id: &str) -> Result<bool, Failure> {
        let administrators = match self.administrators.take() {
            Some(administrators) => administrators,
            None => administrators::read(platform)?,
        };
        let is_one = administrators::include(&administrators, self.ids, id);
        self.administrators = Some(administrators);
        Ok(is_one)
    }

    pub fn new_ordinal(&mut self) -> u64 {
        self.head.next_ordinal += 1;
        self.head.next_ordinal - 1
    }

    /// Whether further records belong into another batch.
    pub fn is_full(&self) -> bool {
        self.ops.len() >= ITEMS || self.bytes >= BYTES
    }

    pub fn is_empty(&self) -> bool {
        self.ops.is_empty()
    }

    /// A further operation of the same `apply`.
    pub fn push(&mut self, op: Op) {
        if let Op::Put(put) = &op {
            self.bytes += put.key.len() + put.value.len();
        }
        self.ops.push(op);
    }

    /// Replaces a member, moves its index entries and says so in the feed.
    pub fn member(&mut self, old: Option<&MemberRecord>, new: &MemberRecord, kind: ChangeKind) {
        self.member_silently(old, new);
        let subject = Subject::Member { presence: new.presence, member: new.member.clone() };
        self.feed(kind, &new.member.id, subject);
    }

    /// Replaces the roles of a member and says so in the feed.
    pub fn roles(&mut self, of: &MemberRecord, roles: &Roles) {
        self.push(roles.op(self.ids, &of.member.id));
        let subject = Subject::Member { presence: of.presence, member: of.member.clone() };
        self.feed(ChangeKind::MemberRolesUpdated, &of.member.id, subject);
    }

    /// Takes a member away who is not present, with all that the platform says of them, and says so in the feed. What the feed
    /// has said of them before is for the [`erasure`](super::erasure).
    pub fn erase<P: Platform>(&mut self, platform: &P, id: &str, stored: Option<&MemberRecord>) -> Result<(), Failure> {
        if let Some(stored) = stored {
            let count = self.head.members.of(stored.presence);
            *count = count.saturating_sub(1);
        }
        let ids = self.ids;
        if self.is_administrator(platform, id)? {
            let rest = administrators::read(platform)?.into_iter().filter(|one| !ids.is_same(one, id));
            self.push(store::put(key::ADMINISTRATORS, &rest.collect::<Vec<_>>()));
        }
        for key in [key::member(ids, id), key::roles(ids, id), key::retired(ids, id), key::signature(ids, id)] {
            self.push(store::delete(key));
        }
        self.feed(ChangeKind::MemberErased, id, Subject::Nothing);
        Ok(())
    }

    /// Replaces a member without a word in the feed: only for what the contract does not show, as the time of reading.
    pub fn member_silently(&mut self, old: Option<&MemberRecord>, new: &MemberRecord) {
        if let Some(old) = old {
            let count = self.head.members.of(old.presence);
            *count = count.saturating_sub(1);
        }
        *self.head.members.of(new.presence) += 1;
        let before = old.map(places).unwrap_or_default();
        let after = places(new);
        for department in before.difference(&after) {
            self.push(store::delete(key::index_entry(self.ids, department, &new.member.id)));
        }
        for department in after.difference(&before) {
            self.push(store::put_text(key::index_entry(self.ids, department, &new.member.id), String::new()));
        }
        self.push(store::put(key::member(self.ids, &new.member.id), new));
    }

    /// Adds a fetched member; answers what became of it, which for a retired one is nothing. Roles of somebody who
    /// [may be another person](may_be_another) come back suspended: nobody is to inherit them.
    pub fn decided_member<P: Platform>(
        &mut self,
        platform: &P,
        stored: Option<&MemberRecord>,
        fetched: FetchedMember,
        read_at: u64,
        decision: Decision,
    ) -> Result<Decision, Failure> {
        let member = fetched.member;
        let decision =
            self.marks.judge(platform, self.ids, &member.id, stored.map(|stored| stored.presence), decision)?;
        if decision == Decision::Ignore {
            return Ok(decision);
        }
        let ordinal = stored.map_or_else(|| self.new_ordinal(), |stored| stored.ordinal);
        let record = match stored {
            Some(stored) if member.status == MemberStatus::Resigned => {
                MemberRecord { read_at, member, ..stored.gone(MemberStatus::Resigned, read_at) }
            }
            _ => MemberRecord { read_at, ordinal, presence: member.status, left_at: 0, member },
        };
        match decision {
            Decision::Change(kind) => {
                if kind == ChangeKind::MemberRejoined
                    && stored.is_some_and(|stored| may_be_another(stored, &record.member, self.now))
                    && let Some(mut roles) = roles::read(platform, self.ids, &record.member.id)?
                {
                    roles.suspended = !roles.roles.is_empty();
                    self.push(roles.op(self.ids, &record.member.id));
                }
                self.member(stored, &record, kind);
            }
            // Only that it was read: fields of somebody who resigned may differ, and the feed says nothing of them.
            Decision::Unchanged => {
                let known = stored.map_or(record, |stored| stored.read_again(read_at));
                self.member_silently(stored, &known);
            }
            Decision::Ignore => {}
        }
        Ok(decision)
    }

    /// Writes a department and says so in the feed.
    pub fn department(&mut self, new: &DepartmentRecord, kind: ChangeKind) {
        if kind == ChangeKind::DepartmentAdded {
            self.head.departments += 1;
        }
        self.push(store::put(key::department(&new.department.id), new));
        self.feed(kind, &new.department.id, Subject::Department { department: new.department.clone() });
    }

    /// Deletes a department and says so in the feed.
    pub fn remove_department(&mut self, old: DepartmentRecord) {
        self.head.departments = self.head.departments.saturating_sub(1);
        self.push(store::delete(key::department(&old.department.id)));
        let id = old.department.id.clone();
        self.feed(ChangeKind::DepartmentRemoved, &id, Subject::Department { department: old.department });
    }

    /// The operations of the `apply`, the head's check and write among them.
    pub fn into_ops(mut self) -> Vec<Op> {
        self.ops.push(store::check(key::HEAD, self.version));
        self.ops.push(store::put(key::HEAD, &self.head));
        self.ops
    }

    fn feed(&mut self, kind: ChangeKind, id: &str, subject: Subject) {
        self.head.last_change += 1;
        let entry = FeedEntry { seq: self.head.last_change, at: self.now, kind, id: id.to_owned(), subject };
        self.push(store::put_for(key::change(entry.seq), &entry, ENTRY_TTL_MS));
    }
}

/// The departments in whose index a member stands.
fn places(record: &MemberRecord) -> BTreeSet<&str> {
    if is_present(record.presence) {
        record.member.departments.iter().map(|place| place.id.as_str()).collect()
    } else {
        BTreeSet::new()
    }
}
