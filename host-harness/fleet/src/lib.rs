//! Many tenants on many hosts, over the library of one host.
//!
//! | Module | What it holds |
//! |---|---|
//! | [`tenants`] | a registry of tenants: what they were granted, reloaded while the host runs |
//! | [`syncs`] | periodic synchronisation of many tenants by many hosts |
//! | [`observe`] | reports, and metrics with the feature `metrics` |

pub mod observe;
pub mod syncs;
pub mod tenants;
