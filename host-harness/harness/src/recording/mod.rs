//! `--record`: what crossed the boundary of a command's calls, as a file without secrets and personal data.

mod wecom;

use std::{io, path::Path};

use organisation_host::recording::Recording;
use organisation_record::{Header, RecordingError, rehearse};

use crate::{
    cli::{Cli, Command},
    command_error::{CommandError, ExitStatus},
    output::Output,
    session,
};

/// Begins to record, where that is wanted.
///
/// # Errors
/// The file is there already, or the command makes no calls of an element of its own.
pub fn begin(cli: &mut Cli) -> Result<(), CommandError> {
    let Some(file) = &cli.global.record else { return Ok(()) };
    let is_recorded = !matches!(
        cli.command,
        None | Some(
            Command::Serve(_)
                | Command::Tenants(_)
                | Command::Tenant(_)
                | Command::Simulate(_)
                | Command::Demo { .. }
                | Command::Conform(_)
                | Command::Inspect
        )
    );
    if !is_recorded {
        let name = &cli.name;
        return Err(CommandError::usage(
            format!("{name} makes no calls that are recorded"),
            "record the one command that shows the trouble, such as org-harness --record FILE sync",
        ));
    }
    if file.symlink_metadata().is_ok() {
        return Err(CommandError::usage(
            format!("{} is there already", file.display()),
            "name a new file with --record",
        ));
    }
    cli.global.recording = Some(Recording::with_max_bytes(cli.global.record_mib << 20));
    Ok(())
}

/// Ends it, and answers how the program ends: as the command did, unless that ended well and there is no file.
pub async fn end(cli: &Cli, status: ExitStatus, output: &mut Output) -> ExitStatus {
    let (Some(recording), Some(file)) = (&cli.global.recording, &cli.global.record) else { return status };
    if recording.is_empty() {
        output.warn("no file is written with --record: the command ended before a component ran");
        return failed(status);
    }
    match write(cli, recording, file, status).await {
        Ok(calls) => {
            output.note(format_args!(
                "{calls} calls are recorded in {}, without secrets and personal data; have a look at it before you send it",
                file.display()
            ));
            if recording.cut_off_at().is_some() {
                output.warn(format_args!(
                    "the recording is not complete: it took {} MiB, as much as it may, and what was done after that is not in it; \
                     --record-mib gives it more",
                    cli.global.record_mib
                ));
            }
            status
        }
        Err(why) => {
            output.warn(format_args!("error: nothing is recorded: {why}"));
            failed(status)
        }
    }
}

fn failed(status: ExitStatus) -> ExitStatus {
    if status == ExitStatus::Done { ExitStatus::Negative } else { status }
}

/// Answers how many calls there are in the file.
async fn write(cli: &Cli, recording: &Recording, file: &Path, status: ExitStatus) -> Result<usize, String> {
    let words = |error: CommandError| error.to_string();
    let mut options = cli.global.clone();
    // The calls of the rehearsal are no part of what is rehearsed.
    options.recording = None;
    let host = session::host(&options).map_err(words)?;
    let component = session::load(&host, &options).await.map_err(words)?;
    let bytes = session::component_file(&options).map_err(words)?;
    let header = Header::new(component.digest(), &*cli.name, status.number()).cut_off(recording.cut_off_at());
    let calls = recording.calls();
    let made = rehearse(&host, &component, bytes.bytes(), &wecom::WeComFormat, header, &calls).await;
    let made = made.map_err(|why| {
        format!(
            "{why}; what is seen depends on the private data itself, and a recording without them would not show it"
        )
    })?;
    made.write(file).map_err(|error| match error {
        RecordingError::Io(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            format!("{} is there by now", file.display())
        }
        error => format!("cannot write {}: {error}", file.display()),
    })?;
    Ok(made.calls.len())
}
