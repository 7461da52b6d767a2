//! What the hostile tenant does.

use crate::{
    guests::Guest,
    wire::{self, At, OVERVIEW},
};

/// One thing that a component does for ever, and in how many calls at a time.
pub struct Attack {
    /// Its name on the command line and in the table.
    pub name: &'static str,
    /// Numbers of calls.
    pub calls: &'static [usize],
    /// What the component does, with the local `$n` and a destination to send to.
    body: fn(At) -> String,
}

/// All of them, and none.
pub const ATTACKS: &[Attack] = &[
    Attack { name: "nothing", calls: &[0], body: |_| String::new() },
    Attack { name: "spin", calls: &[4, 16], body: |_| again("") },
    Attack { name: "batch", calls: &[1, 4, 16], body: |_| format!("{}{}", grow(27 << 20), again(&batch(370_000))) },
    Attack { name: "batches", calls: &[1, 16], body: |_| format!("{}{}", grow(2 << 20), again(&batch(10_000))) },
    Attack { name: "url", calls: &[4, 16], body: |url| format!("{}{}", long(url, 24 << 20), again(&send(24 << 20))) },
    Attack {
        name: "method",
        calls: &[1, 4],
        body: |url| format!("{}{}", long(url, 47 << 20), again(&method(url, 47 << 20))),
    },
    Attack { name: "memory", calls: &[1, 16], body: |_| format!("{}{}", all_memory(), again("")) },
    Attack {
        name: "body",
        calls: &[4, 16],
        body: |url| format!("{}{}", grow(33 << 20), again(&denied_body(url, 31 << 20))),
    },
    Attack { name: "random", calls: &[2, 16], body: |_| format!("{}{}", grow(65 << 20), again(&random(64 << 20))) },
    Attack { name: "small-random", calls: &[4], body: |_| again(&random(64 << 10)) },
    Attack { name: "log", calls: &[4, 16], body: |_| format!("{}{}", grow(48 << 20), again(&log(46 << 20))) },
    Attack { name: "small-log", calls: &[4, 16], body: |_| format!("{}{}", grow(5 << 20), again(&log((4 << 20) - 1))) },
];

/// Where long texts lie.
const LONG: u32 = 1 << 20;

impl Attack {
    /// The one of this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        ATTACKS.iter().find(|attack| attack.name == name)
    }

    /// The component, with a server on this port to send to.
    pub fn component(&self, port: u16) -> Vec<u8> {
        let (guest, url): (Guest, At) = wire::caller(port, "/");
        let body = format!("{}\n i32.const 0", (self.body)(url));
        guest.wasi().with(OVERVIEW, &body).build()
    }
}

fn again(what: &str) -> String {
    format!("loop\n {what}br 0\n end\n ")
}

fn grow(bytes: u32) -> String {
    format!("i32.const {}\n memory.grow\n drop\n ", bytes >> 16)
}

/// Takes and touches memory, a MiB at a time, until there is no more.
fn all_memory() -> String {
    "(local $n i32)\n loop\n i32.const 16\n memory.grow\n local.tee $n\n i32.const -1\n i32.ne\n if\n local.get $n\n \
     i32.const 16\n i32.shl\n i32.const 1\n i32.const 1048576\n memory.fill\n br 1\n end\n end\n "
        .to_owned()
}

/// A request with a body of so many bytes to a server that is not allowed: the port is another.
fn denied_body(At(url, length): At, bytes: u32) -> String {
    wire::send(At(url, length - 2), Some(At(LONG, bytes)))
}

/// Puts a text of so many bytes at [`LONG`] that begins as the URL.
fn long(At(url, length): At, bytes: u32) -> String {
    format!(
        "{}i32.const {LONG}\n i32.const {url}\n i32.const {length}\n memory.copy\n i32.const {}\n i32.const 97\n \
         i32.const {}\n memory.fill\n ",
        grow(bytes + (3 << 20)),
        LONG + length,
        bytes - length,
    )
}

fn batch(requests: u32) -> String {
    wire::send_all(16_384, requests)
}

fn send(url: u32) -> String {
    wire::send(At(LONG, url), None)
}

/// A request to this URL whose method is so long: letters of the long text behind its beginning.
fn method(url: At, bytes: u32) -> String {
    let store = |at: u32, value: u32| format!("i32.const {at}\n i32.const {value}\n i32.store\n ");
    let record = 16_384;
    let fields = [(0, LONG + 64), (4, bytes - 64), (8, url.0), (12, url.1)];
    let stores: String = fields.map(|(offset, value)| store(record + offset, value)).concat();
    format!("{stores}{}", wire::send_all(record, 1))
}

fn random(bytes: u32) -> String {
    format!("i64.const {bytes}\n i32.const 8192\n call <wasi:random/random@0.2.0 get-random-bytes>\n ")
}

fn log(bytes: u32) -> String {
    wire::log(&format!("i32.const {LONG}\n "), &format!("i32.const {bytes}\n "))
}
