//! Limits of keys that are created with another key: they never exceed the rights of that key.

use std::collections::BTreeSet;

use crate::limits::MAX_KEY_OVERLAP_SECONDS;
use crate::{ApiKey, Field, Rule, Scope, Timestamp, UserId, Violation, Violations};

/// A new key, as requested with another key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ApiKeyDraft {
    /// The names of its scopes: required, at least one.
    pub scopes: Option<Vec<String>>,
    /// The user in whose name it writes. Default: the user of the caller's key.
    pub user_id: Option<UserId>,
    /// When it expires; in the future. Default: the expiry of the caller's key.
    pub expires_at: Option<Timestamp>,
}

/// The rotation of a key, as requested with a key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RotationDraft {
    /// As in [`ApiKeyDraft`], for the new key.
    pub expires_at: Option<Timestamp>,
    /// How long the old key keeps working: 0 to [`MAX_KEY_OVERLAP_SECONDS`]. Default: a day.
    pub overlap_seconds: Option<i64>,
}

/// A right that a key was asked to grant or to take away, and does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Excess {
    /// A scope.
    #[error("it lacks the scope {0}")]
    Scope(Scope),
    /// Writing in this name. The key itself writes in another user's name.
    #[error("it writes in another user's name")]
    User,
    /// Time. The key itself expires earlier.
    #[error("it expires earlier")]
    Expiry,
}

impl ApiKeyDraft {
    /// Returns every violation of the draft at this time, in the order of [`Field`].
    pub fn violations(&self, now: Timestamp) -> Vec<Violation> {
        self.checked_scopes(now).err().map(Into::into).unwrap_or_default()
    }

    /// Returns the scopes.
    ///
    /// # Errors
    /// The violations that [`ApiKeyDraft::violations`] returns.
    pub(crate) fn checked_scopes(&self, now: Timestamp) -> Result<BTreeSet<Scope>, Violations> {
        let mut violations = Vec::new();
        let mut scopes = BTreeSet::new();
        for (index, name) in self.scopes.iter().flatten().enumerate() {
            match name.parse() {
                Ok(scope) => {
                    scopes.insert(scope);
                }
                Err(_) => {
                    violations.push(Violation {
                        field: Field::Scopes,
                        index: Some(index),
                        rule: Rule::Scope,
                    });
                }
            }
        }
        if self.scopes.iter().flatten().next().is_none() {
            violations.push(Violation { field: Field::Scopes, index: None, rule: Rule::Required });
        }
        violations.extend(past_expiry(self.expires_at, now));
        Violations::none_of(violations).map(|()| scopes)
    }
}

impl RotationDraft {
    /// Returns every violation of the draft at this time, in the order of [`Field`].
    pub fn violations(&self, now: Timestamp) -> Vec<Violation> {
        self.check(now).err().map(Into::into).unwrap_or_default()
    }

    pub(crate) fn check(&self, now: Timestamp) -> Result<(), Violations> {
        let mut violations: Vec<Violation> = past_expiry(self.expires_at, now).into_iter().collect();
        let range = 0..=MAX_KEY_OVERLAP_SECONDS;
        if self.overlap_seconds.is_some_and(|seconds| !range.contains(&seconds)) {
            violations.push(Violation {
                field: Field::OverlapSeconds,
                index: None,
                rule: Rule::Range(0, MAX_KEY_OVERLAP_SECONDS),
            });
        }
        Violations::none_of(violations)
    }
}

fn past_expiry(expires_at: Option<Timestamp>, now: Timestamp) -> Option<Violation> {
    expires_at.filter(|end| *end <= now).map(|_| Violation {
        field: Field::ExpiresAt,
        index: None,
        rule: Rule::InTheFuture,
    })
}

/// The rights of a caller who manages keys.
#[derive(Debug, Clone)]
pub(crate) struct Rights {
    pub(crate) scopes: BTreeSet<Scope>,
    /// The only user that the caller may name. `None` may name any user.
    pub(crate) user_id: Option<UserId>,
    pub(crate) expires_at: Option<Timestamp>,
}

impl From<ApiKey> for Rights {
    fn from(key: ApiKey) -> Self {
        let ApiKey { scopes, user_id, expires_at, .. } = key;
        Self { scopes, user_id, expires_at }
    }
}

impl Rights {
    /// Returns the first of scopes, user and expiry that exceeds these rights. The caller may neither
    /// create nor revoke a key with them.
    pub(crate) fn excess(
        &self,
        scopes: &BTreeSet<Scope>,
        user_id: Option<UserId>,
        expires_at: Option<Timestamp>,
    ) -> Option<Excess> {
        if let Some(scope) = scopes.difference(&self.scopes).next() {
            return Some(Excess::Scope(*scope));
        }
        // A key without a user may name any user. A user's key may only name that user.
        if self.user_id.is_some() && user_id != self.user_id {
            return Some(Excess::User);
        }
        let own_end = self.expires_at?;
        expires_at.is_none_or(|end| end > own_end).then_some(Excess::Expiry)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{KeyNumber, SecretHash, ShopId};

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_unix_millis(millis).unwrap()
    }

    fn key(scopes: &[Scope], user: Option<i64>, expires_at: Option<i64>) -> ApiKey {
        ApiKey {
            shop_id: ShopId::new(1).unwrap(),
            number: KeyNumber::new(1).unwrap(),
            secret_hash: SecretHash([0; 32]),
            scopes: scopes.iter().copied().collect(),
            user_id: user.and_then(UserId::new),
            created_at: at(0),
            expires_at: expires_at.map(at),
            revoked_at: None,
        }
    }

    fn excess(holder: &ApiKey, asked: &ApiKey) -> Option<Excess> {
        Rights::from(holder.clone()).excess(&asked.scopes, asked.user_id, asked.expires_at)
    }

    #[test]
    fn no_key_grants_more_than_it_has() {
        use Scope::{ApiKeysManage, TicketsRead, TicketsWrite};
        let holder = key(&[ApiKeysManage, TicketsRead], None, None);
        assert_eq!(excess(&holder, &holder), None);
        assert_eq!(excess(&holder, &key(&[TicketsRead], Some(1), Some(5))), None);
        assert_eq!(
            excess(&holder, &key(&[TicketsRead, TicketsWrite], None, None)),
            Some(Excess::Scope(TicketsWrite))
        );

        let users = key(&[TicketsRead], Some(1), Some(5));
        assert_eq!(excess(&users, &users), None);
        assert_eq!(excess(&users, &key(&[], Some(1), Some(4))), None);
        assert_eq!(excess(&users, &key(&[], Some(2), Some(5))), Some(Excess::User));
        assert_eq!(excess(&users, &key(&[], None, Some(5))), Some(Excess::User));
        assert_eq!(excess(&users, &key(&[], Some(1), Some(6))), Some(Excess::Expiry));
        assert_eq!(excess(&users, &key(&[], Some(1), None)), Some(Excess::Expiry));
    }

    #[test]
    fn drafts_are_checked() {
        let rules = |draft: ApiKeyDraft| {
            draft.checked_scopes(at(10)).map_err(|found| {
                found.iter().map(|found| (found.field, found.index, found.rule)).collect::<Vec<_>>()
            })
        };
        let named = |names: &[&str]| Some(names.iter().map(|name| (*name).to_owned()).collect());
        let twice = named(&["tickets:read", "tickets:read"]);
        assert_eq!(
            rules(ApiKeyDraft { scopes: twice, expires_at: Some(at(11)), ..ApiKeyDraft::default() }),
            Ok([Scope::TicketsRead].into())
        );
        assert_eq!(
            rules(ApiKeyDraft { expires_at: Some(at(10)), ..ApiKeyDraft::default() }),
            Err(vec![(Field::Scopes, None, Rule::Required), (Field::ExpiresAt, None, Rule::InTheFuture)])
        );
        assert_eq!(
            rules(ApiKeyDraft { scopes: named(&["tickets:read", "root"]), ..ApiKeyDraft::default() }),
            Err(vec![(Field::Scopes, Some(1), Rule::Scope)])
        );
        let rotation = |overlap_seconds| RotationDraft { overlap_seconds, ..RotationDraft::default() };
        for fine in [None, Some(0), Some(MAX_KEY_OVERLAP_SECONDS)] {
            assert_eq!(rotation(fine).violations(at(10)), []);
        }
        for bad in [-1, MAX_KEY_OVERLAP_SECONDS + 1] {
            assert_eq!(rotation(Some(bad)).violations(at(10))[0].field, Field::OverlapSeconds);
        }
    }
}
