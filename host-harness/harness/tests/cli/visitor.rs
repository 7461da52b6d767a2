//! A browser that keeps its cookies, and somebody who signs in with it.

use std::collections::BTreeMap;

use url::form_urlencoded::Serializer;
use wecom_simulator::{Browser, Choice};

use crate::web::{Answer, Serving};

/// One person's browser.
pub struct Visitor<'a> {
    host: &'a Serving,
    cookies: BTreeMap<String, String>,
}

impl<'a> Visitor<'a> {
    pub fn new(host: &'a Serving) -> Self {
        Self { host, cookies: BTreeMap::new() }
    }

    /// Somebody who has signed in to a tenant, and the answer to that.
    pub async fn signed_in(host: &'a Serving, tenant: &str, member: &str) -> (Self, Answer) {
        let mut visitor = Self::new(host);
        let answer = visitor.sign_in(&format!("/t/{tenant}/login"), member).await;
        assert_eq!(answer.status, 303, "{answer:#?}");
        (visitor, answer)
    }

    /// Begins at this path, chooses the member at the vendor's page, and comes back.
    pub async fn sign_in(&mut self, path: &str, member: &str) -> Answer {
        let tenant = path.split('/').nth(2).unwrap().to_owned();
        let begun = self.get(path);
        assert_eq!(begun.status, 302, "{begun:#?}");
        let location = begun.header("location").unwrap();
        let target = Browser::desktop().sign_in(location, &Choice::Member(member.into())).await.unwrap();
        let query = target.split_once('?').unwrap().1;
        self.get(&format!("/t/{tenant}/callback?{query}"))
    }

    pub fn get(&mut self, path: &str) -> Answer {
        self.ask("GET", path, &[], "")
    }

    /// The page, which must be one.
    pub fn page(&mut self, path: &str) -> String {
        let answer = self.get(path);
        assert_eq!(answer.status, 200, "{path}: {answer:#?}");
        answer.body
    }

    /// Posts these fields, and what the page's form for this path holds beside them.
    pub fn post(&mut self, page: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
        let page = self.page(page);
        let hidden = hidden_in(&page, path);
        let hidden = hidden.iter().copied().filter(|(name, _)| fields.iter().all(|(given, _)| given != name));
        let mut form = Serializer::new(String::new());
        form.append_pair("proof", proof_in(&page)).extend_pairs(fields).extend_pairs(hidden);
        self.ask("POST", path, &[], &form.finish())
    }

    pub fn ask(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let cookies = self.cookies();
        let headers: Vec<(&str, &str)> = headers.iter().copied().chain([("cookie", cookies.as_str())]).collect();
        let answer = self.host.send(method, path, &headers, body);
        for (name, value) in answer.cookies().split("; ").filter_map(|pair| pair.split_once('=')) {
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        answer
    }

    /// All cookies, as a browser sends them.
    pub fn cookies(&self) -> String {
        self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    /// Takes these cookies in place of its own.
    pub fn hold(&mut self, cookies: &str) {
        self.cookies = cookies
            .split("; ")
            .filter_map(|pair| pair.split_once('='))
            .map(|(a, b)| (a.to_owned(), b.to_owned()))
            .collect();
    }
}

/// Names and values that the form for this path holds already, but for the proof; none where the page has no such form.
pub fn hidden_in<'a>(page: &'a str, path: &str) -> Vec<(&'a str, &'a str)> {
    let Some((_, rest)) = page.split_once(&format!("action=\"{path}\"")) else { return Vec::new() };
    let form = rest.split_once("</form>").unwrap().0;
    let inputs = form.split("<input type=\"hidden\" name=\"").skip(1);
    let inputs = inputs.map(|input| {
        let (name, rest) = input.split_once("\" value=\"").unwrap();
        (name, rest.split_once('"').unwrap().0)
    });
    inputs.filter(|(name, _)| *name != "proof").collect()
}

/// What each form of a page carries.
#[track_caller]
pub fn proof_in(page: &str) -> &str {
    let (_, rest) = page.split_once("name=\"proof\" value=\"").unwrap_or_else(|| panic!("no form in {page}"));
    rest.split_once('"').unwrap().0
}
