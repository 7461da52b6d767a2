//! `conform`: components against the promises of the contract.

use serde_json::Value;

use crate::{
    bed::{Bed, program, run},
    guests::Guest,
};

fn outcomes(conformance: &Value, outcome: &str) -> Vec<String> {
    let promises = conformance["promises"].as_array().unwrap().iter();
    let named = promises.filter(|promise| promise["outcome"] == outcome);
    named.map(|promise| promise["name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn the_component_of_the_program_conforms_with_a_simulated_vendor() {
    let home = tempfile::tempdir().unwrap();
    let conformance = run(program(home.path(), &["conform", "--format", "json"])).exits(0);
    assert_eq!((&conformance["conforms"], &conformance["element"]), (&true.into(), &"wecom.organisation".into()));
    assert_eq!(outcomes(&conformance, "broken"), [""; 0]);
    assert_eq!(outcomes(&conformance, "skipped"), [""; 0]);
    for promise in conformance["promises"].as_array().unwrap() {
        let is_looked_at = promise["looks"].as_u64().unwrap() > 0;
        assert!(promise["file"].as_str().unwrap().ends_with(".wit"), "{promise}");
        assert_eq!(is_looked_at, promise["outcome"] == "kept", "{promise}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_configuration_that_is_not_sound_is_said() {
    let bed = Bed::new().await;
    bed.write("org", &serde_json::json!({ "corpId": "wrong" }));
    let conformance = bed.run(&["conform"]).exits(2);
    assert!(conformance["hindrance"].as_str().unwrap().contains("corpId"), "{conformance}");
    assert!(outcomes(&conformance, "kept").contains(&"describe-is-pure".to_owned()));
    let promises = conformance["promises"].as_array().unwrap();
    let skipped = promises.iter().find(|promise| promise["name"] == "code-sent-once").unwrap();
    assert!(skipped["skipped"].as_str().unwrap().contains("not sound"), "{skipped}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vendor_that_is_not_there_breaks_no_promise() {
    let bed = Bed::new().await;
    let nowhere = "http://127.0.0.1:9";
    let mut configuration = bed.configuration();
    for key in ["apiBaseUrl", "loginBaseUrl", "oauthBaseUrl"] {
        configuration[key] = nowhere.into();
    }
    bed.write("org", &configuration);
    for (admitted, words) in
        [(&[][..], "the operator does not admit it"), (&["--allow-host", "127.0.0.1:9"], "connect")]
    {
        let element = bed.home().join("org");
        let element = ["--format", "json", "--element", element.to_str().unwrap()];
        let conformance = bed.run_plain(&[&element, admitted, &["conform"]].concat()).exits(2);
        assert_eq!(outcomes(&conformance, "broken"), [""; 0]);
        let hindrance = conformance["hindrance"].as_str().unwrap();
        assert!(hindrance.contains(nowhere) && hindrance.contains(words), "{hindrance}");
    }
}

/// A component that answers nothing but zeros keeps little.
#[tokio::test(flavor = "multi_thread")]
async fn a_component_that_breaks_the_contract_ends_with_1_and_says_why() {
    let bed = Bed::new().await;
    let file = bed.home().join("guest.wasm");
    let guest = Guest::default().with("element@0.1.0#check-connection", "unreachable");
    std::fs::write(&file, guest.build()).unwrap();
    let component = ["--component", file.to_str().unwrap()];
    let conformance = bed.run(&[&component[..], &["conform"]].concat()).exits(1);
    assert_eq!(conformance["conforms"], false);
    let broken = outcomes(&conformance, "broken");
    assert!(broken.contains(&"describe-in-two-languages".to_owned()), "{broken:?}");

    let home = tempfile::tempdir().unwrap();
    let text = run(program(home.path(), &["conform", "--component", component[1], "--format", "text"]));
    assert_eq!(text.code, 2, "{text:?}");
    assert!(text.stderr.contains("--element DIR"), "{text:?}");
    std::fs::write(&file, Guest::default().with("element@0.1.0#describe", "unreachable").build()).unwrap();
    bed.run(&[&component[..], &["conform"]].concat()).fails(3, "trap");
}

#[test]
fn parts_are_looked_at_alone() {
    let home = tempfile::tempdir().unwrap();
    let shown = run(program(home.path(), &["conform", "--part", "connection", "--part", "configuration"]));
    assert_eq!(shown.code, 0, "{shown:?}");
    for words in ["no promise was broken", "kept     aspects-in-order", "skipped  code-sent-once"] {
        assert!(shown.stdout.contains(words), "{words}: {}", shown.stdout);
    }
    assert!(shown.stderr.contains("… the check of the connection"), "{}", shown.stderr);
    run(program(home.path(), &["conform", "--part", "nonsense", "--format=json"])).fails(2, "usage");
}

#[test]
fn samples_are_read_before_anything_is_looked_at() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("samples.json");
    for (text, words) in [("{", "no JSON"), (r#"{"approvals": []}"#, "approvals"), (r#"{"approval": {}}"#, "template")]
    {
        std::fs::write(&file, text).unwrap();
        let refused = run(program(home.path(), &["conform", "--samples", file.to_str().unwrap(), "--format=json"]));
        assert!(refused.stdout.contains(words), "{text}: {refused:?}");
        refused.fails(2, "usage");
    }
}
