//! The interfaces that an element may export beside those of its world, each by itself: a component exports what its vendor
//! can do, and nothing else.

/// The generated code of one interface, in a world of its own. The types that it shares with the others are theirs.
macro_rules! interface_bindings {
    ($interface:ident, $world:literal, $path:literal, $inline:literal) => {
        #[doc(hidden)]
        #[allow(missing_docs, unsafe_code, unused_qualifications, clippy::all)]
        pub mod $interface {
            wit_bindgen::generate!({
                inline: $inline,
                path: "../../wit",
                world: $world,
                with: { "lowcode:organisation/types@0.1.0": crate::contract::generated::lowcode::organisation::types },
                additional_derives: [PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize],
                default_bindings_module: $path,
                pub_export_macro: true,
                generate_all,
            });
        }
    };
}

interface_bindings!(
    administration,
    "organisation:kit/administration-alone",
    "organisation_kit::contract::further::administration",
    "package organisation:kit; world administration-alone { import lowcode:organisation/audit@0.1.0; export lowcode:organisation/administration@0.1.0; }"
);

interface_bindings!(
    vendor,
    "organisation:kit/vendor-alone",
    "organisation_kit::contract::further::vendor",
    "package organisation:kit; world vendor-alone { export lowcode:organisation/vendor@0.1.0; }"
);

interface_bindings!(
    messaging,
    "organisation:kit/messaging-alone",
    "organisation_kit::contract::further::messaging",
    "package organisation:kit; world messaging-alone { export lowcode:organisation/messaging@0.1.0; }"
);

interface_bindings!(
    approvals,
    "organisation:kit/approvals-alone",
    "organisation_kit::contract::further::approvals",
    "package organisation:kit; world approvals-alone { export lowcode:organisation/approvals@0.1.0; }"
);

interface_bindings!(
    callbacks,
    "organisation:kit/callbacks-alone",
    "organisation_kit::contract::further::callbacks",
    "package organisation:kit; world callbacks-alone { export lowcode:organisation/callbacks@0.1.0; }"
);

interface_bindings!(
    web,
    "organisation:kit/web-alone",
    "organisation_kit::contract::further::web",
    "package organisation:kit; world web-alone { export lowcode:organisation/web@0.1.0; }"
);
