//! Faulty sealers. They prove that each case can fail.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use hexdesk_domain::ports::{SecretPlace, SecretSealerError};
use hexdesk_domain::{SealedSecret, SecretSealer};

use super::{SEALER_CASES, SealerFixture};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    None,
    CutsLongSecrets,
    KeepsTheSecretReadable,
    SealsTheSameBytes,
    IgnoresTheShop,
    IgnoresTheTable,
    IgnoresTheRow,
    IgnoresTheTag,
    IgnoresBytesAtTheEnd,
    LastKeySeals,
    OnlyFirstKeyOpens,
    HidesTheUnknownKey,
    IgnoresTheKey,
    SealsWithoutAKey,
}

const FAULTS: [(&str, Fault); 13] = [
    ("SEAL-1", Fault::CutsLongSecrets),
    ("SEAL-2", Fault::KeepsTheSecretReadable),
    ("SEAL-2", Fault::SealsTheSameBytes),
    ("SEAL-3", Fault::IgnoresTheShop),
    ("SEAL-3", Fault::IgnoresTheTable),
    ("SEAL-3", Fault::IgnoresTheRow),
    ("SEAL-4", Fault::IgnoresTheTag),
    ("SEAL-4", Fault::IgnoresBytesAtTheEnd),
    ("SEAL-5", Fault::LastKeySeals),
    ("SEAL-5", Fault::OnlyFirstKeyOpens),
    ("SEAL-5", Fault::HidesTheUnknownKey),
    ("SEAL-6", Fault::IgnoresTheKey),
    ("SEAL-7", Fault::SealsWithoutAKey),
];

impl SealerFixture for Fault {
    fn with_keys(&self, keys: &[(u8, [u8; 32])]) -> anyhow::Result<Arc<dyn SecretSealer>> {
        Ok(Arc::new(Toy { fault: *self, keys: keys.to_vec(), sealed: AtomicU64::new(0) }))
    }
}

/// A sealer with the form of a real one and a checksum instead of a cipher. It protects nothing.
struct Toy {
    fault: Fault,
    keys: Vec<(u8, [u8; 32])>,
    sealed: AtomicU64,
}

/// The number of the key, and the nonce.
const HEAD: usize = 9;
const TAG: usize = 8;

impl Toy {
    fn hash(&self, key: &[u8; 32], parts: impl Hash) -> [u8; 8] {
        let mut hasher = DefaultHasher::new();
        if self.fault != Fault::IgnoresTheKey {
            key.hash(&mut hasher);
        }
        parts.hash(&mut hasher);
        hasher.finish().to_le_bytes()
    }

    fn mask(&self, key: &[u8; 32], nonce: &[u8], bytes: &[u8]) -> Vec<u8> {
        if self.fault == Fault::KeepsTheSecretReadable {
            return bytes.to_vec();
        }
        let blocks = bytes.chunks(8).enumerate();
        blocks
            .flat_map(|(index, block)| {
                let mask = self.hash(key, (nonce, index));
                block.iter().zip(mask).map(|(byte, mask)| byte ^ mask).collect::<Vec<_>>()
            })
            .collect()
    }

    fn tag(&self, key: &[u8; 32], place: SecretPlace, head: &[u8], secret: &[u8]) -> [u8; 8] {
        let shop = (self.fault != Fault::IgnoresTheShop).then_some(place.shop.get());
        let table = (self.fault != Fault::IgnoresTheTable).then_some(place.table);
        let row = (self.fault != Fault::IgnoresTheRow).then_some(place.row);
        self.hash(key, (shop, table, row, head, secret))
    }

    fn keys(&self) -> Vec<(u8, [u8; 32])> {
        match self.fault {
            Fault::SealsWithoutAKey if self.keys.is_empty() => vec![(1, [0; 32])],
            Fault::LastKeySeals => self.keys.iter().rev().copied().collect(),
            _ => self.keys.clone(),
        }
    }
}

impl SecretSealer for Toy {
    fn seal(&self, place: SecretPlace, secret: &[u8]) -> Result<SealedSecret, SecretSealerError> {
        let (number, key) = *self.keys().first().ok_or(SecretSealerError::KeyMissing)?;
        let secret = match self.fault {
            Fault::CutsLongSecrets => &secret[..secret.len().min(64)],
            _ => secret,
        };
        let count = match self.fault {
            Fault::SealsTheSameBytes => 0,
            _ => self.sealed.fetch_add(1, Ordering::Relaxed),
        };
        let mut sealed = vec![number];
        sealed.extend(count.to_le_bytes());
        let tag = self.tag(&key, place, &sealed, secret);
        let masked = self.mask(&key, &sealed[1..HEAD], secret);
        sealed.extend(tag);
        sealed.extend(masked);
        if self.fault == Fault::IgnoresBytesAtTheEnd {
            sealed.push(0);
        }
        Ok(SealedSecret(sealed))
    }

    fn open(&self, place: SecretPlace, sealed: &SealedSecret) -> Result<Vec<u8>, SecretSealerError> {
        let mut keys = self.keys();
        if keys.is_empty() {
            return Err(SecretSealerError::KeyMissing);
        }
        if self.fault == Fault::OnlyFirstKeyOpens {
            keys.truncate(1);
        }
        let bytes = match self.fault {
            Fault::IgnoresBytesAtTheEnd => {
                let end = sealed.0.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
                &sealed.0[..end]
            }
            _ => &sealed.0,
        };
        let (Some(head), Some(tag), Some(masked)) =
            (bytes.get(..HEAD), bytes.get(HEAD..HEAD + TAG), bytes.get(HEAD + TAG..))
        else {
            return Err(SecretSealerError::DoesNotOpen);
        };
        let (_, key) = *keys.iter().find(|(number, _)| *number == head[0]).ok_or(match self.fault {
            Fault::HidesTheUnknownKey => SecretSealerError::DoesNotOpen,
            _ => SecretSealerError::KeyUnknown(head[0]),
        })?;
        let secret = self.mask(&key, &head[1..], masked);
        if self.fault == Fault::IgnoresTheTag || self.tag(&key, place, head, &secret) == *tag {
            Ok(secret)
        } else {
            Err(SecretSealerError::DoesNotOpen)
        }
    }
}

mod faultless {
    crate::secret_sealer_contract!(super::Fault::None);
}

#[test]
fn every_fault_is_rejected_by_the_case_of_its_rule() {
    for (rule, fault) in FAULTS {
        let case = SEALER_CASES.iter().find(|case| case.rule == rule).unwrap();
        let failure = case.run(&fault).expect_err(&format!("{fault:?} passes")).to_string();
        assert!(failure.starts_with(&format!("{rule}: ")), "{failure}");
    }
    for case in SEALER_CASES {
        assert!(FAULTS.iter().any(|(rule, _)| *rule == case.rule), "{} has no fault", case.rule);
    }
}
