//! Oddities of the real platform that a client must survive: shapes that vary between corps, app ages and API
//! editions (fact sheet sections 11.2 and 11.3). All are off by default, which is the documented shape for an app made
//! after June 2022.

/// What stands where a field may not be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RestrictedFields {
    /// The key is missing (gender stays, as "0").
    #[default]
    Missing,
    /// The key holds an empty string (gender "0").
    Empty,
}

/// How a member without custom fields shows `extattr`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EmptyAttributes {
    /// `{"attrs":[]}`.
    #[default]
    Array,
    /// `{}`.
    Object,
    /// `{"attrs":null}`.
    Null,
    /// All three, by member.
    Mixed,
}

/// Which parts follow the text of an `errmsg`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ErrorText {
    /// Hint, address and link.
    #[default]
    Full,
    /// `from ip: ` without an address.
    EmptyAddress,
    /// Hint and link only, as before 2019.
    NoAddress,
    /// The text alone.
    Bare,
}

/// The switches. Each `bool` names what the answer does when it is on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quirks {
    /// How restricted fields look.
    pub restricted: RestrictedFields,
    /// How `extattr` looks when there is nothing in it.
    pub empty_attributes: EmptyAttributes,
    /// How much an `errmsg` says.
    pub error_text: ErrorText,
    /// Text attributes come as `{"name","value"}` without `type`.
    pub attributes_without_type: bool,
    /// Text attributes carry `value` beside `text.value`.
    pub attributes_with_both_values: bool,
    /// `wechat_channels` is a plain string, as it once was.
    pub channel_as_string: bool,
    /// `direct_leader` is missing instead of `[]`.
    pub direct_leader_absent: bool,
    /// `department_leader` and `name_en` are missing instead of empty.
    pub department_extras_absent: bool,
    /// `order` and `is_leader_in_dept` are one element shorter than `department`.
    pub short_arrays: bool,
    /// `enable`, `isleader`, `hide_mobile`, `english_name` and an empty `open_userid` are delivered.
    pub undocumented_fields: bool,
    /// Keys nobody has heard of appear in every object.
    pub unknown_fields: bool,
    /// `allow_*` containers of `agent/get` are `{}` when nothing is granted (else: `allow_tags` missing, others with `[]`).
    pub empty_containers: bool,
    /// `expires_in`, `agentid`, `errcode`, department `id`, `parentid`, `order` are numeric strings, `gender` is a number.
    pub numbers_as_strings: bool,
    /// Empty lists are `null`.
    pub null_lists: bool,
    /// `errcode` and `errmsg` are missing on success.
    pub errcode_missing: bool,
    /// A main department out of range is 0 instead of missing.
    pub main_department_zero: bool,
    /// `invaliduser` and its siblings are empty texts in the answer to a message, instead of missing.
    pub empty_invalid_lists: bool,
    /// The redirect after a sign-in carries `appid` as well.
    pub redirect_with_appid: bool,
}

impl Quirks {
    /// Everything at once; where two shapes exclude each other, both occur, by member.
    pub fn wild() -> Self {
        Self {
            restricted: RestrictedFields::Empty,
            empty_attributes: EmptyAttributes::Mixed,
            error_text: ErrorText::EmptyAddress,
            attributes_without_type: true,
            attributes_with_both_values: true,
            channel_as_string: true,
            direct_leader_absent: true,
            department_extras_absent: true,
            short_arrays: true,
            undocumented_fields: true,
            unknown_fields: true,
            empty_containers: true,
            numbers_as_strings: true,
            null_lists: true,
            errcode_missing: true,
            main_department_zero: true,
            empty_invalid_lists: true,
            redirect_with_appid: true,
        }
    }
}
