//! `upload` (docs 90253, 90256): files that are sent later. Size and shape are judged before anything is sent.

use organisation_kit::{
    contract::{
        messaging::{Media, MediaKind, UploadRequest},
        types::{Body, Reason},
    },
    failure::Failure,
    invalid_argument, transport,
};

use crate::{
    api::{
        answer,
        client::WeComClient,
        multipart::{self, MultipartPart, NAME_RULE, is_name},
    },
    wire::message,
};

/// WeCom refuses what is not larger (40006).
const LEAST: usize = 5;
/// For how long WeCom keeps a temporary file.
const LIFE_MS: u64 = 3 * 24 * 60 * 60 * 1_000;

/// What WeCom takes of one kind of file.
struct Rule {
    /// WeCom's word; none for what is kept for ever.
    kind: Option<&'static str>,
    most: usize,
    /// Extensions with the media type; any where there is none.
    extensions: &'static [(&'static str, &'static str)],
    /// Whether the beginning of a file is of that kind.
    begins: fn(&[u8]) -> bool,
}

const MIB: usize = 1 << 20;
const PICTURES: &[(&str, &str)] = &[("jpg", "image/jpeg"), ("jpeg", "image/jpeg"), ("png", "image/png")];

const IMAGE: Rule = Rule { kind: Some("image"), most: 10 * MIB, extensions: PICTURES, begins: is_picture };
const VOICE: Rule = Rule {
    kind: Some("voice"),
    most: 2 * MIB,
    extensions: &[("amr", "audio/amr")],
    begins: |bytes| bytes.starts_with(b"#!AMR"),
};
const VIDEO: Rule = Rule {
    kind: Some("video"),
    most: 10 * MIB,
    extensions: &[("mp4", "video/mp4")],
    begins: |bytes| bytes.get(4..8) == Some(b"ftyp"),
};
const FILE: Rule = Rule { kind: Some("file"), most: 20 * MIB, extensions: &[], begins: |_| true };
const INLINE_IMAGE: Rule = Rule { kind: None, most: 2 * MIB, extensions: PICTURES, begins: is_picture };

fn is_picture(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0xff, 0xd8, 0xff]) || bytes.starts_with(b"\x89PNG\r\n\x1a\n")
}

/// Uploads a file. An upload without an answer may be repeated: it only makes another file.
pub(crate) fn upload(client: &WeComClient<'_>, request: &UploadRequest) -> Result<Media, Failure> {
    let rule = match &request.kind {
        MediaKind::Image => IMAGE,
        MediaKind::Voice => VOICE,
        MediaKind::Video => VIDEO,
        MediaKind::File => FILE,
        MediaKind::InlineImage => INLINE_IMAGE,
        MediaKind::Other(kind) => {
            let kind: String = kind.chars().take(40).collect();
            return Err(Failure::new(
                Reason::Unsupported,
                (format!("不支持的媒体类型 {kind:?}"), format!("there is no kind of media {kind:?} here")),
            ));
        }
    };
    let form = {
        let decoded;
        let content = match &request.content {
            Body::Text(text) => text.as_bytes(),
            Body::Bytes(bytes) => bytes,
            Body::Base64(_) => {
                decoded = transport::bytes(request.content.clone())
                    .ok_or_else(|| invalid_argument! { "content": "不是有效的 base64", "this is no base64" })?;
                &decoded
            }
        };
        let media_type = judge(&rule, &request.file_name, content)?;
        let part =
            MultipartPart { name: "media", file_name: Some(&request.file_name), media_type: Some(media_type), content };
        multipart::build(&[part], &multipart::boundary(client.calls.platform()))
    };
    let call = client.config().media_upload(rule.kind, form);
    let name = call.name;
    let text = match client.calls.response(call)?.body {
        Body::Text(text) => text,
        _ => return Err(answer::without(&name, "JSON")),
    };
    let answer = answer::read(&name, &text, message::parse_media)?;
    match rule.kind {
        None => match answer.url {
            Some(url) => Ok(Media { media_id: None, url: Some(url), expires_at: None }),
            None => Err(answer::without(&name, "url")),
        },
        Some(_) => match answer.media_id {
            Some(media_id) => {
                let at = |seconds: u64| seconds.saturating_mul(1_000).saturating_add(LIFE_MS);
                Ok(Media { media_id: Some(media_id), url: None, expires_at: answer.created_at.map(at) })
            }
            None => Err(answer::without(&name, "media_id")),
        },
    }
}

/// The media type of a file that WeCom takes. Pure.
fn judge(rule: &Rule, file_name: &str, content: &[u8]) -> Result<&'static str, Failure> {
    if !is_name(file_name) {
        return Err(Failure::invalid_argument("file-name", NAME_RULE));
    }
    let (found, most) = (content.len(), rule.most);
    if found <= LEAST {
        return Err(invalid_argument! { "content":
        "content 为 {found} 字节，须大于 {LEAST} 字节（文档 90253）",
        "content has {found} bytes; it has to have more than {LEAST} (document 90253)" });
    }
    if found > most {
        return Err(invalid_argument! { "content":
        "content 为 {found} 字节，最多 {most} 字节（文档 90253）",
        "content has {found} bytes; at most {most} (document 90253)" });
    }
    if rule.extensions.is_empty() {
        return Ok("application/octet-stream");
    }
    let extension = file_name.rsplit_once('.').map_or("", |(_, extension)| extension);
    let known = rule.extensions.iter().find(|(known, _)| extension.eq_ignore_ascii_case(known));
    let expected = rule.extensions.iter().map(|(known, _)| *known).collect::<Vec<_>>().join("/");
    match known {
        None => Err(invalid_argument! { "file-name":
        "file-name 的扩展名须为 {expected}", "the extension of file-name is to be {expected}" }),
        Some(_) if !(rule.begins)(content) => Err(invalid_argument! { "content":
        "content 不是 {expected} 格式的文件", "content is no file of the kind {expected}" }),
        Some((_, media_type)) => Ok(media_type),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_that_wecom_takes_are_sent() {
        let file = |beginning: &[u8], size: usize| {
            let mut bytes = beginning.to_vec();
            bytes.resize(size.max(beginning.len()), 0);
            bytes
        };
        let (png, jpg) = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff");
        for (name, rule, file_name, content, expected) in [
            ("png", &IMAGE, "a.png", file(png, 9), Ok("image/png")),
            ("jpg", &IMAGE, "照片.JPG", file(jpg, 6), Ok("image/jpeg")),
            ("largest image", &IMAGE, "a.png", file(png, 10 * MIB), Ok("image/png")),
            ("image too large", &IMAGE, "a.png", file(png, 10 * MIB + 1), Err("content")),
            ("gif", &IMAGE, "a.gif", file(b"GIF89a", 9), Err("file-name")),
            ("gif under another name", &IMAGE, "a.png", file(b"GIF89a", 9), Err("content")),
            ("no extension", &IMAGE, "png", file(png, 9), Err("file-name")),
            ("amr", &VOICE, "a.amr", file(b"#!AMR\n", 9), Ok("audio/amr")),
            ("mp3", &VOICE, "a.mp3", file(b"ID3", 9), Err("file-name")),
            ("largest voice", &VOICE, "a.amr", file(b"#!AMR\n", 2 * MIB), Ok("audio/amr")),
            ("voice too large", &VOICE, "a.amr", file(b"#!AMR\n", 2 * MIB + 1), Err("content")),
            ("mp4", &VIDEO, "a.mp4", file(b"\0\0\0\x18ftypmp42", 20), Ok("video/mp4")),
            ("no mp4", &VIDEO, "a.mp4", file(b"RIFF", 20), Err("content")),
            ("video too large", &VIDEO, "a.mp4", file(b"\0\0\0\x18ftyp", 10 * MIB + 1), Err("content")),
            ("file", &FILE, "报价 单.docx", file(b"", 6), Ok("application/octet-stream")),
            ("smallest", &FILE, "a", file(b"", 5), Err("content")),
            ("largest file", &FILE, "a", file(b"", 20 * MIB), Ok("application/octet-stream")),
            ("file too large", &FILE, "a", file(b"", 20 * MIB + 1), Err("content")),
            ("inline", &INLINE_IMAGE, "a.png", file(png, 2 * MIB), Ok("image/png")),
            ("inline too large", &INLINE_IMAGE, "a.png", file(png, 2 * MIB + 1), Err("content")),
            ("a name that ends its line", &FILE, "a\r\nb", file(b"", 9), Err("file-name")),
            ("a name that ends its quotes", &FILE, "a\"b", file(b"", 9), Err("file-name")),
        ] {
            let judged = judge(rule, file_name, &content).map_err(|failure| match failure.reason.clone() {
                Reason::InvalidArgument(problem) => problem.path,
                reason => panic!("{reason:?}"),
            });
            assert_eq!(judged, expected.map_err(str::to_owned), "{name}");
        }
    }
}
