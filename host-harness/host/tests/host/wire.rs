//! Values of the contract as they lie in a guest's memory, and the code that hands them over and looks at the answer.
//!
//! What a guest answers lies at 0, all zeros; it keeps data from 1024 on, has results put at 8192, and lets the host put
//! what it hands over at 65536. An answer that is an error becomes a log line of its message, where a test can read it.

use crate::guests::Guest;

/// The export that most guests misbehave in.
pub const DESCRIBE: &str = "element@0.1.0#describe";
/// The same with storage and network.
pub const OVERVIEW: &str = "directory@0.1.0#overview";
/// The export that says which hosts may be reached.
pub const VALIDATE: &str = "element@0.1.0#validate-config";

/// Where results are put.
const RESULT: u32 = 8192;

/// Text or bytes at an address.
#[derive(Clone, Copy)]
pub struct At(pub u32, pub u32);

/// Bytes at a place in the guest's memory.
pub fn data(at: u32, bytes: &[u8]) -> String {
    let bytes: String = bytes.iter().map(|byte| format!("\\{byte:02x}")).collect();
    format!("(data (i32.const {at}) \"{bytes}\")\n")
}

/// Numbers one after the other, little-endian.
pub fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

/// A record `request`, 72 bytes long: GET of this URL, with this body as text.
pub fn request(url: At, body: Option<At>) -> Vec<u8> {
    request_with(url, body.map(|body| (TEXT, body)))
}

/// A case of the variant `body`.
pub const TEXT: u32 = 0;
/// A case of the variant `body`.
pub const BASE64: u32 = 2;

/// The same with a body of any case.
pub fn request_with(url: At, body: Option<(u32, At)>) -> Vec<u8> {
    let body = body.map_or([0; 4], |(case, At(at, length))| [1, case, at, length]);
    let method = [METHOD.0, METHOD.1];
    let headers = [0, 0];
    let rest = [0; 8];
    words(&[&method[..], &[url.0, url.1], &headers, &body, &rest].concat())
}

/// An operation `put`, 48 bytes long.
pub fn put(key: At, value: At) -> Vec<u8> {
    words(&[0, 0, key.0, key.1, value.0, value.1, 0, 0, 0, 0, 0, 0])
}

/// A record `destination`, 36 bytes long: this host with `https`.
fn destination(scheme: At, host: At, port: u32) -> Vec<u8> {
    words(&[scheme.0, scheme.1, host.0, host.1, port, 0, 0, 0, 0])
}

/// A guest whose configuration needs so many destinations.
pub fn needs(destinations: u32) -> Guest {
    let (scheme, host, list, validation) = (At(4100, 5), At(4108, 9), 8_192, 4224);
    let records: Vec<u8> = (0..destinations).flat_map(|number| destination(scheme, host, 1_000 + number)).collect();
    let items = [
        data(scheme.0, b"https"),
        data(host.0, b"a.example"),
        data(list, &records),
        data(validation, &words(&[1, 0, 0, list, destinations])),
    ];
    Guest::default().items(&items.concat()).with(VALIDATE, &format!("i32.const {validation}"))
}

const METHOD: At = At(4096, 3);

/// A guest that may reach 127.0.0.1 at this port, with a URL there at the address that comes with it.
pub fn caller(port: u16, path: &str) -> (Guest, At) {
    let (scheme, host) = (At(4100, 4), At(4104, 9));
    let (destination, validation) = (4160, 4224);
    let url = format!("http://127.0.0.1:{port}{path}");
    let items = [
        data(METHOD.0, b"GET"),
        data(scheme.0, b"http"),
        data(host.0, b"127.0.0.1"),
        data(4352, url.as_bytes()),
        data(destination, &words(&[scheme.0, scheme.1, host.0, host.1, port.into()])),
        // `valid`, no summary, one destination; no proxy, secrets or problems: zeros up to 4308.
        data(validation, &words(&[1, 0, 0, destination, 1])),
    ];
    let guest = Guest::default().items(&items.concat()).with(VALIDATE, &format!("i32.const {validation}"));
    (guest, At(4352, u32::try_from(url.len()).unwrap()))
}

/// `http.send`; a failure is logged.
pub fn send(url: At, body: Option<At>) -> String {
    send_with(url, body.map(|body| (TEXT, body)))
}

/// The same with a body of any case.
pub fn send_with(url: At, body: Option<(u32, At)>) -> String {
    let (case, At(at, length)) = body.unwrap_or((TEXT, At(0, 0)));
    let arguments =
        [METHOD.0, METHOD.1, url.0, url.1, 0, 0, u32::from(body.is_some()), case, at, length, 0, 0, 0, 0].map(constant);
    let message = At(RESULT + 32, RESULT + 36);
    format!(
        "{}i64.const 0\n i32.const {RESULT}\n call <http@0.1.0 send>\n {}",
        arguments.concat(),
        log_failure(message)
    )
}

/// `http.send-all` of so many requests that lie one after the other.
pub fn send_all(at: u32, count: u32) -> String {
    format!("{}call <http@0.1.0 send-all>\n", [at, count, RESULT].map(constant).concat())
}

/// `storage.apply` of so many operations. Of a quota that is exceeded two lines are logged: its name, and one as long
/// as its limit.
pub fn apply(at: u32, count: u32) -> String {
    let (tag, name, limit) = (RESULT + 8, At(RESULT + 16, RESULT + 20), RESULT + 24);
    format!(
        "{}call <storage@0.1.0 apply>\n i32.const {RESULT}\n i32.load8_u\n if\n i32.const {tag}\n i32.load8_u\n i32.const 1\n \
         i32.ne\n if\n unreachable\n end\n {}{}end\n",
        [at, count, RESULT].map(constant).concat(),
        log(&loaded(name.0), &loaded(name.1)),
        log("i32.const 0\n ", &loaded(limit)),
    )
}

/// `log.write` of a text, whose address and length are left by these instructions.
pub fn log(at: &str, length: &str) -> String {
    format!("i32.const 2\n {at}{length}i32.const 0\n i32.const 0\n call <log@0.1.0 write>\n ")
}

/// Does something so many times, and answers `ok`.
pub fn repeat(times: u32, what: &str) -> String {
    format!(
        "(local $n i32)\n loop\n {what}\n local.get $n\n i32.const 1\n i32.add\n local.tee $n\n i32.const {times}\n \
         i32.lt_u\n br_if 0\n end\n i32.const 0"
    )
}

fn log_failure(message: At) -> String {
    let log = log(&loaded(message.0), &loaded(message.1));
    format!("i32.const {RESULT}\n i32.load8_u\n if\n {log}end\n")
}

fn constant(number: u32) -> String {
    format!("i32.const {number}\n ")
}

fn loaded(address: u32) -> String {
    format!("i32.const {address}\n i32.load\n ")
}
