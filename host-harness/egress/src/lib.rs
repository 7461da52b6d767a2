//! The HTTP that a host lends to sandboxed components.
//!
//! A component has no sockets. It hands a [`Request`] to an [`Outbound`], which belongs to one call of one tenant and
//! takes it through these steps:
//!
//! 1. the [`Budget`] of the call is charged;
//! 2. the [`Policy`] turns it into a [`Checked`] request or refuses it: allow-list, addresses, headers;
//! 3. it waits for one of the call's parallel places;
//! 4. the [`Hook`]s see it: record, replay, fakes, faults;
//! 5. [`Secrets`] are filled in, and redacted in the answer;
//! 6. the connector resolves the name, refuses addresses that the policy does not admit, and connects to a checked
//!    address only; or a kept connection that went through the same check is used again. Look-ups and connections have
//!    [permits](NetworkLimits), for each tenant and for all;
//! 7. the answer is read, decompressed and capped while reading, with permits for its bytes until the component has it;
//! 8. an [`ExchangeRecord`] is noted for the report of the call.
//!
//! # Through a proxy
//!
//! A [`Policy`] may have a [`Proxy`]. All of the above then holds for the real destination, with one difference, and the
//! same holds for the proxy: the operator must have written that very host, its address is checked, and connected to as
//! checked. The difference is the address of the destination. **The proxy resolves its name**, so this host cannot see
//! whether it leads to a private address: whoever writes a proxy into the allow-list trusts the proxy to keep tenants
//! from what lies behind it. (Addresses written as the host are still refused here.) Destinations on this machine never
//! go through a proxy, for which they would be its own.
//!
//! `https` goes through a tunnel, in which the proxy sees the name and nothing else; plain `http`, which the operator has
//! to write out, is read by the proxy. What fails on the proxy's side is [`HttpFailure::Proxy`].
//!
//! Each file holds one of these nouns. [`Egress`] is what all calls of a process share: TLS configuration, resolver
//! and the connections kept alive.

mod address;
mod allow_list;
mod answer;
mod batch;
mod budget;
mod cause;
mod client;
mod connector;
mod deadline;
mod destination;
mod error;
mod exchange;
pub mod header_rules;
mod hook;
mod options;
mod parse;
mod permits;
mod policy;
mod proxy;
mod redact;
mod request;
mod resolver;
mod response;
mod secrets;
mod socket;
mod tls;
mod transport;
mod tunnel;

pub use address::AddressClass;
pub use allow_list::{AllowEntry, AllowEntryError, AllowList};
pub use batch::MAX_BATCH;
pub use budget::{Budget, BudgetLimits, DEFAULT_LARGEST_RESPONSE, Remaining};
pub use client::{Egress, Outbound};
pub use destination::{Destination, DestinationError, Scheme};
pub use error::{BROKEN_ANSWER, EgressError, HttpError, HttpFailure, INVALID_REQUEST};
pub use exchange::{ExchangeOutcome, ExchangeRecord, MAX_EXCHANGES, Traffic};
pub use hook::{Hook, Next};
pub use options::EgressOptions;
pub use parse::{UrlError, read_url};
pub use permits::{NetworkLimits, PermitLimits};
pub use policy::{Checked, MAX_BODY_BYTES, MAX_URL_BYTES, OperatorList, Policy, Sizes};
pub use proxy::Proxy;
pub use redact::{redacted, redacted_url};
pub use request::{Body, BodyKind, DEFAULT_TIMEOUT_MS, Request};
pub use resolver::{Resolver, SystemResolver};
pub use response::Response;
pub use secrets::{Outgoing, Secrets};
pub use tls::TrustedRoots;
