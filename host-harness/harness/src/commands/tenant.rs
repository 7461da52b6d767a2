//! `tenant export`, `tenant import`, `tenant delete`: everything that is stored of a tenant.

use std::{
    fs::File,
    io::{self, BufReader, BufWriter},
    path::Path,
    sync::Arc,
};

use organisation_fleet::tenants::{Source, StoredTenants};
use organisation_host::storage::{
    Quotas, SystemClock,
    tenant::{self, ExportError, Import, SealedValues},
};
use tempfile::NamedTempFile;

use super::consent;
use crate::{
    cli::Global,
    command_error::{CommandError, ExitStatus},
    output::Output,
    store, text,
    view::tenant::{DeletedView, ExportedView, ImportedView},
};

/// Writes the tenant to a new file. It appears when it is complete.
///
/// # Errors
/// The file is there already or cannot be written, or the storage fails.
pub async fn export(
    options: &Global,
    file: &Path,
    transfer_key: Option<&str>,
    output: &mut Output,
) -> Result<ExitStatus, CommandError> {
    if file.exists() {
        return Err(there_already(file));
    }
    let key = transfer_key.map(|name| store::key("--transfer-key", name)).transpose()?;
    let sealed = key.as_ref().map_or(SealedValues::LeftOut, SealedValues::Resealed);
    let storage = store::open(options).await?;
    let failed = |error| CommandError::Export(ExportError::Write(error));
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // Readable by the owner alone.
    let mut made = NamedTempFile::new_in(folder).map_err(failed)?;
    let exported = tenant::export(&*storage, &options.tenant, sealed, BufWriter::new(made.as_file_mut())).await?;
    if exported.scopes == 0 {
        return Err(CommandError::usage(
            format!("nothing is stored of tenant {:?}", options.tenant),
            "no file was made: check --tenant and --storage",
        ));
    }
    made.as_file().sync_all().map_err(failed)?;
    made.persist_noclobber(file).map_err(|error| match error.error.kind() {
        io::ErrorKind::AlreadyExists => there_already(file),
        _ => failed(error.error),
    })?;
    storage.close().await;
    let view = ExportedView::new(&options.tenant, file, exported);
    output.answer(&view, |paint| text::tenant::exported(&view, paint))?;
    Ok(ExitStatus::Done)
}

fn there_already(file: &Path) -> CommandError {
    CommandError::usage(format!("{} exists", file.display()), "name a new file: an export writes over nothing")
}

/// Reads a file into the storage.
///
/// # Errors
/// The file is no intact export or holds more than the tenant may, the tenant holds something, its declaration cannot be
/// read, or the storage fails.
pub async fn import(
    options: &Global,
    file: &Path,
    replace: bool,
    tenants: Option<&Path>,
    transfer_key: Option<&str>,
    output: &mut Output,
) -> Result<ExitStatus, CommandError> {
    let key = transfer_key.map(|name| store::key("--transfer-key", name)).transpose()?;
    let source = File::open(file).map_err(|source| CommandError::File { file: file.display().to_string(), source })?;
    // The store and the import go by the same, also by what is found out below.
    let quotas = Quotas::default();
    let storage = store::open_with(options, quotas.clone()).await?;
    let declared = match tenants {
        Some(file) => Source::File(file.to_owned()),
        None => Source::Stored(Arc::clone(&storage)),
    };
    if let Some((scope, quota)) = declared.own_quota(&options.tenant).await? {
        quotas.set_own(scope, Some(quota));
    }
    let how = Import { replace, transfer_key: key.as_ref(), clock: &SystemClock, quotas: &quotas };
    let imported = tenant::import(&*storage, &options.tenant, BufReader::new(source), how).await?;
    storage.close().await;
    let view = ImportedView::new(&options.tenant, file, imported);
    output.answer(&view, |paint| text::tenant::imported(&view, paint))?;
    Ok(ExitStatus::Done)
}

/// Removes the tenant, when it is said or answered that it is meant.
///
/// # Errors
/// Nobody said so, or the storage fails.
pub async fn delete(options: &Global, yes: bool, output: &mut Output) -> Result<ExitStatus, CommandError> {
    let prompt = "将永久删除 deletes all that is stored of";
    if !yes && !consent::is_given(prompt, &options.tenant)? {
        return Err(CommandError::usage(
            format!("tenant {:?} is not deleted: nobody said that this is meant", options.tenant),
            "say so with --yes, or type the tenant's name when asked on a terminal",
        ));
    }
    let storage = store::open(options).await?;
    // What hosts know of it, its name included; first, so that none of them begins to work for it again meanwhile.
    StoredTenants::new(Arc::clone(&storage)).remove(&options.tenant).await?;
    let deleted = tenant::delete(&*storage, &options.tenant).await?;
    // Hosts that have not reloaded yet serve the tenant still.
    let came_back = tenant::delete_what_comes_back(&*storage, &options.tenant).await?;
    storage.close().await;
    let view = DeletedView::new(&options.tenant, deleted, came_back);
    output.answer(&view, |paint| text::tenant::deleted(&view, paint))?;
    Ok(ExitStatus::Done)
}
