//! A proof of whose a host is: a small text file at its root, of which the vendor's console gives name and content.

use super::{field::Kind, problem::Finding, shown::shown};
use crate::contract::element::RootFile;

/// Letters and digits of a name between its fixed parts at most.
const RANDOM: usize = 64;
/// Bytes of a content at most.
const CONTENT: usize = 256;

/// Reads `NAME`, or `NAME:CONTENT`.
pub(super) fn judge(text: &str, begin: &str, end: &str) -> Result<RootFile, Finding> {
    let (name, content) = text.split_once(':').map_or((text, None), |(name, content)| (name, Some(content)));
    let file = |name: &str, content: &str| RootFile { name: name.to_owned(), content: content.to_owned() };
    match (random(name, begin, end), content) {
        (Some(random), None) => Ok(file(name, random)),
        (Some(_), Some(content)) if is_content(content) => Ok(file(name, content)),
        (Some(_), Some(_)) => Err(finding! { error "malformed":
        "文件名之后的内容无法使用，应为不超过 {CONTENT} 个 ASCII 字符，且不含空白",
        "what follows the name of the file is no content; expected at most {CONTENT} characters of ASCII without space";
        "若文件内容与文件名中的随机部分相同，只填写文件名即可",
        "where the file holds just what its name has between its fixed parts, the name suffices" }),
        (None, _) => Err(no_name(text, begin, end)),
    }
}

/// A file as it is configured.
pub(super) fn written(kind: Kind, file: &RootFile) -> String {
    let RootFile { name, content } = file;
    match kind {
        Kind::RootFile { begin, end } if random(name, begin, end) == Some(content) => name.clone(),
        _ => format!("{name}:{content}"),
    }
}

/// What a sound name has between its fixed parts.
fn random<'n>(name: &'n str, begin: &str, end: &str) -> Option<&'n str> {
    let random = name.strip_prefix(begin)?.strip_suffix(end)?;
    is_random(random).then_some(random)
}

fn is_random(text: &str) -> bool {
    (1..=RANDOM).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

fn is_content(text: &str) -> bool {
    (1..=CONTENT).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// What is wrong with a value without a sound name, with the name that was meant where that can be guessed.
fn no_name(text: &str, begin: &str, end: &str) -> Finding {
    let last = text.split(['?', '#']).next().and_then(|path| path.rsplit(['/', '\\']).next());
    let in_path = last.filter(|last| *last != text && random(last, begin, end).is_some());
    let stem = text.strip_prefix(begin).filter(|stem| is_random(stem)).map(|stem| format!("{begin}{stem}{end}"));
    let hint = match (in_path.map(str::to_owned).or(stem), is_random(text)) {
        (Some(meant), _) => text!("请只填写文件名：{meant}", "write the name of the file alone: {meant}"),
        (None, true) => text! {
        "填写的像是文件内容：请填写完整文件名，即在其前加 {begin}、其后加 {end}",
        "that looks like the file's content: write its whole name, with {begin} before it and {end} after it" },
        (None, false) => text! {
        "请填写管理后台所下载文件的完整文件名，不要填写其路径",
        "write the whole name of the file that the console lets you download, without a path" },
    };
    let expected = text!("形如 {begin}…{end} 的文件名", "a file name such as {begin}…{end}");
    Finding::malformed(&shown(text), expected, hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KIND: Kind = Kind::RootFile { begin: "Proof_", end: ".txt" };

    fn read(text: &str) -> Result<RootFile, Finding> {
        judge(text, "Proof_", ".txt")
    }

    #[test]
    fn a_name_alone_stands_for_its_content() {
        for (text, name, content) in [
            ("Proof_a1B2c3.txt", "Proof_a1B2c3.txt", "a1B2c3"),
            ("Proof_a1.txt:other-content=", "Proof_a1.txt", "other-content="),
        ] {
            let file = read(text).unwrap();
            assert_eq!((file.name.as_str(), file.content.as_str()), (name, content));
            assert_eq!(written(KIND, &file), text);
        }
        // Written out, it is the same.
        assert_eq!(written(KIND, &read("Proof_a1.txt:a1").unwrap()), "Proof_a1.txt");
    }

    #[test]
    fn whatever_else_is_pasted_is_explained() {
        let long = "a".repeat(RANDOM + 1);
        for (text, hint) in [
            ("https://app.example.com/Proof_a1.txt", "write the name of the file alone: Proof_a1.txt"),
            ("https://app.example.com/x/Proof_a1.txt?v=1#top", "write the name of the file alone: Proof_a1.txt"),
            ("C:\\Downloads\\Proof_a1.txt", "write the name of the file alone: Proof_a1.txt"),
            ("/Proof_a1.txt", "write the name of the file alone: Proof_a1.txt"),
            ("Proof_a1", "write the name of the file alone: Proof_a1.txt"),
            ("a1B2c3d4e5f6g7h8", "that looks like the file's content"),
            ("Proof_.txt", "write the whole name of the file"),
            ("proof_a1.txt", "write the whole name of the file"),
            ("Proof_a1 (1).txt", "write the whole name of the file"),
            ("../Proof_a1.txt/..", "write the whole name of the file"),
            (&format!("Proof_{long}.txt"), "write the whole name of the file"),
            ("Proof_a1.txt:", "where the file holds just"),
            ("Proof_a1.txt:two words", "where the file holds just"),
            ("Proof_a1.txt:内容", "where the file holds just"),
        ] {
            let finding = read(text).unwrap_err();
            assert!(finding.is_error() && finding.hint.en.starts_with(hint), "{text}: {}", finding.hint.en);
            assert!(!finding.hint.zh.is_ascii() && !finding.message.zh.is_ascii(), "{text}");
        }
    }
}
