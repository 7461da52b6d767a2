//! `message`: to members.

use std::path::Path;

use organisation_host::contract::{
    messaging::{CardUpdate, Delivery, MediaKind, Message, UploadRequest},
    types::Body,
};
use serde_json::json;

use super::input;
use crate::{
    cli::{
        self, Global,
        messaging::{MessageCommand, Upload},
    },
    command_error::{CommandError, ExitStatus},
    output::Output,
    session::{self, Session},
    text,
    view::{message::SentView, record::record},
};

/// Sends a message, or what belongs to it.
///
/// # Errors
/// A file holds no message, or the component refuses.
pub async fn message(
    options: &Global,
    asked: &MessageCommand,
    output: &mut Output,
) -> Result<ExitStatus, CommandError> {
    match asked {
        MessageCommand::Send { file, idempotency_key } => send(options, file, idempotency_key.as_deref(), output).await,
        MessageCommand::Recall { message_id } => {
            let element = Session::open(options).await?.element;
            session::answer(element.recall_message(message_id), output).await?;
            let view = json!({ "recalled": message_id });
            output.answer(&view, |_| format!("已撤回 recalled {}", text::clean(message_id)))?;
            Ok(ExitStatus::Done)
        }
        MessageCommand::UpdateCard { file } => {
            let update: CardUpdate = input::record(file)?;
            let element = Session::open(options).await?.element;
            let invalid = session::answer(element.update_card(&update), output).await?;
            let view = json!({ "updated": true, "invalid": record(&invalid)? });
            output.answer(&view, |paint| text::record::record("已更新 updated", &view, paint))?;
            Ok(ExitStatus::Done)
        }
        MessageCommand::Upload(asked) => upload(options, asked, output).await,
    }
}

async fn send(
    options: &Global,
    file: &Path,
    idempotency_key: Option<&str>,
    output: &mut Output,
) -> Result<ExitStatus, CommandError> {
    let mut message: Message = input::record(file)?;
    if let Some(key) = idempotency_key {
        message.idempotency_key = Some(key.to_owned());
    }
    let element = Session::open(options).await?.element;
    let sent = session::answer(element.send_message(&message), output).await?;
    let view = SentView::of(&sent)?;
    output.answer(&view, |paint| text::record::record("消息 message", &view, paint))?;
    Ok(if sent.delivery == Delivery::Yes { ExitStatus::Done } else { ExitStatus::Negative })
}

async fn upload(options: &Global, asked: &Upload, output: &mut Output) -> Result<ExitStatus, CommandError> {
    let of_the_file = || asked.file.file_name().map(|name| name.to_string_lossy().into_owned());
    let file_name = asked.name.clone().or_else(of_the_file).unwrap_or_default();
    let kind = match asked.kind {
        cli::messaging::MediaKind::Image => MediaKind::Image,
        cli::messaging::MediaKind::Voice => MediaKind::Voice,
        cli::messaging::MediaKind::Video => MediaKind::Video,
        cli::messaging::MediaKind::File => MediaKind::File,
        cli::messaging::MediaKind::InlineImage => MediaKind::InlineImage,
    };
    let request = UploadRequest { kind, file_name, content: Body::Bytes(input::bytes(&asked.file)?) };
    let element = Session::open(options).await?.element;
    let media = record(&session::answer(element.upload(&request), output).await?)?;
    output.answer(&media, |paint| text::record::record("素材 media", &media, paint))?;
    Ok(ExitStatus::Done)
}
