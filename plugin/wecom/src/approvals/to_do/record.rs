//! What is known of the cards of a request, as it is stored. Pure.
//!
//! | Key | Value |
//! |---|---|
//! | `to-do/<fingerprint of the number>` | [`ToDo`], sealed, for [`LIFE_MS`] from its last change on |

use organisation_kit::{config::Common, fingerprint};
use serde::{Deserialize, Serialize};

use crate::messaging::DROPS_REPETITIONS_MS;

/// How long a card can be updated (doc 94888), and so for how long it is remembered: 72 hours.
pub(super) const LIFE_MS: u64 = 72 * 60 * 60 * 1_000;
/// Open cards of a request at most, so that the record keeps well within a value of the storage.
pub(super) const MOST: usize = 100;

/// Of a request that somebody asked to have told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ToDo {
    /// Where the cards lead.
    pub(super) link: String,
    /// Those that are open: one that was updated is forgotten.
    pub(super) cards: Vec<Card>,
}

/// A card for one member: each has its own, since a response code is good once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Card {
    pub(super) member: String,
    /// Which node of the process it is about, from 0.
    pub(super) node: usize,
    /// Chance, the same in each repetition: WeCom drops what it took.
    pub(super) mark: String,
    /// When it was sent first.
    pub(super) at_ms: u64,
    pub(super) state: CardState,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum CardState {
    /// Sent; the answer is not known.
    Begun,
    /// Taken, with what its update needs where it can be updated.
    Told(Option<String>),
}

impl Card {
    /// Whether it has to be sent once more: its answer was lost, and WeCom still drops a repetition.
    pub(super) fn is_due(&self, now: u64) -> bool {
        self.state == CardState::Begun && now.abs_diff(self.at_ms) < DROPS_REPETITIONS_MS
    }

    /// Whether WeCom has forgotten it.
    pub(super) fn is_over(&self, now: u64) -> bool {
        now >= self.at_ms.saturating_add(LIFE_MS)
    }
}

/// Where the cards of a request stand. Apps of one organisation have response codes of their own.
pub(super) fn key(common: &Common, number: &str) -> String {
    let fingerprint = fingerprint::of(&["to-do", &common.organisation, &common.application, number]);
    format!("to-do/{fingerprint}")
}
