//! `tenants`: what hosts without a registry file serve.

use std::path::Path;

use organisation_fleet::tenants::{StoredTenants, declarations_of_file, new_api_key};
use serde::Serialize;
use serde_json::{Value, json};

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
    let stored = async || Ok::<_, CommandError>(StoredTenants::new(store::open(options).await?));
    let (tenants, status) = match asked {
        TenantsCommand::Put { file } => (put(&stored().await?, file).await?, ExitStatus::Done),
        TenantsCommand::List => {
            (stored().await?.list().await?.into_iter().map(|(name, _)| name).collect(), ExitStatus::Done)
        }
        TenantsCommand::Remove { name } => match stored().await?.remove(name).await? {
            true => (vec![name.clone()], ExitStatus::Done),
            false => (Vec::new(), ExitStatus::Negative),
        },
        TenantsCommand::ApiKey { name, scope } => return api_key(name, scope, output),
    };
    let view = TenantsView { tenants };
    output.answer(&view, |_| {
        let lines = view.tenants.iter().map(|name| text::clean(name) + "\n");
        lines.reduce(|all, line| all + &line).unwrap_or_else(|| "无 none\n".to_owned())
    })?;
    Ok(status)
}

/// A new key, and what a tenant's declaration says of it.
#[derive(Debug, Serialize)]
struct ApiKeyView {
    key: String,
    declare: Value,
}

fn api_key(name: &str, scopes: &[String], output: &mut Output) -> Result<ExitStatus, CommandError> {
    let (key, sha256) = new_api_key().map_err(|error| CommandError::Output(error.into()))?;
    let view = ApiKeyView { key, declare: json!({ "name": name, "sha256": sha256, "scopes": scopes }) };
    output.answer(&view, |paint| {
        let note = "仅显示这一次 shown this once; add to api_keys of the tenant's declaration:";
        format!("{}\n{}\n{}\n", view.key, paint.dim(note), view.declare)
    })?;
    Ok(ExitStatus::Done)
}

async fn put(stored: &StoredTenants, file: &Path) -> Result<Vec<String>, CommandError> {
    let mut names = Vec::new();
    // All of the file is read before anything is stored.
    for declaration in declarations_of_file(file)? {
        names.push(stored.put(&declaration).await?);
    }
    Ok(names)
}
