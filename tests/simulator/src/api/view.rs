//! What one caller sees of the organisation at one moment: enough to write records without the world and its lock.

use std::sync::Arc;

use super::answer::Refusal;
use crate::corp::{App, Corp, Visible};
use crate::credentials::Caller;
use crate::quirks::Quirks;

/// The organisation as it was, the caller with its range, and the shapes of that moment.
#[derive(Clone, Debug)]
pub(crate) struct View {
    pub(crate) corp: Arc<Corp>,
    pub(crate) range: Arc<Visible>,
    pub(crate) caller: Caller,
    pub(crate) quirks: Quirks,
}

impl View {
    /// The calling app.
    pub(crate) fn app(&self) -> Result<&App, Refusal> {
        match self.caller {
            Caller::App(id) => self.corp.app(id).ok_or(Refusal::from(40056)),
            Caller::ContactSync => Err(Refusal::from(48002)),
        }
    }
}
