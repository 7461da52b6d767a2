//! Members as WeCom showed them, compared with the copy at once: one that did not change leaves one bit, one that is new or
//! differs leaves a row of scratch.

use std::{borrow::Cow, collections::BTreeSet};

use serde::{Deserialize, Serialize};

use super::context::{Stop, Worker};
use crate::{
    contract::{directory::ChangeKind, storage::Entry},
    directory::{
        decision::{self, Decision},
        key,
        record::{MemberOutline, MemberRecord, is_present},
    },
    platform::Platform,
    store,
    directory::member::Member,
};

/// A member in scratch.
#[derive(Serialize, Deserialize)]
pub struct Row<'a> {
    /// When WeCom was asked.
    pub read_at: u64,
    /// What it said.
    pub member: Cow<'a, Member>,
}

/// Takes note of members that WeCom showed.
pub fn meet<P: Platform>(worker: &mut Worker<'_, P>, mut members: Vec<Member>, read_at: u64) -> Result<(), Stop> {
    if let Some(fields) = &worker.config.common.fields {
        members.iter_mut().for_each(|member| member.keep_only(fields));
    }
    let mut keys = Vec::with_capacity(members.len() * 2);
    for member in &members {
        keys.push(key::member(&member.id));
        keys.push(key::scratch_row(&worker.run.id, 'm', &member.id));
    }
    let mut entries = store::get_many(worker.platform, &keys)?.into_iter();
    // A row of these may be written while the next ones are looked at, so what was read of scratch grows old.
    let mut new_ids = BTreeSet::new();
    for member in members {
        let stored = entries.next().flatten();
        let row = entries.next().flatten();
        let is_repeated = stored.is_none() && !new_ids.insert(key::fold(&member.id));
        if row.is_none() && !is_repeated && !worker.is_buffered(&member.id) {
            meet_one(worker, stored.as_ref(), member, read_at)?;
            worker.relieve()?;
        }
    }
    Ok(())
}

fn meet_one<P: Platform>(
    worker: &mut Worker<'_, P>,
    stored: Option<&Entry>,
    mut member: Member,
    read_at: u64,
) -> Result<(), Stop> {
    worker.run.saw_sensitive |= member.has_sensitive_fields();
    let mut is_new_bit = true;
    let decision = match stored {
        None => decision::on_member(None, &mut member),
        Some(entry) => {
            let outline = MemberOutline::parse(entry)?;
            is_new_bit = worker.seen.insert(outline.ordinal);
            if is_new_bit && is_present(outline.presence) {
                worker.run.present_met += 1;
            }
            if is_present(outline.presence) && store::is_json_of(&member, outline.member.get()) {
                Decision::Unchanged
            } else {
                decision::on_member(Some(&store::parse::<MemberRecord>(entry)?.value), &mut member)
            }
        }
    };
    if !is_new_bit {
        return Ok(());
    }
    let planned = &mut worker.run.planned;
    match decision {
        Decision::Ignore => return Ok(()),
        Decision::Unchanged => planned.members_unchanged += 1,
        Decision::Change(kind) => {
            match kind {
                ChangeKind::MemberAdded => planned.members_added += 1,
                ChangeKind::MemberRejoined => planned.members_rejoined += 1,
                ChangeKind::MemberResigned => planned.members_resigned += 1,
                _ => planned.members_updated += 1,
            }
            let row = store::put(
                key::scratch_row(&worker.run.id, 'm', &member.id),
                &Row { read_at, member: Cow::Borrowed(&member) },
            );
            worker.buffer_member(&member.id, row);
        }
    }
    worker.run.members_met += 1;
    Ok(())
}
