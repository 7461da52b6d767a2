//! Bodies of requests: how large, how long they may take, and how much of them a host holds at a time. Nothing is read before the
//! request has a place.

use std::{sync::Arc, time::Duration};

use axum::body::{Body, Bytes, to_bytes};
use http_body_util::BodyExt as _;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

/// Bytes of all bodies that a host holds at a time.
const ALL: usize = 128 << 20;
/// The most bytes of a form.
pub const MAX_FORM: usize = 64 << 10;
/// What one permit stands for.
const UNIT: usize = 1 << 10;
/// How long a body may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Room for bodies.
pub struct Bodies(Arc<Semaphore>);

impl Default for Bodies {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(ALL / UNIT)))
    }
}

/// A body, and its room until it is dropped.
pub struct Held {
    /// What was sent.
    pub bytes: Bytes,
    _room: OwnedSemaphorePermit,
}

/// Why a body was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyError {
    /// It is larger than it may be.
    TooLarge,
    /// Others have the room.
    NoRoom,
    /// It took too long, or broke off.
    Incomplete,
}

impl Bodies {
    /// Reads a body of at most so many bytes.
    ///
    /// # Errors
    /// As [`BodyError`] says.
    pub async fn read(&self, body: Body, most: usize) -> Result<Held, BodyError> {
        let size = axum::body::HttpBody::size_hint(&body);
        if size.lower() > most as u64 {
            // Whoever is still sending reads no answer.
            let _ = timeout(PATIENCE, pass_over(body, most)).await;
            return Err(BodyError::TooLarge);
        }
        let length = size.exact().and_then(|length| usize::try_from(length).ok()).unwrap_or(most);
        let units = u32::try_from(length.div_ceil(UNIT)).map_err(|_| BodyError::TooLarge)?;
        let room = Arc::clone(&self.0).try_acquire_many_owned(units).map_err(|_| BodyError::NoRoom)?;
        match timeout(PATIENCE, to_bytes(body, most)).await {
            Ok(Ok(bytes)) => Ok(Held { bytes, _room: room }),
            // Without a length only reading tells.
            Ok(Err(error)) if is_too_large(&error) => Err(BodyError::TooLarge),
            Ok(Err(_)) | Err(_) => Err(BodyError::Incomplete),
        }
    }
}

/// Lets a body go by that is somewhat too large.
async fn pass_over(mut body: Body, most: usize) {
    let mut passed = 0;
    while let Some(Ok(frame)) = body.frame().await {
        passed += frame.data_ref().map_or(0, Bytes::len);
        if passed > 2 * most {
            return;
        }
    }
}

fn is_too_large(error: &axum::Error) -> bool {
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    while let Some(error) = cause {
        if error.is::<http_body_util::LengthLimitError>() {
            return true;
        }
        cause = error.source();
    }
    false
}

#[cfg(test)]
mod tests {
    use futures_util::stream;

    use super::*;

    #[tokio::test]
    async fn a_body_has_its_room_or_is_not_read() {
        let bodies = Bodies(Arc::new(Semaphore::new(4)));
        let chunked = |bytes: &'static [u8]| Body::from_stream(stream::iter([Ok::<_, std::io::Error>(bytes)]));
        let read = bodies.read(Body::from("abc"), 3).await.unwrap();
        assert_eq!(&read.bytes[..], b"abc");
        assert_eq!(bodies.read(Body::from("abcd"), 3).await.err(), Some(BodyError::TooLarge));
        assert_eq!(bodies.read(chunked(b"abcd"), 3).await.err(), Some(BodyError::TooLarge));
        assert_eq!(&bodies.read(chunked(b"abc"), 3).await.unwrap().bytes[..], b"abc");
        let three = bodies.read(Body::from(vec![0; 3 * UNIT]), 4 * UNIT).await.unwrap();
        assert_eq!(bodies.read(Body::from("d"), 3).await.err(), Some(BodyError::NoRoom));
        drop(three);
        assert!(bodies.read(Body::from("d"), 3).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_does_not_come_is_not_waited_for() {
        let silent = Body::from_stream(stream::pending::<Result<Bytes, std::io::Error>>());
        assert_eq!(Bodies::default().read(silent, 3).await.err(), Some(BodyError::Incomplete));
    }
}
