//! Periodic synchronisation of many tenants by many hosts.
//!
//! Every host runs a [`Scheduler`] over the same store. Who is next is decided there and nowhere else: a tenant is due when
//! it has no *turn* in the store. A host that claims the turn writes it with a short time to live and renews it while it
//! works; when it is done, the turn stays for as long as the tenant rests. So one key says both "somebody works" and "not
//! yet", all times follow the store's clock, and a host that dies needs nobody to notice: its turns expire, and whoever
//! looks next goes on with the run where it was.
//!
//! That nothing is done twice rests on two checks: a claim needs the absence of the turn, and renewing or ending it needs
//! the version that was written last. A host that was stopped for longer than a lease finds its turn gone, drops what it
//! does, and is kept from writing by the run's own lease in the component. One gap is left, of some milliseconds: a host that
//! dies after a run's last write and before it has ended the turn leaves a complete run of which nobody knows, and the next
//! host begins another, which finds nothing to change.
//!
//! A tenant that is *declared anew* (another period, configuration, component, anything) does not rest as the former one
//! did. Each turn says by a fingerprint what the tenant was made of. A host that takes up a change, or starts, ends the
//! rest of a tenant that it knows otherwise; and that once, not whenever it sees such a rest, so that hosts which do not know
//! the same (one has not yet reloaded, or has other variables in its environment) never end each other's rests in turn. A
//! host that has not reloaded may still come first and work for the tenant as it was; when it has reloaded, it ends the rest
//! after that, too. In the fingerprint are what was declared, word for word, the digest of the component, and the
//! configuration as it was filled in, but no path of a file or folder beyond what the declaration says: where a change has
//! not reached all hosts, a tenant is synchronised once more for each that takes it up, never more often.
//!
//! A tenant that is *no longer declared* in the shared database is not worked for, whatever a host that has not reloaded
//! knows: the declaration is looked for before a claim, and again after it, since the turn may be free because the tenant has
//! just been removed. So nothing of a tenant who is gone need stay in the store to keep hosts from it.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use std::sync::Arc;
//! use host_harness::{Host, storage, syncs::{Scheduler, SyncOptions}, tenants::{Registry, Source}};
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
//! let scheduler = Scheduler::new(Arc::new(registry), store, SyncOptions::new("host-1"))?;
//! scheduler.run(async { tokio::signal::ctrl_c().await.unwrap_or_default() }).await;
//! # Ok(())
//! # }
//! ```
//!
//! | File | What it holds |
//! |---|---|
//! | `declared` | which tenants are declared anew |
//! | `ended` | how a turn ends, and how long the tenant rests then |
//! | `ledger` | turns in the store |
//! | `work` | one turn: calls of `directory.sync` |
//! | `scheduler` | the loop of a host |

mod declared;
mod ended;
mod ledger;
mod scheduler;
mod work;

pub use ended::Ended;
pub(crate) use ledger::forget;
pub use scheduler::{Scheduler, SyncOptions};
