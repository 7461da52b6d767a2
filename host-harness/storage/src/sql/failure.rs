//! What an error of the database means for the caller.

use std::time::Duration;

use super::super::{OpenError, StorageError};

/// The kinds of failure that make a difference to somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Another writer came in between, and the database undid this transaction: it may be tried again at once.
    Raced,
    /// Another writer is in the way for longer than the busy timeout.
    Locked,
    Full,
    ReadOnly,
    /// The server at the other end reads only: a standby, before or after another one took over. A connection that is
    /// made anew may lead to the one that writes.
    Standby,
    NotADatabase,
    Damaged,
    /// The connection or the operating system failed in the middle of something.
    Lost,
    Closed,
    /// No thread or connection is free, or the queue of writers is too long.
    Busy,
    /// The database does not let this program in, or not do what it needs to.
    Denied,
    /// There is no such database, or no schema in it to make tables in.
    Missing,
    Other,
}

/// Why a transaction did not come to its end.
#[derive(Debug)]
pub(super) enum SqlFailure {
    /// The call was refused.
    Call(StorageError),
    /// The database failed.
    Database { kind: Kind, message: String },
}

impl From<StorageError> for SqlFailure {
    fn from(error: StorageError) -> Self {
        Self::Call(error)
    }
}

impl SqlFailure {
    /// The database failed in this way.
    pub(super) fn database(kind: Kind, message: impl Into<String>) -> Self {
        Self::Database { kind, message: message.into() }
    }

    /// Something was found where a count stands.
    pub(super) fn damaged(found: impl std::fmt::Display) -> Self {
        StorageError::Other(format!("the database is damaged: found {found} where a count stands")).into()
    }

    /// A step did not end within its time.
    pub(super) fn silent(limit: Duration) -> Self {
        Self::Database { kind: Kind::Lost, message: format!("no answer within {} s", limit.as_secs_f64()) }
    }

    /// The same with what to do about it, where somebody knows.
    pub(super) fn advised(self, advice: impl FnOnce(&str) -> Option<&'static str>) -> Self {
        match self {
            Self::Database { kind, message } => match advice(&message) {
                Some(advice) => Self::Database { kind, message: format!("{message}; {advice}") },
                None => Self::Database { kind, message },
            },
            other => other,
        }
    }

    /// Whether it is the connection that failed: nobody knows what it holds now, or it leads to the wrong server.
    pub(super) fn is_of_connection(&self) -> bool {
        matches!(self, Self::Database { kind: Kind::Lost | Kind::Standby | Kind::Closed, .. })
    }

    /// Others made the same thing at the same moment, over and over.
    pub(super) fn raced(message: &str) -> Self {
        Self::Database { kind: Kind::Raced, message: message.to_owned() }
    }

    /// Whether nothing was changed and the same may work at once: after a lost race, and with another connection. A
    /// connection that is lost during a commit is another matter, see [`SqlFailure::of_commit`].
    pub(super) fn may_be_repeated(&self) -> bool {
        matches!(self, Self::Database { kind: Kind::Raced | Kind::Lost | Kind::Standby, .. })
    }

    /// A failure of a commit. Only when nobody said how it ended is that left open.
    pub(super) fn of_commit(self) -> Self {
        match self {
            Self::Database { kind: Kind::Lost, message } => {
                let message = format!("the database was lost during a commit: {message}");
                StorageError::Unavailable { maybe_applied: true, message }.into()
            }
            other => other,
        }
    }

    /// A failure while a store is opened that stands at this place.
    pub(super) fn of_open(self, place: &str) -> OpenError {
        let place = place.to_owned();
        match self {
            Self::Call(error) => OpenError::Database { place, message: error.to_string() },
            Self::Database { kind, message } => match kind {
                Kind::Locked | Kind::Raced => OpenError::Locked { place },
                Kind::Full => OpenError::DiskFull { place },
                Kind::ReadOnly | Kind::Standby => OpenError::ReadOnly { place },
                Kind::NotADatabase => OpenError::NotADatabase { place },
                Kind::Denied => OpenError::Denied { place, message },
                Kind::Missing => OpenError::Missing { place, message },
                Kind::Lost | Kind::Busy => OpenError::Unreachable { place, message },
                Kind::Damaged | Kind::Closed | Kind::Other => OpenError::Database { place, message },
            },
        }
    }
}

/// A failure after which nothing is changed.
impl From<SqlFailure> for StorageError {
    fn from(failure: SqlFailure) -> Self {
        let (kind, message) = match failure {
            SqlFailure::Call(error) => return error,
            SqlFailure::Database { kind, message } => (kind, message),
        };
        match kind {
            Kind::Raced => Self::unavailable("other writers keep coming first; try again"),
            Kind::Locked => Self::unavailable("another writer keeps the database locked; try again"),
            Kind::Full => Self::unavailable("the disk that holds the database is full; free some space"),
            Kind::Lost => Self::unavailable(format!("the database cannot be reached: {message}")),
            Kind::Standby => Self::unavailable(
                "the database server takes no writes: it is a standby, or its operator has made it read-only; try again",
            ),
            Kind::Closed => Self::unavailable("the store is closed"),
            Kind::Busy => Self::unavailable(
                "no thread or connection for the database came free in time: it is overloaded or cannot be reached; try \
                 again",
            ),
            Kind::ReadOnly => Self::Other("the database has become read-only".into()),
            Kind::Damaged | Kind::NotADatabase => {
                Self::Other(format!("the database is damaged; restore it from a copy: {message}"))
            }
            Kind::Denied | Kind::Missing | Kind::Other => Self::Other(message),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_lost_connection_leaves_a_commit_in_doubt() {
        use Kind::*;
        let refused = [Full, ReadOnly, NotADatabase, Damaged, Closed, Busy, Denied, Missing, Other, Locked];
        for kind in [Raced, Lost, Standby].into_iter().chain(refused) {
            let failure = SqlFailure::Database { kind, message: String::new() }.of_commit();
            let repeated = failure.may_be_repeated();
            let doubtful = matches!(failure.into(), StorageError::Unavailable { maybe_applied: true, .. });
            assert_eq!((doubtful, repeated), (kind == Lost, matches!(kind, Raced | Standby)), "{kind:?}");
        }
    }
}
