//! The HTTP lent to components, against real sockets on loopback: what comes back, what is refused, what is counted.
//!
//! The server is written by hand on TCP, because half of the cases are answers that no server library would send.

#![allow(clippy::unwrap_used, reason = "the exemption for tests does not reach the helpers beside them")]

#[path = "egress/addresses.rs"]
mod addresses;
#[path = "egress/answers.rs"]
mod answers;
#[path = "egress/batches.rs"]
mod batches;
#[path = "egress/failures.rs"]
mod failures;
#[path = "egress/hooks.rs"]
mod hooks;
#[path = "egress/permits.rs"]
mod permits;
#[path = "egress/proxy.rs"]
mod proxy;
#[path = "egress/server.rs"]
mod server;
#[path = "egress/support.rs"]
mod support;
#[path = "egress/tls.rs"]
mod tls;
