//! The form of an upload, read as strictly as the platform does: a part named `media` whose `filename` is raw UTF-8.

use memchr::memmem;

/// An uploaded file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Upload<'b> {
    pub(crate) name: String,
    /// Its `Content-Type`.
    pub(crate) kind: String,
    pub(crate) bytes: &'b [u8],
}

/// The part named `media` of a `multipart/form-data` body. `None` where the form cannot be read, the part is missing, or
/// its name comes as `filename*=…` only, which the platform does not understand (fact sheet section 5.9).
pub(crate) fn read<'b>(content_type: &str, body: &'b [u8]) -> Option<Upload<'b>> {
    let (kind, parameters) = content_type.split_once(';')?;
    if !kind.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    let boundary = parameter(parameters, "boundary")?;
    let delimiter = format!("--{boundary}");
    let mut rest = body.strip_prefix(delimiter.as_bytes())?;
    let between = format!("\r\n{delimiter}");
    loop {
        let part = rest.strip_prefix(b"\r\n")?;
        let end = memmem::find(part, between.as_bytes())?;
        if let Some(upload) = part.get(..end).and_then(part_of) {
            return Some(upload);
        }
        rest = part.get(end + between.len()..)?;
    }
}

fn part_of(part: &[u8]) -> Option<Upload<'_>> {
    let head = memmem::find(part, b"\r\n\r\n")?;
    let (mut name, mut kind) = (None, "application/octet-stream".to_owned());
    for line in std::str::from_utf8(part.get(..head)?).ok()?.lines() {
        let (header, value) = line.split_once(':')?;
        if header.eq_ignore_ascii_case("content-disposition") {
            let parameters = value.split_once(';')?.1;
            if parameter(parameters, "name")? != "media" {
                return None;
            }
            name = parameter(parameters, "filename");
        } else if header.eq_ignore_ascii_case("content-type") {
            value.trim().clone_into(&mut kind);
        }
    }
    Some(Upload { name: name?, kind, bytes: part.get(head + 4..)? })
}

/// The value of a parameter, without its quotes.
fn parameter(parameters: &str, name: &str) -> Option<String> {
    let value = parameters.split(';').find_map(|pair| {
        let (key, value) = pair.split_once('=')?;
        key.trim().eq_ignore_ascii_case(name).then(|| value.trim())
    })?;
    Some(value.trim_matches('"').to_owned()).filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TYPE: &str = "multipart/form-data; boundary=XX";

    fn body(disposition: &str) -> String {
        format!(
            "--XX\r\nContent-Disposition: form-data; name=\"other\"\r\n\r\n1\r\n--XX\r\n\
             Content-Disposition: form-data; {disposition}\r\nContent-Type: text/plain\r\n\r\nhello\r\n--XX--\r\n"
        )
    }

    #[test]
    fn only_a_raw_file_name_is_understood() {
        for (content_type, disposition, expected) in [
            (TYPE, "name=\"media\"; filename=\"报告.txt\"; filelength=5", Some("报告.txt")),
            ("Multipart/Form-Data; boundary=\"XX\"", "name=media; filename=a.txt", Some("a.txt")),
            (TYPE, "name=\"media\"; filename*=utf-8''%E6.txt", None),
            (TYPE, "name=\"media\"", None),
            (TYPE, "name=\"file\"; filename=\"a.txt\"", None),
            ("multipart/form-data; boundary=YY", "name=\"media\"; filename=\"a.txt\"", None),
            ("application/json", "name=\"media\"; filename=\"a.txt\"", None),
        ] {
            let body = body(disposition);
            let read = read(content_type, body.as_bytes());
            assert_eq!(read.as_ref().map(|upload| upload.name.as_str()), expected, "{content_type} {disposition}");
            if let Some(upload) = read {
                assert_eq!((upload.bytes, upload.kind.as_str()), (&b"hello"[..], "text/plain"));
            }
        }
    }
}
