//! The contract of `wit/` as Rust types, generated. Kit and vendors speak these types at their borders and store them, so
//! nothing is mapped twice; the generated functions are called in the shell only.

#[doc(hidden)]
#[allow(missing_docs, unsafe_code, unused_qualifications, clippy::all)]
pub mod generated {
    wit_bindgen::generate!({
        world: "organisation-element",
        path: "../../wit",
        additional_derives: [PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize],
        default_bindings_module: "organisation_kit::contract::generated",
        pub_export_macro: true,
        generate_all,
    });
}

pub mod further;

pub use further::administration::{exports::lowcode::organisation::administration, lowcode::organisation::audit};
pub use further::approvals::exports::lowcode::organisation::approvals;
pub use further::callbacks::exports::lowcode::organisation::callbacks;
pub use further::messaging::exports::lowcode::organisation::messaging;
pub use further::vendor::exports::lowcode::organisation::vendor;
pub use further::web::exports::lowcode::organisation::web;
pub use generated::exports::lowcode::organisation::{directory, element, login};
pub use generated::lowcode::organisation::{call, http, log, settings, storage, types};

impl Default for directory::Strategy {
    fn default() -> Self {
        Self::Automatic
    }
}

/// Makes a crate of type `cdylib` the component of a [`Vendor`](crate::vendor::Vendor), with the further interfaces that it
/// can serve: `organisation_kit::export_element!(MyVendor);`, or `export_element!(MyVendor, administration, messaging);`. On any
/// other target than WebAssembly it does nothing.
#[macro_export]
macro_rules! export_element {
    ($vendor:ty $(, $interface:ident)* $(,)?) => {
        $crate::export_component!($crate::shell::Component<$vendor> $(, $interface)*);
    };
}

/// The same for a type that implements the exports itself, most of them by asking a
/// [`Component`](crate::shell::Component).
#[macro_export]
macro_rules! export_component {
    ($component:ty $(, $interface:ident)* $(,)?) => {
        #[cfg(target_family = "wasm")]
        #[allow(unsafe_code, missing_docs)]
        const _: () = {
            type Element = $component;
            $crate::contract::generated::export!(Element with_types_in $crate::contract::generated);
            $(
                $crate::contract::further::$interface::export!(
                    Element with_types_in $crate::contract::further::$interface
                );
            )*
        };
    };
}
