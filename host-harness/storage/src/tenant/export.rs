//! Writing a tenant down.

use std::io::{self, Write};

use super::super::scope::check_is_no_host;
use super::super::{Kept, KeptValue, Scope, SealingKey, Storage, StorageError};
use super::line::{Counts, EntryLine, FORMAT, Header, Line, ScopeLine, Sum, Trailer, VERSION};

/// What becomes of sealed values.
#[derive(Debug, Clone, Copy)]
pub enum SealedValues<'a> {
    /// They stay behind; the file counts them.
    LeftOut,
    /// They are opened with the store's key and sealed with this one, which the import needs.
    Resealed(&'a SealingKey),
}

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exported {
    /// Elements.
    pub scopes: u64,
    /// Entries in the file.
    pub entries: u64,
    /// Sealed values among them.
    pub sealed: u64,
    /// Sealed values that are not in the file.
    pub left_out: u64,
}

/// Why a tenant could not be exported.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// The store failed, or its key does not open a sealed value that was to be sealed anew.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The file cannot be written.
    #[error("cannot write the export: {0}")]
    Write(#[from] io::Error),
}

/// Writes everything a tenant holds to `sink`, each of its scopes as it is at one moment. A tenant that holds nothing
/// makes a file without entries.
///
/// The sink is written to by the calling task, page by page.
///
/// # Errors
/// What is written by then is no export: it has no trailer, and an import refuses it.
pub async fn export(
    storage: &dyn Storage,
    tenant: &str,
    sealed: SealedValues<'_>,
    sink: impl Write + Send,
) -> Result<Exported, ExportError> {
    check_is_no_host(tenant)?;
    let mut writer = Writer { sink, sum: Sum::default(), counts: Counts::default() };
    let scopes = storage.scopes(tenant).await?;
    writer.line(&Line::Header(Header { format: FORMAT.to_owned(), version: VERSION, tenant: tenant.to_owned() }))?;
    for scope in scopes {
        writer.line(&Line::Scope(ScopeLine { element: scope.element().to_owned() }))?;
        writer.counts.scopes += 1;
        let mut snapshot = storage.snapshot(&scope).await?;
        loop {
            let page = snapshot.next().await?;
            if page.is_empty() {
                break;
            }
            for kept in page {
                writer.entry(&scope, kept, sealed)?;
            }
        }
    }
    Ok(writer.end()?)
}

struct Writer<W> {
    sink: W,
    sum: Sum,
    counts: Counts,
}

impl<W: Write> Writer<W> {
    fn line(&mut self, line: &Line) -> io::Result<()> {
        let mut bytes = serde_json::to_vec(line)?;
        bytes.push(b'\n');
        self.sum.add(&bytes);
        self.sink.write_all(&bytes)
    }

    fn entry(&mut self, scope: &Scope, kept: Kept, sealed: SealedValues<'_>) -> Result<(), ExportError> {
        let Kept { key, value, expires_at_ms } = kept;
        let (value, is_sealed) = match (value, sealed) {
            (KeptValue::Plain(value), _) => (value, false),
            (KeptValue::Sealed(value), SealedValues::Resealed(transfer)) => {
                (transfer.seal(scope, &key, &value?)?, true)
            }
            (KeptValue::Sealed(_), SealedValues::LeftOut) => {
                self.counts.left_out += 1;
                return Ok(());
            }
        };
        self.counts.entries += 1;
        self.counts.sealed += u64::from(is_sealed);
        Ok(self.line(&Line::Entry(EntryLine { key, value, expires_at_ms, sealed: is_sealed }))?)
    }

    fn end(mut self) -> io::Result<Exported> {
        let Counts { scopes, entries, sealed, left_out } = self.counts;
        let sha256 = std::mem::take(&mut self.sum).end();
        self.line(&Line::Trailer(Trailer { counts: self.counts, sha256 }))?;
        self.sink.flush()?;
        Ok(Exported { scopes, entries, sealed, left_out })
    }
}
