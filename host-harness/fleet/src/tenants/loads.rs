//! Loading components apart from who asks for them: one that takes long to compile keeps nobody else's waiting, and one on
//! which the compiler breaks off is nobody else's trouble.

use std::{
    collections::BTreeMap,
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    },
    time::{Duration, Instant},
};

use organisation_host::{ComponentFile, Host, LoadError, LoadedComponent, words_of};

/// Makes components of files.
pub(super) trait Loader: Send + Sync {
    /// Loads a file, or the program's own component without one.
    fn load(&self, file: Option<&ComponentFile>) -> LoadResult;
}

impl Loader for Host {
    fn load(&self, file: Option<&ComponentFile>) -> LoadResult {
        let loaded = match file {
            Some(file) => self.load_file(file),
            None => self.load(self.bundled().ok_or(LoadFailure::NoneBundled)?),
        };
        loaded.map_err(LoadFailure::Refused)
    }
}

/// Why a component was not loaded.
#[derive(Debug, thiserror::Error)]
pub(super) enum LoadFailure {
    #[error(transparent)]
    Refused(#[from] LoadError),
    #[error("it names no component, and this host was built without one of its own: set component.file")]
    NoneBundled,
    #[error("the host broke off when it loaded this component: {0}")]
    Panicked(String),
    #[error("there is no thread to load it in: {0}")]
    NoThread(#[from] io::Error),
}

impl LoadFailure {
    /// Whether another try may come to another end.
    pub(super) fn is_the_machines(&self) -> bool {
        // The engine says so as well where it could not have the memory for the code.
        matches!(self, Self::Refused(LoadError::Invalid(_)) | Self::NoThread(_))
    }
}

pub(super) type LoadResult = Result<Arc<LoadedComponent>, LoadFailure>;

/// How long a load may take. A component of some megabytes takes seconds; what takes so much longer is broken, or was made to
/// take long.
const LONGEST: Duration = Duration::from_mins(5);

/// Loads under way, by number.
///
/// Nothing ends a thread that compiles, and nothing that is seen before says how long it will take: the time for a function grows
/// faster than the function. So a load that takes too long is given up: it makes room for another one, and whoever waits is told so. Its thread
/// goes on, so with as many given up as may be under way nothing is loaded before one of them ends: the processors are left to
/// the calls of those who are served.
pub(super) struct Loads {
    issued: u64,
    under_way: BTreeMap<u64, Instant>,
    given_up: usize,
    pub(super) at_most: usize,
    pub(super) longest: Duration,
    sender: Sender<(u64, LoadResult)>,
    ended: Receiver<(u64, LoadResult)>,
}

impl Default for Loads {
    fn default() -> Self {
        let (sender, ended) = channel();
        // Each takes one processor; a second one gets on while the first takes long.
        let at_most = std::thread::available_parallelism().map_or(2, |cores| cores.get().max(2));
        Self { issued: 0, under_way: BTreeMap::new(), given_up: 0, at_most, longest: LONGEST, sender, ended }
    }
}

impl Loads {
    /// Whether another one may begin.
    pub(super) fn has_room(&self) -> bool {
        self.under_way.len() < self.at_most && self.given_up < self.at_most
    }

    /// Gives up what takes too long, and says what that is.
    pub(super) fn give_up(&mut self) -> Vec<u64> {
        let longest = self.longest;
        let late: Vec<u64> =
            self.under_way.extract_if(.., |_, began| began.elapsed() >= longest).map(|(n, _)| n).collect();
        self.given_up += late.len();
        late
    }

    /// Begins to load a file, or the program's own component; the number names the load when it ends.
    pub(super) fn begin(&mut self, loader: &Arc<dyn Loader>, file: Option<ComponentFile>) -> u64 {
        self.issued += 1;
        let number = self.issued;
        let (loader, sender) = (Arc::clone(loader), self.sender.clone());
        let load = move || {
            let loaded = catch_unwind(AssertUnwindSafe(|| loader.load(file.as_ref())));
            let loaded = loaded.unwrap_or_else(|panic| Err(LoadFailure::Panicked(words_of(&*panic).to_owned())));
            // Nobody listens any more where the registry is gone.
            let _ = sender.send((number, loaded));
        };
        if let Err(error) = std::thread::Builder::new().name("component-load".to_owned()).spawn(load) {
            // The receiver is this value's own.
            let _ = self.sender.send((number, Err(error.into())));
        }
        self.under_way.insert(number, Instant::now());
        number
    }

    /// The next one that ends, at the latest then. Nothing where none does.
    pub(super) fn next(&mut self, until: Instant) -> Option<(u64, LoadResult)> {
        if self.under_way.is_empty() && self.given_up == 0 {
            return None;
        }
        match self.ended.recv_timeout(until.saturating_duration_since(Instant::now())) {
            Ok((number, loaded)) => {
                if self.under_way.remove(&number).is_none() {
                    self.given_up -= 1;
                }
                Some((number, loaded))
            }
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => None,
        }
    }
}
