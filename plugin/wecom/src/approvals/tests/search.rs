//! Numbers in a time of any length.

use std::{cell::RefCell, rc::Rc};

use super::*;
use crate::fake::START_MS;
use organisation_kit::{contract::call::Budget, platform::Platform as _};
use proptest::prelude::*;

const DAY: u64 = 86_400;

fn no_filter() -> SearchFilter {
    SearchFilter { template: None, applicant: None, departments: Vec::new(), status: None, kind: None }
}

/// A vendor with requests, each at a second, in their order. It answers a page of them, of which it hides some as WeCom does after
/// paging, and refuses windows with more than `dense`.
fn holding(seconds: Vec<u64>, hidden: fn(usize) -> bool, dense: usize) -> FakePlatform {
    vendor(move |_, name, body| {
        assert_eq!(name, "getapprovalinfo");
        let number = |key: &str| body[key].as_str().unwrap().parse::<u64>().unwrap();
        let (first, last) = (number("starttime"), number("endtime"));
        assert!(last > first && last - first <= 31 * DAY, "{body}");
        let within: Vec<usize> = (0..seconds.len()).filter(|&at| (first..=last).contains(&seconds[at])).collect();
        if within.len() > dense {
            return fake::errcode(301_112, "too many");
        }
        let cursor = body["new_cursor"].as_str().unwrap();
        let from = if cursor.is_empty() { 0 } else { cursor.strip_prefix("c.").unwrap().parse().unwrap() };
        let size = body["size"].as_u64().unwrap() as usize;
        assert!((1..=100).contains(&size));
        let page: Vec<String> =
            within.iter().skip(from).take(size).filter(|&&at| !hidden(at)).map(usize::to_string).collect();
        let mut answer = json!({ "errcode": 0, "errmsg": "ok", "sp_no_list": page });
        if from + size < within.len() {
            answer["new_next_cursor"] = json!(format!("c.{}", from + size));
        }
        answered(answer)
    })
}

fn page(fake: &FakePlatform, range: (u64, u64), cursor: Option<&str>, limit: u32) -> Result<SearchPage, Failure> {
    filtered(fake, range, &no_filter(), cursor, limit)
}

fn filtered(
    fake: &FakePlatform,
    (begin, end): (u64, u64),
    filter: &SearchFilter,
    cursor: Option<&str>,
    limit: u32,
) -> Result<SearchPage, Failure> {
    let search = ApprovalSearch { begin: begin * 1_000, end: end * 1_000, filter, cursor, limit };
    WeCom::search(&WeCom::client(fake, &fake::config()), &search)
}

/// All numbers, page by page.
fn all(fake: &FakePlatform, range: (u64, u64), limit: u32) -> Vec<usize> {
    let (mut numbers, mut cursor) = (Vec::new(), None);
    loop {
        let page = page(fake, range, cursor.as_deref(), limit).unwrap();
        assert!(page.numbers.len() <= limit as usize);
        numbers.extend(page.numbers.iter().map(|number| number.parse::<usize>().unwrap()));
        if page.cursor.is_none() {
            return numbers;
        }
        assert_ne!(cursor, page.cursor);
        cursor = page.cursor;
    }
}

const BEGIN: u64 = 1_700_000_000;

#[test]
fn a_range_of_a_year_is_read_in_windows() {
    // One a day, and three within one second at the border of two windows.
    let mut seconds: Vec<u64> = (0..400).map(|day| BEGIN + day * DAY).collect();
    seconds.extend([BEGIN + 31 * DAY - 1; 3]);
    let fake = holding(seconds, |_| false, usize::MAX);
    let mut numbers = all(&fake, (BEGIN, BEGIN + 365 * DAY), 50);
    numbers.sort_unstable();
    let expected: Vec<usize> = (0..365).chain(400..403).collect();
    assert_eq!(numbers, expected);
}

#[test]
fn short_and_empty_pages_are_followed_to_the_end() {
    let fake = holding((0..500).map(|at| BEGIN + at).collect(), |at| at < 350, usize::MAX);
    let page = page(&fake, (BEGIN, BEGIN + 500), None, 200).unwrap();
    assert_eq!((page.numbers.len(), page.cursor), (150, None));
    let sizes: Vec<u64> =
        all_sent(&fake, "getapprovalinfo").iter().map(|body| body["size"].as_u64().unwrap()).collect();
    assert_eq!(sizes, [100, 100, 100, 100, 100]);
}

#[test]
fn a_window_that_is_too_dense_is_halved() {
    let seconds: Vec<u64> = (0..1_000).map(|at| BEGIN + at).collect();
    let fake = holding(seconds, |_| false, 100);
    assert_eq!(all(&fake, (BEGIN, BEGIN + 40 * DAY), 1_000), (0..1_000).collect::<Vec<_>>());
    // The last second that can be asked for alone with its neighbour is too much still.
    let fake = holding(vec![BEGIN; 101], |_| false, 100);
    let failure = page(&fake, (BEGIN, BEGIN + DAY), None, 10).unwrap_err();
    assert_eq!(failure.vendor_code, Some(301_112));
}

#[test]
fn a_page_ends_where_the_limits_of_the_call_do() {
    let fake = holding((0..60).map(|month| BEGIN + month * 31 * DAY).collect(), |_| false, usize::MAX);
    let range = (BEGIN, BEGIN + 30 * 31 * DAY);
    let budget = |requests| Budget { requests, ..fake.remaining() };
    // The token and three windows.
    fake.set_budget(budget(4));
    let first = page(&fake, range, None, 100).unwrap();
    assert_eq!(first.numbers, ["0", "1", "2"]);
    fake.set_budget(Budget { wall_ms: 5_000, ..budget(100) });
    let second = page(&fake, range, first.cursor.as_deref(), 100).unwrap();
    assert_eq!(second.numbers, ["3"]);
    fake.set_budget(Budget { wall_ms: 60_000, ..budget(0) });
    let failure = page(&fake, range, second.cursor.as_deref(), 100).unwrap_err();
    assert_eq!(failure.reason, Reason::BudgetExhausted);
}

#[test]
fn what_was_found_is_not_thrown_away_for_what_fails_after_it() {
    let answers = Rc::new(RefCell::new(vec![
        fake::errcode(45009, "too often"),
        answered(json!({ "errcode": 0, "errmsg": "ok", "sp_no_list": [7] })),
    ]));
    let fake = vendor(move |_, _, _| answers.borrow_mut().pop().unwrap_or_else(|| fake::errcode(45009, "too often")));
    let range = (BEGIN, BEGIN + 100 * DAY);
    let first = page(&fake, range, None, 10).unwrap();
    assert_eq!(first.numbers, ["7"]);
    assert_eq!(page(&fake, range, first.cursor.as_deref(), 10).unwrap_err().reason, Reason::RateLimited);
}

#[test]
fn the_filters_are_wecoms() {
    let fake = holding(vec![], |_| false, 0);
    let filter = SearchFilter {
        template: Some("T".into()),
        applicant: Some("zhangsan".into()),
        departments: vec!["31".into(), "32".into()],
        status: Some("withdrawn-after-approval".into()),
        kind: Some("overtime".into()),
    };
    filtered(&fake, (BEGIN, BEGIN + DAY), &filter, None, 7).unwrap();
    let expected = json!({
        "starttime": "1700000000", "endtime": "1700086399", "new_cursor": "", "size": 7,
        "filters": [
            { "key": "template_id", "value": "T" }, { "key": "creator", "value": "zhangsan" },
            { "key": "department", "value": "31" }, { "key": "department", "value": "32" },
            { "key": "sp_status", "value": "6" }, { "key": "record_type", "value": "5" },
        ],
    });
    assert_eq!(all_sent(&fake, "getapprovalinfo"), [expected]);
    let by_number = SearchFilter { status: Some("12".into()), ..no_filter() };
    filtered(&fake, (BEGIN, BEGIN + DAY), &by_number, None, 7).unwrap();
    assert_eq!(all_sent(&fake, "getapprovalinfo")[1]["filters"], json!([{ "key": "sp_status", "value": "12" }]));
    for (path, filter) in [
        ("filter.status", SearchFilter { status: Some("done".into()), ..no_filter() }),
        ("filter.kind", SearchFilter { kind: Some("".into()), ..no_filter() }),
    ] {
        let failure = filtered(&fake, (BEGIN, BEGIN + DAY), &filter, None, 7).unwrap_err();
        assert_eq!(refused_path(&failure), path);
    }
}

#[test]
fn what_cannot_be_asked_is_refused_and_what_holds_nothing_is_not_asked() {
    let fake = holding(vec![], |_| false, 0);
    for (range, cursor, limit, path) in [
        ((BEGIN, BEGIN), None, 1, "end"),
        ((BEGIN, BEGIN + 1), None, 1, "end"),
        ((BEGIN, 0), None, 1, "end"),
        ((BEGIN, BEGIN + DAY), None, 0, "limit"),
        ((BEGIN, BEGIN + DAY), Some("1.x.y"), 1, "cursor"),
        ((0, 10), Some(""), 1, "cursor"),
    ] {
        assert_eq!(refused_path(&page(&fake, range, cursor, limit).unwrap_err()), path);
    }
    let future = START_MS / 1_000 + 365 * DAY;
    for range in [(0, 10), (future, future + DAY)] {
        let nothing = SearchPage { numbers: Vec::new(), cursor: None };
        assert_eq!(page(&fake, range, None, 1), Ok(nothing));
    }
    assert_eq!(fake.requests.borrow().len(), 0);
}

#[test]
fn a_cursor_that_goes_nowhere_ends_the_search() {
    let fake = vendor(|_, _, body| {
        let next = if body["new_cursor"] == "" { "a" } else { "b" };
        answered(json!({ "errcode": 0, "errmsg": "ok", "sp_no_list": [], "new_next_cursor": next }))
    });
    let failure = page(&fake, (BEGIN, BEGIN + DAY), None, 1).unwrap_err();
    assert_eq!(failure.reason, Reason::UnexpectedAnswer);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Wherever requests lie, however full the windows and short the pages, each is told once.
    #[test]
    fn each_request_is_told_once(
        at in proptest::collection::vec(0_u64..200 * DAY, 0..120),
        seconds in 2_u64..200 * DAY,
        dense in 20_usize..200,
        limit in 1_u32..250,
        clustered in any::<bool>(),
    ) {
        let at: Vec<u64> = at.into_iter().map(|at| BEGIN + if clustered { at % 5_000 } else { at }).collect();
        let expected: Vec<usize> = (0..at.len()).filter(|&index| at[index] < BEGIN + seconds).collect();
        let fake = holding(at, |_| false, dense);
        let mut numbers = all(&fake, (BEGIN, BEGIN + seconds), limit);
        numbers.sort_unstable();
        prop_assert_eq!(numbers, expected);
    }
}
