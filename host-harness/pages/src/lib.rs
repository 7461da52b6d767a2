//! What the pages of all consoles share, so that the platform and the simulated vendor look and behave alike.
//!
//! ```
//! use maud::html;
//! use organisation_pages::{Language, Layout, Shell};
//!
//! let language = Language::English;
//! let page = Shell {
//!     title: language.pick("成员", "Members"),
//!     here: "/members",
//!     layout: Layout::Wide,
//!     ..Shell::new(language, language.pick("控制台", "Console"))
//! };
//! let html = page.render(&html! { p { "lisi" } }).into_string();
//! assert!(html.contains("<h1>Members</h1>") && html.contains("lang=\"en\""));
//! ```
//!
//! A server merges [`router`] into its own (`/assets/…` and `/language`), puts [`secured`] around it, and makes its pages with a
//! [`Shell`]. Pages hold no inline script and no inline style: the policy of [`secured`] refuses both.
//!
//! | File | What it holds |
//! |---|---|
//! | `asset` | style and script, each under an address that changes with its content |
//! | `language` | Chinese or English, as the browser prefers or the person has chosen |
//! | `shell` | the frame around every page |
//! | `security` | headers of every answer |
//! | `local_path` | addresses that stay on this server |

mod asset;
mod language;
mod local_path;
mod security;
mod shell;

use axum::{Router, routing::get};

pub use asset::{Asset, EVENTS, SCRIPT, STYLE};
pub use language::Language;
pub use local_path::local_path;
pub use security::secured;
pub use shell::{Layout, Link, Shell};

/// The addresses that the pages need: `/assets/NAME` and `/language`.
///
/// `base` is what stands before the paths of this server as browsers see them (empty, or `/PATH` behind a proxy that takes it
/// away).
pub fn router<S: Clone + Send + Sync + 'static>(base: &str) -> Router<S> {
    let base = base.to_owned();
    Router::new()
        .route("/assets/{name}", get(asset::serve))
        .route("/language", get(async move |query| language::choose(&base, query)))
}
