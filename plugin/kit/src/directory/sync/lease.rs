//! The run's lease: one call at a time works on a run, and a call that lost its lease can write nothing more.

use crate::{
    contract::{log::Level, storage::Op},
    directory::key,
    failure::Failure,
    platform::Platform,
    store,
};

/// How long a lease holds without a write. Above the time limit of one vendor request, so that a live holder keeps
/// it; short, so that a killed one blocks its successor for no longer.
pub const TTL_MS: u64 = 10_000;

/// How long a call waits for another one's lease: three lease times.
const PATIENCE_MS: u64 = 3 * TTL_MS;

/// Left of a call's time when it gives up waiting.
const MARGIN_MS: u64 = 500;

/// The right to work on the run.
#[derive(Debug)]
pub struct RunLease {
    version: u64,
}

/// Does work under the lease, and gives it back. Where that fails the outcome of the work stands all the same: the lease
/// ends by itself.
pub fn hold<T>(platform: &dyn Platform, work: impl FnOnce(&mut RunLease) -> Result<T, Failure>) -> Result<T, Failure> {
    let mut lease = RunLease::acquire(platform)?;
    let outcome = work(&mut lease);
    if let Err(failure) = lease.release(platform) {
        platform.log(Level::Warn, "the lease of the run could not be given back", &[("error", &failure.message.en)]);
    }
    outcome
}

impl RunLease {
    /// Takes the lease, waiting for another holder to finish or to die.
    pub fn acquire(platform: &dyn Platform) -> Result<Self, Failure> {
        let mut waited = 0;
        loop {
            let ops = [store::check(key::RUN_LEASE, None), store::put_for(key::RUN_LEASE, &platform.now_ms(), TTL_MS)];
            if let Ok(versions) = store::apply(platform, &ops)? {
                return Self::from_versions(&versions);
            }
            let Some(held) = store::get_text(platform, key::RUN_LEASE)? else { continue };
            let before = platform.remaining().wall_ms;
            let patience = (PATIENCE_MS - waited).min(before.saturating_sub(MARGIN_MS));
            if patience == 0 {
                return Err(taken());
            }
            platform.wait(key::RUN_LEASE, Some(held.version), u32::try_from(patience).unwrap_or(u32::MAX))?;
            waited = PATIENCE_MS.min(waited + before.saturating_sub(platform.remaining().wall_ms).max(1));
        }
    }

    /// The operations that keep the lease and fence a stale holder off: first of an `apply`, whose first version is
    /// then the lease's.
    pub fn ops(&self, now: u64) -> [Op; 2] {
        [store::check(key::RUN_LEASE, Some(self.version)), store::put_for(key::RUN_LEASE, &now, TTL_MS)]
    }

    /// Takes note of the lease's version after an `apply` with [`RunLease::ops`].
    pub fn renewed(&mut self, versions: &[u64]) -> Result<(), Failure> {
        *self = Self::from_versions(versions)?;
        Ok(())
    }

    /// Takes back a lease that ended because the vendor or the storage took long, unless somebody worked on the run since:
    /// then its stored version is another. `false` when it is no longer this call's.
    pub fn take_back(&mut self, platform: &dyn Platform, run_version: Option<u64>) -> Result<bool, Failure> {
        let ops = [
            store::check(key::RUN_LEASE, None),
            store::check(key::RUN, run_version),
            store::put_for(key::RUN_LEASE, &platform.now_ms(), TTL_MS),
        ];
        match store::apply(platform, &ops)? {
            Ok(versions) => self.renewed(&versions).map(|()| true),
            Err(_) => Ok(false),
        }
    }

    /// Whether nobody else took the lease meanwhile.
    pub fn is_held(&self, platform: &dyn Platform) -> Result<bool, Failure> {
        Ok(store::get_text(platform, key::RUN_LEASE)?.is_some_and(|entry| entry.version == self.version))
    }

    /// Gives the lease back. One that was lost meanwhile is somebody else's and stays.
    pub fn release(self, platform: &dyn Platform) -> Result<(), Failure> {
        let ops = [store::check(key::RUN_LEASE, Some(self.version)), store::delete(key::RUN_LEASE)];
        store::apply(platform, &ops).map(|_| ())
    }

    fn from_versions(versions: &[u64]) -> Result<Self, Failure> {
        match versions.first() {
            Some(&version) => Ok(Self { version }),
            None => Err(failure! { Other("storage".to_owned()):
            "存储未返回已写入数据的版本", "the storage answered no version for a write that it applied" }),
        }
    }
}

/// Whether a write failed because the lease is no longer the one that it was made under.
pub fn is_lapsed(conflicts: &[String]) -> bool {
    conflicts.iter().any(|key| key == key::RUN_LEASE)
}

/// Another call works on the run.
pub fn taken() -> Failure {
    failure! { Conflict:
    "另一次调用正在处理本次同步", "another call is at work on this run";
    "另一次同步正在进行，请等待其完成", "another sync is at work: wait for it to finish" }
    .with_retry_after_ms(TTL_MS)
}
