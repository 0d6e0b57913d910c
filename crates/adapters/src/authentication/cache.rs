//! A short-lived cache of the store's results for keys.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use hexdesk_domain::{ApiKey, Shop, Timestamp};

use super::PresentedKey;

/// The lifetime of an entry.
const MAX_AGE: Duration = Duration::from_secs(5);
/// The maximum number of entries.
const MAX_ENTRIES: usize = 10_000;

/// The recently accepted keys. Holds hashes, no secrets.
#[derive(Debug, Default)]
pub(super) struct RecognisedKeys(Mutex<HashMap<PresentedKey, Recognised>>);

#[derive(Debug)]
struct Recognised {
    key: ApiKey,
    shop: Shop,
    /// The time before the store was asked. The result may lack later changes.
    asked_at: Timestamp,
    kept_at: Instant,
}

impl RecognisedKeys {
    /// Returns the store's result for this key, if the store was asked less than 5 s before `now`.
    /// Ignores entries from after `now`, and entries kept for 5 s or longer: a clock that steps
    /// must not prolong an entry.
    pub(super) fn find(&self, presented: &PresentedKey, now: Timestamp) -> Option<(ApiKey, Shop)> {
        let entries = self.entries();
        let entry = entries.get(presented)?;
        let age = u64::try_from(now.unix_millis() - entry.asked_at.unix_millis()).ok()?;
        let serves = Duration::from_millis(age).max(entry.kept_at.elapsed()) < MAX_AGE;
        serves.then(|| (entry.key.clone(), entry.shop.clone()))
    }

    /// Adds the store's result for a key with the right secret.
    pub(super) fn add(&self, presented: PresentedKey, key: ApiKey, shop: Shop, asked_at: Timestamp) {
        let mut entries = self.entries();
        if entries.len() >= MAX_ENTRIES {
            // Removes all entries at once. That costs the store one lookup for each key in use.
            // Tracking their order would cost every request.
            entries.clear();
        }
        entries.insert(presented, Recognised { key, shop, asked_at, kept_at: Instant::now() });
    }

    fn entries(&self) -> MutexGuard<'_, HashMap<PresentedKey, Recognised>> {
        // A panic cannot leave the map inconsistent.
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
            reopen_on_reply: false,
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
