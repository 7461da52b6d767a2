//! From a command to its answer.

mod abandon;
mod administration;
mod approval;
mod check;
mod conform;
mod consent;
mod describe;
pub mod directory;
mod feed;
mod history;
pub mod input;
mod inspect;
mod login;
mod message;
mod plan;
mod replay;
mod reset;
pub mod sync;
mod tenant;
mod tenants;
mod validate;
mod vendor;

use crate::{
    cli::{Cli, Command, TenantCommand},
    command_error::{CommandError, ExitStatus},
    output::Output,
    serve, simulated,
};

/// Runs the command and prints its answer.
///
/// # Errors
/// There is no answer to print.
pub async fn run(cli: &Cli, output: &mut Output) -> Result<ExitStatus, CommandError> {
    let options = &cli.global;
    let Some(command) = &cli.command else { return replay::replay(options, output).await };
    match command {
        Command::Inspect => inspect::inspect(options, output).await,
        Command::Describe { locale } => describe::describe(options, locale.tag(), output).await,
        Command::Validate { file } => validate::validate(options, file.as_deref(), output).await,
        Command::Check => check::check(options, output).await,
        Command::Conform(asked) => conform::conform(options, asked, output).await,
        Command::LoginUrl(asked) => login::login_url(options, asked, output).await,
        Command::HomepageUrl { target } => login::homepage_url(options, target, output).await,
        Command::Exchange { code, state, browser_binding } => {
            login::exchange(options, code, state, browser_binding.as_deref(), output).await
        }
        Command::Sync(asked) if asked.history => history::history(options, output).await,
        Command::Sync(asked) => sync::sync(options, asked, output).await,
        Command::Plan { limit } => plan::plan(options, *limit, output).await,
        Command::Abandon { run } => abandon::abandon(options, run, output).await,
        Command::Repair { run } => abandon::repair(options, run, output).await,
        Command::Reset { yes } => reset::reset(options, *yes, output).await,
        Command::Changes { after, limit } => feed::changes(options, after.as_deref(), *limit, output).await,
        Command::Acknowledge { cursor } => feed::acknowledge(options, cursor, output).await,
        Command::Departments(asked) => directory::departments(options, asked, output).await,
        Command::Department { id, refresh } => directory::department(options, id, *refresh, output).await,
        Command::Members(asked) => directory::members(options, asked, output).await,
        Command::Member { id, refresh } => directory::member(options, id, *refresh, output).await,
        Command::Overview => directory::overview(options, output).await,
        Command::Roles(asked) => administration::roles(options, asked, output).await,
        Command::Admins(asked) => administration::admins(options, asked, output).await,
        Command::Retire(asked) => administration::retire(options, asked, output).await,
        Command::Reinstate(asked) => administration::reinstate(options, asked, output).await,
        Command::Erase(asked) => administration::erase(options, asked, output).await,
        Command::Signature(asked) => administration::signature(options, asked, output).await,
        Command::Audit(asked) => administration::audit(options, asked, output).await,
        Command::Message(asked) => message::message(options, asked, output).await,
        Command::Approval(asked) => approval::approval(options, asked, output).await,
        Command::Call(asked) => vendor::call(options, asked, output).await,
        Command::Callback(asked) => vendor::callback(options, asked, output).await,
        Command::JsSdkSignature(asked) => vendor::js_sdk_signature(options, asked, output).await,
        Command::Serve(asked) => serve::serve(options, asked, output).await,
        Command::Tenants(asked) => tenants::tenants(options, asked, output).await,
        Command::Tenant(TenantCommand::Export { file, transfer_key }) => {
            tenant::export(options, file, transfer_key.as_deref(), output).await
        }
        Command::Tenant(TenantCommand::Import { file, replace, tenants, transfer_key }) => {
            tenant::import(options, file, *replace, tenants.as_deref(), transfer_key.as_deref(), output).await
        }
        Command::Tenant(TenantCommand::Delete { yes }) => tenant::delete(options, *yes, output).await,
        Command::Simulate(asked) => simulated::simulate(asked, output).await,
        Command::Demo { keep, pages } if pages.serve => {
            simulated::platform(options, pages, keep.as_deref(), output).await
        }
        Command::Demo { keep, .. } => simulated::demo(options, keep.as_deref(), output).await,
    }
}
