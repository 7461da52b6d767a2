//! The interfaces that an element may export beside those of its world, each by itself: a component exports what its vendor
//! can do, and nothing else.

#[doc(hidden)]
#[allow(missing_docs, unsafe_code, unused_qualifications, clippy::all)]
pub mod administration {
    wit_bindgen::generate!({
        inline: r#"
            package organisation:kit;
            world administration-alone {
                import lowcode:organisation/audit@0.1.0;
                export lowcode:organisation/administration@0.1.0;
            }
        "#,
        path: "../../wit",
        world: "organisation:kit/administration-alone",
        with: { "lowcode:organisation/types@0.1.0": crate::contract::generated::lowcode::organisation::types },
        additional_derives: [PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize],
        default_bindings_module: "organisation_kit::contract::further::administration",
        pub_export_macro: true,
        generate_all,
    });
}

#[doc(hidden)]
#[allow(missing_docs, unsafe_code, unused_qualifications, clippy::all)]
pub mod vendor {
    wit_bindgen::generate!({
        inline: r#"
            package organisation:kit;
            world vendor-alone {
                export lowcode:organisation/vendor@0.1.0;
            }
        "#,
        path: "../../wit",
        world: "organisation:kit/vendor-alone",
        with: { "lowcode:organisation/types@0.1.0": crate::contract::generated::lowcode::organisation::types },
        additional_derives: [PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize],
        default_bindings_module: "organisation_kit::contract::further::vendor",
        pub_export_macro: true,
        generate_all,
    });
}

#[doc(hidden)]
#[allow(missing_docs, unsafe_code, unused_qualifications, clippy::all)]
pub mod messaging {
    wit_bindgen::generate!({
        inline: r#"
            package organisation:kit;
            world messaging-alone {
                export lowcode:organisation/messaging@0.1.0;
            }
        "#,
        path: "../../wit",
        world: "organisation:kit/messaging-alone",
        with: { "lowcode:organisation/types@0.1.0": crate::contract::generated::lowcode::organisation::types },
        additional_derives: [PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize],
        default_bindings_module: "organisation_kit::contract::further::messaging",
        pub_export_macro: true,
        generate_all,
    });
}

#[doc(hidden)]
#[allow(missing_docs, unsafe_code, unused_qualifications, clippy::all)]
pub mod approvals {
    wit_bindgen::generate!({
        inline: r#"
            package organisation:kit;
            world approvals-alone {
                export lowcode:organisation/approvals@0.1.0;
            }
        "#,
        path: "../../wit",
        world: "organisation:kit/approvals-alone",
        with: { "lowcode:organisation/types@0.1.0": crate::contract::generated::lowcode::organisation::types },
        additional_derives: [PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize],
        default_bindings_module: "organisation_kit::contract::further::approvals",
        pub_export_macro: true,
        generate_all,
    });
}

#[doc(hidden)]
#[allow(missing_docs, unsafe_code, unused_qualifications, clippy::all)]
pub mod callbacks {
    wit_bindgen::generate!({
        inline: r#"
            package organisation:kit;
            world callbacks-alone {
                export lowcode:organisation/callbacks@0.1.0;
            }
        "#,
        path: "../../wit",
        world: "organisation:kit/callbacks-alone",
        with: { "lowcode:organisation/types@0.1.0": crate::contract::generated::lowcode::organisation::types },
        additional_derives: [PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize],
        default_bindings_module: "organisation_kit::contract::further::callbacks",
        pub_export_macro: true,
        generate_all,
    });
}

#[doc(hidden)]
#[allow(missing_docs, unsafe_code, unused_qualifications, clippy::all)]
pub mod web {
    wit_bindgen::generate!({
        inline: r#"
            package organisation:kit;
            world web-alone {
                export lowcode:organisation/web@0.1.0;
            }
        "#,
        path: "../../wit",
        world: "organisation:kit/web-alone",
        with: { "lowcode:organisation/types@0.1.0": crate::contract::generated::lowcode::organisation::types },
        additional_derives: [PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize],
        default_bindings_module: "organisation_kit::contract::further::web",
        pub_export_macro: true,
        generate_all,
    });
}
