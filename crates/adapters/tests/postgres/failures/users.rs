//! Users and their keys, while another client interferes.

use std::collections::BTreeSet;

use hexdesk_domain::ports::{
    CreateKeyOutcome, CreateUserOutcome, KeyRotation, RotateKeyOutcome, UpdateUserOutcome, UserUpdate,
};
use hexdesk_domain::{
    ApiKey, ApiKeyStore, IdempotentOutcome, KeyNumber, NewApiKey, SecretHash, StorageError, UserChanges,
    UserDraft, UserId, UserStore,
};

use super::fixture::{Fixture, claim, now, stamp};

/// The statements with which another server deactivates the only user.
const DEACTIVATE: &str = "UPDATE users SET deactivated_at = now();
    UPDATE api_keys SET revoked_at = now() WHERE user_id IS NOT NULL AND revoked_at IS NULL";

/// Creates a fixture with a user and a key of that user.
async fn fixture() -> (Fixture, UserId, KeyNumber) {
    let fixture = Fixture::new().await;
    let draft = UserDraft { email: Some("eve@example.com".into()), ..UserDraft::default() };
    let created =
        fixture.storage.create_user(fixture.shop, draft.into_new(stamp(now())).unwrap(), None).await.unwrap();
    let IdempotentOutcome::Ran(CreateUserOutcome::Created(user)) = created else { panic!("{created:?}") };
    let created = create_key(&fixture, user.id).await.unwrap();
    let IdempotentOutcome::Ran(CreateKeyOutcome::Created(key)) = created else { panic!("{created:?}") };
    (fixture, user.id, key.number)
}

async fn create_key(
    fixture: &Fixture,
    user: UserId,
) -> Result<IdempotentOutcome<CreateKeyOutcome>, StorageError> {
    let key = NewApiKey {
        secret_hash: SecretHash([1; 32]),
        scopes: BTreeSet::new(),
        user_id: Some(user),
        stamp: stamp(now()),
        expires_at: None,
    };
    fixture.storage.create_key(fixture.shop, key, None).await
}

async fn update(
    fixture: &Fixture,
    user: UserId,
    changes: UserChanges,
    key: Option<&str>,
) -> Result<IdempotentOutcome<UpdateUserOutcome>, StorageError> {
    let update = UserUpdate { changes, stamp: stamp(now()) };
    fixture.storage.update_user(fixture.shop, user, update, key.map(claim)).await
}

async fn key(fixture: &Fixture, number: i64) -> ApiKey {
    let number = KeyNumber::new(number).unwrap();
    fixture.storage.find_key(fixture.shop, number).await.unwrap().unwrap().0
}

#[tokio::test]
async fn no_key_is_created_for_a_user_being_deactivated() {
    let (fixture, user, _) = fixture().await;
    fixture.other_does(&format!("BEGIN; {DEACTIVATE}")).await;
    let (created, ()) = tokio::join!(create_key(&fixture, user), async {
        fixture.is_blocked().await;
        fixture.other_does("COMMIT").await;
    });
    assert_eq!(created.unwrap(), IdempotentOutcome::Ran(CreateKeyOutcome::UserNotFound));
    assert_eq!(fixture.count("SELECT count(*) FROM api_keys WHERE revoked_at IS NULL").await, 0);
}

#[tokio::test]
async fn no_key_of_a_user_being_deactivated_is_rotated() {
    // The user may be active again when the rotation reads it.
    for again in ["", "; UPDATE users SET deactivated_at = NULL"] {
        let (fixture, _, number) = fixture().await;
        fixture.other_does(&format!("BEGIN; {DEACTIVATE}{again}")).await;
        let rotation = KeyRotation {
            secret_hash: SecretHash([2; 32]),
            expires_at: None,
            stamp: stamp(now()),
            old_ends_at: now(),
        };
        let (rotated, ()) =
            tokio::join!(fixture.storage.rotate_key(fixture.shop, number, rotation, None), async {
                fixture.is_blocked().await;
                fixture.other_does("COMMIT").await;
            });
        assert_eq!(rotated.unwrap(), IdempotentOutcome::Ran(RotateKeyOutcome::NotLive), "{again}");
        assert_eq!(fixture.count("SELECT count(*) FROM api_keys").await, 1);
    }
}

#[tokio::test]
async fn a_deactivation_waits_for_a_key_being_created() {
    let (fixture, user, _) = fixture().await;
    fixture
        .other_does(&format!(
            "BEGIN; SELECT FROM users FOR SHARE;
             INSERT INTO api_keys VALUES ({}, 2, decode(repeat('00', 32), 'hex'), '', {user}, now())",
            fixture.shop
        ))
        .await;
    let deactivation = UserChanges { is_active: Some(false), ..UserChanges::default() };
    let (updated, ()) = tokio::join!(update(&fixture, user, deactivation, None), async {
        fixture.is_blocked().await;
        fixture.other_does("COMMIT").await;
    });
    assert!(matches!(updated.unwrap(), IdempotentOutcome::Ran(UpdateUserOutcome::Updated(_))));
    for number in [1, 2] {
        assert_eq!(key(&fixture, number).await.revoked_at, Some(now()), "{number}");
    }
}

#[tokio::test]
async fn a_concurrently_taken_address_is_refused() {
    for key in [None, Some("key")] {
        let (fixture, user, _) = fixture().await;
        fixture
            .other_does(&format!(
                "BEGIN; INSERT INTO users (shop_id, id, email, email_folded, created_at)
                     VALUES ({}, 99, 'bob@example.com', 'bob@example.com', now())",
                fixture.shop
            ))
            .await;
        let changes = UserChanges { email: Some("BOB@example.com".into()), ..UserChanges::default() };
        let (updated, ()) = tokio::join!(update(&fixture, user, changes.clone(), key), async {
            fixture.is_blocked().await;
            fixture.other_does("COMMIT").await;
        });
        assert_eq!(updated.unwrap(), IdempotentOutcome::Ran(UpdateUserOutcome::EmailTaken));
        if key.is_some() {
            let again = update(&fixture, user, changes, key).await.unwrap();
            assert_eq!(again, IdempotentOutcome::Replayed(b"receipt".to_vec()));
        }
    }
}
