//! What a component file is.

use super::{Paint, clean};
use crate::view::inspection::InspectionView;

/// Digest, interfaces, and what stands against running it.
pub fn inspection(view: &InspectionView, paint: Paint) -> String {
    let digest = view.digest.as_ref().map_or_else(|| "not read".to_owned(), |digest| format!("sha256:{digest}"));
    let mut text = format!("digest  {digest}\nsize    {} bytes\nsigned  {}\n", view.size, view.signature);
    if let Some(world) = &view.world {
        text.push_str(&format!("world   {}\n", clean(world)));
    }
    for (name, interfaces) in [("imports", &view.imports), ("exports", &view.exports)] {
        if !interfaces.is_empty() {
            text.push_str(&format!("{}\n", paint.bold(name)));
        }
        text.extend(interfaces.iter().map(|interface| format!("  {}\n", clean(interface))));
    }
    if view.fits {
        text.push_str(&format!("{}\n", paint.good("it fits the world: this host runs it")));
    } else {
        text.push_str(&format!("{}\n", paint.bad("this host does not run it:")));
        text.extend(view.problems.iter().map(|problem| format!("  {}\n", clean(problem))));
    }
    text
}
