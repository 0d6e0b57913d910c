//! Points in time, in milliseconds. Every store keeps this precision.

use jiff::civil::DateTime;
use jiff::fmt::temporal::Pieces;
use jiff::{SignedDuration, civil};

/// A point in time in whole milliseconds, from the year 0001 to the end of 9999 (UTC).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// The text or number is not a valid [`Timestamp`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an ISO 8601 date-time with an offset, nor a bare date, of the years 0001 to 9999")]
pub struct TimestampError;

const UNIX_EPOCH: DateTime = civil::datetime(1970, 1, 1, 0, 0, 0, 0);

impl Timestamp {
    /// 0001-01-01T00:00:00.000Z.
    pub const MIN: Self = Self(-62_135_596_800_000);
    /// 1970-01-01T00:00:00.000Z.
    pub const EPOCH: Self = Self(0);
    /// 9999-12-31T23:59:59.999Z.
    pub const MAX: Self = Self(253_402_300_799_999);

    /// Returns the point this many milliseconds after 1970-01-01T00:00:00Z.
    ///
    /// # Errors
    /// [`TimestampError`] outside [`Self::MIN`] to [`Self::MAX`].
    pub const fn from_unix_millis(millis: i64) -> Result<Self, TimestampError> {
        if millis >= Self::MIN.0 && millis <= Self::MAX.0 { Ok(Self(millis)) } else { Err(TimestampError) }
    }

    /// Returns the milliseconds since 1970-01-01T00:00:00Z.
    pub const fn unix_millis(self) -> i64 {
        self.0
    }

    /// Returns the point `millis` later, limited to [`Self::MIN`] and [`Self::MAX`].
    pub fn saturating_add_millis(self, millis: i64) -> Self {
        Self(self.0.saturating_add(millis).clamp(Self::MIN.0, Self::MAX.0))
    }

    /// Reads an ISO 8601 date-time with an offset, or a bare date as its midnight in UTC.
    /// Fractions of a millisecond are cut.
    ///
    /// # Errors
    /// [`TimestampError`] for any other text, for days that do not exist, and for years
    /// outside 0001 to 9999.
    pub fn parse(text: &str) -> Result<Self, TimestampError> {
        let pieces = Pieces::parse(text).map_err(|_| TimestampError)?;
        if pieces.time_zone_annotation().is_some() {
            return Err(TimestampError);
        }
        let offset_seconds = match (pieces.time(), pieces.to_numeric_offset()) {
            (Some(_), Some(offset)) => i64::from(offset.seconds()),
            (None, None) => 0,
            _ => return Err(TimestampError),
        };
        let local = DateTime::from_parts(pieces.date(), pieces.time().unwrap_or(civil::Time::midnight()));
        let since_epoch = local.duration_since(UNIX_EPOCH) - SignedDuration::from_secs(offset_seconds);
        // Rounds down, so that cutting never moves a time before 1970 forward.
        let millis = since_epoch.as_nanos().div_euclid(1_000_000);
        i64::try_from(millis).map_err(|_| TimestampError).and_then(Self::from_unix_millis)
    }
}

impl std::fmt::Display for Timestamp {
    /// RFC 3339 in UTC with milliseconds: `2026-04-28T00:00:00.000Z`.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let point =
            UNIX_EPOCH.checked_add(SignedDuration::from_millis(self.0)).map_err(|_| std::fmt::Error)?;
        write!(formatter, "{point:.3}Z")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Option<String> {
        Timestamp::parse(text).ok().map(|timestamp| timestamp.to_string())
    }

    #[test]
    fn reads_offsets_and_bare_dates() {
        for (text, expected) in [
            ("2026-04-28T00:00:00.000Z", "2026-04-28T00:00:00.000Z"),
            ("2026-04-28T02:30:00+02:00", "2026-04-28T00:30:00.000Z"),
            ("2026-04-28T02:30:00-05", "2026-04-28T07:30:00.000Z"),
            ("2026-04-28t00:00:00z", "2026-04-28T00:00:00.000Z"),
            ("2026-04-28T00:00Z", "2026-04-28T00:00:00.000Z"),
            ("20260428T000000Z", "2026-04-28T00:00:00.000Z"),
            ("2026-04-28", "2026-04-28T00:00:00.000Z"),
            ("0001-01-01", "0001-01-01T00:00:00.000Z"),
            ("9999-12-31", "9999-12-31T00:00:00.000Z"),
            ("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999Z"),
            ("2024-02-29T12:00:00.123999Z", "2024-02-29T12:00:00.123Z"),
            ("1969-12-31T23:59:59.9999Z", "1969-12-31T23:59:59.999Z"),
        ] {
            assert_eq!(shown(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn refuses_invalid_times() {
        for text in [
            "",
            " ",
            "yesterday",
            "2026-02-30",
            "2026-02-29T00:00:00Z",
            "2026-13-01",
            "2026-01-05T10:00:00",
            "2026-01-05 ",
            "10000-01-01",
            "+010000-01-01",
            "-000001-01-01",
            "0000-12-31",
            "0001-01-01T00:00:00+01:00",
            "9999-12-31T23:59:59-01:00",
            "2026-01-05T10:00:00[Europe/Paris]",
            "2026-01-05T10:00:00+01:00[Europe/Paris]",
            "2026-01-05T25:00:00Z",
            "1767607200",
            "2026-01-05+02:00",
        ] {
            assert_eq!(shown(text), None, "{text}");
        }
    }

    #[test]
    fn holds_its_bounds() {
        assert_eq!(Timestamp::MIN.to_string(), "0001-01-01T00:00:00.000Z");
        assert_eq!(Timestamp::MAX.to_string(), "9999-12-31T23:59:59.999Z");
        assert_eq!(Timestamp::from_unix_millis(Timestamp::MAX.unix_millis() + 1), Err(TimestampError));
        assert_eq!(Timestamp::MAX.saturating_add_millis(1), Timestamp::MAX);
    }
}
