//! `check`: does the vendor accept the configuration?

use crate::{
    cli::Global,
    failure::{Failure, Status},
    output::Output,
    session::{self, Session},
    text,
    view::aspect::CheckView,
};

/// Asks the vendor about every aspect.
///
/// # Errors
/// Nothing could be asked.
pub async fn check(options: &Global, output: &mut Output) -> Result<Status, Failure> {
    let session = Session::open(options).await?;
    let verdicts = session::answer(session.element.check_connection().await, output)?;
    let view = CheckView::from(verdicts);
    output.answer(&view, |paint| text::check::check(&view, paint))?;
    Ok(if view.ok { Status::Done } else { Status::Negative })
}
