//! `log`: into the host's own log, with tenant, element and call, and into the report of the call.

use crate::{
    call::{
        log::{LogLevel, LogLine},
        recorder::CallRecorder,
        state::CallState,
    },
    contract::log::{Field, Host, Level},
};

impl Host for CallState {
    async fn write(&mut self, level: Level, message: String, fields: Vec<Field>) -> wasmtime::Result<()> {
        self.count("log")?;
        let line = LogLine {
            level: level.into(),
            message,
            fields: fields.into_iter().map(|field| (field.name, field.value)).collect(),
        };
        let Self { log: lines, recorder: CallRecorder { call, site, .. }, .. } = self;
        if let Some(line) = lines.keep(line) {
            emit(line, &site.tenant, &site.element, call);
        }
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

/// The level of an event must be known at compile time, hence the five arms. Text of the guest is shown with its control
/// characters escaped: it must not be able to forge a line of the host's log.
fn emit(line: &LogLine, tenant: &str, element: &str, call: &str) {
    macro_rules! event {
        ($level:ident) => {
            tracing::event!(
                target: "element",
                tracing::Level::$level,
                lowcode.tenant = tenant,
                lowcode.element = element,
                lowcode.call = call,
                fields = ?line.fields,
                message = %line.message.escape_debug()
            )
        };
    }
    match line.level {
        LogLevel::Trace => event!(TRACE),
        LogLevel::Debug => event!(DEBUG),
        LogLevel::Info => event!(INFO),
        LogLevel::Warn => event!(WARN),
        LogLevel::Error => event!(ERROR),
    }
}
