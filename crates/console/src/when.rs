//! Times on pages: relative, with the exact time on hover.

use hexdesk_domain::Timestamp;

const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// A time as a page shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct When {
    /// `5 min`, `3 h`, `2 d`, `28 Apr`, or `28 Apr 2024`.
    pub(crate) short: String,
    /// `28 Apr 2026, 09:30 UTC`. The script shows it in the time zone of the browser.
    pub(crate) exact: String,
    /// `28 Apr 2026`.
    pub(crate) date: String,
    /// For programs, RFC 3339.
    pub(crate) machine: String,
}

impl When {
    /// Describes a time, as seen at `now`.
    pub(crate) fn new(time: Timestamp, now: Timestamp) -> Self {
        let machine = time.to_string();
        let (year, month, day) = (part(&machine, 0, 4), part(&machine, 5, 7), part(&machine, 8, 10));
        let month = month.parse::<usize>().ok().and_then(|month| MONTHS.get(month.wrapping_sub(1)));
        let date = format!("{} {}", day.trim_start_matches('0'), month.unwrap_or(&""));
        let exact = format!("{date} {year}, {} UTC", part(&machine, 11, 16));
        let ago = now.unix_millis().saturating_sub(time.unix_millis());
        let short = match ago {
            _ if ago < -MINUTE => format!("{date} {year}"),
            _ if ago < MINUTE => "now".to_owned(),
            _ if ago < HOUR => format!("{} min", ago / MINUTE),
            _ if ago < DAY => format!("{} h", ago / HOUR),
            _ if ago < 7 * DAY => format!("{} d", ago / DAY),
            _ if now.to_string().starts_with(year) => date.clone(),
            _ => format!("{date} {year}"),
        };
        let date = format!("{date} {year}");
        Self { short, exact, date, machine }
    }
}

fn part(text: &str, from: usize, until: usize) -> &str {
    text.get(from..until).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_short() {
        let now = Timestamp::parse("2026-11-30T12:00:00Z").unwrap();
        for (time, short) in [
            ("2026-11-30T12:00:30Z", "now"),
            ("2026-11-30T12:05:00Z", "30 Nov 2026"),
            ("2026-11-30T11:59:01Z", "now"),
            ("2026-11-30T11:59:00Z", "1 min"),
            ("2026-11-30T11:00:01Z", "59 min"),
            ("2026-11-30T11:00:00Z", "1 h"),
            ("2026-11-29T12:00:01Z", "23 h"),
            ("2026-11-29T12:00:00Z", "1 d"),
            ("2026-11-23T12:00:01Z", "6 d"),
            ("2026-11-23T12:00:00Z", "23 Nov"),
            ("2026-01-05T12:00:00Z", "5 Jan"),
            ("2025-12-31T12:00:00Z", "31 Dec 2025"),
        ] {
            assert_eq!(When::new(Timestamp::parse(time).unwrap(), now).short, short, "{time}");
        }
        let when = When::new(Timestamp::parse("2026-01-05T09:08:00.5Z").unwrap(), now);
        assert_eq!(
            (when.exact.as_str(), when.machine.as_str()),
            ("5 Jan 2026, 09:08 UTC", "2026-01-05T09:08:00.500Z")
        );
    }
}
