use async_trait::async_trait;

use crate::{AuditStamp, Shop, ShopChange, ShopDomain, ShopId, StorageError, Timestamp};

/// Outcome of creating a shop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CreateShopOutcome {
    /// The shop was added.
    Created(Shop),
    /// A shop with this domain exists, open or closed. Nothing changed.
    AlreadyExists(Shop),
}

/// Stores shops. A shop is a tenant. Everything else belongs to one shop.
///
/// - **SHOP-1** A created shop is open and has a number that no other shop has or had. It is found
///   by its domain with every value that it was created with.
/// - **SHOP-2** If a shop, open or closed, has the domain, a creation returns
///   [`CreateShopOutcome::AlreadyExists`] with that shop and changes nothing.
/// - **SHOP-3** If no shop has the domain, finding it and changing it return `None`.
/// - **SHOP-4** The list holds every shop in order of number, smallest first. This includes closed
///   shops.
/// - **SHOP-5** Closing a shop sets the time of closing. Closing it again keeps the first time.
/// - **SHOP-6** If creations race for one domain, exactly one returns `Created`.
/// - **SHOP-7** If a closing races with other closings, with changes of a setting and with calls that write
///   in the shop, all take effect. Every closing returns the time of the first, and the shop keeps it.
/// - **SHOP-8** A shop that is created from a number has at least this number. Numbers that the
///   store assigns later are larger. A domain that is taken moves no number.
/// - **SHOP-9** Setting `reopen_on_reply` changes this value of the shop, open or closed, and nothing
///   else. It returns the shop. A new shop has `false`.
/// - **SHOP-10** Reopening a shop removes its time of closing, and changes nothing else. It returns the
///   shop. An open shop stays as it is. A reopened shop can be closed again, at another time.
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

    /// Adds a shop with a number of at least `from`. So several installations can assign different
    /// numbers.
    ///
    /// # Errors
    /// [`StorageError`] if the store fails.
    async fn create_shop_from(
        &self,
        domain: &ShopDomain,
        from: ShopId,
        now: Timestamp,
    ) -> Result<CreateShopOutcome, StorageError>;

    /// Returns the shop with this domain, open or closed.
    ///
    /// # Errors
    /// [`StorageError`] if the store fails.
    async fn find_shop(&self, domain: &ShopDomain) -> Result<Option<Shop>, StorageError>;

    /// Returns all shops.
    ///
    /// # Errors
    /// [`StorageError`] if the store fails.
    async fn list_shops(&self) -> Result<Vec<Shop>, StorageError>;

    /// Changes the shop with this domain and returns it.
    ///
    /// # Errors
    /// [`StorageError`] if the store fails.
    async fn change_shop(
        &self,
        domain: &ShopDomain,
        change: ShopChange,
        stamp: AuditStamp,
    ) -> Result<Option<Shop>, StorageError>;
}
