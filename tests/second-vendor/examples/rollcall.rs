//! Rollcall on loopback, to be played with by hand: `cargo run -p second-vendor --example rollcall`.
//!
//! Writes the component of its element and an element folder below `target/rollcall`, and runs until it is stopped.

use std::{error::Error, fs, net::SocketAddr, path::Path};

use second_vendor::{Organisation, Person, Server, Setup, State, Unit};
use serde_json::json;

const FOLDER: &str = "target/rollcall";

#[tokio::main(flavor = "current_thread")]
#[allow(clippy::print_stdout, reason = "it speaks to whoever started it")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut organisation = Organisation::new("acme", "lowcode", "not-a-secret-of-anybody", "app.example.com");
    for (id, name, parent) in
        [("all", "Acme", None), ("R&D/1", "Development", Some("all")), ("sales 50%", "Sales", Some("all"))]
    {
        organisation.put_unit(Unit::new(id, name, parent));
    }
    for (id, name, unit) in [
        ("anna", "Anna Weber", "R&D/1"),
        ("Anna", "Anna Zhou", "R&D/1"),
        ("bo", "Bo Lindqvist", "sales 50%"),
        ("chen", "陈晨", "all"),
    ] {
        organisation.put_person(Person::new(id, name, &[unit]));
    }
    organisation.put_person(Person { state: State::Left, ..Person::new("dana", "Dana Novak", &["all"]) });
    let listen = SocketAddr::from(([127, 0, 0, 1], 7090));
    let server = Server::start(Setup { listen, page_size: 2, ..Setup::new(organisation) }).await?;

    let element = Path::new(FOLDER).join("acme");
    fs::create_dir_all(&element)?;
    fs::write(Path::new(FOLDER).join("element.wasm"), second_vendor::component())?;
    fs::write(element.join("e.json"), json!({ "title": "Acme", "type": "rollcall" }).to_string())?;
    let configuration = json!({
        "organisation": "acme",
        "clientId": "lowcode",
        "clientSecret": "not-a-secret-of-anybody",
        "baseUrl": server.base_url(),
        "redirectUri": "https://app.example.com/login",
        "locale": "en",
    });
    fs::write(element.join("acme.json"), serde_json::to_string_pretty(&configuration)?)?;
    println!("Rollcall is at {}; {FOLDER} holds its element. Stop it with Ctrl-C.", server.base_url());
    Ok(tokio::signal::ctrl_c().await?)
}
