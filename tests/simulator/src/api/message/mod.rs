//! Messages of apps (docs 90236, 94867, 94888): sent, recalled, and their cards changed.

mod card;
mod content;
mod recall;
mod recipients;
mod send;
mod text;
mod translation;
mod update;

pub(super) use recall::recall;
pub(super) use send::send;
pub(super) use update::update;
