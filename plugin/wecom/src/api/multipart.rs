//! Forms with files (RFC 7578), as WeCom reads them: the name of a file stands in them as raw UTF-8, since the forms with
//! `filename*` or percent signs are not understood or shown to members as they are (section 5.9 of the API's rules). Pure
//! but for the boundary.

use organisation_kit::platform::Platform;

/// One part of a form.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MultipartPart<'a> {
    /// Of the field.
    pub(crate) name: &'a str,
    /// Present for a file.
    pub(crate) file_name: Option<&'a str>,
    pub(crate) media_type: Option<&'a str>,
    pub(crate) content: &'a [u8],
}

/// A form as it is sent.
#[derive(Debug)]
pub(crate) struct Form {
    /// For the header.
    pub(crate) media_type: String,
    pub(crate) content: Vec<u8>,
}

/// Bytes of the name of a field or file at most.
pub(crate) const NAME_BYTES: usize = 255;

/// Whether a text can be the name of a field or file: nothing that would end the line, the quotes or the path.
pub(crate) fn is_name(name: &str) -> bool {
    let is_odd = |c: char| c.is_control() || matches!(c, '"' | '\\' | '/' | '\u{2028}' | '\u{2029}');
    (1..=NAME_BYTES).contains(&name.len()) && !name.contains(is_odd)
}

/// What [`is_name`] asks for.
pub(crate) const NAME_RULE: (&str, &str) = (
    "须为 1 至 255 字节的名称，不含引号、斜杠、反斜杠与控制字符",
    "a name has 1 to 255 bytes, without quotes, slashes, backslashes and control characters",
);

/// Whether a text can be a media type, parameters included: one line of ASCII.
pub(crate) fn is_media_type(media_type: &str) -> bool {
    let is_sound = |text: &str| !text.is_empty() && text.bytes().all(|b| (b' '..=b'~').contains(&b));
    media_type.len() <= 128
        && media_type.split_once('/').is_some_and(|(kind, rest)| is_sound(kind) && is_sound(rest))
        && !media_type.starts_with(' ')
}

/// A text between the parts that stands in none of them: 128 bits of chance.
pub(crate) fn boundary(platform: &dyn Platform) -> String {
    let mut random = [0; 16];
    platform.random(&mut random);
    format!("----form-{:032x}", u128::from_be_bytes(random))
}

/// Builds a form. Names and media types were judged by [`is_name`] and [`is_media_type`].
pub(crate) fn build(parts: &[MultipartPart<'_>], boundary: &str) -> Form {
    let size: usize = parts.iter().map(|part| part.content.len() + part.name.len() + 512).sum();
    let mut content = Vec::with_capacity(size + 64);
    for part in parts {
        let mut head = format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{}\"", part.name);
        if let Some(file_name) = part.file_name {
            // Doc 90253 shows the length beside the name.
            head.push_str(&format!("; filename=\"{file_name}\"; filelength={}", part.content.len()));
        }
        if let Some(media_type) = part.media_type {
            head.push_str("\r\nContent-Type: ");
            head.push_str(media_type);
        }
        head.push_str("\r\n\r\n");
        content.extend_from_slice(head.as_bytes());
        content.extend_from_slice(part.content);
        content.extend_from_slice(b"\r\n");
    }
    content.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    Form { media_type: format!("multipart/form-data; boundary={boundary}"), content }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::FakePlatform;

    #[test]
    fn a_form_is_the_documented_one() {
        let file = MultipartPart {
            name: "media",
            file_name: Some("报价 单😀.txt"),
            media_type: Some("text/plain"),
            content: b"mytext",
        };
        let field = MultipartPart { name: "type", file_name: None, media_type: None, content: "值".as_bytes() };
        let form = build(&[file, field], "B");
        assert_eq!(form.media_type, "multipart/form-data; boundary=B");
        assert_eq!(
            String::from_utf8(form.content).unwrap(),
            "--B\r\nContent-Disposition: form-data; name=\"media\"; filename=\"报价 单😀.txt\"; filelength=6\r\n\
             Content-Type: text/plain\r\n\r\nmytext\r\n--B\r\nContent-Disposition: form-data; name=\"type\"\r\n\r\n值\r\n\
             --B--\r\n"
        );
    }

    #[test]
    fn no_name_can_end_its_line_or_its_quotes() {
        for (name, is_sound) in [
            ("media", true),
            ("报价 单 (2).txt", true),
            ("a.b;c=d'e", true),
            ("", false),
            ("a\"; filename=\"b", false),
            ("a\r\nContent-Type: text/html", false),
            ("a\nb", false),
            ("a\0b", false),
            ("a\u{85}b", false),
            ("a\u{2028}b", false),
            ("a\\\"b", false),
            ("../a", false),
            (&"x".repeat(NAME_BYTES), true),
            (&"x".repeat(NAME_BYTES + 1), false),
        ] {
            assert_eq!(is_name(name), is_sound, "{name:?}");
        }
        for (media_type, is_sound) in [
            ("image/png", true),
            ("text/plain; charset=utf-8", true),
            ("", false),
            ("png", false),
            ("/png", false),
            ("image/", false),
            ("image/png\r\nx: y", false),
            ("图片/png", false),
            (" image/png", false),
            (&format!("a/{}", "b".repeat(127)), false),
        ] {
            assert_eq!(is_media_type(media_type), is_sound, "{media_type:?}");
        }
    }

    #[test]
    fn no_two_forms_have_the_same_boundary() {
        let fake = FakePlatform::new();
        let (one, other) = (boundary(&fake), boundary(&fake));
        assert!(one != other && one.len() == 41 && one.is_ascii(), "{one}");
    }
}
