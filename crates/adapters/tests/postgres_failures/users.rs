//! Users and their keys, while another client gets in the way.

use std::collections::BTreeSet;

use hexdesk_domain::ports::{
    CreateKeyOutcome, CreateUserOutcome, KeyRotation, RotateKeyOutcome, UpdateUserOutcome, UserUpdate,
};
use hexdesk_domain::{
    ApiKey, ApiKeyStore, IdempotentOutcome, KeyNumber, NewApiKey, SecretHash, StorageError, UserChanges,
    UserDraft, UserId, UserStore,
};

use crate::scene::{Scene, now, once, stamp};

/// What another server does to the only user.
const DEACTIVATE: &str = "UPDATE users SET deactivated_at = now();
    UPDATE api_keys SET revoked_at = now() WHERE user_id IS NOT NULL AND revoked_at IS NULL";

/// A scene with a user and a key that writes in its name.
async fn scene() -> (Scene, UserId, KeyNumber) {
    let scene = Scene::new().await;
    let draft = UserDraft { email: Some("eve@example.com".into()), ..UserDraft::default() };
    let created =
        scene.storage.create_user(scene.shop, draft.into_new(stamp(now())).unwrap(), None).await.unwrap();
    let IdempotentOutcome::Ran(CreateUserOutcome::Created(user)) = created else { panic!("{created:?}") };
    let created = create_key(&scene, user.id).await.unwrap();
    let IdempotentOutcome::Ran(CreateKeyOutcome::Created(key)) = created else { panic!("{created:?}") };
    (scene, user.id, key.number)
}

async fn create_key(
    scene: &Scene,
    user: UserId,
) -> Result<IdempotentOutcome<CreateKeyOutcome>, StorageError> {
    let key = NewApiKey {
        secret_hash: SecretHash([1; 32]),
        scopes: BTreeSet::new(),
        user_id: Some(user),
        stamp: stamp(now()),
        expires_at: None,
    };
    scene.storage.create_key(scene.shop, key, None).await
}

async fn update(
    scene: &Scene,
    user: UserId,
    changes: UserChanges,
    key: Option<&str>,
) -> Result<IdempotentOutcome<UpdateUserOutcome>, StorageError> {
    let update = UserUpdate { changes, stamp: stamp(now()) };
    scene.storage.update_user(scene.shop, user, update, key.map(once)).await
}

async fn key(scene: &Scene, number: i64) -> ApiKey {
    let number = KeyNumber::new(number).unwrap();
    scene.storage.find_key(scene.shop, number).await.unwrap().unwrap().0
}

#[tokio::test]
async fn no_key_is_made_for_a_user_who_is_being_deactivated() {
    let (scene, user, _) = scene().await;
    scene.other_does(&format!("BEGIN; {DEACTIVATE}")).await;
    let (created, ()) = tokio::join!(create_key(&scene, user), async {
        scene.is_blocked().await;
        scene.other_does("COMMIT").await;
    });
    assert_eq!(created.unwrap(), IdempotentOutcome::Ran(CreateKeyOutcome::UserNotFound));
    assert_eq!(scene.count("SELECT count(*) FROM api_keys WHERE revoked_at IS NULL").await, 0);
}

#[tokio::test]
async fn no_key_is_rotated_whose_user_is_being_deactivated() {
    // The user may be active again by the time that it is looked at.
    for again in ["", "; UPDATE users SET deactivated_at = NULL"] {
        let (scene, _, number) = scene().await;
        scene.other_does(&format!("BEGIN; {DEACTIVATE}{again}")).await;
        let rotation = KeyRotation {
            secret_hash: SecretHash([2; 32]),
            expires_at: None,
            stamp: stamp(now()),
            old_ends_at: now(),
        };
        let (rotated, ()) =
            tokio::join!(scene.storage.rotate_key(scene.shop, number, rotation, None), async {
                scene.is_blocked().await;
                scene.other_does("COMMIT").await;
            });
        assert_eq!(rotated.unwrap(), IdempotentOutcome::Ran(RotateKeyOutcome::NotLive), "{again}");
        assert_eq!(scene.count("SELECT count(*) FROM api_keys").await, 1);
    }
}

#[tokio::test]
async fn a_deactivation_waits_for_a_key_that_is_being_made() {
    let (scene, user, _) = scene().await;
    scene
        .other_does(&format!(
            "BEGIN; SELECT FROM users FOR SHARE;
             INSERT INTO api_keys VALUES ({}, 2, decode(repeat('00', 32), 'hex'), '', {user}, now())",
            scene.shop
        ))
        .await;
    let deactivation = UserChanges { is_active: Some(false), ..UserChanges::default() };
    let (updated, ()) = tokio::join!(update(&scene, user, deactivation, None), async {
        scene.is_blocked().await;
        scene.other_does("COMMIT").await;
    });
    assert!(matches!(updated.unwrap(), IdempotentOutcome::Ran(UpdateUserOutcome::Updated(_))));
    for number in [1, 2] {
        assert_eq!(key(&scene, number).await.revoked_at, Some(now()), "{number}");
    }
}

#[tokio::test]
async fn of_those_who_take_an_address_together_the_last_is_told() {
    for key in [None, Some("key")] {
        let (scene, user, _) = scene().await;
        scene
            .other_does(&format!(
                "BEGIN; INSERT INTO users (shop_id, email, email_folded, created_at)
                     VALUES ({}, 'bob@example.com', 'bob@example.com', now())",
                scene.shop
            ))
            .await;
        let changes = UserChanges { email: Some("BOB@example.com".into()), ..UserChanges::default() };
        let (updated, ()) = tokio::join!(update(&scene, user, changes.clone(), key), async {
            scene.is_blocked().await;
            scene.other_does("COMMIT").await;
        });
        assert_eq!(updated.unwrap(), IdempotentOutcome::Ran(UpdateUserOutcome::EmailTaken));
        if key.is_some() {
            let again = update(&scene, user, changes, key).await.unwrap();
            assert_eq!(again, IdempotentOutcome::Replayed(b"receipt".to_vec()));
        }
    }
}
