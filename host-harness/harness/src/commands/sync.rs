//! `sync`: once to the end, or again and again.

use std::{pin::pin, time::Duration};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use organisation_host::{
    CallReport, Element,
    contract::directory::{Goal, Progress, Strategy, Waiting},
    storage::{Clock as _, SystemClock},
};

use super::plan::Reader;
use crate::{
    cli::{self, Global, Sync},
    command_error::{CommandError, ExitStatus},
    interrupt::interrupted,
    output::Output,
    run::{self, Course, Finished, Onlooker, RunEnd},
    session::{self, Session},
    text,
    view::{
        error::{ErrorDocument, ErrorView},
        plan::PlannedChangeView,
        run::SyncView,
    },
};

/// Changes of a plan that a person sees at once.
const PREVIEW: u64 = 50;

/// Synchronises as the options ask.
///
/// # Errors
/// A call gave no answer or answered an error.
pub async fn sync(options: &Global, asked: &Sync, output: &mut Output) -> Result<ExitStatus, CommandError> {
    let element = Session::open(options).await?.element;
    let title = session::value(element.describe("zh"), output).await?.title;
    match asked.watch {
        None => {
            let finished = once(&element, asked, &title, output).await?;
            let status = status(&finished.ended);
            let is_planned = matches!(finished.ended, RunEnd::Planned(_));
            let mut view = SyncView::from(finished);
            if is_planned {
                show_plan(&element, &mut view, output).await?;
            }
            output.answer(&view, |paint| text::run::sync(&view, paint))?;
            Ok(status)
        }
        Some(interval) => watch(&element, asked, &title, interval, output).await,
    }
}

/// Adds what a dry run would change: all of it for a program, the beginning for a person.
async fn show_plan(element: &Element, view: &mut SyncView, output: &mut Output) -> Result<(), CommandError> {
    if output.is_json() {
        view.plan = Some(Reader::new(element, None).keep(output).await?.1);
        return Ok(());
    }
    let mut reader = Reader::new(element, Some(PREVIEW));
    while let Some(page) = reader.next(output).await? {
        view.preview.extend(page.changes.into_iter().map(PlannedChangeView::from));
    }
    Ok(())
}

/// One run to its end.
async fn once(element: &Element, asked: &Sync, title: &str, output: &mut Output) -> Result<Finished, CommandError> {
    let course = Course {
        element,
        strategy: match asked.strategy {
            cli::Strategy::Auto => Strategy::Automatic,
            cli::Strategy::Walk => Strategy::Walk,
            cli::Strategy::Export => Strategy::Export,
        },
        until: if asked.dry_run { Goal::Plan } else { Goal::Complete },
        approved: asked.approve.as_deref(),
        clock: &SystemClock,
        max_wait: asked.max_wait,
    };
    let mut watcher = Watcher { bar: bar(), title, output };
    let finished = run::to_its_end(course, &mut watcher, pin!(interrupted())).await;
    watcher.bar.finish_and_clear();
    if asked.strategy != cli::Strategy::Auto && finished.as_ref().is_ok_and(|finished| finished.resumed) {
        output.note(
            "接续之前的同步，沿用其同步方式；要换方式请先 abandon / went on with a run that keeps its own strategy; abandon it for another",
        );
    }
    finished
}

/// Run after run until Ctrl-C. What fails is printed and tried again, for a vendor or a network may come back; a
/// configuration does not mend itself while this process holds it.
async fn watch(
    element: &Element,
    asked: &Sync,
    title: &str,
    interval: Duration,
    output: &mut Output,
) -> Result<ExitStatus, CommandError> {
    loop {
        match once(element, asked, title, output).await {
            Ok(finished) => {
                let stopped =
                    matches!(finished.ended, RunEnd::Interrupted(_) | RunEnd::Waiting { interrupted: true, .. });
                let view = SyncView::from(finished);
                output.line(&view, |paint| text::run::sync(&view, paint))?;
                if stopped {
                    return Ok(ExitStatus::Done);
                }
            }
            Err(failure)
                if failure.status() == ExitStatus::Configuration || matches!(failure, CommandError::Output(_)) =>
            {
                return Err(failure);
            }
            Err(failure) => {
                let view = ErrorDocument { error: ErrorView::from(&failure) };
                output.line(&view, |paint| text::failure(&view.error, paint))?;
            }
        }
        let pause = interval.mul_f64(0.9 + 0.2 * fastrand::f64());
        output.note(format_args!("下次同步 next sync in {} s (Ctrl-C ends)", pause.as_secs()));
        tokio::select! {
            biased;
            () = interrupted() => return Ok(ExitStatus::Done),
            () = SystemClock.sleep(pause) => {}
        }
    }
}

fn status(ended: &RunEnd) -> ExitStatus {
    match ended {
        RunEnd::Complete(_) | RunEnd::Planned(_) => ExitStatus::Done,
        RunEnd::Blocked(_) | RunEnd::Paused(_) | RunEnd::Waiting { .. } | RunEnd::Interrupted(_) => {
            ExitStatus::Negative
        }
    }
}

/// A bar where somebody watches a terminal, and nothing anywhere else.
pub fn bar() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    let style = ProgressStyle::with_template("{spinner} {prefix} [{bar:30}] {pos}/{len}  {msg}");
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// Shows how far a run has come.
pub fn show(bar: &ProgressBar, progress: &Progress) {
    bar.set_length(progress.total.max(progress.done));
    bar.set_position(progress.done);
    bar.set_prefix(text::run::phase(&progress.phase));
    bar.set_message(format!("成员 members {}, 接口调用 vendor calls {}", progress.members, progress.vendor_calls));
}

struct Watcher<'a> {
    bar: ProgressBar,
    title: &'a str,
    output: &'a mut Output,
}

impl Onlooker for Watcher<'_> {
    fn called(&mut self, report: &CallReport) {
        let Self { bar, output, .. } = self;
        bar.suspend(|| output.report(report));
    }

    fn progress(&mut self, progress: &Progress) {
        show(&self.bar, progress);
    }

    fn watches(&self) -> bool {
        !self.bar.is_hidden()
    }

    fn waiting(&mut self, waiting: &Waiting, time: Duration) {
        let Self { bar, output, title } = self;
        bar.suspend(|| output.note(text::run::waiting(title, &waiting.reason, waiting.vendor_code, time)));
    }
}
