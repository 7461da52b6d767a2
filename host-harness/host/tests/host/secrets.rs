//! Placeholders through a component: it gets them for its secrets, writes them into a request, and the server sees the
//! secrets. What is filled in where is a matter of `element::secret`, whose own tests are rows.

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use organisation_host::{
    ElementOptions, Host, Limits,
    egress::{AllowList, OperatorList},
    settings::Document,
    storage::{self, MemoryStorage},
};
use serde_json::Value;

use crate::{
    element,
    guests::Guest,
    server::{Server, answer},
    wire::{self, At, DESCRIBE, OVERVIEW, VALIDATE, data, words},
};

/// Of characters that each encoding writes in its own way.
const SECRET: &str = "s3cr3t of/an+app&=%";

/// A guest with one secret field `secret`, which may be sent to 127.0.0.1 at this port, and the URL `/token` there.
fn vendor(port: u16) -> (Guest, At) {
    let (guest, url) = wire::caller(port, "/token");
    let (description, field, key, keys, destination, validation) = (5_000, 5_100, 5_200, 5_240, 5_300, 5_400);
    let items = [
        data(key, b"secret"),
        // A field: key, no label and no help, required and secret.
        data(field, &[words(&[key, 6, 0, 0, 0, 0]), vec![1, 1, 0]].concat()),
        // Four texts, the fields.
        data(description, &words(&[0, 0, 0, 0, 0, 0, 0, 0, field, 1])),
        // The destination that `caller` has, and one key that is tied to it.
        data(keys, &words(&[key, 6])),
        data(destination, &words(&[4_100, 4, 4_104, 9, port.into(), 0, 0, keys, 1])),
        data(validation, &words(&[1, 0, 0, destination, 1])),
    ];
    let guest = guest
        .items(&items.concat())
        .with(DESCRIBE, &format!("i32.const {description}"))
        .with(VALIDATE, &format!("i32.const {validation}"));
    (guest, url)
}

fn options(server: &Server, storage: &Arc<MemoryStorage>) -> ElementOptions {
    let mut options = element::options(Limits::default());
    options.storage = Arc::clone(storage) as _;
    options.settings = Document::parse(&serde_json::json!({ "secret": SECRET }).to_string()).unwrap();
    options.operator = OperatorList::only(AllowList::parse([format!("127.0.0.1:{}", server.port)]).unwrap());
    options
}

/// What the component gets in place of the secret: it says so in its log.
async fn placeholder(host: &Host, server: &Server, storage: &Arc<MemoryStorage>) -> String {
    let get = "i32.const 8192\n call <settings@0.1.0 get>\n ";
    let loaded = |address: u32| format!("i32.const {address}\n i32.load\n ");
    let body = format!("{get}{}i32.const 0", wire::log(&loaded(8_192), &loaded(8_196)));
    let component = host.load(&vendor(server.port).0.with(OVERVIEW, &body).build()).unwrap();
    let report =
        host.element(&component, options(server, storage)).unwrap().overview().reported().await.unwrap().report;
    let settings: Value = serde_json::from_str(&report.log.lines[0].message).unwrap();
    settings["secret"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_form_value_and_the_password_of_basic_are_filled_in_for_a_component() {
    let server = Server::start([("/token", answer("200 OK", &[], b"{}"))]).await;
    let host = Host::builder().parallel_calls(2).build().unwrap();
    let storage = Arc::new(MemoryStorage::new(storage::Options::default()));
    let placeholder = placeholder(&host, &server, &storage).await;
    assert!(placeholder.starts_with("secret://secret?v="), "{placeholder}");

    let form = "application/x-www-form-urlencoded";
    let basic = |password: &str| format!("Basic {}", STANDARD.encode(format!("client:{password}")));
    for (name, header, body, sent) in [
        (
            "form",
            ("content-type", form.to_owned()),
            format!("grant_type=client_credentials&client_secret={placeholder}&x=1"),
            Some("\r\n\r\ngrant_type=client_credentials&client_secret=s3cr3t+of%2Fan%2Bapp%26%3D%25&x=1".to_owned()),
        ),
        (
            "Basic",
            ("authorization", basic(&placeholder)),
            "{}".to_owned(),
            Some(format!("authorization: {}\r\n", basic(SECRET))),
        ),
        // A part of a value is none of the places.
        ("part of a form value", ("content-type", form.to_owned()), format!("a=x{placeholder}"), None),
        ("user of Basic", ("authorization", basic(&format!("{placeholder}:x"))), "{}".to_owned(), None),
    ] {
        let (guest, url) = vendor(server.port);
        let (record, headers, header_name, header_value, text) = (16_384, 16_500, 16_600, 17_000, 18_000);
        let length = |text: &str| u32::try_from(text.len()).unwrap();
        let mut request = wire::request(url, Some(At(text, length(&body))));
        request[16..24].copy_from_slice(&words(&[headers, 1]));
        let header_record = words(&[header_name, length(header.0), header_value, length(&header.1)]);
        let items = [
            data(4_096, b"PUT"),
            data(record, &request),
            data(headers, &header_record),
            data(header_name, header.0.as_bytes()),
            data(header_value, header.1.as_bytes()),
            data(text, body.as_bytes()),
        ];
        let call = format!("{}i32.const 0", wire::send_all(record, 1));
        let component = host.load(&guest.items(&items.concat()).with(OVERVIEW, &call).build()).unwrap();
        let before = server.requests().len();
        let report =
            host.element(&component, options(&server, &storage)).unwrap().overview().reported().await.unwrap().report;
        let seen = server.requests().split_off(before);
        match sent {
            Some(sent) => assert!(matches!(&seen[..], [seen] if seen.contains(&sent)), "{name}: {seen:?}"),
            None => {
                assert_eq!(report.http.exchanges[0].failure, Some("denied"), "{name}");
                assert!(seen.is_empty(), "{name}: {seen:?}");
            }
        }
        assert!(seen.iter().all(|seen| !seen.contains("secret://")), "{name}: {seen:?}");
    }
}
