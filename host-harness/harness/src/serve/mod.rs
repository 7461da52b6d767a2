//! `serve`: one of any number of hosts that sign in the members of many tenants and keep their directories in step.
//!
//! | File | What it holds |
//! |---|---|
//! | `service` | what requests are answered with: registry, metrics, health |
//! | `health` | whether the storage answers and the host stops |
//! | `drain` | the time between the wish that a host ends and its end |
//! | `routes` | addresses |
//! | `api` | what the platform asks by JSON |
//! | `call_history` | the last calls of each tenant |
//! | `console` | the pages of administrators |
//! | `callbacks` | what the vendor sends by itself |
//! | `first_run` | the page that leads through a demonstration |
//! | `follow_ups` | what is left for later when it did |
//! | `root_files` | files by which a vendor sees whose a host is |
//! | `sign_in` | the two steps of a sign-in |
//! | `sessions`, `visitor` | who is signed in in which browser, and who opens a page |
//! | `home` | the pages of a member |
//! | `refusal` | sign-ins that do not lead where they should |
//! | `vendor_client` | whether somebody is inside the vendor's client |
//! | `validate_tenants` | what a host learns of a tenant when it takes it up |
//! | `redirects` | whether sign-ins come back to this host |
//! | `request_limits` | how many requests of one tenant are admitted: sign-ins, what its vendor sends, what its platform asks |
//! | `entry_decision` | who may enter |
//! | `confirmation` | what a person is asked whose sign-in began in another browser |
//! | `binding` | the cookie that ties a sign-in to a browser |
//! | `body` | bodies of requests: how large, how long, how many at a time |
//! | `page`, `document` | answers for people and for programs |
//! | `frame` | what stands around every page |
//! | `web` | connections, and what strangers may take of them |

mod api;
mod binding;
mod body;
mod call_history;
mod callbacks;
mod confirmation;
mod console;
mod document;
mod drain;
mod entry_decision;
mod first_run;
mod follow_ups;
mod frame;
mod health;
mod home;
mod page;
mod redirects;
mod refusal;
mod request_limits;
mod root_files;
mod routes;
mod service;
mod sessions;
mod sign_in;
mod validate_tenants;
mod vendor_client;
mod visitor;
mod web;

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Seek as _, SeekFrom},
    net::SocketAddr,
    path::Path,
    sync::Arc,
    time::Duration,
};

use call_history::CallHistory;
use console::Bootstrap;
use first_run::FirstRun;
use futures_util::FutureExt as _;
use organisation_fleet::{
    observe::{ReportLines, SyncObserver, metrics::Metrics},
    syncs::{SyncOptions, SyncScheduler},
    tenants::{Registry, Source},
};
use organisation_host::{Observer, storage::Quotas};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use service::{Service, unusable};
use tokio::{net::TcpListener, sync::mpsc, time::timeout};
use web::WebLimits;

use crate::{
    cli::{Global, Serve},
    command_error::{CommandError, ExitStatus},
    interrupt::{asked_to_end, interrupted},
    output::Output,
    public_url::PublicUrl,
    session, store,
    text::Paint,
};

pub use first_run::Guide;

/// How long requests and calls under way may go on when the host stops.
const GRACE: Duration = Duration::from_secs(15);

/// Connections of operators and their programs at a time.
const OPERATORS: usize = 64;

/// What `serve` prints before it serves.
#[derive(Debug, Serialize)]
struct ServeView {
    host: String,
    address: String,
    /// Where metrics and health are served, where that is elsewhere.
    admin_address: Option<String>,
    public_url: Option<String>,
    tenants: usize,
    /// The console of the simulated vendor, in a demonstration.
    simulator: Option<String>,
    /// Where the token of the first start is taken; only at that start.
    bootstrap: Option<String>,
    unusable: Vec<String>,
}

/// Serves until Ctrl-C or SIGTERM.
///
/// # Errors
/// The declarations, the storage, the address or the file for reports cannot be had.
pub async fn serve(options: &Global, asked: &Serve, output: &mut Output) -> Result<ExitStatus, CommandError> {
    refuse_what_is_declared(options)?;
    let listening = listen(asked.listen).await?;
    serve_on(options, asked, listening, None, output).await
}

/// The same on an address that is open already, perhaps with a page that leads through a demonstration.
///
/// # Errors
/// As [`serve`].
pub async fn serve_on(
    options: &Global,
    asked: &Serve,
    (listener, address): (TcpListener, SocketAddr),
    guide: Option<Guide>,
    output: &mut Output,
) -> Result<ExitStatus, CommandError> {
    let metrics = Arc::new(Metrics::new());
    let calls = Arc::new(CallHistory::default());
    let mut observers: Vec<Arc<dyn Observer>> = vec![Arc::clone(&metrics) as _, Arc::clone(&calls) as _];
    let mut sync_observers: Vec<Arc<dyn SyncObserver>> = vec![Arc::clone(&metrics) as _];
    if let Some(file) = &asked.reports {
        let lines = Arc::new(reports(file)?);
        observers.push(Arc::clone(&lines) as _);
        sync_observers.push(lines);
    }
    let host = session::host_of(options, asked.calls, &observers)?;
    let quotas = Quotas::default();
    let storage = store::open_with(options, quotas.clone()).await?;
    let source = match &asked.tenants {
        Some(file) => Source::File(file.clone()),
        None => Source::Stored(Arc::clone(&storage)),
    };
    let (registry, changes) = Registry::open(host.clone(), Arc::clone(&storage), quotas, source).await?;
    let registry = Arc::new(registry);

    let admin = match asked.admin_listen {
        Some(asked) => Some(listen(asked).await?),
        None => None,
    };
    let admin_address = admin.as_ref().map(|(_, address)| *address);
    if !address.ip().is_loopback() {
        let keeps = if admin.is_none() { " that keeps /metrics and /health to itself" } else { "" };
        output.note(format_args!("this address is open to others: put a proxy with TLS before it{keeps}"));
    }
    if admin_address.is_some_and(|address| address.ip().is_unspecified()) {
        output.note("metrics and health are served on every address of this machine: name the one that is not public");
    }
    let name = asked.host_name.clone().unwrap_or_else(|| format!("{address}-{}", std::process::id()));
    let bootstrap = Bootstrap::at_first_start(storage.as_ref()).await?;
    let listening = format!("http://{address}");
    let reached = asked.public_url.as_ref().map_or_else(|| listening.clone(), PublicUrl::to_string);
    let bootstrap =
        bootstrap.map(|Bootstrap(token)| format!("{reached}/t/{}/admin/bootstrap?token={token}", only(&registry)));
    let view = ServeView {
        host: name.clone(),
        // A demonstration has one name for its one address: cookies belong to a name.
        address: if guide.is_some() { reached.clone() } else { listening },
        admin_address: admin_address.map(|address| format!("http://{address}")),
        public_url: asked.public_url.as_ref().map(PublicUrl::to_string),
        tenants: registry.len(),
        simulator: guide.as_ref().map(|guide| guide.simulator.clone()),
        bootstrap: bootstrap.clone(),
        unusable: unusable(&changes),
    };
    output.line(&view, |paint| text(&view, paint))?;

    let sync = SyncOptions::new(name).parallel(asked.syncs).lease(asked.lease).grace(GRACE).observers(sync_observers);
    let scheduler = SyncScheduler::new(Arc::clone(&registry), Arc::clone(&storage), sync)?;
    // Elements are asked beside everything else: one that does not answer keeps nobody waiting.
    let (taken_up, to_look_at) = mpsc::unbounded_channel();
    let service = Service::new(host, Arc::clone(&registry), Arc::clone(&storage), metrics, calls, taken_up)?;
    let first_run = guide.map(|guide| FirstRun::new(guide, bootstrap));
    let service =
        Arc::new(service.reached_under(asked.public_url.clone()).running(asked.syncs.max(1)).leading(first_run));
    let stopping = Arc::clone(&service);
    let shutdown = async {
        let time = drain::time(asked.drain, asked_to_end(1).await);
        stopping.stop();
        if !time.is_zero() {
            tracing::info!(?time, "the host stops: it serves on for a while, and /health says 503");
            output.note(format_args!(
                "主机将停止 the host stops in {time:?} and as soon as what is under way ends; another Ctrl-C skips the wait"
            ));
        }
        drain::drain(time).await;
    };
    let shutdown = shutdown.shared();
    let people = routes::router(&service, admin.is_none());
    let people = web::serve(listener, people, WebLimits::default(), shutdown.clone(), GRACE);
    let operators = async {
        if let Some((listener, _)) = admin {
            let limits = WebLimits { connections: OPERATORS, ..WebLimits::default() };
            web::serve(listener, routes::operators(&service), limits, shutdown, GRACE).await;
        }
    };
    let web = async { tokio::join!(people, operators) };
    service.take_up(changes);
    let serving = async {
        tokio::select! {
            ((), ()) = web => {}
            () = keep_reloading(&service, asked.reload) => {}
            () = Arc::clone(service.follow_ups()).run(Arc::clone(&registry)) => {}
            () = validate_tenants::validate_new(&registry, &service, to_look_at) => {}
        }
    };
    tokio::join!(serving, scheduler.run(interrupted()));
    // What is written at the end (a checkpoint of the file) may not keep the program for ever.
    if timeout(GRACE, storage.close()).await.is_err() {
        tracing::warn!("the storage did not close in time");
    }
    output.note("主机已停止 the host has stopped");
    Ok(ExitStatus::Done)
}

/// The name of the tenant as it stands in an address, where there is one alone.
fn only(registry: &Registry) -> String {
    match &registry.all()[..] {
        [tenant] => utf8_percent_encode(&tenant.name, NON_ALPHANUMERIC).to_string(),
        _ => "TENANT".to_owned(),
    }
}

/// Opens an address.
///
/// # Errors
/// It cannot be had.
pub async fn listen(asked: SocketAddr) -> Result<(TcpListener, SocketAddr), CommandError> {
    let listener = TcpListener::bind(asked).await;
    let listener = listener.map_err(|source| CommandError::Listen { address: asked, source })?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

/// What other commands get by options, each tenant's declaration says here.
fn refuse_what_is_declared(options: &Global) -> Result<(), CommandError> {
    for (option, is_given, key) in [
        ("--element", options.element.is_some(), "element"),
        ("--allow-host", !options.allow_host.is_empty(), "grants.hosts"),
        ("--env", !options.env.is_empty(), "grants.variables"),
    ] {
        if is_given {
            let problem = format!("{option} concerns one element, and serve has many");
            return Err(CommandError::usage(problem, format!("write {key} into the declaration of the tenant")));
        }
    }
    Ok(())
}

fn reports(file: &Path) -> Result<ReportLines, CommandError> {
    let failed = |source| CommandError::File { file: file.display().to_string(), source };
    if file == Path::new("-") {
        return ReportLines::to(io::stderr()).map_err(failed);
    }
    let opened = OpenOptions::new().create(true).append(true).open(file).map_err(failed)?;
    // Whoever wrote here before may have been broken off. A file that may be written and not read is in order, too.
    let reports = match ends_with_a_line(file) {
        Ok(true) => ReportLines::to(opened),
        Ok(false) => ReportLines::after_a_torn_line(opened),
        Err(error) => {
            tracing::info!(%error, "the file for reports cannot be read: the first report follows an empty line, perhaps");
            ReportLines::after_a_torn_line(opened)
        }
    };
    reports.map_err(failed)
}

/// Whether what is added begins a line of its own. What is no file in the proper sense has no end to look at.
fn ends_with_a_line(file: &Path) -> io::Result<bool> {
    let about = fs::metadata(file)?;
    if !about.is_file() || about.len() == 0 {
        return Ok(true);
    }
    let (mut opened, mut last) = (File::open(file)?, [0]);
    opened.seek(SeekFrom::End(-1))?;
    opened.read_exact(&mut last)?;
    Ok(last == *b"\n")
}

/// Takes up changes from time to time, and at once on SIGHUP. Never returns.
async fn keep_reloading(service: &Service, every: Duration) {
    let mut hang_up = HangUp::new();
    loop {
        tokio::select! {
            () = tokio::time::sleep(every) => {}
            () = hang_up.next() => {}
        }
        // What is wrong is logged there, and may be right the next time.
        drop(service.reload().await);
    }
}

fn text(view: &ServeView, paint: Paint) -> String {
    let mut text = format!(
        "{}\n  地址 address  {}\n  主机 host  {}\n  租户 tenants  {}\n",
        paint.good("主机已启动 the host is running (Ctrl-C ends it)"),
        view.address,
        view.host,
        view.tenants
    );
    if let Some(admin) = &view.admin_address {
        text.push_str(&format!("  运维地址 metrics and health  {admin}\n"));
    }
    if let Some(public_url) = view.public_url.as_ref().filter(|url| **url != view.address) {
        text.push_str(&format!("  公开地址 public URL  {public_url}\n"));
    }
    if let Some(simulator) = &view.simulator {
        text.push_str(&format!("  模拟的厂商 the simulated vendor  {simulator}\n"));
    }
    if let Some(bootstrap) = &view.bootstrap {
        text.push_str(&format!(
            "  管理控制台 administrator's console  {bootstrap}\n    (仅此一次 this once: 打开控制台并指定首位管理员 open it and name the first \
             administrator)\n"
        ));
    }
    for unusable in &view.unusable {
        text.push_str(&format!("  {} {}\n", paint.warn("不可用 unusable"), crate::text::clean(unusable)));
    }
    text
}

/// The signal to reload, where there is one.
struct HangUp(#[cfg(unix)] Option<tokio::signal::unix::Signal>);

impl HangUp {
    #[cfg(unix)]
    fn new() -> Self {
        use tokio::signal::unix::{SignalKind, signal};
        let listening = signal(SignalKind::hangup());
        if let Err(error) = &listening {
            tracing::warn!(%error, "SIGHUP cannot be noticed; changes are taken up from time to time");
        }
        Self(listening.ok())
    }

    #[cfg(not(unix))]
    fn new() -> Self {
        Self()
    }

    async fn next(&mut self) {
        #[cfg(unix)]
        if let Some(signal) = &mut self.0
            && signal.recv().await.is_some()
        {
            return;
        }
        std::future::pending::<()>().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_begins_whatever_the_end_of_its_file_for_reports() {
        let folder = tempfile::tempdir().unwrap();
        for (name, held, ends) in [("empty", "", true), ("whole", "{}\n", true), ("torn", "{", false)] {
            let file = folder.path().join(name);
            fs::write(&file, held).unwrap();
            assert_eq!(ends_with_a_line(&file).unwrap(), ends, "{name}");
            drop(reports(&file).unwrap());
            // Nothing is written before there is a report: the disk may be full.
            assert_eq!(fs::read_to_string(&file).unwrap(), held, "{name}");
        }
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let file = folder.path().join("torn");
            // Whoever may read everything may read this one, too, and then it is as above.
            fs::set_permissions(&file, fs::Permissions::from_mode(0o200)).unwrap();
            drop(reports(&file).unwrap());
        }
    }
}
