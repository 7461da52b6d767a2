//! Media: uploaded by form, read by id (docs 90253, 90254, 90256).

use serde_json::Value;

use super::answer::{Answer, Refusal};
use super::binary::Binary;
use super::call::Call;
use super::multipart::{self, Upload};
use crate::message::MediaKind;
use crate::secret::random_text;

/// A file must be larger than this.
const SMALLEST: usize = 5;
const MB: usize = 1 << 20;

/// `media/upload`. `errmsg` is empty, `created_at` a text.
pub(crate) fn upload(call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let kind = call.query("type").and_then(MediaKind::named).ok_or(40004)?;
    let file = form(call)?;
    check(kind, &file)?;
    let now = call.world.now();
    let world = &mut *call.world;
    let id = world.media.keep(kind, (file.name, file.kind, file.bytes), (now, &mut world.random));
    let created = (now / 1000).to_string();
    let mut answer = Answer::ok(vec![
        ("type", Value::from(kind.name())),
        ("media_id", Value::from(id)),
        ("created_at", Value::from(created)),
    ]);
    answer.errmsg.clear();
    Ok(answer)
}

/// `media/uploadimg`: a lasting address for messages.
pub(crate) fn upload_image(call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let file = form(call)?;
    if file.bytes.len() <= SMALLEST {
        return Err(40006.into());
    }
    if file.bytes.len() > 2 * MB {
        return Err(40009.into());
    }
    picture(file.bytes)?;
    let now = call.world.now();
    if !call.world.pictures.admit(now) {
        return Err(45009.into());
    }
    let url = format!("https://wework.qpic.cn/wwpic/{}/0", random_text(&mut call.world.random, 24));
    Ok(Answer::ok(vec![("url", Value::from(url))]))
}

/// `media/get`: the bytes, or a failure in JSON.
pub(crate) fn get(call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let id = call.query("media_id").ok_or(41006)?;
    let media = call.world.media.get(id, call.world.now())?;
    let range = call.header("range").map(str::to_owned);
    if media.bytes.len() > 20 * MB && range.is_none() {
        return Err(830002.into());
    }
    let (bytes, name, kind) = (media.bytes.clone(), media.name.clone(), media.content_type.clone());
    Ok(Answer::bytes(Binary { bytes, name, kind, range }))
}

/// The file of a form: 44001 where there is none that the platform understands.
fn form<'b>(call: &Call<'b>) -> Result<Upload<'b>, Refusal> {
    let upload = multipart::read(call.header("content-type").unwrap_or_default(), call.raw);
    upload.filter(|file| !file.bytes.is_empty()).ok_or_else(|| 44001.into())
}

/// Size and format, by type.
fn check(kind: MediaKind, file: &Upload<'_>) -> Result<(), Refusal> {
    let size = file.bytes.len();
    if size <= SMALLEST {
        return Err(40006.into());
    }
    match kind {
        MediaKind::Image if size > 10 * MB => Err(40009.into()),
        MediaKind::Image => picture(file.bytes),
        MediaKind::Voice if !file.bytes.starts_with(b"#!AMR") => Err(301017.into()),
        MediaKind::Voice if size > 2 * MB => Err(301016.into()),
        MediaKind::Video if size > 10 * MB => Err(40011.into()),
        MediaKind::Video if file.bytes.get(4..8) != Some(b"ftyp") => Err(40005.into()),
        MediaKind::File if size > 20 * MB => Err(45001.into()),
        _ => Ok(()),
    }
}

/// JPEG and PNG, by their first bytes.
fn picture(bytes: &[u8]) -> Result<(), Refusal> {
    if bytes.starts_with(b"\xFF\xD8\xFF") || bytes.starts_with(b"\x89PNG") { Ok(()) } else { Err(40123.into()) }
}
