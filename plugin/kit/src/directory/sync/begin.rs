//! Beginning a run, or joining the one that is under way.

use super::{
    current::{self, Current},
    lease,
    run::Run,
    scratch,
    stats::Stats,
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
pub fn begin(platform: &dyn Platform, common: &Common, strategy: &Strategy) -> Result<Begun, Failure> {
    let strategy = chosen(strategy, common)?;
    forgetting::finish(platform, common)?;
    match current::read(platform, common)? {
        Current::Fresh(run, _) => return joined(platform, &run),
        Current::Newer(run, _) => return Err(current::is_newer(&run)),
        _ => {}
    }
    let begun = lease::hold(platform, |lease| {
        let now = platform.now_ms();
        let mut notes = Vec::new();
        let (version, mut ops, before) = match current::read(platform, common)? {
            // Somebody else was faster.
            Current::Fresh(run, _) => return joined(platform, &run),
            Current::Newer(run, _) => return Err(current::is_newer(&run)),
            Current::Outdated(run, version) => {
                let mut ops = current::give_up(platform, common, &run)?;
                ops.extend(current::keep_wait(&run, now));
                (Some(version), ops, Some(run))
            }
            Current::Unreadable(version) => {
                platform.log(Level::Warn, "a run that is damaged is given up", &[]);
                // It has no name under which a report could stand.
                notes.push(
                    (
                        "上一次未完成的同步已损坏、无法读取，已放弃",
                        "the unfinished run before was damaged, could not be read, and was given up",
                    )
                        .into(),
                );
                (Some(version), Vec::new(), None)
            }
            Current::None => (None, Vec::new(), None),
        };
        let pending_wait = current::inherited_wait(platform, common, before.as_deref())?;
        let mut random = [0; 8];
        platform.random(&mut random);
        let id = format!("{now:012x}-{:016x}", u64::from_be_bytes(random));
        platform.log(Level::Info, "a sync begins", &[("run", &id)]);
        let run = Run {
            basis: current::basis(common),
            strategy,
            began_after: head::read_for(platform, common)?.0.last_change,
            pending_wait,
            notes,
            ..Run::new(id, now, PARALLELISM)
        };
        ops.push(store::put(key::RUN, &run));
        current::write(platform, lease, version, &ops)?;
        Ok(Begun { progress: run.progress(0), joined: false })
    })?;
    // What those before left behind, which were given up here or killed while they cleared up.
    scratch::sweep(platform);
    Ok(begun)
}

fn joined(platform: &dyn Platform, run: &Run) -> Result<Begun, Failure> {
    let stats = Stats::load(platform, &run.id)?;
    Ok(Begun { progress: run.progress(stats.vendor_calls()), joined: true })
}

/// How members are to be fetched: as somebody asks, else as the configuration says.
fn chosen(asked: &Strategy, common: &Common) -> Result<Strategy, Failure> {
    match asked {
        Strategy::Automatic => Ok(common.strategy.clone()),
        Strategy::Walk | Strategy::Export => Ok(asked.clone()),
        Strategy::Other(name) => Err(invalid_argument! { "strategy":
        "未知的同步方式 {name:?}：可选 automatic、walk、export",
            "unknown strategy {name:?}: expected automatic, walk or export" }),
    }
}
