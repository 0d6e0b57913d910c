//! The obligation of [`Readiness`](hexdesk_domain::Readiness).

use std::sync::Arc;

use anyhow::Context;
use hexdesk_domain::Storage;

use crate::samples::create_shop;

/// READY-1: a new store is ready.
pub async fn ready_1_new_store_is_ready(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    storage.check_ready().await.context("a new store is not ready")?;
    storage.check_ready().await.context("the store is no longer ready at the second check")?;
    create_shop(&*storage, "shop.example.com").await?;
    storage.check_ready().await.context("the store is no longer ready after a shop was created")
}
