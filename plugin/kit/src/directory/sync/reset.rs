//! Forgetting the copy: for another organisation, or a fresh start.

use super::{current, lease, run};
use crate::{
    config::Common,
    contract::{log::Level, storage::Op},
    directory::{
        head::{self, Head},
        key,
    },
    failure::Failure,
    platform::Platform,
    store,
};

/// See `reset` in `wit/directory.wit`.
pub fn reset<P: Platform>(platform: &P, common: &Common) -> Result<(), Failure> {
    lease::hold(platform, |lease| {
        let stored = head::read(platform)?;
        let mut ops: Vec<Op> =
            [key::DEPARTMENTS, key::MEMBERS, key::ALL_INDEXES, key::FEED, key::HISTORY, key::ALL_SCRATCH]
                .map(|prefix| Op::DeletePrefix(prefix.to_owned()))
                .into();
        ops.extend(
            [key::RUN, key::ACKNOWLEDGED, key::SYNCED_AT, key::EXPORT_REFUSED, key::OBSERVED_SENSITIVE_FIELDS]
                .map(store::delete),
        );
        let version = match run::load(platform)? {
            run::Stored::None => None,
            run::Stored::Unreadable(version) => Some(version),
            run::Stored::Readable(run, version) | run::Stored::Foreign(run, version) => {
                ops.extend(current::keep_wait(&run, platform.now_ms()).filter(|_| current::is_of(&run, common)));
                Some(version)
            }
        };
        let head = Head { organisation: common.organisation.clone(), ..Head::default() };
        if let Some(stored) = stored {
            // Ids of one organisation name other people in another one. The copy is bound at once, so that roles which stay
            // can never come into the hands of a third.
            if !stored.value.is_of(common) {
                ops.extend([Op::DeletePrefix(key::ALL_ROLES.to_owned()), store::delete(key::INHERITED_WAIT)]);
            }
            // One change further, so that whoever reads on from the last one learns that it is gone.
            let last_change = stored.value.last_change + 1;
            let head = Head { last_change, ..head };
            ops.extend([store::check(key::HEAD, Some(stored.version)), store::put(key::HEAD, &head)]);
        } else {
            // Whoever writes the first record meanwhile must not find its head over an empty copy.
            ops.extend([store::check(key::HEAD, None), store::put(key::HEAD, &head)]);
        }
        current::write(platform, lease, version, &ops)?;
        platform.log(Level::Warn, "the directory is reset", &[]);
        Ok(())
    })
}
