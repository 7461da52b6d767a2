//! The endpoints: one row each says who may call, with which verb, and which lists a failure still shows. A path without
//! a row answers HTTP 404 with an empty body.

use super::answer::{Answer, Refusal};
use super::call::Call;
use super::{agent, approval, department, export, login, media, member, message, tag, ticket, token};

/// Who may call an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Callers {
    /// Apps and the contact-sync assistant.
    Any,
    /// Apps; the assistant gets 48002.
    Apps,
    /// Apps; the assistant gets 48009 from an address it did not use before August 2022.
    AppsAndOldSync,
    /// The assistant; apps get 48002.
    SyncOnly,
}

/// One endpoint below `/cgi-bin/`.
pub(crate) struct Endpoint {
    pub(crate) path: &'static str,
    pub(crate) form: Form,
    pub(crate) callers: Callers,
    /// Lists that a failure shows all the same, empty.
    pub(crate) lists: &'static [&'static str],
    pub(crate) handle: Handle,
    /// What is not emulated; "" where everything is.
    pub(crate) gap: &'static str,
}

type Handle = fn(&mut Call<'_>) -> Result<Answer, Refusal>;

/// How a call carries its parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// In the query, with GET or POST.
    Query,
    /// In a JSON body, with POST.
    Json,
    /// As a form with a file, with POST.
    Upload,
}

impl Endpoint {
    /// Notes what is not emulated.
    const fn but(self, gap: &'static str) -> Self {
        Self { gap, ..self }
    }
}

/// The path that needs no token.
pub(crate) const GET_TOKEN: &str = "gettoken";

const fn read(path: &'static str, callers: Callers, lists: &'static [&'static str], handle: Handle) -> Endpoint {
    Endpoint { path, form: Form::Query, callers, lists, handle, gap: "" }
}

const fn post(path: &'static str, callers: Callers, lists: &'static [&'static str], handle: Handle) -> Endpoint {
    Endpoint { path, form: Form::Json, callers, lists, handle, gap: "" }
}

const fn upload(path: &'static str, callers: Callers, handle: Handle) -> Endpoint {
    Endpoint { path, form: Form::Upload, callers, lists: &[], handle, gap: "" }
}

use Callers::{Any, Apps, AppsAndOldSync, SyncOnly};

const MEMBER_LISTS: &[&str] = &["department", "order", "is_leader_in_dept", "direct_leader"];

pub(crate) static ENDPOINTS: &[Endpoint] = &[
    read("get_api_domain_ip", Any, &["ip_list"], token::addresses),
    read("getcallbackip", Any, &["ip_list"], token::addresses),
    read("auth/getuserinfo", Apps, &[], login::user_info),
    read("user/getuserinfo", Apps, &[], login::legacy_user_info),
    post("auth/getuserdetail", Apps, &[], login::user_detail),
    post("user/getuserdetail", Apps, &[], login::user_detail),
    read("agent/get", Apps, &[], agent::get),
    read("agent/list", Apps, &["agentlist"], agent::list),
    read("department/list", AppsAndOldSync, &["department"], department::list),
    read("department/simplelist", Any, &["department_id"], department::simple_list),
    read("department/get", AppsAndOldSync, &[], department::get),
    read("user/get", AppsAndOldSync, MEMBER_LISTS, member::get),
    read("user/simplelist", AppsAndOldSync, &["userlist"], member::simple_list),
    read("user/list", AppsAndOldSync, &["userlist"], member::list),
    post("user/list_id", SyncOnly, &["dept_user"], member::list_id),
    read("tag/list", Any, &["taglist"], tag::list),
    read("tag/get", Any, &["userlist", "partylist"], tag::get),
    post("export/simple_user", AppsAndOldSync, &[], export::simple_users),
    post("export/user", AppsAndOldSync, &[], export::users),
    post("export/department", AppsAndOldSync, &[], export::departments),
    post("export/taguser", AppsAndOldSync, &[], export::tag),
    read("export/get_result", AppsAndOldSync, &[], export::result),
    read("get_jsapi_ticket", Apps, &[], ticket::of_corp),
    read("ticket/get", Apps, &[], ticket::of_app),
    post("message/send", Apps, &[], message::send).but("what members see in the WeChat plugin"),
    post("message/recall", Apps, &[], message::recall),
    post("message/update_template_card", Apps, &[], message::update),
    post("oa/gettemplatedetail", Apps, &["template_names"], approval::template),
    post("oa/applyevent", Apps, &[], approval::apply).but("values of BankAccount and PhoneNumber are not checked"),
    post("oa/getapprovalinfo", Apps, &[], approval::list).but("the deprecated integer cursor is ignored"),
    post("oa/getapprovaldetail", Apps, &[], approval::detail)
        .but("no batch_applyer; no attachments of remarks and comments; formulas are 0"),
    upload("media/upload", Any, media::upload).but("the length of a recording is not measured"),
    upload("media/uploadimg", Any, media::upload_image).but("the address of the picture is made up and serves nothing"),
    read("media/get", Any, &[], media::get).but("no encrypted media"),
];

/// The endpoint of a path without `/cgi-bin/`.
pub(crate) fn find(path: &str) -> Option<&'static Endpoint> {
    ENDPOINTS.iter().find(|endpoint| endpoint.path == path)
}
