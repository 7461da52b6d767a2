//! `sync --history`: the last runs.

use crate::{
    cli::Global,
    command_error::{CommandError, ExitStatus},
    output::Output,
    session::{self, Session},
    text,
    view::run::{HistoryView, ReportView},
};

/// Prints the reports of the last runs, newest first.
///
/// # Errors
/// They cannot be read.
pub async fn history(options: &Global, output: &mut Output) -> Result<ExitStatus, CommandError> {
    let session = Session::open(options).await?;
    let reports = session::answer(session.element.history(), output).await?;
    let view = HistoryView { runs: reports.into_iter().map(ReportView::from).collect() };
    output.answer(&view, |paint| text::run::history(&view, paint))?;
    Ok(ExitStatus::Done)
}
