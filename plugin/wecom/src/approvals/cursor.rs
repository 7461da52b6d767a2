//! Where a page of a search ended, as text: version, window, WeCom's own cursor, and a seal over them and what was asked for, so
//! that a cursor of another search, another organisation or a damaged one is known. Pure.

use organisation_kit::{capability::ApprovalSearch, failure::Failure, fingerprint, invalid_argument};

use super::window::Window;

const VERSION: &str = "1";

/// A place in a search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SearchPlace {
    pub(super) window: Window,
    /// WeCom's cursor within the window, empty at its beginning.
    pub(super) cursor: String,
}

impl SearchPlace {
    /// As the caller keeps it.
    pub(super) fn write(&self, organisation: &str, search: &ApprovalSearch<'_>) -> String {
        let Self { window: Window { first, last }, cursor } = self;
        let body = format!("{first}.{last}.{cursor}");
        let seal = seal(organisation, search, &body);
        format!("{VERSION}.{seal}.{body}")
    }

    /// What the caller brought back.
    ///
    /// # Errors
    /// `invalid-argument` for what this search did not write.
    pub(super) fn read(text: &str, organisation: &str, search: &ApprovalSearch<'_>) -> Result<Self, Failure> {
        let place = || {
            let (seal, body) = text.strip_prefix(VERSION)?.strip_prefix('.')?.split_once('.')?;
            if !fingerprint::is_same(seal, &self::seal(organisation, search, body)) {
                return None;
            }
            let mut parts = body.splitn(3, '.');
            let window = Window { first: parts.next()?.parse().ok()?, last: parts.next()?.parse().ok()? };
            Some(Self { window, cursor: parts.next()?.to_owned() })
        };
        place().ok_or_else(|| {
            invalid_argument!("cursor":
            "游标不属于此次搜索，或已损坏", "this cursor is not of this search, or damaged")
        })
    }
}

/// Over all that makes a search another one.
fn seal(organisation: &str, search: &ApprovalSearch<'_>, body: &str) -> String {
    let filter = search.filter;
    let (begin, end) = (search.begin.to_string(), search.end.to_string());
    let mut parts = vec!["approvals-search", organisation, &begin, &end, body];
    for value in [&filter.template, &filter.applicant, &filter.status, &filter.kind] {
        // A value that is absent is another one than an empty one.
        parts.extend([if value.is_some() { "some" } else { "none" }, value.as_deref().unwrap_or_default()]);
    }
    parts.extend(filter.departments.iter().map(String::as_str));
    fingerprint::of(&parts)
}

#[cfg(test)]
mod tests {
    use organisation_kit::contract::approvals::SearchFilter;

    use super::*;

    fn filter(departments: &[&str], status: Option<&str>) -> SearchFilter {
        SearchFilter {
            template: None,
            applicant: None,
            departments: departments.iter().map(|&id| id.to_owned()).collect(),
            status: status.map(str::to_owned),
            kind: None,
        }
    }

    #[test]
    fn a_cursor_leads_back_in_its_own_search_alone() {
        let (plain, other) = (filter(&["1"], None), filter(&["1"], Some("")));
        let search = ApprovalSearch { begin: 1, end: 2, filter: &plain, cursor: None, limit: 10 };
        let place = SearchPlace { window: Window { first: 7, last: 9 }, cursor: "a.b.=ü".into() };
        let text = place.write("ww1", &search);
        assert_eq!(SearchPlace::read(&text, "ww1", &search), Ok(place.clone()));
        assert_eq!(SearchPlace::read(&text, "ww1", &ApprovalSearch { limit: 1, ..search }), Ok(place));
        assert!(SearchPlace::read(&text, "ww2", &search).is_err());
        for foreign in [
            ApprovalSearch { begin: 0, ..search },
            ApprovalSearch { end: 3, ..search },
            ApprovalSearch { filter: &other, ..search },
            ApprovalSearch { filter: &filter(&[], None), ..search },
            ApprovalSearch { filter: &filter(&["1", "2"], None), ..search },
        ] {
            assert!(SearchPlace::read(&text, "ww1", &foreign).is_err(), "{foreign:?}");
        }
    }

    #[test]
    fn whatever_is_no_cursor_is_refused() {
        let plain = filter(&[], None);
        let search = ApprovalSearch { begin: 1, end: 2, filter: &plain, cursor: None, limit: 10 };
        let place = SearchPlace { window: Window { first: 7, last: 9 }, cursor: "c".into() };
        let text = place.write("ww1", &search);
        for end in 0..text.len() {
            assert!(SearchPlace::read(&text[..end], "ww1", &search).is_err(), "{end}");
        }
        for at in 0..text.len() {
            let mut damaged = text.clone();
            damaged.replace_range(at..=at, if &text[at..=at] == "0" { "1" } else { "0" });
            assert!(SearchPlace::read(&damaged, "ww1", &search).is_err(), "{damaged}");
        }
        for odd in ["", ".", "..", "2.x.1.2.", "\u{1F600}", &format!("{text}x")] {
            assert!(SearchPlace::read(odd, "ww1", &search).is_err(), "{odd}");
        }
    }
}
