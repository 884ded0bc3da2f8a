//! What can go wrong between the house and its database.

use diesel::result::{DatabaseErrorKind, Error};

use crate::store::database::deadline;
use crate::store::database::health::{self, StorageFault};

/// Why the store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// No such row, or not in the caller's scope.
    #[error("no such row")]
    NotFound,
    /// Somebody else was first: the version is stale, or the value is taken.
    #[error("stale version or value already taken")]
    Conflict,
    /// A row names another that does not exist, or is still named by one.
    #[error("a row refers to one that is not there")]
    Dangling,
    /// Everything is taken and did not come free in time: try again (503).
    #[error("the database is busy")]
    Busy,
    /// The work went on beyond its deadline and was ended.
    #[error("the time for this work is over")]
    OutOfTime,
    /// The storage under the database cannot be used until an operator does something (503); with what was said of it.
    #[error("the storage of the database cannot be used: {0:?}: {1}")]
    Storage(StorageFault, String),
    /// The database does not answer or went away (503).
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// The settings cannot be accepted; the text says which and what to do.
    #[error("{0}")]
    Refused(String),
    /// A stored value cannot be what the program wrote: say so instead of guessing.
    #[error("stored data is damaged: {0}")]
    Corrupt(String),
    /// Anything else the database said.
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

/// What SQLite says of a row that another still names under `ON DELETE RESTRICT`; diesel gives that no kind.
const RESTRICTED: &str = "FOREIGN KEY constraint failed";

fn from_database(kind: &DatabaseErrorKind, message: &str) -> StoreError {
    match kind {
        DatabaseErrorKind::UniqueViolation => StoreError::Conflict,
        DatabaseErrorKind::ForeignKeyViolation | DatabaseErrorKind::RestrictViolation => StoreError::Dangling,
        DatabaseErrorKind::SerializationFailure => StoreError::Busy,
        DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand => {
            StoreError::Unavailable(message.trim().to_owned())
        }
        // Their text names what a row holds or a rule is called: a word in it says nothing of the server.
        DatabaseErrorKind::NotNullViolation
        | DatabaseErrorKind::CheckViolation
        | DatabaseErrorKind::ExclusionViolation
        | DatabaseErrorKind::ReadOnlyTransaction => StoreError::Database(message.trim().to_owned()),
        _ => from_message(message.trim()),
    }
}

/// diesel hides the SQLSTATE, so the text decides. Sessions ask for English messages; a server that does not grant it
/// and speaks Chinese is understood too.
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
    } else if BUSY.iter().any(says) {
        StoreError::Busy
    } else if AWAY.iter().any(says) {
        StoreError::Unavailable(message.to_owned())
    } else {
        StoreError::Database(message.to_owned())
    }
}
