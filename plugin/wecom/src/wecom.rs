//! WeCom as the kit sees it.

use crate::{
    api::{
        answer,
        client::{Call, Client},
        endpoint::Api,
        refusal::{hides_department, hides_member},
    },
    config::Config,
    contract::{
        element::{Aspect, Description, Validation},
        login::{Entry, SensitiveFields},
        types::Reason,
    },
    failure::Failure,
    identify,
    kit::{
        config::Common,
        vendor::{self, DepartmentAnswer, Identified, IdentifyError, MemberAnswer, SignIn, Usage, Vendor},
    },
    login_url::{self, Scope},
    platform::Platform,
    text::{Locale, Text},
    verdict::Finding,
    wire::{department, member},
};

/// WeCom (企业微信).
#[derive(Clone, Copy, Debug)]
pub struct WeCom;

impl Vendor for WeCom {
    type Config = Config;
    type Client<'a, P: Platform + 'a> = Client<'a, P>;

    fn describe(locale: &str) -> Description {
        crate::describe::describe(locale)
    }

    fn validate(document: &str) -> Validation {
        crate::config::validate(document)
    }

    fn parse(document: &str) -> Result<Config, Failure> {
        Config::parse(document)
    }

    fn locale_of(document: &str) -> Locale {
        Config::locale_of(document)
    }

    fn common(config: &Config) -> &Common {
        &config.common
    }

    fn client<'a, P: Platform>(platform: &'a P, config: &'a Config) -> Client<'a, P> {
        Client::new(platform, config)
    }

    fn sign_in_url(config: &Config, sign_in: &SignIn<'_>) -> Result<String, Failure> {
        let SignIn { entry, redirect_uri, state, locale } = *sign_in;
        match entry {
            Entry::Browser => Ok(login_url::browser(config, redirect_uri, state, locale)),
            Entry::Workspace => Ok(login_url::in_app(config, redirect_uri, state, Scope::Base)),
            Entry::WorkspaceConsent => Ok(login_url::in_app(config, redirect_uri, state, Scope::PrivateInfo)),
            Entry::Other(name) => Err(Failure::new(
                Reason::Unsupported,
                (
                    format!("没有登录入口 {name:?}；可用 browser、workspace 或 workspace-consent"),
                    format!("there is no entry {name:?}; expected browser, workspace or workspace-consent"),
                ),
            )
            .with_hint(Text::new(
                "不支持该登录入口，请使用 browser、workspace 或 workspace-consent",
                "this entry is not supported: use browser, workspace or workspace-consent",
            ))),
        }
    }

    fn homepage_url(config: &Config, target: &str) -> Result<String, Failure> {
        Ok(login_url::homepage(config, target))
    }

    fn homepage_state(config: &Config) -> Option<&str> {
        Some(&config.common.organisation)
    }
}

impl<P: Platform> vendor::Client<P> for Client<'_, P> {
    fn usage(&self) -> Usage {
        let usage = Client::usage(self);
        Usage { calls: usage.calls, retries: usage.retries, downloads: usage.downloads }
    }

    fn check(&self) -> Result<Vec<(Aspect, Finding)>, Failure> {
        crate::check::findings(self.sender.platform, self.sender.config)
    }

    fn identify(&self, code: &str) -> Result<Identified, IdentifyError> {
        identify::identify(self, &self.sender.config.common, code)
    }

    fn consented(&self, id: &str, proof: &str) -> Result<SensitiveFields, Failure> {
        identify::consented(self, &self.sender.config.common, id, proof)
    }

    fn member(&self, id: &str) -> Result<MemberAnswer, Failure> {
        let call = Call::get(Api::UserGet, vec![("userid", id.to_owned())]);
        let text = match self.read_text(&call) {
            Ok(text) => text,
            Err(failure) if hides_member(&failure) => return Ok(MemberAnswer::Hidden(failure.vendor_code)),
            Err(failure) => return Err(failure),
        };
        match member::parse(&text) {
            Ok(member) if self.sender.config.common.ids.is_same(&member.id, id) => {
                Ok(MemberAnswer::Shown(Box::new(member.into())))
            }
            Ok(_) => Err(answer::without(call.api, "member of that id").failure),
            Err(_) => Ok(MemberAnswer::Unreadable),
        }
    }

    fn department(&self, id: &str) -> Result<DepartmentAnswer, Failure> {
        let call = Call::get(Api::DepartmentGet, vec![("id", id.to_owned())]);
        let text = match self.read_text(&call) {
            Ok(text) => text,
            Err(failure) if hides_department(&failure) => return Ok(DepartmentAnswer::Hidden(failure.vendor_code)),
            Err(failure) => return Err(failure),
        };
        match department::parse_one(&text) {
            Ok(department) if department.id == id => Ok(DepartmentAnswer::Shown(Box::new(department.into()))),
            Ok(_) => Err(answer::without(call.api, "department of that id").failure),
            Err(_) => Ok(DepartmentAnswer::Unreadable),
        }
    }
}
