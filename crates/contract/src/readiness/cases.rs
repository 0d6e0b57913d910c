//! The obligation of [`Readiness`](hexdesk_domain::Readiness).

use std::sync::Arc;

use anyhow::Context;
use hexdesk_domain::Storage;

use crate::samples::create_shop;

/// READY-1: a store that was just set up is ready.
pub async fn ready_1_new_store_is_ready(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    storage.check_ready().await.context("a store that was just set up is not ready")?;
    storage.check_ready().await.context("asked twice, it is not ready any more")?;
    create_shop(&*storage, "shop.example.com").await?;
    storage.check_ready().await.context("with a shop in it, it is not ready any more")
}
