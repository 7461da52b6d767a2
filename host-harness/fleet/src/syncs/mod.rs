//! Periodic synchronisation of many tenants by many hosts.
//!
//! Every host runs a [`SyncScheduler`] over the same store. Who is next is decided there and nowhere else: a tenant is due
//! when it has no *lease* in the store. A host that takes the lease writes it with a short time to live and renews it while it
//! works; when it is done, the lease stays for as long as the *cooldown* lasts. So one key says both "a host works" and "not
//! yet", all times follow the store's clock, and a host that dies needs nobody to notice: its leases expire, and whoever
//! looks next goes on with the run where it was.
//!
//! That nothing is done twice rests on two checks: taking a lease needs its absence, and renewing it or giving it back needs
//! the version that was written last. A host that was stopped for longer than the time to live finds its lease gone, drops
//! what it does, and is kept from writing by the run's own lease in the component. One gap is left, of some milliseconds: a
//! host that dies after a run's last write and before it has given the lease back leaves a complete run of which nobody knows,
//! and the next host begins another, which finds nothing to change.
//!
//! The cooldown of a tenant that is *declared anew* (another period, configuration, component, anything) is ended. Each lease
//! says by a fingerprint what the tenant was made of. A host that takes up a change, or starts, ends the cooldown of a tenant
//! that it knows otherwise; and that once, not whenever it sees such a cooldown, so that hosts which do not know the same (one
//! has not yet reloaded, or has other variables in its environment) never end each other's cooldowns in turn. A host that has
//! not reloaded may still come first and work for the tenant as it was; when it has reloaded, it ends the cooldown after that,
//! too. In the fingerprint are what was declared, word for word, the digest of the component, and the configuration as it was
//! filled in, but no path of a file or folder beyond what the declaration says: where a change has not reached all hosts, a
//! tenant is synchronised once more for each that takes it up, never more often.
//!
//! A tenant that is *no longer declared* in the shared database is not worked for, whatever a host that has not reloaded
//! knows: the declaration is looked for before a lease is taken, and again after it, since the lease may be free because the
//! tenant has just been removed. So nothing of a tenant who is gone need stay in the store to keep hosts from it.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use std::sync::Arc;
//! use organisation_fleet::{syncs::{SyncOptions, SyncScheduler}, tenants::{Registry, Source}};
//! use organisation_host::{Host, storage};
//!
//! let host = Host::builder().build()?;
//! let options = storage::Options::default();
//! let quotas = options.quotas.clone();
//! let store = storage::open("sqlite:/var/lib/org/org.db", options).await?;
//! let source = Source::File("tenants.json".into());
//! let (registry, changes) = Registry::open(host, Arc::clone(&store), quotas, source).await?;
//! for (tenant, why) in &changes.unusable {
//!     eprintln!("{tenant} is not served: {why}");
//! }
//! let scheduler = SyncScheduler::new(Arc::new(registry), store, SyncOptions::new("host-1"))?;
//! scheduler.run(async { tokio::signal::ctrl_c().await.unwrap_or_default() }).await;
//! # Ok(())
//! # }
//! ```
//!
//! | File | What it holds |
//! |---|---|
//! | `declared` | which tenants are declared anew |
//! | `outcome` | how a periodic sync ends, and the cooldown or back-off after it |
//! | `lease_store` | leases and failure counts in the store |
//! | `trouble` | when syncs stop working, and when the log says so |
//! | `work` | one periodic sync: calls of `directory.advance` under a lease |
//! | `scheduler` | the loop of a host |

mod declared;
mod lease_store;
mod outcome;
mod scheduler;
mod trouble;
mod work;

pub(crate) use lease_store::forget;
pub use lease_store::troubled;
pub use outcome::SyncOutcome;
pub use scheduler::{SyncOptions, SyncScheduler};
