//! The exports of a composed element, and of what it imports the interfaces that the trial lends itself.

#[allow(missing_docs, clippy::all)]
mod generated {
    wasmtime::component::bindgen!({
        path: ["../../wit", "adapter/wit"],
        inline: "
            package lowcode:composed;

            world composed {
                import wasi:keyvalue/store@0.2.0-draft;
                import wasi:keyvalue/atomics@0.2.0-draft;
                export lowcode:organisation/element@0.1.0;
                export lowcode:organisation/login@0.1.0;
                export lowcode:organisation/directory@0.1.0;
                export lowcode:organisation/vendor@0.1.0;
                export lowcode:trial/tally@0.1.0;
            }
        ",
        world: "lowcode:composed/composed",
        imports: { default: async | trappable },
        exports: { default: async },
        with: { "wasi:keyvalue/store.bucket": crate::kept::Opened },
    });
}

pub(crate) use generated::{
    Composed,
    exports::lowcode::organisation::{directory, login, vendor},
    lowcode::organisation::types,
    wasi,
};
