//! Requests of HTTP that are too many or too large, singly and in batches.

use super::*;

#[tokio::test]
async fn a_batch_beyond_the_cap_ends_the_call_and_nothing_of_it_is_looked_at() {
    let server = Server::start([]).await;
    // Zeros: requests without a method and a URL.
    for (count, violates) in [(1_000, None), (1_001, Some(1_001)), (1 << 30, Some(1 << 30))] {
        let limits = Limits::default().requests(5_000);
        match (overview(batch(server.port, &[], count), reaching(server.port, limits)).await, violates) {
            (Ok(report), None) => assert_eq!((report.http.requests, report.http.failures), (1_000, 1_000)),
            (Err(failed), Some(_)) if count == 1 << 30 => assert!(failed.report.http.requests == 0, "{failed}"),
            (Err(failed), Some(asked)) => {
                let expected = Exceeded { limit: LimitName::BatchRequests, allowed: 1_000, asked };
                assert_eq!((exceeded(&failed), failed.report.http.requests), (expected, 0));
            }
            (outcome, _) => panic!("{count}: {outcome:?}"),
        }
    }
}

#[tokio::test]
async fn requests_beyond_those_left_are_refused_unseen() {
    let server = Server::start([("/", answer("200 OK", &[], b"ok"))]).await;
    let (_, url) = wire::caller(server.port, "/");
    let sound = wire::request(url, None);
    // Its URL lies beyond the memory: whoever looks at it ends the call.
    let wild = wire::request(At(0xffff_0000, 10), None);
    let limits = Limits::default().requests(3);
    let records = [sound.repeat(3), wild.repeat(2)].concat();
    let report = overview(batch(server.port, &records, 5), reaching(server.port, limits.clone())).await.unwrap();
    let traffic = &report.http;
    assert_eq!((traffic.requests, traffic.failures, traffic.left_out, traffic.exchanges.len()), (5, 2, 2, 3));
    assert_eq!(server.requests().len(), 3);
    let records = [sound.repeat(2), wild].concat();
    let failed = overview(batch(server.port, &records, 3), reaching(server.port, limits)).await.unwrap_err();
    assert!(matches!(&failed.error, CallError::Trap { trap, .. } if trap.kind == TrapKind::InvalidValue), "{failed}");
}

#[tokio::test]
async fn a_method_and_a_url_have_a_length_and_the_method_counts() {
    let server = Server::start([]).await;
    let (_, At(url_at, url)) = wire::caller(server.port, "/");
    let long = 16_600;
    let request = |method: u32, url: At| {
        let mut record = wire::request(url, None);
        record[..8].copy_from_slice(&wire::words(&[long, method]));
        record
    };
    for (name, method, url_length, is_sent) in [
        ("method obeys", 32, url, true),
        ("method violates", 33, url, false),
        ("url obeys", 3, 8 << 10, true),
        ("url violates", 3, (8 << 10) + 1, false),
    ] {
        let records = request(method, At(url_at, url_length));
        // The method, and what a long URL ends with.
        let letters = wire::data(long, &[b'M'; 64]);
        let tail = wire::data(url_at + url, &vec![b'u'; (9 << 10) - url as usize]);
        let guest = batch(server.port, &records, 1).items(&letters);
        let guest = if url_length > url { guest.items(&tail) } else { guest };
        let report = overview(guest, reaching(server.port, Limits::default())).await.unwrap();
        let [exchange] = &report.http.exchanges[..] else { panic!("{name}: {report:?}") };
        match is_sent {
            true => {
                assert_eq!(
                    (exchange.status, exchange.bytes_out),
                    (Some(200), u64::from(method + url_length)),
                    "{name}"
                );
            }
            false => assert_eq!(exchange.failure, Some("invalid-request"), "{name}"),
        }
        assert_eq!(exchange.url == "(unreadable url)", !is_sent, "what is too long is not read: {name}");
    }
}

#[tokio::test]
async fn a_body_is_looked_at_only_where_it_may_be_sent() {
    let server = Server::start([("/", answer("200 OK", &[], b"ok"))]).await;
    let (_, url) = wire::caller(server.port, "/");
    let body = At(20_000, 4);
    let sound = wire::request(url, None);
    let with_body = |url| wire::request(url, Some(body));
    let denied = At(21_000, 17);
    let items = [wire::data(body.0, &[0xff; 4]), wire::data(denied.0, b"https://a.example")].concat();
    for (records, requests, failure) in [
        (with_body(url), 10, None),
        (with_body(denied), 10, Some("denied")),
        ([sound.clone(), with_body(url)].concat(), 2, None),
    ] {
        let count = u32::try_from(records.len() / sound.len()).unwrap();
        let limits = Limits::default().requests(requests);
        match (
            overview(batch(server.port, &records, count).items(&items), reaching(server.port, limits)).await,
            failure,
        ) {
            (Ok(report), Some(failure)) => {
                let [exchange] = &report.http.exchanges[..] else { panic!("{report:?}") };
                assert_eq!((exchange.failure, exchange.url.as_str()), (Some(failure), "https://a.example/"));
            }
            (Err(failed), None) => assert!(is_invalid(&failed), "{failed}"),
            (outcome, failure) => panic!("{failure:?}: {outcome:?}"),
        }
    }
    // One after the other: when the second comes there is no request left.
    let twice = format!("{}{}i32.const 0", wire::send(url, None), wire::send(url, Some(body)));
    for (requests, is_looked_at) in [(2, true), (1, false)] {
        let guest = batch(server.port, &sound, 1).items(&items).with(OVERVIEW, &twice);
        let limits = Limits::default().requests(requests);
        match overview(guest, reaching(server.port, limits)).await {
            Ok(report) => {
                assert!(!is_looked_at, "{report:?}");
                assert_eq!(report.http.exchanges[1].failure, Some("budget-exhausted"));
            }
            Err(failed) => assert!(is_looked_at && is_invalid(&failed), "{failed}"),
        }
    }
}

/// A request with the headers that lie here, so many of them.
fn with_headers(url: At, headers: u32, count: u32) -> Vec<u8> {
    let mut record = wire::request(url, None);
    record[16..24].copy_from_slice(&wire::words(&[headers, count]));
    record
}

#[tokio::test]
async fn headers_have_a_number_and_a_length_and_what_is_beyond_is_not_copied() {
    let server = Server::start([]).await;
    let (_, url) = wire::caller(server.port, "/");
    let (headers, name, value) = (18_000, 20_000, 20_001);
    for (name_of_case, count, value, last, violates) in [
        ("both obey", 64, At(value, 255), At(value, 255), false),
        ("bytes violate", 64, At(value, 255), At(value, 256), true),
        // They lie beyond the memory: whoever looks at them ends the call.
        ("number violates", 65, At(0xffff_0000, 255), At(0xffff_0000, 255), true),
    ] {
        let header = |At(at, length)| wire::words(&[name, 1, at, length]);
        let lists = [header(value).repeat(count as usize - 1), header(last)].concat();
        let items = [wire::data(headers, &lists), wire::data(name, &[b'x'; 300])];
        let guest = batch(server.port, &with_headers(url, headers, count), 1).items(&items.concat());
        let report = overview(guest, reaching(server.port, Limits::default())).await.unwrap();
        let [exchange] = &report.http.exchanges[..] else { panic!("{name_of_case}: {report:?}") };
        match violates {
            false => assert_eq!(exchange.status, Some(200), "{name_of_case}: {exchange:?}"),
            true => assert_eq!(
                (exchange.failure, exchange.url.as_str()),
                (Some("invalid-request"), "(unreadable url)"),
                "{name_of_case}"
            ),
        }
    }
    assert_eq!(server.requests().len(), 1);
}

/// The same memory may be the headers of every request, so it costs the component nothing.
#[tokio::test]
async fn headers_of_a_batch_are_no_more_than_one_call_of_an_import_may_hand_over() {
    let server = Server::start([]).await;
    let (_, url) = wire::caller(server.port, "/");
    let headers = 18_000;
    let header = wire::words(&[0, 0, 32 << 10, 96 << 10]);
    let list = wire::data(headers, &header.repeat(64));
    let limits = Limits::default().hostcall_bytes(20 << 20);
    // 6 MiB each.
    for (requests, violates) in [(3, false), (4, true)] {
        let records = with_headers(url, headers, 64).repeat(requests);
        let guest = batch(server.port, &records, u32::try_from(requests).unwrap()).items(&list);
        match overview(guest, reaching(server.port, limits.clone())).await {
            Ok(report) => {
                assert!(!violates, "{report:?}");
                assert_eq!((report.http.requests, report.http.failures), (3, 3));
                assert!(report.http.exchanges.iter().all(|exchange| exchange.url == "(unreadable url)"), "{report:?}");
            }
            Err(failed) => {
                let allowed = 20 << 20;
                assert!(violates, "{failed}");
                let expected = Exceeded { limit: LimitName::HostcallBytes, allowed, asked: allowed + 1 };
                assert_eq!(exceeded(&failed), expected);
            }
        }
    }
}

#[tokio::test]
async fn a_batch_holds_no_more_than_the_component_has_memory_for() {
    let server = Server::start([("/", answer("200 OK", &[], &vec![b'x'; 300 << 10]))]).await;
    let (_, url) = wire::caller(server.port, "/");
    // Room for one answer behind the two pages it begins with; all are put at the same place.
    let grown = format!("i32.const 8\n memory.grow\n drop\n {}i32.const 0", wire::send_all(16_384, 3));
    for (pages, refused) in [(15_u64, 0), (10, 1)] {
        let records = wire::request(url, None).repeat(3);
        let guest = batch(server.port, &records, 3).with(OVERVIEW, &grown);
        let limits = Limits::default().memory_bytes(pages * (64 << 10)).parallel(1);
        let report = overview(guest, reaching(server.port, limits)).await.unwrap();
        let failures = report.http.exchanges.iter().filter_map(|exchange| exchange.failure).collect::<Vec<_>>();
        assert_eq!(failures, vec!["budget-exhausted"; refused], "{pages} pages");
    }
}
