//! That WeCom reaches a route, for `check-connection`: no API tells.
//!
//! `observed/callback/<route>` holds when it was seen last, at most an hour ago while deliveries come, and with which token and
//! key: of others it says nothing.

use organisation_kit::{failure::Failure, fingerprint, platform::Platform, store};
use serde::{Deserialize, Serialize};

use crate::config::Callback;

/// A note is not renewed before: deliveries side by side would wait for one another.
const RENEWED_MS: u64 = 60 * 60 * 1_000;

#[derive(Serialize, Deserialize)]
struct Reached {
    /// Milliseconds since 1970.
    at: u64,
    of: String,
}

/// Takes note that a request of WeCom has come.
///
/// # Errors
/// Where the store fails.
pub(crate) fn note(platform: &dyn Platform, route: &str, callback: &Callback) -> Result<(), Failure> {
    let now = platform.now_ms();
    if at(platform, route, callback)?.is_none_or(|at| now.abs_diff(at) >= RENEWED_MS) {
        platform.apply(&[store::put(key(route), &Reached { at: now, of: of(callback) })])?;
    }
    Ok(())
}

/// When WeCom was seen on a route, in milliseconds since 1970; nothing where it was not yet.
///
/// # Errors
/// Where the store fails.
pub(crate) fn at(platform: &dyn Platform, route: &str, callback: &Callback) -> Result<Option<u64>, Failure> {
    // What cannot be read is only a note, and is written anew.
    let stored = store::get_text(platform, &key(route))?.and_then(|entry| serde_json::from_str(&entry.value).ok());
    Ok(stored.filter(|reached: &Reached| reached.of == of(callback)).map(|reached| reached.at))
}

fn key(route: &str) -> String {
    format!("observed/callback/{route}")
}

fn of(callback: &Callback) -> String {
    fingerprint::of(&["callback-of", callback.token.expose(), callback.key.text()])
}
