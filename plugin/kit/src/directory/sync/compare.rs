//! Members as the vendor showed them, compared with the copy at once: one that did not change leaves one bit, one that is
//! new or differs leaves a row of scratch.

use std::{borrow::Cow, collections::BTreeSet};

use serde::{Deserialize, Serialize};

use super::context::{RunContext, Stepped};
use crate::{
    contract::{directory::ChangeKind, storage::Entry},
    directory::{
        key,
        member::{Absent, FetchedMember, Member, MemberRow},
        member_status::{self, Decision, is_present},
        record::{MemberOutline, MemberRecord},
    },
    store,
    vendor::Client,
};

/// A member in scratch.
#[derive(Serialize, Deserialize)]
pub(super) struct PlannedMember<'a> {
    pub(super) read_at: u64,
    /// What it said.
    pub(super) member: Cow<'a, Member>,
    /// What it did not speak of.
    #[serde(default, skip_serializing_if = "Absent::is_none")]
    pub(super) absent: Absent,
}

impl PlannedMember<'_> {
    /// The member as it was fetched.
    pub(super) fn into_fetched(self) -> FetchedMember {
        FetchedMember { member: self.member.into_owned(), absent: self.absent, unreadable: Vec::new() }
    }
}

/// Takes note of members that the vendor showed when it was asked at `read_at`.
pub(super) fn members<C: Client>(context: &mut RunContext<'_, C>, rows: Vec<MemberRow>, read_at: u64) -> Stepped {
    let ids = context.common.ids;
    let mut id_keys = Vec::with_capacity(rows.len());
    let mut keys = Vec::with_capacity(rows.len() * 2);
    let mut named = Vec::with_capacity(rows.len());
    for row in rows {
        let id = match &row {
            MemberRow::Fetched(fetched) => &fetched.member.id,
            MemberRow::Unreadable { id: Some(id) } => {
                context.note(text! {
                "成员 {id} 的数据无法识别：本次保持不变", "the row of member {id} cannot be read: left as it was" });
                id
            }
            MemberRow::Unreadable { id: None } => {
                context.note(text! {
                "有一行成员数据没有可识别的 ID：已跳过", "a row of members has no id that can be read: left out" });
                continue;
            }
        };
        let id_key = ids.key(id);
        keys.push([key::MEMBERS, &id_key].concat());
        keys.push(key::scratch_row(&context.run.id, 'm', &id_key));
        id_keys.push(id_key);
        named.push(row);
    }
    let mut entries = store::get_many(context.platform, &keys)?.into_iter();
    // A row of these may be written while the next ones are looked at, so what was read of scratch grows old.
    let mut new_ids = BTreeSet::new();
    for (row, id_key) in named.into_iter().zip(id_keys) {
        let stored = entries.next().flatten();
        let scratch = entries.next().flatten();
        match row {
            MemberRow::Fetched(fetched) => {
                let is_repeated = stored.is_none() && !new_ids.insert(id_key.clone());
                if scratch.is_none() && !is_repeated && !context.is_buffered(&id_key) {
                    member(context, stored.as_ref(), *fetched, &id_key, read_at)?;
                    context.flush_if_full()?;
                }
            }
            MemberRow::Unreadable { .. } => {
                if let Some(entry) = stored {
                    keep(context, &entry)?;
                }
            }
        }
    }
    Ok(())
}

/// Counts a member as seen without a change: there is one, but nobody can read what the vendor says.
pub(super) fn keep<C: Client>(context: &mut RunContext<'_, C>, entry: &Entry) -> Stepped {
    let outline = MemberOutline::parse(entry)?;
    if is_present(outline.presence) && context.seen.insert(outline.ordinal) {
        context.run.present_seen += 1;
        context.run.members_seen += 1;
        context.run.planned.members_unchanged += 1;
    }
    Ok(())
}

fn member<C: Client>(
    context: &mut RunContext<'_, C>,
    stored: Option<&Entry>,
    mut fetched: FetchedMember,
    id_key: &str,
    read_at: u64,
) -> Stepped {
    // Before fields are dropped: what is not to be stored may be granted all the same.
    context.run.saw_sensitive |= fetched.member.has_sensitive_fields();
    if !fetched.unreadable.is_empty() {
        let (id, fields) = (&fetched.member.id, fetched.unreadable.join(", "));
        context.note(text! {
        "成员 {id} 的字段 {fields} 无法识别：已忽略该字段",
        "the fields {fields} of member {id} cannot be read: left out" });
    }
    if let Some(fields) = &context.common.fields {
        fetched.member.keep_only(fields);
    }
    let mut presence = None;
    let decision = match stored {
        None => member_status::on_member(context.common, None, &mut fetched),
        Some(entry) => {
            let outline = MemberOutline::parse(entry)?;
            let was_present = is_present(outline.presence);
            presence = Some(outline.presence);
            if !context.seen.insert(outline.ordinal) {
                return Ok(());
            }
            if was_present {
                context.run.present_seen += 1;
            }
            if was_present && store::is_json_of(&fetched.member, outline.member.get()) {
                Decision::Unchanged
            } else {
                member_status::on_member(
                    context.common,
                    Some(&store::parse::<MemberRecord>(entry)?.value),
                    &mut fetched,
                )
            }
        }
    };
    let id = &fetched.member.id;
    let decision = context.marks.judge(context.platform, context.common.ids, id, presence, decision)?;
    match decision {
        Decision::Ignore => return Ok(()),
        Decision::Unchanged => context.run.planned.members_unchanged += 1,
        Decision::Change(kind) => {
            context.run.planned.count(kind);
            if presence.is_some_and(is_present) && kind == ChangeKind::MemberResigned {
                context.run.missing.resigned += 1;
            }
            let key = key::scratch_row(&context.run.id, 'm', id_key);
            let row = PlannedMember { read_at, member: Cow::Borrowed(&fetched.member), absent: fetched.absent };
            context.buffer_member(id_key, store::put_for(key, &row, super::SCRATCH_TTL_MS));
        }
    }
    context.run.members_seen += 1;
    Ok(())
}
