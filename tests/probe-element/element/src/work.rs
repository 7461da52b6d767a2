//! What only a misbehaving component does: it is the host's to end it.

use std::hint::black_box;

use organisation_kit::contract::call;
use serde_json::{Value, json};

/// Does it, and answers where the host let it come to an end.
pub(crate) fn done(function: &str, arguments: &Value) -> Result<Value, String> {
    let number = arguments.get("n").and_then(Value::as_u64).unwrap_or_default();
    match function {
        "work.spin" => loop {
            black_box(number);
        },
        "work.allocate" => {
            let bytes = usize::try_from(number).map_err(|error| error.to_string())?;
            Ok(json!(black_box(vec![1_u8; bytes]).len()))
        }
        "work.ask" => Ok(json!((0..number).map(|_| call::remaining().requests).max())),
        "work.recurse" => Ok(json!(recurse(number))),
        #[allow(clippy::panic, reason = "a host has to bear it")]
        "work.panic" => panic!("the probe was told to panic"),
        _ => Err(format!("{function} is no work")),
    }
}

#[allow(unconditional_recursion, reason = "a host has to end it")]
fn recurse(number: u64) -> u64 {
    black_box(recurse(black_box(number) + 1)) + 1
}
