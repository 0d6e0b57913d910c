//! A shop that has something of every kind.

use anyhow::Context;
use hexdesk_domain::ports::{CommentUpdate, CustomerMerge};
use hexdesk_domain::{
    AttemptError, AttemptResult, CommentChanges, NewApiKey, NewAttempt, NewComment, NewCustomer,
    NewSavedReply, NewSession, Role, SavedReplyId, Settlement, ShopId, Storage, TicketChanges,
};

use crate::cases::webhooks::{create_webhook, new_webhook};
use crate::credentials::cases::{invite, invite_with_password, password};
use crate::samples::shop_with_tickets::ShopWithTickets;
use crate::samples::{
    at, claim, claimed, comment_creation, comment_id, create_comment, create_customer, create_key,
    create_ticket, create_user, creation, customer_by_email, customer_by_phone_number, customer_id,
    deferred_claim, every_external_id, new_comment, new_key, plain_ticket, rotate_key, rotation, secret_hash,
    stamp, ticket_id, update, update_ticket, user_by_email,
};

/// The seed of the session's token, and that of the link's.
pub(super) const SESSION: u8 = 31;
pub(super) const LINK: u8 = 32;

/// When deliveries of the shop are planned and claimed.
pub(super) const DELIVERED: i64 = 1_000;

/// Creates it. Every such shop on one store is alike.
pub(super) async fn create(storage: &dyn Storage, name: &str) -> anyhow::Result<ShopWithTickets> {
    let fixture = ShopWithTickets::create(storage, name).await?;
    let shop = fixture.shop();
    customers(storage, &fixture).await?;
    tickets(storage, &fixture).await?;
    people(storage, &fixture).await?;
    let reply = NewSavedReply { title: "Hello".into(), text: "Hello, and thank you.".into() };
    let id = SavedReplyId::new(5).context("a saved reply's id")?;
    storage.create_saved_reply(shop, id, reply, at(4)).await?;
    // The log begins later, and not before what a webhook follows.
    storage.remove_events(shop, at(1), 2).await?;
    webhook(storage, shop).await?;
    storage.reserve_id_range(at(0), 60_000, None).await?;
    Ok(fixture)
}

/// A customer with every id, one that was merged with its ticket, and one that was erased.
async fn customers(storage: &dyn Storage, fixture: &ShopWithTickets) -> anyhow::Result<()> {
    let shop = fixture.shop();
    let new = NewCustomer {
        external_ids: every_external_id(|name| format!("{name} of the archive")),
        first_name: Some("Zoë".into()),
        ..customer_by_phone_number("+33 6 12 34 00 08")
    };
    let filled = create_customer(storage, shop, new).await?;
    let merged = create_customer(storage, shop, customer_by_email("merged@example.com")).await?;
    let ticket = plain_ticket(ticket_id(50)?, &merged);
    create_ticket(storage, claimed(ticket.clone(), claim("of the merged", 3, b"\"merged\"")?)).await?;
    create_comment(storage, comment_creation(new_comment(500, &ticket)?)).await?;
    let merge = CustomerMerge { from: merged.id, into: filled.id, stamp: stamp(at(14)) };
    storage.merge_customers(shop, merge, None).await?;
    let erased = create_customer(storage, shop, customer_by_email("erased@example.com")).await?;
    create_ticket(storage, creation(plain_ticket(ticket_id(51)?, &erased))).await?;
    storage.erase_customer(shop, erased.id, stamp(at(15))).await?;
    Ok(())
}

/// Deleted tickets and comments, changed ones, notes, and receipts with and without a text.
async fn tickets(storage: &dyn Storage, fixture: &ShopWithTickets) -> anyhow::Result<()> {
    let (shop, people) = (fixture.shop(), &fixture.people);
    create_ticket(storage, claimed(people.ticket(60)?, claim("é\u{1f980}", 1, &[0xff, 0, 0x80])?)).await?;
    create_ticket(storage, claimed(people.ticket(61)?, claim("E", 2, b"{\"ticket\":\"61\"}")?)).await?;
    create_ticket(storage, creation(people.ticket(62)?)).await?;
    storage.delete_ticket(shop, ticket_id(62)?, None, stamp(at(16))).await?;
    let ticket = people.ticket(61)?;
    for id in [610, 611, 612] {
        let comment = NewComment { is_note: id == 610, ..new_comment(id, &ticket)? };
        create_comment(storage, comment_creation(comment)).await?;
    }
    storage.delete_comment(shop, ticket.id, comment_id(611)?, None, stamp(at(17))).await?;
    let changes = CommentChanges { text: Some("a changed text".into()), ..CommentChanges::default() };
    let changed = CommentUpdate { changes, expected_version: None, stamp: stamp(at(18)) };
    storage.update_comment(shop, ticket.id, comment_id(612)?, changed, None).await?;
    let changes = TicketChanges { is_opened: Some(true), ..TicketChanges::default() };
    update_ticket(storage, shop, ticket.id, update(changes)).await?;
    // Its earlier events belong to the other customer from now on.
    let changes = TicketChanges { customer_id: Some(customer_id(2)?), ..TicketChanges::default() };
    update_ticket(storage, shop, ticket_id(60)?, update(changes)).await?;
    let claim = deferred_claim("a user", 4, b"\"the user\"")?;
    storage.create_user(shop, user_by_email("recorded@example.com"), Some(claim)).await?;
    Ok(())
}

/// A key of a user, a rotated and a revoked one, a session, and a link.
async fn people(storage: &dyn Storage, fixture: &ShopWithTickets) -> anyhow::Result<()> {
    let (shop, agent) = (fixture.shop(), &fixture.agent);
    let of_agent = NewApiKey { user_id: Some(agent.id), expires_at: Some(at(9_000)), ..new_key(1) };
    let key = create_key(storage, shop, of_agent).await?;
    rotate_key(storage, shop, key.number, rotation(2, at(2), at(5_000))).await?;
    let revoked = create_key(storage, shop, new_key(3)).await?;
    storage.revoke_key(shop, revoked.number, stamp(at(19))).await?;
    invite_with_password(storage, agent, Role::Admin, "a hash").await?;
    let token_hash = secret_hash(SESSION);
    let session =
        NewSession { token_hash, user_id: agent.id, password: password("a hash"), created_at: at(20) };
    storage.create_session(shop, session).await?;
    let invited = create_user(storage, shop, user_by_email("invited@example.com")).await?;
    invite(storage, &invited, Some(Role::Agent), LINK).await
}

/// A webhook that has sent, failed, and has more to send.
async fn webhook(storage: &dyn Storage, shop: ShopId) -> anyhow::Result<()> {
    let webhook = create_webhook(storage, shop, new_webhook(1)?).await?;
    for number in 0..4 {
        create_user(storage, shop, user_by_email(&format!("sent-{number}@example.com"))).await?;
    }
    storage.plan_deliveries(shop, webhook.id, at(DELIVERED), 3).await?;
    let until = at(DELIVERED + 1_000);
    let claimed = storage.claim_deliveries(shop, webhook.id, at(DELIVERED), until, 3).await?;
    let claimed = claimed.context("the webhook is not found")?.deliveries;
    let results = [AttemptResult::Status(204), AttemptResult::Error(AttemptError::Timeout)];
    let settlements = claimed.iter().zip(results).map(|(delivery, result)| Settlement {
        position: delivery.event.position,
        claim: delivery.claim,
        attempt: NewAttempt { time: at(DELIVERED), duration_millis: 7, result },
        jitter: 0,
        retry_after_millis: None,
    });
    storage.settle_deliveries(shop, webhook.id, settlements.collect(), stamp(at(DELIVERED))).await?;
    let test = NewAttempt { time: at(DELIVERED), duration_millis: 3, result: AttemptResult::Status(500) };
    storage.note_test(shop, webhook.id, test).await?;
    Ok(())
}
