//! `changes` and `acknowledge`: the feed.

use crate::{
    cli::{Global, LARGEST_PAGE},
    command_error::{CommandError, ExitStatus},
    output::Output,
    pages::Cursors,
    session::{self, Session},
    text,
    view::change::{AcknowledgedView, ChangesView},
};

/// Reads a page of the feed.
///
/// # Errors
/// The cursor is unknown or what follows it is gone.
pub async fn changes(
    options: &Global,
    after: Option<&str>,
    limit: u64,
    output: &mut Output,
) -> Result<ExitStatus, CommandError> {
    let session = Session::open(options).await?;
    let limit = u32::try_from(limit).map_or(LARGEST_PAGE, |limit| limit.min(LARGEST_PAGE));
    let page = session::answer(session.element.changes(after, limit), output).await?;
    if page.more {
        // Whoever reads on from here, in a script as a rule, must come to an end.
        Cursors::of("directory.changes", after).follow(&page.cursor, page.changes.len())?;
    }
    let view = ChangesView::from(page);
    output.answer(&view, |paint| text::change::changes(&view, paint))?;
    Ok(ExitStatus::Done)
}

/// Gives up the changes up to a cursor.
///
/// # Errors
/// The cursor is unknown.
pub async fn acknowledge(options: &Global, cursor: &str, output: &mut Output) -> Result<ExitStatus, CommandError> {
    let session = Session::open(options).await?;
    session::answer(session.element.acknowledge(cursor), output).await?;
    let view = AcknowledgedView { acknowledged: cursor.to_owned() };
    output.answer(&view, |_| format!("已确认 acknowledged up to {}", text::clean(cursor)))?;
    Ok(ExitStatus::Done)
}
