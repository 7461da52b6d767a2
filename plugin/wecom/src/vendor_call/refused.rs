//! The calls that nobody makes through `vendor.call`: what they answer gives power over the app, the organisation or a sign-in,
//! and the component makes those that are needed by itself.

type Why = (&'static str, &'static str);

const TOKEN: Why = ("返回访问凭证", "it answers an access token");
const TICKET: Why = ("返回 ticket；网页签名请用 web 接口", "it answers a ticket; the interface web signs for pages");
const SIGN_IN: Why =
    ("消费登录 code；登录请用 login 接口", "it spends the code of a sign-in; the interface login does that");
const SESSION: Why = ("返回会话密钥", "it answers a session key");
const PROVIDER: Why = ("服务商接口，返回授权凭证", "an API of service providers, which answers what others authorised");

/// Paths below the root in lower case, with everything below them.
const PATHS: [(&str, Why); 12] = [
    // Doc 91039.
    ("gettoken", TOKEN),
    // Docs 95816 and 95815: of linked organisations.
    ("corpgroup/corp/gettoken", TOKEN),
    ("linkedcorp/gettoken", TOKEN),
    // Doc 90506: of the organisation and of the app.
    ("get_jsapi_ticket", TICKET),
    ("ticket", TICKET),
    // Doc 91023 and its legacy path.
    ("auth/getuserinfo", SIGN_IN),
    ("user/getuserinfo", SIGN_IN),
    ("auth/getuserdetail", SIGN_IN),
    // Doc 99499: answers the code of the second factor.
    ("auth/get_tfa_info", SIGN_IN),
    // Doc 92426.
    ("miniprogram/jscode2session", SESSION),
    // Docs 90597 and following: tokens of suites, permanent codes, sign-ins of administrators.
    ("service", PROVIDER),
    ("corpgroup/get_suite_token", PROVIDER),
];

/// Parts of a name that say the same of calls that are not in the table yet.
const NAMES: [(&str, Why); 5] = [
    ("token", TOKEN),
    ("ticket", TICKET),
    ("secret", SESSION),
    ("code2session", SESSION),
    ("permanent_code", PROVIDER),
];

/// Parameters that would replace the token, or present a credential. Besides, what contains `token` or `secret`.
const PARAMETERS: [&str; 2] = ["corpid", "ticket"];

/// Why a path, without the root, is refused. It was judged: only its case can vary.
pub(super) fn path(path: &str) -> Option<Why> {
    let path = path.to_ascii_lowercase();
    let is_below =
        |prefix: &str| path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    let named = || NAMES.iter().find(|(name, _)| path.contains(name));
    PATHS.iter().find(|(prefix, _)| is_below(prefix)).or_else(named).map(|(_, why)| *why)
}

/// Whether a parameter of the query is not the caller's to give.
pub(super) fn parameter(name: &str) -> bool {
    let name = name.trim().to_ascii_lowercase();
    PARAMETERS.contains(&name.as_str()) || ["token", "secret"].iter().any(|part| name.contains(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_answers_tokens_tickets_or_keys_is_refused_however_it_is_written() {
        for (tried, expected) in [
            ("gettoken", Some(TOKEN)),
            ("GetToken", Some(TOKEN)),
            ("gettoken/x", Some(TOKEN)),
            ("corpgroup/corp/gettoken", Some(TOKEN)),
            ("get_jsapi_ticket", Some(TICKET)),
            ("ticket/get", Some(TICKET)),
            ("TICKET/GET", Some(TICKET)),
            ("service/get_suite_token", Some(PROVIDER)),
            ("service/get_permanent_code", Some(PROVIDER)),
            ("Service/anything", Some(PROVIDER)),
            ("auth/getuserinfo", Some(SIGN_IN)),
            ("user/GetUserInfo", Some(SIGN_IN)),
            ("auth/getuserdetail", Some(SIGN_IN)),
            ("auth/get_tfa_info", Some(SIGN_IN)),
            ("miniprogram/jscode2session", Some(SESSION)),
            ("new/get_some_token", Some(TOKEN)),
            ("new/reset_secret", Some(SESSION)),
            ("agent/get", None),
            ("user/get", None),
            ("user/getuserid", None),
            ("message/send", None),
            ("media/get", None),
            ("export/user", None),
            ("services/list", None),
            ("oa/getapprovalinfo", None),
        ] {
            assert_eq!(path(tried), expected, "{tried}");
        }
        for (tried, expected) in [
            ("access_token", true),
            ("Access_Token", true),
            (" access_token", true),
            ("suite_access_token", true),
            ("corpsecret", true),
            ("corpid", true),
            ("ticket", true),
            ("agentid", false),
            ("userid", false),
            ("type", false),
            ("debug", false),
        ] {
            assert_eq!(parameter(tried), expected, "{tried}");
        }
    }
}
