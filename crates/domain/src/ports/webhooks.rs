use async_trait::async_trait;

use crate::{
    AuditStamp, DeferredClaim, IdempotentOutcome, NewWebhook, ShopId, StorageError, Webhook, WebhookChanges,
    WebhookId,
};

/// Outcome of creating a webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CreateWebhookOutcome {
    /// The webhook was added.
    Created(Box<Webhook>),
    /// The shop has [`Webhook::MAX_OF_SHOP`] webhooks. Nothing was added.
    TooMany,
}

/// An update of a webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookUpdate {
    /// The requested changes.
    pub changes: WebhookChanges,
    /// The version that the webhook must have. If absent, any version is accepted.
    pub expected_version: Option<i64>,
    /// The actor and the time of the update.
    pub stamp: AuditStamp,
}

/// Outcome of updating a webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UpdateWebhookOutcome {
    /// The webhook after the update.
    Updated(Box<Webhook>),
    /// The shop has no such webhook.
    NotFound,
    /// The webhook has another version than expected. Nothing was written.
    VersionMismatch,
}

/// Outcome of deleting a webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeleteWebhookOutcome {
    /// The webhook was deleted.
    Deleted,
    /// The shop has no such webhook.
    NotFound,
    /// The webhook has another version than expected. Nothing was deleted.
    VersionMismatch,
}

/// Stores the webhooks of shops.
///
/// - **WEBHOOK-1** A created webhook is enabled and has the version 1. It is found and listed with
///   every value as given. Its place is the position of its own event in the log, so it reads the
///   events of later changes only.
/// - **WEBHOOK-2** A webhook of another shop is neither found, listed, updated nor deleted.
/// - **WEBHOOK-3** The list holds the shop's webhooks and no others, in order of id, smallest first.
/// - **WEBHOOK-4** If the shop has [`Webhook::MAX_OF_SHOP`] webhooks, a creation returns `TooMany` and
///   adds nothing. Deleting one makes room for another. Other shops do not count.
/// - **WEBHOOK-5** If a webhook of the shop has the id of a creation, the creation fails and changes
///   nothing.
/// - **WEBHOOK-6** An update makes the changes of [`Webhook::change`] and returns the webhook as it is
///   found from then on. An update that changes nothing leaves the version as it is.
/// - **WEBHOOK-7** An update or deletion of a webhook that the shop does not have returns `NotFound`.
///   Otherwise, if it expects another version than the webhook's, it returns `VersionMismatch`. In
///   both cases nothing changes.
/// - **WEBHOOK-8** A deletion removes the webhook, its deliveries and its attempts.
/// - **WEBHOOK-9** Creating a webhook appends one `WebhookCreated`. An update that changes it appends
///   one `WebhookDisabled` if it disables the webhook, otherwise one `WebhookUpdated`. A deletion
///   appends one `WebhookDeleted`. The snapshots are [`WebhookSnapshot`](crate::WebhookSnapshot)s.
///   EVENT-8 and EVENT-9 hold.
/// - **WEBHOOK-10** A creation or an update with a [`DeferredClaim`] meets the obligations of
///   [`IdempotentOutcome`].
/// - **WEBHOOK-11** If creations race in a shop, it never has more than [`Webhook::MAX_OF_SHOP`]
///   webhooks. If they race for one id, one of them takes effect, and the others fail. Racing updates of
///   a webhook take effect one after another. If several expect the same version, one of them takes
///   effect. If deletions race, exactly one returns `Deleted`. No update, plan, claim or test brings
///   anything of the webhook back.
///
/// The failure of WEBHOOK-5 is of the kind `Unexpected`. The store keeps sealed secrets byte for byte.
#[async_trait]
pub trait WebhookStore: Send + Sync {
    /// Adds a webhook.
    ///
    /// # Errors
    /// [`StorageError`] if the store fails.
    async fn create_webhook(
        &self,
        shop: ShopId,
        webhook: NewWebhook,
        stamp: AuditStamp,
        claim: Option<DeferredClaim<CreateWebhookOutcome>>,
    ) -> Result<IdempotentOutcome<CreateWebhookOutcome>, StorageError>;

    /// Returns the shop's webhook with this id.
    ///
    /// # Errors
    /// [`StorageError`] if the store fails.
    async fn find_webhook(&self, shop: ShopId, id: WebhookId) -> Result<Option<Webhook>, StorageError>;

    /// Returns all webhooks of the shop.
    ///
    /// # Errors
    /// [`StorageError`] if the store fails.
    async fn list_webhooks(&self, shop: ShopId) -> Result<Vec<Webhook>, StorageError>;

    /// Updates a webhook of the shop.
    ///
    /// # Errors
    /// [`StorageError`] if the store fails.
    async fn update_webhook(
        &self,
        shop: ShopId,
        id: WebhookId,
        update: WebhookUpdate,
        claim: Option<DeferredClaim<UpdateWebhookOutcome>>,
    ) -> Result<IdempotentOutcome<UpdateWebhookOutcome>, StorageError>;

    /// Deletes a webhook of the shop. With `expected_version`, it is deleted only if it has this version.
    ///
    /// # Errors
    /// [`StorageError`] if the store fails.
    async fn delete_webhook(
        &self,
        shop: ShopId,
        id: WebhookId,
        expected_version: Option<i64>,
        stamp: AuditStamp,
    ) -> Result<DeleteWebhookOutcome, StorageError>;
}
