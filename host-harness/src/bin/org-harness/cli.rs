//! Options and commands, and what a command line that cannot be understood is answered with.

pub mod administration;
pub mod approvals;
pub mod messaging;
pub mod vendor;

use std::{collections::BTreeMap, ffi::OsString, net::SocketAddr, path::PathBuf, time::Duration};

use clap::{
    Arg, ArgAction, Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand, ValueEnum, ValueHint,
    error::{ContextKind, ContextValue, ErrorKind},
};

use host_harness::Digest;

use crate::{address, command_error::CommandError, public_url::PublicUrl};

/// The most changes and records that a component answers at once.
pub const LARGEST_PAGE: u32 = 200;

const EXIT_CODES: &str = "\
Exit status: 0 done; 1 the operation answered with an error; 2 usage or configuration; 3 a limit or trap stopped the component.
With --format json standard output is exactly one JSON document, also for errors:
{\"error\":{\"reason\",\"message\",\"hint\",\"vendor_code\"}}. Logs and reports go to standard error.";

/// Runs an organisation element: signs members in, and keeps a copy of departments and members in step.
#[derive(Debug, Parser)]
#[command(name = "org-harness", version, after_help = EXIT_CODES, subcommand_required = true, arg_required_else_help = true)]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

/// Options that every command takes, before or after its name.
#[derive(Debug, Args)]
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
    Conform(Conform),
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
    Departments(Departments),
    /// Show one department; --refresh asks the vendor first
    Department {
        id: String,
        /// Read this department from the vendor into the copy first (its name and place, not its members)
        #[arg(long)]
        refresh: bool,
    },
    /// Show the members of the local copy; all conditions must hold
    Members(Members),
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
    Retire(administration::Members),
    /// Take `retire` back
    Reinstate(administration::Members),
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
    },
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
#[command(after_help = "\
The vendor has to answer, and its organisation must not change meanwhile: use a test server. It gets a thousand requests and more. \
What is stored is kept in memory. Without --element and --component the component of this program is examined with a simulated vendor.")]
pub struct Conform {
    /// Look at this part only; repeatable [default: all]
    #[arg(long, value_name = "PART")]
    pub part: Vec<Part>,
    /// What to add to a sign-in URL so that the vendor's test server signs somebody in without a click, such as as=zhangsan.
    /// Without it no exchange is examined that ends well
    #[arg(long, value_name = "QUERY")]
    pub sign_in: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Part {
    /// What the element is, and what it makes of right and wrong configurations
    Configuration,
    /// The check of the connection
    Connection,
    /// URLs, states and codes
    SignIn,
    /// Runs, the copy and its feed
    Sync,
    /// A vendor and a store that fail
    Trouble,
    /// Calls that are cut off, and small limits
    Death,
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

#[derive(Debug, Args)]
pub struct Departments {
    /// Directly below this department
    #[arg(long, value_name = "ID")]
    pub parent: Option<String>,
    /// Where the tree begins: without a parent, or below one that the copy does not hold
    #[arg(long, conflicts_with = "parent")]
    pub roots: bool,
    /// Whose name holds this text, or whose id it is
    #[arg(long, value_name = "TEXT")]
    pub search: Option<String>,
}

#[derive(Debug, Args)]
pub struct Members {
    /// Of exactly this department
    #[arg(long, value_name = "ID")]
    pub department: Option<String>,
    /// Of this department and all below it
    #[arg(long, value_name = "ID", conflicts_with = "department")]
    pub below: Option<String>,
    /// Of this status
    #[arg(long)]
    pub status: Option<StatusFilter>,
    /// Whose id, name or alias holds this text, in capital or small, full-width or half-width letters
    #[arg(long, value_name = "TEXT")]
    pub search: Option<String>,
    /// Who have this role, not suspended
    #[arg(long, value_name = "ROLE")]
    pub role: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum StatusFilter {
    Active,
    Disabled,
    NotActivated,
    LeftRange,
    Resigned,
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
        #[arg(long, value_name = "SCOPE", required = true)]
        scope: Vec<ApiScope>,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ApiScope {
    /// To send messages
    Messages,
    /// To make and read requests for approval
    Approvals,
    /// To read what the vendor told
    Events,
    /// To read and set roles
    Roles,
    /// To sign addresses of pages
    Pages,
}

#[derive(Debug, Args)]
pub struct Simulate {
    /// Where to listen; port 0 takes any free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:7080", value_parser = address::listen)]
    pub listen: SocketAddr,
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

/// A command line that leads to no command.
pub enum Refused {
    /// Help, the version, or what is wrong with it, as clap shows it.
    Shown(clap::Error),
    /// What is wrong with it, for a reader of JSON.
    Json(CommandError),
}

impl Cli {
    /// Reads a command line.
    ///
    /// # Errors
    /// Help and version, which are to be printed, and what cannot be understood.
    pub fn read(arguments: impl IntoIterator<Item = OsString>) -> Result<Self, Refused> {
        let arguments: Vec<OsString> = arguments.into_iter().collect();
        Self::parsed(&arguments).map_err(|error| match error.kind() {
            ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => Refused::Shown(error),
            _ if asks_for_json(&arguments) => Refused::Json(usage(&error)),
            _ => Refused::Shown(error),
        })
    }

    fn parsed(arguments: &[OsString]) -> Result<Self, clap::Error> {
        let mut command = with_hyphen_values(Self::command());
        command.build();
        if let Some((option, next)) = option_without_value(&command, arguments) {
            let message = format!("{option} has no value before {next}; write {option}={next} if {next} is its value");
            return Err(command.error(ErrorKind::InvalidValue, message));
        }
        let arguments = gathered(&command, arguments);
        Self::from_arg_matches(&command.try_get_matches_from_mut(arguments)?)
    }
}

/// Codes, states, cursors and ids may begin with a hyphen, so what follows an option is its value whatever it begins with,
/// and what stands where a name, a cursor or an address is expected is that. Files alone are left out: one can be written as
/// `./-x`, and a misspelt option must not become the name of a file that is written. So are lists of names: they would take the
/// options after them for names, and a name in them that begins with a hyphen is written after `--`.
fn with_hyphen_values(command: clap::Command) -> clap::Command {
    let is_list = |arg: &Arg| matches!(arg.get_action(), ArgAction::Append);
    let is_file = |arg: &Arg| arg.get_value_hint() == ValueHint::AnyPath;
    let takes = |arg: &Arg| arg.get_action().takes_values() && !(arg.is_positional() && (is_file(arg) || is_list(arg)));
    let command = command.mut_args(|arg| if takes(&arg) { arg.allow_hyphen_values(true) } else { arg });
    command.mut_subcommands(with_hyphen_values)
}

/// The arguments with the options that may stand more than once gathered at the end, where they mean the same: of those before the
/// command's name and those after it, the parser would keep the latter alone.
fn gathered(command: &clap::Command, arguments: &[OsString]) -> Vec<OsString> {
    let is_repeatable = |arg: &&Arg| arg.is_global_set() && matches!(arg.get_action(), ArgAction::Append);
    let repeatable = command.get_arguments().filter(is_repeatable).filter_map(Arg::get_long);
    let repeatable: Vec<String> = repeatable.map(|long| format!("--{long}")).collect();
    let (mut others, mut last) = (Vec::new(), Vec::new());
    let mut left = arguments.iter().cloned();
    while let Some(argument) = left.next() {
        let text = argument.to_string_lossy();
        let (name, value) = text.split_once('=').map_or((&*text, None), |(name, value)| (name, Some(value)));
        if name == "--" {
            others.append(&mut last);
            others.push(argument);
            break;
        }
        if repeatable.iter().any(|option| option == name) {
            let value_apart = value.is_none().then(|| left.next()).flatten();
            last.extend([argument.clone()].into_iter().chain(value_apart));
        } else {
            others.push(argument.clone());
        }
    }
    others.into_iter().chain(left).chain(last).collect()
}

/// An option that takes a value, with another option of this program where the value should be: one was forgotten.
fn option_without_value(command: &clap::Command, arguments: &[OsString]) -> Option<(String, String)> {
    let mut options: BTreeMap<String, bool> = BTreeMap::new();
    let mut commands = vec![command];
    while let Some(command) = commands.pop() {
        commands.extend(command.get_subcommands());
        for arg in command.get_arguments() {
            options.extend(arg.get_long().map(|long| (format!("--{long}"), arg.get_action().takes_values())));
        }
    }
    let text = |argument: &OsString| argument.to_str().map(str::to_owned);
    let written = arguments.iter().take_while(|argument| *argument != "--").collect::<Vec<_>>();
    written.windows(2).find_map(|pair| {
        let (option, next) = (text(pair[0])?, text(pair[1])?);
        let name = next.split_once('=').map_or(&*next, |(name, _)| name);
        (options.get(&option) == Some(&true) && options.contains_key(name)).then_some((option, next))
    })
}

/// Whether a command line that cannot be understood asks for JSON all the same.
fn asks_for_json(arguments: &[OsString]) -> bool {
    let arguments: Vec<&str> =
        arguments.iter().map_while(|argument| argument.to_str().filter(|text| *text != "--")).collect();
    arguments.contains(&"--format=json") || arguments.windows(2).any(|pair| pair == ["--format", "json"])
}

/// clap's words without its decoration.
fn usage(error: &clap::Error) -> CommandError {
    if matches!(error.kind(), ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand | ErrorKind::MissingSubcommand) {
        let names = match error.get(ContextKind::ValidSubcommand) {
            // Of a command that has commands.
            Some(ContextValue::Strings(names)) => names.clone(),
            _ => Cli::command().get_subcommands().map(|command| command.get_name().to_owned()).collect(),
        };
        return CommandError::usage("no command given", format!("name one of: {}", names.join(", ")));
    }
    let text = error.render().to_string();
    let message = text.split("\n\n").next().unwrap_or_default();
    let message = message.strip_prefix("error: ").unwrap_or(message);
    let message: Vec<&str> = message.lines().map(str::trim).collect();
    let tip = text.lines().find_map(|line| line.trim().strip_prefix("tip: "));
    CommandError::usage(message.join(" "), tip.unwrap_or("org-harness --help lists commands and options"))
}

/// Reads `90s`, `15m`, `1h30m` and the like.
fn duration(text: &str) -> Result<Duration, String> {
    let expected = || format!("{text:?} is no duration: expected one such as 30s, 15m or 1h");
    let read: jiff::SignedDuration = text.parse().map_err(|_| expected())?;
    Duration::try_from(read).map_err(|_| expected())
}

/// A duration long enough not to trouble the vendor.
fn interval(text: &str) -> Result<Duration, String> {
    let read = duration(text)?;
    if read < Duration::from_secs(1) { Err("the shortest interval is 1s".to_owned()) } else { Ok(read) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn what_follows_an_option_is_its_value() {
        let read = |arguments: &str| Cli::parsed(&arguments.split(' ').map(OsString::from).collect::<Vec<_>>());
        for (arguments, command) in [
            ("exchange --code -gIW5 --state -x", r#"Exchange { code: "-gIW5", state: "-x""#),
            ("exchange --code --gIW5 --state=-x", r#"Exchange { code: "--gIW5", state: "-x""#),
            ("exchange --code -v --state -h", r#"Exchange { code: "-v", state: "-h""#),
            ("exchange --state x --code c --browser-binding -b", r#"browser_binding: Some("-b")"#),
            ("exchange --state=--code --code c", r#"state: "--code""#),
            ("login-url --entry browser --return-to -x", r#"return_to: Some("-x")"#),
            ("login-url --redirect-uri -x --entry browser", r#"redirect_uri: Some("-x")"#),
            ("changes --after -_8 --limit 3", r#"Changes { after: Some("-_8"), limit: 3"#),
            ("acknowledge -_8", r#"Acknowledge { cursor: "-_8""#),
            ("acknowledge --_8", r#"Acknowledge { cursor: "--_8""#),
            ("acknowledge -- -v", r#"Acknowledge { cursor: "-v""#),
            ("member -1 --refresh", r#"Member { id: "-1", refresh: true"#),
            ("member --refresh -li", r#"Member { id: "-li", refresh: true"#),
            ("department -1", r#"Department { id: "-1", refresh: false"#),
            ("members --department -1", r#"department: Some("-1")"#),
            ("homepage-url -x", r#"HomepageUrl { target: "-x""#),
            ("tenants remove -acme", r#"Remove { name: "-acme""#),
            ("retire li wu --actor boss", r#"Members { ids: ["li", "wu"], actor: Actor { actor: "boss" }"#),
            (
                "retire --actor boss -- -li --actor",
                r#"Members { ids: ["-li", "--actor"], actor: Actor { actor: "boss" }"#,
            ),
            (
                "roles set -li a b --actor boss",
                r#"Set { id: "-li", roles: ["a", "b"], none: false, actor: Actor { actor: "boss" }"#,
            ),
            (
                "admins set li --allow-host h:1 --actor boss",
                r#"Set { ids: ["li"], none: false, actor: Actor { actor: "boss" }"#,
            ),
        ] {
            let found = format!("{:?}", read(&format!("org-harness {arguments}")).unwrap().command);
            assert!(found.contains(command), "{arguments}: {found}");
        }
        let options = read("org-harness overview --tenant -acme --env -E").unwrap().global;
        assert_eq!((&*options.tenant, &*options.env), ("-acme", &["-E".to_owned()][..]));
        for (arguments, words) in [
            ("exchange --code --state x", "--code has no value before --state"),
            ("overview --tenant --report", "--tenant has no value before --report"),
            ("overview --tenant --format=json", "write --tenant=--format=json if"),
            ("tenant export --transfer-kye=NAME", "unexpected argument '--transfer-kye'"),
            ("department 3 --refesh", "unexpected argument '--refesh'"),
            ("changes --limit -1", "-1"),
            ("sync --watch -5s", "no duration"),
        ] {
            let message = read(&format!("org-harness {arguments}")).unwrap_err().to_string();
            assert!(message.contains(words), "{arguments}: {message}");
        }
    }

    #[test]
    fn what_stands_before_the_command_and_after_it_adds_up() {
        for arguments in [
            "--allow-host a --env X overview --allow-host b --allow-host=c --env Y",
            "--allow-host a --allow-host b overview --allow-host=c --env X --env Y",
            "overview --allow-host a --allow-host=b --env X --allow-host c --env=Y",
            "--allow-host=a --allow-host b --allow-host c --env X --env Y overview",
        ] {
            let arguments: Vec<OsString> = format!("org-harness {arguments}").split(' ').map(OsString::from).collect();
            let Global { allow_host, env, .. } = Cli::parsed(&arguments).unwrap().global;
            assert_eq!((allow_host.join(" "), env.join(" ")), ("a b c".to_owned(), "X Y".to_owned()), "{arguments:?}");
        }
        let read = |arguments: &str| Cli::parsed(&arguments.split(' ').map(OsString::from).collect::<Vec<_>>());
        let after_the_end = read("org-harness --env X acknowledge -- --env").unwrap();
        assert_eq!(after_the_end.global.env, ["X"]);
        assert!(format!("{:?}", after_the_end.command).contains(r#"cursor: "--env""#));
        assert!(read("org-harness overview --env").is_err());
    }

    #[test]
    fn durations_are_read() {
        for (text, seconds) in [("30s", Some(30)), ("15m", Some(900)), ("1h30m", Some(5400)), ("0s", Some(0))] {
            assert_eq!(duration(text).ok().map(|read| read.as_secs()), seconds, "{text}");
        }
        for text in ["", "5", "-5s", "soon", "1d1d"] {
            assert!(duration(text).is_err(), "{text}");
        }
        assert!(interval("500ms").is_err());
    }

    #[test]
    fn json_is_noticed_in_what_cannot_be_understood() {
        for (arguments, json) in [
            (&["--format", "json", "nonsense"][..], true),
            (&["nonsense", "--format=json"], true),
            (&["nonsense", "--format", "text"], false),
            (&["acknowledge", "--", "--format=json"], false),
        ] {
            let arguments: Vec<OsString> = arguments.iter().map(OsString::from).collect();
            assert_eq!(asks_for_json(&arguments), json, "{arguments:?}");
        }
    }
}
