//! What the platform itself says of members; see `wit/administration.wit`. It asks the vendor nothing but who carries a tag, so it is
//! the same for every vendor.
//!
//! Every change goes the same way: read, decide, write it down in the [`trail`], then write it, checked against the head of the
//! directory like every other write of the copy. Where another writer came between it is decided anew, and what comes out
//! otherwise is written down once more.

pub mod administrators;
pub mod erasure;
pub mod member_roles;
pub mod retirement;
pub mod role_rules;
pub mod signature;
mod trail;

pub use administrators::{administrators, set_administrators};
pub use erasure::erase_member;
pub use member_roles::{confirm_roles, member_roles_of, set_member_roles};
pub use retirement::{reinstate_members, retire_members};
pub use role_rules::{role_rules, set_role_rules};
pub use signature::{set_signature, signature};

use crate::{
    directory::{id::IdRule, key, member::is_id, read::no_member, record::MemberRecord},
    failure::Failure,
    platform::Platform,
    store,
};

/// A member of the copy, whatever their status.
fn member(platform: &dyn Platform, ids: IdRule, id: &str) -> Result<MemberRecord, Failure> {
    // What can be no id is known to nobody, and must not become part of a key.
    if !is_id(id) {
        return Err(no_member(id));
    }
    store::value(platform, &key::member(ids, id))?.ok_or_else(|| no_member(id))
}
