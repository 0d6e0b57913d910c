use async_trait::async_trait;

use crate::{
    AuditStamp, Customer, CustomerChanges, CustomerFilter, CustomerId, DeferredClaim, IdempotentOutcome,
    NewCustomer, Page, ShopId, StorageError,
};

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

/// A change of one customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomerUpdate {
    /// What is to be otherwise, checked.
    pub changes: CustomerChanges,
    /// Who changes it, and when.
    pub stamp: AuditStamp,
}

/// What became of a customer's change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UpdateCustomerOutcome {
    /// The customer as it is now.
    Updated(Box<Customer>),
    /// The shop has no such customer.
    CustomerNotFound,
    /// Neither e-mail address nor phone number would be left; nothing changed.
    Unreachable,
    /// Another customer of the shop has the e-mail address; nothing changed.
    EmailTaken,
    /// Another customer of the shop has the phone number; nothing changed.
    PhoneNumberTaken,
}

/// How much went with a customer that was erased.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Erased {
    /// Tickets of the customer.
    pub tickets: u64,
    /// Human tickets of those.
    pub human_tickets: u64,
    /// Comments on those.
    pub comments: u64,
    /// Idempotency records that held the customer's data.
    pub idempotency_records: u64,
}

/// Keeps the customers of shops. The shop handed in must exist.
///
/// [`fold_email`](crate::fold_email) is Unicode lower case. No other normalization is applied,
/// and phone numbers are compared character for character. A customer created here has placed
/// no orders and comes from no shop system.
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
/// - **CUSTOMER-8** With a [`DeferredClaim`] the obligations of [`IdempotentOutcome`] hold, for outcomes that
///   have a receipt (`Created`, and `Existing` too if the caller says so) and for those
///   that have none.
///
/// A creation without a number fails once the largest number, 2^53−1, is in use.
///
/// # Lists and counts of customers
///
/// - **CUSTOMER-9** A list holds the shop's customers that meet every condition of the
///   filter, and no other's, each as `find_customer` answers it, in order of number,
///   largest first.
/// - **CUSTOMER-10** Following `next` from page to page answers every customer of the list
///   once, `limit` on each page but the last; the last has no `next`. A count is the length
///   of the whole list of the same filter.
///
/// Several customers may share an id in another system. An empty id and a missing id
/// are different. A list may start after the place of no customer: it goes on with the
/// next smaller number. "Once" holds for a list that does not change between the pages.
///
/// # Updates of customers
///
/// In [`CustomerChanges`], `None` leaves a value and `Some(None)` removes it.
///
/// - **CUSTOMER-11** An update changes what it says and nothing else of the customer, and
///   answers it as `find_customer` does from then on. Its tickets and lists show it changed.
/// - **CUSTOMER-12** An update of a customer that is not the shop's answers
///   `CustomerNotFound`; else one that would leave neither e-mail address nor phone number
///   answers `Unreachable`; else one to an e-mail address that another customer of the shop
///   has, compared as in CUSTOMER-2, answers `EmailTaken`, and to such a phone number
///   `PhoneNumberTaken`. Nothing changes then. What an update gives up is free for others.
/// - **CUSTOMER-13** An update with a [`DeferredClaim`] meets the obligations of [`IdempotentOutcome`].
/// - **CUSTOMER-14** Of updates that race for one e-mail address exactly one answers
///   `Updated`.
/// - **CUSTOMER-18** An update that says nothing answers `Updated` with the customer and
///   changes nothing, even if the customer has neither e-mail address nor phone number.
///
/// An update that says nothing leaves an idempotency record, too. A customer's own
/// address and phone number are not taken, in any spelling. An update leaves the
/// customer's tickets and their versions unchanged.
///
/// # Erasure
///
/// - **CUSTOMER-15** Erasing a customer takes it away with its tickets, their human tickets
///   and comments, and every idempotency record whose receipt names it, and says how many;
///   nothing else goes. A customer that is not the shop's is `None`.
/// - **CUSTOMER-16** The number of an erased customer is not handed out again, its e-mail
///   address and phone number are free, and an idempotency key whose record went is free.
/// - **CUSTOMER-17** Whatever races with an erasure, a ticket, a comment or a record of the
///   customer's, takes effect before it and goes with it, or finds no customer or no ticket;
///   neither fails for the other's sake.
///
/// A record belongs to the customer that its receipt names as `customer_id`, and to no
/// other; a record whose receipt names no customer stays. As after a deletion, the ids
/// of the erased tickets and comments are free and the numbers of their human tickets
/// may be used again. The users and API keys stay. The store hands out the number of an
/// erased customer to nobody, but a creation that asks for it gets it.
///
/// CUSTOMER-17 is about the order of locks. A write that has seen the customer must
/// lock it until the write is done, so that the erasure waits and erases the write as
/// well, or must look again. This holds for records, too: an `Existing` whose receipt
/// names the customer must not be recorded after the erasure. If two calls can block
/// each other for good, the store itself retries.
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
        once: Option<DeferredClaim<CreateCustomerOutcome>>,
    ) -> Result<IdempotentOutcome<CreateCustomerOutcome>, StorageError>;

    /// The shop's customer of this number.
    ///
    /// # Errors
    /// [`StorageError`] if the store fails.
    async fn find_customer(&self, shop: ShopId, id: CustomerId) -> Result<Option<Customer>, StorageError>;

    /// The shop's customers that the filter lets through, after this one in the list: at
    /// most `limit`, which is 1 to [`MAX_PAGE_ENTRIES`](crate::limits::MAX_PAGE_ENTRIES).
    ///
    /// # Errors
    /// [`StorageError`] if the store fails.
    async fn list_customers(
        &self,
        shop: ShopId,
        filter: CustomerFilter,
        after: Option<CustomerId>,
        limit: u32,
    ) -> Result<Page<Customer, CustomerId>, StorageError>;

    /// How many customers of the shop the filter lets through.
    ///
    /// # Errors
    /// [`StorageError`] if the store fails.
    async fn count_customers(&self, shop: ShopId, filter: CustomerFilter) -> Result<u64, StorageError>;

    /// Changes the shop's customer.
    ///
    /// # Errors
    /// [`StorageError`] if the store fails.
    async fn update_customer(
        &self,
        shop: ShopId,
        id: CustomerId,
        update: CustomerUpdate,
        once: Option<DeferredClaim<UpdateCustomerOutcome>>,
    ) -> Result<IdempotentOutcome<UpdateCustomerOutcome>, StorageError>;

    /// Erases the shop's customer with everything of theirs.
    ///
    /// # Errors
    /// [`StorageError`] if the store fails.
    async fn erase_customer(
        &self,
        shop: ShopId,
        id: CustomerId,
        stamp: AuditStamp,
    ) -> Result<Option<Erased>, StorageError>;
}
