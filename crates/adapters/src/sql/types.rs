//! The SQL types that differ between the databases, and their Rust values.

#[cfg(feature = "postgres")]
use std::io::Write;

#[cfg(feature = "sqlite")]
use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
#[cfg(feature = "postgres")]
use diesel::pg::{Pg, PgValue};
use diesel::query_builder::QueryId;
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types::{BigInt, SqlType};
#[cfg(feature = "sqlite")]
use diesel::sqlite::Sqlite;
use hexdesk_domain::{RequestId, Timestamp, TimestampError};
use serde::{Deserialize, Serialize};

/// A point in time: `timestamptz` in PostgreSQL, milliseconds since 1970 in SQLite.
#[derive(Debug, Clone, Copy, SqlType, QueryId)]
#[cfg_attr(feature = "postgres", diesel(postgres_type(oid = 1184, array_oid = 1185)))]
#[cfg_attr(feature = "sqlite", diesel(sqlite_type(name = "Long")))]
pub struct Instant;

/// A list of texts: `jsonb` in PostgreSQL, JSON text in SQLite.
#[derive(Debug, Clone, Copy, SqlType, QueryId)]
#[cfg_attr(feature = "postgres", diesel(postgres_type(oid = 3802, array_oid = 3807)))]
#[cfg_attr(feature = "sqlite", diesel(sqlite_type(name = "Text")))]
pub struct TextList;

/// The id of a request: `uuid` in PostgreSQL, its 16 bytes in SQLite.
#[derive(Debug, Clone, Copy, SqlType, QueryId)]
#[cfg_attr(feature = "postgres", diesel(postgres_type(oid = 2950, array_oid = 2951)))]
#[cfg_attr(feature = "sqlite", diesel(sqlite_type(name = "Binary")))]
pub struct RequestUuid;

/// A [`Timestamp`] in a column of type [`Instant`].
///
/// Within JSON it is milliseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, AsExpression, FromSqlRow, Serialize, Deserialize)]
#[diesel(sql_type = Instant)]
#[serde(into = "i64", try_from = "i64")]
pub(crate) struct StoredTimestamp(pub(crate) Timestamp);

impl From<StoredTimestamp> for i64 {
    fn from(stored: StoredTimestamp) -> Self {
        stored.0.unix_millis()
    }
}

impl TryFrom<i64> for StoredTimestamp {
    type Error = TimestampError;

    fn try_from(millis: i64) -> Result<Self, Self::Error> {
        Timestamp::from_unix_millis(millis).map(Self)
    }
}

/// 2000-01-01T00:00:00Z, the epoch of PostgreSQL.
#[cfg(feature = "postgres")]
const POSTGRES_EPOCH_UNIX_MILLIS: i64 = 946_684_800_000;

#[cfg(feature = "postgres")]
impl ToSql<Instant, Pg> for StoredTimestamp {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        let micros = (self.0.unix_millis() - POSTGRES_EPOCH_UNIX_MILLIS) * 1_000;
        ToSql::<BigInt, Pg>::to_sql(&micros, &mut out.reborrow())
    }
}

#[cfg(feature = "postgres")]
impl FromSql<Instant, Pg> for StoredTimestamp {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        let micros: i64 = FromSql::<BigInt, Pg>::from_sql(value)?;
        let millis = micros.div_euclid(1_000).saturating_add(POSTGRES_EPOCH_UNIX_MILLIS);
        Ok(Self(Timestamp::from_unix_millis(millis)?))
    }
}

#[cfg(feature = "sqlite")]
impl ToSql<Instant, Sqlite> for StoredTimestamp {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(self.0.unix_millis());
        Ok(IsNull::No)
    }
}

#[cfg(feature = "sqlite")]
impl FromSql<Instant, Sqlite> for StoredTimestamp {
    fn from_sql(value: <Sqlite as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        let millis: i64 = FromSql::<BigInt, Sqlite>::from_sql(value)?;
        Ok(Self(Timestamp::from_unix_millis(millis)?))
    }
}

/// A [`RequestId`] in a column of type [`RequestUuid`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, AsExpression, FromSqlRow)]
#[diesel(sql_type = RequestUuid)]
pub(crate) struct StoredRequestId(pub(crate) RequestId);

#[cfg(feature = "postgres")]
impl ToSql<RequestUuid, Pg> for StoredRequestId {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        out.write_all(self.0.as_bytes())?;
        Ok(IsNull::No)
    }
}

#[cfg(feature = "postgres")]
impl FromSql<RequestUuid, Pg> for StoredRequestId {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        Ok(Self(RequestId::from_bytes(value.as_bytes().try_into()?)))
    }
}

#[cfg(feature = "sqlite")]
impl ToSql<RequestUuid, Sqlite> for StoredRequestId {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(self.0.as_bytes().as_slice());
        Ok(IsNull::No)
    }
}

#[cfg(feature = "sqlite")]
impl FromSql<RequestUuid, Sqlite> for StoredRequestId {
    fn from_sql(value: <Sqlite as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        let bytes: Vec<u8> = FromSql::<diesel::sql_types::Binary, Sqlite>::from_sql(value)?;
        Ok(Self(RequestId::from_bytes(bytes.as_slice().try_into()?)))
    }
}

/// Texts in a column of type [`TextList`].
#[derive(Debug, Clone, PartialEq, Eq, AsExpression, FromSqlRow, Serialize, Deserialize)]
#[diesel(sql_type = TextList)]
pub(crate) struct StoredTexts(pub(crate) Vec<String>);

#[cfg(feature = "postgres")]
impl ToSql<TextList, Pg> for StoredTexts {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        // The binary form of jsonb is its version, 1, and the text.
        out.write_all(&[1])?;
        serde_json::to_writer(out, &self.0)?;
        Ok(IsNull::No)
    }
}

#[cfg(feature = "postgres")]
impl FromSql<TextList, Pg> for StoredTexts {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        match value.as_bytes().split_first() {
            Some((1, text)) => Ok(Self(serde_json::from_slice(text)?)),
            _ => Err("not a jsonb of version 1".into()),
        }
    }
}

#[cfg(feature = "sqlite")]
impl ToSql<TextList, Sqlite> for StoredTexts {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(serde_json::to_string(&self.0)?);
        Ok(IsNull::No)
    }
}

#[cfg(feature = "sqlite")]
impl FromSql<TextList, Sqlite> for StoredTexts {
    fn from_sql(value: <Sqlite as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        let text: String = FromSql::<diesel::sql_types::Text, Sqlite>::from_sql(value)?;
        Ok(Self(serde_json::from_str(&text)?))
    }
}
