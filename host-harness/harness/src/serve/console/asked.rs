//! What a request for a page says.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    http::{HeaderMap, StatusCode},
    response::{Html, IntoResponse as _, Response},
};
use maud::Markup;
use organisation_fleet::tenants::Tenant;
use organisation_host::{Decision, Element};
use organisation_pages::{Language, Layout};

use super::{
    super::{
        binding::CookieScope,
        frame::{Entry, Frame},
        home,
        service::Service,
        visitor::Visitor,
    },
    failure::Failure,
    pages::PAGES,
};
use crate::view::time;

/// An instant, in milliseconds since 1970, for people.
pub fn when(ms: u64) -> Markup {
    let exact = time(ms);
    let short = exact.get(..19).unwrap_or(&exact).replace('T', " ");
    maud::html! { time datetime=(exact) { (short) " UTC" } }
}

/// The field that says with which lists a form was shown.
pub const SHOWN: &str = "shown";

/// A request of an administrator.
#[derive(Clone)]
pub struct Asked {
    pub service: Arc<Service>,
    pub tenant: Tenant,
    /// The tenant's element, within the limits of a request.
    pub element: Element,
    pub visitor: Visitor,
    pub language: Language,
    /// What the browser sent beside, and how it is to call its cookies.
    pub headers: HeaderMap,
    pub scope: CookieScope,
    /// Where the console stands as browsers see it: `/t/TENANT/admin`, behind what stands before the paths of the host.
    pub root: String,
    /// Of the page that is shown, after that.
    pub page: &'static str,
    /// Parameters of the path.
    pub path: BTreeMap<String, String>,
    /// Parameters of the query, or fields of the form.
    pub fields: Vec<(String, String)>,
}

impl Asked {
    /// A field that holds something.
    pub fn text(&self, name: &str) -> Option<&str> {
        let found = self.fields.iter().find(|(found, _)| found == name);
        found.map(|(_, value)| value.trim()).filter(|value| !value.is_empty())
    }

    /// A parameter of the path.
    pub fn path(&self, name: &str) -> &str {
        self.path.get(name).map_or("", String::as_str)
    }

    /// The one of two texts that the person reads.
    pub fn say<'a>(&self, chinese: &'a str, english: &'a str) -> &'a str {
        self.language.pick(chinese, english)
    }

    /// Who decides, for the audit trail.
    pub fn actor(&self) -> String {
        match &self.visitor.session.member {
            Some(id) => format!("member {id}"),
            None => "bootstrap".to_owned(),
        }
    }

    /// Until when the person may change something, and where to sign in once more: what is written meanwhile would be lost.
    pub fn change_until(&self) -> Markup {
        let up = self.root.strip_suffix("admin").unwrap_or(&self.root);
        let first = self.page.split('/').next().unwrap_or_default();
        let door = format!("{up}{}", home::login_address(Some(&self.address(first))));
        let Some(until) = self.visitor.session.fresh_until_ms() else { return Markup::default() };
        maud::html! {
            @if self.visitor.session.is_fresh() {
                p.hint {
                    (self.say("您的登录允许更改至", "Your sign-in allows changes until")) " " (when(until))
                    (self.say("；若需更长时间，请先", ". Where it takes longer,")) " "
                    a href=(door) { (self.say("重新登录", "sign in again")) } (self.say("。", " first."))
                }
            } @else {
                p.banner.warn {
                    (self.say("更改需要在 15 分钟内登录过：请先重新登录，再填写。", "A change takes a sign-in within the last 15 minutes: sign in again before you write.")) " "
                    a href=(door) { (self.say("重新登录", "Sign in again")) }
                }
            }
        }
    }

    /// What each form of the page carries.
    pub fn proof(&self) -> String {
        self.visitor.token.form_proof(&self.tenant.name, self.service.cookie_key())
    }

    /// Stands for lists as they are now. A form that replaces them carries it.
    pub fn mark(&self, lists: &[&[String]]) -> String {
        let lists: Vec<String> = lists.iter().map(|list| format!("{list:?}")).collect();
        let parts: Vec<&str> =
            ["shown", &*self.tenant.name].into_iter().chain(lists.iter().map(String::as_str)).collect();
        self.service.cookie_key().fingerprint(&parts)
    }

    /// Whether a form was shown with these lists: else it would undo what somebody else has done since.
    ///
    /// # Errors
    /// It was shown with others.
    pub fn unless_changed(&self, lists: &[&[String]]) -> Result<(), Failure> {
        if self.text(SHOWN) == Some(&self.mark(lists)) { Ok(()) } else { Err(Failure::Changed) }
    }

    /// Writes into the audit trail what the person is about to do.
    ///
    /// # Errors
    /// The storage: then it is not to be done.
    pub async fn audit(&self, action: &str, subject: Option<String>, after: Option<String>) -> Result<(), Failure> {
        let decision = Decision { actor: self.actor(), action: action.to_owned(), subject, before: None, after };
        Ok(self.element.add_to_audit(decision).await?)
    }

    /// A form that is posted to a page of the console.
    pub fn form(&self, page: &str, content: &Markup) -> Markup {
        maud::html! {
            form method="post" action={ (self.root) "/" (page) } {
                input type="hidden" name=(home::FORM_PROOF) value=(self.proof());
                (content)
            }
        }
    }

    /// Parts of a page, which a script puts in their places.
    pub fn part(&self, content: Markup) -> Response {
        Html(content.into_string()).into_response()
    }

    /// A whole page.
    pub fn page(&self, title: &str, content: Markup) -> Response {
        self.page_with(StatusCode::OK, title, content)
    }

    /// A whole page with this status.
    pub fn page_with(&self, status: StatusCode, title: &str, content: Markup) -> Response {
        let entries = PAGES.iter().filter_map(|page| Some((page, page.entry?)));
        let navigation = entries.map(|(page, [chinese, english])| Entry {
            address: self.address(page.path),
            text: self.language.pick(chinese, english),
            is_here: page.path == self.page,
        });
        let up = format!("{}/", self.root.strip_suffix("/admin").unwrap_or(&self.root));
        Frame {
            language: Some(self.language),
            product: format!("{} · {}", self.tenant.name, self.say("管理控制台", "Administration")),
            home: self.root.clone(),
            title: title.to_owned(),
            navigation: navigation.collect(),
            aside: Some(home::person(&self.visitor, &self.proof(), self.language, &up)),
            layout: Layout::Wide,
            content: Some(content),
        }
        .answer(status)
    }

    /// Where a page of the console stands.
    pub fn address(&self, page: &str) -> String {
        if page.is_empty() { self.root.clone() } else { format!("{}/{page}", self.root) }
    }

    /// Leads to another page after a form, so that a reload does not repeat it.
    pub fn go(&self, page: &str) -> Response {
        home::sent(&self.address(page))
    }
}
