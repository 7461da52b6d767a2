//! Exported files over HTTP: parts, faults, counters, other addresses.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use wecom_simulator::{Effect, Fault, Page, SignInError, When};

use crate::bed::Bed;
use crate::export_file::{md5, open};

struct File {
    url: String,
    size: usize,
    md5: String,
}

/// The first file of a new job.
async fn file(bed: &Bed) -> File {
    let job = bed.job("user", json!({})).await;
    let listed: Value = bed.files(&job).await[0].clone();
    File {
        url: listed["url"].as_str().unwrap().to_owned(),
        size: usize::try_from(listed["size"].as_u64().unwrap()).unwrap(),
        md5: listed["md5"].as_str().unwrap().to_owned(),
    }
}

async fn struck(bed: &Bed, url: &str, effect: Effect) -> Result<Page, SignInError> {
    bed.control.inject(Fault::of("download", When::Nth(1), effect));
    let answer = bed.browser.get(url).await;
    bed.control.clear_faults();
    answer
}

#[tokio::test]
async fn parts_put_together_are_the_file() {
    let bed = Bed::start().await;
    let file = file(&bed).await;
    let whole = bed.browser.get(&file.url).await.unwrap();
    assert_eq!((whole.status, whole.body.len(), md5(&whole.body)), (200, file.size, file.md5));
    assert_eq!(whole.header("accept-ranges"), Some("bytes"));
    for length in [100, 1000, file.size, file.size * 2] {
        let mut body = Vec::new();
        while body.len() < file.size {
            let (from, to) = (body.len(), body.len() + length - 1);
            let page = bed.browser.get_part(&file.url, &format!("bytes={from}-{to}")).await.unwrap();
            assert_eq!(page.status, 206);
            let range = format!("bytes {from}-{}/{}", to.min(file.size - 1), file.size);
            assert_eq!(page.header("content-range"), Some(range.as_str()));
            assert_eq!(page.header("content-length"), Some(page.body.len().to_string().as_str()));
            body.extend(page.body);
        }
        assert!(body == whole.body, "parts of {length} bytes");
    }
    let rest = bed.browser.get_part(&file.url, "bytes=32-").await.unwrap();
    assert!((rest.status, &rest.body[..]) == (206, &whole.body[32..]));
    let outside = bed.browser.get_part(&file.url, &format!("bytes={}-", file.size)).await.unwrap();
    assert_eq!((outside.status, outside.body.len()), (416, 0));
    assert_eq!(outside.header("content-range"), Some(format!("bytes */{}", file.size).as_str()));

    bed.control.configure(|behaviour| behaviour.exports.ranges = false);
    let ignored = bed.browser.get_part(&file.url, "bytes=32-63").await.unwrap();
    assert!((ignored.status, &ignored.body) == (200, &whole.body));
}

#[tokio::test]
async fn an_unknown_name_is_not_found() {
    let bed = Bed::start().await;
    let file = file(&bed).await;
    for url in [file.url.replace(".bin", ""), file.url.replace(".bin", "x.bin"), bed.url("/export/1.bin")] {
        assert_eq!(bed.browser.get(&url).await.unwrap().status, 404, "{url}");
    }
    assert_eq!(bed.browser.post(&file.url, "").await.unwrap().status, 405);
}

#[tokio::test]
async fn bytes_and_connections_are_damaged_as_ordered() {
    let bed = Bed::start().await;
    let file = file(&bed).await;
    let right = bed.browser.get(&file.url).await.unwrap().body;

    let corrupted = struck(&bed, &file.url, Effect::Corrupted).await.unwrap();
    let differing: Vec<usize> = (0..right.len()).filter(|at| right[*at] != corrupted.body[*at]).collect();
    assert_eq!((corrupted.status, corrupted.body.len(), differing), (200, right.len(), vec![right.len() / 2]));

    let truncated = struck(&bed, &file.url, Effect::Truncated).await.unwrap();
    assert!((truncated.status, &truncated.body[..]) == (200, &right[..right.len() / 2]));

    assert!(struck(&bed, &file.url, Effect::CutOff).await.is_err());
    for processed in [false, true] {
        assert!(struck(&bed, &file.url, Effect::Disconnect { processed }).await.is_err());
    }
    let page = struck(&bed, &file.url, Effect::EdgePage(502)).await.unwrap();
    assert!(page.status == 502 && page.text().starts_with("<html>"));
    let code = struck(&bed, &file.url, Effect::Code(-1)).await.unwrap();
    assert!(code.status == 200 && code.text().starts_with(r#"{"errcode":-1"#));
    let blocked = struck(&bed, &file.url, Effect::Block(Duration::from_secs(60))).await.unwrap();
    assert!(blocked.text().starts_with(r#"{"errcode":45009"#));
    let moved = struck(&bed, &file.url, Effect::Redirect("http://127.0.0.1:9/".to_owned())).await.unwrap();
    assert_eq!((moved.status, moved.header("location")), (302, Some("http://127.0.0.1:9/")));

    let before = Instant::now();
    assert!(struck(&bed, &file.url, Effect::Delay(Duration::from_millis(30))).await.unwrap().body == right);
    assert!(before.elapsed() >= Duration::from_millis(30));

    bed.control.inject(Fault::of("download", When::Nth(2), Effect::EdgePage(503)));
    for expected in [200, 503, 200] {
        assert_eq!(bed.browser.get(&file.url).await.unwrap().status, expected);
    }
    assert_eq!(bed.app_code("department/simplelist?").await, 0, "calls of the API are spared");
}

#[tokio::test]
async fn downloads_are_counted_and_logged_without_their_names() {
    let bed = Bed::start().await;
    let file = file(&bed).await;
    bed.browser.get(&file.url).await.unwrap();
    bed.browser.get_part(&file.url, "bytes=0-31").await.unwrap();
    bed.browser.get_part(&file.url, "bytes=999999999-").await.unwrap();
    bed.browser.get(&bed.url("/export/unknown.bin")).await.unwrap();
    let _ = struck(&bed, &file.url, Effect::Disconnect { processed: false }).await;
    let count = bed.control.count("download");
    assert_eq!((count.calls, count.succeeded, count.most_at_once), (5, 2, 1));
    assert_eq!((bed.control.count("export/user").succeeded, bed.control.count("export/get_result").calls), (1, 1));
    let log = bed.control.requests();
    let seen: Vec<_> = log.iter().filter(|entry| entry.path == "/export/*.bin").map(|entry| entry.status).collect();
    assert_eq!(seen, [200, 206, 416, 404, 0]);
    let name = file.url.rsplit('/').next().unwrap().trim_end_matches(".bin");
    let shown = format!("{log:?} {:?} {:?}", bed.control, bed.simulator);
    assert!(!shown.contains(name), "the name of a file in Debug output");
}

#[tokio::test]
async fn files_may_have_another_host_a_wrong_digest_or_be_text() {
    let bed = Bed::start().await;
    let elsewhere = format!("http://localhost:{}/", bed.simulator.address().port());
    bed.control.configure(|behaviour| behaviour.exports.download_base = Some(elsewhere.clone()));
    let there = file(&bed).await;
    assert!(there.url.starts_with(&format!("{elsewhere}export/")), "{}", there.url);
    let here = there.url.replace("localhost", "127.0.0.1");
    let bytes = bed.browser.get(&here).await.unwrap().body;

    bed.control.configure(|behaviour| {
        behaviour.exports.download_base = None;
        behaviour.exports.wrong_md5 = true;
    });
    let wrong = file(&bed).await;
    assert!(wrong.url.starts_with(&bed.url("/export/")), "{}", wrong.url);
    let same = bed.browser.get(&wrong.url).await.unwrap().body;
    assert!(same == bytes && wrong.md5 != md5(&same) && wrong.md5.len() == 32);

    bed.control.configure(|behaviour| {
        behaviour.exports.wrong_md5 = false;
        behaviour.exports.base64_files = true;
    });
    let text = file(&bed).await;
    let body = bed.browser.get(&text.url).await.unwrap().body;
    assert_eq!((text.size, text.md5), (body.len(), md5(&body)));
    let decoded = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, &body).unwrap();
    assert!(decoded == bytes);
    assert!(open(&decoded)["userlist"].is_array());
}
