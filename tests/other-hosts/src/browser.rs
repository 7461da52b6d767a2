//! A browser, as far as a sign-in at a simulated WeCom needs one.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
};

use wasmtime::{Result, error::Context as _};

/// What came back from the vendor's page.
pub(crate) struct Back {
    pub(crate) code: String,
    pub(crate) state: String,
}

/// Opens a sign-in address as this member, who is asked nothing.
pub(crate) fn signed_in(address: &str, member: &str) -> Result<Back> {
    let address = address.split('#').next().unwrap_or_default();
    let (host, path) = address.strip_prefix("http://").and_then(|rest| rest.split_once('/')).context("an address")?;
    let mut stream = TcpStream::connect(host)?;
    write!(stream, "GET /{path}&as={member} HTTP/1.0\r\nhost: {host}\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let location = answer.lines().find_map(|line| line.strip_prefix("location: ")).context("it leads back")?;
    let value = |name: &str| {
        let (_, query) = location.split_once('?')?;
        query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('=')).map(str::to_owned)
    };
    Ok(Back { code: value("code").context("a code")?, state: value("state").context("a state")? })
}
