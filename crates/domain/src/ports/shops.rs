use async_trait::async_trait;

use crate::{Shop, ShopDomain, StorageError, Timestamp};

/// What became of a shop's creation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CreateShopOutcome {
    /// It was added.
    Created(Shop),
    /// A shop of this domain is there, open or closed; nothing changed.
    AlreadyExists(Shop),
}

/// Keeps shops. A shop is a tenant; everything else belongs to one.
///
/// - **SHOP-1** A created shop is open, has a number that no other shop has or had, and
///   is found by its domain with everything it was created with.
/// - **SHOP-2** Creating a shop whose domain is taken, by a closed shop too, answers
///   [`CreateShopOutcome::AlreadyExists`] with that shop and changes nothing.
/// - **SHOP-3** A domain that no shop has is `None`, to be found or to be closed.
/// - **SHOP-4** The list holds every shop, closed ones included, in order of number.
/// - **SHOP-5** Closing sets the time of closing; closing again keeps the first.
/// - **SHOP-6** Of creations that race for one domain exactly one answers `Created`.
#[async_trait]
pub trait ShopStore: Send + Sync {
    /// Adds a shop.
    ///
    /// # Errors
    /// [`StorageError`] if the store fails.
    async fn create_shop(
        &self,
        domain: &ShopDomain,
        now: Timestamp,
    ) -> Result<CreateShopOutcome, StorageError>;

    /// The shop of this domain, open or closed.
    ///
    /// # Errors
    /// [`StorageError`] if the store fails.
    async fn find_shop(&self, domain: &ShopDomain) -> Result<Option<Shop>, StorageError>;

    /// All shops.
    ///
    /// # Errors
    /// [`StorageError`] if the store fails.
    async fn list_shops(&self) -> Result<Vec<Shop>, StorageError>;

    /// Closes the shop of this domain and answers it.
    ///
    /// # Errors
    /// [`StorageError`] if the store fails.
    async fn close_shop(&self, domain: &ShopDomain, now: Timestamp) -> Result<Option<Shop>, StorageError>;
}
