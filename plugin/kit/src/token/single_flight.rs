//! Single flight is a lease in storage. Who gets it asks the vendor and writes token and end of the lease in one step
//! that checks the lease; the others park on the lease and read again. A holder that dies holds nobody up for longer
//! than the lease lives, and one that comes back late finds its write refused.

use serde::{Deserialize, Serialize};

use super::Tokens;
use crate::{
    contract::{
        log,
        storage::{Outcome, StorageError, Version},
    },
    failure::Failure,
    store,
};

/// Life of the lease: longer than one request, so that it does not run out under a holder that is alive.
pub(super) const LEASE_MS: u64 = 10_000;
/// What is left of the call for its own work when waiting for somebody else's token ends.
const CALL_RESERVE_MS: u64 = 200;

/// The right to ask for a token. The holder's mark tells it its own lease when a write ended without an answer.
#[derive(Serialize, Deserialize)]
pub(super) struct TokenLease {
    pub(super) holder: String,
}

impl<F> Tokens<'_, F> {
    /// Parks until the holder is done or dead, as far as this call lasts.
    pub(super) fn park(&self, lease: Version) -> Result<(), Failure> {
        let left = self.platform.remaining().wall_ms.saturating_sub(CALL_RESERVE_MS).min(LEASE_MS);
        if left == 0 {
            return Err(busy());
        }
        self.platform.wait(&self.keys[2], Some(lease), u32::try_from(left).unwrap_or(u32::MAX))?;
        Ok(())
    }

    /// The lease's version, or nothing when somebody else was faster.
    pub(super) fn acquire(
        &self,
        holder: &str,
        [token, refusal]: [Option<Version>; 2],
    ) -> Result<Option<Version>, Failure> {
        let [token_key, refused_key, lease_key] = &self.keys;
        let ops = [
            store::check(token_key, token),
            store::check(refused_key, refusal),
            store::check(lease_key, None),
            store::put_for(lease_key, &TokenLease { holder: holder.to_owned() }, LEASE_MS),
        ];
        match self.platform.apply(&ops) {
            Ok(Outcome::Applied(versions)) => Ok(versions.first().copied()),
            // Unknown whether it was written: the next reading tells, by the holder's mark.
            Ok(Outcome::Conflict(_)) | Err(StorageError::Unavailable(true)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Gives the lease back early. When that fails it runs out by itself, so the failure is only worth a line.
    pub(super) fn release(&self, lease: Version) {
        let ops = [store::check(&self.keys[2], Some(lease)), store::delete(&self.keys[2])];
        if let Err(error) = self.platform.apply(&ops) {
            let failure = Failure::from(error);
            self.platform.log(
                log::Level::Warn,
                "the lease on the token was not given back and runs out by itself",
                &[("error", &failure.message.en)],
            );
        }
    }
}

pub(super) fn busy() -> Failure {
    let failure = failure! { Unavailable:
    "另一个调用正在获取访问凭证，未能及时完成", "another call is fetching the access token and did not finish in time";
    "正在获取访问凭证，请稍后重试", "the access token is being fetched: try again shortly" };
    failure.with_retry_after_ms(1_000)
}
