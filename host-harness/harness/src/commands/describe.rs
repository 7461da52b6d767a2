//! `describe`: what the element says of itself. Needs no configuration.

use crate::{
    cli::Global,
    command_error::{CommandError, ExitStatus},
    output::Output,
    session::{self, Session},
    text,
    view::description::DescriptionView,
};

/// Describes the component that the options name.
///
/// # Errors
/// The component cannot be run.
pub async fn describe(options: &Global, locale: &str, output: &mut Output) -> Result<ExitStatus, CommandError> {
    let session = Session::without_element(options).await?;
    let description = session::value(session.element.describe(locale), output).await?;
    let view = DescriptionView::from(description);
    output.answer(&view, |paint| text::description::description(&view, paint))?;
    Ok(ExitStatus::Done)
}
