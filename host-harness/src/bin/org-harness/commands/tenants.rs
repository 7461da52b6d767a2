//! `tenants`: what hosts without a registry file serve.

use std::path::Path;

use host_harness::tenants::{StoredTenants, declarations_of_file};
use serde::Serialize;

use crate::{
    cli::{Global, TenantsCommand},
    command_error::{CommandError, ExitStatus},
    output::Output,
    store, text,
};

/// Names of tenants.
#[derive(Debug, Serialize)]
struct TenantsView {
    tenants: Vec<String>,
}

/// Stores, shows or forgets declarations.
///
/// # Errors
/// The file holds mistakes, or the storage cannot be had.
pub async fn tenants(
    options: &Global,
    asked: &TenantsCommand,
    output: &mut Output,
) -> Result<ExitStatus, CommandError> {
    let stored = StoredTenants::new(store::open(options).await?);
    let (tenants, status) = match asked {
        TenantsCommand::Put { file } => (put(&stored, file).await?, ExitStatus::Done),
        TenantsCommand::List => (stored.list().await?.into_iter().map(|(name, _)| name).collect(), ExitStatus::Done),
        TenantsCommand::Remove { name } => match stored.remove(name).await? {
            true => (vec![name.clone()], ExitStatus::Done),
            false => (Vec::new(), ExitStatus::Negative),
        },
    };
    let view = TenantsView { tenants };
    output.answer(&view, |_| {
        let lines = view.tenants.iter().map(|name| text::clean(name) + "\n");
        lines.reduce(|all, line| all + &line).unwrap_or_else(|| "无 none\n".to_owned())
    })?;
    Ok(status)
}

async fn put(stored: &StoredTenants, file: &Path) -> Result<Vec<String>, CommandError> {
    let mut names = Vec::new();
    // All of the file is read before anything is stored.
    for declaration in declarations_of_file(file)? {
        names.push(stored.put(&declaration).await?);
    }
    Ok(names)
}
