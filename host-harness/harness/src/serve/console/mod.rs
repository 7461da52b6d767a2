//! The administrator's console of a tenant: `/t/TENANT/admin`. Pages for people; programs have `/t/TENANT/api`.
//!
//! | File | What it holds |
//! |---|---|
//! | `bootstrap` | the token of the first start, by which the first administrator is named |
//! | `access` | who may open a page, and who may change something |
//! | `asked` | what a request says |
//! | `failure` | what a page shows that cannot be shown |
//! | `pages` | every page, a row each |
//! | `overview`, `members`, `member`, `departments`, `sync`, `plan`, `roles`, `trail`, `feed`, `messages`, `events`, `setup` | the pages |
//! | `names` | what departments are called |
//! | `masked` | mobile numbers and addresses, as far as they are shown unasked |
//! | `running` | runs that somebody started from a page |

mod access;
mod asked;
mod bootstrap;
mod departments;
mod events;
mod failure;
mod feed;
mod masked;
mod member;
mod members;
mod messages;
mod names;
mod overview;
mod pages;
mod plan;
mod roles;
mod running;
mod setup;
mod sync;
mod trail;

pub use bootstrap::Bootstrap;
pub use names::Names;
pub use pages::router;
pub use running::Runs;
