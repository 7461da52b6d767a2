//! `departments`, `members` and what is about one of them, `overview`: the local copy.

use host_harness::{
    Element,
    contract::directory::{Department, MemberFilter, MemberStatus},
};

use crate::{
    cli::{self, Global, LARGEST_PAGE},
    command_error::{CommandError, ExitStatus},
    output::Output,
    session::{self, Session},
    text::{self, Table},
    view::{department::DepartmentView, member::MemberView, overview::OverviewView},
};

/// Prints all departments: an array, or a tree.
///
/// # Errors
/// The copy cannot be read.
pub async fn departments(options: &Global, output: &mut Output) -> Result<ExitStatus, CommandError> {
    let session = Session::open(options).await?;
    let departments = all_departments(&session.element, output).await?;
    let views: Vec<DepartmentView> = departments.into_iter().map(DepartmentView::from).collect();
    if output.is_json() {
        let mut array = output.array();
        array.extend(&views)?;
        array.print()?;
    } else if views.is_empty() {
        output.text("没有部门，请先同步 no departments; run sync first")?;
    } else {
        output.text(&text::department::tree(&views, output.paint()))?;
    }
    Ok(ExitStatus::Done)
}

/// All departments, page after page. There are fewer of them by far than members.
///
/// # Errors
/// The copy cannot be read.
pub async fn all_departments(element: &Element, output: &mut Output) -> Result<Vec<Department>, CommandError> {
    let mut departments = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let page = session::answer(element.departments(cursor.as_deref(), LARGEST_PAGE).await, output)?;
        departments.extend(page.departments);
        match page.cursor {
            Some(next) => cursor = Some(next),
            None => return Ok(departments),
        }
    }
}

/// Prints one department.
///
/// # Errors
/// There is none of this id, or the vendor refuses.
pub async fn department(
    options: &Global,
    id: &str,
    refresh: bool,
    output: &mut Output,
) -> Result<ExitStatus, CommandError> {
    let element = Session::open(options).await?.element;
    let called = if refresh { element.sync_department(id).await } else { element.find_department(id).await };
    let view = DepartmentView::from(session::answer(called, output)?);
    output.answer(&view, |paint| text::department::department(&view, paint))?;
    Ok(ExitStatus::Done)
}

/// Prints all members that the filter admits: an array, or a table that grows page by page.
///
/// # Errors
/// The copy cannot be read.
pub async fn members(
    options: &Global,
    department: Option<&str>,
    status: Option<cli::StatusFilter>,
    output: &mut Output,
) -> Result<ExitStatus, CommandError> {
    let session = Session::open(options).await?;
    let filter = MemberFilter { department: department.map(str::to_owned), status: status.map(MemberStatus::from) };
    let mut array = output.array();
    let mut table = Table::new(&text::member::HEADER, output.paint());
    let mut found = false;
    let mut cursor: Option<String> = None;
    loop {
        let called = session.element.members(&filter, cursor.as_deref(), LARGEST_PAGE).await;
        let page = session::answer(called, output)?;
        let views: Vec<MemberView> = page.members.into_iter().map(MemberView::from).collect();
        found |= !views.is_empty();
        if output.is_json() {
            array.extend(&views)?;
        } else if !views.is_empty() {
            let rows: Vec<_> = views.iter().map(text::member::row).collect();
            output.text(&table.page(&rows))?;
        }
        match page.cursor {
            Some(next) => cursor = Some(next),
            None => break,
        }
    }
    if output.is_json() {
        array.print()?;
    } else if !found {
        output.text("没有符合条件的成员 no such members")?;
    }
    Ok(ExitStatus::Done)
}

impl From<cli::StatusFilter> for MemberStatus {
    fn from(status: cli::StatusFilter) -> Self {
        match status {
            cli::StatusFilter::Active => Self::Active,
            cli::StatusFilter::Disabled => Self::Disabled,
            cli::StatusFilter::NotActivated => Self::NotActivated,
            cli::StatusFilter::LeftRange => Self::LeftRange,
            cli::StatusFilter::Resigned => Self::Resigned,
        }
    }
}

/// Prints one member.
///
/// # Errors
/// There is none of this id, or the vendor refuses.
pub async fn member(
    options: &Global,
    id: &str,
    refresh: bool,
    output: &mut Output,
) -> Result<ExitStatus, CommandError> {
    let element = Session::open(options).await?.element;
    let called = if refresh { element.sync_member(id).await } else { element.find_member(id).await };
    let view = MemberView::from(session::answer(called, output)?);
    output.answer(&view, |paint| text::member::member(&view, paint))?;
    Ok(ExitStatus::Done)
}

/// Prints counts and runs.
///
/// # Errors
/// The copy cannot be read.
pub async fn overview(options: &Global, output: &mut Output) -> Result<ExitStatus, CommandError> {
    let session = Session::open(options).await?;
    let view = OverviewView::from(session::answer(session.element.overview().await, output)?);
    output.answer(&view, |paint| text::overview::overview(&view, paint))?;
    Ok(ExitStatus::Done)
}
