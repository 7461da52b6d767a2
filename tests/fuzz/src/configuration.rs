//! The configuration document: an editor's half-finished one, an operator's slip, or somebody who tries what can be written there.

use organisation_kit::vendor::Vendor;
use wecom_organisation::WeCom;

/// Whatever is judged sound can be read, and nothing else; each place of a secret is a place in the document.
pub(crate) fn configuration(bytes: &[u8]) {
    let Ok(document) = str::from_utf8(bytes) else { return };
    let element = WeCom::element();
    let validation = element.validate(document);
    assert_eq!(validation.valid, element.parse(document, WeCom::build).is_ok(), "{document}");
    assert!(validation.valid || !validation.problems.is_empty(), "nobody says what is wrong");
    assert!(validation.destinations.len() <= 64, "more than a host takes");
    assert_eq!(element.validate(document).problems, validation.problems, "judged otherwise the second time");
    drop(element.parse_owner(document, WeCom::organisation));
    let _ = element.locale_of(document);
}
