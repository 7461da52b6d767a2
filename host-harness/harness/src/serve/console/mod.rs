//! The administrator's console of a tenant: `/t/TENANT/admin`. Pages for people; programs have `/t/TENANT/api`.
//!
//! | File | What it holds |
//! |---|---|
//! | `bootstrap` | the token of the first start, by which the first administrator is named |
//! | `access` | who may open a page, and who may change something |
//! | `asked` | what a request says |
//! | `failure` | what a page shows that cannot be shown |
//! | `pages` | every page, a row each |
//! | `overview`, `members`, `member`, `departments`, `sync`, `plan`, `roles`, `trail`, `feed`, `messages`, `events`, `setup`, `approvals`, `approval`, `calls`, `tenants` | the pages |
//! | `configuration`, `configuration_form`, `configuration_store`, `typed`, `generated` | the form of the configuration, and what becomes of it |
//! | `approval_status` | what requests and decisions are called |
//! | `message_form` | kinds of messages, and the fields of each |
//! | `names` | what departments are called |
//! | `masked` | mobile numbers and addresses, as far as they are shown unasked |
//! | `running`, `live` | runs that somebody started from a page, and their progress as it happens |

mod access;
mod approval;
mod approval_status;
mod approvals;
mod asked;
mod bootstrap;
mod calls;
mod configuration;
mod configuration_form;
mod configuration_store;
mod departments;
mod events;
mod failure;
mod feed;
mod generated;
mod live;
mod masked;
mod member;
mod members;
mod message_form;
mod messages;
mod names;
mod overview;
mod pages;
mod plan;
mod roles;
mod running;
mod setup;
mod sync;
mod tenants;
mod trail;
mod typed;

pub use bootstrap::Bootstrap;
pub use names::Names;
pub use pages::router;
pub use running::Runs;
