//! Files that a command is given: records of the contract as JSON, and bytes.

use std::{
    fs::File,
    io::{self, Read as _},
    path::Path,
};

use organisation_host::{contract::from_json, settings::text_of_bytes};
use serde::de::DeserializeOwned;
use serde_json::Value;
use zeroize::Zeroizing;

use crate::command_error::CommandError;

/// The largest file of a command, 32 MiB: more than any request carries.
const MAX_BYTES: u64 = 32 << 20;

/// The bytes of a file, or of standard input for `-`.
///
/// # Errors
/// It cannot be read, or is too large.
pub fn bytes(file: &Path) -> Result<Vec<u8>, CommandError> {
    let failed = |source| CommandError::File { file: file.display().to_string(), source };
    let mut bytes = Vec::new();
    // One byte more than is allowed shows that there is too much.
    let read = match file.to_str() {
        Some("-") => io::stdin().take(MAX_BYTES + 1).read_to_end(&mut bytes),
        _ => File::open(file).and_then(|file| file.take(MAX_BYTES + 1).read_to_end(&mut bytes)),
    };
    if read.map_err(failed)? as u64 > MAX_BYTES {
        let hint = "name the right file";
        return Err(CommandError::usage(format!("{} has more than {MAX_BYTES} bytes", file.display()), hint));
    }
    Ok(bytes)
}

/// The JSON of a file.
///
/// # Errors
/// It cannot be read, or is no JSON.
pub fn json(file: &Path) -> Result<Value, CommandError> {
    let name = file.display();
    let text = text_of_bytes(Zeroizing::new(bytes(file)?))
        .map_err(|error| CommandError::usage(format!("{name}: {error}"), error.hint()))?;
    serde_json::from_str(&text).map_err(|error| {
        CommandError::usage(format!("{name} is no JSON: {error}"), "the folder examples holds one file of every kind")
    })
}

/// A record of the contract in a file.
///
/// # Errors
/// It cannot be read, is no JSON, or is no such record.
pub fn record<T: DeserializeOwned>(file: &Path) -> Result<T, CommandError> {
    from_json(json(file)?).map_err(|error| {
        CommandError::usage(
            format!("{}: {error}", file.display()),
            "keys are those of the contract (wit/) in snake_case; the folder examples holds one file of every kind",
        )
    })
}
