//! Narrates the demonstration: on the way for a person, at the end as one document for a program. Holds what was promised and
//! whether it came true.

use std::{fmt, io, time::Instant};

use serde::Serialize;
use serde_json::Value;

use crate::{output::Output, text::Paint};

/// What `demo` prints as JSON.
#[derive(Debug, Serialize)]
pub struct DemoView {
    /// Whether every step came out as expected.
    pub ok: bool,
    pub steps: Vec<StepView>,
    /// Where the files are kept, if they are.
    pub kept: Option<String>,
    pub duration_ms: u128,
}

/// One step of the story.
#[derive(Debug, Serialize)]
pub struct StepView {
    pub step: &'static str,
    pub title: String,
    pub ok: bool,
    /// What the element answered, in the shape of the command that asks the same.
    pub result: Value,
    pub expected: Vec<ExpectationView>,
}

/// One thing that was promised.
#[derive(Debug, Serialize)]
pub struct ExpectationView {
    pub what: String,
    pub met: bool,
}

/// The teller.
pub struct Narrator<'a> {
    output: &'a mut Output,
    steps: Vec<StepView>,
    begun: Instant,
}

impl<'a> Narrator<'a> {
    /// A teller at the beginning of the story.
    pub fn new(output: &'a mut Output) -> Self {
        Self { output, steps: Vec::new(), begun: Instant::now() }
    }

    /// How the text is coloured.
    pub fn paint(&self) -> Paint {
        self.output.paint()
    }

    /// The way out, for reports of calls.
    pub fn output(&mut self) -> &mut Output {
        self.output
    }

    /// Begins a step.
    pub fn begin(&mut self, step: &'static str, zh: &str, en: &str) -> io::Result<()> {
        let number = self.steps.len() + 1;
        self.steps.push(StepView {
            step,
            title: format!("{zh} {en}"),
            ok: true,
            result: Value::Null,
            expected: Vec::new(),
        });
        let heading = self.paint().bold(&format!("{number}. {zh}  {en}"));
        self.say(format_args!("\n{heading}"))
    }

    /// Says something, for a person only.
    pub fn say(&mut self, text: impl fmt::Display) -> io::Result<()> {
        if self.output.is_json() { Ok(()) } else { self.output.text(&text.to_string()) }
    }

    /// Keeps what the step returned.
    pub fn result(&mut self, result: &impl Serialize) -> io::Result<()> {
        let result = serde_json::to_value(result)?;
        if let Some(step) = self.steps.last_mut() {
            step.result = result;
        }
        Ok(())
    }

    /// Compares with what was promised.
    pub fn expect(&mut self, what: &str, met: bool) -> io::Result<()> {
        if let Some(step) = self.steps.last_mut() {
            step.ok &= met;
            step.expected.push(ExpectationView { what: what.to_owned(), met });
        }
        let paint = self.paint();
        let mark = if met { paint.good("✓") } else { paint.bad("✗") };
        self.say(format_args!("   {mark} {what}"))
    }

    /// Ends the demonstration and says whether everything came out as expected.
    pub fn end(self, kept: Option<String>) -> io::Result<bool> {
        let ok = self.steps.iter().all(|step| step.ok);
        let view = DemoView { ok, steps: self.steps, kept, duration_ms: self.begun.elapsed().as_millis() };
        self.output.answer(&view, |paint| match ok {
            true => {
                let seconds = view.duration_ms as f64 / 1_000.0;
                let line = format!("\n一切如所述 everything came out as expected, in {seconds:.1} s\n");
                format!("{}{}", paint.good(&line), next(view.kept.as_deref()))
            }
            false => {
                let steps: Vec<&str> = view.steps.iter().filter(|step| !step.ok).map(|step| step.step).collect();
                paint.bad(&format!("\n与所述不符 not as expected: {}\n", steps.join(", ")))
            }
        })?;
        Ok(ok)
    }
}

/// What to try next.
fn next(kept: Option<&str>) -> String {
    let mut text = "\n接下来 what to try next\n".to_owned();
    if let Some(folder) = kept {
        text.push_str(&format!(
            "  org-harness --element {folder}/demo --storage sqlite:{folder}/organisation.db members\n"
        ));
    }
    text.push_str(
        "  cargo run -- simulate             # 模拟的企业微信与控制台 a simulated WeCom with a console, for all commands\n  \
           cargo run -- describe --locale zh # 需要哪些配置、在哪里找 which configuration is needed, and where to find it\n  \
           cargo run -- --element DIR check  # 用您自己的应用 with an app of your own\n",
    );
    text
}
