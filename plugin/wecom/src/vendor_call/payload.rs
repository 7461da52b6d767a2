//! What a call carries. Pure.

use std::borrow::Cow;

use organisation_kit::{
    contract::{
        types::{Body, Header},
        vendor::{FormPart, Payload as Asked},
    },
    failure::Failure,
    invalid_argument, transport,
};
use serde::de::IgnoredAny;

use crate::api::multipart::{self, MultipartPart, is_media_type, is_name};

/// A payload that can be sent.
#[derive(Debug)]
pub(super) enum Payload<'a> {
    None,
    Json(&'a str),
    Raw { media_type: &'a str, content: &'a Body },
    Form(Vec<FilePart<'a>>),
}

/// A part of a form, with its content as bytes.
#[derive(Debug)]
pub(super) struct FilePart<'a> {
    part: &'a FormPart,
    content: Cow<'a, [u8]>,
}

const JSON: &str = "application/json; charset=utf-8";

impl<'a> Payload<'a> {
    pub(super) fn judge(asked: Option<&'a Asked>) -> Result<Self, Failure> {
        match asked {
            None => Ok(Self::None),
            Some(Asked::Json(text)) => match serde_json::from_str::<IgnoredAny>(text) {
                Ok(_) => Ok(Self::Json(text)),
                Err(error) => {
                    let (line, column) = (error.line(), error.column());
                    Err(invalid_argument! { "payload.json":
                    "不是有效的 JSON（第 {line} 行第 {column} 列）", "no sound JSON (line {line}, column {column})" })
                }
            },
            Some(Asked::Raw(raw)) => {
                media_type("payload.raw.media-type", Some(&raw.media_type))?;
                if let Body::Base64(_) = raw.content {
                    bytes("payload.raw.content", &raw.content)?;
                }
                Ok(Self::Raw { media_type: &raw.media_type, content: &raw.content })
            }
            Some(Asked::Form(parts)) if parts.is_empty() => {
                Err(invalid_argument! { "payload.form": "表单不能为空", "a form has at least one part" })
            }
            Some(Asked::Form(parts)) => parts.iter().map(FilePart::judge).collect::<Result<_, _>>().map(Self::Form),
            Some(Asked::Other(kind)) => {
                let kind: String = kind.chars().take(40).collect();
                Err(organisation_kit::failure! { Unsupported:
                "不支持的 payload：{kind:?}", "there is no payload {kind:?} here" })
            }
        }
    }

    /// What tells it from another payload.
    pub(super) fn identity(&self) -> Vec<&[u8]> {
        match self {
            Self::None => vec![],
            Self::Json(text) => vec![b"json", text.as_bytes()],
            Self::Raw { media_type, content } => match content {
                Body::Text(text) => vec![b"raw", media_type.as_bytes(), text.as_bytes()],
                Body::Bytes(bytes) => vec![b"raw", media_type.as_bytes(), bytes],
                Body::Base64(text) => vec![b"raw-base64", media_type.as_bytes(), text.as_bytes()],
            },
            Self::Form(parts) => {
                let mut all: Vec<&[u8]> = vec![b"form"];
                for FilePart { part, content } in parts {
                    let [file_name, media_type] = [&part.file_name, &part.media_type].map(|text| text.as_deref());
                    all.extend([
                        part.name.as_bytes(),
                        file_name.unwrap_or_default().as_bytes(),
                        media_type.unwrap_or_default().as_bytes(),
                        content,
                    ]);
                }
                all
            }
        }
    }

    /// Headers and body of the request.
    pub(super) fn into_parts(self, boundary: &str) -> (Vec<Header>, Option<Body>) {
        let (media_type, body) = match self {
            Self::None => return (Vec::new(), None),
            Self::Json(text) => (JSON.to_owned(), Body::Text(text.to_owned())),
            Self::Raw { media_type, content } => (media_type.to_owned(), content.clone()),
            Self::Form(parts) => {
                let parts: Vec<MultipartPart<'_>> = parts.iter().map(FilePart::as_part).collect();
                let form = multipart::build(&parts, boundary);
                (form.media_type, Body::Bytes(form.content))
            }
        };
        (vec![Header { name: "content-type".to_owned(), value: media_type }], Some(body))
    }
}

impl<'a> FilePart<'a> {
    fn as_part(&self) -> MultipartPart<'_> {
        let Self { part, content } = self;
        MultipartPart {
            name: &part.name,
            file_name: part.file_name.as_deref(),
            media_type: part.media_type.as_deref(),
            content,
        }
    }

    fn judge(part: &'a FormPart) -> Result<Self, Failure> {
        for (path, name) in
            [("payload.form.name", Some(&part.name)), ("payload.form.file-name", part.file_name.as_ref())]
        {
            if name.is_some_and(|name| !is_name(name)) {
                return Err(Failure::invalid_argument(path, multipart::NAME_RULE));
            }
        }
        media_type("payload.form.media-type", part.media_type.as_deref())?;
        Ok(Self { part, content: bytes("payload.form.content", &part.content)? })
    }
}

fn media_type(path: &str, media_type: Option<&str>) -> Result<(), Failure> {
    match media_type {
        Some(media_type) if !is_media_type(media_type) => Err(Failure::invalid_argument(
            path,
            ("须为媒体类型，例如 image/png", "this is to be a media type such as image/png"),
        )),
        _ => Ok(()),
    }
}

/// The content of a body, copied only where it is base64.
pub(super) fn bytes<'a>(path: &str, body: &'a Body) -> Result<Cow<'a, [u8]>, Failure> {
    match body {
        Body::Text(text) => Ok(Cow::Borrowed(text.as_bytes())),
        Body::Bytes(bytes) => Ok(Cow::Borrowed(bytes)),
        Body::Base64(_) => transport::bytes(body.clone())
            .map(Cow::Owned)
            .ok_or_else(|| Failure::invalid_argument(path, ("不是有效的 base64", "this is no base64"))),
    }
}
