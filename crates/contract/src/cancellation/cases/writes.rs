//! Every method that writes, as a call that can be repeated.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::{Context, ensure};
use hexdesk_domain::ports::{
    CommentCreation, CommentUpdate, CreateCommentOutcome, CreateCustomerOutcome, CreateKeyOutcome,
    CreateShopOutcome, CreateTicketOutcome, CreateUserOutcome, CustomerMerge, DeleteCommentOutcome,
    DeleteTicketOutcome, MergeCustomersOutcome, RotateKeyOutcome, TicketCreation, UpdateCommentOutcome,
    UpdateCustomerOutcome, UpdateTicketOutcome, UpdateUserOutcome,
};
use hexdesk_domain::{
    ApiKey, CommentChanges, CustomerChanges, CustomerId, DeferredClaim, EventKind, IdRange,
    IdempotentOutcome, KeyNumber, NewApiKey, NewCustomer, NewUser, PageSize, SecretHash, ShopChange, ShopId,
    Storage, Subject, Ticket, TicketChanges, UserChanges, UserId,
};

use super::console::ConsoleWrite;
use crate::cases::id_ranges::expect_no_overlap;
use crate::cases::user_changes::change;
use crate::comparison::same;
use crate::events::settled_log::{log_after, settled_log};
use crate::samples::{
    ShopWithPeople, at, claim, claimed, comment_creation, comment_id, create_comment, create_customer,
    create_key, create_ticket, create_user, creation, customer_by_email, customer_id, customer_update,
    deferred_claim, domain, expect_no_ticket, find_comment, find_ticket, list_keys, new_comment, new_key,
    plain_ticket, rotation, secret_hash, stamp, ticket_id, update, user_by_email, user_id,
};

/// A method that writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Write {
    CreateShop,
    CloseShop,
    ReopenShop,
    SetReopenOnReply,
    CreateCustomer,
    UpdateCustomer,
    MergeCustomers,
    EraseCustomer,
    CreateUser,
    UpdateUser,
    CreateTickets,
    UpdateTicket,
    DeleteTicket,
    CreateComments,
    UpdateComment,
    DeleteComment,
    CreateKey,
    RevokeKey,
    RotateKey,
    RemoveRecords,
    RemoveEvents,
    ReserveIdRange,
    Console(ConsoleWrite),
}

const WRITES: [Write; 22] = [
    Write::CreateShop,
    Write::CloseShop,
    Write::ReopenShop,
    Write::SetReopenOnReply,
    Write::CreateCustomer,
    Write::UpdateCustomer,
    Write::MergeCustomers,
    Write::EraseCustomer,
    Write::CreateUser,
    Write::UpdateUser,
    Write::CreateTickets,
    Write::UpdateTicket,
    Write::DeleteTicket,
    Write::CreateComments,
    Write::UpdateComment,
    Write::DeleteComment,
    Write::CreateKey,
    Write::RevokeKey,
    Write::RotateKey,
    Write::RemoveRecords,
    Write::RemoveEvents,
    Write::ReserveIdRange,
];

/// Returns every write.
pub(super) fn writes() -> Vec<Write> {
    WRITES.into_iter().chain(ConsoleWrite::ALL.map(Write::Console)).collect()
}

impl Write {
    /// Whether its result does not say if it took effect before.
    pub(super) fn is_repeatable(self) -> bool {
        matches!(
            self,
            Self::CloseShop
                | Self::ReopenShop
                | Self::SetReopenOnReply
                | Self::RevokeKey
                | Self::RemoveRecords
                | Self::RemoveEvents
                | Self::ReserveIdRange
        ) || matches!(self, Self::Console(write) if write.is_repeatable())
    }
}

/// The effect of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    /// It took effect.
    Made,
    /// It had taken effect before.
    Before,
    /// It is taking effect.
    Running,
}

/// The shop in which a method is called, and what the calls have returned.
pub(super) struct Scene<'a> {
    pub(super) write: Write,
    pub(super) storage: &'a dyn Storage,
    people: ShopWithPeople,
    keys: Mutex<BTreeMap<i64, KeyNumber>>,
    ranges: Mutex<Vec<IdRange>>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The old records or events of a step of retention, and its maximum.
const OLD: i64 = 6;
const LIMIT: u32 = 4;
/// From this time on, events are not old.
const YOUNG: i64 = 9_000;

pub(super) fn email(number: i64) -> String {
    format!("{number}@example.com")
}

/// A secret for each number, or another.
pub(super) fn secret(number: i64, of_rotation: bool) -> anyhow::Result<SecretHash> {
    Ok(secret_hash(u8::try_from(number)? + if of_rotation { 100 } else { 0 }))
}

fn claim_of<T>(number: i64) -> anyhow::Result<Option<DeferredClaim<T>>> {
    Ok(Some(deferred_claim(&format!("key {number}"), 1, b"receipt")?))
}

/// The effect of a call with an idempotency key, if its outcome is the expected one.
fn once<T: std::fmt::Debug>(
    attempt: IdempotentOutcome<T>,
    is_expected: impl Fn(&T) -> bool,
) -> anyhow::Result<Effect> {
    match attempt {
        IdempotentOutcome::Ran(outcome) if is_expected(&outcome) => Ok(Effect::Made),
        IdempotentOutcome::Replayed(response) => {
            same("the replayed receipt", &response.as_slice(), &&b"receipt"[..])?;
            Ok(Effect::Before)
        }
        IdempotentOutcome::InProgress => Ok(Effect::Running),
        other => anyhow::bail!("the call returned {other:?}"),
    }
}

/// The effect of a batch. Its items took effect together.
fn all_or_none(effects: &[Effect]) -> anyhow::Result<Effect> {
    let first = effects.first().copied().context("an outcome")?;
    // An item whose key is in use leaves the others alone.
    if effects.contains(&Effect::Running) {
        return Ok(Effect::Running);
    }
    ensure!(effects.iter().all(|effect| *effect == first), "a part of a batch took effect: {effects:?}");
    Ok(first)
}

impl<'a> Scene<'a> {
    pub(super) async fn create(storage: &'a dyn Storage, write: Write) -> anyhow::Result<Self> {
        let mut name = format!("{write:?}").to_lowercase();
        name.retain(char::is_alphanumeric);
        let people = ShopWithPeople::create(storage, &format!("{name}.example.com")).await?;
        Ok(Self { write, storage, people, keys: Mutex::default(), ranges: Mutex::default() })
    }

    pub(super) fn shop(&self) -> ShopId {
        self.people.shop.id
    }

    fn domain(&self, number: i64) -> anyhow::Result<hexdesk_domain::ShopDomain> {
        domain(&format!("{number}.{}", self.people.shop.domain))
    }

    fn customer(number: i64) -> anyhow::Result<CustomerId> {
        customer_id(100 + number)
    }

    /// The customer into whom another is merged.
    fn remaining(number: i64) -> anyhow::Result<CustomerId> {
        customer_id(1_000 + number)
    }

    /// The change of a shop, and its event.
    fn shop_change(&self) -> anyhow::Result<(ShopChange, EventKind)> {
        match self.write {
            Write::CloseShop => Ok((ShopChange::Close, EventKind::ShopClosed)),
            Write::ReopenShop => Ok((ShopChange::Reopen, EventKind::ShopReopened)),
            Write::SetReopenOnReply => Ok((ShopChange::SetReopenOnReply(true), EventKind::ShopUpdated)),
            other => anyhow::bail!("{other:?} does not change a shop"),
        }
    }

    pub(super) fn user(number: i64) -> anyhow::Result<UserId> {
        user_id(100 + number)
    }

    fn ticket(&self, number: i64) -> anyhow::Result<Ticket> {
        self.people.ticket(number)
    }

    async fn add_key(&self, number: i64, user_id: Option<UserId>) -> anyhow::Result<()> {
        let new = NewApiKey { user_id, secret_hash: secret(number, false)?, ..new_key(0) };
        let key = create_key(self.storage, self.shop(), new).await?.number;
        locked(&self.keys).insert(number, key);
        Ok(())
    }

    /// The number of the key that was added with this number.
    fn added_key(&self, number: i64) -> anyhow::Result<KeyNumber> {
        locked(&self.keys).get(&number).copied().context("a key of the preparation")
    }

    /// The key with this secret.
    async fn key(&self, secret: SecretHash) -> anyhow::Result<ApiKey> {
        let keys = list_keys(self.storage, self.shop()).await?;
        let mut keys: Vec<_> = keys.into_iter().filter(|key| key.secret_hash == secret).collect();
        same("the number of keys with a secret", &keys.len(), &1)?;
        keys.pop().context("a key")
    }

    async fn add_ticket(&self, number: i64) -> anyhow::Result<()> {
        create_ticket(self.storage, creation(self.ticket(number)?)).await?;
        let comment = new_comment(number, &self.ticket(number)?)?;
        create_comment(self.storage, comment_creation(comment)).await?;
        Ok(())
    }

    async fn add_customer(&self, number: i64) -> anyhow::Result<()> {
        let new = NewCustomer { id: Some(Self::customer(number)?), ..customer_by_email(&email(number)) };
        let customer = create_customer(self.storage, self.shop(), new).await?;
        let ticket = plain_ticket(ticket_id(number)?, &customer);
        create_ticket(self.storage, creation(ticket.clone())).await?;
        create_comment(self.storage, comment_creation(new_comment(number, &ticket)?)).await?;
        Ok(())
    }

    pub(super) async fn add_user(&self, number: i64) -> anyhow::Result<()> {
        let new = NewUser { id: Some(Self::user(number)?), ..user_by_email(&email(number)) };
        let user_id = Some(create_user(self.storage, self.shop(), new).await?.id);
        self.add_key(number, user_id).await
    }

    /// Tickets with old idempotency keys.
    async fn add_old_records(&self, number: i64) -> anyhow::Result<()> {
        let item = |place: i64| -> anyhow::Result<TicketCreation> {
            let ticket = self.people.ticket(number * 100 + place)?;
            let claim = claim(&format!("old {number} {place}"), 1, b"")?;
            Ok(TicketCreation { stamp: stamp(at(-9_000)), ..claimed(ticket, claim) })
        };
        let batch: Vec<_> = (0..OLD).map(item).collect::<anyhow::Result<_>>()?;
        self.storage.create_tickets(batch).await?;
        Ok(())
    }

    /// A shop of its own for old events.
    async fn add_old_events(&self, number: i64) -> anyhow::Result<()> {
        // Two people make two events.
        let people = ShopWithPeople::create(self.storage, self.domain(number)?.as_str()).await?;
        let tickets = (3..=OLD).map(|id| Ok(creation(people.ticket(id)?)));
        self.storage.create_tickets(tickets.collect::<anyhow::Result<_>>()?).await?;
        settled_log(self.storage, people.shop.id, stamp(at(YOUNG))).await?;
        Ok(())
    }

    async fn remove_events(&self, number: i64, limit: u32) -> anyhow::Result<u64> {
        let shop = self.storage.find_shop(&self.domain(number)?).await?.context("the shop")?;
        Ok(self.storage.remove_events(shop.id, at(YOUNG), limit).await?)
    }

    /// Creates what the call works on.
    pub(super) async fn prepare(&self, number: i64) -> anyhow::Result<()> {
        match self.write {
            Write::CreateShop
            | Write::CreateCustomer
            | Write::CreateUser
            | Write::CreateTickets
            | Write::CreateKey
            | Write::ReserveIdRange => Ok(()),
            Write::CloseShop | Write::ReopenShop | Write::SetReopenOnReply => {
                self.storage.create_shop(&self.domain(number)?, at(0)).await?;
                if self.write == Write::ReopenShop {
                    let domain = self.domain(number)?;
                    self.storage.change_shop(&domain, ShopChange::Close, stamp(at(1))).await?;
                }
                Ok(())
            }
            Write::MergeCustomers => {
                self.add_customer(number).await?;
                let (id, new) =
                    (Self::remaining(number)?, customer_by_email(&format!("remaining-{number}@example.com")));
                create_customer(self.storage, self.shop(), NewCustomer { id: Some(id), ..new }).await?;
                Ok(())
            }
            Write::UpdateCustomer | Write::EraseCustomer => self.add_customer(number).await,
            Write::UpdateUser => self.add_user(number).await,
            Write::UpdateTicket
            | Write::DeleteTicket
            | Write::CreateComments
            | Write::UpdateComment
            | Write::DeleteComment => self.add_ticket(number).await,
            Write::RevokeKey | Write::RotateKey => self.add_key(number, None).await,
            Write::RemoveRecords => self.add_old_records(number).await,
            Write::RemoveEvents => self.add_old_events(number).await,
            Write::Console(write) => self.prepare_in_console(write, number).await,
        }
    }

    /// Makes the call.
    pub(super) async fn make(&self, number: i64) -> anyhow::Result<Effect> {
        let (storage, shop, people) = (self.storage, self.shop(), &self.people);
        match self.write {
            Write::CreateShop => match storage.create_shop(&self.domain(number)?, at(0)).await? {
                CreateShopOutcome::Created(_) => Ok(Effect::Made),
                CreateShopOutcome::AlreadyExists(_) => Ok(Effect::Before),
            },
            Write::CloseShop | Write::ReopenShop | Write::SetReopenOnReply => {
                let (change, _) = self.shop_change()?;
                let changed = storage.change_shop(&self.domain(number)?, change, stamp(at(9))).await?;
                ensure!(changed.is_some(), "an existing shop is not found");
                Ok(Effect::Made)
            }
            Write::MergeCustomers => {
                let (from, into) = (Self::customer(number)?, Self::remaining(number)?);
                let merge = CustomerMerge { from, into, stamp: stamp(at(9)) };
                let attempt = storage.merge_customers(shop, merge, claim_of(number)?).await?;
                once(attempt, |outcome| matches!(outcome, MergeCustomersOutcome::Merged(_)))
            }
            Write::CreateCustomer => {
                let new =
                    NewCustomer { id: Some(Self::customer(number)?), ..customer_by_email(&email(number)) };
                let attempt = storage.create_customer(shop, new, claim_of(number)?).await?;
                once(attempt, |outcome| matches!(outcome, CreateCustomerOutcome::Created(_)))
            }
            Write::UpdateCustomer => {
                let changes = CustomerChanges {
                    email: Some(Some(format!("new-{number}@example.com"))),
                    ..CustomerChanges::default()
                };
                let (id, update) = (Self::customer(number)?, customer_update(changes));
                let attempt = storage.update_customer(shop, id, update, claim_of(number)?).await?;
                once(attempt, |outcome| matches!(outcome, UpdateCustomerOutcome::Updated(_)))
            }
            Write::EraseCustomer => {
                let erased = storage.erase_customer(shop, Self::customer(number)?, stamp(at(9))).await?;
                Ok(if erased.is_some() { Effect::Made } else { Effect::Before })
            }
            Write::CreateUser => {
                let new = NewUser { id: Some(Self::user(number)?), ..user_by_email(&email(number)) };
                let attempt = storage.create_user(shop, new, claim_of(number)?).await?;
                once(attempt, |outcome| matches!(outcome, CreateUserOutcome::Created(_)))
            }
            Write::UpdateUser => {
                let off = UserChanges { is_active: Some(false), ..UserChanges::default() };
                let (id, off) = (Self::user(number)?, change(off, at(9)));
                let attempt = storage.update_user(shop, id, off, claim_of(number)?).await?;
                once(attempt, |outcome| matches!(outcome, UpdateUserOutcome::Updated(_)))
            }
            Write::CreateTickets => {
                let item = |id: i64| -> anyhow::Result<TicketCreation> {
                    let ticket = Ticket { is_opened: true, ..people.ticket(id)? };
                    Ok(claimed(ticket, claim(&format!("key {id}"), 1, b"receipt")?))
                };
                let batch = vec![item(number)?, item(1_000 + number)?];
                let effects = storage.create_tickets(batch).await?.into_iter().map(|outcome| match outcome {
                    CreateTicketOutcome::Created => Ok(Effect::Made),
                    CreateTicketOutcome::Replayed(_) => Ok(Effect::Before),
                    CreateTicketOutcome::InProgress => Ok(Effect::Running),
                    other => anyhow::bail!("the call returned {other:?}"),
                });
                all_or_none(&effects.collect::<anyhow::Result<Vec<_>>>()?)
            }
            Write::UpdateTicket => {
                let changes = TicketChanges { is_opened: Some(true), ..TicketChanges::default() };
                let id = ticket_id(number)?;
                let attempt = storage.update_ticket(shop, id, update(changes), claim_of(number)?).await?;
                once(attempt, |outcome| matches!(outcome, UpdateTicketOutcome::Updated(_)))
            }
            Write::DeleteTicket => {
                match storage.delete_ticket(shop, ticket_id(number)?, Some(2), stamp(at(9))).await? {
                    DeleteTicketOutcome::Deleted => Ok(Effect::Made),
                    DeleteTicketOutcome::TicketNotFound => Ok(Effect::Before),
                    other @ DeleteTicketOutcome::VersionMismatch => anyhow::bail!("it returned {other:?}"),
                }
            }
            Write::UpdateComment => {
                let changes = CommentChanges { text: Some("changed".into()), ..CommentChanges::default() };
                let update = CommentUpdate { changes, expected_version: None, stamp: stamp(at(9)) };
                let (ticket, id) = (ticket_id(number)?, comment_id(number)?);
                let attempt = storage.update_comment(shop, ticket, id, update, claim_of(number)?).await?;
                once(attempt, |outcome| matches!(outcome, UpdateCommentOutcome::Updated(_)))
            }
            Write::DeleteComment => {
                let (ticket, id) = (ticket_id(number)?, comment_id(number)?);
                match storage.delete_comment(shop, ticket, id, None, stamp(at(9))).await? {
                    DeleteCommentOutcome::Deleted => Ok(Effect::Made),
                    DeleteCommentOutcome::CommentNotFound => Ok(Effect::Before),
                    other => anyhow::bail!("it returned {other:?}"),
                }
            }
            Write::CreateComments => {
                let item = |id: i64| -> anyhow::Result<CommentCreation> {
                    let comment = new_comment(id, &self.ticket(number)?)?;
                    Ok(CommentCreation { claim: claim_of(id)?, ..comment_creation(comment) })
                };
                let batch = vec![item(1_000 + number)?, item(2_000 + number)?];
                let effects = storage.create_comments(batch).await?.into_iter().map(|attempt| {
                    once(attempt, |outcome| matches!(outcome, CreateCommentOutcome::Created(_)))
                });
                all_or_none(&effects.collect::<anyhow::Result<Vec<_>>>()?)
            }
            Write::CreateKey => {
                let new = NewApiKey { secret_hash: secret(number, false)?, ..new_key(0) };
                let attempt = storage.create_key(shop, new, claim_of(number)?).await?;
                once(attempt, |outcome| matches!(outcome, CreateKeyOutcome::Created(_)))
            }
            Write::RevokeKey => {
                let key = self.added_key(number)?;
                let revoked = storage.revoke_key(shop, key, stamp(at(9))).await?;
                same("when a key was revoked", &revoked.and_then(|key| key.revoked_at), &Some(at(9)))?;
                Ok(Effect::Made)
            }
            Write::RotateKey => {
                let key = self.added_key(number)?;
                let rotation = hexdesk_domain::ports::KeyRotation {
                    secret_hash: secret(number, true)?,
                    ..rotation(0, at(9), at(9_000))
                };
                let attempt = storage.rotate_key(shop, key, rotation, claim_of(number)?).await?;
                once(attempt, |outcome| matches!(outcome, RotateKeyOutcome::Rotated(_)))
            }
            Write::RemoveRecords => {
                storage.remove_idempotency_records(at(-8_000), LIMIT).await?;
                Ok(Effect::Made)
            }
            Write::RemoveEvents => {
                self.remove_events(number, LIMIT).await?;
                Ok(Effect::Made)
            }
            Write::ReserveIdRange => {
                // Extends the last range. If the dropped call has extended it, a new range is returned.
                let last = locked(&self.ranges).last().copied();
                let range = storage.reserve_id_range(at(number), 1_000, last).await?;
                locked(&self.ranges).push(range);
                Ok(Effect::Made)
            }
            Write::Console(write) => self.make_in_console(write, number).await,
        }
    }

    /// Fails unless the call has taken effect in full.
    pub(super) async fn check(&self, number: i64) -> anyhow::Result<()> {
        let (storage, shop) = (self.storage, self.shop());
        match self.write {
            Write::CreateShop => {
                let found = storage.find_shop(&self.domain(number)?).await?;
                ensure!(found.is_some(), "the shop is not found");
                Ok(())
            }
            Write::CloseShop | Write::ReopenShop | Write::SetReopenOnReply => {
                let (change, kind) = self.shop_change()?;
                let found = storage.find_shop(&self.domain(number)?).await?.context("the shop")?;
                same("what changes again", &found.clone().change(change, at(9)), &None)?;
                let log = log_after(storage, found.id, None, PageSize::MAX).await?;
                let count = log.iter().filter(|event| event.kind == kind).count();
                same("the number of events of the change", &count, &1)
            }
            Write::MergeCustomers => {
                let (from, into) = (Self::customer(number)?, Self::remaining(number)?);
                same("the merged customer", &storage.find_customer(shop, from).await?, &None)?;
                same("into whom", &storage.find_merged_customer(shop, from).await?, &Some(into))?;
                let moved = find_ticket(storage, shop, ticket_id(number)?).await?.ticket;
                same("the customer of the ticket", &moved.customer_id, &into)
            }
            Write::CreateCustomer | Write::UpdateCustomer => {
                let found = storage.find_customer(shop, Self::customer(number)?).await?;
                let is_new = self.write == Write::CreateCustomer;
                let expected = if is_new { email(number) } else { format!("new-{number}@example.com") };
                same("the customer's address", &found.and_then(|customer| customer.email), &Some(expected))
            }
            Write::EraseCustomer => {
                same("the customer", &storage.find_customer(shop, Self::customer(number)?).await?, &None)?;
                expect_no_ticket(storage, "the customer's ticket", shop, ticket_id(number)?).await
            }
            Write::CreateUser | Write::UpdateUser => {
                let found = storage.find_user(shop, Self::user(number)?).await?;
                let found = found.context("the user is not found")?;
                let is_new = self.write == Write::CreateUser;
                same("whether the user is active", &found.is_active(), &is_new)?;
                if is_new {
                    return Ok(());
                }
                let revoked_at = self.key(secret(number, false)?).await?.revoked_at;
                same("when the user's key was revoked", &revoked_at, &found.deactivated_at)
            }
            Write::CreateTickets | Write::UpdateTicket => {
                let view = find_ticket(storage, shop, ticket_id(number)?).await?;
                same("whether the ticket has a human ticket", &view.human_ticket.is_some(), &true)?;
                // A comment and an update raise the version.
                let version = if self.write == Write::CreateTickets { 1 } else { 3 };
                same("the version", &view.ticket.version, &version)
            }
            Write::DeleteTicket => {
                expect_no_ticket(storage, "the ticket", shop, ticket_id(number)?).await?;
                let comments = storage.list_comments(shop, ticket_id(number)?, None, PageSize::MAX).await?;
                same("its comments", &comments, &None)
            }
            Write::UpdateComment | Write::DeleteComment => {
                let found = find_comment(storage, shop, ticket_id(number)?, comment_id(number)?).await?;
                let expected = (self.write == Write::UpdateComment).then(|| "changed".to_owned());
                same("the text of the comment", &found.map(|view| view.comment.text), &expected)?;
                let version = find_ticket(storage, shop, ticket_id(number)?).await?.ticket.version;
                same("the version", &version, &3)
            }
            Write::CreateComments => {
                let count = storage.count_comments(shop, ticket_id(number)?).await?;
                same("the number of comments", &count, &Some(3))?;
                let version = find_ticket(storage, shop, ticket_id(number)?).await?.ticket.version;
                same("the version", &version, &4)
            }
            Write::CreateKey => self.key(secret(number, false)?).await.map(drop),
            Write::RevokeKey => {
                let key = self.key(secret(number, false)?).await?;
                same("when the key was revoked", &key.revoked_at, &Some(at(9)))
            }
            Write::RotateKey => {
                let (old, new) =
                    (self.key(secret(number, false)?).await?, self.key(secret(number, true)?).await?);
                same("when the keys expire", &(old.expires_at, new.expires_at), &(Some(at(9_000)), None))
            }
            // The steps remove all of their maximum or nothing. The call was made twice, or once.
            Write::RemoveRecords => {
                self.expect_rest(storage.remove_idempotency_records(at(-8_000), 100).await?)
            }
            Write::RemoveEvents => self.expect_rest(self.remove_events(number, 100).await?),
            Write::ReserveIdRange => expect_no_overlap(&locked(&self.ranges)),
            Write::Console(write) => self.check_in_console(write, number).await,
        }
    }

    fn expect_rest(&self, rest: u64) -> anyhow::Result<()> {
        ensure!(
            rest == 0 || rest == u64::try_from(OLD)? - u64::from(LIMIT),
            "steps with a maximum of {LIMIT} left {rest} of {OLD}"
        );
        Ok(())
    }

    /// The events of the call, and how often they must be in the log. Events of the preparation count,
    /// too.
    pub(super) async fn events(&self, number: i64) -> anyhow::Result<Vec<(EventKind, Subject, usize)>> {
        let ticket = Subject::Ticket(ticket_id(number)?);
        let comment = |id: i64| anyhow::Ok(Subject::Comment(comment_id(id)?));
        let customer = Subject::Customer(Self::customer(number)?);
        let user = Subject::User(Self::user(number)?);
        let key = async |of_rotation: bool| {
            anyhow::Ok(Subject::ApiKey(self.key(secret(number, of_rotation)?).await?.number))
        };
        let updates = |count: usize| (EventKind::TicketUpdated, ticket, count);
        Ok(match self.write {
            Write::CreateShop
            | Write::CloseShop
            | Write::ReopenShop
            | Write::SetReopenOnReply
            | Write::RemoveRecords
            | Write::RemoveEvents
            | Write::ReserveIdRange => Vec::new(),
            Write::MergeCustomers => vec![
                (EventKind::CustomerMerged, customer, 1),
                (EventKind::CustomerUpdated, Subject::Customer(Self::remaining(number)?), 1),
            ],
            Write::CreateCustomer => vec![(EventKind::CustomerCreated, customer, 1)],
            Write::UpdateCustomer => vec![(EventKind::CustomerUpdated, customer, 1)],
            Write::EraseCustomer => vec![
                (EventKind::CustomerErased, customer, 1),
                (EventKind::TicketDeleted, ticket, 1),
                (EventKind::CommentDeleted, comment(number)?, 1),
            ],
            Write::CreateUser => vec![(EventKind::UserCreated, user, 1)],
            Write::UpdateUser => {
                vec![(EventKind::UserUpdated, user, 1), (EventKind::ApiKeyRevoked, key(false).await?, 1)]
            }
            Write::CreateTickets => {
                let second = Subject::Ticket(ticket_id(1_000 + number)?);
                vec![(EventKind::TicketCreated, ticket, 1), (EventKind::TicketCreated, second, 1)]
            }
            Write::UpdateTicket => vec![updates(2)],
            Write::DeleteTicket => {
                vec![(EventKind::TicketDeleted, ticket, 1), (EventKind::CommentDeleted, comment(number)?, 1)]
            }
            Write::UpdateComment => vec![(EventKind::CommentUpdated, comment(number)?, 1), updates(2)],
            Write::DeleteComment => vec![(EventKind::CommentDeleted, comment(number)?, 1), updates(2)],
            Write::CreateComments => vec![
                (EventKind::CommentCreated, comment(1_000 + number)?, 1),
                (EventKind::CommentCreated, comment(2_000 + number)?, 1),
                updates(3),
            ],
            Write::CreateKey => vec![(EventKind::ApiKeyCreated, key(false).await?, 1)],
            Write::RevokeKey => vec![(EventKind::ApiKeyRevoked, key(false).await?, 1)],
            Write::Console(ConsoleWrite::SetPassword) => vec![(EventKind::UserPasswordSet, user, 2)],
            Write::Console(ConsoleWrite::SetRole) => vec![(EventKind::UserRoleChanged, user, 1)],
            Write::Console(_) => Vec::new(),
            Write::RotateKey => vec![
                (EventKind::ApiKeyRotated, key(false).await?, 1),
                (EventKind::ApiKeyCreated, key(true).await?, 1),
            ],
        })
    }
}
