//! Driving a sync as a host does: call again at once on `more`, at the time named on `wait`.

use std::time::Duration;

use host_harness::{
    Answered, Element,
    contract::{
        directory::{Report, Strategy, SyncRequest, SyncStep},
        types::{Error, Reason},
    },
};

use crate::{stage::Stage, test_vendor::TestVendor};

/// An ordinary sync.
pub const PLAIN: SyncRequest =
    SyncRequest { dry_run: false, allow_mass_removal: false, strategy: Strategy::Automatic, restart: false };
/// One whose removals an administrator has seen.
pub const ALLOWED: SyncRequest = SyncRequest { allow_mass_removal: true, ..PLAIN };
/// One that stops before anything is written to the copy.
pub const DRY: SyncRequest = SyncRequest { dry_run: true, ..PLAIN };

/// More calls than any sync of a test needs.
const MOST_CALLS: usize = 500;

impl<V: TestVendor> Stage<V> {
    /// One call of `sync`.
    pub async fn step(&self, request: &SyncRequest) -> Answered<SyncStep> {
        self.step_of(&self.element, request).await
    }

    /// One call of `sync` of another element of the stage.
    pub async fn step_of(&self, element: &Element, request: &SyncRequest) -> Answered<SyncStep> {
        let step = self.heard(element.sync(request).await);
        self.note(&step);
        step
    }

    /// Calls `sync` until it is done or asks for a person, moving the clock where it asks to wait.
    pub async fn sync(&self, request: &SyncRequest) -> Answered<SyncStep> {
        self.sync_of(&self.element, request).await
    }

    /// The same for another element of the stage.
    ///
    /// # Panics
    /// When the sync does not end.
    pub async fn sync_of(&self, element: &Element, request: &SyncRequest) -> Answered<SyncStep> {
        let mut request = request.clone();
        for _ in 0..MOST_CALLS {
            let step = self.step_of(element, &request).await?;
            // A restart is one deed, not a manner of going on.
            request.restart = false;
            match step {
                SyncStep::More(_) => {}
                SyncStep::Wait(waiting) => {
                    // The simulator writes files in real time, however fast a test's clock leaps.
                    let time = waiting.not_before.saturating_sub(self.control.now());
                    if waiting.reason == "export-running" && time > 4_000 {
                        tokio::time::sleep(Duration::from_millis(500)).await;
                    }
                    self.advance_to(waiting.not_before);
                }
                // Whoever has seen the counts allows them with the next call.
                SyncStep::Paused(pause)
                    if request.allow_mass_removal && matches!(pause.error.reason, Reason::MassRemovalBlocked(_)) => {}
                done => return Ok(done),
            }
        }
        panic!("the sync does not end");
    }

    /// Syncs to the end.
    ///
    /// # Panics
    /// When it ends otherwise than complete.
    pub async fn complete(&self, request: &SyncRequest) -> Report {
        match self.sync(request).await {
            Ok(SyncStep::Complete(report)) => report,
            other => panic!("the sync is not complete: {other:#?}"),
        }
    }

    /// Syncs until a person has to act, and answers why.
    ///
    /// # Panics
    /// When it ends otherwise.
    pub async fn paused(&self, request: &SyncRequest) -> Error {
        match self.sync(request).await {
            Ok(SyncStep::Paused(pause)) => pause.error,
            other => panic!("the sync is not paused: {other:#?}"),
        }
    }

    /// Moves the clock to an instant, if that is ahead.
    pub fn advance_to(&self, instant: u64) {
        self.advance(Duration::from_millis(instant.saturating_sub(self.control.now())));
    }
}
