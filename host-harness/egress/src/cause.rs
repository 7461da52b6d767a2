//! What lies behind an error of a library.

use std::{error::Error, io};

/// The cause that says most.
pub(super) fn innermost(error: &(dyn Error + 'static)) -> String {
    let cause = std::iter::successors(Some(error), |error| (*error).source()).last().unwrap_or(error);
    cause.to_string()
}

/// Looks for a cause, also inside `io::Error`, which hides the error it carries from `source`.
pub(super) fn find<'e, E: Error + 'static>(error: &'e (dyn Error + 'static)) -> Option<&'e E> {
    let mut next = Some(error);
    while let Some(cause) = next {
        if let Some(found) = cause.downcast_ref::<E>() {
            return Some(found);
        }
        next = match cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(carried) => Some(carried),
            None => cause.source(),
        };
    }
    None
}
