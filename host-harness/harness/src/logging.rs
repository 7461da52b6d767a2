//! The log of host and component, on standard error. Standard output belongs to the answer.

use tracing::{Level, subscriber::set_global_default};
use tracing_subscriber::{filter::Targets, layer::SubscriberExt as _};

/// What the crates of this program log, from this level on.
fn ours(level: Level) -> Targets {
    let crates = [
        "org_harness",
        "organisation_conform",
        "organisation_egress",
        "organisation_fleet",
        "organisation_host",
        "organisation_storage",
    ];
    Targets::new().with_targets(crates.map(|name| (name, level)))
}

/// Begins to log. Without `-v` only what the host warns of, and that it is over: what a component logs, and calls that gave no answer, show
/// in the answer itself.
pub fn begin(verbose: u8) {
    let levels = match verbose {
        0 => ours(Level::WARN)
            .with_target("organisation_host::call", Level::ERROR)
            // That what did not work does so again is said to whom the warning was said.
            .with_target("organisation_fleet::syncs::trouble", Level::INFO)
            .with_target("element", Level::ERROR),
        1 => ours(Level::INFO).with_target("element", Level::INFO),
        _ => Targets::new().with_default(Level::DEBUG),
    };
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(false);
    // Fails only when there is a log already, and nobody else begins one.
    let _ = set_global_default(tracing_subscriber::registry().with(lines).with(levels));
}
