//! How the program ends: what is printed at last, and the exit code.

use std::{io, process::ExitCode};

use crate::{
    cli::Refused,
    command_error::{CommandError, ExitStatus},
    output::{self, Output},
    view::error::{ErrorDocument, ErrorView},
};

/// Says what went wrong, where the reader of the answer looks for it.
pub fn failed(failure: &CommandError, output: &mut Output) {
    // A reader that has gone away wants to hear nothing more.
    let gone = matches!(failure, CommandError::Output(error) if error.kind() == io::ErrorKind::BrokenPipe);
    if !gone && let Err(error) = output.failure(failure) {
        tracing::debug!(%error, "the failure could not be printed");
    }
}

/// Says what is wrong with a command line, or what it asked about the program.
pub fn refused(refused: Refused) -> ExitCode {
    let (printed, status) = match refused {
        Refused::Shown(error) => {
            let status = if error.use_stderr() { ExitStatus::Configuration } else { ExitStatus::Done };
            (error.print(), status)
        }
        Refused::Json(failure) => {
            let document = ErrorDocument { error: ErrorView::from(&failure) };
            (output::print_json(&mut io::stdout().lock(), &document), failure.status())
        }
    };
    // There is nowhere left to say it.
    drop(printed);
    status.into()
}
