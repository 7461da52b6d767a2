//! From whom the vendor names to an identity of the contract.
//!
//! By now the code is spent, so whatever cannot be read about a known member on the way becomes a warning: the
//! sign-in holds. Only the local copy has to answer, because roles come from it.

use crate::{
    config::Common,
    contract::{
        log::Level,
        login::{Entry, Identity, LinkedIdentity, Outcome},
        types::{Problem, Reason, Severity},
    },
    directory::{
        lookup::{self, KnownMember},
        member::is_id,
    },
    failure::Failure,
    locale::Text,
    platform::Platform,
    vendor::{Client, Identified, MemberAnswer},
};

/// How old the copy may be before the vendor is asked whether a member is still to be seen.
const FRESH_MS: u64 = 24 * HOUR_MS;
const HOUR_MS: u64 = 3_600_000;

/// Finds out who came, and what could not be read about them. `entry` is unknown for a home page URL.
///
/// # Errors
/// `unexpected-answer` when the vendor names nobody; what storage fails with.
pub(super) fn resolve<C: Client>(
    platform: &dyn Platform,
    common: &Common,
    client: &C,
    entry: Option<&Entry>,
    identified: Identified,
) -> Result<(Outcome, Vec<Problem>), Failure> {
    // Half an id, or text of any length that becomes part of a key, must not pass for anybody.
    let is_sound = match &identified {
        Identified::Member { id, .. } => is_id(id),
        Identified::Linked(LinkedIdentity { organisation_id, id }) => is_id(organisation_id) && is_id(id),
        Identified::Outsider(_) => true,
    };
    if !is_sound {
        let message = ("返回的身份中没有有效的 ID", "the identity that came for a code holds no sound id");
        return Err(Failure::new(Reason::UnexpectedAnswer, message));
    }
    let (id, proof) = match identified {
        Identified::Member { id, proof } => (id, proof),
        Identified::Linked(linked) => return Ok((Outcome::LinkedMember(linked), Vec::new())),
        Identified::Outsider(outsider) => return Ok((Outcome::Outsider(outsider), Vec::new())),
    };
    let mut resolver = Resolver { platform, common, client, warnings: Vec::new() };
    let identity = resolver.member(&id, entry, proof.as_deref())?;
    Ok((Outcome::Member(identity), resolver.warnings))
}

struct Resolver<'a, C> {
    platform: &'a dyn Platform,
    common: &'a Common,
    client: &'a C,
    warnings: Vec<Problem>,
}

impl<C: Client> Resolver<'_, C> {
    fn member(&mut self, id: &str, entry: Option<&Entry>, proof: Option<&str>) -> Result<Identity, Failure> {
        let mut identity = match lookup::find(self.platform, self.common, id)? {
            Some(found) if found.retired => return Ok(self.retired(found)),
            Some(found) if found.present => self.known(found, proof.is_some()),
            // Who has left the range holds no role until a sync has seen them return.
            _ => self.unknown(id, proof.is_some()),
        };
        match proof {
            Some(proof) => match self.client.consented(&identity.id, proof) {
                Ok(fields) => identity.sensitive = Some(fields),
                Err(failure) => {
                    let message = ("未能读取已授权的敏感信息", "the sensitive fields could not be read");
                    let hint = self.logged(failure);
                    self.warn("sensitive", "sensitive-fields-not-read", message, hint);
                }
            },
            None if entry == Some(&Entry::WorkspaceConsent) => self.warn(
                "sensitive",
                "sensitive-fields-not-granted",
                ("授权页面未授予敏感信息", "the consent page granted no sensitive fields"),
                text! { "请确认该成员在应用可见范围内，且应用 ID 正确",
                "check that the member is in the visible range and that the id of the app is right" },
            ),
            None => {}
        }
        Ok(identity)
    }

    /// A member whom the local copy holds as present. When the copy is old the vendor is asked whether they still are;
    /// a proof says that of itself.
    fn known(&mut self, found: KnownMember, has_proof: bool) -> Identity {
        let mut identity = Identity {
            id: found.id,
            name: Some(found.name).filter(|name| !name.is_empty()),
            departments: found.departments,
            roles: found.roles,
            in_directory: true,
            in_visible_range: true,
            sensitive: None,
        };
        if has_proof || found.age_ms.is_some_and(|age_ms| age_ms <= FRESH_MS) {
            return identity;
        }
        match self.client.member(&identity.id) {
            Ok(MemberAnswer::Shown(_) | MemberAnswer::Unreadable) => {}
            // The next sync will find the same, and take the roles.
            Ok(MemberAnswer::Hidden(_)) => {
                identity.in_visible_range = false;
                identity.roles.clear();
            }
            Err(failure) => {
                self.logged(failure);
                let Text { zh, en } = age(found.age_ms);
                let message = text! { "{zh}，目前无法核实该成员是否仍在可见范围内",
                "{en}, and whether the member is still in the visible range cannot be asked for now" };
                let hint = ("请管理员检查通讯录同步", "the administrator should look after the sync of the directory");
                self.warn("member", "stale-copy", message, hint.into());
            }
        }
        identity
    }

    /// A member whom an administrator has declared as resigned: nobody is asked, and no host that looks at the range or at
    /// roles lets them in.
    fn retired(&mut self, found: KnownMember) -> Identity {
        self.warn(
            "member",
            "member-retired",
            ("管理员已将该成员标记为离职", "an administrator has declared that this member resigned"),
            text! { "如需恢复，请管理员撤销该成员的离职标记",
            "if this is wrong, an administrator should reinstate the member" },
        );
        Identity {
            id: found.id,
            name: Some(found.name).filter(|name| !name.is_empty()),
            departments: Vec::new(),
            roles: Vec::new(),
            in_directory: false,
            in_visible_range: false,
            sensitive: None,
        }
    }

    /// A member whom the local copy does not hold as present. A proof shows the range even where the member cannot be
    /// read.
    fn unknown(&mut self, id: &str, has_proof: bool) -> Identity {
        let mut identity = Identity {
            id: id.to_owned(),
            name: None,
            departments: Vec::new(),
            roles: Vec::new(),
            in_directory: false,
            in_visible_range: has_proof,
            sensitive: None,
        };
        let not_read = ("未能读取该成员的信息", "the member could not be read");
        match self.client.member(id) {
            Ok(MemberAnswer::Shown(fetched)) => {
                let member = fetched.member;
                identity.id = member.id;
                identity.name = Some(member.name).filter(|name| !name.is_empty());
                identity.departments = member.departments.into_iter().map(|place| place.id).collect();
                identity.in_visible_range = true;
            }
            Ok(MemberAnswer::Hidden(_)) => {}
            Ok(MemberAnswer::Unreadable) => {
                identity.in_visible_range = true;
                self.warn("member", "member-not-read", not_read, ask_the_operator());
            }
            Err(failure) => {
                let hint = self.logged(failure);
                self.warn("member", "member-not-read", not_read, hint);
            }
        }
        identity
    }

    /// Leaves to the log what only engineers can read of a failure. What is left is its next step.
    fn logged(&self, failure: Failure) -> Text {
        let fields = [("error", failure.message.en.as_str())];
        self.platform.log(Level::Warn, "something about the member could not be read", &fields);
        failure.into_details().hint.unwrap_or_else(ask_the_operator)
    }

    fn warn(&mut self, path: &str, code: &str, message: impl Into<Text>, hint: Text) {
        self.warnings.push(Problem {
            path: path.to_owned(),
            code: code.to_owned(),
            severity: Severity::Warning,
            message: message.into().line(self.common.locale),
            hint: Some(hint.show(self.common.locale)),
        });
    }
}

fn ask_the_operator() -> Text {
    Text::new("请平台运维查看日志", "the operator of the platform finds the cause in the log")
}

fn age(age_ms: Option<u64>) -> Text {
    match age_ms.map(|age_ms| age_ms / HOUR_MS) {
        None => Text::new("通讯录上次完整同步的时间未知", "the time of the last complete sync is not known"),
        Some(hours @ ..72) => {
            text!("通讯录上次完整同步在 {hours} 小时前", "the last complete sync was {hours} hours ago")
        }
        Some(hours) => {
            let days = hours / 24;
            text!("通讯录上次完整同步在 {days} 天前", "the last complete sync was {days} days ago")
        }
    }
}
