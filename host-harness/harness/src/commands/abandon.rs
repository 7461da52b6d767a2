//! `abandon` and `repair`: the end of a run before its end.

use crate::{
    cli::Global,
    command_error::{CommandError, ExitStatus},
    output::Output,
    session::{self, Session},
    text,
    view::run::{AbandonedView, RepairedView},
};

/// Gives up a run.
///
/// # Errors
/// It is not the current one, or has begun to write.
pub async fn abandon(options: &Global, run: &str, output: &mut Output) -> Result<ExitStatus, CommandError> {
    let session = Session::open(options).await?;
    session::answer(session.element.abandon(run), output).await?;
    let view = AbandonedView { abandoned: run.to_owned() };
    output.answer(&view, |_| format!("已放弃 abandoned {}", text::clean(run)))?;
    Ok(ExitStatus::Done)
}

/// Ends a run that cannot be carried through.
///
/// # Errors
/// It is not the current one, or has written nothing.
pub async fn repair(options: &Global, run: &str, output: &mut Output) -> Result<ExitStatus, CommandError> {
    let session = Session::open(options).await?;
    let report = session::answer(session.element.repair(run), output).await?;
    let view = RepairedView { repaired: report.into() };
    output.answer(&view, |paint| text::run::repaired(&view, paint))?;
    Ok(ExitStatus::Done)
}
