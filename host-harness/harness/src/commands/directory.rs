//! `departments`, `members` and what is about one of them, `overview`: the local copy.

use organisation_host::{
    Element,
    contract::directory::{Department, DepartmentFilter, Member, MemberFilter, MemberStatus, TreeLevel},
};

use crate::{
    cli::{
        Global, LARGEST_PAGE,
        directory::{self, StatusFilter},
    },
    command_error::{CommandError, ExitStatus},
    output::Output,
    pages::Cursors,
    session::{self, Session},
    text::{self, Table},
    view::{department::DepartmentView, member::MemberView, overview::OverviewView},
};

/// All members of the copy.
pub const EVERYBODY: MemberFilter =
    MemberFilter { department: None, below: false, status: None, search: None, role: None };
/// All departments of the copy.
pub const EVERYWHERE: DepartmentFilter = DepartmentFilter { level: None, search: None };

/// Prints the departments that the filter admits: an array, or a tree.
///
/// # Errors
/// The copy cannot be read.
pub async fn departments(
    options: &Global,
    asked: &directory::Departments,
    output: &mut Output,
) -> Result<ExitStatus, CommandError> {
    let session = Session::open(options).await?;
    let filter = DepartmentFilter::from(asked);
    let departments = all_departments(&session.element, &filter, output).await?;
    let views: Vec<DepartmentView> = departments.into_iter().map(DepartmentView::from).collect();
    if output.is_json() {
        let mut array = output.array();
        array.extend(&views)?;
        array.print()?;
    } else if !views.is_empty() {
        output.text(&text::department::tree(&views, output.paint()))?;
    } else if filter.level.is_some() || filter.search.is_some() {
        output.text("没有符合条件的部门 no such departments")?;
    } else {
        output.text("没有部门，请先同步 no departments; run sync first")?;
    }
    Ok(ExitStatus::Done)
}

impl From<&directory::Departments> for DepartmentFilter {
    fn from(asked: &directory::Departments) -> Self {
        let roots = asked.roots.then_some(TreeLevel::Roots);
        Self { level: asked.parent.clone().map(TreeLevel::ChildrenOf).or(roots), search: asked.search.clone() }
    }
}

/// All departments that a filter admits, page after page. There are fewer of them by far than members.
///
/// # Errors
/// The copy cannot be read.
pub async fn all_departments(
    element: &Element,
    filter: &DepartmentFilter,
    output: &mut Output,
) -> Result<Vec<Department>, CommandError> {
    let mut departments = Vec::new();
    let mut cursor: Option<String> = None;
    let mut cursors = Cursors::of("directory.departments", None);
    loop {
        let page = session::answer(element.departments(filter, cursor.as_deref(), LARGEST_PAGE), output).await?;
        let found = page.departments.len();
        departments.extend(page.departments);
        let Some(next) = page.cursor else { return Ok(departments) };
        cursors.follow(&next, found)?;
        cursor = Some(next);
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
    let call = if refresh { element.sync_department(id) } else { element.find_department(id) };
    let view = DepartmentView::from(session::answer(call, output).await?);
    output.answer(&view, |paint| text::department::department(&view, paint))?;
    Ok(ExitStatus::Done)
}

/// Prints all members that the filter admits: an array, or a table that grows page by page.
///
/// # Errors
/// The copy cannot be read.
pub async fn members(
    options: &Global,
    asked: &directory::Members,
    output: &mut Output,
) -> Result<ExitStatus, CommandError> {
    let session = Session::open(options).await?;
    let mut members = MemberPages::new(&session.element, MemberFilter::from(asked));
    let mut array = output.array();
    let mut table = Table::new(&text::member::HEADER, output.paint());
    let mut found = false;
    while let Some(page) = members.next(output).await? {
        let views: Vec<MemberView> = page.into_iter().map(MemberView::from).collect();
        found |= !views.is_empty();
        if output.is_json() {
            array.extend(&views)?;
        } else if !views.is_empty() {
            let rows: Vec<_> = views.iter().map(text::member::row).collect();
            output.text(&table.page(&rows))?;
        }
    }
    if output.is_json() {
        array.print()?;
    } else if !found {
        output.text("没有符合条件的成员 no such members")?;
    }
    Ok(ExitStatus::Done)
}

/// The members that a filter admits, page by page.
pub struct MemberPages<'a> {
    element: &'a Element,
    filter: MemberFilter,
    cursor: Option<String>,
    cursors: Cursors,
    is_done: bool,
}

impl<'a> MemberPages<'a> {
    /// From the beginning.
    pub fn new(element: &'a Element, filter: MemberFilter) -> Self {
        Self { element, filter, cursor: None, cursors: Cursors::of("directory.members", None), is_done: false }
    }

    /// The next page, which may be empty; nothing at the end.
    ///
    /// # Errors
    /// The copy cannot be read, or its pages do not end.
    pub async fn next(&mut self, output: &mut Output) -> Result<Option<Vec<Member>>, CommandError> {
        if self.is_done {
            return Ok(None);
        }
        let call = self.element.members(&self.filter, self.cursor.as_deref(), LARGEST_PAGE);
        let page = session::answer(call, output).await?;
        if let Some(cursor) = &page.cursor {
            self.cursors.follow(cursor, page.members.len())?;
        }
        self.is_done = page.cursor.is_none();
        self.cursor = page.cursor;
        Ok(Some(page.members))
    }
}

impl From<&directory::Members> for MemberFilter {
    fn from(asked: &directory::Members) -> Self {
        Self {
            department: asked.department.clone().or_else(|| asked.below.clone()),
            below: asked.below.is_some(),
            status: asked.status.map(MemberStatus::from),
            search: asked.search.clone(),
            role: asked.role.clone(),
        }
    }
}

impl From<StatusFilter> for MemberStatus {
    fn from(status: StatusFilter) -> Self {
        match status {
            StatusFilter::Active => Self::Active,
            StatusFilter::Disabled => Self::Disabled,
            StatusFilter::NotActivated => Self::NotActivated,
            StatusFilter::LeftRange => Self::LeftRange,
            StatusFilter::Resigned => Self::Resigned,
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
    let call = if refresh { element.sync_member(id) } else { element.find_member(id) };
    let view = MemberView::from(session::answer(call, output).await?);
    output.answer(&view, |paint| text::member::member(&view, paint))?;
    Ok(ExitStatus::Done)
}

/// Prints counts and runs.
///
/// # Errors
/// The copy cannot be read.
pub async fn overview(options: &Global, output: &mut Output) -> Result<ExitStatus, CommandError> {
    let session = Session::open(options).await?;
    let view = OverviewView::from(session::answer(session.element.overview(), output).await?);
    output.answer(&view, |paint| text::overview::overview(&view, paint))?;
    Ok(ExitStatus::Done)
}
