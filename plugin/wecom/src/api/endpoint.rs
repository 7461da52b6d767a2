//! The endpoints that this element uses, each with everything that is fixed about it.

use std::fmt;

/// An endpoint below `/cgi-bin/`. Variants are named for WeCom's own paths, so that a reader finds the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Endpoint {
    /// `gettoken` (doc 91039). The only one whose query holds the secret instead of the token.
    GetToken,
    /// `agent/get` (doc 90227): the app and its visible range.
    AgentGet,
    /// `department/list` (doc 90208): departments with names.
    DepartmentList,
    /// `department/get` (doc 95351): one department.
    DepartmentGet,
    /// `user/get` (doc 90196): one member.
    UserGet,
    /// `user/list` (doc 90201): the direct members of one department.
    UserList,
    /// `user/simplelist` (doc 90200): the direct members of one department, ids and names only.
    UserSimpleList,
    /// `tag/get` (doc 90213): members and departments of a tag.
    TagGet,
    /// `auth/getuserinfo` (doc 91023): turns a login code into an id. The code is spent by it.
    AuthGetUserInfo,
    /// `user/getuserinfo`: the legacy path of the same, which old private deployments have alone.
    UserGetUserInfo,
    /// `auth/getuserdetail` (doc 95833): what a member consented to.
    AuthGetUserDetail,
    /// `export/user` (docs 94849 to 94854): orders files of all visible members.
    ExportUser,
    /// `export/department` (likewise): orders files of all visible departments.
    ExportDepartment,
    /// `export/get_result` (likewise): how an order stands.
    ExportGetResult,
}

/// Milliseconds that an answer may take. WeCom recommends 5 to 10 s; the lease on the token (10 s) must outlive it.
pub(crate) const TIMEOUT_MS: u32 = 8_000;

impl Endpoint {
    /// The path below `/cgi-bin/`, which also names the endpoint in messages and counts.
    pub(crate) const fn path(self) -> &'static str {
        match self {
            Self::GetToken => "gettoken",
            Self::AgentGet => "agent/get",
            Self::DepartmentList => "department/list",
            Self::DepartmentGet => "department/get",
            Self::UserGet => "user/get",
            Self::UserList => "user/list",
            Self::UserSimpleList => "user/simplelist",
            Self::TagGet => "tag/get",
            Self::AuthGetUserInfo => "auth/getuserinfo",
            Self::UserGetUserInfo => "user/getuserinfo",
            Self::AuthGetUserDetail => "auth/getuserdetail",
            Self::ExportUser => "export/user",
            Self::ExportDepartment => "export/department",
            Self::ExportGetResult => "export/get_result",
        }
    }

    /// The HTTP method.
    pub(crate) const fn method(self) -> &'static str {
        match self {
            Self::AuthGetUserDetail | Self::ExportUser | Self::ExportDepartment => "POST",
            _ => "GET",
        }
    }

    /// Whether a call may be repeated when nobody knows what became of the first one.
    pub(crate) const fn is_idempotent(self) -> bool {
        !matches!(self, Self::AuthGetUserInfo | Self::UserGetUserInfo)
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.path())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_exchange_of_a_code_must_not_be_repeated() {
        for (api, method, path, idempotent) in [
            (Endpoint::GetToken, "GET", "gettoken", true),
            (Endpoint::AgentGet, "GET", "agent/get", true),
            (Endpoint::DepartmentList, "GET", "department/list", true),
            (Endpoint::DepartmentGet, "GET", "department/get", true),
            (Endpoint::UserGet, "GET", "user/get", true),
            (Endpoint::UserList, "GET", "user/list", true),
            (Endpoint::UserSimpleList, "GET", "user/simplelist", true),
            (Endpoint::TagGet, "GET", "tag/get", true),
            (Endpoint::AuthGetUserInfo, "GET", "auth/getuserinfo", false),
            (Endpoint::UserGetUserInfo, "GET", "user/getuserinfo", false),
            (Endpoint::AuthGetUserDetail, "POST", "auth/getuserdetail", true),
            (Endpoint::ExportUser, "POST", "export/user", true),
            (Endpoint::ExportDepartment, "POST", "export/department", true),
            (Endpoint::ExportGetResult, "GET", "export/get_result", true),
        ] {
            assert_eq!((api.method(), api.path(), api.is_idempotent()), (method, path, idempotent));
        }
    }
}
