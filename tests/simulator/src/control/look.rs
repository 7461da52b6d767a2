//! What a person at the workbench looks at and goes back to: calls, faults, sign-ins that wait, snapshots.

use std::time::Duration;

use super::Control;
use crate::calls::Call;
use crate::faults::ArmedFault;
use crate::file::{FileError, OrganisationFile};
use crate::pages::{ScanError, Waiting, decide};
use crate::snapshots::SnapshotError;

impl Control {
    /// The latest requests with what was asked and answered, the latest first. Secrets are shortened.
    pub fn calls(&self) -> Vec<Call> {
        self.0.lock().calls.latest().collect()
    }

    /// The faults that are armed, in the order of injection.
    pub fn faults(&self) -> Vec<ArmedFault> {
        self.0.lock().faults.armed().collect()
    }

    /// Whether simulated time stands still.
    pub fn clock_is_frozen(&self) -> bool {
        self.0.lock().clock.is_frozen()
    }

    /// Sign-ins that wait for a phone, the latest first.
    pub fn waiting_sign_ins(&self) -> Vec<Waiting> {
        self.0.lock().scans.waiting().collect()
    }

    /// A member's phone scans the code of a browser.
    pub(crate) fn scan(&self, member: &str, ticket: &str) -> Result<(), ScanError> {
        let mut world = self.0.lock();
        let (now, id) = (world.now(), world.corp().member(member).map_or(member, |member| &member.id).to_owned());
        world.scans.scan(ticket, &id, now)
    }

    /// Who has scanned a code confirms or denies: the browser goes on by itself.
    pub(crate) fn answer_scan(&self, member: &str, ticket: &str, confirms: bool) -> Result<(), ScanError> {
        let mut world = self.0.lock();
        let (now, world) = (world.now(), &mut *world);
        let id = world.corp().member(member).map_or(member, |member| &member.id).to_owned();
        let sign_in = world.scans.scanned(ticket, &id, now)?;
        let choice = if confirms { ("member".to_owned(), id) } else { ("choice".to_owned(), "deny".to_owned()) };
        let decided = decide(world, &sign_in, &vec![choice]);
        let refused = decided.as_ref().err().map(|refusal| ScanError::Refused(refusal.code.unwrap_or(-1), refusal.en));
        world.scans.decide(ticket, decided);
        refused.map_or(Ok(()), Err)
    }

    /// Keeps the organisation as it is now under a name.
    ///
    /// # Errors
    /// The name is empty or longer than 64 characters, or there are 20 snapshots already.
    pub fn take_snapshot(&self, name: &str) -> Result<(), SnapshotError> {
        let mut world = self.0.lock();
        let corp = world.corp().clone();
        world.snapshots.keep(name, corp)
    }

    /// Goes back to a snapshot. Whoever has a callback address hears of the difference.
    ///
    /// # Errors
    /// There is no snapshot of this name.
    pub fn restore_snapshot(&self, name: &str) -> Result<(), SnapshotError> {
        let mut world = self.0.lock();
        let corp = world.snapshots.find(name)?;
        world.replace_corp(&corp);
        Ok(())
    }

    /// Forgets a snapshot.
    ///
    /// # Errors
    /// There is no snapshot of this name.
    pub fn remove_snapshot(&self, name: &str) -> Result<(), SnapshotError> {
        self.0.lock().snapshots.remove(name)
    }

    /// Names of the snapshots, each with its number of members.
    pub fn snapshots(&self) -> Vec<(String, usize)> {
        self.0.lock().snapshots.list().map(|(name, members)| (name.to_owned(), members)).collect()
    }

    /// Puts the organisation of a file in place of the present one. Whoever has a callback address hears of the difference.
    /// Answers the number of members.
    pub(crate) fn load(&self, file: &OrganisationFile) -> Result<usize, FileError> {
        let mut world = self.0.lock();
        let (present, world) = (world.corp().clone(), &mut *world);
        let corp = file.corp(&present, &mut world.random)?;
        world.replace_corp(&corp);
        if let Some(latency) = file.latency {
            world.behaviour.latency = Duration::from_millis(latency);
        }
        Ok(corp.member_count())
    }

    /// Everything as it was when the simulator started: organisation, behaviour, tokens, faults, messages, approvals, logs. The
    /// clock goes on, and snapshots stay. Nobody is told.
    pub fn reset(&self) {
        self.0.lock().reset();
    }
}
