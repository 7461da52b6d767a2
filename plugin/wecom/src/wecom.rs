//! WeCom as the kit sees it.

use crate::{
    api::{answer, client::WeComClient, codes::UNKNOWN_TAG, lookup},
    approvals::to_do,
    callbacks,
    config::{Config, field::ELEMENT},
    export::{self, Export},
    identify,
    login_url::{self, OauthScope},
    messaging,
    scope::{self, ScopeState},
    vendor_call, web,
    wire::{department, member, tag::Tag},
};
use organisation_kit::{
    calls::{Call, LoginCode},
    capability::{Callbacks, Messaging, PartOutcome, Sending, VendorCall, Web},
    config::{Common, Element, Values},
    contract::{
        callbacks::{FollowUpTask, Handled, IncomingRequest},
        element::Aspect,
        login::{Entry, SensitiveFields},
        messaging::{CardUpdate, InvalidRecipient, Media, Message, Recipients, UploadRequest},
        types::Reason,
        vendor::{ApiRequest, ApiResponse},
        web::{PageSignature, SignatureRequest},
    },
    directory::{
        follow_up,
        member::MemberRow,
        sync::{RunContext, StepError},
    },
    failure,
    failure::Failure,
    platform::Platform,
    vendor::{
        self, DepartmentAnswer, ExportStep, Identified, IdentifyError, ListRequest, Listed, MemberAnswer, Scoped,
        SignIn, TagMembers, Usage, Vendor,
    },
    verdict::Checked,
};

/// WeCom (企业微信).
#[derive(Clone, Copy, Debug)]
pub struct WeCom;

impl Vendor for WeCom {
    type Config = Config;
    type Client<'a> = WeComClient<'a>;

    fn element() -> &'static Element {
        &ELEMENT
    }

    fn build(values: &Values) -> Option<Config> {
        Config::build(values)
    }

    fn organisation(values: &Values) -> Option<String> {
        values.text("corpId")
    }

    fn common(config: &Config) -> &Common {
        &config.common
    }

    fn client<'a>(platform: &'a dyn Platform, config: &'a Config) -> WeComClient<'a> {
        WeComClient::new(platform, config)
    }

    fn sign_in_url(config: &Config, sign_in: &SignIn<'_>) -> Result<String, Failure> {
        let SignIn { entry, redirect_uri, state, locale } = *sign_in;
        match entry {
            Entry::Browser => Ok(login_url::browser(config, redirect_uri, state, locale)),
            Entry::Workspace => Ok(login_url::in_app(config, redirect_uri, state, OauthScope::Base)),
            Entry::WorkspaceConsent => Ok(login_url::in_app(config, redirect_uri, state, OauthScope::PrivateInfo)),
            Entry::Other(name) => Err(failure! { Unsupported:
            "没有登录入口 {name:?}；可用 browser、workspace 或 workspace-consent",
            "there is no entry {name:?}; expected browser, workspace or workspace-consent";
            "不支持该登录入口，请使用 browser、workspace 或 workspace-consent",
            "this entry is not supported: use browser, workspace or workspace-consent" }),
        }
    }

    fn homepage_url(config: &Config, target: &str) -> Result<String, Failure> {
        Ok(login_url::homepage(config, target))
    }

    fn homepage_state(config: &Config) -> Option<&str> {
        Some(&config.common.organisation)
    }
}

impl Callbacks for WeCom {
    fn handle(platform: &dyn Platform, config: &Config, request: &IncomingRequest) -> Result<Handled, Failure> {
        callbacks::handle(platform, config, request)
    }

    fn follow_up(
        platform: &dyn Platform,
        config: &Config,
        client: &WeComClient<'_>,
        task: &FollowUpTask,
    ) -> Result<Vec<FollowUpTask>, Failure> {
        let done = match task.kind.as_str() {
            to_do::UPDATE_TO_DO => to_do::update(client, &task.subject),
            _ => follow_up::carry_out(platform, &config.common, client, task),
        };
        done.map(|()| Vec::new())
    }
}

impl Web for WeCom {
    fn js_sdk_signature(client: &WeComClient<'_>, request: &SignatureRequest) -> Result<PageSignature, Failure> {
        web::sign(client, request)
    }
}

impl VendorCall for WeCom {
    fn call(client: &WeComClient<'_>, request: &ApiRequest) -> Result<ApiResponse, Failure> {
        vendor_call::call(client, request)
    }
}

impl Messaging for WeCom {
    const DROPS_REPETITIONS_MS: Option<u64> = Some(messaging::DROPS_REPETITIONS_MS);

    fn parts(config: &Config, message: &Message) -> Result<Vec<Recipients>, Failure> {
        messaging::parts(config, message)
    }

    fn send_part(
        client: &WeComClient<'_>,
        message: &Message,
        to: &Recipients,
        sending: Sending<'_>,
    ) -> Result<PartOutcome, Failure> {
        messaging::send_part(client, message, to, sending)
    }

    fn recall(client: &WeComClient<'_>, message_id: &str) -> Result<(), Failure> {
        messaging::recall(client, message_id)
    }

    fn update_card(client: &WeComClient<'_>, update: &CardUpdate) -> Result<Vec<InvalidRecipient>, Failure> {
        messaging::update::update(client, update)
    }

    fn upload(client: &WeComClient<'_>, request: &UploadRequest) -> Result<Media, Failure> {
        messaging::upload::upload(client, request)
    }
}

impl vendor::Client for WeComClient<'_> {
    type Scope = ScopeState;
    type List = String;
    type Export = Export;
    /// A walk of so many takes some 25 seconds at the 20 calls a second that WeCom bears, an export as long to be made.
    const EXPORT_FROM_DEPARTMENTS: usize = 500;

    fn scope(
        run: &mut RunContext<'_, Self>,
        state: &mut ScopeState,
        with_departments: bool,
    ) -> Result<Scoped, StepError> {
        scope::next(run, state, with_departments)
    }

    fn list(&self, asked: &[ListRequest<'_>], max_bytes: Option<u64>) -> Vec<Result<Listed<String>, Failure>> {
        let calls: Vec<Call> = asked.iter().map(|asked| self.config().user_list(asked.department)).collect();
        self.calls.texts(&calls, max_bytes).into_iter().map(lookup::list).collect()
    }

    fn read_list(
        &self,
        department: &str,
        list: String,
        take: impl FnMut(Vec<MemberRow>) -> Result<(), StepError>,
    ) -> Result<Option<String>, StepError> {
        let call = self.config().user_list(department);
        match member::each(&list, export::ROWS, take) {
            Ok(()) => Ok(None),
            Err(member::Broken::Refused(error)) => Err(error),
            Err(member::Broken::Unreadable { error, after }) => {
                Err(StepError::Vendor(answer::unreadable_after(&call, after.as_deref(), &error)))
            }
        }
    }

    fn member_ids(run: &mut RunContext<'_, Self>, department: &str) -> Result<Listed<Vec<String>>, StepError> {
        let (client, call) = (run.client(), run.client().config().user_simple_list(department));
        let text = client.calls.text(&call);
        let list = lookup::list(text.and_then(|text| answer::read(&call, &text, member::ids)));
        Ok(match list.map_err(StepError::Vendor)? {
            Listed::Here((ids, unreadable)) => {
                scope::note_unreadable(run, &call.to_string(), unreadable);
                Listed::Here(ids)
            }
            Listed::Hidden(code) => Listed::Hidden(code),
        })
    }

    fn members(&self, ids: &[String]) -> Vec<Result<MemberAnswer, Failure>> {
        let calls: Vec<Call> = ids.iter().map(|id| self.config().user_get(id)).collect();
        let answer = |((call, id), text): ((&Call, &String), Result<String, Failure>)| {
            lookup::member(call, id, text.and_then(|text| answer::read(call, &text, member::parse)))
        };
        calls.iter().zip(ids).zip(self.calls.texts(&calls, None)).map(answer).collect()
    }

    fn departments(&self, ids: &[String]) -> Vec<Result<DepartmentAnswer, Failure>> {
        let calls: Vec<Call> = ids.iter().map(|id| self.config().department_get(id)).collect();
        let answer = |((call, id), text): ((&Call, &String), Result<String, Failure>)| {
            lookup::department(call, id, text.and_then(|text| answer::read(call, &text, department::parse_one)))
        };
        calls.iter().zip(ids).zip(self.calls.texts(&calls, None)).map(answer).collect()
    }

    fn export(run: &mut RunContext<'_, Self>, state: Export) -> Result<ExportStep<Export>, StepError> {
        export::step(run, state)
    }

    fn tag_members(&self, tag: &str) -> Result<TagMembers, Failure> {
        match self.calls.one::<Tag>(&self.config().tag_get(tag)) {
            Ok(Tag { members, departments, .. }) => Ok(TagMembers { members, departments }),
            Err(failure) if UNKNOWN_TAG.include(&failure) => Err(failure.with_reason(Reason::NotFound)),
            Err(failure) => Err(failure),
        }
    }

    fn usage(&self) -> Usage {
        self.calls.usage()
    }

    fn check(&self) -> Result<Vec<(Aspect, Checked)>, Failure> {
        WeComClient::check(self)
    }

    fn identify(&self, code: LoginCode<'_>) -> Result<Identified, IdentifyError> {
        identify::identify(self, &self.config().common, code)
    }

    fn consented(&self, id: &str, proof: &str) -> Result<SensitiveFields, Failure> {
        identify::consented(self, &self.config().common, id, proof)
    }

    fn member(&self, id: &str) -> Result<MemberAnswer, Failure> {
        let call = self.config().user_get(id);
        lookup::member(&call, id, self.calls.with_retries(&call, |text| answer::read(&call, text, member::parse)))
    }

    /// What is no number names none: it is refused before WeCom is asked.
    fn department(&self, id: &str) -> Result<DepartmentAnswer, Failure> {
        let message = (
            "部门 ID 须为小于 4294967296 的整数，例如 1 或 2315041299",
            "a department id is a whole number below 4294967296, such as 1 or 2315041299",
        );
        let number: u32 = id.parse().map_err(|_| Failure::invalid_argument("id", message))?;
        let id = number.to_string();
        let call = self.config().department_get(&id);
        let row = self.calls.with_retries(&call, |text| answer::read(&call, text, department::parse_one));
        lookup::department(&call, &id, row)
    }
}
