//! `log`: into the host's own log, with tenant, element and call, and into the report of the call. What a pure function
//! writes waits for the end of the call: `validate-config` sees every secret, and all its lines are masked at once.

use serde_json::json;

use crate::{
    call::{
        log::{LogLevel, LogLine},
        recorder::CallRecorder,
        state::{CallState, Capabilities},
    },
    contract::{
        log::{Field, Host, Level},
        to_json,
    },
};

impl Host for CallState {
    async fn write(&mut self, level: Level, message: String, fields: Vec<Field>) -> wasmtime::Result<()> {
        self.count("log")?;
        let bytes = |field: &Field| size_of::<Field>() + field.name.len() + field.value.len();
        self.transfer(message.len() + fields.iter().map(bytes).sum::<usize>())?;
        self.tape.ask::<()>("log.write", || {
            Ok(json!({"level": to_json(&level)?, "message": message, "fields": to_json(&fields)?}))
        })?;
        self.tape.note(&())?;
        let line = LogLine {
            level: level.into(),
            message,
            fields: fields.into_iter().map(|field| (field.name, field.value)).collect(),
        };
        let Self { log: lines, recorder: CallRecorder { call, site, .. }, capabilities, .. } = self;
        if let Some(line) = lines.keep(line)
            && matches!(capabilities, Capabilities::Everything { .. })
        {
            line.emit(&site.tenant, &site.element, call);
        }
        Ok(())
    }
}

impl CallState {
    /// Counts a line for which there is no room, with the bytes of its texts and its fields. Nobody looks at it.
    pub(super) fn pass_over_line(&mut self, texts: usize, fields: usize) -> wasmtime::Result<()> {
        self.count("log")?;
        self.transfer(fields * size_of::<Field>() + texts)?;
        self.log.pass_over();
        Ok(())
    }
}

impl From<Level> for LogLevel {
    fn from(level: Level) -> Self {
        match level {
            Level::Trace => Self::Trace,
            Level::Debug => Self::Debug,
            Level::Info => Self::Info,
            Level::Warn => Self::Warn,
            Level::Error => Self::Error,
        }
    }
}
