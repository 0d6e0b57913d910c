//! Signing in and saved replies in a shop that is older than the console.

use hexdesk_domain::ports::{CreateSavedReplyOutcome, CredentialOutcome};
use hexdesk_domain::{
    Actor, AuditStamp, Link, NewLink, NewSavedReply, NewSession, PasswordHash, Role, SavedReplyId,
    SecretHash, ShopChange, ShopId, Storage, Timestamp, UserId,
};

/// Checks that the user 45 of an upgraded shop, whose address is `a@b.c`, can sign in.
pub(crate) async fn check(storage: &dyn Storage, shop: ShopId) {
    let now = Timestamp::parse("2026-12-01T10:00:00Z").unwrap();
    let stamp = AuditStamp { actor: Actor::Operator, time: now, request_id: None };
    let user = storage.find_user(shop, UserId::new(45).unwrap()).await.unwrap().unwrap();
    let email = "A@b.c".to_owned();
    assert_eq!(storage.find_credential(shop, email.clone()).await.unwrap(), None);
    let role = storage.set_role(shop, user.id, Role::Agent, stamp).await.unwrap();
    assert_eq!(role, CredentialOutcome::NotInvited);
    let link = Link { token_hash: SecretHash([1; 32]), ends_at: now.saturating_add_millis(1) };
    let link = NewLink { user_id: user.id, role: Some(Role::Admin), link, stamp };
    assert_eq!(storage.create_link(shop, link).await.unwrap(), CredentialOutcome::Done(user.clone()));
    let password = PasswordHash::new("password".to_owned());
    let set = storage.set_password(shop, link.link.token_hash, password.clone(), stamp).await.unwrap();
    assert_eq!(set, Some(user.clone()));
    let token_hash = SecretHash([2; 32]);
    let session = NewSession { token_hash, user_id: user.id, password, created_at: now };
    assert!(storage.create_session(shop, session).await.unwrap());
    let session = storage.find_session(shop, token_hash, now).await.unwrap().unwrap();
    assert_eq!((&session.user, session.role), (&user, Role::Admin));

    assert_eq!(storage.list_saved_replies(shop).await.unwrap(), []);
    let (id, new) =
        (SavedReplyId::new(3).unwrap(), NewSavedReply { title: "Hello".into(), text: "Hi,".into() });
    let created = storage.create_saved_reply(shop, id, new, now).await.unwrap();
    let CreateSavedReplyOutcome::Created(reply) = created else { panic!("{created:?}") };
    assert_eq!(storage.list_saved_replies(shop).await.unwrap(), [reply]);

    storage.change_shop(&session.shop.domain, ShopChange::Close, stamp).await.unwrap().unwrap();
    assert_eq!(storage.find_session(shop, token_hash, now).await.unwrap(), None);
    assert_eq!(storage.find_credential(shop, email).await.unwrap().unwrap().1.role, Role::Admin);
}
