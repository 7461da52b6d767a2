//! What a complete and correct synchronisation of one app must end with, in the simulator's own words. Property tests
//! compare a client's copy with this; it is computed from the organisation, not from the API's answers.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::corp::{App, Corp, Member, Membership, Visible, key};

/// The departments and members an app can know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Truth {
    /// By id.
    pub departments: BTreeMap<u64, TrueDepartment>,
    /// By id in lower case.
    pub members: BTreeMap<String, TrueMember>,
}

/// A visible department.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TrueDepartment {
    /// Its id.
    pub id: u64,
    /// Its name.
    pub name: String,
    /// English name, where there is one.
    pub name_en: Option<String>,
    /// Its real parent, also when that one is out of range; 0 for the root.
    pub parent: u64,
    /// Larger sorts first.
    pub order: u64,
    /// Leaders in range, in the order of the card.
    pub leaders: Vec<String>,
}

/// A member's place in a visible department.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct TruePlace {
    /// The department.
    pub department: u64,
    /// Rank in it.
    pub order: u64,
    /// Whether the member leads it.
    pub leader: bool,
}

/// A visible member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TrueMember {
    /// As written in the corp.
    pub id: String,
    /// Display name.
    pub name: String,
    /// Visible departments only; empty for a member who was granted alone.
    pub departments: Vec<TruePlace>,
    /// `None` when it is out of range.
    pub main_department: Option<u64>,
    /// Those in range.
    pub direct_leaders: Vec<String>,
    /// 1, 2, 4 or 5.
    pub status: u64,
    /// Job title.
    pub position: String,
    /// Landline.
    pub telephone: String,
    /// Second name.
    pub alias: String,
    /// Job title shown to customers.
    pub external_position: String,
    /// What only apps made before June 2022 read; `None` for others.
    pub sensitive: Option<TrueSensitive>,
}

/// Fields that apps made after June 2022 cannot read from the lists. Empty texts are unset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the names are WeCom's field names")]
pub struct TrueSensitive {
    pub gender: String,
    pub avatar: String,
    pub mobile: String,
    pub email: String,
    pub biz_mail: String,
    pub qr_code: String,
    pub address: String,
}

impl Truth {
    /// What `app` can know of `corp`.
    pub fn of(corp: &Corp, app: &App) -> Self {
        let range = Visible::of(corp, app);
        let departments = corp.departments().filter(|department| range.department(department.id));
        let members = corp.members().filter(|member| range.member(member));
        Self {
            departments: departments
                .map(|department| {
                    let seen = TrueDepartment {
                        id: department.id,
                        name: department.name.clone(),
                        name_en: department.name_en.clone(),
                        parent: department.parent,
                        order: department.order,
                        leaders: range.leaders(corp, department).map(str::to_owned).collect(),
                    };
                    (department.id, seen)
                })
                .collect(),
            members: members
                .map(|member| (key(&member.id).to_string(), true_member(corp, app, &range, member)))
                .collect(),
        }
    }
}

fn true_member(corp: &Corp, app: &App, range: &Visible, member: &Member) -> TrueMember {
    let place =
        |place: &Membership| TruePlace { department: place.department, order: place.order, leader: place.leader };
    TrueMember {
        id: member.id.clone(),
        name: member.name.clone(),
        departments: range.places(member).map(place).collect(),
        main_department: range.main_department(member),
        direct_leaders: range.direct_leaders(corp, member).map(str::to_owned).collect(),
        status: member.status.number(),
        position: member.position.clone(),
        telephone: member.telephone.clone(),
        alias: member.alias.clone(),
        external_position: member.external_position.clone(),
        sensitive: app.created_before_2022.then(|| TrueSensitive {
            gender: member.gender.text().to_owned(),
            avatar: member.avatar.to_string(),
            mobile: member.mobile.clone(),
            email: member.email.clone(),
            biz_mail: member.biz_mail.clone(),
            qr_code: member.qr_code.clone(),
            address: member.address.clone(),
        }),
    }
}
