//! Who is meant: roles become members.

use crate::{
    config::Common,
    contract::{
        directory::MemberFilter,
        messaging::{InvalidRecipient, RecipientKind, Recipients},
    },
    directory::{list, member_status::is_present},
    failure::Failure,
    platform::Platform,
};

/// Ids that a message names at most.
const SHOWN: usize = 20;

/// Puts the members who have the roles in their place, and gives the roles that nobody has. Present members only: whoever
/// has left the visible range or the organisation gets nothing.
///
/// # Errors
/// `invalid-argument` where nobody is named at all, `not-found` where nobody has any of the roles and nobody else is named.
pub(super) fn expand(platform: &dyn Platform, common: &Common, to: &mut Recipients) -> Result<Vec<String>, Failure> {
    let roles = std::mem::take(&mut to.roles);
    if to.everybody {
        return Ok(Vec::new());
    }
    let mut nobody: Vec<String> = Vec::new();
    for role in roles {
        let before = to.members.len();
        let (filter, mut cursor) = (holders(role), None);
        loop {
            let page = list::members(platform, common, &filter, cursor.as_deref(), u32::MAX)?;
            let present = page.members.into_iter().filter(|member| is_present(member.status));
            to.members.extend(present.map(|member| member.id));
            cursor = page.cursor;
            if cursor.is_none() {
                break;
            }
        }
        nobody.extend(filter.role.filter(|role| to.members.len() == before && !nobody.contains(role)));
    }
    match (to.members.is_empty() && to.departments.is_empty() && to.tags.is_empty(), nobody.is_empty()) {
        (false, _) => Ok(nobody),
        (true, false) => {
            let invalid: Vec<InvalidRecipient> = nobody_has(&nobody).collect();
            Err(nobody_gets_it(None, &invalid))
        }
        (true, true) => Err(invalid_argument! { "to": "没有收件人", "there is no recipient" }.with_hint((
            "请给出成员、部门、标签或角色，或设置 everybody",
            "name members, departments, tags or roles, or everybody",
        ))),
    }
}

fn holders(role: String) -> MemberFilter {
    MemberFilter { department: None, below: false, status: None, search: None, role: Some(role) }
}

/// Roles that nobody has, for `invalid`.
pub(super) fn nobody_has(roles: &[String]) -> impl Iterator<Item = InvalidRecipient> {
    roles.iter().map(|role| invalid(RecipientKind::Role, role, "nobody-has-it"))
}

/// All of a part that the vendor refused as a whole.
pub(super) fn all_outside(to: &Recipients) -> Vec<InvalidRecipient> {
    let kinds = [
        (RecipientKind::Member, &to.members),
        (RecipientKind::Department, &to.departments),
        (RecipientKind::Tag, &to.tags),
    ];
    kinds.iter().flat_map(|(kind, ids)| ids.iter().map(|id| invalid(*kind, id, "outside-range"))).collect()
}

fn invalid(kind: RecipientKind, id: &str, reason: &str) -> InvalidRecipient {
    InvalidRecipient { kind, id: id.to_owned(), reason: reason.to_owned() }
}

/// The failure for a message that nobody can get. What the vendor said of it stands first.
pub(super) fn nobody_gets_it(refused: Option<Failure>, invalid: &[InvalidRecipient]) -> Failure {
    let shown = |one: &InvalidRecipient| format!("{:?}", one.id.chars().take(64).collect::<String>());
    let mut ids = invalid.iter().take(SHOWN).map(shown).collect::<Vec<_>>().join(", ");
    if invalid.len() > SHOWN {
        ids.push_str(&format!(", … ({})", invalid.len()));
    }
    let mut own = failure! { NotFound:
    "没有人能收到此消息：{ids}", "nobody can get this message: {ids}";
    "请检查 ID 与角色，并确认收件人在应用的可见范围内",
    "check ids and roles, and that the recipients are in the visible range of the app" };
    if let Some(refused) = refused {
        let refused = refused.into_details();
        (own.vendor_code, own.request_id) = (refused.vendor_code, refused.request_id);
    }
    own
}
