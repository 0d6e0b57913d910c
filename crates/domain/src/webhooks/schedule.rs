//! When failed deliveries are due again.

const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;

/// The delays after the first to the ninth failed attempt, in milliseconds: 75.6 hours together.
const DELAYS: [i64; 9] =
    [5 * SECOND, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR];

/// The longest delay that an endpoint can ask for, in milliseconds.
const MAX_RETRY_AFTER: i64 = 24 * HOUR;

/// The most by which a random number changes a delay, in parts per thousand.
const MAX_JITTER: i64 = 100;

/// Returns the delay after this many failed attempts of a delivery, in milliseconds. Returns `None` if
/// the delivery is given up.
///
/// `jitter` is a random number from −100 to 100: the change of the delay in parts per thousand.
/// `retry_after` is the delay that the endpoint asked for, in milliseconds. It only lengthens.
pub(super) fn delay(failed: u32, jitter: i64, retry_after: Option<i64>) -> Option<i64> {
    let index = usize::try_from(failed.checked_sub(1)?).ok()?;
    let delay = DELAYS.get(index)?;
    let changed = delay + delay / 1_000 * jitter.clamp(-MAX_JITTER, MAX_JITTER);
    Some(changed.max(retry_after.unwrap_or_default().min(MAX_RETRY_AFTER)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_attempts_take_75_hours() {
        let delays: Vec<i64> = (1..).map_while(|failed| delay(failed, 0, None)).collect();
        assert_eq!(delays.len(), 9);
        assert_eq!(delays[..3], [5_000, 300_000, 1_800_000]);
        assert_eq!(delays.iter().sum::<i64>(), 75 * HOUR + 35 * MINUTE + 5 * SECOND);
        assert_eq!((delay(0, 0, None), delay(10, 0, Some(HOUR))), (None, None));
    }

    #[test]
    fn a_delay_changes_by_a_tenth_at_most() {
        assert_eq!(delay(1, 100, None), Some(5_500));
        assert_eq!(delay(1, -100, None), Some(4_500));
        assert_eq!(delay(1, 5_000, None), Some(5_500));
        assert_eq!(delay(2, 1, None), Some(300_300));
    }

    #[test]
    fn an_endpoint_can_only_lengthen_a_delay() {
        assert_eq!(delay(1, 0, Some(4_000)), Some(5_000));
        assert_eq!(delay(1, 0, Some(60_000)), Some(60_000));
        assert_eq!(delay(1, 0, Some(i64::MAX)), Some(24 * HOUR));
        assert_eq!(delay(9, 100, Some(i64::MAX)), Some(24 * HOUR + 24 * HOUR / 10));
        assert_eq!(delay(1, 0, Some(-5)), Some(5_000));
    }
}
