//! `plan`: what the current run would change, read page by page.

use organisation_host::{Element, contract::directory::PlanPage};

use crate::{
    cli::{Global, LARGEST_PAGE},
    command_error::{CommandError, ExitStatus},
    output::{Kept, Output},
    pages::Cursors,
    session::{self, Session},
    text,
    view::plan::{PlanView, PlannedChangeView},
};

/// Prints the current plan.
///
/// # Errors
/// There is none, or another run took its place while it was read.
pub async fn plan(options: &Global, limit: Option<u64>, output: &mut Output) -> Result<ExitStatus, CommandError> {
    let element = Session::open(options).await?.element;
    let mut reader = Reader::new(&element, limit);
    if output.is_json() {
        let (run, changes) = reader.keep(output).await?;
        let view = PlanView { run, changes };
        output.answer(&view, |_| String::new())?;
        return Ok(ExitStatus::Done);
    }
    let mut found = false;
    while let Some(page) = reader.next(output).await? {
        let lines: String = page.changes.into_iter().map(|change| text::plan::change(&change.into())).collect();
        if !lines.is_empty() {
            found = true;
            output.text(&lines)?;
        }
    }
    if !found {
        output.text("没有变更 no changes")?;
    }
    Ok(ExitStatus::Done)
}

/// Reads the plan page by page, so that one of any size takes no more memory than a page.
pub struct Reader<'a> {
    element: &'a Element,
    cursor: Option<String>,
    cursors: Cursors,
    /// Changes that are still wanted.
    left: u64,
    is_done: bool,
}

impl<'a> Reader<'a> {
    /// A reader of the current plan, from its beginning, of at most so many changes.
    pub fn new(element: &'a Element, limit: Option<u64>) -> Self {
        Self {
            element,
            cursor: None,
            cursors: Cursors::of("directory.plan", None),
            left: limit.unwrap_or(u64::MAX),
            is_done: false,
        }
    }

    /// The next page, nothing at the end.
    ///
    /// # Errors
    /// There is no plan, it is no longer the same, or its pages do not end.
    pub async fn next(&mut self, output: &mut Output) -> Result<Option<PlanPage>, CommandError> {
        if self.is_done {
            return Ok(None);
        }
        let limit = u32::try_from(self.left).map_or(LARGEST_PAGE, |left| left.min(LARGEST_PAGE));
        let page = session::answer(self.element.plan(self.cursor.as_deref(), limit), output).await?;
        self.left = self.left.saturating_sub(page.changes.len() as u64);
        if let Some(cursor) = &page.cursor {
            self.cursors.follow(cursor, page.changes.len())?;
        }
        self.cursor.clone_from(&page.cursor);
        self.is_done = page.cursor.is_none() || self.left == 0;
        Ok(Some(page))
    }

    /// Reads what is left: the run, and its changes.
    ///
    /// # Errors
    /// As [`Reader::next`], or the changes cannot be kept on disk.
    pub async fn keep(&mut self, output: &mut Output) -> Result<(String, Kept<PlannedChangeView>), CommandError> {
        let (mut run, mut kept) = (String::new(), Kept::default());
        while let Some(page) = self.next(output).await? {
            run = page.run;
            kept.extend(page.changes.into_iter().map(PlannedChangeView::from))?;
        }
        Ok((run, kept))
    }
}
