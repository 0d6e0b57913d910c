use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

use crate::Timestamp;

/// Failures of one account within the window, after which it is refused.
const MAX_FAILURES: usize = 10;
/// The window: 15 minutes.
const WINDOW_MILLIS: i64 = 15 * 60 * 1_000;
/// The accounts that are remembered. At 10 failures of each, the table has about 1 MB.
const MAX_ACCOUNTS: usize = 10_000;

/// The recent failures to sign in, by account. An account is a shop and an e-mail address, whether or
/// not they exist. The table is in memory and bounded. Above 10,000 accounts, it forgets the account
/// whose last failure is the oldest.
#[derive(Debug, Default)]
pub struct SignInFailures {
    accounts: HashMap<u64, Vec<Timestamp>>,
    hasher: RandomState,
}

/// The account had too many failures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many failures to sign in; try again at {retry_at}")]
pub struct TooManyFailures {
    /// The next time at which it may sign in.
    pub retry_at: Timestamp,
}

impl SignInFailures {
    /// Counts an attempt as failed until [`Self::succeeded`] is called. So attempts at the same time
    /// count, too.
    ///
    /// # Errors
    /// [`TooManyFailures`] if the account had 10 failures within 15 minutes. Such an attempt does not
    /// count.
    pub fn begin(&mut self, shop: &str, email: &str, now: Timestamp) -> Result<(), TooManyFailures> {
        let account = self.hasher.hash_one((shop, email));
        let ends = |failure: &Timestamp| failure.saturating_add_millis(WINDOW_MILLIS);
        if self.accounts.len() >= MAX_ACCOUNTS && !self.accounts.contains_key(&account) {
            self.accounts.retain(|_, failures| failures.last().is_some_and(|last| now < ends(last)));
            let oldest = self.accounts.iter().min_by_key(|(_, failures)| failures.last().copied());
            if self.accounts.len() >= MAX_ACCOUNTS
                && let Some(oldest) = oldest.map(|(account, _)| *account)
            {
                self.accounts.remove(&oldest);
            }
        }
        let failures = self.accounts.entry(account).or_default();
        failures.retain(|failure| now < ends(failure));
        match failures.first() {
            Some(first) if failures.len() >= MAX_FAILURES => Err(TooManyFailures { retry_at: ends(first) }),
            _ => {
                failures.push(now);
                Ok(())
            }
        }
    }

    /// Forgets the failures of the account.
    pub fn succeeded(&mut self, shop: &str, email: &str) {
        self.accounts.remove(&self.hasher.hash_one((shop, email)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> Timestamp {
        Timestamp::MIN.saturating_add_millis(minutes * 60 * 1_000)
    }

    #[test]
    fn ten_failures_in_fifteen_minutes_refuse_the_account() {
        let mut failures = SignInFailures::default();
        for minute in 0..10 {
            assert_eq!(failures.begin("a", "x", at(minute)), Ok(()));
        }
        assert_eq!(failures.begin("a", "x", at(14)), Err(TooManyFailures { retry_at: at(15) }));
        assert_eq!(failures.begin("b", "x", at(14)), Ok(()));
        assert_eq!(failures.begin("a", "y", at(14)), Ok(()));
        // The first failure is 15 minutes old, the second is not.
        assert_eq!(failures.begin("a", "x", at(15)), Ok(()));
        assert!(failures.begin("a", "x", at(15)).is_err());
        failures.succeeded("a", "x");
        assert_eq!(failures.begin("a", "x", at(15)), Ok(()));
    }

    #[test]
    fn the_table_is_bounded() {
        let mut failures = SignInFailures::default();
        for account in 0..MAX_ACCOUNTS + 5 {
            failures.begin("a", &account.to_string(), at(account as i64 / 1_000)).unwrap();
        }
        assert_eq!(failures.accounts.len(), MAX_ACCOUNTS);
        failures.begin("a", "last", at(100)).unwrap();
        assert_eq!(failures.accounts.len(), 1);
    }
}
