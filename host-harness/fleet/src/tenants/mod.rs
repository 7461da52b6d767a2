//! The tenants of a host: who they are, what they were granted, and taking up changes while the host runs.
//!
//! An operator declares tenants in a JSON file of one machine or, for several hosts, in the shared database
//! ([`StoredTenants`]). A [`Registry`] reads the declarations strictly, makes an [`Element`](organisation_host::Element) for each
//! tenant, and reloads on demand: what did not change keeps running with all that it has learnt, what cannot be taken up
//! leaves the former in place and says why.
//!
//! ```json
//! {
//!   "tenants": [
//!     {
//!       "name": "acme",
//!       "element": "elements/acme",
//!       "component": { "file": "wecom.wasm", "sha256": "9f86d081…" },
//!       "grants": { "variables": ["ACME_SECRET"], "hosts": ["files.example.com"] },
//!       "limits": { "cpu_ms": 5000 },
//!       "quota": { "total_bytes": 1073741824 },
//!       "share": { "weight": 2, "parallel_calls": 16 },
//!       "sync": { "every": "1h" },
//!       "sign_in": { "role_required": true }
//!     }
//!   ]
//! }
//! ```
//!
//! | Key | Meaning, and what holds without it |
//! |---|---|
//! | `name` | the tenant, as it stands in addresses and in the storage; needed |
//! | `element` | an element folder, or `{"name": …, "configuration": { … }}`; needed |
//! | `component` | a file, and the SHA-256 that it must have; else the component built with the host |
//! | `grants.variables` | environment variables that `{{NAME}}` in this tenant's configuration may use; else none |
//! | `grants.hosts` | written into its allow-list; public https hosts that its configuration needs are admitted anyway, unless `grants.only_these_hosts` is true |
//! | `grants.only_these_hosts` | whether nothing but `grants.hosts` is admitted; else false. Needed where `component` has no SHA-256: what comes to lie in the file says which hosts its configuration needs |
//! | `grants.configuration` | whether administrators may replace the configuration in the console, where it stands in a declaration in the database; else false |
//! | `limits` | some of [`Limits`](organisation_host::Limits), by name |
//! | `quota` | some of [`Quota`](organisation_host::storage::Quota), by name |
//! | `share` | its weight beside other tenants, and its calls at a time ([`Concurrency`](organisation_host::Concurrency)); else weight 1 and 16 calls at a time |
//! | `sync.every` | a period such as `15m`; else nothing is synchronised by itself |
//! | `sign_in.role_required` | whether a member without a role is refused; else nobody is |
//! | `sign_in.homepage` | whether a sign-in that did not begin at the host is admitted, as from a home page address with a constant state (the element's own configuration may refuse it as well); else it is refused, since a link could sign somebody in as somebody else |
//! | `api_keys` | keys by which the tenant's platform speaks to the host: `[{"name": …, "sha256": …, "scopes": ["messages", "approvals", "events", "roles", "pages"]}]`; else none |

mod api_keys;
mod components;
mod configuration;
mod declaration;
mod fields;
mod loads;
mod registry;
mod sign_in;
mod source;
mod stored;

pub use api_keys::{ApiKey, ApiKeys, ApiScope, KEY_PREFIX, new_api_key};
pub use configuration::StoredConfiguration;
pub use declaration::{Declaration, PARALLEL_CALLS_OF_A_TENANT, Pin, SHORTEST_PERIOD};
pub use fields::DeclarationProblem;
pub use registry::{Changes, Registry, Tenant};
pub use sign_in::SignIn;
pub use source::{MAX_REGISTRY_BYTES, Source, SourceError, declarations_of_file};
pub use stored::{StoreError, StoredTenants};
