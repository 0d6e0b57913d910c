use super::attempt::{Attempt, NewAttempt};
use super::delivery::Settlement;
use super::schedule;
use super::webhook::{DisabledReason, Webhook};
use crate::{EventKind, Timestamp};

/// The failures in a row after which a webhook is probed.
const FAILURES_BEFORE_PROBES: u32 = 5;

/// The time between two probes, in milliseconds.
const PROBE_INTERVAL: i64 = 60 * 1_000;

/// The time of nothing but failures after which a webhook is disabled, in milliseconds.
const MAX_FAILING: i64 = 5 * 24 * 60 * 60 * 1_000;

/// The recent failures of a webhook, and its counters.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct WebhookHealth {
    /// The failed attempts since the last success.
    pub failures: u32,
    /// The time of the first of them.
    pub failing_since: Option<Timestamp>,
    /// When the next probe is due. Only after five failures in a row.
    pub next_probe: Option<Timestamp>,
    /// The number of its last attempt.
    pub last_attempt: i64,
    /// The number of its last claim.
    pub last_claim: i64,
}

impl WebhookHealth {
    /// Whether the webhook is probed: one delivery a minute is attempted, and all others wait. Between two
    /// probes nothing is planned either: the events wait in the log, so a failing endpoint costs nothing.
    pub const fn is_probing(&self) -> bool {
        self.failures >= FAILURES_BEFORE_PROBES
    }

    /// Whether an attempt may begin at `now`.
    pub fn allows_attempt(&self, now: Timestamp) -> bool {
        !self.is_probing() || self.next_probe.is_none_or(|probe| probe <= now)
    }

    /// The time from which a failed attempt disables the webhook. Only while it fails.
    pub fn disabled_from(&self) -> Option<Timestamp> {
        Some(self.failing_since?.saturating_add_millis(MAX_FAILING))
    }

    /// Returns the number of a claim at `now`. The next probe is due a minute later.
    pub fn next_claim(&mut self, now: Timestamp) -> i64 {
        if self.is_probing() {
            self.next_probe = Some(now.saturating_add_millis(PROBE_INTERVAL));
        }
        self.last_claim = self.last_claim.saturating_add(1);
        self.last_claim
    }

    /// The same without failures.
    pub(super) fn recovered(self) -> Self {
        Self { failures: 0, failing_since: None, next_probe: None, ..self }
    }
}

/// What happens to a delivery after an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AfterAttempt {
    /// It succeeded.
    Succeeded,
    /// It failed, and is due again at this time.
    Retry(Timestamp),
    /// Its last attempt failed.
    GivenUp,
}

impl AfterAttempt {
    /// When the delivery is due again.
    pub const fn next_due(self) -> Option<Timestamp> {
        match self {
            Self::Retry(due) => Some(due),
            Self::Succeeded | Self::GivenUp => None,
        }
    }
}

impl Webhook {
    /// Notes an attempt of a delivery of an event of this kind, which had `attempts` attempts before.
    /// Returns the attempt with its number. See [`Self::after_attempt`].
    pub fn settle(&mut self, settlement: &Settlement, kind: EventKind, attempts: u32) -> Attempt {
        let after = self.after_attempt(settlement, attempts);
        Attempt {
            number: self.health.last_attempt,
            position: Some(settlement.position),
            kind: Some(kind),
            of_delivery: attempts.saturating_add(1),
            made: settlement.attempt,
            next_due: after.next_due(),
        }
    }

    /// Notes a test, and returns it with its number (DELIVERY-16).
    pub const fn note_test(&mut self, made: NewAttempt) -> Attempt {
        self.health.last_attempt = self.health.last_attempt.saturating_add(1);
        Attempt {
            number: self.health.last_attempt,
            position: None,
            kind: None,
            of_delivery: 1,
            made,
            next_due: None,
        }
    }

    /// Notes an attempt of a delivery that had `attempts` attempts before. Returns what happens to the
    /// delivery. Five days of nothing but failures and the status 410 disable the webhook.
    pub fn after_attempt(&mut self, settlement: &Settlement, attempts: u32) -> AfterAttempt {
        let (end, result) = (settlement.attempt.end(), settlement.attempt.result);
        let health = &mut self.health;
        health.last_attempt = health.last_attempt.saturating_add(1);
        if result.is_success() {
            *health = health.recovered();
            return AfterAttempt::Succeeded;
        }
        health.failures = health.failures.saturating_add(1);
        health.failing_since.get_or_insert(end);
        if health.is_probing() {
            health.next_probe.get_or_insert(end.saturating_add_millis(PROBE_INTERVAL));
        }
        if result.is_gone() {
            self.disable(DisabledReason::Gone, end);
        } else if health.disabled_from().is_some_and(|from| from <= end) {
            self.disable(DisabledReason::Failing, end);
        }
        let delay =
            schedule::delay(attempts.saturating_add(1), settlement.jitter, settlement.retry_after_millis);
        delay.map_or(AfterAttempt::GivenUp, |delay| AfterAttempt::Retry(end.saturating_add_millis(delay)))
    }
}

#[cfg(test)]
mod tests {
    use super::super::attempt::{AttemptError, AttemptResult};
    use super::super::webhook::WebhookState;
    use super::*;
    use crate::{EventPosition, samples};

    const DAY: i64 = 24 * 60 * 60 * 1_000;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_unix_millis(millis).unwrap()
    }

    fn webhook() -> Webhook {
        Webhook { state: WebhookState::Enabled, health: WebhookHealth::default(), ..samples::webhook() }
    }

    fn attempt(time: i64, result: AttemptResult) -> Settlement {
        Settlement {
            position: EventPosition { change: 1, part: 0 },
            claim: 1,
            attempt: NewAttempt { time: at(time), duration_millis: 10, result },
            jitter: 0,
            retry_after_millis: None,
        }
    }

    const TIMEOUT: AttemptResult = AttemptResult::Error(AttemptError::Timeout);

    #[test]
    fn only_2xx_succeeds() {
        for (status, succeeds) in
            [(199, false), (200, true), (204, true), (299, true), (301, false), (500, false)]
        {
            let after = webhook().after_attempt(&attempt(0, AttemptResult::Status(status)), 0);
            assert_eq!(after == AfterAttempt::Succeeded, succeeds, "{status}");
        }
    }

    #[test]
    fn the_tenth_failure_gives_up() {
        let mut webhook = webhook();
        assert_eq!(webhook.after_attempt(&attempt(0, TIMEOUT), 0), AfterAttempt::Retry(at(5_010)));
        assert_eq!(webhook.after_attempt(&attempt(0, TIMEOUT), 8), AfterAttempt::Retry(at(DAY + 10)));
        assert_eq!(webhook.after_attempt(&attempt(0, TIMEOUT), 9), AfterAttempt::GivenUp);
        assert_eq!(webhook.health.last_attempt, 3);
    }

    #[test]
    fn five_failures_in_a_row_leave_one_probe_a_minute() {
        let mut webhook = webhook();
        for time in 0..4 {
            webhook.after_attempt(&attempt(time, TIMEOUT), 0);
        }
        assert_eq!(webhook.free_claims(3, at(20)), 5);
        webhook.after_attempt(&attempt(4, TIMEOUT), 0);
        assert_eq!(webhook.free_claims(0, at(60_013)), 0);
        assert_eq!((webhook.free_claims(0, at(60_014)), webhook.free_claims(1, at(60_014))), (1, 0));
        assert_eq!(webhook.health.next_claim(at(60_014)), 1);
        assert_eq!((webhook.free_claims(0, at(120_013)), webhook.free_claims(0, at(120_014))), (0, 1));
        // A failed probe does not move the next one.
        webhook.after_attempt(&attempt(80_000, TIMEOUT), 0);
        assert_eq!(webhook.free_claims(0, at(120_014)), 1);
        webhook.after_attempt(&attempt(120_014, AttemptResult::Status(200)), 0);
        assert_eq!((webhook.health.failures, webhook.free_claims(0, at(120_015))), (0, 8));
    }

    #[test]
    fn five_days_of_failures_disable() {
        let mut webhook = webhook();
        webhook.after_attempt(&attempt(0, TIMEOUT), 0);
        webhook.after_attempt(&attempt(5 * DAY - 1, TIMEOUT), 0);
        assert!(webhook.is_enabled());
        webhook.after_attempt(&attempt(5 * DAY, TIMEOUT), 0);
        let state = WebhookState::Disabled { reason: DisabledReason::Failing, at: at(5 * DAY + 10) };
        assert_eq!((webhook.state, webhook.free_claims(0, at(9 * DAY))), (state, 0));
        let version = webhook.version;
        webhook.after_attempt(&attempt(6 * DAY, AttemptResult::Status(410)), 0);
        assert_eq!((webhook.state, webhook.version), (state, version));
    }

    #[test]
    fn a_success_ends_the_days_of_failures() {
        let mut webhook = webhook();
        webhook.after_attempt(&attempt(0, TIMEOUT), 0);
        webhook.after_attempt(&attempt(DAY, AttemptResult::Status(200)), 0);
        webhook.after_attempt(&attempt(5 * DAY, TIMEOUT), 0);
        assert!(webhook.is_enabled());
    }

    #[test]
    fn gone_disables_and_keeps_the_delivery() {
        let mut webhook = webhook();
        let after = webhook.after_attempt(&attempt(0, AttemptResult::Status(410)), 0);
        assert_eq!(after, AfterAttempt::Retry(at(5_010)));
        assert_eq!(webhook.state, WebhookState::Disabled { reason: DisabledReason::Gone, at: at(10) });
    }
}
