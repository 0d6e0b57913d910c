//! Values of settings. A refusal says what is accepted, with an example.

use std::net::SocketAddr;
use std::ops::RangeInclusive;

use hexdesk_domain::Timestamp;
use jiff::SignedDuration;

/// Returns a parser of whole numbers of `unit` in a range that ends below the maximum of `T`.
pub(crate) fn whole<T: TryFrom<u64>>(
    unit: &'static str,
    range: RangeInclusive<u64>,
    example: u64,
) -> impl Fn(&str) -> Result<T, String> + Clone + Send + Sync + 'static {
    move |text: &str| {
        let number = text.parse().ok().filter(|number| range.contains(number));
        number.and_then(|number| T::try_from(number).ok()).ok_or_else(|| {
            let (least, most) = (range.start(), range.end());
            format!("expected a whole number of {unit} from {least} to {most}, such as {example}")
        })
    }
}

/// Parses a duration. A day has 24 hours.
pub(crate) fn duration(text: &str) -> Result<SignedDuration, String> {
    let days = text.strip_suffix('d').and_then(|days| days.parse::<u16>().ok());
    let duration = match days {
        Some(days) => Some(SignedDuration::from_hours(24 * i64::from(days))),
        None => text.parse().ok(),
    };
    duration
        .filter(|duration| !duration.is_negative())
        .ok_or_else(|| "expected a number with a unit (s, m, h or d), such as 0s, 30m, 24h or 7d".to_owned())
}

/// Parses a time.
pub(crate) fn time(text: &str) -> Result<Timestamp, String> {
    Timestamp::parse(text).map_err(|_| {
        "expected a date such as 2027-01-31 (its midnight in UTC), or a date-time with an offset such as \
         2027-01-31T18:00:00Z or 2027-01-31T18:00:00+01:00"
            .to_owned()
    })
}

/// Parses an address to listen on.
pub(crate) fn listen_address(text: &str) -> Result<SocketAddr, &'static str> {
    text.parse()
        .map_err(|_| "must be an IP address and a port, like 127.0.0.1:8080, 0.0.0.0:8080 or [::1]:8080")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_a_unit() {
        for (text, seconds) in
            [("0s", 0), ("90s", 90), ("30m", 1_800), ("24h", 86_400), ("1h30m", 5_400), ("60d", 5_184_000)]
        {
            assert_eq!(duration(text), Ok(SignedDuration::from_secs(seconds)), "{text}");
        }
        for text in ["", "d", "90", "0", "-5m", "-1d", "1.5d", "1mo", "soon", "99999999999d"] {
            assert!(duration(text).unwrap_err().contains("7d"), "{text}");
        }
    }

    #[test]
    fn numbers_are_whole_and_in_their_range() {
        let days = whole::<u32>("days", 1..=36_500, 90);
        assert_eq!(days("36500"), Ok(36_500));
        for text in ["", "0", "36501", "-1", "1.5", "90d", " 1", "99999999999999999999"] {
            let expected = "expected a whole number of days from 1 to 36500, such as 90";
            assert_eq!(days(text).unwrap_err(), expected, "{text}");
        }
    }
}
