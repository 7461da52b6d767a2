//! Options and commands; those of a field have a file of their own.

pub mod administration;
pub mod approvals;
pub mod conform;
pub mod directory;
mod duration;
pub mod messaging;
mod reading;
pub mod vendor;

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum, builder::PossibleValuesParser};

use organisation_fleet::tenants::ApiScope;
use organisation_host::{Digest, recording::Recording};

use crate::{address, public_url::PublicUrl};
use duration::{duration, interval};
pub use reading::Refused;

/// The most changes and records that a component answers at once.
pub const LARGEST_PAGE: u32 = 200;

const EXIT_CODES: &str = "\
Exit status: 0 done; 1 the operation answered with an error; 2 usage or configuration; 3 a limit or trap stopped the component.
With --format json standard output is exactly one JSON document, also for errors:
{\"error\":{\"reason\",\"message\",\"hint\",\"vendor_code\"}}. Logs and reports go to standard error.";

/// Runs an organisation element: signs members in, and keeps a copy of departments and members in step.
#[derive(Debug, Parser)]
#[command(name = "org-harness", version, after_help = EXIT_CODES, arg_required_else_help = true)]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    /// Nothing with --replay alone.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// The name of the command.
    #[arg(skip)]
    pub name: String,
}

/// Options that every command takes, before or after its name.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Options of every command")]
pub struct Global {
    /// Element folder: e.json and a configuration named like the folder
    #[arg(long, global = true, value_name = "DIR")]
    pub element: Option<PathBuf>,
    /// Component file [default: the one built with this program]
    #[arg(long, global = true, value_name = "FILE")]
    pub component: Option<PathBuf>,
    /// Refuse every component but the one with this SHA-256, as inspect shows it
    #[arg(long, global = true, value_name = "sha256:HEX")]
    pub component_digest: Option<Digest>,
    /// Load components signed by this ed25519 public key only (the signature is in FILE.sig); repeatable
    #[arg(long, global = true, value_name = "FILE")]
    pub trusted_key: Vec<PathBuf>,
    /// memory:, sqlite:PATH or postgres://USER@HOST/DATABASE [default: a file in the user's data folder]. A password is
    /// better given in PGPASSWORD or ~/.pgpass
    #[arg(long, global = true, value_name = "URL")]
    pub storage: Option<String>,
    /// Environment variable with the key that seals secrets at rest: 32 random bytes in base64, the same on all hosts of a
    /// database [default: a file beside the SQLite file]
    #[arg(long, global = true, value_name = "NAME")]
    pub sealing_key: Option<String>,
    /// Whose element it is
    #[arg(long, global = true, value_name = "NAME", default_value = "default")]
    pub tenant: String,
    /// Admit HOST[:PORT] also at a private or loopback address, or http://HOST[:PORT]; repeatable. Public https hosts
    /// that the configuration needs are admitted anyway, its proxy only where it is written here
    #[arg(long, global = true, value_name = "HOST[:PORT]")]
    pub allow_host: Vec<String>,
    /// Grant an environment variable to {{NAME}} in the element's configuration; repeatable
    #[arg(long, global = true, value_name = "NAME")]
    pub env: Vec<String>,
    /// Write all that the component asks and is answered into this new file, without secrets and personal data, for a report
    /// of an error (docs/reporting.md)
    #[arg(long, global = true, value_name = "FILE")]
    pub record: Option<PathBuf>,
    /// Stop writing down at about this much memory; the command itself goes on
    #[arg(long, global = true, value_name = "MIB", default_value_t = Recording::MAX_BYTES >> 20, value_parser = record_mib, requires = "record")]
    pub record_mib: usize,
    /// Without a command: make the calls of such a file again, without any network or storage; exit as the recorded command did, or
    /// 1 at the first difference
    #[arg(long, global = true, value_name = "FILE", conflicts_with = "record")]
    pub replay: Option<PathBuf>,
    /// Where calls are written down until the command is over.
    #[arg(skip)]
    pub recording: Option<Recording>,
    /// How answers are printed
    #[arg(long, global = true, value_name = "FORMAT", default_value = "text")]
    pub format: Format,
    /// Print the report of every call on standard error, as JSON lines with --format json
    #[arg(long, global = true)]
    pub report: bool,
    /// Colours in text; auto heeds NO_COLOR and pipes
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub color: Color,
    /// Log more on standard error (-v, -vv)
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub verbose: u8,
}

/// Mebibytes of a recording.
fn record_mib(text: &str) -> Result<usize, String> {
    let mib = text.parse().ok().filter(|mib| (1..=4096).contains(mib));
    mib.ok_or_else(|| format!("{text:?} is no number of 1 to 4096"))
}

/// For people or for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    Text,
    Json,
}

/// When to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Color {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Say whether a component fits the contract, and what it imports and exports
    Inspect,
    /// Show what the element is and which configuration it takes
    Describe {
        /// zh or en
        #[arg(long, value_name = "LANG", default_value = "en")]
        locale: Locale,
    },
    /// Judge a configuration without any call; exit 2 when it is invalid
    Validate {
        /// A configuration document, - for standard input, as it stands [default: the element's, filled in]
        file: Option<PathBuf>,
    },
    /// Ask the vendor whether the configuration works; exit 1 when an aspect failed
    Check,
    /// Hold a component against the promises of the contract, sentence by sentence; exit 1 when one is broken, 2 when the
    /// configuration is not sound or the vendor is not there
    Conform(conform::Conform),
    /// Make the URL to which a browser is sent to sign in
    LoginUrl(LoginUrl),
    /// Make the URL to paste into the vendor's console as the app's home page
    HomepageUrl {
        /// The absolute address of the app, on a trusted host
        #[arg(value_parser = address::page)]
        target: String,
    },
    /// Turn the code and state of a redirect into an identity
    Exchange {
        #[arg(long)]
        code: String,
        #[arg(long)]
        state: String,
        /// What login-url was given
        #[arg(long, value_name = "HASH")]
        browser_binding: Option<String>,
    },
    /// Bring the local copy up to date, waiting as long as the vendor asks; --dry-run plans only, --history looks back
    Sync(Sync),
    /// Show what a planned or a blocked sync would change in the copy, without asking the vendor
    Plan {
        /// At most this many changes [default: all]
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
        limit: Option<u64>,
    },
    /// Give up a run that has written nothing yet; the next sync begins anew
    Abandon {
        /// As `sync`, `plan` and `overview` show it
        run: String,
    },
    /// End a run that has begun to write and cannot be carried through; the next sync writes the rest
    Repair {
        /// As `sync` and `overview` show it
        run: String,
    },
    /// Forget the copy, its feed and its runs, for another organisation or a fresh start. Readers of the feed have to read
    /// the copy anew; roles stay, unless the copy was another organisation's
    Reset {
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
    /// Read the feed of changes
    Changes {
        /// Read after this cursor [default: after what was acknowledged]
        #[arg(long, value_name = "CURSOR")]
        after: Option<String>,
        /// At most this many changes; 200 at the most
        #[arg(long, value_name = "N", default_value_t = u64::from(LARGEST_PAGE), value_parser = clap::value_parser!(u64).range(1..))]
        limit: u64,
    },
    /// Delete the changes up to a cursor from the feed: they were processed
    Acknowledge { cursor: String },
    /// Show the departments of the local copy
    Departments(directory::Departments),
    /// Show one department; --refresh asks the vendor first
    Department {
        id: String,
        /// Read this department from the vendor into the copy first (its name and place, not its members)
        #[arg(long)]
        refresh: bool,
    },
    /// Show the members of the local copy; all conditions must hold
    Members(directory::Members),
    /// Show one member; --refresh asks the vendor first
    Member {
        id: String,
        /// Read this member from the vendor into the copy first
        #[arg(long)]
        refresh: bool,
    },
    /// Count the copy, and show the last and the current run
    Overview,
    /// Show and set the application roles of members, and the rules that give roles to many
    #[command(subcommand)]
    Roles(administration::RolesCommand),
    /// Show and set who administers the app
    #[command(subcommand)]
    Admins(administration::AdminsCommand),
    /// Declare members as resigned, whatever the vendor says
    Retire(administration::MemberIds),
    /// Take `retire` back
    Reinstate(administration::MemberIds),
    /// Erase all that is known of a member who left; the feed says so
    Erase(administration::Erase),
    /// Show and set the image of a member's signature
    #[command(subcommand)]
    Signature(administration::SignatureCommand),
    /// Show what administrators decided, oldest first
    Audit(administration::Audit),
    /// Send messages to members
    #[command(subcommand)]
    Message(messaging::MessageCommand),
    /// Make and read requests for approval
    #[command(subcommand)]
    Approval(approvals::ApprovalCommand),
    /// Make a call of the vendor's API, signed by the component
    Call(vendor::Call),
    /// Hand in a request of the vendor, as `serve` does
    Callback(vendor::Callback),
    /// Sign the address of a page for the vendor's client
    JsSdkSignature(vendor::JsSdkSignature),
    /// Serve sign-ins of many tenants and keep their directories in step, beside other hosts of the same storage
    Serve(Serve),
    /// Declare tenants in the storage, for `serve` without --tenants
    #[command(subcommand)]
    Tenants(TenantsCommand),
    /// Copy or remove everything that is stored of the tenant
    #[command(subcommand, arg_required_else_help = false)]
    Tenant(TenantCommand),
    /// Run a simulated WeCom and write an element folder for it
    Simulate(Simulate),
    /// Go through the whole story on this machine: sign in, sync, change, sync again, what goes wrong
    Demo {
        /// Keep the element folder and the database in this (new or empty) folder
        #[arg(long, value_name = "DIR")]
        keep: Option<PathBuf>,
        #[command(flatten)]
        pages: DemoPages,
    },
}

#[derive(Debug, Args)]
pub struct DemoPages {
    /// Serve a simulated WeCom and a platform beside it, to look at and click, until Ctrl-C
    #[arg(long)]
    pub serve: bool,
    /// Where the platform listens; port 0 takes any free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:7070", requires = "serve", value_parser = address::listen)]
    pub listen: SocketAddr,
    /// Where the simulated WeCom listens
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:7080", requires = "serve", value_parser = address::listen)]
    pub simulator: SocketAddr,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Locale {
    Zh,
    En,
}

impl Locale {
    /// As a language tag.
    pub fn tag(self) -> &'static str {
        match self {
            Self::Zh => "zh",
            Self::En => "en",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Entry {
    /// A desktop browser: QR code or quick login
    Browser,
    /// Inside the vendor's client, without a question
    Workspace,
    /// The same with a page that asks for consent to sensitive fields
    WorkspaceConsent,
}

#[derive(Debug, Args)]
pub struct LoginUrl {
    #[arg(long)]
    pub entry: Entry,
    /// Where the vendor sends the browser [default: the configured address]
    #[arg(long, value_name = "URL", value_parser = address::page)]
    pub redirect_uri: Option<String>,
    /// Where the app goes afterwards: a path on the same site
    #[arg(long, value_name = "PATH", value_parser = address::path)]
    pub return_to: Option<String>,
    /// Language of the vendor's page [default: the configured one]
    #[arg(long)]
    pub lang: Option<Locale>,
    /// Hash of a cookie that the exchange has to repeat
    #[arg(long, value_name = "HASH")]
    pub browser_binding: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Strategy {
    /// The element chooses
    Auto,
    /// Department by department
    Walk,
    /// The vendor's bulk export
    Export,
}

#[derive(Debug, Args)]
pub struct Sync {
    /// Stop before anything is written to the copy, and say what would be. A sync within an hour writes it without asking
    /// the vendor again, and a plan within it is the same: `abandon` it for a new one
    #[arg(long)]
    pub dry_run: bool,
    /// Let this run, which was blocked, remove what it was blocked for, and carry it out; `plan` shows what that is. If more
    /// would go, it is blocked again
    #[arg(long, value_name = "RUN", conflicts_with_all = ["dry_run", "strategy"])]
    pub approve: Option<String>,
    /// How the members are fetched. A run that is under way keeps its own way
    #[arg(long, default_value = "auto")]
    pub strategy: Strategy,
    /// End (state waiting, exit 1) rather than wait longer than this at a time; the run stays
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub max_wait: Option<Duration>,
    /// Sync again and again, this long after the last time (30s, 15m, 1h; at random up to 10 % more or less), until
    /// Ctrl-C. With --format json every sync prints one document on one line
    #[arg(long, value_name = "DURATION", value_parser = interval, conflicts_with_all = ["dry_run", "approve"])]
    pub watch: Option<Duration>,
    /// Show the last runs, newest first, instead of syncing; the vendor is not asked
    #[arg(long, conflicts_with_all = ["dry_run", "approve", "strategy", "max_wait", "watch"])]
    pub history: bool,
}

#[derive(Debug, Subcommand)]
pub enum TenantCommand {
    /// Write all elements of the tenant to a new file. It holds personal data in the clear. Sealed values (tokens) are left
    /// out, unless there is a transfer key
    Export {
        /// A file that does not exist
        file: PathBuf,
        /// Environment variable with a key, 32 random bytes in base64: sealed values go along, sealed with it
        #[arg(long, value_name = "NAME")]
        transfer_key: Option<String>,
    },
    /// Read an exported tenant into the storage. A file that is damaged, cut off, sealed with another key or larger than the
    /// tenant's quota changes nothing
    Import {
        /// What an export wrote
        file: PathBuf,
        /// Delete what the tenant holds once the file is found right, rather than refuse when it holds something. There is no
        /// way back should the import fail after that, but to import again: export the tenant first to keep what it holds
        #[arg(long)]
        replace: bool,
        /// Registry of tenants, a JSON file, in which the tenant's quota is declared [default: what `tenants put` has stored];
        /// where it is not declared, the quota is that of everybody
        #[arg(long, value_name = "FILE")]
        tenants: Option<PathBuf>,
        /// Environment variable with the key that the export was given
        #[arg(long, value_name = "NAME")]
        transfer_key: Option<String>,
    },
    /// Remove all elements of the tenant and its declaration in the storage. First take it out of the file that hosts serve it
    /// from, if they have one. Hosts that have not reloaded yet (serve --reload), and syncs under way, may write for it until
    /// they do: if hosts were running, delete once more after that
    Delete {
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
}

#[derive(Debug, Args)]
pub struct Serve {
    /// Registry of tenants, a JSON file [default: what `tenants put` has stored]
    #[arg(long, value_name = "FILE")]
    pub tenants: Option<PathBuf>,
    /// Where to listen; port 0 takes any free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:7070", value_parser = address::listen)]
    pub listen: SocketAddr,
    /// Where /metrics and /health are served instead, so that they need not be kept from the public; a balancer asks there
    /// [default: beside the sign-ins]
    #[arg(long, value_name = "ADDR", value_parser = address::listen)]
    pub admin_listen: Option<SocketAddr>,
    /// Address under which people reach this host, https or on this machine; a path is the proxy's to take away. The cookie
    /// of a sign-in follows it [default: what each request says]
    #[arg(long, value_name = "URL")]
    pub public_url: Option<PublicUrl>,
    /// Name of this host, for people [default: its address and process]
    #[arg(long, value_name = "NAME")]
    pub host_name: Option<String>,
    /// Calls at the same time; further ones wait
    #[arg(long, value_name = "N", default_value_t = 256, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub calls: u32,
    /// Periodic syncs at the same time; 0 leaves them to other hosts
    #[arg(long, value_name = "N", default_value_t = 8)]
    pub syncs: usize,
    /// How long a host that died keeps its syncs from the others
    #[arg(long, value_name = "DURATION", default_value = "15s", value_parser = interval)]
    pub lease: Duration,
    /// How long the host serves on when it is to end, while /health says 503, so that a balancer sends people
    /// elsewhere. A second signal ends that wait [default: 5s on SIGTERM, 0s on Ctrl-C]
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub drain: Option<Duration>,
    /// How often changes of tenants are looked for; SIGHUP looks at once
    #[arg(long, value_name = "DURATION", default_value = "5s", value_parser = interval)]
    pub reload: Duration,
    /// Append the report of every call to this file as a line of JSON; - for standard error
    #[arg(long, value_name = "FILE")]
    pub reports: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub enum TenantsCommand {
    /// Store the tenants of a registry file, each in place of the one of its name
    Put { file: PathBuf },
    /// Show the names of all tenants that are stored
    List,
    /// Forget the declaration of a tenant; what the tenant has stored stays
    Remove { name: String },
    /// Make a key by which a platform speaks to `serve`, and show what to declare of it. The key is shown this once
    ApiKey {
        /// Who is to have it, for logs and the audit trail
        name: String,
        /// What it may be used for; repeatable
        #[arg(long, value_name = "SCOPE", required = true, value_parser = api_scopes())]
        scope: Vec<String>,
    },
}

#[derive(Debug, Args)]
pub struct Simulate {
    /// Where to listen; port 0 takes any free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:7080", value_parser = address::listen)]
    pub listen: SocketAddr,
    /// Take the organisation of this JSON file, - for standard input (docs/simulator.md says what may stand in it)
    #[arg(long, value_name = "FILE", conflicts_with_all = ["members", "departments", "seed"])]
    pub organisation: Option<PathBuf>,
    /// Generate an organisation of so many members [default: the small one of the demo]
    #[arg(long, value_name = "N")]
    pub members: Option<usize>,
    /// Generate so many departments
    #[arg(long, value_name = "N")]
    pub departments: Option<usize>,
    /// Generate from this seed
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Where to write the element folder [default: in the user's data folder]
    #[arg(long, value_name = "DIR")]
    pub element_dir: Option<PathBuf>,
}

/// What a key may be used for, by name.
fn api_scopes() -> PossibleValuesParser {
    PossibleValuesParser::new(ApiScope::ALL.map(|(_, name)| name))
}
