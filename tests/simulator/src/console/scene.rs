//! What every page of the console is made from, and the pieces that pages share: forms, notes, times.

use std::sync::Arc;

use axum::http::{HeaderMap, Uri};
use jiff::{Timestamp, tz::TimeZone};
use maud::{Markup, html};
use organisation_pages::{Language, Layout, Link, Shell};

use crate::api::{parse_query, query_value};
use crate::clock::UnixMillis;
use crate::control::Control;
use crate::corp::{Corp, Department, Member};

/// Style of what only the simulator has: the tree, the phone, cards.
pub(super) const STYLE_PATH: &str = "/console/simulator.css";
pub(super) const STYLE: &str = include_str!("simulator.css");
/// The script by which members and departments are dragged.
pub(super) const SCRIPT_PATH: &str = "/console/drag.js";
pub(super) const SCRIPT: &str = include_str!("drag.js");

/// The three parts of the console.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Room {
    /// The administrator's WeCom.
    Company,
    /// A member's phone.
    Phone,
    /// What no company has: time, faults, logs.
    Workbench,
}

/// The state that a page shows, and who looks at it.
pub(super) struct Scene {
    pub(super) control: Control,
    pub(super) corp: Arc<Corp>,
    pub(super) now: UnixMillis,
    pub(super) language: Language,
    /// Path and query of the page, without what it said of the form before it.
    pub(super) here: String,
    query: Vec<(String, String)>,
}

impl Scene {
    pub(super) fn new(control: Control, uri: &Uri, headers: &HeaderMap) -> Self {
        let query = parse_query(uri.query().unwrap_or_default());
        let kept = query.iter().filter(|(name, _)| name != "problem");
        let kept: Vec<(&str, &str)> = kept.map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let here = crate::pages::redirect::append(uri.path(), &kept);
        let (corp, now) = (control.corp(), control.now());
        Self { control, corp, now, language: Language::of(headers), here, query }
    }

    /// In the language of the page.
    pub(super) fn say<'t>(&self, chinese: &'t str, english: &'t str) -> &'t str {
        self.language.pick(chinese, english)
    }

    /// A parameter of the page; "" where it is absent.
    pub(super) fn asked(&self, name: &str) -> &str {
        query_value(&self.query, name).unwrap_or_default().trim()
    }

    /// The number of a page of a list, from 0.
    pub(super) fn page(&self) -> usize {
        self.asked("page").parse().unwrap_or_default()
    }

    /// The page in its frame.
    pub(super) fn render(&self, room: Room, title: &str, content: &Markup) -> String {
        let rooms = [
            (Room::Company, "/console", self.say("企业", "Company")),
            (Room::Phone, "/console/phone", self.say("手机", "Phone")),
            (Room::Workbench, "/console/workbench", self.say("工作台面", "Workbench")),
        ];
        let navigation =
            rooms.map(|(one, address, text)| Link { address: address.to_owned(), text, is_here: one == room });
        let content = html! {
            link rel="stylesheet" href=(STYLE_PATH);
            @if let Some(problem) = query_value(&self.query, "problem") {
                div.banner.bad role="alert" {
                    p { strong { (self.say("没有生效：", "Nothing was changed: ")) } (problem) }
                }
            }
            (content)
        };
        Shell {
            here: &self.here,
            home: "/console",
            title,
            navigation: navigation.into(),
            aside: Some(html! { span.hint { (self.time(self.now)) } }),
            layout: Layout::Wide,
            ..Shell::new(self.language, self.say("企业微信模拟器", "WeCom simulator"))
        }
        .render(&content)
        .into_string()
    }

    /// A form for one action; afterwards the browser is on this page again.
    pub(super) fn form(&self, action: &str, fields: &Markup) -> Markup {
        self.form_then(action, &self.here, fields)
    }

    /// A form for one action; afterwards the browser is on another page of the console.
    pub(super) fn form_then(&self, action: &str, then: &str, fields: &Markup) -> Markup {
        html! {
            form method="post" action={ "/sim/" (action) } {
                input type="hidden" name="then" value=(then);
                (fields)
            }
        }
    }

    /// A form that is one button.
    pub(super) fn button(&self, action: &str, fields: &[(&str, &str)], class: &str, label: &str) -> Markup {
        self.form(
            action,
            &html! {
                @for (name, value) in fields { input type="hidden" name=(name) value=(value); }
                button class=(class) { (label) }
            },
        )
    }

    /// An instant where the simulator runs.
    pub(super) fn time(&self, at: UnixMillis) -> Markup {
        let instant = i64::try_from(at).ok().and_then(|at| Timestamp::from_millisecond(at).ok()).unwrap_or_default();
        let zone = TimeZone::try_system().unwrap_or(TimeZone::UTC);
        let shown = instant.to_zoned_datetime(zone).strftime("%Y-%m-%d %H:%M:%S %:z").to_string();
        html! { time datetime=(instant) { (shown) } }
    }

    /// Links to the pages before and after this one of a list.
    pub(super) fn pager(&self, path: &str, keep: &[(&str, &str)], has_more: bool) -> Markup {
        let page = self.page();
        let to = |number: usize| {
            let number = number.to_string();
            let pairs: Vec<_> = keep.iter().copied().filter(|(_, value)| !value.is_empty()).collect();
            crate::pages::redirect::append(path, &[pairs, vec![("page", number.as_str())]].concat())
        };
        html! {
            @if page > 0 || has_more {
                nav.row aria-label=(self.say("翻页", "Pages of the list")) {
                    @if page > 0 { a href=(to(page - 1)) { (self.say("上一页", "Previous")) } }
                    span.hint { (self.say("第 ", "Page ")) (page + 1) (self.say(" 页", "")) }
                    @if has_more { a href=(to(page + 1)) { (self.say("下一页", "Next")) } }
                }
            }
        }
    }

    /// A box to search in.
    pub(super) fn search(&self, path: &str, label: &str) -> Markup {
        html! {
            form.row method="get" action=(path) role="search" {
                input type="search" name="search" value=(self.asked("search")) aria-label=(label) placeholder=(label);
                button.quiet { (self.say("搜索", "Search")) }
            }
        }
    }

    /// The state of a member in words.
    pub(super) fn status(&self, member: &Member) -> Markup {
        use crate::corp::Status;
        let (class, text) = match member.status {
            Status::Active => ("tag good", self.say("已激活", "active")),
            Status::Disabled => ("tag bad", self.say("已禁用", "disabled")),
            Status::NotActivated => ("tag warn", self.say("未激活", "not activated")),
            Status::Resigned => ("tag bad", self.say("已离职", "resigned")),
        };
        html! { span class=(class) { (text) } }
    }

    /// Departments from the root down to this one.
    pub(super) fn path_of(&self, id: u64) -> Vec<&Department> {
        let mut path = Vec::new();
        let mut at = self.corp.department(id);
        while let Some(department) = at {
            path.push(department);
            at = self.corp.department(department.parent);
        }
        path.reverse();
        path
    }
}

/// An input with its label.
pub(super) fn field(label: &str, name: &str, value: &str, hint: &str) -> Markup {
    html! {
        div.field {
            label { (label) input name=(name) value=(value) autocomplete="off"; }
            @if !hint.is_empty() { div.hint { (hint) } }
        }
    }
}

/// A value that goes with a form unseen.
pub(super) fn hidden(name: &str, value: &str) -> Markup {
    html! { input type="hidden" name=(name) value=(value); }
}

/// Links between pages of one room.
pub(super) fn tabs(label: &str, tabs: &[(String, &str, bool)]) -> Markup {
    html! {
        nav.tabs aria-label=(label) {
            @for (address, text, is_here) in tabs { a href=(address) aria-current=[is_here.then_some("page")] { (text) } }
        }
    }
}

/// The address of the page of a member.
pub(super) fn member_path(id: &str) -> String {
    format!("/console/member/{}", crate::pages::redirect::encoded(id))
}

/// Only web addresses become links: anything else could run in the console's page.
pub(super) fn web_address(url: &str) -> Option<&str> {
    (url.starts_with("http://") || url.starts_with("https://")).then_some(url)
}
