//! Rollcall (花名册): an invented, simple directory service that runs on loopback, and the component of its element.
//!
//! It is what the kit's second vendor talks to: as unlike WeCom as a directory service may be, so that whatever the kit
//! takes for granted shows. Ids are text in which upper and lower case differ and anything may stand, lists come in
//! pages, a field that the client may not read is missing, errors are HTTP statuses, people who left say so, and there
//! is no app beside the organisation. Service and element share no types, so that one cannot hide the other's mistake.
//!
//! | Call | Answers |
//! |---|---|
//! | `GET /authorize?client_id=&redirect_uri=&state=&lang=` | the page on which a person signs in; with `&as=ID` nobody has to click |
//! | `POST /token` with `"grant_type":"client_credentials"` | `{"access_token","expires_in"}` for the calls below, an hour long |
//! | `POST /token` with `"grant_type":"authorization_code"` | `{"person"}`: who signed in; a code is good once and for five minutes |
//! | `GET /units?page=` | `{"units":[{"id","name","parent","rank","heads":[ID]}],"next"}` |
//! | `GET /units/ID` | one unit |
//! | `GET /people?unit=&page=` | `{"people":[{"id","name","state","units":[{"unit","head","rank"}],"title","phone","email","manager"}],"next"}`; an empty `unit` asks for people without one |
//! | `GET /people/ID` | one person |
//!
//! `POST /token` takes JSON with `organisation`, `client_id` and `client_secret`. The other calls take the token as
//! `authorization: Bearer …`. `next` is a cursor for `page`, `null` on the last page. `state` is `active`, `invited`,
//! `suspended` or `left`. What is refused answers `{"error":…}`: 400 `bad-request`, `bad-page` or `code-refused`, 401
//! `client-refused` or `token-refused`, 404 `not-found`, 429 `slow-down` with `retry-after`.

mod api;
mod authorize;
mod clock;
mod control;
mod organisation;
mod server;
mod world;

pub use clock::Clock;
pub use control::{Answer, Control, Route};
pub use organisation::{Organisation, Person, Place, State, Unit};
pub use server::{Server, Setup};

/// The component of its element, as it was built with this crate.
pub fn component() -> &'static [u8] {
    include_bytes!(env!("SECOND_VENDOR_COMPONENT"))
}
