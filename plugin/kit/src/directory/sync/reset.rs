//! Forgetting the copy: for another organisation, or a fresh start.

use super::{current, lease, run, scratch};
use crate::{
    config::Common,
    contract::{log::Level, storage::Op},
    directory::{
        forgetting::{self, Forgetting},
        head::{self, FoundHead, Head},
        key,
        refresh::{ATTEMPTS, contended},
    },
    failure::Failure,
    platform::Platform,
    store,
};

/// What the copy of before says of the one that follows.
struct Before {
    /// The version of its head.
    version: Option<u64>,
    last_change: u64,
    /// Whether members' roles go: ids of one organisation name other people in another one.
    roles_go: bool,
    /// Whether those that stay are in the index.
    roles_indexed: bool,
}

/// See `reset` in `wit/directory.wit`.
pub fn reset(platform: &dyn Platform, common: &Common) -> Result<(), Failure> {
    lease::hold(platform, |lease| {
        // A refresh needs no lease, and its write may come between. Whoever resets is to win in the end.
        for _ in 0..ATTEMPTS {
            let before = before(platform, common)?;
            let (run_version, own_ops) = single_keys(platform, common)?;
            // Before what the run leaves to the next one: of two operations on a key the last one counts.
            let mut ops: Vec<Op> = before.roles_go.then(|| store::delete(key::INHERITED_WAIT)).into_iter().collect();
            ops.extend(own_ops);
            // The copy is bound at once, so that roles which stay can never come into the hands of a third.
            let head = Head {
                organisation: common.organisation.clone(),
                last_change: before.last_change,
                roles_indexed: before.roles_go || before.roles_indexed,
                forgetting: Some(Forgetting { roles: before.roles_go }),
                ..Head::default()
            };
            ops.extend([store::check(key::HEAD, before.version), store::put(key::HEAD, &head)]);
            if current::try_write(platform, lease, run_version, &ops)? {
                platform.log(Level::Warn, "the directory is reset", &[]);
                return Ok(());
            }
        }
        Err(contended(ATTEMPTS))
    })?;
    forgetting::resume(platform)?;
    scratch::sweep(platform);
    Ok(())
}

fn before(platform: &dyn Platform, common: &Common) -> Result<Before, Failure> {
    Ok(match head::find(platform)? {
        FoundHead::None => Before { version: None, last_change: 0, roles_go: false, roles_indexed: true },
        FoundHead::Readable(stored) => Before {
            version: Some(stored.version),
            // One change further, so that whoever reads on from the last one learns that it is gone.
            last_change: stored.value.last_change + 1,
            roles_go: !stored.value.is_of(common) || stored.value.forgetting.is_some_and(|before| before.roles),
            roles_indexed: stored.value.roles_indexed,
        },
        FoundHead::Damaged(version) => {
            platform.log(Level::Warn, "the head of the directory cannot be read: the roles of members go as well", &[]);
            // Whose copy it was nobody can say, nor how far its feed went; but none ever counts as far as the time.
            Before { version: Some(version), last_change: platform.now_ms(), roles_go: true, roles_indexed: true }
        }
    })
}

/// The run's version, and the operations on what has a key of its own.
fn single_keys(platform: &dyn Platform, common: &Common) -> Result<(Option<u64>, Vec<Op>), Failure> {
    let keys = [
        key::RUN,
        key::ACKNOWLEDGED,
        key::SYNCED_AT,
        key::FOLLOWED_AWAY,
        key::EXPORT_REFUSED,
        key::OBSERVED_SENSITIVE_FIELDS,
    ];
    let mut ops: Vec<Op> = keys.map(store::delete).into();
    let version = match run::load(platform)? {
        run::Stored::None => None,
        run::Stored::Unreadable(version) => Some(version),
        run::Stored::Readable(run, version) | run::Stored::Foreign(run, version) => {
            ops.extend(current::keep_wait(&run, platform.now_ms()).filter(|_| current::is_of(&run, common)));
            Some(version)
        }
    };
    Ok((version, ops))
}
