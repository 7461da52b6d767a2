//! `--replay`: a recording, made again.

use organisation_record::{RecordingFile, replay as made_again};

use crate::{
    cli::Global,
    command_error::{CommandError, ExitStatus},
    output::Output,
    session,
    view::replay::ReplayView,
};

/// Makes the calls of a recording again, and prints what each answered.
///
/// # Errors
/// The file is no recording, was made with another component, or something differs.
pub async fn replay(options: &Global, output: &mut Output) -> Result<ExitStatus, CommandError> {
    let Some(file) = &options.replay else { return Err(CommandError::usage("no command given", "org-harness --help")) };
    let recording = RecordingFile::read(file).map_err(|error| CommandError::Recording {
        message: format!("{}: {error}", file.display()),
        hint: "replay the file as --record wrote it".to_owned(),
    })?;
    let host = session::host(options)?;
    let component = session::load(&host, options).await?;
    let (recorded, found) = (recording.header.component, component.digest());
    // Who names a component wants to know what it makes of the recording.
    if recorded != found && options.component.is_none() {
        return Err(CommandError::Recording {
            message: format!("it was recorded with component sha256:{recorded}, this program carries sha256:{found}"),
            hint: "take the program or, with --component FILE, the component of the recording; another component shows the first \
                   thing that it does otherwise"
                .to_owned(),
        });
    }
    let replayed = made_again(&host, &component, &recording).await.map_err(|difference| CommandError::Recording {
        message: format!("the replay differs at {difference}"),
        hint: if recorded == found {
            "the component is the recorded one: this is a defect of the host, or the file was made by hand".to_owned()
        } else {
            format!("it was recorded with component sha256:{recorded}, this one is sha256:{found}")
        },
    })?;
    let view = ReplayView::of(&recording.header, &replayed);
    output.answer(&view, |_| view.text())?;
    if let Some(bytes) = view.cut_off_at_bytes {
        output.warn(format_args!(
            "the recording is not complete: it was cut off at its limit of {} MiB, and the command went on after the last call",
            bytes >> 20
        ));
    }
    Ok(ExitStatus::of(recording.header.exit_status))
}
