//! What a component file is.

use super::{Paint, clean};
use crate::view::inspection::InspectionView;

/// Digest, interfaces, and what stands against running it.
pub fn inspection(view: &InspectionView, paint: Paint) -> String {
    let mut text = format!("digest  {}\nsize    {} bytes\n", view.digest, view.size);
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
        text.push_str(&format!("{}\n", paint.good("it fits the world: this host can run it")));
    } else {
        text.push_str(&format!("{}\n", paint.bad("this host cannot run it:")));
        text.extend(view.problems.iter().map(|problem| format!("  {}\n", clean(problem))));
    }
    text
}
