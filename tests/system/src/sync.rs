//! Driving a sync as a host does: call again at once on `more`, at the time named on `wait`.

use std::time::Duration;

use organisation_host::{
    Answered, CallResult, Called, Element,
    contract::{
        directory::{Begun, Goal, Pause, Report, Strategy, SyncStep},
        types::{Error, Reason},
    },
};

use crate::{stage::Stage, test_vendor::TestVendor};

/// Somebody who wants a sync.
#[derive(Debug, Clone)]
pub struct Caller {
    /// How far.
    pub until: Goal,
    /// Whether what the guard stops is approved.
    pub approves: bool,
    /// How the members are fetched, where this caller begins the run.
    pub strategy: Strategy,
}

impl Caller {
    /// One call of `advance`, of the run that is joined or begun.
    ///
    /// # Errors
    /// As those of the two calls.
    pub async fn call(self, element: &Element) -> CallResult<Answered<SyncStep>> {
        let begun = element.begin(&self.strategy).reported().await?;
        match begun.value {
            Ok(Begun { progress, .. }) => element.advance(&progress.run, self.until).reported().await,
            Err(error) => Ok(Called { value: Err(error), report: begun.report }),
        }
    }
}

/// Somebody who wants an ordinary sync.
pub const PLAIN: Caller = Caller { until: Goal::Complete, approves: false, strategy: Strategy::Automatic };
/// An administrator who approves what is removed.
pub const APPROVING: Caller = Caller { approves: true, ..PLAIN };
/// Somebody who looks at the plan.
pub const PLANNING: Caller = Caller { until: Goal::Plan, ..PLAIN };

/// More calls than any sync of a test needs.
const MOST_CALLS: usize = 500;

impl<V: TestVendor> Stage<V> {
    /// One call of `advance`, of the run that is joined or begun.
    pub async fn step(&self, caller: &Caller) -> Answered<SyncStep> {
        self.step_of(&self.element, caller).await
    }

    /// The same for another element of the stage.
    pub async fn step_of(&self, element: &Element, caller: &Caller) -> Answered<SyncStep> {
        let step = self.note_answer(caller.clone().call(element).await);
        self.note(&step);
        step
    }

    /// Calls `advance` until the sync is done or asks for a person, moving the clock where it asks to wait.
    pub async fn sync(&self, caller: &Caller) -> Answered<SyncStep> {
        self.sync_of(&self.element, caller).await
    }

    /// The same for another element of the stage.
    ///
    /// # Panics
    /// When the sync does not end.
    pub async fn sync_of(&self, element: &Element, caller: &Caller) -> Answered<SyncStep> {
        for _ in 0..MOST_CALLS {
            match self.step_of(element, caller).await? {
                SyncStep::More(_) => {}
                SyncStep::Wait(waiting) => {
                    // The simulator writes files in real time, however fast a test's clock leaps.
                    let time = waiting.not_before.saturating_sub(self.control.now());
                    if waiting.reason == "export-running" && time > 4_000 {
                        tokio::time::sleep(Duration::from_millis(500)).await;
                    }
                    self.advance_to(waiting.not_before);
                }
                SyncStep::Blocked(blocked) if caller.approves => self.approve(element, &blocked).await?,
                done => return Ok(done),
            }
        }
        panic!("the sync does not end");
    }

    /// Approves what a run was blocked for.
    ///
    /// # Panics
    /// When it was blocked for another reason than the guard's.
    pub async fn approve(&self, element: &Element, blocked: &Pause) -> Answered<()> {
        let Reason::MassRemovalBlocked(counts) = blocked.error.reason else { panic!("{blocked:?}") };
        self.heard(element.approve(&blocked.progress.run, counts)).await
    }

    /// Gives up the current run.
    ///
    /// # Panics
    /// When there is none to give up.
    pub async fn abandon(&self) {
        let given_up = async {
            let run = self.heard(self.element.begin(&Strategy::Automatic)).await?.progress.run;
            self.heard(self.element.abandon(&run)).await
        };
        if let Err(error) = given_up.await {
            panic!("the run is not given up: {error:?}");
        }
    }

    /// Syncs to the end.
    ///
    /// # Panics
    /// When it ends otherwise than complete.
    pub async fn complete(&self, caller: &Caller) -> Report {
        match self.sync(caller).await {
            Ok(SyncStep::Complete(report)) => report,
            other => panic!("the sync is not complete: {other:#?}"),
        }
    }

    /// Syncs until a person has to act or to approve, and answers why.
    ///
    /// # Panics
    /// When it ends otherwise.
    pub async fn paused(&self, caller: &Caller) -> Error {
        match self.sync(caller).await {
            Ok(SyncStep::Paused(pause) | SyncStep::Blocked(pause)) => pause.error,
            other => panic!("the sync is not paused: {other:#?}"),
        }
    }

    /// Moves the clock to an instant, if that is ahead.
    pub fn advance_to(&self, instant: u64) {
        self.advance(Duration::from_millis(instant.saturating_sub(self.control.now())));
    }
}
