//! The WeCom (企业微信) organisation element.

// While its parts move: public parts of the kit still name what is this element's own.
#![allow(private_interfaces)]

#[path = "../../kit/src/lib.rs"]
pub mod kit;

pub(crate) mod api;
pub mod check;
pub mod config;
pub mod describe;
pub mod export;
pub mod login_url;
pub(crate) mod wire;

pub(crate) use kit::clock;
#[cfg(test)]
pub(crate) use kit::fake;
pub use kit::{contract, directory, failure, fingerprint, login, names, platform, store, text, token, verdict};

/// The element of before, while its parts move.
pub mod vendor {
    pub use crate::export;
    pub(crate) use crate::{
        api::{answer, codes},
        fingerprint, wire,
    };
    pub(crate) mod api {
        pub(crate) use crate::api::endpoint::{Endpoint as Api, TIMEOUT_MS};
    }
    pub(crate) mod client {
        pub(crate) use crate::{
            api::{call::Call, client::Client},
            kit::vendor::Usage,
        };
    }
    pub(crate) mod refusal {
        pub(crate) use crate::api::codes::{hides_department, hides_member, is_too_large};
    }
    /// Rows as the engine of before takes them: whoever cannot be read is not met.
    pub(crate) mod rows {
        use crate::directory::{
            department::{Department, DepartmentRow},
            member::{Member, MemberRow},
        };
        pub(crate) fn members(rows: impl IntoIterator<Item = MemberRow>) -> Vec<Member> {
            let member = |row| match row {
                MemberRow::Fetched(fetched) => Some(fetched.member),
                MemberRow::Unreadable { .. } => None,
            };
            rows.into_iter().filter_map(member).collect()
        }
        pub(crate) fn departments(rows: impl IntoIterator<Item = DepartmentRow>) -> Vec<Department> {
            let department = |row| match row {
                DepartmentRow::Fetched(fetched) => Some(fetched.department),
                DepartmentRow::Unreadable => None,
            };
            rows.into_iter().filter_map(department).collect()
        }
    }
}

/// Likewise.
pub mod element {
    pub use crate::{check::check_connection, config::validate, describe::describe, verdict};
}
