//! What the kit serves for every vendor, at one without tags whose ids differ by case.
#![expect(clippy::unwrap_used, reason = "a test that does not fit its fake fails")]

use organisation_kit::{
    administration as admin,
    contract::{
        administration::{RoleRule, RuleScope},
        directory::{Goal, Strategy, SyncStep},
        types::Reason,
    },
    directory::{read, sync},
    failure::Failure,
    fake::{FakePlatform, ok, path, query},
    vendor::{Client as _, Vendor},
};
use second_vendor_element::{Config, Rollcall};
use serde_json::json;

const ACTOR: &str = "boss";

fn config() -> Config {
    let document = json!({
        "organisation": "acme", "clientId": "app", "clientSecret": "s3cret-of-the-client",
        "baseUrl": "https://rollcall.example.com", "redirectUri": "https://app.example.com/back",
    });
    Rollcall::element().parse(&document.to_string(), Rollcall::build).unwrap()
}

/// Rollcall with two units, one below the other, and three people.
fn rollcall() -> FakePlatform {
    let fake = FakePlatform::new();
    fake.serve(|request| {
        let unit =
            |id: &str, parent: Option<&str>| json!({"id": id, "name": id, "parent": parent, "rank": 0, "heads": []});
        let person = |id: &str, unit: &str| {
            let units = json!([{"unit": unit, "head": false, "rank": 0}]);
            json!({"id": id, "name": id, "state": "active", "units": units})
        };
        let answer = match (path(request).as_str(), query(request, "unit").as_deref()) {
            ("/token", _) => json!({"access_token": "t", "expires_in": 3_600}),
            ("/units", _) => json!({"units": [unit("Dev", None), unit("Team", Some("Dev"))], "next": null}),
            ("/people", Some("Dev")) => json!({"people": [person("Anna", "Dev")], "next": null}),
            ("/people", Some("Team")) => {
                json!({"people": [person("anna", "Team"), person("Bert", "Team")], "next": null})
            }
            ("/people", _) => json!({"people": [], "next": null}),
            ("/people/Bert", _) => person("Bert", "Team"),
            (other, _) => panic!("{other} is not played"),
        };
        ok(answer.to_string())
    });
    fake
}

fn complete(fake: &FakePlatform) {
    let config = config();
    let common = Rollcall::common(&config);
    let run = sync::begin::begin(fake, common, &Strategy::Automatic).unwrap().progress.run;
    let client = Rollcall::client(fake, &config);
    let step = sync::advance::advance(fake, common, &client, &run, Goal::Complete).unwrap();
    assert!(matches!(step, SyncStep::Complete(_)), "{step:?}");
}

/// A name, what an administrator does, why it is refused, and the roles of Anna, anna and Bert afterwards.
type Case = (&'static str, fn(&FakePlatform, &Config) -> Result<(), Failure>, Option<Reason>, [&'static str; 3]);

fn rule(fake: &FakePlatform, config: &Config, scope: RuleScope) -> Result<(), Failure> {
    let rules = [RoleRule { role: "ruled".to_owned(), scope }];
    let client = Rollcall::client(fake, config);
    admin::set_role_rules(fake, Rollcall::common(config), &|tag| client.tag_members(tag), &rules, ACTOR).map(drop)
}

#[test]
fn administration_takes_no_line_of_the_vendor() {
    let cases: [Case; 8] = [
        (
            "one of two ids that differ by case",
            |fake, config| {
                let roles = ["own".to_owned()];
                admin::set_member_roles(fake, Rollcall::common(config), "anna", &roles, ACTOR).map(drop)
            },
            None,
            ["", "own", ""],
        ),
        ("everybody", |fake, config| rule(fake, config, RuleScope::Everybody), None, ["ruled", "own,ruled", "ruled"]),
        (
            "a unit with those below it",
            |fake, config| rule(fake, config, RuleScope::Department("Dev".to_owned())),
            None,
            ["ruled", "own,ruled", "ruled"],
        ),
        (
            "a unit below",
            |fake, config| rule(fake, config, RuleScope::Department("Team".to_owned())),
            None,
            ["", "own,ruled", "ruled"],
        ),
        (
            "a tag, which Rollcall has not",
            |fake, config| rule(fake, config, RuleScope::Tag("7".to_owned())),
            Some(Reason::Unsupported),
            ["", "own,ruled", "ruled"],
        ),
        (
            "a retired one",
            |fake, config| admin::retire_members(fake, Rollcall::common(config), &["Bert".to_owned()], ACTOR).map(drop),
            None,
            ["", "own,ruled", ""],
        ),
        (
            "an administrator",
            |fake, config| admin::set_administrators(fake, Rollcall::common(config), &["Anna".to_owned()], ACTOR),
            None,
            ["", "own,ruled", ""],
        ),
        (
            "somebody unknown",
            |fake, config| admin::set_administrators(fake, Rollcall::common(config), &["ANNA".to_owned()], ACTOR),
            Some(Reason::NotFound),
            ["", "own,ruled", ""],
        ),
    ];
    let (fake, config) = (rollcall(), config());
    complete(&fake);
    for (name, act, refused, roles) in cases {
        assert_eq!(act(&fake, &config).err().map(|failure| failure.into_details().reason), refused, "{name}");
        for synced in [false, true] {
            let of = |id: &str| {
                let mut roles = read::find_member(&fake, Rollcall::common(&config), id).unwrap().roles;
                roles.sort();
                roles.join(",")
            };
            assert_eq!(["Anna", "anna", "Bert"].map(of), roles, "{name}, synced: {synced}");
            complete(&fake);
        }
    }
    assert_eq!(admin::administrators(&fake, Rollcall::common(&config)).unwrap(), ["Anna"]);
    assert_eq!(fake.audit.borrow().len(), 6, "one for each that was not refused");
}

#[test]
fn what_it_serves_is_named() {
    let named = Rollcall::element().describe("en").capabilities;
    assert!(named.iter().any(|name| name == "administration.erase-member"), "{named:?}");
}
