//! The errors of the store.

use diesel::result::{DatabaseErrorKind, Error};

use crate::store::database::deadline;
use crate::store::database::health::{self, StorageFault};

/// An error of the store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// No such row, or it is outside the caller's scope.
    #[error("no such row")]
    NotFound,
    /// The version is stale, or a unique value is taken.
    #[error("stale version or value already taken")]
    Conflict,
    /// A row refers to one that does not exist, or is still referred to.
    #[error("a row refers to one that is not there")]
    Dangling,
    /// A connection or lock did not become free in time: try again (503).
    #[error("the database is busy")]
    Busy,
    /// The work passed its deadline and was stopped.
    #[error("the time for this work is over")]
    OutOfTime,
    /// The storage under the database is unusable until an operator intervenes (503). Holds the database's message.
    #[error("the storage of the database cannot be used: {0:?}: {1}")]
    Storage(StorageFault, String),
    /// The database does not answer or the connection was lost (503).
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// The configuration was rejected. The text names the setting and the remedy.
    #[error("{0}")]
    Refused(String),
    /// A stored value is not one the program writes. Reported instead of guessed.
    #[error("stored data is damaged: {0}")]
    Corrupt(String),
    /// Any other error of the database.
    #[error("database error: {0}")]
    Database(String),
}

impl From<Error> for StoreError {
    fn from(error: Error) -> Self {
        match error {
            Error::NotFound => Self::NotFound,
            Error::DatabaseError(kind, information) => from_database(&kind, information.message()),
            Error::DeserializationError(cause) => Self::Corrupt(cause.to_string()),
            Error::BrokenTransactionManager => Self::Unavailable("connection lost in a transaction".into()),
            Error::RollbackErrorOnCommit { commit_error, .. } => Self::from(*commit_error),
            other => Self::Database(other.to_string()),
        }
    }
}

impl From<diesel::ConnectionError> for StoreError {
    fn from(error: diesel::ConnectionError) -> Self {
        match error {
            diesel::ConnectionError::CouldntSetupConfiguration(cause) => Self::from(cause),
            other => Self::Unavailable(other.to_string()),
        }
    }
}

/// SQLite's message for deleting a row that is referred to under `ON DELETE RESTRICT`. diesel reports no kind for it.
const RESTRICTED: &str = "FOREIGN KEY constraint failed";

/// The message of the triggers that keep a service with an earlier sealing key from sealing (migration 26).
const OTHER_KEY: &str = "sealed with a key that is not in use";

fn from_database(kind: &DatabaseErrorKind, message: &str) -> StoreError {
    match kind {
        DatabaseErrorKind::UniqueViolation => StoreError::Conflict,
        DatabaseErrorKind::ForeignKeyViolation | DatabaseErrorKind::RestrictViolation => StoreError::Dangling,
        DatabaseErrorKind::SerializationFailure => StoreError::Busy,
        DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand => {
            StoreError::Unavailable(message.trim().to_owned())
        }
        // These messages quote column values and constraint names, so words in them must not be read as a server state.
        DatabaseErrorKind::NotNullViolation
        | DatabaseErrorKind::CheckViolation
        | DatabaseErrorKind::ExclusionViolation
        | DatabaseErrorKind::ReadOnlyTransaction => StoreError::Database(message.trim().to_owned()),
        _ => from_message(message.trim()),
    }
}

/// Classifies by text, because diesel hides the SQLSTATE. Sessions ask for English messages; the common Chinese ones
/// are recognised too, for servers that do not permit the change.
fn from_message(message: &str) -> StoreError {
    const BUSY: [&str; 9] = [
        "database is locked",
        "database table is locked",
        "lock timeout",
        "statement timeout",
        "deadlock detected",
        "could not obtain lock",
        "too many clients",
        "超时",
        "死锁",
    ];
    const AWAY: [&str; 8] = [
        "unable to open database file",
        "server closed the connection",
        "terminating connection",
        "no connection to the server",
        "connection not open",
        "the database system is",
        "idle-in-transaction",
        "SSL connection has been closed",
    ];
    let says = |word: &&str| message.contains(*word);
    if message == RESTRICTED {
        StoreError::Dangling
    } else if message.contains(deadline::OUT_OF_TIME) || (message.contains("statement timeout") && deadline::is_over())
    {
        StoreError::OutOfTime
    } else if let Some(fault) = StorageFault::in_message(message) {
        if fault == StorageFault::Damaged {
            health::met(message);
        }
        StoreError::Storage(fault, message.to_owned())
    } else if message.contains(OTHER_KEY) {
        StoreError::Unavailable(format!("{message}: restart the service with the new sealing key"))
    } else if BUSY.iter().any(says) {
        StoreError::Busy
    } else if AWAY.iter().any(says) {
        StoreError::Unavailable(message.to_owned())
    } else {
        StoreError::Database(message.to_owned())
    }
}
