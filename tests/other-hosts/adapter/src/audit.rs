//! The trail, in the store beside the entries: whoever may write the bucket may rewrite it.

use serde_json::json;

use crate::{
    Adapter, bucket,
    generated::exports::lowcode::organisation::audit::{Entry, Failure, Guest},
};

const MOST: usize = 500;
const LARGEST_ENTRY: usize = 64 << 10;
const LARGEST: usize = 512 << 10;

impl Guest for Adapter {
    /// One value for all of them, since only one is written wholly or not at all.
    fn append(entries: Vec<Entry>) -> Result<(), Failure> {
        let sizes: Vec<usize> = entries.iter().map(size).collect();
        let too_large = sizes.iter().any(|size| *size > LARGEST_ENTRY) || sizes.iter().sum::<usize>() > LARGEST;
        if entries.len() > MOST || too_large {
            return Err(Failure::Invalid("too many entries, or too large".to_owned()));
        }
        let rows = entries.iter().map(|entry| {
            json!({
                "actor": entry.actor, "action": entry.action, "subject": entry.subject,
                "before": entry.before, "after": entry.after, "at": bucket::now(),
            })
        });
        let rows = rows.collect::<serde_json::Value>().to_string();
        let number = bucket::increment("audit", 1).map_err(|_| Failure::Unavailable)?;
        bucket::set(&format!("audit/{number}"), rows.as_bytes()).map_err(|_| Failure::Unavailable)
    }
}

fn size(entry: &Entry) -> usize {
    let optional = [&entry.subject, &entry.before, &entry.after];
    entry.actor.len() + entry.action.len() + optional.into_iter().flatten().map(String::len).sum::<usize>()
}
