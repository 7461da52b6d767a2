//! `check`: does the vendor accept the configuration?

use crate::{
    cli::Global,
    command_error::{CommandError, ExitStatus},
    output::Output,
    session::{self, Session},
    text,
    view::aspect::CheckView,
};

/// Asks the vendor about every aspect.
///
/// # Errors
/// Nothing could be asked.
pub async fn check(options: &Global, output: &mut Output) -> Result<ExitStatus, CommandError> {
    let session = Session::open(options).await?;
    let verdicts = session::answer(session.element.check_connection(), output).await?;
    let view = CheckView::from(verdicts);
    output.answer(&view, |paint| text::check::check(&view, paint))?;
    Ok(if view.ok { ExitStatus::Done } else { ExitStatus::Negative })
}
