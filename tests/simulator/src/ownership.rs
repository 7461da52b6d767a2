//! The file by which a corp shows that a host is its own (fact sheet section 9.1).

use std::time::Duration;

use hyper::Method;

use crate::callback::{Address, CallbackError, Exchange, send};
use crate::control::Control;
use crate::secret::random_text;

/// Real time for the answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// A file that the console asks an administrator to put at the root of a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnershipFile {
    /// `WW_verify_` and 16 random letters and digits, `.txt`.
    pub name: String,
    /// What it must hold: the random part of its name.
    pub content: String,
}

impl Control {
    /// Issues a file, as the console does when a trusted domain is entered.
    pub fn ownership_file(&self) -> OwnershipFile {
        let content = random_text(&mut self.0.lock().random, 16);
        OwnershipFile { name: format!("WW_verify_{content}.txt"), content }
    }

    /// Looks for the file at the root of a host (`http://127.0.0.1:8080`), as the platform does: a redirect, another
    /// status or another content is a failure; white space around the content is none.
    ///
    /// # Errors
    /// The address is not http and loopback, or the file is not there.
    pub async fn check_ownership(&self, host: &str, file: &OwnershipFile) -> Result<(), CallbackError> {
        let url = format!("{}/{}", host.trim_end_matches('/'), file.name);
        match send(&Address::read(&url)?, (Method::GET, &[]), ("text/plain", ""), PATIENCE).await {
            Exchange::Answer { status: 200, body } if body.trim_ascii() == file.content.as_bytes() => Ok(()),
            Exchange::Answer { status: 200, .. } => Err(CallbackError::Check("the content is another one".to_owned())),
            Exchange::Answer { status, .. } => Err(CallbackError::Check(format!("it answered HTTP {status}"))),
            Exchange::TimedOut => Err(CallbackError::Check(format!("no answer within {PATIENCE:?}"))),
            Exchange::Failed(error) => Err(CallbackError::Check(error)),
        }
    }
}
