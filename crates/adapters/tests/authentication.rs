//! Authentication with API keys: accepted and rejected keys, and for how long.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where its preparation fails")]

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use hexdesk_adapters::{
    ApiKeyAuthenticator, KeyId, KeyRequest, KeyText, PresentedKey, issue_key, rotate_key,
};
use hexdesk_contract::MemoryStorage;
use hexdesk_domain::ports::{AuthenticationError, CreateShopOutcome, CreateUserOutcome};
use hexdesk_domain::{
    Actor, ApiKey, ApiKeyStore, AuditStamp, Authenticator, Clock, IdempotentOutcome, KeyNumber, NewUser,
    Principal, Scope, Shop, ShopChange, ShopDomain, ShopStore, Timestamp, UserId, UserStore,
};

/// A clock that shows the time to which it was set.
struct HandSetClock(AtomicI64);

impl Clock for HandSetClock {
    fn now(&self) -> Timestamp {
        at(self.0.load(Ordering::SeqCst))
    }
}

/// The time this many milliseconds after the start of the test.
fn at(millis: i64) -> Timestamp {
    Timestamp::from_unix_millis(1_800_000_000_000 + millis).unwrap()
}

/// A change by the operator at this time.
fn stamp(time: Timestamp) -> AuditStamp {
    AuditStamp { actor: Actor::Operator, time, request_id: None }
}

struct Fixture {
    store: Arc<MemoryStorage>,
    clock: Arc<HandSetClock>,
    authenticator: ApiKeyAuthenticator,
    shop: Shop,
}

impl Fixture {
    async fn new() -> Self {
        let store = Arc::new(MemoryStorage::new());
        let clock = Arc::new(HandSetClock(AtomicI64::new(0)));
        let authenticator = ApiKeyAuthenticator::new(store.clone(), clock.clone());
        let shop = create_shop(&store, "a.example").await;
        Self { store, clock, authenticator, shop }
    }

    async fn issue(&self, expires_at: Option<Timestamp>) -> (ApiKey, KeyText) {
        let request = KeyRequest { expires_at, ..full_access(&self.shop) };
        issue_key(&*self.store, request, at(0)).await.unwrap()
    }

    async fn create_user(&self) -> UserId {
        let user = NewUser {
            id: None,
            email: "ann@example.com".to_owned(),
            first_name: None,
            last_name: None,
            full_name: None,
            stamp: stamp(at(0)),
        };
        match self.store.create_user(self.shop.id, user, None).await.unwrap() {
            IdempotentOutcome::Ran(CreateUserOutcome::Created(user)) => user.id,
            outcome => panic!("{outcome:?}"),
        }
    }

    async fn revoke(&self, key: &ApiKey) {
        self.store.revoke_key(key.shop_id, key.number, stamp(self.clock.now())).await.unwrap().unwrap();
    }

    async fn close_shop(&self) {
        self.store
            .change_shop(&self.shop.domain, ShopChange::Close, stamp(self.clock.now()))
            .await
            .unwrap()
            .unwrap();
    }

    /// Authenticates with this text at `at(millis)`.
    async fn present_at(&self, millis: i64, text: &str) -> Outcome {
        self.clock.0.store(millis, Ordering::SeqCst);
        match self.authenticator.authenticate(text).await {
            Ok(principal) => Outcome::LetIn(principal),
            Err(AuthenticationError::InvalidKey) => Outcome::InvalidKey,
            Err(AuthenticationError::ShopClosed) => Outcome::ShopClosed,
            Err(AuthenticationError::Storage(error)) => panic!("{error}"),
        }
    }

    async fn is_let_in_at(&self, millis: i64, text: &KeyText) -> bool {
        matches!(self.present_at(millis, text.as_str()).await, Outcome::LetIn(_))
    }
}

#[derive(Debug, PartialEq)]
enum Outcome {
    LetIn(Principal),
    InvalidKey,
    ShopClosed,
}

async fn create_shop(store: &MemoryStorage, domain: &str) -> Shop {
    let domain = ShopDomain::parse(domain).unwrap();
    let CreateShopOutcome::Created(shop) = store.create_shop(&domain, at(0)).await.unwrap() else {
        panic!("the shop already exists");
    };
    shop
}

/// A request for a key with all scopes that does not expire.
fn full_access(shop: &Shop) -> KeyRequest {
    KeyRequest {
        shop: shop.id,
        scopes: Scope::ALL.iter().copied().collect(),
        user_id: None,
        expires_at: None,
    }
}

/// The text with another shop and number.
fn renumbered(text: &KeyText, which: &str) -> String {
    let (_, secret) = text.as_str().strip_prefix("hd_").unwrap().split_once('_').unwrap();
    format!("hd_{which}_{secret}")
}

#[tokio::test]
async fn a_key_grants_its_shop_scopes_and_user() {
    let fixture = Fixture::new().await;
    let scopes = BTreeSet::from([Scope::TicketsRead]);
    for user_id in [None, Some(fixture.create_user().await)] {
        let request = KeyRequest { scopes: scopes.clone(), user_id, ..full_access(&fixture.shop) };
        let (key, text) = issue_key(&*fixture.store, request, at(0)).await.unwrap();
        let scopes = scopes.clone();
        let actor = Actor::ApiKey { number: key.number, user_id };
        let principal = Principal { shop: fixture.shop.clone(), actor, scopes, request_id: None };
        // The first call asks the store, the second uses the cache.
        for millis in [0, 1] {
            assert_eq!(fixture.present_at(millis, text.as_str()).await, Outcome::LetIn(principal.clone()));
        }
    }
}

#[tokio::test]
async fn the_store_keeps_the_hash_of_the_secret() {
    let fixture = Fixture::new().await;
    let (key, text) = fixture.issue(None).await;
    let presented = PresentedKey::parse(text.as_str()).unwrap();
    assert_eq!(presented.secret_hash(), key.secret_hash);
    let (kept, _) = fixture.store.find_key(fixture.shop.id, key.number).await.unwrap().unwrap();
    assert_eq!(kept, key);
}

#[tokio::test]
async fn a_wrong_secret_is_rejected_even_after_the_right_one() {
    let fixture = Fixture::new().await;
    let (key, text) = fixture.issue(None).await;
    let (_, other) = fixture.issue(None).await;
    let wrong = renumbered(&other, &format!("{}-{}", fixture.shop.id, key.number.get()));
    assert_eq!(fixture.present_at(0, &wrong).await, Outcome::InvalidKey);
    assert!(fixture.is_let_in_at(0, &text).await);
    assert_eq!(fixture.present_at(0, &wrong).await, Outcome::InvalidKey);
}

#[tokio::test]
async fn a_secret_belongs_to_one_number_of_one_shop() {
    let fixture = Fixture::new().await;
    let (key, text) = fixture.issue(None).await;
    let other_shop = create_shop(&fixture.store, "b.example").await;
    let (other, _) = issue_key(&*fixture.store, full_access(&other_shop), at(0)).await.unwrap();
    assert_eq!(other.number, key.number);
    assert!(fixture.is_let_in_at(0, &text).await);
    let number = key.number.get();
    for which in [
        format!("{}-{number}", other_shop.id),
        format!("{}-{}", fixture.shop.id, number + 1),
        format!("99-{number}"),
    ] {
        assert_eq!(fixture.present_at(0, &renumbered(&text, &which)).await, Outcome::InvalidKey);
    }
}

#[tokio::test]
async fn texts_that_are_not_keys_are_rejected() {
    let fixture = Fixture::new().await;
    for text in ["", "hd_", "hd_1-1", "hd_1-1_", "\0", "é", "Bearer hd_1-1_a", &"x".repeat(1 << 20)] {
        assert_eq!(fixture.present_at(0, text).await, Outcome::InvalidKey);
    }
}

#[tokio::test]
async fn a_key_ends_at_the_millisecond_of_its_expiry() {
    let fixture = Fixture::new().await;
    let (_, text) = fixture.issue(Some(at(1_000))).await;
    // The cached result from just before does not prolong the key.
    assert!(fixture.is_let_in_at(999, &text).await);
    assert!(!fixture.is_let_in_at(1_000, &text).await);
}

#[tokio::test]
async fn a_revoked_key_ends_within_five_seconds() {
    let fixture = Fixture::new().await;
    let (key, text) = fixture.issue(None).await;
    assert!(fixture.is_let_in_at(0, &text).await);
    fixture.revoke(&key).await;
    assert!(fixture.is_let_in_at(4_999, &text).await);
    assert!(!fixture.is_let_in_at(5_000, &text).await);
}

#[tokio::test]
async fn a_revoked_key_that_is_not_cached_is_rejected() {
    let fixture = Fixture::new().await;
    let (key, text) = fixture.issue(None).await;
    fixture.revoke(&key).await;
    assert!(!fixture.is_let_in_at(0, &text).await);
}

#[tokio::test]
async fn a_clock_that_steps_back_does_not_prolong_a_revoked_key() {
    let fixture = Fixture::new().await;
    let (key, text) = fixture.issue(None).await;
    assert!(fixture.is_let_in_at(3_600_000, &text).await);
    fixture.revoke(&key).await;
    assert!(!fixture.is_let_in_at(0, &text).await);
}

#[tokio::test]
async fn both_keys_work_while_one_replaces_the_other() {
    let fixture = Fixture::new().await;
    let (old_key, old) = fixture.issue(None).await;
    assert!(fixture.is_let_in_at(0, &old).await);
    let rotated = rotate_key(
        &*fixture.store,
        KeyId { shop: fixture.shop.id, number: old_key.number },
        at(0),
        at(60_000),
        None,
    )
    .await;
    let (new_key, new) = rotated.unwrap().unwrap();
    assert_eq!(new_key.scopes, old_key.scopes);
    assert_ne!(new_key.secret_hash, old_key.secret_hash);
    assert!(fixture.is_let_in_at(0, &new).await);
    assert!(fixture.is_let_in_at(59_999, &old).await);
    assert!(!fixture.is_let_in_at(60_000, &old).await);
    assert!(fixture.is_let_in_at(60_000, &new).await);
}

#[tokio::test]
async fn only_a_live_key_can_be_replaced() {
    let fixture = Fixture::new().await;
    let (key, _) = fixture.issue(None).await;
    fixture.revoke(&key).await;
    for number in [key.number, KeyNumber::new(99).unwrap()] {
        let rotated =
            rotate_key(&*fixture.store, KeyId { shop: fixture.shop.id, number }, at(0), at(1), None).await;
        assert!(rotated.unwrap().is_none());
    }
}

#[tokio::test]
async fn only_live_keys_learn_that_their_shop_is_closed() {
    let fixture = Fixture::new().await;
    let (_, live) = fixture.issue(None).await;
    let (revoked_key, revoked) = fixture.issue(None).await;
    let (_, expired) = fixture.issue(Some(at(0))).await;
    fixture.revoke(&revoked_key).await;
    fixture.close_shop().await;
    assert_eq!(fixture.present_at(0, live.as_str()).await, Outcome::ShopClosed);
    assert_eq!(fixture.present_at(0, revoked.as_str()).await, Outcome::InvalidKey);
    assert_eq!(fixture.present_at(0, expired.as_str()).await, Outcome::InvalidKey);
}

#[tokio::test]
async fn a_closed_shop_is_noticed_within_five_seconds() {
    let fixture = Fixture::new().await;
    let (_, text) = fixture.issue(None).await;
    assert!(fixture.is_let_in_at(0, &text).await);
    fixture.close_shop().await;
    assert_eq!(fixture.present_at(5_000, text.as_str()).await, Outcome::ShopClosed);
}
