//! Media by form and by id (fact sheet section 5.9).

use std::time::Duration;

use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use wecom_simulator::DEMO_AGENT_ID;

use crate::bed::{Bed, START};

/// Posts a file as a form.
async fn upload(bed: &Bed, api: &str, disposition: &str, bytes: &[u8]) -> Value {
    let token = bed.token().await;
    let head = format!(
        "--XX\r\nContent-Disposition: form-data; name=\"media\"; {disposition}\r\nContent-Type: text/plain\r\n\r\n"
    );
    let body = [head.as_bytes(), bytes, b"\r\n--XX--\r\n"].concat();
    let separator = if api.contains('?') { '&' } else { '?' };
    let request = hyper::Request::post(format!("/cgi-bin/{api}{separator}access_token={token}"))
        .header("host", "simulator")
        .header("content-type", "multipart/form-data; boundary=XX")
        .body(Full::new(Bytes::from(body)))
        .unwrap();
    let stream = tokio::net::TcpStream::connect(bed.simulator.address()).await.unwrap();
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
    let talking = tokio::spawn(connection);
    let answer = sender.send_request(request).await.unwrap().into_body().collect().await.unwrap().to_bytes();
    talking.abort();
    serde_json::from_slice(&answer).unwrap()
}

const NAME: &str = "filename=\"报告.txt\"";

#[tokio::test]
async fn each_type_has_its_limits() {
    let bed = Bed::start().await;
    let sized = |start: &[u8], size: usize| [start, &vec![b'x'; size - start.len()]].concat();
    let mb = 1 << 20;
    let png = b"\x89PNG".as_slice();
    for (api, bytes, expected) in [
        ("media/upload?type=file", sized(b"", 5), 40006),
        ("media/upload?type=file", sized(b"", 6), 0),
        ("media/upload?type=file", sized(b"", 20 * mb + 1), 45001),
        ("media/upload?type=image", sized(png, 100), 0),
        ("media/upload?type=image", sized(b"\xFF\xD8\xFF", 100), 0),
        ("media/upload?type=image", sized(b"GIF89a", 100), 40123),
        ("media/upload?type=image", sized(png, 10 * mb + 1), 40009),
        ("media/upload?type=voice", sized(b"#!AMR", 100), 0),
        ("media/upload?type=voice", sized(b"RIFF", 100), 301017),
        ("media/upload?type=voice", sized(b"#!AMR", 2 * mb + 1), 301016),
        ("media/upload?type=video", sized(b"\0\0\0\x18ftypmp42", 100), 0),
        ("media/upload?type=video", sized(b"", 10 * mb + 1), 40011),
        ("media/upload?type=thing", sized(b"", 6), 40004),
        ("media/upload", sized(b"", 6), 40004),
        ("media/upload?type=file", Vec::new(), 44001),
        ("media/uploadimg", sized(png, 100), 0),
        ("media/uploadimg", sized(b"", 100), 40123),
        ("media/uploadimg", sized(png, 2 * mb + 1), 40009),
    ] {
        assert_eq!(upload(&bed, api, NAME, &bytes).await["errcode"], expected, "{api}, {} bytes", bytes.len());
    }
    assert_eq!(
        upload(&bed, "media/upload?type=file", "filename*=utf-8''a.txt", b"hello world").await["errcode"],
        44001,
        "the encoded form of a name is not understood"
    );
}

#[tokio::test]
async fn a_file_lives_three_days_and_is_read_in_parts() {
    let bed = Bed::start().await;
    let answer = upload(&bed, "media/upload?type=file", NAME, b"hello world").await;
    assert_eq!(
        (&answer["errmsg"], &answer["type"], &answer["created_at"]),
        (&json!(""), &json!("file"), &json!((START / 1000).to_string())),
        "the time is a text, the message empty"
    );
    let id = answer["media_id"].as_str().unwrap().to_owned();
    let send =
        |kind: &str| json!({"touser": "lisi", "msgtype": kind, "agentid": DEMO_AGENT_ID, kind: {"media_id": id}});
    assert_eq!(bed.send_code("message/send", &send("file")).await, 0);
    assert_eq!(bed.send_code("message/send", &send("image")).await, 40004, "a file is no image");

    let get = format!("media/get?media_id={id}&access_token={}", bed.token().await);
    let whole = bed.raw(&get).await.unwrap();
    assert_eq!((whole.status, whole.body.as_slice()), (200, &b"hello world"[..]));
    assert_eq!(whole.header("content-disposition"), Some("attachment; filename=\"报告.txt\""));
    let part = bed.browser.get_part(&bed.url(&format!("/cgi-bin/{get}")), "bytes=6-8").await.unwrap();
    assert_eq!(
        (part.status, part.body.as_slice(), part.header("content-range")),
        (206, &b"wor"[..], Some("bytes 6-8/11"))
    );

    bed.control.advance(Duration::from_secs(3 * 86_400));
    assert_eq!(bed.app_code(&format!("media/get?media_id={id}")).await, 40145);
    assert_eq!(bed.app_code("media/get?media_id=x").await, 40007);
    assert_eq!(bed.send_code("message/send", &send("file")).await, 40007);
}
