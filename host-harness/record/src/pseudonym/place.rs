//! What the name of a field says of what stands in it.

/// Names of fields that hold something of a person or a company, without `_` and `-`. All of the contract, and of vendors what is
/// known. It is no list of all that is replaced: an unknown field is, unless its text is a word of the component. Here stand those
/// that are, whatever their text.
const OF_A_PERSON: &[&str] = &[
    "accesstoken",
    "actor",
    "address",
    "agentid",
    "alias",
    "alternateids",
    "appid",
    "attributes",
    "avatar",
    "bizmail",
    "browserbinding",
    "businessemail",
    "companyname",
    "corpfullname",
    "corpid",
    "corpname",
    "departmentleader",
    "departments",
    "directleader",
    "directleaders",
    "email",
    "encodingaeskey",
    "englishname",
    "externalcorpname",
    "externalposition",
    "externaluserid",
    "firstname",
    "fullname",
    "fullnameen",
    "id",
    "idcard",
    "ids",
    "jobnumber",
    "landline",
    "lastname",
    "leader",
    "leaders",
    "mail",
    "maindepartment",
    "mobile",
    "mobilephone",
    "name",
    "nameen",
    "nickname",
    "openid",
    "openuserid",
    "parentid",
    "password",
    "phone",
    "phonenumber",
    "position",
    "qrcode",
    "realname",
    "remark",
    "secret",
    "signature",
    "suiteid",
    "telephone",
    "thumbavatar",
    "ticket",
    "token",
    "unionid",
    "userid",
    "userids",
    "userlist",
    "username",
    "userticket",
    "wechat",
    "weixinid",
];

/// Words of messages for engineers that are nobody's name.
pub(super) const COMMON_WORDS: &[&str] = &[
    "access",
    "accept",
    "address",
    "allow",
    "allowed",
    "been",
    "check",
    "connect",
    "connection",
    "content",
    "could",
    "data",
    "denied",
    "department",
    "does",
    "error",
    "exceed",
    "exist",
    "expired",
    "failed",
    "format",
    "forbidden",
    "found",
    "freq",
    "from",
    "hint",
    "https",
    "info",
    "invalid",
    "items",
    "length",
    "limit",
    "list",
    "member",
    "message",
    "missing",
    "more",
    "need",
    "only",
    "over",
    "param",
    "parameter",
    "permission",
    "please",
    "privilege",
    "query",
    "range",
    "request",
    "retry",
    "secret",
    "server",
    "size",
    "system",
    "than",
    "this",
    "time",
    "timeout",
    "token",
    "type",
    "userid",
    "value",
    "with",
    "wrong",
    "your",
];

fn plain(name: &str) -> String {
    name.chars().filter(|c| !matches!(c, '_' | '-')).flat_map(char::to_lowercase).collect()
}

/// Whether a field of this name holds something of a person, whatever stands in it.
pub(super) fn is_of_a_person(name: &str) -> bool {
    OF_A_PERSON.contains(&&*plain(name))
}

/// Whether a field of this name holds a message for engineers.
pub(super) fn is_technical(name: &str) -> bool {
    matches!(&*plain(name), "errmsg" | "errormsg" | "errormessage")
}

/// Whether numbers under this name are times, counts and sizes.
pub(super) fn is_number_of_no_person(name: &str) -> bool {
    let name = plain(name);
    let ends = [
        "at",
        "time",
        "timestamp",
        "ms",
        "seq",
        "ordinal",
        "version",
        "count",
        "total",
        "bytes",
        "size",
        "expires",
        "expiresin",
        "order",
        "errcode",
        "until",
        "since",
        "createtime",
        "acknowledged",
        "wait",
        "lastchange",
        "beganafter",
    ];
    ends.iter().any(|end| name.ends_with(end))
}

/// Whether a text is a time as RFC 3339 or HTTP write it.
pub(super) fn is_time(text: &str) -> bool {
    let of_time = |b: u8| b.is_ascii_digit() || matches!(b, b'-' | b':' | b'T' | b'Z' | b'.' | b'+');
    text.len() >= 16 && text.len() <= 40 && text.contains(':') && text.bytes().all(of_time)
}

/// Whether a component made this text: hexadecimal digits, and hyphens between them.
pub(super) fn is_made(text: &str) -> bool {
    let of_mark = |b: u8| matches!(b, b'0'..=b'9' | b'a'..=b'f' | b'-');
    text.len() >= 16 && text.bytes().all(of_mark) && text.bytes().any(|b| b.is_ascii_alphabetic())
}
