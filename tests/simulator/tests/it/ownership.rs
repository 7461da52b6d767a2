//! The file that shows whose a host is (fact sheet section 9.1).

use axum::Router;
use axum::http::{StatusCode, Uri};
use wecom_simulator::CallbackError;

use crate::bed::Bed;

#[tokio::test]
async fn the_file_must_be_at_the_root_with_its_content() {
    let bed = Bed::start().await;
    let file = bed.control.ownership_file();
    assert_eq!(file.name, format!("WW_verify_{}.txt", file.content));
    let rows = [
        (StatusCode::OK, file.content.clone(), Ok(())),
        (StatusCode::OK, format!("{}\r\n", file.content), Ok(())),
        (StatusCode::OK, "<html></html>".to_owned(), Err("the content is another one")),
        (StatusCode::FOUND, file.content.clone(), Err("it answered HTTP 302")),
        (StatusCode::NOT_FOUND, String::new(), Err("it answered HTTP 404")),
    ];
    for (status, body, expected) in rows {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let host = format!("http://{}", listener.local_addr().unwrap());
        let path = format!("/{}", file.name);
        let answer = move |uri: Uri| async move {
            assert_eq!(uri.path(), path);
            (status, body)
        };
        tokio::spawn(async move { axum::serve(listener, Router::new().fallback(answer)).await });
        let expected = expected.map_err(|why: &str| CallbackError::Check(why.to_owned()));
        assert_eq!(bed.control.check_ownership(&host, &file).await, expected, "{status}");
    }
    let foreign = bed.control.check_ownership("https://app.example.com", &file).await;
    assert!(matches!(foreign, Err(CallbackError::NotLoopback(_))), "{foreign:?}");
}
