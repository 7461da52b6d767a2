//! `inspect`: what a file is and whether this host can run it.

use organisation_host::{FileError, LoadError};

use crate::{
    cli::Global,
    command_error::{CommandError, ExitStatus},
    output::Output,
    session, text,
    view::inspection::InspectionView,
};

/// Inspects the component that the options name. Every file that can be read has an answer.
///
/// # Errors
/// The file cannot be read.
pub async fn inspect(options: &Global, output: &mut Output) -> Result<ExitStatus, CommandError> {
    let host = session::host(options)?;
    let file = match session::component_file(options) {
        Ok(file) => file,
        Err(CommandError::ComponentFile(error @ FileError::TooLarge { bytes, .. })) => {
            return answer(InspectionView::of_a_large_file(bytes, error.to_string()), output);
        }
        Err(failure) => return Err(failure),
    };
    let (pin, trusts) = (options.component_digest, !options.trusted_key.is_empty());
    let looked = tokio::task::spawn_blocking(move || {
        let mut view = match host.inspect(file.bytes()) {
            Ok(inspection) => InspectionView::from(&inspection),
            Err(error) => InspectionView::of_another_file(file.bytes(), error.to_string()),
        };
        let verified = host.verify(&file);
        view.signature = match (&verified, file.signature()) {
            (Err(LoadError::Unsigned(_)), _) => "missing",
            (Err(_), _) => "untrusted",
            (Ok(()), Some(_)) if trusts => "valid",
            (Ok(()), Some(_)) => "unchecked",
            (Ok(()), None) => "none",
        };
        view.demand(pin.map_or(Ok(()), |pin| file.demand(pin)));
        view.demand(verified);
        view
    });
    // The task is never cancelled, so only a panic ends it without a result; it goes on here.
    let view = looked.await.unwrap_or_else(|stopped| std::panic::resume_unwind(stopped.into_panic()));
    answer(view, output)
}

fn answer(view: InspectionView, output: &mut Output) -> Result<ExitStatus, CommandError> {
    output.answer(&view, |paint| text::inspection::inspection(&view, paint))?;
    Ok(if view.fits { ExitStatus::Done } else { ExitStatus::Negative })
}
