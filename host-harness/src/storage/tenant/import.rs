//! Bringing a tenant back.
//!
//! The file is read twice: first to its end without touching the store, so that one which is damaged, cut off, sealed with
//! another key or meant for a newer program changes nothing; then again, to carry it over. Should that fail in the middle,
//! what was written is removed.

use std::io::{self, BufRead, Read as _, Seek, SeekFrom};

use super::super::scope::check_is_no_host;
use super::super::{Clock, Op, Outcome, PAGE_BYTES, PAGE_ITEMS, Scope, SealingKey, Storage, StorageError};
use super::delete::delete;
use super::line::{Counts, EntryLine, FORMAT, Header, Line, Sum, Trailer, VERSION};

/// The longest line: a value of a mebibyte in which every character is escaped, and its key.
const LINE_BYTES: u64 = 8 << 20;

/// How many lines are read before other tasks get their turn.
const LINES_AT_ONCE: u64 = 500;

/// How a tenant is imported.
pub struct Import<'a> {
    /// Whether what the tenant holds in the store is deleted first. Otherwise a tenant that holds something is refused.
    pub replace: bool,
    /// The key the export was sealed with, if it was.
    pub transfer_key: Option<&'a SealingKey>,
    /// What time it is for the store, at least roughly: [`super::super::SystemClock`], unless it was opened with another.
    pub clock: &'a dyn Clock,
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
    /// The tenant is there already.
    #[error("the tenant holds {entries} entries already: delete it first, or let the import replace it")]
    NotEmpty {
        /// How many.
        entries: u64,
    },
    /// The store refused, and nothing of the import is left.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The store failed, and so did the removal of what was imported by then.
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
    let mut examined = Lines::new(&mut file);
    while examined.next(how.transfer_key).await?.is_some() {}
    // Whatever is there has expired, or is to be replaced.
    delete(storage, tenant).await?;
    file.seek(SeekFrom::Start(start))?;
    match carry_over(storage, tenant, Lines::new(&mut file), &how).await {
        Ok(imported) => Ok(imported),
        Err(failure) => match delete(storage, tenant).await {
            Ok(_) => Err(failure),
            Err(source) => Err(ImportError::Left { failure: Box::new(failure), source }),
        },
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
            Item::Entry(entry) if entry.expires_at_ms.is_some_and(|at| at <= now_ms) => expired += 1,
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
        self.ops.len() < PAGE_ITEMS && self.bytes + entry.key.len() + entry.value.len() <= PAGE_BYTES
    }

    fn add(&mut self, entry: EntryLine, now_ms: u64) {
        let EntryLine { key, value, expires_at_ms, sealed } = entry;
        self.bytes += key.len() + value.len();
        let ttl_ms = expires_at_ms.map(|at| at.saturating_sub(now_ms));
        self.ops.push(Op::Put { key, value, ttl_ms, sealed });
    }

    async fn write(&mut self, storage: &dyn Storage) -> Result<(), StorageError> {
        let Some(scope) = &self.scope else { return Ok(()) };
        self.bytes = 0;
        match storage.apply(scope, std::mem::take(&mut self.ops)).await? {
            Outcome::Applied(_) => Ok(()),
            Outcome::Conflict(_) => Err(StorageError::Other("a batch without checks had a conflict".into())),
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
    counts: Counts,
}

impl<R: BufRead> Lines<R> {
    fn new(source: R) -> Self {
        Self { source, number: 0, sum: Sum::default(), tenant: String::new(), scope: None, counts: Counts::default() }
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
                    self.scope = Some(scope.map_err(|_| self.damaged("no name of an element"))?);
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
