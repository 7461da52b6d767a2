//! The answers about a tenant as a whole.

use std::path::Path;

use organisation_host::storage::tenant::{Deleted, Exported, Imported};
use serde::Serialize;

/// What an export wrote.
#[derive(Debug, Serialize)]
pub struct ExportedView {
    pub tenant: String,
    pub file: String,
    pub elements: u64,
    pub entries: u64,
    /// Entries among these that are sealed with the transfer key.
    pub sealed: u64,
    /// Sealed entries that are not in the file.
    pub left_out: u64,
}

impl ExportedView {
    pub fn new(tenant: &str, file: &Path, exported: Exported) -> Self {
        let Exported { scopes, entries, sealed, left_out } = exported;
        Self {
            tenant: tenant.to_owned(),
            file: file.display().to_string(),
            elements: scopes,
            entries,
            sealed,
            left_out,
        }
    }
}

/// What an import carried over.
#[derive(Debug, Serialize)]
pub struct ImportedView {
    pub tenant: String,
    pub file: String,
    /// What the tenant was called where it was exported.
    pub exported_as: String,
    pub elements: u64,
    pub entries: u64,
    /// Entries that expired since the export.
    pub expired: u64,
    /// Sealed entries that are not in the file.
    pub left_out: u64,
}

impl ImportedView {
    pub fn new(tenant: &str, file: &Path, imported: Imported) -> Self {
        let Imported { exported_as, scopes, entries, expired, left_out } = imported;
        let (tenant, file) = (tenant.to_owned(), file.display().to_string());
        Self { tenant, file, exported_as, elements: scopes, entries, expired, left_out }
    }
}

/// What was removed.
#[derive(Debug, Serialize)]
pub struct DeletedView {
    pub tenant: String,
    pub elements: u64,
    pub entries: u64,
    /// Elements that were written anew meanwhile, and deleted again.
    pub came_back: u64,
    /// What is left to do where hosts were running.
    pub hint: &'static str,
}

const STILL_WRITING: &str = "如有主机在运行, 请在其重新加载 (--reload) 且同步轮次结束后再删除一次: 此前它们仍可能写入 / if hosts \
                             were running, delete once more when they have reloaded (--reload) and syncs under way are \
                             over: until then they may write for the tenant";

impl DeletedView {
    pub fn new(tenant: &str, deleted: Deleted, came_back: Deleted) -> Self {
        let Deleted { scopes, entries } = deleted;
        let came_back = came_back.scopes;
        Self { tenant: tenant.to_owned(), elements: scopes, entries, came_back, hint: STILL_WRITING }
    }
}
