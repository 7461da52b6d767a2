//! `inspect`: what a file is and whether this host can run it.

use host_harness::LoadError;

use crate::{
    cli::Global,
    failure::{Failure, Status},
    output::Output,
    session, text,
    view::inspection::InspectionView,
};

/// Inspects the component that the options name. Every file has an answer.
///
/// # Errors
/// The file cannot be read.
pub async fn inspect(options: &Global, output: &mut Output) -> Result<Status, Failure> {
    let bytes = session::component_bytes(options.component.as_deref())?;
    let host = session::host()?;
    let looked = tokio::task::spawn_blocking(move || {
        let inspection = host.inspect(&bytes);
        (inspection, bytes)
    });
    let (inspection, bytes) = looked.await.unwrap_or_else(|stopped| std::panic::resume_unwind(stopped.into_panic()));
    let view = match inspection {
        Ok(inspection) => InspectionView::from(&inspection),
        Err(LoadError::World(world)) => return Err(LoadError::World(world).into()),
        Err(error) => InspectionView::of_another_file(&bytes, error.to_string()),
    };
    output.answer(&view, |paint| text::inspection::inspection(&view, paint))?;
    Ok(if view.fits { Status::Done } else { Status::Negative })
}
