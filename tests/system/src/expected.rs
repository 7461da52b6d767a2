//! The WeCom simulator's truth in the contract's words: what the copy must be after a complete sync.
//!
//! The two sides share no types, and they differ on purpose in these points only:
//!
//! * The root's parent is absent, and an empty text is absent.
//! * A member's places stand in order of their department ids; WeCom's order means nothing.
//! * Gender "1" and "2" are `male` and `female`; "0" is WeCom's word for "unknown" and "not permitted" alike: absent.
//! * Status 1, 2, 4 are the three kinds of presence. Status 5 is nobody who is present; such a row makes a known
//!   member `resigned` and is ignored about an unknown one.
//! * Ids compare ignoring case, since the copy keeps the spelling that it met first: [`Stage::assert_exact`](crate::Stage::assert_exact) compares
//!   them in lower case, and a test of its own looks at the spelling.
//! * What a quirk of the wire withholds cannot be known: with [`Quirks::short_arrays`] the last place of a member has
//!   order 0 and no leader.

use organisation_host::contract::directory::{Attribute, Department, Member, MemberStatus, Membership};
use serde_json::{Map, Value, json};
use wecom_simulator::{
    Control, DEMO_AGENT_ID, Quirks, TrueDepartment, TrueMember,
    corp::{self, AttributeValue, ExternalProfile},
};

use crate::{copy::Copy, test_vendor::TestVendor};

/// What the copy must hold as present, ids in lower case.
///
/// # Panics
/// When the demonstration app is gone, or a member has external attributes, which no comparison here covers.
pub fn expected(control: &Control) -> Copy {
    let truth = control.truth(DEMO_AGENT_ID).expect("the app is there");
    let quirks = control.configure(|behaviour| behaviour.quirks);
    control.read(|corp| {
        let members = truth.members.iter().filter_map(|(key, member)| {
            let card = corp.member(key).expect("the truth comes from the corp");
            Some((key.clone(), present(member, card, quirks)?))
        });
        let departments = truth.departments.values().map(department);
        Copy { departments: departments.map(|one| (one.id.clone(), one)).collect(), members: members.collect() }
    })
}

fn department(truth: &TrueDepartment) -> Department {
    Department {
        id: truth.id.to_string(),
        name: truth.name.clone(),
        name_en: truth.name_en.clone().and_then(given),
        parent_id: (truth.parent != 0).then(|| truth.parent.to_string()),
        order: truth.order,
        leaders: truth.leaders.iter().map(|id| id_key(id)).collect(),
    }
}

/// A present member; nothing for one who resigned.
fn present(truth: &TrueMember, card: &corp::Member, quirks: Quirks) -> Option<Member> {
    let status = match truth.status {
        1 => MemberStatus::Active,
        2 => MemberStatus::Disabled,
        4 => MemberStatus::NotActivated,
        5 => return None,
        other => panic!("the simulator knows no status {other}"),
    };
    let sensitive = |field: fn(&wecom_simulator::TrueSensitive) -> &String| {
        truth.sensitive.as_ref().map(field).cloned().and_then(given)
    };
    Some(Member {
        alternate_ids: Vec::new(),
        id: id_key(&truth.id),
        name: truth.name.clone(),
        status,
        departments: places(truth, quirks),
        main_department: truth.main_department.map(|id| id.to_string()),
        direct_leaders: truth.direct_leaders.iter().map(|id| id_key(id)).collect(),
        position: given(truth.position.clone()),
        alias: given(truth.alias.clone()),
        telephone: given(truth.telephone.clone()),
        mobile: sensitive(|fields| &fields.mobile),
        email: sensitive(|fields| &fields.email),
        business_email: sensitive(|fields| &fields.biz_mail),
        gender: match sensitive(|fields| &fields.gender).as_deref() {
            Some("1") => Some("male".to_owned()),
            Some("2") => Some("female".to_owned()),
            _ => None,
        },
        avatar: sensitive(|fields| &fields.avatar),
        qr_code: sensitive(|fields| &fields.qr_code),
        address: sensitive(|fields| &fields.address),
        external_position: given(truth.external_position.clone()),
        attributes: card.attributes.iter().map(attribute).collect(),
        external_profile: external_profile(&card.external_profile, quirks),
        roles: Vec::new(),
        suspended_roles: Vec::new(),
    })
}

fn places(truth: &TrueMember, quirks: Quirks) -> Vec<Membership> {
    let last = truth.departments.len().saturating_sub(1);
    let mut places: Vec<(u64, Membership)> = truth
        .departments
        .iter()
        .enumerate()
        .map(|(index, place)| {
            let is_withheld = quirks.short_arrays && index == last;
            let membership = Membership {
                id: place.department.to_string(),
                leader: place.leader && !is_withheld,
                order: if is_withheld { 0 } else { place.order },
            };
            (place.department, membership)
        })
        .collect();
    places.sort_by_key(|(id, _)| *id);
    places.into_iter().map(|(_, membership)| membership).collect()
}

/// Text as it is; what is structured as JSON with sorted keys.
fn attribute(attribute: &corp::Attribute) -> Attribute {
    let value = match &attribute.value {
        AttributeValue::Text(text) => text.clone(),
        AttributeValue::Web { title, url } => json!({ "title": title, "url": url }).to_string(),
        AttributeValue::MiniProgram { appid, pagepath, title } => {
            json!({ "appid": appid, "pagepath": pagepath, "title": title }).to_string()
        }
    };
    Attribute { name: attribute.name.clone(), value }
}

fn external_profile(profile: &ExternalProfile, quirks: Quirks) -> Option<String> {
    assert!(profile.attributes.is_empty(), "external attributes are compared by the tests that give any");
    let mut fields = Map::new();
    if let Some(name) = &profile.corp_name {
        fields.insert("external_corp_name".to_owned(), json!(name));
    }
    if let Some(channel) = &profile.channel {
        let object = json!({ "nickname": channel, "status": 1 });
        let value = if quirks.channel_as_string { json!(channel) } else { object };
        fields.insert("wechat_channels".to_owned(), value);
    }
    (!fields.is_empty()).then(|| Value::Object(fields).to_string())
}

fn id_key(id: &str) -> String {
    <Control as TestVendor>::id_key(id)
}

fn given(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}
