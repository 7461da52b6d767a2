//! A WeCom (企业微信) that runs on loopback: server API, sign-in pages, an administrator's console, faults and a clock
//! under control. It is written from the vendor's documentation, not from the element that is tested against it, and
//! shares no types with it, so that one cannot hide the other's mistake. Comments that say "fact sheet section" mean
//! the project's digest of that documentation; "doc" and a number name a page of developer.work.weixin.qq.com.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use wecom_simulator::{Browser, Choice, DEMO_AGENT_ID, Effect, Fault, Setup, Simulator, When, demo};
//!
//! let simulator = Simulator::start(Setup::new(demo())).await?;
//! let control = simulator.control();
//! control.change(|corp| corp.move_member("lisi", 4))?; // out of the app's range
//! control.inject(Fault::of("user/list", When::Nth(2), Effect::Code(45009)));
//! assert!(!control.truth(DEMO_AGENT_ID)?.members.contains_key("lisi"));
//!
//! let login = format!(
//!     "{}/wwlogin/sso/login?login_type=CorpApp&appid=ww21c67da6767865c2&agentid=1000073\
//!      &redirect_uri=https%3A%2F%2Fapp.example.com%2Fcallback&state=S",
//!     simulator.base_url()
//! );
//! let target = Browser::desktop().sign_in(&login, &Choice::Member("wangwu".into())).await?;
//! assert!(target.starts_with("https://app.example.com/callback?code="));
//! # Ok(())
//! # }
//! ```
//!
//! # What is where
//!
//! * [`Corp`] is the organisation: plain data whose methods keep its rules. [`demo()`] is a small constant one,
//!   [`Generator`] makes any size and shape from a seed.
//! * [`Simulator`] serves it; [`Control`] reads and changes it while it runs: organisation, clock, tokens, faults, log.
//! * [`Truth`] is what a complete synchronisation of an app must end with.
//! * [`Behaviour`] holds what the documentation leaves open: [`Quirks`] of shapes, [`Switches`] between observed
//!   behaviours, [`Exports`], [`Limits`], [`Messaging`], [`Callbacks`], [`ApprovalSwitches`].
//! * [`Browser`] goes through the sign-in pages as a person would.
//!
//! # What it serves
//!
//! One address serves all three bases of a client: the API (`/cgi-bin/…`), browser sign-in ([`LOGIN_PATH`], and the older
//! [`LEGACY_LOGIN_PATH`]) and in-app sign-in ([`OAUTH_PATH`]).
//!
//! Which paths of the API there are, and how much of each is emulated, says [`routes`]. Every other path answers HTTP 404
//! with an empty body, as the platform does for a path it does not know.
//!
//! Exported files are read without a token from addresses of their own (`/export/….bin`), which `export/get_result`
//! names. Faults and counters know these reads as `download`.
//!
//! Each call is judged in one fixed order: path, token present, known, unexpired, app enabled, caller's address trusted,
//! faults and limits, kind of secret, verb and JSON, parameters, visibility.
//!
//! # What members and apps do to each other
//!
//! * Messages land in [`Control::inbox`]; a member answers a card by [`Control::press`].
//! * Events are delivered to addresses saved by [`Control::save_callback`]: in the background after whatever causes them,
//!   or at once by [`Control::deliver`]. [`Control::deliveries`] is the log. Changes of the organisation made through
//!   [`Control::change`] tell apps who entered or left their range, and the contact-sync assistant what changed.
//! * Requests for approval come from the API or from [`Control::submit_approval`]; people [`Control::decide`].
//!
//! # Playing by hand
//!
//! `/console` is for a person: the company, the phones of its members, and a workbench. The same actions are JSON (or form)
//! posts, so a second terminal can play:
//!
//! ```text
//! curl -d '{"id":"lisi","department":4}'                     http://127.0.0.1:PORT/sim/move-member
//! curl -d '{"app":1000073,"addresses":"203.0.113.7"}'        http://127.0.0.1:PORT/sim/trust-addresses
//! curl -d '{"effect":"code","value":45009,"api":"user/list","calls":1}' http://127.0.0.1:PORT/sim/inject-fault
//! curl -d '{"seconds":7200}'                                 http://127.0.0.1:PORT/sim/advance-clock
//! curl http://127.0.0.1:PORT/sim/actions   # every action with its fields
//! curl -d '{"member":"lisi","app":1000073,"text":"hi"}'      http://127.0.0.1:PORT/sim/write
//! curl http://127.0.0.1:PORT/sim/state     # also: log, counts, truth?agentid=1000073, inbox?member=lisi, deliveries, …
//! ```
//!
//! A refused action answers HTTP 400 with `{"error": …}`. Nothing here is authenticated: it is for loopback.

mod api;
mod approval;
mod behaviour;
mod browser;
mod callback;
mod calls;
pub mod cipher;
mod clock;
mod console;
mod control;
pub mod corp;
mod credentials;
mod demo;
mod export;
mod faults;
mod file;
mod generator;
mod log;
mod message;
mod ownership;
mod pages;
mod quirks;
mod rates;
mod routes;
mod secret;
mod server;
mod setup;
mod snapshots;
mod tickets;
mod truth;
mod world;

pub use approval::{
    Approval, ApprovalNode, ApprovalStatus, Change, Comment, Decision, DeskError, LEAVE_TEMPLATE, NodeKind, NodeMember,
    OLD_TEMPLATE, OUT_TEMPLATE, PUNCH_TEMPLATE, PURCHASE_TEMPLATE, Relation, Template, TemplateFlow,
};
pub use behaviour::{ApprovalSwitches, Behaviour, Callbacks, Exports, HiddenRoot, Limits, Messaging, Rate, Switches};
pub use browser::{Browser, Choice, Page, SignInError};
pub use callback::{Attempt, CallbackError, Delivery, DeliveryId, Event, EventValue, Order, Receiver, Reply};
pub use calls::{Call, KEPT_CALLS};
pub use clock::{Clock, UnixMillis};
pub use control::{CardPress, CodeRequest, Control};
pub use corp::{Corp, CorpError};
pub use credentials::{CODE_LIFETIME, TICKET_LIFETIME, TOKEN_LIFETIME, Visitor};
pub use demo::{DEMO_AGENT_ID, DEMO_CORP_ID, DEMO_DOMAIN, DEMO_SECRET, DEMO_SYNC_SECRET, demo};
pub use export::{FILE_LIFETIME, KEPT_JOBS};
pub use faults::{ArmedFault, Effect, Fault, FaultId, When};
pub use file::FileError;
pub use generator::{Generator, Shape};
pub use log::{ApiCount, LOG_CAPACITY, LogEntry};
pub use message::{
    CardState, MEDIA_LIFETIME, MessageCounts, Press, PressError, RECALL_WINDOW, RESPONSE_CODE_LIFETIME, Received,
};
pub use ownership::OwnershipFile;
pub use pages::{LEGACY_LOGIN_PATH, LOGIN_PATH, OAUTH_PATH};
pub use quirks::{EmptyAttributes, ErrorText, Quirks, RestrictedFields};
pub use routes::{Emulation, Route, routes, routes_table};
pub use secret::Secret;
pub use server::{Simulator, StartError};
pub use setup::Setup;
pub use snapshots::SnapshotError;
pub use tickets::JS_TICKET_LIFETIME;
pub use truth::{TrueDepartment, TrueMember, TruePlace, TrueSensitive, Truth};
