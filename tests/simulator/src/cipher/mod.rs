//! The cipher of WeCom: exported files are sealed with it, and deliveries, which are signed besides (fact sheet sections 4.4 and 7.7).
//! Public for programs that look into what was sealed.

mod key;
mod message;
mod seal;

pub use key::Key;
pub use message::{OpenError, Opened, open, opened, seal, signature};
pub(crate) use seal::Seal;

use md5::{Digest as _, Md5};

/// The checksum of an exported file, as `export/get_result` names it: MD5 of what is served, in hexadecimal digits.
pub fn checksum(file: &[u8]) -> String {
    Md5::digest(file).iter().map(|byte| format!("{byte:02x}")).collect()
}
