//! What a store said of keys a moment ago.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use hexdesk_domain::{ApiKey, Shop, Timestamp};

use super::PresentedKey;

/// How long an answer serves.
const MAX_AGE: Duration = Duration::from_secs(5);
/// How many answers are kept.
const MAX_ENTRIES: usize = 10_000;

/// The keys that were let in of late. Holds hashes, no secrets.
#[derive(Debug, Default)]
pub(super) struct RecognisedKeys(Mutex<HashMap<PresentedKey, Recognised>>);

#[derive(Debug)]
struct Recognised {
    key: ApiKey,
    shop: Shop,
    /// When the store was asked, not when it answered: what happened in between may be
    /// missing from the answer.
    asked_at: Timestamp,
    kept_at: Instant,
}

impl RecognisedKeys {
    /// What the store said of this very key less than 5 s before `now`. Nothing from after
    /// `now` serves, nor what has been kept for longer than that: a clock that steps must not
    /// make an answer last.
    pub(super) fn find(&self, presented: &PresentedKey, now: Timestamp) -> Option<(ApiKey, Shop)> {
        let entries = self.entries();
        let entry = entries.get(presented)?;
        let age = u64::try_from(now.unix_millis() - entry.asked_at.unix_millis()).ok()?;
        let serves = Duration::from_millis(age).max(entry.kept_at.elapsed()) < MAX_AGE;
        serves.then(|| (entry.key.clone(), entry.shop.clone()))
    }

    /// Keeps what the store said of a key whose secret was right.
    pub(super) fn add(&self, presented: PresentedKey, key: ApiKey, shop: Shop, asked_at: Timestamp) {
        let mut entries = self.entries();
        if entries.len() >= MAX_ENTRIES {
            // All of them go at once: that costs the store one look-up for each key in
            // use, and keeping track of their order would cost every request.
            entries.clear();
        }
        entries.insert(presented, Recognised { key, shop, asked_at, kept_at: Instant::now() });
    }

    fn entries(&self) -> MutexGuard<'_, HashMap<PresentedKey, Recognised>> {
        // A panic cannot leave the map half-way through a change.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::KeyId;
    use hexdesk_domain::{KeyNumber, SecretHash, ShopDomain, ShopId};

    #[test]
    fn is_bounded() {
        let cache = RecognisedKeys::default();
        let now = Timestamp::MIN;
        let shop_id = ShopId::new(1).unwrap();
        let secret_hash = SecretHash([0; 32]);
        let shop = Shop {
            id: shop_id,
            domain: ShopDomain::parse("a.example").unwrap(),
            created_at: now,
            closed_at: None,
        };
        let add = |number| {
            let number = KeyNumber::new(number).unwrap();
            let key = ApiKey {
                shop_id,
                number,
                secret_hash,
                scopes: [].into(),
                user_id: None,
                created_at: now,
                expires_at: None,
                revoked_at: None,
            };
            let presented = PresentedKey::of(KeyId { shop: shop_id, number }, secret_hash);
            cache.add(presented.clone(), key, shop.clone(), now);
            presented
        };
        let count = i64::try_from(MAX_ENTRIES).unwrap() * 2 + 1;
        let last = (1..=count).map(add).last().unwrap();
        assert!(cache.entries().len() <= MAX_ENTRIES);
        assert!(cache.find(&last, now).is_some());
    }
}
