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
    "authcode",
    "avatar",
    "bizmail",
    "browserbinding",
    "businessemail",
    "captcha",
    "code",
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
    "otp",
    "parentid",
    "password",
    "phone",
    "phonenumber",
    "pin",
    "position",
    "qrcode",
    "realname",
    "remark",
    "secret",
    "signature",
    "subject",
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
    "verifycode",
    "wechat",
    "weixinid",
];

/// Names of further fields of vendors that hold structure.
const OF_STRUCTURE: &[&str] = &[
    "allow_partys",
    "allow_tags",
    "allow_userinfos",
    "attrs",
    "extattr",
    "is_leader_in_dept",
    "partyid",
    "partylist",
    "tagid",
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

/// Names of what kind a file is, which decides who takes it.
const EXTENSIONS: &[&str] = &[
    "amr", "bmp", "csv", "doc", "docx", "gif", "gz", "htm", "html", "jpeg", "jpg", "json", "md", "mov", "mp3", "mp4",
    "pdf", "png", "ppt", "pptx", "rar", "svg", "tar", "txt", "wav", "webp", "xls", "xlsx", "xml", "zip",
];

/// Words of media types.
const OF_MEDIA_TYPES: &[&str] = &[
    "amr",
    "application",
    "audio",
    "charset",
    "csv",
    "form-data",
    "gif",
    "html",
    "image",
    "jpeg",
    "json",
    "mp4",
    "mpeg",
    "multipart",
    "octet-stream",
    "pdf",
    "plain",
    "png",
    "text",
    "utf-8",
    "video",
    "xml",
    "zip",
];

/// Whether a text is a common media type where one stands.
pub(super) fn is_media_type(name: &str, text: &str) -> bool {
    let is_of_one = matches!(&*plain(name), "mediatype" | "contenttype" | "mimetype");
    let lower = text.to_ascii_lowercase();
    is_of_one && lower.split(['/', ';', '=', ' ']).all(|word| word.is_empty() || OF_MEDIA_TYPES.contains(&word))
}

/// Whether a field of this name holds the name of a file.
pub(super) fn is_of_a_file(name: &str) -> bool {
    plain(name) == "filename"
}

/// Whether a text says what kind a file is.
pub(super) fn is_extension(text: &str) -> bool {
    EXTENSIONS.contains(&&*text.to_ascii_lowercase())
}

/// Whether a field of this name holds how large something is.
pub(super) fn is_size(name: &str) -> bool {
    matches!(words_of_name(name).last().map(|word| &**word), Some("size" | "bytes" | "length"))
}

/// Whether a field of this name holds an id, without saying whose.
pub(super) fn is_id(name: &str) -> bool {
    matches!(&*plain(name), "id" | "subject")
}

fn plain(name: &str) -> String {
    name.chars().filter(|c| !matches!(c, '_' | '-')).flat_map(char::to_lowercase).collect()
}

/// Whether a field of this name holds something of a person, whatever stands in it.
pub(super) fn is_of_a_person(name: &str) -> bool {
    OF_A_PERSON.contains(&&*plain(name)) || is_of_members(name) || is_secret(name)
}

/// Whether a field of this name holds ids of members, however short they are, where none of a department stands.
pub(super) fn is_of_members(name: &str) -> bool {
    let ids = [
        "actor",
        "departmentleader",
        "directleader",
        "directleaders",
        "id",
        "ids",
        "leader",
        "leaders",
        "subject",
        "userid",
        "userids",
    ];
    let name = plain(name);
    ids.contains(&&*name) || ["userid", "userids", "useritems"].iter().any(|end| name.ends_with(end))
}

/// Whether a field of this name holds a secret, whatever stands in it and however short it is.
pub(super) fn is_secret(name: &str) -> bool {
    let name = plain(name);
    let ends = ["password", "passwd", "secret", "token", "key", "ticket", "username", "signature", "cookie"];
    ends.iter().any(|end| name.ends_with(end))
}

/// Whether a field of this name is known of vendors.
pub(super) fn is_name_of_vendors(name: &str) -> bool {
    let is_name = name.bytes().all(|b| b.is_ascii_alphabetic() || matches!(b, b'_' | b'-'));
    let is_known = OF_STRUCTURE.contains(&name)
        || OF_A_PERSON.contains(&&*plain(name))
        || COMMON_WORDS.contains(&name)
        || is_technical(name);
    is_name && (is_known || is_of_departments(name) || is_number_of_no_person(name))
}

/// Whether small numbers under this name are departments, which stay.
pub(super) fn is_of_departments(name: &str) -> bool {
    let name = plain(name);
    matches!(
        &*name,
        "addpartyitems"
            | "delpartyitems"
            | "department"
            | "departments"
            | "departmentid"
            | "departmentids"
            | "maindepartment"
            | "parent"
            | "parentid"
    )
}

/// Whether a field of this name holds a message for engineers.
pub(super) fn is_technical(name: &str) -> bool {
    let last = words_of_name(name).pop().unwrap_or_default();
    matches!(&*last, "errmsg" | "msg" | "errormsg" | "errormessage" | "error" | "message" | "hint" | "note" | "notes")
}

/// Whether a field of this name holds a tag of a language.
pub(super) fn is_of_a_language(name: &str) -> bool {
    matches!(words_of_name(name).last().map(|word| &**word), Some("locale" | "language" | "lang"))
}

/// The words of a name, in lower case: `memberCount` and `member_count` have two.
pub(super) fn words_of_name(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut was_lower = false;
    for c in name.chars() {
        let is_between = matches!(c, '_' | '-' | '.');
        if is_between || c.is_uppercase() && was_lower {
            words.push(String::new());
        }
        was_lower = c.is_lowercase();
        if let Some(word) = words.last_mut().filter(|_| !is_between) {
            word.extend(c.to_lowercase());
        }
    }
    words
}

/// Whether numbers under this name are times, counts and sizes.
pub(super) fn is_number_of_no_person(name: &str) -> bool {
    const LAST: &[&str] = &[
        "acknowledged",
        "after",
        "at",
        "bytes",
        "change",
        "count",
        "createtime",
        "errcode",
        "expires",
        "ms",
        "order",
        "ordinal",
        "seq",
        "since",
        "size",
        "time",
        "timestamp",
        "total",
        "until",
        "version",
        "wait",
    ];
    let words = words_of_name(name);
    let is_one = |word: &String| LAST.contains(&&**word);
    words.last().is_some_and(is_one) || words.ends_with(&["expires".to_owned(), "in".to_owned()])
}

/// Whether a text is a time as RFC 3339 or HTTP write it.
pub(super) fn is_time(text: &str) -> bool {
    let of_time = |b: u8| b.is_ascii_digit() || matches!(b, b'-' | b':' | b'T' | b'Z' | b'.' | b'+');
    let is_date = text.bytes().take(10).enumerate().all(|(at, b)| match at {
        4 | 7 => b == b'-',
        _ => b.is_ascii_digit(),
    });
    is_date && text.len() >= 16 && text.len() <= 40 && text.contains(':') && text.bytes().all(of_time)
}

/// Whether a text may be a mark that a component made: hexadecimal digits, and hyphens between them. Others make such texts too.
pub(crate) fn is_made(text: &str) -> bool {
    let of_mark = |b: u8| matches!(b, b'0'..=b'9' | b'a'..=b'f' | b'-');
    text.len() >= 16 && text.bytes().all(of_mark) && text.bytes().any(|b| b.is_ascii_alphabetic())
}

/// Whose id stands somewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Whose {
    /// Of a department: small numbers stay.
    Department,
    /// Of a member: it is replaced, whatever it is.
    Member,
    /// That is not known.
    #[default]
    Unknown,
}

/// Whose ids the parts of a key of the store are.
pub(super) fn whose(parts: &[&str]) -> Vec<Whose> {
    let mut of = Whose::Unknown;
    let mut all = Vec::with_capacity(parts.len());
    for (at, part) in parts.iter().enumerate() {
        all.push(of);
        of = match (of, *part) {
            // An id may have a slash in it.
            (Whose::Member, _) => Whose::Member,
            // Members stand below a role that is assigned to them, whatever it is called,
            _ if parts.get(at.wrapping_sub(1)) == Some(&"a") => Whose::Member,
            // and below their department.
            (Whose::Department, _) if parts.get(at.wrapping_sub(1)) == Some(&"x") => Whose::Member,
            (_, "m" | "o" | "g" | "member" | "members" | "user" | "users" | "retired" | "erasing" | "signature") => {
                Whose::Member
            }
            (_, "d" | "e" | "x" | "department" | "departments") => Whose::Department,
            _ => Whose::Unknown,
        };
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_below_an_assigned_role_is_a_member() {
        for role in ["admin", "d", "x", "departments"] {
            let parts = ["directory", "a", role, "1001", "7"];
            assert_eq!(whose(&parts)[3..], [Whose::Member, Whose::Member], "{role}");
        }
        assert_eq!(
            whose(&["directory", "x", "12", "lisi"]),
            [Whose::Unknown, Whose::Unknown, Whose::Department, Whose::Member]
        );
    }

    #[test]
    fn a_name_is_looked_at_word_by_word() {
        for (name, is_harmless) in [
            ("read_at", true),
            ("expires_in", true),
            ("memberCount", true),
            ("create_time", true),
            ("createTime", true),
            ("synced-at", true),
            ("account", false),
            ("sms", false),
            ("items", false),
            ("lat", false),
            ("chat", false),
            ("heartbeat", false),
            ("mobile", false),
        ] {
            assert_eq!(is_number_of_no_person(name), is_harmless, "{name}");
        }
        for name in ["proxyPassword", "clientSecret", "access_token", "aes-key", "jsapi_ticket", "proxyUsername"] {
            assert!(is_secret(name) && is_of_a_person(name), "{name}");
        }
    }

    #[test]
    fn a_key_of_the_store_says_whose_id_it_holds() {
        use Whose::{Department, Member, Unknown};
        for (key, last) in [
            ("directory/m/1001", Member),
            ("directory/o/7", Member),
            ("directory/x/2/1001", Member),
            ("directory/x/2", Department),
            ("directory/d/2", Department),
            ("directory/p/retired/1001", Member),
            ("directory/p/tag/3/m/1001", Member),
            ("directory/r/0199f0c2a1b3-9f8e7d6c5b4a3f2e/m/1001", Member),
            ("directory/m/a/b", Member),
            ("directory/synced-at", Unknown),
        ] {
            let parts: Vec<&str> = key.split('/').collect();
            assert_eq!(whose(&parts).last(), Some(&last), "{key}");
        }
    }
}
