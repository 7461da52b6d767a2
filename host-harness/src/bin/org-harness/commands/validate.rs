//! `validate`: what is wrong with a configuration, without any call.

use std::{io::Read as _, path::Path};

use host_harness::settings::{MAX_FILE_BYTES, SettingsError};

use crate::{
    cli::Global,
    failure::{Failure, Status},
    output::Output,
    session::{self, Session},
    text,
    view::problem::ValidationView,
};

/// Judges the file as it stands, or the element's configuration as the component gets it.
///
/// # Errors
/// The file cannot be read or the component cannot be run.
pub async fn validate(options: &Global, file: Option<&Path>, output: &mut Output) -> Result<Status, Failure> {
    let document = match file {
        Some(file) => Ok(read(file)?),
        None => match session::folder(options) {
            Ok(folder) => Ok(folder.settings.expose().to_owned()),
            // There is a configuration, and this is what is wrong with it.
            Err(Failure::Settings(
                error @ (SettingsError::Document { .. } | SettingsError::Fill { .. } | SettingsError::Missing { .. }),
            )) => Err(error),
            Err(error) => return Err(error),
        },
    };
    let view = match document {
        Ok(document) => {
            let session = Session::without_element(options).await?;
            let validation = session::value(session.element.validate_config(&document).await, output)?;
            ValidationView::from(validation)
        }
        Err(error) => ValidationView::unreadable(error.to_string()),
    };
    output.answer(&view, |paint| text::validation::validation(&view, paint))?;
    Ok(if view.valid { Status::Done } else { Status::Configuration })
}

/// The text of a file, or of standard input for `-`.
fn read(file: &Path) -> Result<String, Failure> {
    let failed = |source| Failure::File { file: file.display().to_string(), source };
    // One byte more than is allowed tells that there is too much.
    let mut text = String::new();
    let read = match file.to_str() {
        Some("-") => std::io::stdin().take(MAX_FILE_BYTES + 1).read_to_string(&mut text),
        _ => std::fs::File::open(file).and_then(|file| file.take(MAX_FILE_BYTES + 1).read_to_string(&mut text)),
    };
    if read.map_err(failed)? as u64 > MAX_FILE_BYTES {
        let hint = "a configuration has about a thousand bytes: name the right file";
        return Err(Failure::usage(format!("{} has more than {MAX_FILE_BYTES} bytes", file.display()), hint));
    }
    Ok(text)
}
