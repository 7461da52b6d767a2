//! Numbers of requests in a time of any length (doc 91816).

use organisation_kit::{
    capability::ApprovalSearch,
    contract::{
        approvals::{SearchFilter, SearchPage},
        types::Reason,
    },
    failure::Failure,
    invalid_argument,
};
use serde_json::{Value, json};

use super::{
    cursor::SearchPlace,
    limit, status,
    window::{Range, Window},
};
use crate::{
    api::{answer, client::WeComClient, codes::TOO_DENSE},
    wire::json_tree::{self, JsonTree},
};

/// Numbers of a page at most.
const LONGEST_PAGE: u32 = 200;
/// With less time left no further request is made: it may take eight seconds.
const LEFT_MS: u64 = 9_000;

/// See `approvals.search`. Pages of WeCom that are short or even empty are followed, as far as the limits of this call allow.
pub(super) fn search(client: &WeComClient<'_>, search: &ApprovalSearch<'_>) -> Result<SearchPage, Failure> {
    let filters = filters(search.filter)?;
    if search.limit == 0 {
        return Err(invalid_argument!("limit": "limit 须至少为 1", "the limit is 1 at least"));
    }
    let platform = client.calls.platform();
    let organisation = client.config().corp_id();
    let range = Range::new(search.begin, search.end, platform.now_ms()).ok_or_else(
        || invalid_argument!("end": "结束时间须比开始时间至少晚两秒", "the range has at least two whole seconds"),
    )?;
    let place = search.cursor.map(|text| SearchPlace::read(text, organisation, search)).transpose()?;
    let Some(range) = range else {
        return Ok(SearchPage { numbers: Vec::new(), cursor: None });
    };
    let mut place = match place {
        Some(place) => place,
        None => SearchPlace { window: range.begin(), cursor: String::new() },
    };
    let most = search.limit.min(LONGEST_PAGE) as usize;
    let (mut numbers, mut is_first) = (Vec::new(), true);
    loop {
        let left = platform.remaining();
        if numbers.len() >= most || (!is_first && (left.wall_ms < LEFT_MS || left.requests == 0)) {
            break;
        }
        let size = most.saturating_sub(numbers.len()).min(limit::PAGE as usize);
        match list_numbers(client, &place, size, &filters) {
            Ok(page) => {
                numbers.extend(page.numbers);
                place = match (page.cursor, range.after(place.window)) {
                    (Some(cursor), _) => SearchPlace { cursor, ..place },
                    (None, Some(window)) => SearchPlace { window, cursor: String::new() },
                    (None, None) => return Ok(SearchPage { numbers, cursor: None }),
                };
            }
            // A window that was begun is not begun anew: what was told of it would be told again.
            Err(failure) if TOO_DENSE.include(&failure) && place.cursor.is_empty() => {
                place.window = place.window.halved().ok_or(failure)?;
            }
            // What was found so far is not thrown away: the next page ends the same way, or not.
            Err(failure) if !is_first && is_passing(&failure) => break,
            Err(failure) => return Err(failure),
        }
        is_first = false;
    }
    Ok(SearchPage { numbers, cursor: Some(place.write(organisation, search)) })
}

fn is_passing(failure: &Failure) -> bool {
    matches!(failure.reason, Reason::RateLimited | Reason::Unavailable | Reason::BudgetExhausted)
}

/// What one call brings.
struct NumberPage {
    numbers: Vec<String>,
    /// Absent at the end of the window.
    cursor: Option<String>,
}

fn list_numbers(
    client: &WeComClient<'_>,
    place: &SearchPlace,
    size: usize,
    filters: &[Value],
) -> Result<NumberPage, Failure> {
    let SearchPlace { window: Window { first, last }, cursor } = place;
    let body = json!({
        "starttime": first.to_string(),
        "endtime": last.to_string(),
        "new_cursor": cursor,
        "size": size,
        "filters": filters,
    });
    let call = client.config().approval_info(&body);
    let page = client.calls.with_retries(&call, |text| answer::read(&call, text, parse))?;
    // It would go round for ever.
    if page.cursor.as_ref() == Some(cursor) {
        return Err(answer::without(&call, "another new_next_cursor"));
    }
    Ok(page)
}

fn parse(text: &str) -> Result<NumberPage, serde_json::Error> {
    let answer = json_tree::parse(text)?;
    let answer = JsonTree(&answer);
    Ok(NumberPage { numbers: answer.at("sp_no_list").texts(), cursor: answer.at("new_next_cursor").text() })
}

/// As WeCom takes them: each a key and a text. Only departments may be named more than once.
fn filters(filter: &SearchFilter) -> Result<Vec<Value>, Failure> {
    let mut filters = Vec::new();
    let mut add = |key: &str, value: &str| filters.push(json!({ "key": key, "value": value }));
    for (key, value) in [("template_id", &filter.template), ("creator", &filter.applicant)] {
        if let Some(value) = value {
            add(key, value);
        }
    }
    filter.departments.iter().for_each(|department| add("department", department));
    for (path, key, names, value) in [
        ("filter.status", "sp_status", &status::REQUEST, &filter.status),
        ("filter.kind", "record_type", &status::KIND, &filter.kind),
    ] {
        if let Some(name) = value {
            let unknown = || {
                let known = names.list();
                let message = (
                    format!("{name:?} 须为 {known} 之一，或企业微信的编号"),
                    format!("{name:?} is none of {known}, and no number"),
                );
                Failure::invalid_argument(path, message)
            };
            add(key, &names.number(name).ok_or_else(unknown)?.to_string());
        }
    }
    Ok(filters)
}
