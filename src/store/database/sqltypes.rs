//! SQL types that exist on both databases, and their Rust types: an instant, and a distinct type for each kind of id,
//! so that ids cannot be mixed up.

use chrono::{DateTime, SecondsFormat, Utc};
use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::pg::Pg;
use diesel::query_builder::QueryId;
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types::{self as st, HasSqlType, SqlType};
use diesel::sqlite::Sqlite;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::db::MultiBackend;

/// `uuid` on PostgreSQL, hyphenated text on SQLite.
#[derive(Debug, Clone, Copy, Default, SqlType, QueryId)]
#[diesel(postgres_type(oid = 2950, array_oid = 2951))]
#[diesel(sqlite_type(name = "Text"))]
pub struct UuidT;

/// `timestamptz` on PostgreSQL. On SQLite, RFC 3339 text in UTC with six decimals, whose text order is the order in
/// time.
#[derive(Debug, Clone, Copy, Default, SqlType, QueryId)]
#[diesel(postgres_type(oid = 1184, array_oid = 1185))]
#[diesel(sqlite_type(name = "Text"))]
pub struct TsT;

impl st::SqlOrd for UuidT {}
impl st::SqlOrd for TsT {}

macro_rules! on_both_databases {
    ($sql_type:ident) => {
        impl HasSqlType<$sql_type> for MultiBackend {
            fn metadata(lookup: &mut Self::MetadataLookup) -> Self::TypeMetadata {
                MultiBackend::lookup_sql_type::<$sql_type>(lookup)
            }
        }
    };
}
on_both_databases!(UuidT);
on_both_databases!(TsT);

/// Implements a column of `$sql_type` for `$rust($inner)`: PostgreSQL delegates to diesel's own `$pg`, SQLite stores
/// text.
macro_rules! column_type {
    ($sql_type:ident, $rust:ident, $inner:ty, $pg:ty, $read:expr, $show:expr) => {
        impl FromSql<$sql_type, Pg> for $rust {
            fn from_sql(bytes: <Pg as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
                <$inner as FromSql<$pg, Pg>>::from_sql(bytes).map($rust)
            }
        }

        impl ToSql<$sql_type, Pg> for $rust {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
                <$inner as ToSql<$pg, Pg>>::to_sql(&self.0, out)
            }
        }

        impl FromSql<$sql_type, Sqlite> for $rust {
            fn from_sql(bytes: <Sqlite as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
                let text = <String as FromSql<st::Text, Sqlite>>::from_sql(bytes)?;
                let read: fn(&str) -> deserialize::Result<$inner> = $read;
                read(&text).map($rust)
            }
        }

        impl ToSql<$sql_type, Sqlite> for $rust {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
                let show: fn(&$inner) -> String = $show;
                out.set_value(show(&self.0));
                Ok(IsNull::No)
            }
        }

        impl FromSql<$sql_type, MultiBackend> for $rust {
            fn from_sql(bytes: <MultiBackend as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
                bytes.from_sql::<$rust, $sql_type>()
            }
        }

        impl ToSql<$sql_type, MultiBackend> for $rust {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, MultiBackend>) -> serialize::Result {
                out.set_value(($sql_type, self));
                Ok(IsNull::No)
            }
        }

        impl From<$inner> for $rust {
            fn from(value: $inner) -> Self {
                Self(value)
            }
        }

        impl From<$rust> for $inner {
            fn from(value: $rust) -> Self {
                value.0
            }
        }

        impl std::ops::Deref for $rust {
            type Target = $inner;
            fn deref(&self) -> &$inner {
                &self.0
            }
        }

        impl std::fmt::Display for $rust {
            fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                let show: fn(&$inner) -> String = $show;
                out.write_str(&show(&self.0))
            }
        }
    };
}

/// An instant in UTC, to the microsecond (see [`crate::store::now`]).
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    AsExpression,
    FromSqlRow,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
)]
#[diesel(sql_type = TsT)]
#[serde(transparent)]
#[schema(value_type = String, format = DateTime)]
pub struct Ts(pub DateTime<Utc>);

column_type!(
    TsT,
    Ts,
    DateTime<Utc>,
    st::Timestamptz,
    |text| Ok(DateTime::parse_from_rfc3339(text)?.with_timezone(&Utc)),
    |instant| instant.to_rfc3339_opts(SecondsFormat::Micros, true)
);

macro_rules! id_types {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => { $(
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, AsExpression, FromSqlRow, Serialize, Deserialize,
            utoipa::ToSchema,
        )]
        #[diesel(sql_type = UuidT)]
        #[serde(transparent)]
        #[schema(value_type = String, format = Uuid)]
        pub struct $name(pub Uuid);

        impl $name {
            /// A new id. Ids created later sort later (UUID version 7).
            #[must_use]
            #[expect(clippy::new_without_default, reason = "a default would not be the same twice")]
            pub fn new() -> Self {
                Self(Uuid::now_v7())
            }
        }

        column_type!(
            UuidT,
            $name,
            Uuid,
            st::Uuid,
            |text| Ok(Uuid::parse_str(text)?),
            |id| id.hyphenated().to_string()
        );

        impl std::str::FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(text).map(Self)
            }
        }
    )* };
}

id_types!(
    /// Id of an organ.
    OrganId,
    /// Id of a department.
    DepartmentId,
    /// Id of a user.
    UserId,
    /// Id of an applicant.
    ApplicantId,
    /// Id of an earlier record of an applicant.
    ApplicantVersionId,
    /// Id of a case.
    CaseId,
    /// Id of an obligation.
    ObligationId,
    /// Id of an outgoing mail.
    OutboxId,
    /// Id of a refresh token.
    TokenId,
    /// Id of a login, shared by all refresh tokens that came from it.
    FamilyId,
    /// Id of an entry of the audit log.
    AuditId,
    /// Id of a 督办单.
    OrderId,
    /// Id of an import of a ledger.
    ImportId,
);
