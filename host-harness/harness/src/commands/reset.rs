//! `reset`: the copy is forgotten.

use super::consent;
use crate::{
    cli::Global,
    command_error::{CommandError, ExitStatus},
    output::Output,
    session::{self, Session},
    view::run::ResetView,
};

/// Forgets the copy, when it is said or answered that this is meant.
///
/// # Errors
/// Nobody said so, or the call fails.
pub async fn reset(options: &Global, yes: bool, output: &mut Output) -> Result<ExitStatus, CommandError> {
    if !yes && !consent::is_given("将清空本地通讯录 forgets the directory of", &options.tenant)? {
        return Err(CommandError::usage(
            "the directory is not reset: nobody said that this is meant",
            "say so with --yes, or type the tenant's name when asked on a terminal",
        ));
    }
    let session = Session::open(options).await?;
    session::answer(session.element.reset(), output).await?;
    output
        .answer(&ResetView { reset: true }, |_| "已清空，请重新同步 the directory is empty; sync again".to_owned())?;
    Ok(ExitStatus::Done)
}
