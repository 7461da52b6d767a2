//! Who may enter: the host's decision, not the element's, which only says who somebody is.

use organisation_fleet::tenants::SignIn;
use organisation_host::contract::login::{Exchange, Outcome};
use serde::Serialize;

/// Whether somebody may enter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum EntryDecision {
    /// Yes.
    Admitted,
    /// Somebody whose sign-in did not begin here, where that is required.
    NotBegunHere,
    /// A member whose sign-in did not begin in this browser, and who is asked.
    ToBeConfirmed,
    /// The same, where the tenant demands that it ends where it began.
    OtherBrowser,
    /// A member to whom no role was given, where one is required.
    RoleMissing,
    /// A member to whom the app is not visible, or of whom the vendor would not say so just now.
    OutOfRange,
    /// A member of another organisation.
    LinkedMember,
    /// No member at all.
    Outsider,
}

impl EntryDecision {
    /// Decides about a sign-in that began in this browser, or in another.
    pub fn of(exchange: &Exchange, demanded: SignIn, is_same_browser: bool) -> Self {
        match &exchange.outcome {
            _ if !exchange.state_verified && !demanded.homepage => Self::NotBegunHere,
            Outcome::Member(member) if !member.in_visible_range => Self::OutOfRange,
            Outcome::Member(member) if demanded.role_required && member.roles.is_empty() => Self::RoleMissing,
            // One that did not begin here began in no browser.
            Outcome::Member(_) if is_same_browser || !exchange.state_verified => Self::Admitted,
            Outcome::Member(_) if demanded.same_browser => Self::OtherBrowser,
            Outcome::Member(_) => Self::ToBeConfirmed,
            Outcome::LinkedMember(_) => Self::LinkedMember,
            Outcome::Outsider(_) => Self::Outsider,
        }
    }

    /// What the operator can do about a refusal.
    pub fn hint(self) -> Option<&'static str> {
        (self == Self::NotBegunHere).then_some(
            "make /t/TENANT/ the app's home page in the vendor's console; or declare \
             \"sign_in\": {\"homepage\": true} for the tenant, and a link can sign somebody in as somebody else",
        )
    }

    /// Where the person goes on, seen from the callback: begins the sign-in anew, by the entry that is right where the person
    /// is.
    pub fn way_on(self) -> Option<&'static str> {
        (!matches!(self, Self::Admitted | Self::ToBeConfirmed)).then_some("login")
    }

    /// Whether it may be said at once whose code it was: not where it may be a stranger's.
    pub fn shows_who(self) -> bool {
        !matches!(self, Self::NotBegunHere | Self::OtherBrowser | Self::ToBeConfirmed)
    }

    /// What the person reads, in Chinese and English.
    pub fn words(self) -> [&'static str; 2] {
        match self {
            Self::Admitted => ["登录成功", "You are signed in"],
            Self::NotBegunHere => [
                "此次登录不是从这里发起的，为了您的账号安全，请从这里重新登录。",
                "This sign-in did not begin here. To keep your account safe, please sign in from here.",
            ],
            Self::ToBeConfirmed => ["继续登录？", "Continue?"],
            Self::OtherBrowser => [
                "此次登录是在另一个浏览器或设备中开始的，为了您的账号安全，请从这里重新登录。",
                "This sign-in began in another browser or device. To keep your account safe, please sign in from here.",
            ],
            Self::RoleMissing => [
                "您还没有此应用的角色，无法进入。请联系管理员为您分配角色后重新登录。",
                "You have no role in this app yet, so you cannot enter. Ask an administrator for a role, then sign in again.",
            ],
            Self::OutOfRange => [
                "您不在此应用的可见范围内，或暂时无法确认。请联系管理员，或稍后重试。",
                "This app is not visible to you, or that could not be found out just now. Ask its administrator, or try again later.",
            ],
            Self::LinkedMember => [
                "您是互联企业的成员，此应用仅供本企业成员使用。请以本企业的账号登录。",
                "You are a member of a linked organisation; this app is for members of its own organisation. Sign in with an account of that one.",
            ],
            Self::Outsider => [
                "您不是本企业的成员，或不在此应用的可见范围内。请联系管理员将您加入可见范围后重新登录。",
                "You are not a member of this organisation, or the app is not visible to you. Ask its administrator to add you, then sign in again.",
            ],
        }
    }
}

#[cfg(test)]
mod tests {
    use organisation_host::contract::login::{Identity, LinkedIdentity, OutsiderIdentity};

    use super::*;

    #[test]
    fn entry_is_as_the_table_says() {
        let member = |roles: &[&str]| {
            Outcome::Member(Identity {
                id: "lisi".to_owned(),
                name: None,
                departments: Vec::new(),
                roles: roles.iter().map(|&role| role.to_owned()).collect(),
                in_directory: true,
                in_visible_range: true,
                sensitive: None,
            })
        };
        let hidden = {
            let Outcome::Member(member) = member(&["clerk"]) else { unreachable!() };
            Outcome::Member(Identity { in_visible_range: false, ..member })
        };
        let linked = LinkedIdentity { organisation_id: "ww2".to_owned(), id: "wangwu".to_owned() };
        let outsider = OutsiderIdentity { open_id: None, external_id: None };
        let demanded = |role_required, homepage| SignIn { role_required, homepage, same_browser: false };
        let (lenient, strict) = (demanded(false, true), demanded(true, false));
        for (outcome, state_verified, demanded, expected) in [
            (member(&[]), true, demanded(false, false), EntryDecision::Admitted),
            (member(&[]), true, strict, EntryDecision::RoleMissing),
            (member(&["clerk"]), true, strict, EntryDecision::Admitted),
            (hidden, true, lenient, EntryDecision::OutOfRange),
            (Outcome::LinkedMember(linked.clone()), true, lenient, EntryDecision::LinkedMember),
            (Outcome::Outsider(outsider.clone()), true, lenient, EntryDecision::Outsider),
            (member(&["clerk"]), false, SignIn::default(), EntryDecision::NotBegunHere),
            (member(&[]), false, strict, EntryDecision::NotBegunHere),
            (Outcome::LinkedMember(linked), false, strict, EntryDecision::NotBegunHere),
            (member(&[]), false, lenient, EntryDecision::Admitted),
            (member(&[]), false, demanded(true, true), EntryDecision::RoleMissing),
            (Outcome::Outsider(outsider), false, lenient, EntryDecision::Outsider),
        ] {
            let exchange = Exchange { outcome, return_to: None, state_verified, warnings: Vec::new() };
            assert_eq!(EntryDecision::of(&exchange, demanded, true), expected, "{exchange:?} {demanded:?}");
            // Another browser makes a difference to who would be admitted, and to nobody else.
            for (same_browser, otherwise) in
                [(false, EntryDecision::ToBeConfirmed), (true, EntryDecision::OtherBrowser)]
            {
                let is_asked = expected == EntryDecision::Admitted && state_verified;
                let expected = if is_asked { otherwise } else { expected };
                let demanded = SignIn { same_browser, ..demanded };
                assert_eq!(EntryDecision::of(&exchange, demanded, false), expected, "{exchange:?} {demanded:?}");
            }
        }
    }
}
