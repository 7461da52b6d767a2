//! The copy against the vendor's truth: what must hold after every complete sync.

use std::collections::BTreeMap;

use organisation_host::contract::directory::{Member, MemberFilter, MemberStatus};

use crate::{
    copy::{Copy, EVERYBODY, is_present},
    stage::Stage,
    test_vendor::TestVendor,
};

impl<V: TestVendor> Stage<V> {
    /// The copy says what the vendor says, the feed replays to it, indexes and counts agree with it, and nothing of a
    /// run is left over. Ids are compared as the vendor compares them.
    ///
    /// # Panics
    /// When something differs.
    pub async fn assert_exact(&self) {
        let copy = self.copy().await;
        assert_eq!(Copy::replayed(&self.changes().await), copy, "the feed replays to the copy");
        self.assert_indexed(&copy).await;
        assert_eq!(self.stored("directory/r/").await, [], "no scratch of a run is left");

        let (found, expected) = (by_id_key::<V>(copy), self.control.truth());
        assert_eq!(found.present(), expected.members, "the present members are those of the vendor");
        assert_eq!(found.departments, expected.departments, "the departments are those of the vendor");
        let resigned = self.control.resigned();
        for (id, member) in found.members.iter().filter(|(_, member)| !is_present(member.status)) {
            if resigned.contains(id) {
                assert_eq!(member.status, MemberStatus::Resigned, "{id} has resigned");
            }
        }
    }

    /// Counts and the index of each department agree with the copy.
    async fn assert_indexed(&self, copy: &Copy) {
        for id in copy.departments.keys() {
            let filter = MemberFilter { department: Some(id.clone()), ..EVERYBODY };
            let mut listed: Vec<String> = self.members(&filter).await.into_iter().map(|member| member.id).collect();
            listed.sort_unstable();
            let is_in = |member: &Member| member.departments.iter().any(|place| place.id == *id);
            let held: Vec<String> =
                copy.present().into_iter().filter(|(_, member)| is_in(member)).map(|(id, _)| id).collect();
            assert_eq!(listed, held, "the index of department {id}");
        }
        let overview = self.overview().await;
        assert_eq!(overview.departments, copy.departments.len() as u64);
        let mut counts = BTreeMap::new();
        for member in copy.members.values() {
            *counts.entry(format!("{:?}", member.status)).or_insert(0) += 1;
        }
        let count = |status: MemberStatus| counts.get(&format!("{status:?}")).copied().unwrap_or(0);
        let members = &overview.members;
        for (counted, status) in [
            (members.active, MemberStatus::Active),
            (members.disabled, MemberStatus::Disabled),
            (members.not_activated, MemberStatus::NotActivated),
            (members.left_range, MemberStatus::LeftRange),
            (members.resigned, MemberStatus::Resigned),
        ] {
            assert_eq!(counted, count(status), "the count of {status:?}");
        }
    }
}

/// The copy with the ids of members in the form in which they compare.
fn by_id_key<V: TestVendor>(copy: Copy) -> Copy {
    let count = copy.members.len();
    let members: BTreeMap<_, _> = copy
        .members
        .into_values()
        .map(|mut member| {
            member.id = V::id_key(&member.id);
            member.direct_leaders.iter_mut().for_each(|id| *id = V::id_key(id));
            (member.id.clone(), member)
        })
        .collect();
    assert_eq!(members.len(), count, "no member stands twice in different spellings");
    let mut departments = copy.departments;
    for department in departments.values_mut() {
        department.leaders.iter_mut().for_each(|id| *id = V::id_key(id));
    }
    Copy { departments, members }
}
