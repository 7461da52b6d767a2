//! The body of a download: a part of a file, read while it is sent.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use hyper::body::{Body, Bytes, Frame, SizeHint};

use super::Stored;
use crate::api::Visit;

/// Bytes read and sent at a time.
const PIECE: u64 = 64 * 1024;

/// What a fault does to a part of a file.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Harm {
    /// The byte in the middle is another one.
    pub(crate) corrupted: bool,
    /// The connection breaks in the middle.
    pub(crate) cut_off: bool,
}

/// Some bytes of a stored file. Reading blocks for the moment that the system needs to copy 64 KiB, as a rule from its
/// cache, which is less than handing them to another thread would cost.
pub(crate) struct Slice {
    file: Arc<Stored>,
    at: u64,
    end: u64,
    corrupted: Option<u64>,
    cut_off: Option<u64>,
    /// Counts the download as under way until the last byte is sent or the client is gone.
    _visit: Visit,
}

impl Slice {
    /// The bytes from `at` to before `end`.
    pub(crate) fn new(file: Arc<Stored>, at: u64, end: u64, harm: Harm, visit: Visit) -> Self {
        let middle = at + (end - at) / 2;
        let (corrupted, cut_off) = (harm.corrupted.then_some(middle), harm.cut_off.then_some(middle));
        Self { file, at, end, corrupted, cut_off, _visit: visit }
    }
}

impl Body for Slice {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if self.cut_off.is_some_and(|at| self.at >= at) {
            return Poll::Ready(Some(Err(io::ErrorKind::ConnectionAborted.into())));
        }
        let until = self.end.min(self.cut_off.unwrap_or(self.end)).min(self.at + PIECE);
        if self.at >= until {
            return Poll::Ready(None);
        }
        let length = usize::try_from(until - self.at).unwrap_or_default();
        let mut bytes = match self.file.read(self.at, length) {
            Ok(bytes) => bytes,
            Err(error) => return Poll::Ready(Some(Err(error))),
        };
        let struck = self.corrupted.and_then(|at| at.checked_sub(self.at)).and_then(|at| usize::try_from(at).ok());
        if let Some(byte) = struck.and_then(|at| bytes.get_mut(at)) {
            *byte = !*byte;
        }
        self.at = until;
        Poll::Ready(Some(Ok(Frame::data(bytes.into()))))
    }

    fn is_end_stream(&self) -> bool {
        self.at >= self.end && self.cut_off.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.end - self.at)
    }
}
