//! `tenants`: what hosts without a registry file serve.

use std::path::Path;

use host_harness::tenants::{StoredTenants, declarations_of_file};
use serde::Serialize;

use crate::{
    cli::{Global, Tenants},
    failure::{Failure, Status},
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
pub async fn tenants(options: &Global, asked: &Tenants, output: &mut Output) -> Result<Status, Failure> {
    let stored = StoredTenants::new(store::open(options).await?);
    let (tenants, status) = match asked {
        Tenants::Put { file } => (put(&stored, file).await?, Status::Done),
        Tenants::List => (stored.list().await?.into_iter().map(|(name, _)| name).collect(), Status::Done),
        Tenants::Remove { name } => match stored.remove(name).await? {
            true => (vec![name.clone()], Status::Done),
            false => (Vec::new(), Status::Negative),
        },
    };
    let view = TenantsView { tenants };
    output.answer(&view, |_| {
        let lines = view.tenants.iter().map(|name| text::clean(name) + "\n");
        lines.reduce(|all, line| all + &line).unwrap_or_else(|| "无 none\n".to_owned())
    })?;
    Ok(status)
}

async fn put(stored: &StoredTenants, file: &Path) -> Result<Vec<String>, Failure> {
    let mut names = Vec::new();
    // All of the file is read before anything is stored.
    for declaration in declarations_of_file(file)? {
        names.push(stored.put(&declaration).await?);
    }
    Ok(names)
}
