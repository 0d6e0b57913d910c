//! The obligations of [`IdempotentOutcome`]. They are the same for every operation that returns
//! one.

mod api_keys;
mod comment_updates;
mod comments;
mod customer_merges;
mod customer_updates;
mod customers;
mod operation_under_test;
mod ticket_updates;
mod user_updates;
mod users;
mod webhook_updates;

use std::sync::Arc;

use async_trait::async_trait;
use hexdesk_domain::{IdempotencyRequest, IdempotentOutcome, Storage, Timestamp};

use self::api_keys::{KeyRotations, Keys};
use self::comment_updates::CommentUpdates;
use self::comments::Comments;
use self::customer_merges::CustomerMerges;
use self::customer_updates::CustomerUpdates;
use self::customers::Customers;
use self::operation_under_test::{expect_once, expect_one_space, expect_space_of_tickets};
use self::ticket_updates::TicketUpdates;
use self::user_updates::UserUpdates;
use self::users::Users;
use self::webhook_updates::WebhookUpdates;
use crate::samples::{ShopWithPeople, claim};

/// COMMENT-10: with a `DeferredClaim` the obligations of `IdempotentOutcome` hold.
pub async fn comment_10_takes_effect_once(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    expect_once(&storage, "example.com", Arc::new(Comments)).await?;
    comments::a_key_twice_in_a_batch(&*storage).await
}

/// COMMENT-16: with a `DeferredClaim` the obligations of `IdempotentOutcome` hold for updates.
pub async fn comment_16_takes_effect_once(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    expect_once(&storage, "example.com", Arc::new(CommentUpdates)).await?;
    comment_updates::update_is_replayed_after_a_deletion(&*storage).await
}

/// CUSTOMER-8: with a `DeferredClaim` the obligations of `IdempotentOutcome` hold, for outcomes
/// with and without a receipt.
pub async fn customer_8_takes_effect_once(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    expect_once(&storage, "example.com", Arc::new(Customers)).await?;
    customers::existing_with_and_without_a_receipt(&*storage).await
}

/// CUSTOMER-13: with a `DeferredClaim` the obligations of `IdempotentOutcome` hold.
pub async fn customer_13_takes_effect_once(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    expect_once(&storage, "updated.example.com", Arc::new(CustomerUpdates)).await?;
    customer_updates::update_is_replayed_whatever_became_of_the_customer(&*storage).await
}

/// CUSTOMER-29: with a `DeferredClaim` the obligations of `IdempotentOutcome` hold.
pub async fn customer_29_takes_effect_once(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    expect_once(&storage, "merged.example.com", Arc::new(CustomerMerges)).await?;
    expect_space_of_tickets(&*storage, &CustomerMerges).await
}

/// USER-6: with a `DeferredClaim` the obligations of `IdempotentOutcome` hold for creations and
/// updates of users.
pub async fn user_6_takes_effect_once(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    expect_once(&storage, "created.example.com", Arc::new(Users)).await?;
    expect_once(&storage, "updated.example.com", Arc::new(UserUpdates)).await?;
    user_updates::update_is_replayed_whatever_became_of_the_user(&*storage).await
}

/// TICKET-22: with a `DeferredClaim` the obligations of `IdempotentOutcome` hold, even for an empty
/// update.
pub async fn ticket_22_takes_effect_once(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    expect_once(&storage, "example.com", Arc::new(TicketUpdates)).await?;
    ticket_updates::update_is_replayed_whatever_became_of_the_ticket(&*storage).await
}

/// KEY-8: with a `DeferredClaim` the obligations of `IdempotentOutcome` hold for creations and
/// rotations of keys.
pub async fn key_8_takes_effect_once(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    expect_once(&storage, "created.example.com", Arc::new(Keys)).await?;
    expect_once(&storage, "rotated.example.com", Arc::new(KeyRotations::default())).await?;
    api_keys::rotation_is_replayed_whatever_became_of_the_key(&*storage).await
}

/// The obligations of `IdempotentOutcome` for updates of webhooks.
pub(crate) async fn webhook_update_takes_effect_once(storage: &Arc<dyn Storage>) -> anyhow::Result<()> {
    expect_once(storage, "webhooks.example.com", Arc::new(WebhookUpdates)).await?;
    expect_space_of_tickets(&**storage, &WebhookUpdates).await
}

/// ONCE-1: the records of all operations share one space.
pub async fn once_1_all_operations_share_one_space(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    expect_one_space(&*storage).await
}

/// An operation that creates or changes things. A number identifies each thing.
#[async_trait]
trait Operation: Send + Sync {
    /// Creates what the operation needs in each shop.
    async fn prepare_shop(&self, _storage: &dyn Storage, _fixture: &ShopWithPeople) -> anyhow::Result<()> {
        Ok(())
    }

    /// Creates the thing that the operation changes.
    async fn prepare(
        &self,
        _storage: &dyn Storage,
        _fixture: &ShopWithPeople,
        _number: i64,
    ) -> anyhow::Result<()> {
        Ok(())
    }

    /// Runs the operation, or a variant that is refused. Outcomes are returned in the form of their
    /// receipts.
    async fn attempt(
        &self,
        storage: &dyn Storage,
        fixture: &ShopWithPeople,
        thing: Thing,
        request: Option<(IdempotencyRequest, Timestamp)>,
    ) -> anyhow::Result<IdempotentOutcome<Vec<u8>>>;

    async fn is_there(
        &self,
        storage: &dyn Storage,
        fixture: &ShopWithPeople,
        number: i64,
    ) -> anyhow::Result<bool>;
}

#[derive(Debug, Clone, Copy)]
enum Thing {
    New(i64),
    Refused(i64),
}

/// A request of the operation `create`.
fn request(key: &str, request: u8) -> anyhow::Result<IdempotencyRequest> {
    let request = claim(key, request, b"")?.request;
    Ok(IdempotencyRequest { operation: "create".to_owned(), ..request })
}

/// The receipt of an outcome: bytes that are not valid UTF-8, then the whole outcome.
fn answer_of(outcome: &impl std::fmt::Debug) -> Vec<u8> {
    let every_byte = 0..=u8::MAX;
    every_byte.chain(format!("{outcome:?}").into_bytes()).collect()
}

fn shown<T: std::fmt::Debug>(attempt: IdempotentOutcome<T>) -> IdempotentOutcome<Vec<u8>> {
    match attempt {
        IdempotentOutcome::Ran(outcome) => IdempotentOutcome::Ran(answer_of(&outcome)),
        IdempotentOutcome::Replayed(answer) => IdempotentOutcome::Replayed(answer),
        IdempotentOutcome::KeyReused => IdempotentOutcome::KeyReused,
        IdempotentOutcome::InProgress => IdempotentOutcome::InProgress,
    }
}
