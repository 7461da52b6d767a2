//! The second run of recorded calls, on pseudonyms: what it asks and answers is what may be written down.

use std::{
    collections::{BTreeSet, HashMap},
    mem,
    sync::Arc,
};

use organisation_host::{
    Host, LoadedComponent,
    recording::{RecordedCall, RecordedEnd, RecordedImport},
};

use serde_json::Value;

use crate::{
    bodies, deliveries,
    difference::Difference,
    downloads::Downloads,
    file::{Header, RecordingFile},
    own::{without_own, written},
    pseudonym::Pseudonyms,
    replay::{played, replay},
    same::{learn, other_form},
    scene::Stage,
    secret::declared_secrets,
    vendor::{Replaced, Seen, VendorFormat},
};

/// Why there is no recording without private data. Says where, and nothing of what stands there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Diverged {
    /// The component asked something else.
    #[error("with pseudonyms call {call} ({function}) takes another way at its import {import}: {what}")]
    OtherWay {
        /// Counted from 1.
        call: usize,
        /// The export.
        function: String,
        /// Counted from 1.
        import: usize,
        /// What is other, without what stands there.
        what: String,
    },
    /// The call ended in another way.
    #[error("with pseudonyms call {call} ({function}) ends in another way: {found}, not {expected}")]
    OtherEnd {
        /// Counted from 1.
        call: usize,
        /// The export.
        function: String,
        /// The kind of end.
        expected: String,
        /// The kind of end.
        found: String,
    },
    /// The call answered something of another form.
    #[error("with pseudonyms call {call} ({function}) answers something else at {place}")]
    OtherAnswer {
        /// Counted from 1.
        call: usize,
        /// The export.
        function: String,
        /// Where, in names of the contract.
        place: String,
    },
    /// Something private would stand in the file all the same.
    #[error("{0} private texts would still stand in the file")]
    Left(usize),
    /// What was sealed for the file cannot be opened again, so nobody could look at it once more; a defect of this program.
    #[error("{made} keys and tokens are replaced in what is sealed, and {found} are found in the file")]
    Closed {
        /// When it was made.
        made: usize,
        /// When it was looked at once more.
        found: usize,
    },
    /// The component does not do twice what it does once.
    #[error("the recording cannot be replayed: {0}")]
    NotRepeatable(Box<Difference>),
    /// A value is no JSON; a defect of this program.
    #[error("the recording cannot be written: {0}")]
    NotWritten(String),
}

/// How often calls are rehearsed, each time with what was learnt before.
const ATTEMPTS: usize = 4;

/// Makes the calls of a recording again on pseudonyms, and answers what may be written down. The words in `bytes`, usually the component's
/// file, are nobody's. What the vendor seals is opened as `format` has it.
///
/// # Errors
/// See [`Diverged`]: the calls depend on what is private. Then nothing may be written.
pub async fn rehearse(
    host: &Host,
    component: &Arc<LoadedComponent>,
    bytes: &[u8],
    format: &'static dyn VendorFormat,
    header: Header,
    recorded: &[RecordedCall],
) -> Result<RecordingFile, Diverged> {
    let mut learnt = Vec::new();
    for _ in 1..ATTEMPTS {
        let stage = collected(bytes, format, recorded, &learnt);
        let rehearsed = rehearse_on(&stage, (host, component), format, header.clone(), recorded).await;
        let fresh = mem::take(&mut stage.lock().fresh);
        match rehearsed {
            Err(Diverged::OtherWay { .. }) if !fresh.is_empty() => learnt.extend(fresh),
            rehearsed => return rehearsed,
        }
    }
    let stage = collected(bytes, format, recorded, &learnt);
    rehearse_on(&stage, (host, component), format, header, recorded).await
}

async fn rehearse_on(
    stage: &Stage,
    (host, component): (&Host, &Arc<LoadedComponent>),
    format: &'static dyn VendorFormat,
    header: Header,
    recorded: &[RecordedCall],
) -> Result<RecordingFile, Diverged> {
    let mut calls = Vec::with_capacity(recorded.len());
    for (at, call) in recorded.iter().enumerate() {
        let arguments = stage.lock().begin(at, call);
        let again = RecordedCall { arguments, imports: Vec::new(), ..call.clone() };
        let end = played(host, component, &again, stage.clone()).await;
        let mut scene = stage.lock();
        let import = scene.asked.len() + 1;
        let function = call.function.clone();
        if let Some(what) = scene.other_way.take() {
            return Err(Diverged::OtherWay { call: at + 1, function, import, what });
        }
        let end = if scene.is_over { without_output(&call.end) } else { end };
        if !scene.is_over && scene.asked.len() < call.imports.len() {
            let what =
                format!("it ends ({}) and does not ask {}", kind(&end), call.imports[scene.asked.len()].function);
            return Err(Diverged::OtherWay { call: at + 1, function, import, what });
        }
        let (expected, found) = (kind(&call.end), kind(&end));
        if expected != found {
            return Err(Diverged::OtherEnd { call: at + 1, function, expected, found });
        }
        if let (RecordedEnd::Answered(original), RecordedEnd::Answered(answer)) = (&call.end, &end) {
            if let Some(place) = other_form(&scene.pseudonyms, original, answer) {
                return Err(Diverged::OtherAnswer { call: at + 1, function, place });
            }
            learn(&mut scene.pseudonyms, original, answer);
        }
        calls.push(RecordedCall { imports: scene.taken(), end, ..again });
    }
    let file = RecordingFile { header, calls };
    look_once_more(&file, format, stage)?;
    replay(host, component, &file).await.map_err(Diverged::NotRepeatable)?;
    Ok(file)
}

/// Collects what is private in everything that the calls were given, and gives it pseudonyms; what an earlier rehearsal showed has some
/// already.
fn collected(
    bytes: &[u8],
    format: &'static dyn VendorFormat,
    recorded: &[RecordedCall],
    learnt: &[(String, String)],
) -> Stage {
    let mut pseudonyms = Pseudonyms::new(bytes).with_words(format.words(), format.senders());
    declared_secrets(recorded).iter().for_each(|secret| pseudonyms.collect_secret(secret));
    let secrets = secrets(recorded, format);
    let downloads = Downloads::of(recorded, format);
    // Nothing is replaced yet.
    let (mut seals, mut own) = (0, HashMap::new());
    for call in recorded {
        deliveries::arguments(call, format, &secrets, (&mut pseudonyms, &mut seals));
        for RecordedImport { function, arguments, answer } in &call.imports {
            if let Some(answer) = answer {
                let is_own = |key: &str, value: &str| own.get(key).is_some_and(|written| *written == value);
                pseudonyms.collect(function, arguments, &without_own(answer, &is_own));
            }
            own.extend(written(arguments));
        }
    }
    for file in downloads.files() {
        format.file(
            file,
            file.len(),
            &mut Replaced { pseudonyms: &mut pseudonyms, secrets: &secrets, seals: &mut seals },
        );
    }
    pseudonyms.complete();
    learnt.iter().cloned().for_each(|(original, found)| pseudonyms.learn(original, found));
    Stage::new(pseudonyms, format, downloads, secrets)
}

/// What may be keys and tokens: what the component declares as secret, and whatever looks like a key.
fn secrets(recorded: &[RecordedCall], format: &dyn VendorFormat) -> BTreeSet<String> {
    let mut secrets = declared_secrets(recorded);
    let mut look = |text: &str| {
        let words = text.split(|c: char| !c.is_ascii_alphanumeric());
        secrets.extend(words.filter(|word| format.is_key(word)).map(str::to_owned));
    };
    for import in recorded.iter().flat_map(|call| &call.imports) {
        for value in [Some(&import.arguments), import.answer.as_ref()].into_iter().flatten() {
            bodies::each(value, &mut look, &mut |_| {});
        }
    }
    secrets
}

/// Looks at a file as a stranger would who knows what stands in it: at its text, at every body of bytes, and into everything that can
/// be opened with the keys in it.
fn look_once_more(file: &RecordingFile, format: &'static dyn VendorFormat, stage: &Stage) -> Result<(), Diverged> {
    let text = file.to_text().map_err(|error| Diverged::NotWritten(error.to_string()))?;
    let secrets = secrets(&file.calls, format);
    let mut seen = Seen { secrets: &secrets, texts: String::new(), seals: 0 };
    for call in &file.calls {
        deliveries::look(call, format, &mut seen);
    }
    let downloads = Downloads::of(&file.calls, format);
    for sealed in downloads.files() {
        let before = seen.seals;
        if format.file(sealed, sealed.len(), &mut seen).is_none() {
            seen.seals = before;
        }
    }
    let Seen { mut texts, seals, .. } = seen;
    let mut look = |bytes: &[u8]| {
        texts.push_str(&String::from_utf8_lossy(bytes));
        texts.push('\n');
    };
    let mut look_at = |value: &Value| bodies::each(value, &mut |_| {}, &mut look);
    for (at, call) in file.calls.iter().enumerate() {
        call.arguments.iter().for_each(&mut look_at);
        if let RecordedEnd::Answered(answer) = &call.end {
            look_at(answer);
        }
        for (import, RecordedImport { arguments, answer, .. }) in call.imports.iter().enumerate() {
            look_at(arguments);
            // What is encrypted looks like anything.
            answer.iter().filter(|_| !downloads.has_part((at, import))).for_each(&mut look_at);
        }
    }
    let scene = stage.lock();
    match scene.pseudonyms.left_in(&text) + scene.pseudonyms.left_in(&texts) {
        0 => {}
        left => return Err(Diverged::Left(left)),
    }
    if scene.seals != seals {
        return Err(Diverged::Closed { made: scene.seals, found: seals });
    }
    Ok(())
}

/// An end that is taken over as it was. What a component wrote before may hold anything.
fn without_output(end: &RecordedEnd) -> RecordedEnd {
    match end {
        RecordedEnd::Trap { kind, .. } => RecordedEnd::Trap { kind: kind.clone(), output: String::new() },
        end => end.clone(),
    }
}

/// How a call ended, without anything that depends on names.
fn kind(end: &RecordedEnd) -> String {
    match end {
        RecordedEnd::Answered(answer) => {
            let error = &answer["err"];
            let name = |value: &Value| match value {
                Value::String(name) => name.clone(),
                Value::Object(case) if case.len() == 1 => case.keys().next().cloned().unwrap_or_default(),
                _ => String::new(),
            };
            if error.is_null() {
                // The case of a variant, such as how far a sync has come.
                let case = answer.get("ok").filter(|ok| ok.as_object().is_some_and(|case| case.len() == 1));
                case.map_or_else(|| "an answer".to_owned(), |case| format!("the answer {}", name(case)))
            } else {
                let code =
                    error["vendor_code"].as_i64().map_or_else(String::new, |code| format!(", vendor code {code}"));
                format!("the error {}{code}", name(&error["reason"]))
            }
        }
        RecordedEnd::Limit { limit } => format!("the limit {limit}"),
        RecordedEnd::Trap { kind, .. } => format!("the trap {kind}"),
        RecordedEnd::BrokenOff => "broken off".to_owned(),
    }
}
