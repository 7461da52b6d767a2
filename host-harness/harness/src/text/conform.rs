//! What came of an examination.

use organisation_conform::Part;

use super::{Paint, clean};
use crate::view::conform::{ConformView, PromiseView};

/// One line for each promise, and under those that are broken the sentence and what broke it.
pub fn conform(view: &ConformView, paint: Paint) -> String {
    let mut text = format!("{} {}  sha256:{}\n", clean(&view.element), clean(&view.version), view.component);
    let width = view.promises.iter().map(|promise| promise.name.len()).max().unwrap_or(0);
    text.extend(view.promises.iter().map(|promise| line(promise, width, paint)));
    let count = |outcome| view.promises.iter().filter(|promise| promise.outcome == outcome).count();
    let counts = format!("{} kept, {} broken, {} skipped", count("kept"), count("broken"), count("skipped"));
    text.push_str(&if view.conforms {
        paint.good(&format!("no promise was broken: {counts}"))
    } else {
        paint.bad(&format!("the component breaks the contract: {counts}"))
    });
    text.push('\n');
    if let Some(hindrance) = &view.hindrance {
        let said = "all but the pure functions was left out";
        text.push_str(&format!("{}: {}\n", paint.bad(said), clean(hindrance)));
    }
    text
}

fn line(promise: &PromiseView, width: usize, paint: Paint) -> String {
    let name = format!("{:width$}", promise.name);
    match promise.outcome {
        "kept" => format!("  {}  {name}  looked at {} times\n", paint.good("kept   "), promise.looks),
        "skipped" => {
            let why = promise.skipped.as_deref().unwrap_or_default();
            format!("  {}  {name}  {}\n", paint.dim("skipped"), clean(why))
        }
        _ => {
            let mut text = format!("  {}  {name}  {}: {}\n", paint.bad("broken "), promise.file, promise.sentence);
            let indent = 2 + 7 + 2 + width + 2;
            text.extend(promise.broken.iter().map(|found| format!("{:indent$}→ {}\n", "", clean(found))));
            text
        }
    }
}

/// What is being looked at.
pub fn part(part: Part) -> &'static str {
    match part {
        Part::Configuration => "description and configuration",
        Part::Connection => "the check of the connection",
        Part::SignIn => "sign-in",
        Part::Sync => "sync, copy and feed",
        Part::Administration => "what the platform says of members",
        Part::Messaging => "messages",
        Part::VendorCall => "calls by path",
        Part::Approvals => "approvals",
        Part::Callbacks => "what the vendor sends",
        Part::Web => "signatures of pages",
        Part::Trouble => "a vendor and a store that fail",
        Part::Death => "calls that are cut off, and small limits",
        Part::Removal => "members whom the vendor does not show any more",
    }
}
