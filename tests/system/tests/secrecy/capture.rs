//! Everything that is traced in this process, on every level, from every thread.

use std::{
    io::{self, Write},
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use tracing::{Level, subscriber::set_global_default};
use tracing_subscriber::fmt::{MakeWriter, format::FmtSpan};

/// The lines so far.
#[derive(Clone, Default)]
pub struct Capture(Arc<Mutex<Vec<u8>>>);

impl Capture {
    /// The capture of this process. The first one begins it.
    pub fn begin() -> Self {
        static CAPTURE: OnceLock<Capture> = OnceLock::new();
        let begin = || {
            let capture = Self::default();
            let lines = tracing_subscriber::fmt()
                .with_max_level(Level::TRACE)
                .with_span_events(FmtSpan::FULL)
                .with_ansi(false)
                .with_writer(capture.clone());
            set_global_default(lines.finish()).expect("this program begins no other");
            capture
        };
        CAPTURE.get_or_init(begin).clone()
    }

    /// What was traced so far.
    pub fn bytes(&self) -> Vec<u8> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Write for Capture {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Capture {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}
