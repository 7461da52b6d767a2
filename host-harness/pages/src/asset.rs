//! Style and script. The address of each names its content, so that browsers may keep it for ever.

use std::sync::LazyLock;

use axum::{
    extract::Path,
    http::{StatusCode, header},
    response::{IntoResponse as _, Response},
};
use sha2::{Digest as _, Sha256};

/// The one style sheet.
pub static STYLE: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("style", "css", "text/css; charset=utf-8", include_bytes!("../assets/style.css")));

/// htmx 2.0.11 as npm has it (`htmx.org/dist/htmx.min.js`), licence beside it, SHA-256
/// `d6fdc75f204e6bdefa99b69bf1e6d4ac69b8a364f77929f45c13476b4000f717`.
pub static SCRIPT: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new("htmx", "js", "text/javascript; charset=utf-8", include_bytes!("../assets/htmx.min.js"))
});

/// The extension of htmx for server-sent events, `htmx-ext-sse` 2.2.4 as npm has it (`dist/sse.min.js`), licence beside it, SHA-256
/// `98a46496de0c3605fbffdce9167ba427bdd9553184f83f149c261891a92c0136`.
pub static EVENTS: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new("htmx-sse", "js", "text/javascript; charset=utf-8", include_bytes!("../assets/htmx-sse.min.js"))
});

/// A file of the pages.
pub struct Asset {
    name: String,
    kind: &'static str,
    bytes: &'static [u8],
}

impl Asset {
    fn new(stem: &str, ending: &str, kind: &'static str, bytes: &'static [u8]) -> Self {
        let digest: String = Sha256::digest(bytes).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        Self { name: format!("{stem}-{digest}.{ending}"), kind, bytes }
    }

    /// Where a browser finds it, behind what stands before the paths of the server.
    pub fn address(&self, base: &str) -> String {
        format!("{base}/assets/{}", self.name)
    }
}

/// The file of this name. A page of another version of the program may ask for one that is gone.
pub(crate) async fn serve(Path(name): Path<String>) -> Response {
    let Some(asset) = [&*STYLE, &*SCRIPT, &*EVENTS].into_iter().find(|asset| asset.name == name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let headers = [(header::CONTENT_TYPE, asset.kind), (header::CACHE_CONTROL, "public, max-age=31536000, immutable")];
    (headers, asset.bytes).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scripts_are_those_that_are_named() {
        for (asset, expected) in [
            (&*SCRIPT, "d6fdc75f204e6bdefa99b69bf1e6d4ac69b8a364f77929f45c13476b4000f717"),
            (&*EVENTS, "98a46496de0c3605fbffdce9167ba427bdd9553184f83f149c261891a92c0136"),
        ] {
            let digest: String = Sha256::digest(asset.bytes).iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(digest, expected, "{}", asset.name);
        }
        assert!(SCRIPT.address("/org").starts_with("/org/assets/htmx-d6fdc75f204e6bde.js"));
    }

    #[test]
    fn a_page_with_all_of_them_is_small() {
        assert!(STYLE.bytes.len() + SCRIPT.bytes.len() + EVENTS.bytes.len() < 80 << 10);
    }
}
