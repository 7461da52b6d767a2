//! The actions of the console: one row each, by name, with its fields. A person sends them from a form, a program as JSON.
//! This file has those about the organisation.

use serde_json::{Value, json};

use super::fields::{ActionError, Fields};
use super::{bench, desk, people, receivers};
use crate::control::Control;
use crate::corp::{CorpError, Department, Gender, Grant, Member, ROOT, Resignation, Status, TrustedAddresses};

pub(super) type Act = fn(&Control, &Fields) -> Result<Value, ActionError>;

/// One action.
pub(crate) struct Action {
    /// Last part of the path below `/sim/`.
    pub(crate) name: &'static str,
    /// Its fields; those in brackets may be left out.
    pub(crate) fields: &'static str,
    pub(crate) act: Act,
}

pub(super) const fn action(name: &'static str, fields: &'static str, act: Act) -> Action {
    Action { name, fields, act }
}

/// Every action, by what it is about.
pub(crate) fn all() -> impl Iterator<Item = &'static Action> {
    [ORGANISATION, people::ACTIONS, receivers::ACTIONS, desk::ACTIONS, bench::ACTIONS].into_iter().flatten()
}

static ORGANISATION: &[Action] = &[
    action("add-member", "id name department", |control, fields| {
        let member = Member::new(fields.text("id")?, fields.text("name")?, fields.number("department")?);
        done(control.change(|corp| corp.add_member(member)))
    }),
    action(
        "change-member",
        "id [name] [position] [mobile] [email] [telephone] [alias] [gender] [status]",
        change_member,
    ),
    action("move-member", "id department", |control, fields| {
        let (id, department) = (fields.text("id")?, fields.number("department")?);
        done(control.change(|corp| corp.move_member(id, department)))
    }),
    action("rename-member", "id new_id", |control, fields| {
        let (id, new_id) = (fields.text("id")?, fields.text("new_id")?);
        done(control.change(|corp| corp.rename_member(id, new_id)))
    }),
    action("resign-member", "id [listed]", |control, fields| {
        let how = if fields.flag("listed")? { Resignation::Listed } else { Resignation::Vanished };
        let id = fields.text("id")?;
        done(control.change(|corp| corp.resign_member(id, how)))
    }),
    action("add-department", "id name [parent]", |control, fields| {
        let parent = if fields.given("parent").is_none_or(str::is_empty) { ROOT } else { fields.number("parent")? };
        let department = Department::new(fields.number("id")?, fields.text("name")?, parent);
        done(control.change(|corp| corp.add_department(department)))
    }),
    action("rename-department", "id name", |control, fields| {
        let (id, name) = (fields.number("id")?, fields.text("name")?);
        done(control.change(|corp| corp.rename_department(id, name)))
    }),
    action("move-department", "id parent", |control, fields| {
        let (id, parent) = (fields.number("id")?, fields.number("parent")?);
        done(control.change(|corp| corp.move_department(id, parent)))
    }),
    action("remove-department", "id", |control, fields| {
        let id = fields.number("id")?;
        done(control.change(|corp| corp.remove_department(id).map(drop)))
    }),
    action("grant", "app, and one of member department tag", |control, fields| {
        let (app, grant) = (fields.number("app")?, read_grant(fields)?);
        done(control.change(|corp| corp.grant(app, grant)))
    }),
    action("ungrant", "app, and one of member department tag", |control, fields| {
        let (app, grant) = (fields.number("app")?, read_grant(fields)?);
        let listed = control.change(|corp| corp.ungrant(app, &grant))?;
        Ok(json!({"ok": true, "was_listed": listed}))
    }),
    action(
        "trust-addresses",
        "app addresses (\"any\", or single addresses; empty admits nobody)",
        |control, fields| {
            let (app, addresses) = (fields.number("app")?, fields.words("addresses"));
            done(control.change(|corp| match addresses.as_slice() {
                ["any"] => corp.update_app(app, |app| app.trusted_addresses = TrustedAddresses::Any),
                addresses => corp.trust_only(app, addresses),
            }))
        },
    ),
    action(
        "change-app",
        "app [home_url] [trusted_domains] [login_callback_domain] [enabled] [old] [approvals] [mini_program] [reports_entering]",
        change_app,
    ),
    action(
        "set-range",
        "app [shown_departments] [departments] [shown_tags] [tags] [shown_members] [members] (of what is shown, what is named is \
         granted and the rest is not)",
        set_range,
    ),
    action("reset-secret", "app (the answer holds the new secret)", |control, fields| {
        let secret = control.reset_secret(fields.number("app")?)?;
        Ok(json!({"ok": true, "secret": secret.reveal()}))
    }),
    action("see-address", "[address] (what the platform believes the caller's address to be)", |control, fields| {
        let address = fields.given("address").filter(|address| !address.is_empty()).map(str::to_owned);
        control.configure(|behaviour| behaviour.switches.seen_address = address);
        ok()
    }),
];

/// Runs an action by name.
pub(crate) fn run(control: &Control, name: &str, fields: &Fields) -> Result<Value, ActionError> {
    let action = all().find(|action| action.name == name);
    (action.ok_or_else(|| ActionError::Unknown(name.to_owned()))?.act)(control, fields)
}

/// An action that cannot be refused.
pub(super) fn ok() -> Result<Value, ActionError> {
    Ok(json!({"ok": true}))
}

pub(super) fn done<E>(result: Result<(), E>) -> Result<Value, ActionError>
where
    ActionError: From<E>,
{
    result?;
    Ok(json!({"ok": true}))
}

fn read_grant(fields: &Fields) -> Result<Grant, ActionError> {
    let given = |name| fields.given(name).is_some_and(|text| !text.is_empty());
    if given("member") {
        Ok(Grant::Member(fields.text("member")?.to_owned()))
    } else if given("tag") {
        Ok(Grant::Tag(fields.number("tag")?))
    } else {
        Ok(Grant::Department(fields.number("department")?))
    }
}

/// Grants and takes back what a form showed; either all of it or nothing.
fn set_range(control: &Control, fields: &Fields) -> Result<Value, ActionError> {
    let app = fields.number("app")?;
    let chosen = (fields.numbers("departments")?, fields.numbers("tags")?, fields.words("members"));
    let mut grants: Vec<(Grant, bool)> = Vec::new();
    grants.extend(
        fields.numbers("shown_departments")?.into_iter().map(|id| (Grant::Department(id), chosen.0.contains(&id))),
    );
    grants.extend(fields.numbers("shown_tags")?.into_iter().map(|id| (Grant::Tag(id), chosen.1.contains(&id))));
    let members = fields.words("shown_members").into_iter();
    grants.extend(members.map(|id| (Grant::Member(id.to_owned()), chosen.2.contains(&id))));
    done(control.change(|corp| {
        let mut changed = corp.clone();
        for (grant, is_granted) in grants {
            if is_granted {
                changed.grant(app, grant)?;
            } else {
                changed.ungrant(app, &grant)?;
            }
        }
        *corp = changed;
        Ok::<_, CorpError>(())
    }))
}

fn change_member(control: &Control, fields: &Fields) -> Result<Value, ActionError> {
    let id = fields.text("id")?;
    let status = match fields.given("status") {
        None | Some("") => None,
        Some("1" | "active") => Some(Status::Active),
        Some("2" | "disabled") => Some(Status::Disabled),
        Some("4" | "not-activated") => Some(Status::NotActivated),
        Some("5" | "resigned") => Some(Status::Resigned),
        Some(_) => return Err(fields.invalid("status", "1, 2, 4 or 5")),
    };
    let gender = match fields.given("gender") {
        None | Some("") => None,
        Some("0") => Some(Gender::Unknown),
        Some("1") => Some(Gender::Male),
        Some("2") => Some(Gender::Female),
        Some(_) => return Err(fields.invalid("gender", "0, 1 or 2")),
    };
    done(control.change(|corp| {
        corp.update_member(id, |member| {
            let texts = [
                ("position", &mut member.position),
                ("mobile", &mut member.mobile),
                ("email", &mut member.email),
                ("telephone", &mut member.telephone),
                ("alias", &mut member.alias),
            ];
            for (name, text) in texts {
                if let Some(given) = fields.given(name) {
                    given.clone_into(text);
                }
            }
            if let Some(name) = fields.given("name").filter(|name| !name.is_empty()) {
                name.clone_into(&mut member.name);
            }
            member.status = status.unwrap_or(member.status);
            member.gender = gender.unwrap_or(member.gender);
        })
    }))
}

fn change_app(control: &Control, fields: &Fields) -> Result<Value, ActionError> {
    let id = fields.number("app")?;
    let (enabled, old) = (fields.given_flag("enabled")?, fields.given_flag("old")?);
    let (approvals, entering) = (fields.given_flag("approvals")?, fields.given_flag("reports_entering")?);
    done(control.change(|corp| {
        corp.update_app(id, |app| {
            if let Some(url) = fields.given("home_url") {
                url.clone_into(&mut app.home_url);
            }
            if fields.given("trusted_domains").is_some() {
                app.trusted_domains = fields.words("trusted_domains").into_iter().map(str::to_owned).collect();
            }
            if let Some(domain) = fields.given("login_callback_domain") {
                app.login_callback_domain = (!domain.is_empty()).then(|| domain.to_owned());
            }
            if let Some(appid) = fields.given("mini_program") {
                app.mini_program = (!appid.is_empty()).then(|| appid.to_owned());
            }
            app.enabled = enabled.unwrap_or(app.enabled);
            app.created_before_2022 = old.unwrap_or(app.created_before_2022);
            app.approvals = approvals.unwrap_or(app.approvals);
            app.reports_entering = entering.unwrap_or(app.reports_entering);
        })
    }))
}
