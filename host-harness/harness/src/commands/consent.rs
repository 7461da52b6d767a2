//! Asking on the terminal whether what cannot be undone is meant.

use std::io::{self, IsTerminal, Write};

use crate::text;

/// Whether a person types the name that is asked for; `false` where there is no terminal.
///
/// # Errors
/// The terminal cannot be read or written.
pub fn is_given(prompt: &str, name: &str) -> io::Result<bool> {
    if !io::stdin().is_terminal() {
        return Ok(false);
    }
    let mut out = io::stderr();
    let shown = text::clean(name);
    write!(out, "{prompt} {shown}; 输入租户名以确认 type its name to confirm: ")?;
    out.flush()?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    Ok(answer.trim_end_matches(['\r', '\n']) == name)
}
