//! Which field a message is about.

use organisation_kit::{contract::approvals::LocalisedText, failure::Failure};

use crate::approvals::template;

/// A field of the request, or a column in a row of one.
pub(super) struct FieldPlace {
    path: String,
    /// As people know it.
    title: String,
}

impl FieldPlace {
    /// A field.
    pub(super) fn of(id: &str, titles: &[LocalisedText]) -> Self {
        Self { path: format!("fields.{id}"), title: template::title(titles, id) }
    }

    /// What stands in it. Without titles it is called as the whole.
    pub(super) fn below(&self, step: &str, titles: Option<&[LocalisedText]>) -> Self {
        let title = titles.map_or_else(|| self.title.clone(), |titles| template::title(titles, step));
        Self { path: format!("{}.{step}", self.path), title }
    }

    /// A failure that names it.
    #[cold]
    #[inline(never)]
    pub(super) fn wrong(&self, zh: &str, en: &str) -> Failure {
        let Self { path, title } = self;
        let message = (format!("“{title}”（{path}）{zh}"), format!("{title:?} ({path}) {en}"));
        Failure::invalid_argument(path, message)
    }
}
