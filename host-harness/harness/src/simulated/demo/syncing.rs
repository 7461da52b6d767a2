//! The copy is made, the organisation changes, and the copy follows.

use std::{collections::BTreeSet, pin::pin, time::Duration};

use indicatif::ProgressBar;
use organisation_host::{
    CallReport,
    contract::directory::{Goal, Member, MemberStatus, Progress, Strategy, Waiting},
};
use wecom_simulator::{
    Corp, CorpError, DEMO_AGENT_ID,
    corp::{Member as Person, Resignation},
};

use super::{
    narrator::Narrator,
    stage::{LeapingTime, Stage},
};
use crate::{
    command_error::CommandError,
    commands::{
        directory::{self, MemberPages},
        sync,
    },
    output::Output,
    pages::Cursors,
    run::{self, Course, Onlooker},
    session, text,
    view::{change::ChangesView, department::DepartmentView, run::SyncView},
};

/// The changes that [`reorganise`] makes, as the feed must report them.
const CHANGES: [(&str, &str); 5] = [
    ("department-updated", "23"),
    ("member-added", "hexin"),
    ("member-left-range", "qinshi"),
    ("member-resigned", "sunqi"),
    ("member-updated", "wujiu"),
];

/// The first sync.
pub async fn first(stage: &Stage, narrator: &mut Narrator<'_>) -> Result<(), CommandError> {
    narrator.begin("first-sync", "首次同步", "bring in departments and members")?;
    let (view, _) = synchronise(stage, narrator).await?;
    expect_complete(&view, narrator)?;
    expect_truth(stage, narrator).await
}

/// The departments that came in.
pub async fn departments(stage: &Stage, narrator: &mut Narrator<'_>) -> Result<(), CommandError> {
    narrator.begin("departments", "部门", "the departments that the app may see; the root is not among them")?;
    let departments = directory::all_departments(&stage.element, &directory::EVERYWHERE, narrator.output()).await?;
    let views: Vec<DepartmentView> = departments.into_iter().map(DepartmentView::from).collect();
    narrator.say(text::department::tree(&views, narrator.paint()))?;
    narrator.result(&views)?;
    let root = views.iter().any(|department| department.id == "1");
    narrator.expect("根部门不可见也能同步 a hidden root is no obstacle", !views.is_empty() && !root)?;
    Ok(())
}

/// The organisation changes. What the feed holds so far is acknowledged first, so that the feed begins with these changes.
pub async fn reorganise(stage: &Stage, narrator: &mut Narrator<'_>) -> Result<(), CommandError> {
    narrator.begin("reorganise", "组织调整", "the organisation changes")?;
    let mut cursor = None;
    let mut cursors = Cursors::of("directory.changes", None);
    loop {
        let page = session::answer(stage.element.changes(cursor.as_deref(), 200), narrator.output()).await?;
        if page.more {
            cursors.follow(&page.cursor, page.changes.len())?;
        }
        cursor = Some(page.cursor);
        if !page.more {
            break;
        }
    }
    if let Some(cursor) = cursor {
        session::answer(stage.element.acknowledge(&cursor), narrator.output()).await?;
    }
    stage.control.change(change).map_err(|error| CommandError::Simulation(error.to_string()))?;
    let deeds = [
        "何新 (hexin) 加入移动组 joins",
        "吴九 (wujiu) 从平台组调到质量组 moves",
        "秦十 (qinshi) 调到可见范围之外 leaves the visible range",
        "孙七 (sunqi) 离职 resigns",
        "质量组 (23) 改名为质量保障组 is renamed",
    ];
    for deed in deeds {
        narrator.say(format_args!("   · {deed}"))?;
    }
    narrator.result(&deeds)?;
    Ok(())
}

fn change(corp: &mut Corp) -> Result<(), CorpError> {
    corp.add_member(Person { position: "工程师".to_owned(), ..Person::new("hexin", "何新", 22) })?;
    corp.move_member("wujiu", 23)?;
    corp.move_member("qinshi", 3)?;
    corp.resign_member("sunqi", Resignation::Listed)?;
    corp.rename_department(23, "质量保障组")
}

/// The second sync.
pub async fn second(stage: &Stage, narrator: &mut Narrator<'_>) -> Result<(), CommandError> {
    narrator.begin("second-sync", "再次同步", "the copy follows")?;
    let (view, _) = synchronise(stage, narrator).await?;
    expect_complete(&view, narrator)?;
    expect_truth(stage, narrator).await
}

/// What the feed reports.
pub async fn feed(stage: &Stage, narrator: &mut Narrator<'_>) -> Result<(), CommandError> {
    narrator.begin("changes", "变更", "the feed of changes")?;
    let page = session::answer(stage.element.changes(None, 200), narrator.output()).await?;
    let view = ChangesView::from(page);
    narrator.say(text::change::changes(&view, narrator.paint()))?;
    narrator.result(&view)?;
    let found: BTreeSet<(&str, &str)> = view.changes.iter().map(|change| (change.kind, change.id.as_str())).collect();
    let exactly = view.changes.len() == CHANGES.len() && found == BTreeSet::from(CHANGES);
    narrator.expect("恰好是这五项变更 exactly these five changes", exactly)?;
    Ok(())
}

/// Runs a sync to its end; answers its view and the waits on the way.
pub async fn synchronise(
    stage: &Stage,
    narrator: &mut Narrator<'_>,
) -> Result<(SyncView, Vec<(Waiting, Duration)>), CommandError> {
    let clock = LeapingTime(stage.control.clone());
    let course = Course {
        element: &stage.element,
        strategy: Strategy::Automatic,
        until: Goal::Complete,
        approved: None,
        clock: &clock,
        max_wait: None,
    };
    let mut watcher = Watcher { bar: sync::bar(), output: narrator.output(), waits: Vec::new() };
    let finished = run::to_its_end(course, &mut watcher, pin!(std::future::pending())).await;
    watcher.bar.finish_and_clear();
    let waits = watcher.waits;
    let view = SyncView::from(finished?);
    for (waiting, time) in &waits {
        narrator.say(format_args!(
            "   {}",
            text::run::waiting("企业微信 WeCom", &waiting.reason, waiting.vendor_code, *time)
        ))?;
    }
    narrator.say(text::run::sync(&view, narrator.paint()))?;
    narrator.result(&view)?;
    Ok((view, waits))
}

/// The run came to its end.
pub fn expect_complete(view: &SyncView, narrator: &mut Narrator<'_>) -> Result<(), CommandError> {
    Ok(narrator.expect("同步完成 the sync is complete", view.state == "complete")?)
}

/// The copy holds what the app may see: ids, names, places and status of members, names of departments.
pub async fn expect_truth(stage: &Stage, narrator: &mut Narrator<'_>) -> Result<(), CommandError> {
    let truth = stage.control.truth(DEMO_AGENT_ID).map_err(|error| CommandError::Simulation(error.to_string()))?;
    let members: BTreeSet<Row> = truth
        .members
        .values()
        .filter(|member| member.status != 5)
        .map(|member| {
            let places = member.departments.iter().map(|place| place.department.to_string()).collect();
            (member.id.clone(), member.name.clone(), places)
        })
        .collect();
    let departments: BTreeSet<(String, String)> =
        truth.departments.values().map(|department| (department.id.to_string(), department.name.clone())).collect();

    let mut copied = BTreeSet::new();
    let mut pages = MemberPages::new(&stage.element, directory::EVERYBODY);
    while let Some(page) = pages.next(narrator.output()).await? {
        copied.extend(page.into_iter().filter(is_present).map(row));
    }
    let kept = directory::all_departments(&stage.element, &directory::EVERYWHERE, narrator.output()).await?;
    let kept: BTreeSet<(String, String)> = kept.into_iter().map(|one| (one.id, one.name)).collect();
    let same = copied == members && kept == departments;
    Ok(narrator.expect("副本与企业微信完全一致 the copy is what WeCom shows to the app", same)?)
}

/// Id, name and departments.
type Row = (String, String, BTreeSet<String>);

fn is_present(member: &Member) -> bool {
    !matches!(member.status, MemberStatus::LeftRange | MemberStatus::Resigned)
}

fn row(member: Member) -> Row {
    (member.id, member.name, member.departments.into_iter().map(|place| place.id).collect())
}

struct Watcher<'a> {
    bar: ProgressBar,
    output: &'a mut Output,
    waits: Vec<(Waiting, Duration)>,
}

impl Onlooker for Watcher<'_> {
    fn called(&mut self, report: &CallReport) {
        let Self { bar, output, .. } = self;
        bar.suspend(|| output.report(report));
    }

    fn progress(&mut self, progress: &Progress) {
        sync::show(&self.bar, progress);
    }

    fn watches(&self) -> bool {
        !self.bar.is_hidden()
    }

    fn waiting(&mut self, waiting: &Waiting, time: Duration) {
        self.waits.push((waiting.clone(), time));
    }
}
