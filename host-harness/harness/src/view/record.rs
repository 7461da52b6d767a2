//! Records of the contract that are printed by the contract's own names.

use organisation_host::contract::to_json;
use serde::Serialize;
use serde_json::Value;

use super::time;
use crate::command_error::CommandError;

/// Keys whose numbers are instants.
pub const INSTANTS: [&str; 9] =
    ["at", "begin", "day", "end", "submitted_at", "expires_at", "not_before", "started_at", "finished_at"];

/// A record as JSON, with times as every answer has them.
///
/// # Errors
/// The record cannot be written; no record of the contract is so.
pub fn record(record: &impl Serialize) -> Result<Value, CommandError> {
    let mut value = to_json(record).map_err(|error| CommandError::BrokenPromise(error.to_string()))?;
    write_times(&mut value);
    Ok(value)
}

fn write_times(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(write_times),
        Value::Object(object) => {
            for (key, value) in object {
                match value.as_u64() {
                    Some(instant) if INSTANTS.contains(&key.as_str()) => *value = time(instant).into(),
                    _ => write_times(value),
                }
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use organisation_host::contract::callbacks::FollowUpTask;
    use serde_json::json;

    use super::*;

    #[test]
    fn instants_are_times() {
        let task = FollowUpTask { kind: "refresh-member".into(), subject: "lisi".into(), not_before: Some(0) };
        let written = record(&task).unwrap();
        let expected = json!({"kind": "refresh-member", "subject": "lisi", "not_before": "1970-01-01T00:00:00Z"});
        assert_eq!(written, expected);
    }
}
