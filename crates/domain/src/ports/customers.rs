use async_trait::async_trait;

use crate::{Attempt, Customer, CustomerId, NewCustomer, Once, ShopId, StorageError};

/// What became of a customer's creation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CreateCustomerOutcome {
    /// It was added.
    Created(Customer),
    /// The shop has a customer with this e-mail address or phone number; nothing changed.
    Existing(Customer),
    /// The shop has another customer with the number asked for; nothing changed.
    IdTaken,
}

/// Keeps the customers of shops. The shop handed in must exist.
///
/// - **CUSTOMER-1** A created customer has a number from 1 to 2^53−1 that no other
///   customer of the shop has, and is found with every field as it was handed in.
/// - **CUSTOMER-2** Creating a customer whose e-mail address a customer of the shop has,
///   compared as [`fold_email`](crate::fold_email) does, answers `Existing` with that
///   customer and changes nothing.
/// - **CUSTOMER-3** If none has the e-mail address but one the same phone number, that
///   one is `Existing`; of two matches the one by e-mail address wins.
/// - **CUSTOMER-4** Another shop's customer is never found and never `Existing`.
/// - **CUSTOMER-5** A number that is asked for is kept, and the numbers handed out later
///   in the shop are larger.
/// - **CUSTOMER-6** A number that is asked for and taken, when neither e-mail address nor
///   phone number matches, answers `IdTaken` and changes nothing.
/// - **CUSTOMER-7** Of creations that race for one e-mail address exactly one answers
///   `Created`, the others `Existing`.
/// - **CUSTOMER-8** With a [`Once`] the obligations of [`Attempt`] hold, for outcomes that
///   have a receipt (`Created`, and `Existing` too if the caller says so) and for those
///   that have none.
#[async_trait]
pub trait CustomerStore: Send + Sync {
    /// Adds a customer, unless there is one.
    ///
    /// # Errors
    /// [`StorageError`] if the store fails.
    async fn create_customer(
        &self,
        shop: ShopId,
        customer: NewCustomer,
        once: Option<Once<CreateCustomerOutcome>>,
    ) -> Result<Attempt<CreateCustomerOutcome>, StorageError>;

    /// The shop's customer of this number.
    ///
    /// # Errors
    /// [`StorageError`] if the store fails.
    async fn find_customer(&self, shop: ShopId, id: CustomerId) -> Result<Option<Customer>, StorageError>;
}
