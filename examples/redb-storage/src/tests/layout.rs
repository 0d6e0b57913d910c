//! The domain defines the layout of stored values. A new version of it must not change the layout
//! unnoticed: files of this format would be read wrongly, or not at all.

use std::path::Path;

use hexdesk_domain::ports::{CreateKeyOutcome, CreateShopOutcome, CreateUserOutcome};
use hexdesk_domain::{
    Actor, ApiKeyStore, ArchiveStore, ArchivedShop, AttemptResult, AuditStamp, CommentDraft, CommentId,
    CommentStore, CredentialStore, CustomerStore, DeliveryStore, EventStore, IdempotentOutcome, Link,
    NewApiKey, NewAttempt, NewLink, NewSavedReply, NewSession, NewWebhook, PageSize, PasswordHash, Role,
    SavedReplyId, SavedReplyStore, Scope, SealedSecret, SecretHash, SessionStore, Shop, ShopChange,
    ShopCounters, ShopDomain, ShopId, ShopStore, TicketFilter, TicketStore, UserDraft, UserStore, WebhookId,
    WebhookPayload, WebhookStore,
};
use redb::ReadableTable;

use super::samples::{comment, create_customer, creation, domain, id, now, stamp};
use super::test_disk::TestDisk;
use crate::RedbStorage;
use crate::format::FORMAT;
use crate::tables::{
    API_KEYS, ATTEMPTS, COMMENTS, CREDENTIALS, CUSTOMERS, DELIVERIES, EVENTS, HUMAN_TICKETS, LOADS,
    SAVED_REPLIES, SESSIONS, SHOPS, TICKETS, USERS, WEBHOOKS,
};

/// Writes one of each value that the tables hold.
pub(super) async fn write_samples(storage: &RedbStorage) {
    let customer = create_customer(storage).await;
    let shop = customer.shop_id;
    storage.change_shop(&domain(), ShopChange::Close, stamp(now())).await.unwrap();
    let user = UserDraft { email: Some("agent@example.com".into()), ..UserDraft::default() };
    let user = storage.create_user(shop, user.into_new(stamp(now())).unwrap(), None).await.unwrap();
    let IdempotentOutcome::Ran(CreateUserOutcome::Created(user)) = user else { panic!("{user:?}") };
    let key = NewApiKey {
        secret_hash: SecretHash([7; 32]),
        scopes: [Scope::TicketsRead, Scope::EventsRead].into(),
        user_id: Some(user.id),
        stamp: stamp(now()),
        expires_at: Some(now()),
    };
    let key = storage.create_key(shop, key, None).await.unwrap();
    let IdempotentOutcome::Ran(CreateKeyOutcome::Created(key)) = key else { panic!("{key:?}") };
    let by_key = Actor::ApiKey { number: key.number, user_id: key.user_id };
    let mut first = creation(&customer, 1);
    first.ticket.tags = vec!["vip".into()];
    first.ticket.assigned_to = Some(user.id);
    storage.create_tickets(vec![first]).await.unwrap();
    let mut second = comment(&customer, 1, 2);
    second.stamp = AuditStamp { actor: by_key, time: now(), request_id: None };
    second.comment =
        CommentDraft { attachments: Some("[1]".into()), text: Some("Hi".into()), ..CommentDraft::default() }
            .into_new(CommentId::new(2).unwrap(), shop, id(1), Some(user.id), now())
            .unwrap();
    storage.create_comments(vec![second]).await.unwrap();
    sign_in(storage).await;
}

/// Adds an open shop with a saved reply and a webhook, and with a user who has a password, a session and
/// another link.
async fn sign_in(storage: &RedbStorage) {
    let shop = storage.create_shop(&ShopDomain::parse("open.example.com").unwrap(), now()).await.unwrap();
    let CreateShopOutcome::Created(shop) = shop else { panic!("{shop:?}") };
    let user = UserDraft { email: Some("agent@example.com".into()), ..UserDraft::default() };
    let user = storage.create_user(shop.id, user.into_new(stamp(now())).unwrap(), None).await.unwrap();
    let IdempotentOutcome::Ran(CreateUserOutcome::Created(user)) = user else { panic!("{user:?}") };
    let link = |seed, ends_at| NewLink {
        user_id: user.id,
        role: Some(Role::Admin),
        link: Link { token_hash: SecretHash([seed; 32]), ends_at },
        stamp: stamp(now()),
    };
    let (shop, password) = (user.shop_id, PasswordHash::new("$argon2id$".into()));
    let end = now().saturating_add_millis(1);
    storage.create_link(shop, link(1, end)).await.unwrap();
    storage.set_password(shop, SecretHash([1; 32]), password.clone(), stamp(now())).await.unwrap().unwrap();
    let (token_hash, created_at) = (SecretHash([2; 32]), now());
    let session = NewSession { token_hash, user_id: user.id, password, created_at };
    assert!(storage.create_session(shop, session).await.unwrap());
    let webhook = NewWebhook {
        id: WebhookId::new(4).unwrap(),
        url: "https://example.com/".into(),
        kinds: None,
        payload: WebhookPayload::Full,
        ignore_key: None,
        secret: SealedSecret(vec![5]),
    };
    let id = webhook.id;
    storage.create_webhook(shop, webhook, stamp(now()), None).await.unwrap();
    storage.create_link(shop, link(3, end)).await.unwrap();
    storage.plan_deliveries(shop, id, now(), 9).await.unwrap();
    let attempt = NewAttempt { time: now(), duration_millis: 6, result: AttemptResult::Status(204) };
    storage.note_test(shop, id, attempt).await.unwrap();
    let reply = NewSavedReply { title: "Hello".into(), text: "Dear customer,\n".into() };
    storage.create_saved_reply(shop, SavedReplyId::new(9).unwrap(), reply, now()).await.unwrap();
}

/// The stored values, one a line, each with its table.
async fn stored_values(storage: &RedbStorage) -> String {
    let read = |transaction: &redb::ReadTransaction| {
        let mut lines = format!("format {FORMAT}\n");
        let mut add =
            |table: &str, json: &[u8]| lines += &format!("{table} {}\n", String::from_utf8_lossy(json));
        for entry in transaction.open_table(SHOPS)?.iter()? {
            add("shops", entry?.1.value());
        }
        for entry in transaction.open_table(LOADS)?.iter()? {
            add("loads", entry?.1.value().1);
        }
        for table in [
            CUSTOMERS,
            USERS,
            API_KEYS,
            TICKETS,
            HUMAN_TICKETS,
            CREDENTIALS,
            SAVED_REPLIES,
            WEBHOOKS,
            DELIVERIES,
        ] {
            for entry in transaction.open_table(table)?.iter()? {
                add(&redb::TableHandle::name(&table).replace(' ', "_"), entry?.1.value());
            }
        }
        for entry in transaction.open_table(SESSIONS)?.iter()? {
            add("sessions", entry?.1.value());
        }
        for entry in transaction.open_table(ATTEMPTS)?.iter()? {
            add("attempts", entry?.1.value());
        }
        for entry in transaction.open_table(COMMENTS)?.iter()? {
            add("comments", entry?.1.value());
        }
        for entry in transaction.open_table(EVENTS)?.iter()? {
            let (_, value) = entry?;
            let (_time, event, _customer, snapshot) = value.value();
            add("events", event);
            add("events", snapshot.unwrap_or_default());
        }
        Ok(lines)
    };
    storage.read("layout", read).await.unwrap()
}

#[tokio::test]
async fn stored_values_have_the_layout_of_this_format() {
    let storage = TestDisk::default().open();
    write_samples(&storage).await;
    let loading =
        Shop::new(ShopId::new(3).unwrap(), ShopDomain::parse("loading.example.com").unwrap(), now());
    let (counters, id_range_ends) = (ShopCounters::default(), Vec::new());
    let loading = ArchivedShop { shop: loading, log_beginning: None, counters, id_range_ends };
    storage.begin_load(loading).await.unwrap();
    let stored = stored_values(&storage).await;
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/tests/layout.txt");
    if std::env::var_os("HEXDESK_WRITE_LAYOUT").is_some() {
        std::fs::write(&path, &stored).unwrap();
    }
    let kept = std::fs::read_to_string(path).unwrap();
    for (stored, kept) in stored.lines().zip(kept.lines()) {
        assert_eq!(stored, kept, "raise FORMAT or keep the layout; then run with HEXDESK_WRITE_LAYOUT=1");
    }
    assert_eq!(stored, kept);
    // Everything is read back.
    let shop = storage.find_shop(&domain()).await.unwrap().unwrap().id;
    assert_eq!(
        storage
            .list_events(shop, Default::default(), None, PageSize::MAX)
            .await
            .unwrap()
            .unwrap()
            .entries
            .len(),
        7
    );
    assert_eq!(storage.count_tickets(shop, TicketFilter::default(), u64::MAX).await.unwrap(), 1);
    assert_eq!(storage.count_keys(shop).await.unwrap(), 1);
    assert!(
        storage.find_customer(shop, hexdesk_domain::CustomerId::new(1).unwrap()).await.unwrap().is_some()
    );
}
