//! `roles`, `admins`, `retire`, `reinstate`, `erase`, `signature`, `audit`.

use organisation_host::contract::administration::{IdOutcome, MemberRoles, RoleRule, RulesState};
use serde::Serialize;
use serde_json::json;

use super::{consent, input};
use crate::{
    cli::{
        Global,
        administration::{AdminsCommand, Audit, Erase, MemberIds, RolesCommand, SignatureCommand},
    },
    command_error::{CommandError, ExitStatus},
    output::Output,
    pages::Cursors,
    session::{self, Session},
    text,
    view::{audit::decision, error::ErrorView, record::record},
};

/// The most entries of the trail that are read at once.
const PAGE: u32 = 1_000;

/// Shows or changes roles.
///
/// # Errors
/// The component refuses, or a file holds no rules.
pub async fn roles(options: &Global, asked: &RolesCommand, output: &mut Output) -> Result<ExitStatus, CommandError> {
    let element = Session::open(options).await?.element;
    let roles = match asked {
        RolesCommand::Show { id } => element.member_roles_of(id),
        RolesCommand::Set { id, roles, actor, .. } => element.set_member_roles(id, roles, &actor.actor),
        RolesCommand::Confirm { id, actor } => element.confirm_roles(id, &actor.actor),
        RolesCommand::Rules { file, actor } => {
            let given = file.as_ref().map(|file| input::record::<Vec<RoleRule>>(file)).transpose()?;
            let call = given
                .as_ref()
                .map_or_else(|| element.role_rules(), |rules| element.set_role_rules(rules, &actor.actor));
            let rules: RulesState = session::answer(call, output).await?;
            return print("角色规则 rules of roles", &record(&rules)?, output);
        }
    };
    let roles: MemberRoles = session::answer(roles, output).await?;
    print("角色 roles", &record(&roles)?, output)
}

/// Shows or replaces the administrators.
///
/// # Errors
/// The component refuses.
pub async fn admins(options: &Global, asked: &AdminsCommand, output: &mut Output) -> Result<ExitStatus, CommandError> {
    let element = Session::open(options).await?.element;
    if let AdminsCommand::Set { ids, actor, .. } = asked {
        session::answer(element.set_administrators(ids, &actor.actor), output).await?;
    }
    let administrators = session::answer(element.administrators(), output).await?;
    print("管理员 administrators", &json!({ "administrators": administrators }), output)
}

/// What became of several members.
#[derive(Debug, Serialize)]
struct OutcomesView {
    members: Vec<OutcomeView>,
}

#[derive(Debug, Serialize)]
struct OutcomeView {
    id: String,
    done: bool,
    problem: Option<ErrorView>,
}

/// Declares members as resigned.
///
/// # Errors
/// The component refuses all of them.
pub async fn retire(options: &Global, asked: &MemberIds, output: &mut Output) -> Result<ExitStatus, CommandError> {
    let element = Session::open(options).await?.element;
    let outcomes = session::answer(element.retire_members(&asked.ids, &asked.actor.actor), output).await?;
    print_outcomes("离职 resigned", outcomes, output)
}

/// Takes `retire` back.
///
/// # Errors
/// As [`retire`].
pub async fn reinstate(options: &Global, asked: &MemberIds, output: &mut Output) -> Result<ExitStatus, CommandError> {
    let element = Session::open(options).await?.element;
    let outcomes = session::answer(element.reinstate_members(&asked.ids, &asked.actor.actor), output).await?;
    print_outcomes("恢复 reinstated", outcomes, output)
}

fn print_outcomes(heading: &str, outcomes: Vec<IdOutcome>, output: &mut Output) -> Result<ExitStatus, CommandError> {
    let view =
        |IdOutcome { id, problem }| OutcomeView { id, done: problem.is_none(), problem: problem.map(Into::into) };
    let view = OutcomesView { members: outcomes.into_iter().map(view).collect() };
    let all_done = view.members.iter().all(|member| member.done);
    print(heading, &view, output)?;
    Ok(if all_done { ExitStatus::Done } else { ExitStatus::Negative })
}

/// Erases what is known of a member, when it is said or answered that this is meant.
///
/// # Errors
/// Nobody said so, or the component refuses.
pub async fn erase(options: &Global, asked: &Erase, output: &mut Output) -> Result<ExitStatus, CommandError> {
    if !asked.yes && !consent::is_given("将彻底删除该成员的数据，租户 erases a member of", &options.tenant)?
    {
        return Err(CommandError::usage(
            "nobody is erased: nobody said that this is meant",
            "say so with --yes, or type the tenant's name when asked on a terminal",
        ));
    }
    let element = Session::open(options).await?.element;
    session::answer(element.erase_member(&asked.id, &asked.actor.actor), output).await?;
    print("已彻底删除 erased", &json!({ "erased": asked.id }), output)
}

/// Shows, sets or removes a signature.
///
/// # Errors
/// The component refuses.
pub async fn signature(
    options: &Global,
    asked: &SignatureCommand,
    output: &mut Output,
) -> Result<ExitStatus, CommandError> {
    let element = Session::open(options).await?.element;
    let id = match asked {
        SignatureCommand::Show { id } => id,
        SignatureCommand::Set { id, address, actor } => {
            session::answer(element.set_signature(id, Some(address), &actor.actor), output).await?;
            id
        }
        SignatureCommand::Remove { id, actor } => {
            session::answer(element.set_signature(id, None, &actor.actor), output).await?;
            id
        }
    };
    let signature = session::answer(element.signature(id), output).await?;
    print("签名 signature", &json!({ "id": id, "signature": signature }), output)
}

/// Prints the whole trail of decisions, or what is after a cursor: an array.
///
/// # Errors
/// The store cannot be read.
pub async fn audit(options: &Global, asked: &Audit, output: &mut Output) -> Result<ExitStatus, CommandError> {
    let element = Session::open(options).await?.element;
    let mut after = asked.after.clone();
    let (mut array, mut found) = (output.array(), false);
    let mut cursors = Cursors::of("audit", after.as_deref());
    loop {
        let page = element.audit(after.as_deref(), PAGE).await?;
        for entry in page.entries {
            found = true;
            after = Some(entry.cursor.clone());
            let view = decision(entry);
            if output.is_json() {
                array.extend([&view])?;
            } else {
                output.text(&text::record::record("决定 decision", &view, output.paint()))?;
            }
        }
        match &after {
            Some(cursor) if page.more => cursors.follow(cursor, 1)?,
            _ => break,
        }
    }
    if output.is_json() {
        array.print()?;
    } else if !found {
        output.text("没有记录 nothing was decided")?;
    }
    Ok(ExitStatus::Done)
}

fn print(heading: &str, view: &impl Serialize, output: &mut Output) -> Result<ExitStatus, CommandError> {
    output.answer(view, |paint| text::record::record(heading, view, paint))?;
    Ok(ExitStatus::Done)
}
