//! Beginning a run, or joining the one that is under way.

use super::{
    current::{self, Current},
    lease,
    run::{PendingWait, Run},
    scratch,
};
use crate::{
    config::Common,
    contract::{
        directory::{Begun, Strategy},
        log::Level,
    },
    directory::{forgetting, head, key},
    failure::Failure,
    platform::Platform,
    store,
};

/// Requests side by side: thresholds of vendors are not published, and five at once have not reached one.
const PARALLELISM: u32 = 5;

/// See `begin` in `wit/directory.wit`.
pub fn begin<P: Platform>(platform: &P, common: &Common, strategy: &Strategy) -> Result<Begun, Failure> {
    let strategy = chosen(strategy, common)?;
    forgetting::make_way(platform, common)?;
    if let Current::Fresh(run, _) = current::read(platform, common)? {
        return Ok(joined(&run));
    }
    let begun = lease::hold(platform, |lease| {
        let now = platform.now_ms();
        let (version, mut ops, pending_wait) = match current::read(platform, common)? {
            // Somebody else was faster.
            Current::Fresh(run, _) => return Ok(joined(&run)),
            Current::Outdated(run, version) => {
                let ops = current::give_up(platform, common, &run)?;
                (Some(version), ops, current::inherited_wait(&run, now))
            }
            Current::Unreadable(version) => {
                platform.log(Level::Warn, "the run of another version of this component is given up", &[]);
                (Some(version), Vec::new(), None)
            }
            Current::None => {
                let kept = store::get::<_, PendingWait>(platform, key::INHERITED_WAIT)?;
                (None, Vec::new(), kept.map(|wait| wait.value))
            }
        };
        let mut random = [0; 8];
        platform.random(&mut random);
        let id = format!("{now:012x}-{:016x}", u64::from_be_bytes(random));
        platform.log(Level::Info, "a sync begins", &[("run", &id)]);
        let run = Run {
            basis: current::basis(common),
            strategy,
            began_after: head::read_for(platform, common)?.0.last_change,
            pending_wait,
            ..Run::new(id, now, PARALLELISM)
        };
        ops.push(store::put(key::RUN, &run));
        current::write(platform, lease, version, &ops)?;
        Ok(Begun { progress: run.progress(), joined: false })
    })?;
    // What those before left behind, which were given up here or killed while they cleared up.
    scratch::sweep(platform);
    Ok(begun)
}

fn joined(run: &Run) -> Begun {
    Begun { progress: run.progress(), joined: true }
}

/// How members are to be fetched: as somebody asks, else as the configuration says.
fn chosen(asked: &Strategy, common: &Common) -> Result<Strategy, Failure> {
    match asked {
        Strategy::Automatic => Ok(common.strategy.clone()),
        Strategy::Walk | Strategy::Export => Ok(asked.clone()),
        Strategy::Other(name) => Err(Failure::invalid_argument(
            "strategy",
            (
                format!("未知的同步方式 {name:?}：可选 automatic、walk、export"),
                format!("unknown strategy {name:?}: expected automatic, walk or export"),
            ),
        )),
    }
}
