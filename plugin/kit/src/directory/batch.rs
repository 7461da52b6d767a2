//! Writing the copy: a batch of changes that becomes one atomic `apply` with records, indexes, feed and head together.

use super::{
    administrators,
    department::Department,
    feed::{FEED_RETENTION_MS, FeedEntry, Subject},
    head::{self, Head},
    id::IdRule,
    key,
    member::{FetchedMember, MEMBER_DEPARTMENTS},
    member_status::{Decision, is_present, may_be_another},
    record::{DepartmentRecord, MemberRecord},
    retired::Marks,
    roles::{self, Roles},
    rules::{self, Evaluator},
    spreading::Spreading,
};
use crate::{
    config::Common,
    contract::{
        directory::{ChangeKind, MemberStatus},
        log::Level,
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
    /// Once they are wanted, without those whom the batch has taken off.
    administrators: Option<Vec<String>>,
    takes_administrators_off: bool,
    /// Likewise; nothing within where there are none.
    rules: Option<Option<Evaluator>>,
    spreads: bool,
}

impl Batch {
    /// Reads the head for a writer of this organisation.
    pub fn begin(platform: &dyn Platform, common: &Common) -> Result<Self, Failure> {
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
            takes_administrators_off: false,
            rules: None,
            spreads: false,
        })
    }

    /// Whether a member administers the app.
    pub fn is_administrator(&mut self, platform: &dyn Platform, id: &str) -> Result<bool, Failure> {
        let administrators = match self.administrators.take() {
            Some(administrators) => administrators,
            None => administrators::read(platform)?,
        };
        let is_one = administrators::include(&administrators, self.ids, id);
        self.administrators = Some(administrators);
        Ok(is_one)
    }

    /// Takes a member off the administrators; whether they were one. Written with the batch, once for all of them.
    fn take_administrator_off(&mut self, platform: &dyn Platform, id: &str) -> Result<bool, Failure> {
        if !self.is_administrator(platform, id)? {
            return Ok(false);
        }
        let ids = self.ids;
        self.administrators.iter_mut().for_each(|all| all.retain(|one| !ids.is_same(one, id)));
        self.takes_administrators_off = true;
        Ok(true)
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

    /// Tells what rules give; nothing where there are none.
    pub fn rules(&mut self, platform: &dyn Platform) -> Result<Option<&mut Evaluator>, Failure> {
        let rules = match self.rules.take() {
            Some(rules) => rules,
            None => Evaluator::read(platform)?,
        };
        Ok(self.rules.insert(rules).as_mut())
    }

    /// Begins to bring to all members what rules give.
    pub fn spread(&mut self) {
        self.spreads = true;
    }

    /// Replaces a member, with what rules give them, moves its index entries and says so in the feed.
    pub fn member(
        &mut self,
        platform: &dyn Platform,
        old: Option<&MemberRecord>,
        new: &MemberRecord,
        kind: ChangeKind,
    ) -> Result<(), Failure> {
        self.changed_member(platform, old, new, kind, false)
    }

    fn changed_member(
        &mut self,
        platform: &dyn Platform,
        old: Option<&MemberRecord>,
        new: &MemberRecord,
        kind: ChangeKind,
        suspends: bool,
    ) -> Result<(), Failure> {
        let ids = self.ids;
        if suspends {
            self.clear_reused_id(platform, &new.member.id)?;
        }
        let rules = self.rules(platform)?;
        if suspends || rules.is_some() {
            let before = roles::read(platform, ids, &new.member.id)?.unwrap_or_default();
            let mut after = before.clone();
            after.suspended |= suspends && !after.roles.is_empty();
            if let Some(rules) = rules {
                after.by_rule = match is_present(new.presence) {
                    true => rules.names(platform, ids, &new.member)?,
                    false => Vec::new(),
                };
            }
            if after != before {
                self.push(after.op(ids, &new.member.id));
            }
        }
        self.member_silently(old, new);
        let subject = Subject::Member { presence: new.presence, member: new.member.clone() };
        self.feed(kind, &new.member.id, subject);
        Ok(())
    }

    /// Deletes what somebody else must not have with an id that is used again, and no confirmation can give back.
    fn clear_reused_id(&mut self, platform: &dyn Platform, id: &str) -> Result<(), Failure> {
        let signature = key::signature(self.ids, id);
        let had_signature = store::get_text(platform, &signature)?.is_some();
        if had_signature {
            self.push(store::delete(signature));
        }
        if self.take_administrator_off(platform, id)? || had_signature {
            let message = "a member may be another person than before: signature and administration are not theirs";
            platform.log(Level::Warn, message, &[("member", id)]);
        }
        Ok(())
    }

    /// Replaces the roles of a member and says so in the feed.
    pub fn roles(&mut self, of: &MemberRecord, before: &Roles, after: &Roles) {
        after.ops(self.ids, &of.member.id, before).into_iter().for_each(|op| self.push(op));
        let subject = Subject::Member { presence: of.presence, member: of.member.clone() };
        self.feed(ChangeKind::MemberRolesUpdated, &of.member.id, subject);
    }

    /// Takes a member away who is not present, with all that the platform says of them but, where that is wished, the mark of a retired one; and says so in the feed. What the feed
    /// has said of them before is for the [`erasure`](super::erasure).
    pub fn erase(
        &mut self,
        platform: &dyn Platform,
        id: &str,
        stored: Option<&MemberRecord>,
        keeps_mark: bool,
    ) -> Result<(), Failure> {
        if let Some(stored) = stored {
            let count = self.head.members.of(stored.presence);
            *count = count.saturating_sub(1);
        }
        let ids = self.ids;
        self.take_administrator_off(platform, id)?;
        let roles = roles::read(platform, ids, id)?.unwrap_or_default();
        Roles::default().ops(ids, id, &roles).into_iter().for_each(|op| self.push(op));
        for key in [key::member(ids, id), key::signature(ids, id)] {
            self.push(store::delete(key));
        }
        if !keeps_mark {
            self.push(store::delete(key::retired(ids, id)));
        }
        for tag in rules::tags(&rules::read(platform)?) {
            self.push(store::delete(key::tag_member(ids, tag, id)));
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
        for department in before.iter().filter(|id| !after.contains(id)) {
            self.push(store::delete(key::index_entry(self.ids, department, &new.member.id)));
        }
        for department in after.iter().filter(|id| !before.contains(id)) {
            self.push(store::put_text(key::index_entry(self.ids, department, &new.member.id), String::new()));
        }
        self.push(store::put(key::member(self.ids, &new.member.id), new));
    }

    /// Adds a fetched member; answers what became of it, which for a retired one is nothing. Roles of somebody who
    /// [may be another person](may_be_another) come back suspended, without signature and administration: nobody is to
    /// inherit them.
    pub fn decided_member(
        &mut self,
        platform: &dyn Platform,
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
                let suspends = kind == ChangeKind::MemberRejoined
                    && stored.is_some_and(|stored| may_be_another(stored, &record.member, self.now));
                self.changed_member(platform, stored, &record, kind, suspends)?;
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

    /// Writes a department and says so in the feed. Where it stands somewhere else than before, rules may give other roles to
    /// whoever is below it.
    pub fn department(
        &mut self,
        platform: &dyn Platform,
        old: Option<&Department>,
        new: &DepartmentRecord,
        kind: ChangeKind,
    ) -> Result<(), Failure> {
        if kind == ChangeKind::DepartmentAdded {
            self.head.departments += 1;
        }
        if old.is_none_or(|old| old.parent_id != new.department.parent_id) {
            self.departments_moved(platform)?;
        }
        self.push(store::put(key::department(&new.department.id), new));
        self.feed(kind, &new.department.id, Subject::Department { department: new.department.clone() });
        Ok(())
    }

    /// Deletes a department and says so in the feed.
    pub fn remove_department(&mut self, platform: &dyn Platform, old: DepartmentRecord) -> Result<(), Failure> {
        self.head.departments = self.head.departments.saturating_sub(1);
        self.departments_moved(platform)?;
        self.push(store::delete(key::department(&old.department.id)));
        let id = old.department.id.clone();
        self.feed(ChangeKind::DepartmentRemoved, &id, Subject::Department { department: old.department });
        Ok(())
    }

    fn departments_moved(&mut self, platform: &dyn Platform) -> Result<(), Failure> {
        self.spreads |= self.rules(platform)?.is_some_and(|rules| rules.looks_at_departments());
        Ok(())
    }

    /// The operations of the `apply`, the head's check and write among them.
    pub fn into_ops(mut self) -> Vec<Op> {
        if let Some(administrators) = self.administrators.filter(|_| self.takes_administrators_off) {
            self.ops.push(store::put(key::ADMINISTRATORS, &administrators));
        }
        if self.spreads {
            self.ops.push(store::put(key::SPREADING, &Spreading::BEGINNING));
        }
        self.ops.push(store::check(key::HEAD, self.version));
        self.ops.push(store::put(key::HEAD, &self.head));
        self.ops
    }

    fn feed(&mut self, kind: ChangeKind, id: &str, subject: Subject) {
        self.head.last_change += 1;
        let entry = FeedEntry { seq: self.head.last_change, at: self.now, kind, id: id.to_owned(), subject };
        self.push(store::put_for(key::change(entry.seq), &entry, FEED_RETENTION_MS));
    }
}

/// The departments in whose index a member stands, each once. There are few of them.
fn places(record: &MemberRecord) -> Vec<&str> {
    let mut places = Vec::new();
    if is_present(record.presence) {
        for place in &record.member.departments {
            if !places.contains(&place.id.as_str()) {
                places.push(&*place.id);
            }
        }
    }
    places
}
