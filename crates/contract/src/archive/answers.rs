//! What a store answers about a shop, call by call.

use std::fmt::Debug;

use hexdesk_domain::{Day, EventPosition, IdempotentOutcome, PageSize, SearchQuery, Shop, Storage};

use super::full_shop::{DELIVERED, LINK, SESSION};
use crate::cases::customer_lists;
use crate::cases::ticket_lists;
use crate::events::settled_log::log_after;
use crate::samples::{
    at, customer_id, deferred_claim, list_keys, secret_hash, ticket_id, user_by_email, user_id,
};

/// The answers to calls, by what was asked.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Answers(Vec<(String, String)>);

impl Answers {
    fn note(&mut self, asked: impl Into<String>, answer: impl Debug) {
        self.0.push((asked.into(), format!("{answer:?}")));
    }

    /// Fails at the first call that the two answer differently.
    pub(super) fn expect(&self, what: &str, expected: &Self) -> anyhow::Result<()> {
        for ((asked, actual), (_, expected)) in self.0.iter().zip(&expected.0) {
            crate::comparison::same(&format!("{what}: {asked}"), actual, expected)?;
        }
        crate::comparison::same(&format!("{what}: the number of answers"), &self.0.len(), &expected.0.len())
    }
}

/// Numbers of customers, users, tickets and keys beyond those of the cases.
const NUMBERS: std::ops::Range<i64> = 1..70;

/// Asks for everything of the shop, with searches if the store under test has them.
pub(super) async fn ask(storage: &dyn Storage, shop: &Shop, searches: bool) -> anyhow::Result<Answers> {
    let mut answers = Answers(Vec::new());
    answers.note("the shop", storage.find_shop(&shop.domain).await?);
    let id = shop.id;
    answers.note("the tickets", ticket_lists::whole_list(storage, id, &Default::default()).await?);
    for number in NUMBERS {
        let ticket = ticket_id(number)?;
        answers.note(format!("ticket {number}"), storage.find_ticket(id, ticket).await?);
        let comments = storage.list_comments(id, ticket, None, PageSize::MAX).await?;
        answers.note(format!("the comments of ticket {number}"), comments);
        answers.note(
            format!("the number of comments of ticket {number}"),
            storage.count_comments(id, ticket).await?,
        );
    }
    if searches {
        for text in ["comment", "changed", "zoë", "name", "612340008", "archive", "merged", "erased"] {
            let query = SearchQuery::parse(text)?;
            let found = storage.search_tickets(id, query, None, PageSize::MAX).await?;
            answers.note(format!("a search for {text}"), found);
        }
    }
    answers.note("the customers", customer_lists::whole_list(storage, id, &customer_lists::all()).await?);
    for number in NUMBERS {
        let customer = customer_id(number)?;
        answers.note(format!("customer {number}"), storage.find_customer(id, customer).await?);
        answers.note(format!("merged customer {number}"), storage.find_merged_customer(id, customer).await?);
    }
    let users = storage.list_users(id, Default::default(), None, PageSize::MAX).await?.entries;
    for user in &users {
        answers.note("a credential", storage.find_credential(id, user.email.clone()).await?);
    }
    answers.note("the users", &users);
    answers.note("the credentials", {
        let mut found = storage.find_credentials(id, users.iter().map(|user| user.id).collect()).await?;
        found.sort_by_key(|credential| credential.user_id);
        found
    });
    answers.note("user 60", storage.find_user(id, user_id(60)?).await?);
    answers.note("a session", storage.find_session(id, secret_hash(SESSION), at(21)).await?);
    answers.note("a link", storage.find_link(id, secret_hash(LINK), at(21)).await?);
    let keys = list_keys(storage, id).await?;
    for key in &keys {
        answers.note(format!("key {}", key.number), storage.find_key(id, key.number).await?);
    }
    answers.note("the keys", keys);
    answers.note("the saved replies", storage.list_saved_replies(id).await?);
    answers.note("the log", log_after(storage, id, None, PageSize::of(3)).await?);
    let before =
        storage.list_events(id, Default::default(), Some(EventPosition::START), PageSize::of(1)).await?;
    answers.note("the log from before its beginning", before.err());
    for webhook in storage.list_webhooks(id).await? {
        let attempts = storage.list_attempts(id, webhook.id, None, PageSize::MAX).await?;
        answers.note("the attempts of a webhook", attempts);
        answers.note("a webhook", webhook);
    }
    let mut due = storage.list_due_webhooks(at(DELIVERED + 600_000)).await?;
    due.retain(|(of, _)| *of == id);
    answers.note("what is due", due);
    let day = Day::of(at(0));
    answers.note("the figures of a day", storage.count_day(id, day, u64::MAX).await?);
    answers.note("the open tickets", storage.count_open_tickets(id, u64::MAX).await?);
    Ok(answers)
}

/// Asks what also writes: a request that was made before, and what is due.
pub(super) async fn ask_writing(storage: &dyn Storage, shop: &Shop) -> anyhow::Result<Answers> {
    let mut answers = Answers(Vec::new());
    let id = shop.id;
    let again = user_by_email("recorded@example.com");
    let claim = deferred_claim("a user", 4, b"another answer")?;
    let replayed = match storage.create_user(id, again, Some(claim)).await? {
        IdempotentOutcome::Replayed(response) => Some(response),
        _ => None,
    };
    answers.note("a repeated request", replayed);
    let now = at(DELIVERED + 600_000);
    for webhook in storage.list_webhooks(id).await? {
        answers.note("planned", storage.plan_deliveries(id, webhook.id, now, 1).await?);
        let until = at(DELIVERED + 700_000);
        let mut claimed = storage.claim_deliveries(id, webhook.id, now, until, 20).await?;
        if let Some(claimed) = &mut claimed {
            claimed.deliveries.sort_by_key(|delivery| delivery.event.position);
            // Those that are due at the same time may be claimed in any order.
            claimed.deliveries.iter_mut().for_each(|delivery| delivery.claim = 0);
        }
        answers.note("claimed", claimed);
    }
    Ok(answers)
}
