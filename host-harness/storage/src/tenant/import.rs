//! Bringing a tenant back.
//!
//! The file is read twice: first to its end without touching the store, so that one which is damaged, cut off, sealed
//! with another key, meant for a newer program or larger than the tenant may be changes nothing; then again, to carry
//! it over. Should that fail in the middle, what was written is removed.
//!
//! What an import replaces is deleted before the first entry is carried over, and does not come back when the rest
//! fails: the disk is full, the database goes away, the process dies. Then the tenant holds nothing, or a part, until
//! the same file is imported once more. To write a second tenant beside and exchange the two at the end is no way out:
//! sealed values are bound to the names of tenant and element, and versions that a scope has given out would be given
//! out again. Who wants a way back exports the tenant first.

use std::io::{self, BufRead, Read as _, Seek, SeekFrom};

use super::super::quota::name;
use super::super::scope::check_is_no_host;
use super::super::{
    ApplyOutcome, Clock, Op, PAGE_BYTES, PAGE_ITEMS, Quota, Quotas, Scope, SealingKey, Storage, StorageError, Usage,
};
use super::delete::delete;
use super::line::{Counts, EntryLine, FORMAT, Header, Line, Sum, Trailer, VERSION};

/// The longest line: a value of a mebibyte in which every character is escaped, and its key.
const LINE_BYTES: u64 = 8 << 20;

/// How many lines are read before other tasks get their turn.
const LINES_AT_ONCE: u64 = 500;

/// How a tenant is imported.
pub struct Import<'a> {
    /// Whether what the tenant holds in the store is deleted, when the file has been found right. Otherwise a tenant
    /// that holds something is refused.
    pub replace: bool,
    /// The key the export was sealed with, if it was.
    pub transfer_key: Option<&'a SealingKey>,
    /// What time it is for the store, at least roughly: [`super::super::SystemClock`], unless it was opened with
    /// another.
    pub clock: &'a dyn Clock,
    /// What the tenant may store: those that the store was opened with. Looked at before anything is deleted; what the
    /// store itself refuses, it refuses in the middle.
    pub quotas: &'a Quotas,
}

/// What was carried over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// What the tenant was called where it was exported.
    pub exported_as: String,
    /// Elements.
    pub scopes: u64,
    /// Entries.
    pub entries: u64,
    /// Entries that expired since the export and were not carried over.
    pub expired: u64,
    /// Sealed values that the export had left out.
    pub left_out: u64,
}

/// Why a tenant was not imported. Nothing is left of it in the store, unless the error says so.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// The file cannot be read.
    #[error("cannot read the export: {0}")]
    Read(#[from] io::Error),
    /// It is another kind of file.
    #[error("this is no exported tenant: the first line is not the header of one")]
    NotAnExport,
    /// Another program wrote it.
    #[error("the export has version {found}, this program reads version {VERSION}: use the program that wrote it")]
    OtherVersion {
        /// The version of the file.
        found: u32,
    },
    /// It ends too early.
    #[error("the export is cut off after line {lines}: take a complete copy")]
    CutOff {
        /// How many lines it has.
        lines: u64,
    },
    /// It is not as it was written.
    #[error("the export is damaged at line {line}: {problem}; take an intact copy")]
    Damaged {
        /// The line, from 1.
        line: u64,
        /// What is wrong; quotes nothing of it.
        problem: String,
    },
    /// It holds sealed values and no key was given.
    #[error("the export holds {sealed} values sealed with a transfer key: give that key")]
    KeyNeeded {
        /// How many.
        sealed: u64,
    },
    /// The key does not open them.
    #[error(
        "a value of the export at line {line} was sealed with another transfer key, or is damaged: give the right key"
    )]
    OtherKey {
        /// The line, from 1.
        line: u64,
    },
    /// An element would hold more than it may.
    #[error(
        "element {element:?} of the export exceeds quota {name}: it needs {asked}, the limit is {limit}; declare a larger \
         quota for the tenant"
    )]
    Quota {
        /// The element.
        element: String,
        /// Which quota: one of the names in [`crate::quota::name`].
        name: &'static str,
        /// The quota, in bytes or items.
        limit: u64,
        /// What the export needs at most, in the same unit.
        asked: u64,
    },
    /// The tenant is there already.
    #[error("the tenant holds {entries} entries already: delete it first, or let the import replace it")]
    NotEmpty {
        /// How many.
        entries: u64,
    },
    /// The store refused. Nothing of the import is left, and what the tenant held, if anything, is as it was.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// What was to be replaced could not be deleted, or not to its end. Nothing was imported.
    #[error(
        "what the tenant holds could not be deleted to the end ({source}): it may be gone, wholly or in part; import once \
         more, and do not use the tenant before"
    )]
    NotReplaced {
        /// Why.
        source: StorageError,
    },
    /// The import failed after what it was to replace had been deleted. Nothing of the import is left, either.
    #[error("the import failed ({failure}) after what the tenant held was deleted: it is empty now, import once more")]
    Emptied {
        /// Why the import failed.
        failure: Box<ImportError>,
    },
    /// The import failed, and so did the removal of what was imported by then. What it was to replace is gone.
    #[error("the import failed ({failure}), and a part of it is left: delete the tenant before it is used")]
    Left {
        /// Why the import failed.
        failure: Box<ImportError>,
        /// Why the rest could not be removed.
        source: StorageError,
    },
}

/// Imports an export as this tenant, whatever it was called.
///
/// The file is read by the calling task, with pauses for others. Nobody may use the tenant meanwhile.
///
/// # Errors
/// See [`ImportError`]; a file that is not right changes nothing.
pub async fn import(
    storage: &dyn Storage,
    tenant: &str,
    mut file: impl BufRead + Seek + Send,
    how: Import<'_>,
) -> Result<Imported, ImportError> {
    check_is_no_host(tenant)?;
    let mut entries = 0;
    for scope in storage.scopes(tenant).await? {
        entries += storage.usage(&scope).await?.items;
    }
    if entries > 0 && !how.replace {
        return Err(ImportError::NotEmpty { entries });
    }
    let start = file.stream_position()?;
    examine(tenant, Lines::new(&mut file), &how).await?;
    // First, for a file that cannot be read again is no reason to delete anything.
    file.seek(SeekFrom::Start(start))?;
    // Whatever is there has expired, or is to be replaced.
    delete(storage, tenant).await.map_err(|source| match entries {
        0 => ImportError::Storage(source),
        _ => ImportError::NotReplaced { source },
    })?;
    match carry_over(storage, tenant, Lines::new(&mut file), &how).await {
        Ok(imported) => Ok(imported),
        Err(failure) => match delete(storage, tenant).await {
            Ok(_) if entries > 0 => Err(ImportError::Emptied { failure: Box::new(failure) }),
            Ok(_) => Err(failure),
            Err(source) => Err(ImportError::Left { failure: Box::new(failure), source }),
        },
    }
}

/// Reads a file to its end, and finds out whether the tenant may hold it all.
async fn examine<R: BufRead + Send>(tenant: &str, mut lines: Lines<R>, how: &Import<'_>) -> Result<(), ImportError> {
    let now_ms = how.clock.now_ms();
    let mut needs: Vec<Need> = Vec::new();
    while let Some(item) = lines.next(how.transfer_key).await? {
        match item {
            Item::Scope(element) => needs.push(Need::of(Scope::new(tenant, &element)?)),
            Item::Entry(entry) => {
                if let Some(need) = needs.last_mut().filter(|_| !entry.is_expired(now_ms)) {
                    need.add(&entry);
                }
            }
        }
    }
    // Not before the end, for a file that is damaged is not too large: nobody knows what it is.
    needs.iter().try_for_each(|need| need.admit(&how.quotas.of(&need.scope)))
}

/// What an element needs to hold what the file has of it.
struct Need {
    scope: Scope,
    usage: Usage,
    longest_key: usize,
    largest_value: usize,
}

impl Need {
    fn of(scope: Scope) -> Self {
        Self { scope, usage: Usage::default(), longest_key: 0, largest_value: 0 }
    }

    fn add(&mut self, entry: &EntryLine) {
        self.usage.add(entry.bytes() as u64);
        self.longest_key = self.longest_key.max(entry.key.len());
        self.largest_value = self.largest_value.max(entry.value.len());
    }

    fn admit(&self, quota: &Quota) -> Result<(), ImportError> {
        for (name, limit, asked) in [
            (name::KEY, quota.key_bytes, self.longest_key as u64),
            (name::VALUE, quota.value_bytes, self.largest_value as u64),
            (name::ITEMS, quota.items, self.usage.items),
            (name::BYTES, quota.total_bytes, self.usage.bytes),
        ] {
            if asked > limit {
                return Err(ImportError::Quota { element: self.scope.element().to_owned(), name, limit, asked });
            }
        }
        Ok(())
    }
}

async fn carry_over<R: BufRead + Send>(
    storage: &dyn Storage,
    tenant: &str,
    mut lines: Lines<R>,
    how: &Import<'_>,
) -> Result<Imported, ImportError> {
    let now_ms = how.clock.now_ms();
    let mut expired = 0;
    let mut chunk = Chunk::default();
    while let Some(item) = lines.next(how.transfer_key).await? {
        match item {
            Item::Scope(element) => {
                chunk.write(storage).await?;
                chunk.scope = Some(Scope::new(tenant, &element)?);
            }
            Item::Entry(entry) if entry.is_expired(now_ms) => expired += 1,
            Item::Entry(entry) => {
                if !chunk.has_room_for(&entry) {
                    chunk.write(storage).await?;
                }
                chunk.add(entry, now_ms);
            }
        }
    }
    chunk.write(storage).await?;
    let Counts { scopes, entries, left_out, .. } = lines.counts;
    let exported_as = lines.tenant;
    Ok(Imported { exported_as, scopes, entries: entries - expired, expired, left_out })
}

/// Entries of one scope that are written together.
#[derive(Default)]
struct Chunk {
    scope: Option<Scope>,
    ops: Vec<Op>,
    bytes: usize,
}

impl Chunk {
    fn has_room_for(&self, entry: &EntryLine) -> bool {
        self.ops.len() < PAGE_ITEMS && self.bytes + entry.bytes() <= PAGE_BYTES
    }

    fn add(&mut self, entry: EntryLine, now_ms: u64) {
        self.bytes += entry.bytes();
        let EntryLine { key, value, expires_at_ms, sealed } = entry;
        let ttl_ms = expires_at_ms.map(|at| at.saturating_sub(now_ms));
        self.ops.push(Op::Put { key, value, ttl_ms, sealed });
    }

    async fn write(&mut self, storage: &dyn Storage) -> Result<(), StorageError> {
        let Some(scope) = &self.scope else { return Ok(()) };
        self.bytes = 0;
        match storage.apply(scope, std::mem::take(&mut self.ops)).await? {
            ApplyOutcome::Applied(_) => Ok(()),
            ApplyOutcome::Conflict(_) => Err(StorageError::Other("a batch without checks had a conflict".into())),
        }
    }
}

/// What a line says, its value open.
enum Item {
    Scope(String),
    Entry(EntryLine),
}

/// The lines of a file, examined one by one; at the end, as a whole.
struct Lines<R> {
    source: R,
    number: u64,
    sum: Sum,
    tenant: String,
    scope: Option<Scope>,
    last_key: Option<String>,
    counts: Counts,
}

impl<R: BufRead> Lines<R> {
    fn new(source: R) -> Self {
        let (tenant, counts) = (String::new(), Counts::default());
        Self { source, number: 0, sum: Sum::default(), tenant, scope: None, last_key: None, counts }
    }

    /// The next scope or entry; `None` at the end of a file that is right.
    async fn next(&mut self, transfer_key: Option<&SealingKey>) -> Result<Option<Item>, ImportError> {
        if self.number.is_multiple_of(LINES_AT_ONCE) {
            tokio::task::yield_now().await;
        }
        loop {
            let Some((line, bytes)) = self.read()? else {
                return Err(ImportError::CutOff { lines: self.number });
            };
            if let Line::Trailer(trailer) = line {
                return self.end(&trailer, transfer_key.is_some()).map(|()| None);
            }
            self.sum.add(&bytes);
            match line {
                Line::Header(_) if self.number > 1 => return Err(self.damaged("a second header")),
                Line::Header(header) => self.begin(header)?,
                Line::Scope(line) => {
                    let scope = Scope::new(&self.tenant, &line.element);
                    let scope = scope.map_err(|_| self.damaged("no name of an element"))?;
                    // In order, so none comes twice.
                    if self.scope.as_ref().is_some_and(|before| *before >= scope) {
                        return Err(self.damaged("an element out of order"));
                    }
                    (self.scope, self.last_key) = (Some(scope), None);
                    self.counts.scopes += 1;
                    return Ok(Some(Item::Scope(line.element)));
                }
                Line::Entry(entry) => return self.entry(entry, transfer_key).map(Some),
                Line::Trailer(_) => {}
            }
        }
    }

    fn begin(&mut self, header: Header) -> Result<(), ImportError> {
        if header.format != FORMAT {
            return Err(ImportError::NotAnExport);
        }
        if header.version != VERSION {
            return Err(ImportError::OtherVersion { found: header.version });
        }
        self.tenant = header.tenant;
        Ok(())
    }

    fn entry(&mut self, mut entry: EntryLine, transfer_key: Option<&SealingKey>) -> Result<Item, ImportError> {
        let Some(scope) = &self.scope else { return Err(self.damaged("an entry without a scope")) };
        self.counts.entries += 1;
        if entry.sealed {
            self.counts.sealed += 1;
            // Without a key the rest is examined all the same: the error then says how many need one.
            if let Some(key) = transfer_key {
                let opened = key.open(scope, &entry.key, &entry.value);
                entry.value = opened.map_err(|_| ImportError::OtherKey { line: self.number })?;
            }
        }
        let is_open = !entry.sealed || transfer_key.is_some();
        let is_text = !entry.key.is_empty() && !entry.key.contains('\0') && !entry.value.contains('\0');
        if !is_text || (is_open && entry.bytes() > PAGE_BYTES) {
            return Err(self.damaged("an entry that no store holds"));
        }
        if self.last_key.as_ref().is_some_and(|before| *before >= entry.key) {
            return Err(self.damaged("an entry out of order"));
        }
        self.last_key = Some(entry.key.clone());
        Ok(Item::Entry(entry))
    }

    fn end(&mut self, trailer: &Trailer, has_key: bool) -> Result<(), ImportError> {
        let left_out = trailer.counts.left_out;
        self.counts.left_out = left_out;
        if trailer.counts != self.counts || trailer.sha256 != std::mem::take(&mut self.sum).end() {
            return Err(self.damaged("counts or sum do not agree with what came before"));
        }
        if !self.source.fill_buf()?.is_empty() {
            return Err(self.damaged("something follows the end"));
        }
        if self.counts.sealed > 0 && !has_key {
            return Err(ImportError::KeyNeeded { sealed: self.counts.sealed });
        }
        Ok(())
    }

    /// A line and its bytes; `None` at the end of the file, and where a line is not complete.
    fn read(&mut self) -> Result<Option<(Line, Vec<u8>)>, ImportError> {
        let mut bytes = Vec::new();
        self.source.by_ref().take(LINE_BYTES).read_until(b'\n', &mut bytes)?;
        if bytes.last() != Some(&b'\n') {
            return match bytes.len() as u64 {
                LINE_BYTES => Err(self.damaged("a line without an end")),
                _ => Ok(None),
            };
        }
        self.number += 1;
        match serde_json::from_slice(&bytes) {
            Ok(line @ Line::Header(_)) => Ok(Some((line, bytes))),
            // What does not begin like an export is none.
            Ok(_) | Err(_) if self.number == 1 => Err(ImportError::NotAnExport),
            Ok(line) => Ok(Some((line, bytes))),
            Err(error) => Err(self.damaged(match error.classify() {
                serde_json::error::Category::Data => "it is none of the lines of an export",
                _ => "it is not JSON",
            })),
        }
    }

    fn damaged(&self, problem: &str) -> ImportError {
        ImportError::Damaged { line: self.number, problem: problem.to_owned() }
    }
}
