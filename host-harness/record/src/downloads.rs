//! Files that a component fetched, a range at a time as a rule. What was announced of one (size, checksum) and what came are of one
//! file, so a replaced one is made as a whole, where it is announced first, and handed out in the ranges that are asked for.

use std::collections::{BTreeMap, HashMap};

use organisation_host::recording::{RecordedCall, RecordedImport};
use serde_json::{Value, json};

use crate::{bodies, vendor::VendorFormat};

/// Where an import stands: its call and its place in it, counted from 0.
pub(crate) type At = (usize, usize);

/// See the module's description.
pub(crate) struct Downloads {
    files: Vec<Download>,
    /// The file of which an answer holds a part, by the import and the place of the answer in it.
    parts: HashMap<(At, usize), usize>,
}

struct Download {
    bytes: Vec<u8>,
    checksum: String,
    /// Where its checksum is named first.
    announced: At,
    /// What is handed out in its place.
    replaced: Option<Vec<u8>>,
}

/// A file as far as it came.
struct Partial {
    url: String,
    /// By where they begin.
    parts: BTreeMap<usize, Vec<u8>>,
}

impl Partial {
    /// Takes a part, unless it has another one there: that is of another file at the same address.
    fn takes(&mut self, from: usize, part: &[u8]) -> bool {
        match self.parts.get(&from) {
            Some(known) if known.starts_with(part) => true,
            Some(known) if !part.starts_with(known) => false,
            _ => {
                self.parts.insert(from, part.to_vec());
                true
            }
        }
    }

    /// The parts together, up to the first gap.
    fn joined(&self) -> Vec<u8> {
        let mut joined = Vec::new();
        for (from, part) in &self.parts {
            match joined.len().checked_sub(*from) {
                Some(known) => joined.extend_from_slice(part.get(known..).unwrap_or_default()),
                None => break,
            }
        }
        joined
    }
}

impl Downloads {
    /// The files whose checksum is announced somewhere. All others (what came in part, what is damaged) nobody can open.
    pub(crate) fn of(recorded: &[RecordedCall], format: &dyn VendorFormat) -> Self {
        let (mut partial, mut parts): (Vec<Partial>, HashMap<(At, usize), usize>) = (Vec::new(), HashMap::new());
        for (at, import) in imports(recorded) {
            for (place, (request, answer)) in exchanges(&import.arguments, import.answer.as_ref()).enumerate() {
                let Some(part) = bodies::bytes(&answer["ok"]["body"]) else { continue };
                let from = match answer["ok"]["status"].as_u64() {
                    Some(200) => 0,
                    Some(206) => range(request).map_or(0, |(from, _)| from),
                    _ => continue,
                };
                let url = request["url"].as_str().unwrap_or_default();
                // The last one at this address is under way.
                let known = partial.iter().rposition(|file| file.url == url);
                let file = match known.filter(|known| partial[*known].takes(from, &part)) {
                    Some(known) => known,
                    None => {
                        partial.push(Partial { url: url.to_owned(), parts: BTreeMap::from([(from, part)]) });
                        partial.len() - 1
                    }
                };
                parts.insert((at, place), file);
            }
        }
        let mut files = Vec::new();
        let mut whole = HashMap::new();
        for (at, file) in partial.iter().enumerate() {
            let bytes = file.joined();
            if let Some(checksum) = format.checksum(&bytes)
                && let Some(announced) = announced(recorded, &checksum)
            {
                whole.insert(at, files.len());
                files.push(Download { bytes, checksum, announced, replaced: None });
            }
        }
        let parts = parts.into_iter().filter_map(|(part, file)| Some((part, *whole.get(&file)?))).collect();
        Self { files, parts }
    }

    /// The files, as they came.
    pub(crate) fn files(&self) -> impl Iterator<Item = &[u8]> {
        self.files.iter().map(|file| &*file.bytes)
    }

    /// Whether an answer here holds a part of a file.
    pub(crate) fn has_part(&self, at: At) -> bool {
        self.parts.keys().any(|(of, _)| *of == at)
    }

    /// Replaces the files that are announced here, each with one of the wished size where that can be; tells of each checksum and size,
    /// before and after. Files that had one size have one size afterwards: what announces them is told apart by nothing else.
    pub(crate) fn replace_at(
        &mut self,
        at: At,
        mut replaced: impl FnMut(&[u8], usize) -> Vec<u8>,
        mut changed: impl FnMut(&str, &[u8], &[u8]),
    ) {
        let mut largest: HashMap<usize, usize> = HashMap::new();
        for file in self.files.iter_mut().filter(|file| file.announced == at) {
            let size = file.bytes.len();
            let bytes = replaced(&file.bytes, size);
            let largest = largest.entry(size).or_default();
            *largest = bytes.len().max(*largest);
            file.replaced = Some(bytes);
        }
        for Download { bytes, checksum, replaced: new, .. } in self.files.iter_mut().filter(|file| file.announced == at)
        {
            let size = largest.get(&bytes.len()).copied().unwrap_or_default();
            let new = new.get_or_insert_default();
            if new.len() != size {
                *new = replaced(bytes, size);
            }
            changed(checksum, bytes, new);
        }
    }

    /// Puts parts of replaced files into an answer, those for which `arguments` ask.
    pub(crate) fn hand_out(&self, at: At, arguments: &Value, answer: &mut Value) {
        let requests = requests(arguments);
        let answers = match answer {
            Value::Array(answers) => answers.iter_mut().collect(),
            answer => vec![answer],
        };
        for (place, (request, answer)) in requests.into_iter().zip(answers).enumerate() {
            let file = self.parts.get(&(at, place)).and_then(|file| self.files[*file].replaced.as_deref());
            let Some(file) = file else { continue };
            let response = &mut answer["ok"];
            let (from, to) = match response["status"].as_u64() {
                Some(206) => range(request).unwrap_or((0, file.len())),
                _ => (0, file.len()),
            };
            let to = to.min(file.len());
            let part = file.get(from..to).unwrap_or_default();
            response["body"] = bodies::with_bytes(&response["body"], part);
            for header in response["headers"].as_array_mut().into_iter().flatten() {
                let name = header["name"].as_str().unwrap_or_default().to_ascii_lowercase();
                match &*name {
                    "content-length" => header["value"] = part.len().to_string().into(),
                    "content-range" => {
                        let last = to.saturating_sub(1);
                        header["value"] = json!(format!("bytes {from}-{last}/{}", file.len()));
                    }
                    _ => {}
                }
            }
        }
    }
}

fn imports(recorded: &[RecordedCall]) -> impl Iterator<Item = (At, &RecordedImport)> {
    let calls = recorded.iter().enumerate();
    calls.flat_map(|(call, of)| of.imports.iter().enumerate().map(move |(import, one)| ((call, import), one)))
}

/// The requests of an import of `http`, or none.
fn requests(arguments: &Value) -> Vec<&Value> {
    match (&arguments["requests"], arguments.get("request")) {
        (Value::Array(requests), _) => requests.iter().collect(),
        (_, Some(request)) => vec![request],
        _ => Vec::new(),
    }
}

/// The requests of an import of `http` with what each was answered.
fn exchanges<'a>(arguments: &'a Value, answer: Option<&'a Value>) -> impl Iterator<Item = (&'a Value, &'a Value)> {
    let answers = match answer {
        Some(Value::Array(answers)) => answers.iter().collect(),
        Some(answer) => vec![answer],
        None => Vec::new(),
    };
    requests(arguments).into_iter().zip(answers)
}

/// The first import in whose answer a checksum stands.
fn announced(recorded: &[RecordedCall], checksum: &str) -> Option<At> {
    let (lower, upper) = (checksum.to_ascii_lowercase(), checksum.to_ascii_uppercase());
    let names = |import: &RecordedImport| {
        let mut is_named = false;
        let mut look = |text: &str| is_named |= text.contains(&lower) || text.contains(&upper);
        import.answer.iter().for_each(|answer| bodies::each(answer, &mut look, &mut |_| {}));
        is_named
    };
    imports(recorded).find(|(_, import)| names(import)).map(|(at, _)| at)
}

/// From which byte to before which one a request asks.
fn range(request: &Value) -> Option<(usize, usize)> {
    let mut headers = request["headers"].as_array()?.iter();
    let is_range = |header: &&Value| header["name"].as_str().is_some_and(|name| name.eq_ignore_ascii_case("range"));
    let (from, last) = headers.find(is_range)?["value"].as_str()?.strip_prefix("bytes=")?.split_once('-')?;
    Some((from.parse().ok()?, last.parse::<usize>().ok()?.checked_add(1)?))
}

#[cfg(test)]
mod tests {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    use organisation_host::{Limits, recording::RecordedEnd};

    use super::*;

    /// A vendor whose checksum is the number of bytes and the first one.
    struct Counted;

    impl VendorFormat for Counted {
        fn checksum(&self, file: &[u8]) -> Option<String> {
            Some(format!("sum-{}-{}", file.len(), file.first()?))
        }
    }

    fn request(url: &str, from: usize, to: usize) -> Value {
        json!({"url": url, "headers": [{"name": "Range", "value": format!("bytes={from}-{}", to - 1)}]})
    }

    fn answer(status: u16, part: &[u8]) -> Value {
        let headers = json!([{"name": "Content-Range", "value": "odd"}, {"name": "content-length", "value": "0"}]);
        json!({"ok": {"status": status, "headers": headers, "body": {"base64": STANDARD.encode(part)}}})
    }

    fn sent(requests: Vec<Value>, answers: Vec<Value>) -> RecordedImport {
        RecordedImport {
            function: "http.send-all".to_owned(),
            arguments: json!({"requests": requests}),
            answer: Some(answers.into()),
        }
    }

    fn call(imports: Vec<RecordedImport>) -> RecordedCall {
        let (function, end) = ("directory.advance".to_owned(), RecordedEnd::BrokenOff);
        RecordedCall { function, arguments: Vec::new(), limits: Limits::default(), imports, end }
    }

    #[test]
    fn a_file_is_put_together_and_handed_out_in_other_ranges() {
        let file: Vec<u8> = (7..17).collect();
        let listed = answer(200, b"");
        let listing = RecordedImport {
            function: "http.send".to_owned(),
            arguments: json!({"request": {"url": "list"}}),
            answer: Some(json!({"ok": {"status": 200, "headers": [], "body": {"text": "{\"md5\":\"SUM-10-7\"}"}}})),
        };
        let recorded = [
            call(vec![sent(vec![json!({"url": "list"})], vec![listed])]),
            call(vec![
                listing,
                // The second range failed, and the file was begun anew in smaller ones.
                sent(vec![request("a", 0, 6), request("a", 6, 10)], vec![answer(206, &file[..6]), answer(503, b"no")]),
                sent(vec![request("a", 0, 3)], vec![answer(206, &file[..3])]),
                sent(vec![request("a", 3, 10)], vec![answer(206, &file[3..])]),
                // Another file at the same address, of which only a part came.
                sent(vec![request("a", 0, 6)], vec![answer(206, &[9; 6])]),
            ]),
        ];
        let mut downloads = Downloads::of(&recorded, &Counted);
        assert_eq!(downloads.files().collect::<Vec<_>>(), [&file[..]]);
        let larger: Vec<u8> = (100..112).collect();
        let mut told = Vec::new();
        let replace = |_: &[u8], size| {
            assert_eq!(size, 10);
            larger.clone()
        };
        downloads.replace_at((1, 1), replace, |_, _, _| panic!("it is announced elsewhere"));
        downloads.replace_at((1, 0), replace, |sum, old, new| told.push((sum.to_owned(), old.len(), new.to_vec())));
        assert_eq!(told, [("sum-10-7".to_owned(), 10, larger.clone())]);

        let mut found = json!([answer(206, b"")]);
        downloads.hand_out((1, 3), &json!({"requests": [request("b", 3, 30)]}), &mut found);
        let response = &found[0]["ok"];
        assert_eq!(bodies::bytes(&response["body"]).unwrap(), larger[3..]);
        assert_eq!(response["headers"][0]["value"], "bytes 3-11/12");
        assert_eq!(response["headers"][1]["value"], "9");
        // What is of no whole file, and what is no part of one, stays as it is.
        for (at, status) in [((1, 1), 503), ((1, 4), 206)] {
            let mut found = json!([answer(206, b"x"), answer(status, b"x")]);
            let before = found[1].clone();
            downloads.hand_out(at, &json!({"requests": [request("b", 0, 6), request("b", 6, 10)]}), &mut found);
            assert_eq!(found[1], before, "{at:?}");
        }
    }

    #[test]
    fn files_of_one_size_have_one_size() {
        let listing = RecordedImport {
            function: "storage.get-many".to_owned(),
            arguments: json!({"keys": ["a"]}),
            answer: Some(json!({"ok": [{"key": "a", "value": "sum-2-1 sum-2-2 sum-3-3"}]})),
        };
        let part = |url, bytes: &[u8]| sent(vec![request(url, 0, bytes.len())], vec![answer(206, bytes)]);
        let recorded = [call(vec![listing, part("a", &[1, 0]), part("b", &[2, 0]), part("c", &[3, 0, 0])])];
        let mut downloads = Downloads::of(&recorded, &Counted);
        let mut sizes = Vec::new();
        // The second grows.
        let replace = |file: &[u8], size: usize| vec![file[0]; if file[0] == 2 { 7 } else { size }];
        downloads.replace_at((0, 0), replace, |_, old, new| sizes.push((old[0], new.len())));
        assert_eq!(sizes, [(1, 7), (2, 7), (3, 3)]);
    }
}
