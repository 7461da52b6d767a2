//! What stands around every page: handlers answer with content, and here it gets its frame, which alone depends on where people
//! reach the host.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use maud::Markup;
use organisation_pages::{Language, Layout, Link, Shell};

use super::service::Service;

/// A page without its frame.
#[derive(Debug, Clone, Default)]
pub struct Frame {
    /// Nothing where the content is in both languages: then there is no switch.
    pub language: Option<Language>,
    /// What the page belongs to.
    pub product: String,
    /// Where the name of that leads; empty: nowhere.
    pub home: String,
    pub title: String,
    pub navigation: Vec<Entry>,
    /// What stands at the end of the top.
    pub aside: Option<Markup>,
    pub layout: Layout,
    pub content: Option<Markup>,
}

/// One entry of the navigation.
#[derive(Debug, Clone)]
pub struct Entry {
    pub address: String,
    pub text: &'static str,
    pub is_here: bool,
}

impl Frame {
    /// The answer, which gets its body from [`frame`].
    pub fn answer(self, status: StatusCode) -> Response {
        let mut response = status.into_response();
        response.extensions_mut().insert(self);
        response
    }

    fn render(&self, base: &str, here: &str) -> Markup {
        let navigation = self.navigation.iter();
        let navigation =
            navigation.map(|entry| Link { address: entry.address.clone(), text: entry.text, is_here: entry.is_here });
        let shell = Shell {
            language: self.language.unwrap_or_default(),
            base,
            here: if self.language.is_some() { here } else { "" },
            product: &self.product,
            home: &self.home,
            title: &self.title,
            navigation: navigation.collect(),
            aside: self.aside.clone(),
            layout: self.layout,
        };
        shell.render(self.content.as_ref().unwrap_or(&Markup::default()))
    }
}

/// Puts the frame around the content of an answer that has one.
pub async fn frame(State(service): State<Arc<Service>>, request: Request, next: Next) -> Response {
    let base = service.base().to_owned();
    // Only a page that was got can be got again.
    let asked = request.uri().path_and_query().filter(|_| request.method() == Method::GET);
    let here = asked.map(|asked| format!("{base}{asked}")).unwrap_or_default();
    let mut response = next.run(request).await;
    if let Some(page) = response.extensions_mut().remove::<Frame>() {
        let html = HeaderValue::from_static("text/html; charset=utf-8");
        response.headers_mut().insert(header::CONTENT_TYPE, html);
        *response.body_mut() = Body::from(page.render(&base, &here).into_string());
    }
    response
}
