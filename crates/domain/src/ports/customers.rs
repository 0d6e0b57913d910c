use async_trait::async_trait;

use crate::{
    AuditStamp, Customer, CustomerChanges, CustomerFilter, CustomerId, DeferredClaim, IdempotentOutcome,
    NewCustomer, Page, PageSize, ShopId, StorageError,
};

/// Outcome of creating a customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CreateCustomerOutcome {
    /// The customer was added.
    Created(Customer),
    /// The shop has this customer. What the customer lacked was filled in, and nothing else changed.
    Existing(Customer),
    /// The shop has another customer with the requested number. Nothing changed.
    IdTaken,
}

/// An update of a customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomerUpdate {
    /// The requested changes. They keep the rules.
    pub changes: CustomerChanges,
    /// The actor and the time of the update.
    pub stamp: AuditStamp,
}

/// Outcome of updating a customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UpdateCustomerOutcome {
    /// The customer after the update.
    Updated(Box<Customer>),
    /// The shop has no such customer.
    CustomerNotFound,
    /// The customer would have no e-mail address, no phone number and no id on Facebook, Instagram or
    /// WhatsApp. Nothing changed.
    Unreachable,
    /// Another customer of the shop has the e-mail address. Nothing changed.
    EmailTaken,
}

/// A merge of two customers. They are different.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CustomerMerge {
    /// The customer to merge, who is gone afterwards.
    pub from: CustomerId,
    /// The customer who remains.
    pub into: CustomerId,
    /// The actor and the time of the merge.
    pub stamp: AuditStamp,
}

/// Outcome of merging two customers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MergeCustomersOutcome {
    /// The remaining customer after the merge.
    Merged(Box<Customer>),
    /// The shop has no customer with this number. Nothing changed.
    CustomerNotFound(CustomerId),
}

/// The numbers of deleted resources when a customer is erased.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Erased {
    /// Tickets of the customer.
    pub tickets: u64,
    /// Human tickets of these tickets.
    pub human_tickets: u64,
    /// Comments on these tickets.
    pub comments: u64,
    /// Idempotency records that held the customer's data.
    pub idempotency_records: u64,
}

/// Stores the customers of shops. Callers pass only shops that exist.
///
/// E-mail addresses are equal if [`fold_email`](crate::fold_email) returns the same text for both.
/// Phone numbers are equal if [`fold_phone_number`](crate::fold_phone_number) does. Both are stored as
/// given. A customer created here has placed no orders and comes from no shop system.
///
/// - **CUSTOMER-1** A created customer has a number from 1 to 2^53−1 that no other customer of the
///   shop has. It is found with every field as given.
/// - **CUSTOMER-2** If a customer of the shop has the same e-mail address, a creation returns
///   `Existing` with that customer.
/// - **CUSTOMER-3** If no customer has the e-mail address or an id of CUSTOMER-21, but one has the
///   same phone number, a creation returns `Existing` with that customer. This holds only if the new
///   customer, or that one, has no e-mail address: two people with different addresses can share a
///   phone number. Of several such customers, the one with the smallest number is returned.
/// - **CUSTOMER-21** If no customer has the e-mail address, but one has the same id in another
///   system, a creation returns `Existing` with that customer. The ids count in the order of
///   [`ExternalIds::all`](crate::ExternalIds::all), and an empty id does not count. Of several
///   customers with the id, the one with the smallest number is returned.
/// - **CUSTOMER-22** A creation that returns `Existing` fills in what the customer lacks, as
///   [`Customer::fill_in`], and overwrites nothing. It returns the customer as `find_customer` returns
///   it from then on.
/// - **CUSTOMER-4** A customer of another shop is never found and never returned as `Existing`.
/// - **CUSTOMER-5** A requested number is kept. Numbers that the store assigns later in the shop
///   are larger.
/// - **CUSTOMER-6** If a requested number is taken, and no customer is the same, a creation returns
///   `IdTaken` and changes nothing.
/// - **CUSTOMER-7** If creations race for one e-mail address, for one id in another system, or for one
///   phone number without e-mail addresses, exactly one returns `Created` and the others return
///   `Existing`. If they race for one requested number, the others
///   return `IdTaken`.
/// - **CUSTOMER-8** A creation with a [`DeferredClaim`] meets the obligations of
///   [`IdempotentOutcome`]. This holds for outcomes with a receipt and for outcomes without one.
///   `Created` has a receipt. `Existing` has one if the caller's claim renders one.
/// - **CUSTOMER-19** The numbers that the store assigns in a shop are the same whatever other shops
///   do. So a number tells nothing about the customers of other shops.
///
/// A creation without a number fails once the largest number, 2^53−1, is in use.
///
/// # Lists and counts of customers
///
/// - **CUSTOMER-9** A list holds the shop's customers that meet every condition of the filter, and
///   no other customers. Each is as `find_customer` returns it. The list is in order of number,
///   largest first.
/// - **CUSTOMER-10** Following `next` from page to page returns every customer of the list once.
///   Each page except the last is full. The last page has no `next`. A count is the length of the
///   whole list with the same filter.
///
/// - **CUSTOMER-23** The `words` of a filter select the customers of whom each is the beginning of a
///   word in [`Customer::searched_texts`]. A word of one text and a word of another count together.
///
/// Several customers may share an id in another system. An empty id and a missing id are different.
/// A list may start after a number that no customer has. It then continues with the next smaller
/// number. "Once" holds for a list that does not change between the pages.
///
/// # Updates of customers
///
/// In [`CustomerChanges`], `None` keeps a value and `Some(None)` clears it. An update is empty if
/// the customer already has every value that it sets.
///
/// - **CUSTOMER-11** An update sets the given values and changes nothing else of the customer. It
///   returns the customer as `find_customer` returns it from then on. Lists, and the customer's
///   tickets, show the updated customer. A full name that equals first and last name, joined, follows
///   their changes: see [`CustomerChanges::apply`].
/// - **CUSTOMER-12** An update is checked in this order. The first failed check is the outcome, and
///   nothing changes:
///   1. `CustomerNotFound`: the customer is not the shop's.
///   2. `Unreachable`: the update is not empty, and the customer would have no e-mail address, no
///      phone number and no id on Facebook, Instagram or WhatsApp.
///   3. `EmailTaken`: another customer of the shop has the new e-mail address. Addresses are
///      compared as in CUSTOMER-2.
///
///   An e-mail address that an update replaces or clears is free for other customers. A phone number
///   may be shared.
/// - **CUSTOMER-13** An update with a [`DeferredClaim`] meets the obligations of
///   [`IdempotentOutcome`].
/// - **CUSTOMER-14** If updates, or updates and creations, race for one e-mail address, exactly one
///   returns `Updated` or `Created`.
/// - **CUSTOMER-18** An empty update of a customer of the shop returns `Updated` with the customer
///   and changes nothing. This holds even if the customer is not reachable.
/// - **CUSTOMER-20** Updates of one customer that run at the same time take effect one after another.
///   Each keeps the changes of those before it, and is checked against them.
///
/// An empty update leaves an idempotency record, too. A customer's own e-mail address never counts as
/// taken, in any spelling. An update leaves the customer's tickets and their
/// versions unchanged.
///
/// # Merges
///
/// - **CUSTOMER-24** A merge moves all tickets of `from`, with their human tickets and comments, to
///   `into`, and changes nothing else of them, not even their versions. `into` takes over what it
///   lacks, as [`Customer::absorb`]. `from` is gone: it is not found, not listed, and its e-mail
///   address is free unless `into` took it over. The merge returns `into` as `find_customer` returns
///   it from then on.
/// - **CUSTOMER-25** If the shop does not have `into`, or else `from`, a merge returns
///   `CustomerNotFound` with that number and changes nothing.
/// - **CUSTOMER-26** `find_merged_customer` returns the customer into whom a customer of the shop was
///   merged, through all later merges. It returns `None` for every other number, and once the
///   remaining customer is erased. The number of a merged customer is taken until then: a creation
///   that requests it returns `IdTaken`.
/// - **CUSTOMER-27** A merge appends one `CustomerMerged` for `from` and one `CustomerUpdated` for
///   `into`.
/// - **CUSTOMER-28** Erasing the remaining customer also erases everything that names a customer who was
///   merged into it: CUSTOMER-15 and EVENT-11 hold for their records and snapshots, too.
/// - **CUSTOMER-29** A merge with a [`DeferredClaim`] meets the obligations of [`IdempotentOutcome`].
/// - **CUSTOMER-30** A write for a customer or a ticket of the customer may race with a merge. Either it
///   takes effect before the merge and is moved, or it takes effect after it. A ticket is always found.
///   If merges of the same customer race, exactly one returns `Merged`.
///
/// A change of many tickets in one transaction can take a while, but an erasure must not find half of
/// a merge. Records and events may keep the number that they had. The tickets have no events: whoever
/// follows the log knows which tickets the customer had.
///
/// # Erasure
///
/// - **CUSTOMER-15** Erasing a customer deletes the customer, its tickets, their human tickets and
///   comments, and every idempotency record with a receipt that names the customer. It returns how
///   many of each were deleted. Nothing else is deleted. If the customer is not the shop's, it
///   returns `None`.
/// - **CUSTOMER-16** The store does not assign the number of an erased customer again. The
///   customer's e-mail address and other values are free. The idempotency keys of the deleted
///   records are free.
/// - **CUSTOMER-17** A write for a customer may race with the erasure of that customer. The write
///   may be a ticket, a comment, a change or an idempotency record. Either it takes effect before the
///   erasure and is erased with the customer, or it finds no customer or no ticket. No snapshot of
///   its events is left. Neither call fails because of the other.
///
/// EVENT-11 defines which snapshots an erasure removes from the event log.
///
/// An erasure takes effect at one moment, like every command. From then on, no call finds anything
/// of the customer. A store may delete the hidden rows later, in several transactions, so that other
/// writes need not wait. The call returns when all of them are deleted. If the process ends before,
/// the store deletes the rest by itself after the next start. A creation that requests the number
/// may wait for that.
///
/// A record belongs to the customer that its receipt names as `customer_id`, and to no other. A
/// record with a receipt that names no customer stays. As after a deletion, the ids of erased
/// tickets and comments are free, and the numbers of their human tickets may be used again. Users
/// and API keys stay. A creation that requests the number of an erased customer gets it.
///
/// CUSTOMER-17 is about the order of locks. A write that has read the customer must lock the
/// customer until the write has committed. The erasure then waits and erases the write as well.
/// Without such a lock, the write must check the customer again. This holds for records, too: an
/// `Existing` with a receipt that names the customer must not be recorded after the erasure. If two
/// calls deadlock, the store itself retries.
#[async_trait]
pub trait CustomerStore: Send + Sync {
    /// Adds a customer, unless one exists already.
    ///
    /// # Errors
    /// [`StorageError`] if the store fails.
    async fn create_customer(
        &self,
        shop: ShopId,
        customer: NewCustomer,
        claim: Option<DeferredClaim<CreateCustomerOutcome>>,
    ) -> Result<IdempotentOutcome<CreateCustomerOutcome>, StorageError>;

    /// Returns the shop's customer with this number.
    ///
    /// # Errors
    /// [`StorageError`] if the store fails.
    async fn find_customer(&self, shop: ShopId, id: CustomerId) -> Result<Option<Customer>, StorageError>;

    /// Returns the shop's customers that meet the filter, after this one in the list: a page of this
    /// size.
    ///
    /// # Errors
    /// [`StorageError`] if the store fails.
    async fn list_customers(
        &self,
        shop: ShopId,
        filter: CustomerFilter,
        after: Option<CustomerId>,
        size: PageSize,
    ) -> Result<Page<Customer, CustomerId>, StorageError>;

    /// Returns the number of the shop's customers that meet the filter.
    ///
    /// # Errors
    /// [`StorageError`] if the store fails.
    async fn count_customers(&self, shop: ShopId, filter: CustomerFilter) -> Result<u64, StorageError>;

    /// Updates the shop's customer.
    ///
    /// # Errors
    /// [`StorageError`] if the store fails.
    async fn update_customer(
        &self,
        shop: ShopId,
        id: CustomerId,
        update: CustomerUpdate,
        claim: Option<DeferredClaim<UpdateCustomerOutcome>>,
    ) -> Result<IdempotentOutcome<UpdateCustomerOutcome>, StorageError>;

    /// Merges a customer of the shop into another.
    ///
    /// # Errors
    /// [`StorageError`] if the store fails.
    async fn merge_customers(
        &self,
        shop: ShopId,
        merge: CustomerMerge,
        claim: Option<DeferredClaim<MergeCustomersOutcome>>,
    ) -> Result<IdempotentOutcome<MergeCustomersOutcome>, StorageError>;

    /// Returns the customer into whom the shop's customer with this number was merged.
    ///
    /// # Errors
    /// [`StorageError`] if the store fails.
    async fn find_merged_customer(
        &self,
        shop: ShopId,
        id: CustomerId,
    ) -> Result<Option<CustomerId>, StorageError>;

    /// Erases the shop's customer with all of the customer's data.
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
