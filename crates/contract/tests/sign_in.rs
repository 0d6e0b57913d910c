//! The use cases of signing in, on the reference store.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where its preparation fails")]

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU8, AtomicUsize, Ordering};

use hexdesk_contract::{MemoryStorage, anyhow, async_trait};
use hexdesk_domain::ports::CreateShopOutcome;
use hexdesk_domain::{
    AcceptInvitation, AcceptInvitationError, Actor, Caller, Clock, Invite, InviteError, ManageApiKeys,
    Password, PasswordHash, PasswordHasher, Role, SecretHash, Sessions, Shop, ShopChange, ShopDomain, ShopId,
    ShopStore, SignIn, SignInError, Timestamp, Token, TokenSource, UserChanges, UserDraft, UserId, UserStore,
};

const SHOP: &str = "shop.example.com";
const PASSWORD: &str = "correct horse battery";
const MINUTE: i64 = 60 * 1_000;

/// The clock, the hasher and the tokens of a test. The hash of a password is the password, reversed.
#[derive(Default)]
struct Fakes {
    millis: AtomicI64,
    checks: AtomicUsize,
    tokens: AtomicU8,
}

impl Clock for Fakes {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_millis(self.millis.load(Ordering::SeqCst)).unwrap()
    }
}

fn hash_of(password: &Password) -> PasswordHash {
    PasswordHash::new(String::from_utf8_lossy(password.as_bytes()).chars().rev().collect())
}

#[async_trait]
impl PasswordHasher for Fakes {
    async fn hash(&self, password: Password) -> anyhow::Result<PasswordHash> {
        Ok(hash_of(&password))
    }

    async fn verify(&self, password: Option<Password>, hash: Option<PasswordHash>) -> anyhow::Result<bool> {
        self.checks.fetch_add(1, Ordering::SeqCst);
        Ok(password.is_some_and(|password| hash == Some(hash_of(&password))))
    }
}

impl TokenSource for Fakes {
    fn new_token(&self, shop: ShopId) -> anyhow::Result<Token> {
        Ok(Token { shop, secret: [self.tokens.fetch_add(1, Ordering::SeqCst); 32] })
    }

    fn hash(&self, token: &Token) -> SecretHash {
        SecretHash(token.secret.map(|byte| !byte))
    }
}

struct Desk {
    store: Arc<MemoryStorage>,
    fakes: Arc<Fakes>,
    shop: Shop,
    invite: Invite,
    accept: AcceptInvitation,
    sign_in: SignIn,
    sessions: Sessions,
}

impl Desk {
    async fn new() -> Self {
        let (store, fakes) = (Arc::new(MemoryStorage::new()), Arc::new(Fakes::default()));
        let created = store.create_shop(&ShopDomain::parse(SHOP).unwrap(), fakes.now()).await.unwrap();
        let CreateShopOutcome::Created(shop) = created else { panic!("{created:?}") };
        Self {
            invite: Invite::new(store.clone(), store.clone(), fakes.clone(), fakes.clone()),
            accept: AcceptInvitation::new(
                store.clone(),
                store.clone(),
                fakes.clone(),
                fakes.clone(),
                fakes.clone(),
            ),
            sign_in: SignIn::new(
                store.clone(),
                (store.clone(), store.clone()),
                fakes.clone(),
                fakes.clone(),
                fakes.clone(),
            ),
            sessions: Sessions::new(store.clone(), fakes.clone(), fakes.clone()),
            store,
            fakes,
            shop,
        }
    }

    fn operator(&self) -> Caller {
        Caller { shop: self.shop.id, actor: Actor::Operator, request_id: None }
    }

    /// Invites a user, and returns the text of the link's token.
    async fn invited(&self, email: &str, role: Role) -> (UserId, String) {
        let draft = UserDraft { email: Some(email.into()), ..UserDraft::default() };
        let invited = self.invite.invite(self.operator(), draft, role).await.unwrap();
        (invited.user.id, invited.token.text())
    }

    async fn refused(&self, shop: &str, email: &str, password: &str) {
        let checks = self.fakes.checks.load(Ordering::SeqCst);
        let outcome = self.sign_in.execute(shop, email, password).await;
        assert!(matches!(outcome, Err(SignInError::Refused)), "{outcome:?}");
        assert_eq!(self.fakes.checks.load(Ordering::SeqCst), checks + 1, "{shop} {email}");
    }

    fn wait(&self, minutes: i64) {
        self.fakes.millis.fetch_add(minutes * MINUTE, Ordering::SeqCst);
    }
}

#[tokio::test]
async fn a_link_leads_to_a_session() {
    let desk = Desk::new().await;
    let (user, link) = desk.invited("ada@example.com", Role::Admin).await;
    assert_eq!(desk.accept.holder(&link).await.unwrap().unwrap().user.id, user);
    let short = desk.accept.execute(&link, "elevenchars", None).await;
    assert!(matches!(short, Err(AcceptInvitationError::Invalid(_))), "{short:?}");
    let signed_in = desk.accept.execute(&link, PASSWORD, None).await.unwrap();
    assert_eq!(desk.accept.holder(&link).await.unwrap(), None);
    let again = desk.accept.execute(&link, PASSWORD, None).await;
    assert!(matches!(again, Err(AcceptInvitationError::LinkNotFound)), "{again:?}");
    let odd = desk.accept.execute("1-x", PASSWORD, None).await;
    assert!(matches!(odd, Err(AcceptInvitationError::LinkNotFound)), "{odd:?}");

    let principal = signed_in.session.principal(None);
    assert_eq!((principal.actor, &principal.scopes), (Actor::User { id: user }, &Role::Admin.scopes()));
    let second = desk.sign_in.execute(" Shop.Example.com", "ADA@example.com ", PASSWORD).await.unwrap();
    for token in [&signed_in.token, &second.token] {
        assert_eq!(desk.sessions.find(&token.text()).await.unwrap().unwrap().user.id, user);
    }
    desk.sessions.sign_out(&signed_in.token.text()).await.unwrap();
    assert_eq!(desk.sessions.find(&signed_in.token.text()).await.unwrap(), None);
    // Each use keeps the session, and is noted once it is due.
    for _ in 0..10 {
        desk.wait(11 * 60);
        assert!(desk.sessions.find(&second.token.text()).await.unwrap().is_some());
    }
    let found = desk.sessions.find(&second.token.text()).await.unwrap().unwrap();
    assert_eq!(found.life.last_used_at, desk.fakes.now());
    desk.wait(4);
    desk.sessions.find(&second.token.text()).await.unwrap().unwrap();
    let found = desk.sessions.find(&second.token.text()).await.unwrap().unwrap();
    assert_ne!(found.life.last_used_at, desk.fakes.now());

    let reset = desk.invite.reset_password_of(desk.operator(), "ada@example.com").await.unwrap();
    desk.accept.execute(&reset.token.text(), "another long password", None).await.unwrap();
    assert_eq!(desk.sessions.find(&second.token.text()).await.unwrap(), None);
    let nobody = desk.invite.reset_password_of(desk.operator(), "bob@example.com").await;
    assert!(matches!(nobody, Err(InviteError::NotInvited)), "{nobody:?}");
}

#[tokio::test]
async fn every_wrong_part_has_the_same_answer() {
    let desk = Desk::new().await;
    let (user, link) = desk.invited("ada@example.com", Role::Agent).await;
    desk.invited("late@example.com", Role::Agent).await;
    desk.accept.execute(&link, PASSWORD, None).await.unwrap();
    for (shop, email, password) in [
        (SHOP, "ada@example.com", "wrong horse battery"),
        (SHOP, "ada@example.com", ""),
        (SHOP, "ada@example.com", &"x".repeat(2_000)),
        (SHOP, "late@example.com", PASSWORD),
        (SHOP, "bob@example.com", PASSWORD),
        (SHOP, "", PASSWORD),
        ("other.example.com", "ada@example.com", PASSWORD),
        ("no domain", "ada@example.com", PASSWORD),
    ] {
        desk.refused(shop, email, password).await;
    }
    let off = UserChanges { is_active: Some(false), ..UserChanges::default() };
    let stamp = desk.operator().stamp(desk.fakes.now());
    let update = hexdesk_domain::ports::UserUpdate { changes: off, stamp };
    desk.store.update_user(desk.shop.id, user, update, None).await.unwrap();
    desk.refused(SHOP, "ada@example.com", PASSWORD).await;
    desk.store.change_shop(&desk.shop.domain, ShopChange::Close, stamp).await.unwrap();
    desk.refused(SHOP, "ada@example.com", PASSWORD).await;
}

#[tokio::test]
async fn ten_failures_lock_an_account_for_a_while() {
    let desk = Desk::new().await;
    let (_, link) = desk.invited("ada@example.com", Role::Agent).await;
    desk.accept.execute(&link, PASSWORD, None).await.unwrap();
    for email in ["ada@example.com", "nobody@example.com"] {
        for _ in 0..10 {
            desk.refused(SHOP, email, "wrong horse battery").await;
        }
        let locked = desk.sign_in.execute(SHOP, &email.to_uppercase(), PASSWORD).await;
        assert!(matches!(locked, Err(SignInError::TooManyFailures(_))), "{locked:?}");
    }
    desk.refused(SHOP, "other@example.com", PASSWORD).await;
    desk.wait(15);
    desk.sign_in.execute(SHOP, "ada@example.com", PASSWORD).await.unwrap();
    for _ in 0..9 {
        desk.refused(SHOP, "ada@example.com", "wrong horse battery").await;
    }
    desk.sign_in.execute(SHOP, "ada@example.com", PASSWORD).await.unwrap();
    desk.refused(SHOP, "ada@example.com", "wrong horse battery").await;
}

#[tokio::test]
async fn a_role_limits_what_a_user_grants() {
    let desk = Desk::new().await;
    let keys = ManageApiKeys::new(desk.store.clone(), desk.fakes.clone());
    for (email, role, is_granted) in
        [("ada@example.com", Role::Admin, true), ("bob@example.com", Role::Agent, false)]
    {
        let (_, link) = desk.invited(email, role).await;
        let holder = desk.accept.execute(&link, PASSWORD, None).await.unwrap().session.principal(None);
        let draft = hexdesk_domain::ApiKeyDraft {
            scopes: Some(vec!["webhooks:manage".into()]),
            ..hexdesk_domain::ApiKeyDraft::default()
        };
        let created = keys.create(&holder, draft, SecretHash([1; 32]), None, Arc::new(|_| None)).await;
        assert_eq!(created.is_ok(), is_granted, "{created:?}");
    }
}
