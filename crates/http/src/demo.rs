//! The demo shop, and a request to paste.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context, bail, ensure};
#[cfg(feature = "console")]
use hexdesk_adapters::RandomTokens;
use hexdesk_adapters::{KeyRequest, KeyText, issue_key};
use hexdesk_domain::ports::{CreateCustomerOutcome, CreateShopOutcome, CreateUserOutcome};
use hexdesk_domain::{
    Actor, AuditStamp, CustomerDraft, CustomerId, IdempotentOutcome, Scope, ShopDomain, Storage, Timestamp,
    UserDraft, UserId,
};
#[cfg(feature = "console")]
use hexdesk_domain::{Caller, Invite, TicketDraft, TokenSource};

const SHOP: &str = "example.myshopify.com";
const CUSTOMER_ID: i64 = 123;
const USER_ID: i64 = 45;
const USER_EMAIL: &str = "agent@example.com";

/// The body of the documented example request.
pub(crate) const EXAMPLE_BODY: &str = r#"{
  "customerId": 123,
  "Channel": "Mail",
  "name": "Refund request",
  "threadId": "thread-001",
  "emailUsed": "support@example.com",
  "lastMessage": "Hello, I need a refund.",
  "contact_reason": "refund",
  "assigned_to": 45,
  "isOpenedTicket": true,
  "unReadChatCount": 1,
  "tags": ["refund", "vip"],
  "language_code": "en",
  "via": "api"
}"#;

/// The time after which the key of a start ends.
const KEY_MILLIS: i64 = 24 * 60 * 60 * 1_000;

/// Fails if the database has other shops: its operator would not expect a key without a command.
/// Changes nothing.
///
/// # Errors
/// If there is another shop, or the store fails.
pub(crate) async fn check(storage: &Arc<dyn Storage>) -> anyhow::Result<()> {
    let shops = storage.list_shops().await?;
    ensure!(
        shops.iter().all(|shop| shop.domain.as_str() == SHOP),
        "--demo needs a database of its own, and this one has other shops: leave --demo out, or name another \
         database with --database-url (HEXDESK_DATABASE_URL), such as sqlite://demo.db"
    );
    Ok(())
}

/// Creates the demo shop with its customer and user, unless they exist, and a key for one day.
///
/// # Errors
/// If the shop was closed or has other people, or the store fails.
pub(crate) async fn prepare(storage: &Arc<dyn Storage>, now: Timestamp) -> anyhow::Result<KeyText> {
    let domain = ShopDomain::parse(SHOP)?;
    let shop = match storage.create_shop(&domain, now).await? {
        CreateShopOutcome::Created(shop) | CreateShopOutcome::AlreadyExists(shop) => shop,
    };
    ensure!(
        shop.closed_at.is_none(),
        "the demo shop {SHOP} was closed in this database: use another database"
    );

    let stamp = AuditStamp { actor: Actor::Operator, time: now, request_id: None };
    let customer = CustomerDraft {
        id: CustomerId::new(CUSTOMER_ID),
        email: Some("dev@example.com".to_owned()),
        phone_number: Some("+33123456789".to_owned()),
        first_name: Some("Ada".to_owned()),
        last_name: Some("Lovelace".to_owned()),
        shopify_id: Some("987654321".to_owned()),
        ..CustomerDraft::default()
    };
    let customer = customer.into_new(stamp).ok().context("the demo customer breaks a rule")?;
    match storage.create_customer(shop.id, customer, None).await? {
        IdempotentOutcome::Ran(CreateCustomerOutcome::Created(_)) => {}
        IdempotentOutcome::Ran(CreateCustomerOutcome::Existing(customer))
            if customer.id.get() == CUSTOMER_ID => {}
        _ => bail!(
            "the shop {SHOP} of this database has other customers than the demo's: use another database"
        ),
    }

    let user = UserDraft {
        id: UserId::new(USER_ID),
        email: Some(USER_EMAIL.to_owned()),
        first_name: Some("Grace".to_owned()),
        last_name: Some("Hopper".to_owned()),
        ..UserDraft::default()
    };
    let user = user.into_new(stamp).ok().context("the demo user breaks a rule")?;
    match storage.create_user(shop.id, user, None).await? {
        IdempotentOutcome::Ran(CreateUserOutcome::Created(_)) => {}
        IdempotentOutcome::Ran(CreateUserOutcome::EmailTaken(user)) if user.id.get() == USER_ID => {}
        _ => {
            bail!("the shop {SHOP} of this database has other users than the demo's: use another database")
        }
    }

    let scopes = Scope::DEFAULT.iter().copied().collect();
    let expires_at = Some(now.saturating_add_millis(KEY_MILLIS));
    let request = KeyRequest { shop: shop.id, scopes, user_id: None, expires_at };
    Ok(issue_key(&**storage, request, now).await?.1)
}

/// Lets a link of the console sign in the demo's user, and returns the text that says so. Each start has
/// another link.
///
/// # Errors
/// If the store fails.
#[cfg(feature = "console")]
pub(crate) async fn open_console(
    storage: &Arc<dyn Storage>,
    console: &hexdesk_console::Console,
    address: SocketAddr,
    key: &KeyText,
) -> anyhow::Result<String> {
    let shop = storage.find_shop(&ShopDomain::parse(SHOP)?).await?.context("the demo shop is missing")?;
    let random = || Ok::<_, anyhow::Error>(RandomTokens.new_token(shop.id)?.text());
    let (secret, password) = (random()?, random()?);
    let invite = Invite::new(storage.clone(), storage.clone(), Arc::new(RandomTokens), console.clock.clone());
    let link = format!("The inbox (this link signs you in):\n\nhttp://{address}/demo/{secret}\n\n");
    let account = hexdesk_console::DemoAccount {
        secret,
        shop: SHOP.to_owned(),
        email: USER_EMAIL.to_owned(),
        password,
        invite,
        caller: Caller { shop: shop.id, actor: Actor::Operator, request_id: None },
        command: create_command(address, key.as_str()),
        examples: examples(console.clock.now()),
    };
    // The demo is opened only once.
    let _ = console.demo.set(account);
    Ok(link)
}

/// Returns the tickets that the inbox shows at first.
#[cfg(feature = "console")]
fn examples(now: Timestamp) -> Vec<TicketDraft> {
    const MINUTE: i64 = 60_000;
    let example = |minutes: i64, channel: &str, name: &str, message: &str, tags: &[&str]| TicketDraft {
        customer_id: CustomerId::new(CUSTOMER_ID),
        channel: Some(channel.to_owned()),
        name: Some(name.to_owned()),
        last_message: Some(message.to_owned()),
        date: Some(now.saturating_add_millis(-minutes * MINUTE)),
        last_message_time: Some(now.saturating_add_millis(-minutes * MINUTE)),
        is_opened: true,
        tags: Some(tags.iter().map(|tag| (*tag).to_owned()).collect()),
        ..TicketDraft::default()
    };
    vec![
        TicketDraft {
            is_opened: false,
            ..example(6_000, "Website", "Opening hours", "Are you open on Sunday?", &[])
        },
        TicketDraft {
            assigned_to: UserId::new(USER_ID),
            ..example(
                1_500,
                "WhatsApp",
                "New address",
                "I have moved. Please send it to 12 Analytical Street.",
                &["address"],
            )
        },
        TicketDraft {
            unread_count: Some(1),
            ..example(
                190,
                "Mail",
                "Where is my parcel?",
                "<p>Hello,</p><p>the tracking page has said <b>label created</b> for nine days.</p><p>Ada</p>",
                &["shipping"],
            )
        },
        TicketDraft {
            unread_count: Some(1),
            ..example(
                12,
                "Mail",
                "The kettle has a dent",
                "Hello,\n\nthe blue kettle arrived with a dent. Can you send another one?\n\nThanks, Ada",
                &["damaged", "order-4411"],
            )
        },
    ]
}

/// Returns a command that creates a ticket.
fn create_command(address: SocketAddr, key: &str) -> String {
    format!(
        "curl -i http://{address}/api/v1/tickets \\\n  \
         -H 'x-api-key: {key}' \\\n  \
         -H 'content-type: application/json' \\\n  \
         -d '{EXAMPLE_BODY}'"
    )
}

/// Returns the text to print when the demo starts. `link` says how to open the console.
pub(crate) fn request_to_paste(address: SocketAddr, key: &KeyText, link: &str) -> String {
    let key = key.as_str();
    let command = create_command(address, key);
    format!(
        "Hexdesk serves the demo shop {SHOP} on http://{address}\n\
         \n\
         {link}\
         A key for it, for one day (it also works without --demo; each start with --demo makes another):\n\
         \n\
         {key}\n\
         \n\
         Create a ticket:\n\
         \n\
         {command}\n"
    )
}
