//! `validate`: what is wrong with a configuration, without any call.

use std::{io::Read as _, path::Path};

use organisation_host::settings::{Document, DocumentError, MAX_FILE_BYTES, SettingsError, text_of_bytes};
use zeroize::Zeroizing;

use crate::{
    cli::Global,
    command_error::{CommandError, ExitStatus},
    output::Output,
    session::{self, Session},
    text,
    view::problem::ValidationView,
};

/// Judges the file as it stands, or the element's configuration as the component gets it.
///
/// # Errors
/// The file cannot be read or the component cannot be run.
pub async fn validate(options: &Global, file: Option<&Path>, output: &mut Output) -> Result<ExitStatus, CommandError> {
    let document = match file {
        Some(file) => read(file)?,
        None => match session::folder(options) {
            Ok(folder) => Ok(Zeroizing::new(folder.settings.expose().to_owned())),
            // There is a configuration, and this is what is wrong with it.
            Err(CommandError::Settings(
                error @ (SettingsError::Encoding { .. }
                | SettingsError::Document { .. }
                | SettingsError::Fill { .. }
                | SettingsError::Missing { .. }),
            )) => Err(ValidationView::unreadable(error.to_string(), error.hint())),
            Err(error) => return Err(error),
        },
    };
    let view = match document {
        Ok(document) => {
            let session = Session::without_element(options).await?;
            let validation = session::value(session.element.validate_config(&document), output).await?;
            ValidationView::from(validation)
        }
        Err(unreadable) => unreadable,
    };
    output.answer(&view, |paint| text::validation::validation(&view, paint))?;
    Ok(if view.valid { ExitStatus::Done } else { ExitStatus::Configuration })
}

/// The text of a file, or of standard input for `-`; or what is wrong with it that the host sees better than a component,
/// which gets text.
fn read(file: &Path) -> Result<Result<Zeroizing<String>, ValidationView>, CommandError> {
    let failed = |source| CommandError::File { file: file.display().to_string(), source };
    // One byte more than is allowed shows that there is too much.
    let mut bytes = Zeroizing::new(Vec::new());
    let read = match file.to_str() {
        Some("-") => std::io::stdin().take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes),
        _ => std::fs::File::open(file).and_then(|file| file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes)),
    };
    if read.map_err(failed)? as u64 > MAX_FILE_BYTES {
        let hint = "a configuration has about a thousand bytes: name the right file";
        return Err(CommandError::usage(format!("{} has more than {MAX_FILE_BYTES} bytes", file.display()), hint));
    }
    let text = match text_of_bytes(bytes) {
        Ok(text) => text,
        Err(error) => return Ok(Err(ValidationView::unreadable(error.to_string(), Some(error.hint())))),
    };
    match Document::parse(&text) {
        Err(error @ DocumentError::LookAlike(_)) => {
            Ok(Err(ValidationView::unreadable(error.to_string(), error.hint())))
        }
        _ => Ok(Ok(text)),
    }
}
