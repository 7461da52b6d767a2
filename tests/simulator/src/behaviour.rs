//! How the simulated platform behaves where the documentation leaves a choice, and how fast and how strictly.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use crate::quirks::Quirks;

/// What `id=1` answers when the root is out of range (fact sheet section 13, point 3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HiddenRoot {
    /// 60011.
    #[default]
    Refused,
    /// An empty list, as some corps report.
    EmptyList,
}

/// Choices between observed behaviours; each default is the one the fact sheet assumes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Switches {
    /// `gettoken` answers the same token while it is valid (true).
    pub same_token: bool,
    /// `expires_in` of a repeated `gettoken` is what remains, instead of the full 7200 (false).
    pub remaining_lifetime: bool,
    /// Code for an expired token: 42001 or 40014.
    pub expired_token: i64,
    /// Code for a login code used twice: 40029 or 42022.
    pub used_code: i64,
    /// Code for an expired login code: 40029 or 42003.
    pub expired_code: i64,
    /// Code of `agent/get` for another app: 301002 or 60011.
    pub foreign_agent: i64,
    /// Code of `user/get` for a member out of range: 60111 or 60011.
    pub hidden_member: i64,
    /// Answer to `id=1` when the root is out of range.
    pub hidden_root: HiddenRoot,
    /// `fetch_child=1` is honoured by `user/list` and `user/simplelist` (false).
    pub fetch_child: bool,
    /// The contact-sync secret calls from an address that is subject to the limits of August 2022 (true).
    pub new_sync_address: bool,
    /// A malformed body is answered with errcode 0 and a warning, and nothing is done (false: 40058).
    pub lenient_json: bool,
    /// `auth/getuserdetail` answers 92001 when the app has no sensitive-field grant (false: fields are missing).
    pub refuse_ungranted_detail: bool,
    /// The in-app page insists on a `wxwork` user agent (true).
    pub client_required: bool,
    /// `login_type` must be given (false).
    pub login_type_required: bool,
    /// Wrong secrets within an hour from one address until it is blocked for an hour; `None` never blocks.
    pub wrong_secrets_allowed: Option<u32>,
    /// Largest number of members `user/list` and `user/simplelist` answer; above it 45029. `None` has no limit.
    pub largest_list: Option<usize>,
    /// The address the platform believes the caller to have, instead of the real one.
    pub seen_address: Option<String>,
    /// The domain addresses of `get_api_domain_ip` and `getcallbackip`.
    pub platform_addresses: Vec<String>,
}

impl Default for Switches {
    fn default() -> Self {
        Self {
            same_token: true,
            remaining_lifetime: false,
            expired_token: 42001,
            used_code: 40029,
            expired_code: 40029,
            foreign_agent: 301002,
            hidden_member: 60111,
            hidden_root: HiddenRoot::Refused,
            fetch_child: false,
            new_sync_address: true,
            lenient_json: false,
            refuse_ungranted_detail: false,
            client_required: true,
            login_type_required: false,
            wrong_secrets_allowed: Some(10),
            largest_list: None,
            seen_address: None,
            platform_addresses: ["198.51.100.10", "198.51.100.*", "203.0.113.0/28"].map(str::to_owned).to_vec(),
        }
    }
}

/// At most so many calls of one API in a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Calls admitted in one window.
    pub calls: u64,
    /// Length of the window, and of the block that follows an excess.
    pub window: Duration,
}

impl Rate {
    /// `calls` a minute.
    pub const fn per_minute(calls: u64) -> Self {
        Self { calls, window: Duration::from_secs(60) }
    }

    /// `calls` an hour.
    pub const fn per_hour(calls: u64) -> Self {
        Self { calls, window: Duration::from_secs(3600) }
    }
}

/// Rate and concurrency limits (fact sheet section 10.7), of every API below `/cgi-bin/`; downloads of exported files have
/// none. Empty lists mean no limit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// For each API, over all callers of the corp.
    pub per_corp: Vec<Rate>,
    /// For each API and caller address.
    pub per_address: Vec<Rate>,
    /// Calls of one API at a time; above it 45033.
    pub concurrency: Option<u32>,
    /// Exceptions to `concurrency`, by API (`user/list`).
    pub concurrency_of: HashMap<String, u32>,
    /// A narrower limit of each API of approvals, for the whole corp.
    pub approvals: Option<Rate>,
}

impl Limits {
    /// The published figures of 2023-08-28. The platform publishes none for concurrency.
    pub fn published() -> Self {
        Self {
            per_corp: vec![Rate::per_minute(10_000), Rate::per_hour(150_000)],
            per_address: vec![Rate::per_minute(20_000), Rate::per_hour(600_000)],
            approvals: Some(Rate::per_minute(600)),
            ..Self::default()
        }
    }
}

/// How the asynchronous export works (fact sheet section 4.4). A job keeps what was set when it was submitted; only
/// `ranges` counts when a file is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exports {
    /// Simulated time a job takes: queued for the first half of it, running for the second (zero). A job whose files are
    /// not written yet in real time is running all the same.
    pub duration: Duration,
    /// Jobs end as failed (false).
    pub fail: bool,
    /// Everything comes in one file, whatever `block_size` says (false).
    pub ignore_block_size: bool,
    /// The smallest `block_size` in place of the documented 10,000, and at the same time the number of items that every
    /// file really holds, so that small organisations have several files.
    pub smallest_block: Option<u64>,
    /// Rows of departments lack `department_leader`, as in the documented example (false).
    pub leaderless_departments: bool,
    /// Files hold the base64 text of the cipher text, whose size and digest are told (false; section 13, point 14).
    pub base64_files: bool,
    /// A `Range` is honoured (true); else the whole file is answered.
    pub ranges: bool,
    /// Base address of the files, such as `http://localhost:8080`, in place of the simulator's own.
    pub download_base: Option<String>,
    /// The digests told are wrong (false).
    pub wrong_md5: bool,
    /// `export/get_result` answers 40089 once the files have expired; else it goes on listing them (false).
    pub purged_when_expired: bool,
}

impl Default for Exports {
    fn default() -> Self {
        Self {
            duration: Duration::ZERO,
            fail: false,
            ignore_block_size: false,
            smallest_block: None,
            leaderless_departments: false,
            base64_files: false,
            ranges: true,
            download_base: None,
            wrong_md5: false,
            purged_when_expired: false,
        }
    }
}

/// How much apps may write, and to whom (fact sheet section 5.7).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Messaging {
    /// Size of the corp's account: an app reaches 200 times as many recipients a day, then 45009 (1,000).
    pub account_limit: u64,
    /// Messages of one app that one member gets in a minute; more are dropped in silence (30).
    pub per_minute: usize,
    /// The same in an hour (1,000).
    pub per_hour: usize,
    /// Members without a licence, ids in lower case: listed as `unlicenseduser` (none).
    pub unlicensed: BTreeSet<String>,
}

impl Default for Messaging {
    fn default() -> Self {
        Self { account_limit: 1000, per_minute: 30, per_hour: 1000, unlicensed: BTreeSet::new() }
    }
}

/// How callbacks are delivered (fact sheet section 7).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Callbacks {
    /// JSON in place of XML, inside and outside (false).
    pub json: bool,
    /// Texts are CDATA sections; else they are escaped (true).
    pub cdata: bool,
    /// Real time for a whole answer to a delivery (5 s).
    pub timeout: Duration,
    /// Real time for a whole answer to the check of an address (1 s).
    pub check_timeout: Duration,
    /// `Encrypt` stands before `AgentID`, as in the vendor's sample (false).
    pub encrypt_first: bool,
    /// A further attempt has a time and nonce of its own (false).
    pub fresh_signatures: bool,
    /// How often each event is delivered beyond once (0).
    pub duplicates: u32,
    /// The contact-sync address was saved before August 2022: events carry fields, and tell of every change (false).
    pub full_contact_events: bool,
    /// A new member is told by `create_user` and twice the same `update_user`, in one second (false).
    pub three_on_create: bool,
    /// Replies to `template_card_event` take effect (false; section 13, point 12).
    pub card_event_replies: bool,
}

impl Default for Callbacks {
    fn default() -> Self {
        Self {
            json: false,
            cdata: true,
            timeout: Duration::from_secs(5),
            check_timeout: Duration::from_secs(1),
            encrypt_first: false,
            fresh_signatures: false,
            duplicates: 0,
            full_contact_events: false,
            three_on_create: false,
            card_event_replies: false,
        }
    }
}

/// How the approvals app behaves (fact sheet section 6).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ApprovalSwitches {
    /// The approvals app is switched off: 301056 (false).
    pub disabled: bool,
    /// `oa/getapprovalinfo` answers 301112 for a window that holds more requests than this (none).
    pub densest_window: Option<usize>,
    /// `sp_record` and `notifyer` are single objects where they hold one, as they once were (false).
    pub single_objects: bool,
}

/// Everything about the platform that is not the organisation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Behaviour {
    /// Shapes of answers.
    pub quirks: Quirks,
    /// Choices where the documentation is silent.
    pub switches: Switches,
    /// Rate and concurrency limits; off by default.
    pub limits: Limits,
    /// The asynchronous export.
    pub exports: Exports,
    /// Messages.
    pub messaging: Messaging,
    /// Callbacks.
    pub callbacks: Callbacks,
    /// Approvals.
    pub approvals: ApprovalSwitches,
    /// Real time that every API call takes before it is worked on.
    pub latency: Duration,
}
