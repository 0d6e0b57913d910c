//! Runs steps on a store and on the reference, and compares the results.

mod api_keys;
mod comment_changes;
mod comments;
mod console;
mod customers;
mod events;
mod merges;
mod people;
mod search;
mod ticket_changes;
mod ticket_values;
mod tickets;
mod translation;
mod users;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use anyhow::{Context, ensure};
use hexdesk_domain::ports::KeyRotation;
use hexdesk_domain::{
    CommentId, CustomerFilter, CustomerId, ExternalIds, HumanTicketId, IdRange, IdempotencyRequest,
    KeyNumber, NewApiKey, NewCustomer, NewUser, PageSize, Scope, SecretHash, ShopChange, ShopDomain, ShopId,
    ShopStore, Storage, StorageError, TicketId, UserFilter, UserId,
};

use super::id_range_ledger::IdRangeLedger;
use super::pairing::Pairing;
use super::step::{Claim, ConsoleStep, Filter, Number, Person, Slot, Step, Steps, Token};
use crate::MemoryStorage;
use crate::archive::moving::move_shop;
use crate::comparison::same;
use crate::events::settled_log::log_after;
use crate::samples::{TRICKY_TEXTS, at, claim as claim_of, customer_by_email, stamp, user_by_email};

/// Runs the steps and compares every result. At the end, compares all stored data.
pub(super) async fn run(storage: Arc<dyn Storage>, run: Steps) -> anyhow::Result<()> {
    let Steps { elsewhere, steps } = run;
    let begins_at = elsewhere.map_or_else(|| storage.clone(), |_| Arc::new(MemoryStorage::new()));
    let mut model = Model::new(begins_at);
    // With initial data, few steps have no effect.
    for step in [Step::CreateShop { domain: 0, at: 0 }, Step::CreateShop { domain: 1, at: 1 }] {
        model.take(step).await?;
    }
    for shop in 0..2 {
        let number = Number::HandedOut;
        model
            .take(Step::CreateCustomer {
                shop,
                number,
                email: Some(0),
                phone_number: None,
                text: 0,
                claim: None,
            })
            .await?;
        model.take(Step::CreateUser { shop, number, email: 0, text: 0, claim: None }).await?;
        let (user, link) = (Person::There(0), Token { hash: shop, other_shop: None });
        for step in [
            ConsoleStep::CreateLink { shop, user, is_admin: Some(false), at: 0 },
            ConsoleStep::SetPassword { link, password: 0, at: 0 },
        ] {
            model.take(Step::Console(step)).await?;
        }
    }
    let moves_before = elsewhere.map(|taken| taken.min(steps.len()));
    for (index, step) in steps.into_iter().map(Some).chain([None]).enumerate() {
        if moves_before == Some(index) {
            model.move_to(storage.clone()).await.context("shops that are moved into the store")?;
        }
        if let Some(step) = step {
            model.take(step).await.with_context(|| format!("step {}", index + 1))?;
        }
    }
    model.look().await.context("after the last step")?;
    model.look_at_a_copy().await.context("shops that are moved out of the store")?;
    model.look_at_logs().await.context("the logs of events")
}

/// The same thing in the store and in the reference.
#[derive(Debug, Clone, Copy)]
struct Both<T> {
    tested: T,
    reference: T,
}

struct Model {
    tested: Arc<dyn Storage>,
    reference: MemoryStorage,
    steps: i64,
    domains: Vec<ShopDomain>,
    shops: Vec<Both<ShopId>>,
    customers: BTreeMap<ShopId, Vec<Both<CustomerId>>>,
    users: BTreeMap<ShopId, Vec<Both<UserId>>>,
    /// The largest requested number in the store, by shop.
    largest_customer: BTreeMap<ShopId, CustomerId>,
    largest_user: BTreeMap<ShopId, UserId>,
    /// Every ticket whose creation was tried.
    tickets: Vec<(Both<ShopId>, TicketId)>,
    deleted_tickets: Vec<TicketId>,
    /// Every comment whose creation was tried.
    comments: Vec<(Both<ShopId>, TicketId, CommentId)>,
    keys: BTreeMap<ShopId, Vec<Both<KeyNumber>>>,
    /// Every link and session whose creation was tried.
    links: Vec<(Both<ShopId>, SecretHash)>,
    sessions: Vec<(Both<ShopId>, SecretHash)>,
    ranges: Vec<IdRange>,
    ledger: IdRangeLedger,
    shop_ids: Pairing<ShopId>,
    /// These are by shop. As everywhere here, it is the reference's number of the shop.
    customer_ids: BTreeMap<ShopId, Pairing<CustomerId>>,
    user_ids: BTreeMap<ShopId, Pairing<UserId>>,
    human_ticket_ids: BTreeMap<ShopId, Pairing<HumanTicketId>>,
    key_numbers: BTreeMap<ShopId, Pairing<KeyNumber>>,
    /// The lengths of the reference's logs after each step.
    log_ends: BTreeMap<ShopId, Vec<usize>>,
}

fn pick<T: Copy>(things: &[T], slot: Slot) -> Option<T> {
    things.get(usize::from(slot).checked_rem(things.len())?).copied()
}

/// Returns both results, or `None` if both failed with the same kind of error.
fn both<T>(
    tested: Result<T, StorageError>,
    reference: Result<T, StorageError>,
) -> anyhow::Result<Option<Both<T>>> {
    match (tested, reference) {
        (Ok(tested), Ok(reference)) => Ok(Some(Both { tested, reference })),
        (Err(tested), Err(reference)) => {
            same("the kind of failure", &tested.kind, &reference.kind)?;
            Ok(None)
        }
        (Err(tested), Ok(_)) => Err(tested).context("a call failed"),
        (Ok(_), Err(reference)) => Err(reference).context("a call succeeded, but the reference's failed"),
    }
}

impl Model {
    fn new(tested: Arc<dyn Storage>) -> Self {
        Self {
            tested,
            reference: MemoryStorage::new(),
            steps: 0,
            domains: Vec::new(),
            shops: Vec::new(),
            customers: BTreeMap::new(),
            users: BTreeMap::new(),
            largest_customer: BTreeMap::new(),
            largest_user: BTreeMap::new(),
            tickets: Vec::new(),
            deleted_tickets: Vec::new(),
            comments: Vec::new(),
            keys: BTreeMap::new(),
            links: Vec::new(),
            sessions: Vec::new(),
            ranges: Vec::new(),
            ledger: IdRangeLedger::default(),
            shop_ids: Pairing::new(),
            customer_ids: BTreeMap::new(),
            user_ids: BTreeMap::new(),
            human_ticket_ids: BTreeMap::new(),
            key_numbers: BTreeMap::new(),
            log_ends: BTreeMap::new(),
        }
    }

    async fn take(&mut self, step: Step) -> anyhow::Result<()> {
        self.steps += 1;
        self.take_on_both(step).await?;
        self.note_log_ends();
        Ok(())
    }

    async fn take_on_both(&mut self, step: Step) -> anyhow::Result<()> {
        match step {
            Step::CreateShop { domain, at } => self.create_shop(domain, at).await,
            Step::SwitchShop { is_closed, domain, at } => {
                let change = if is_closed { ShopChange::Close } else { ShopChange::Reopen };
                self.change_shop(domain, change, at).await
            }
            Step::SetReopenOnReply { domain, reopen_on_reply } => {
                self.change_shop(domain, ShopChange::SetReopenOnReply(reopen_on_reply), 0).await
            }
            Step::CreateCustomer { shop, number, email, phone_number, text, claim } => {
                let new = NewCustomer {
                    email: email.map(address),
                    phone_number: phone_number.map(phone_number_of),
                    external_ids: ExternalIds { shopify_id: external_id(text), ..ExternalIds::default() },
                    first_name: Some(text_of(text)),
                    ..customer_by_email("")
                };
                self.create_customer(shop, number, new, claim).await
            }
            Step::ListCustomers { shop, email, phone_number, external_id: id, size } => {
                let filter = CustomerFilter {
                    email: email.map(address),
                    phone_number: phone_number.map(phone_number_of),
                    external_ids: ExternalIds {
                        shopify_id: id.and_then(external_id),
                        ..ExternalIds::default()
                    },
                    words: BTreeSet::new(),
                };
                self.list_customers(shop, &filter, size).await
            }
            Step::UpdateCustomer(update) => self.update_customer(update).await,
            Step::EraseCustomer { shop, customer } => self.erase_customer(shop, customer).await,
            Step::MergeCustomers { shop, from, into, claim } => {
                self.merge_customers(shop, from, into, claim).await
            }
            Step::CreateUser { shop, number, email, text, claim } => {
                let new = NewUser { first_name: Some(text_of(text)), ..user_by_email(&address(email)) };
                self.create_user(shop, number, new, claim).await
            }
            Step::ListUsers { shop, is_active, size } => {
                self.list_users(shop, UserFilter { email: None, is_active }, size).await
            }
            Step::UpdateUser(update) => self.update_user(update).await,
            Step::CreateTickets(items) => self.create_tickets(items).await,
            Step::ListTickets { shop, filter, size } => self.list_tickets(shop, &filter, size).await,
            Step::SearchTickets { shop, words, size } => self.search_tickets(shop, &words, size).await,
            Step::UpdateTicket(update) => self.update_ticket(update).await,
            Step::DeleteTicket { ticket, version } => self.delete_ticket(ticket, version).await,
            Step::CreateComments(items) => self.create_comments(items).await,
            Step::UpdateComment(update) => self.update_comment(update).await,
            Step::DeleteComment { comment, version } => self.delete_comment(comment, version).await,
            Step::ListComments { ticket, size } => self.list_comments_of(ticket, size).await,
            Step::CreateKey { shop, user, at: created_at, expires_at, scopes, claim } => {
                let scopes = Scope::ALL.iter().enumerate().filter(|(index, _)| scopes >> index & 1 == 1);
                let new = NewApiKey {
                    scopes: scopes.map(|(_, scope)| *scope).collect(),
                    stamp: stamp(at(created_at)),
                    expires_at: expires_at.map(at),
                    secret_hash: self.secret(),
                    user_id: None,
                };
                self.create_key(shop, user, new, claim).await
            }
            Step::RevokeKey { shop, key, at } => self.revoke_key(shop, key, at).await,
            Step::RotateKey { shop, key, at: rotated_at, expires_at, old_ends_at, claim } => {
                let rotation = KeyRotation {
                    secret_hash: self.secret(),
                    expires_at: expires_at.map(at),
                    stamp: stamp(at(rotated_at)),
                    old_ends_at: at(old_ends_at.max(rotated_at)),
                };
                self.rotate_key(shop, key, rotation, claim).await
            }
            Step::ReserveIdRange { at: millis, span, current } => {
                let current = current.and_then(|slot| pick(&self.ranges, slot));
                let range = self.tested.reserve_id_range(at(millis), span, current).await?;
                self.ledger.note(at(millis), span, current, range)?;
                self.ranges.push(range);
                Ok(())
            }
            Step::Console(step) => self.take_in_console(step).await,
            Step::Look => self.look().await,
        }
    }

    /// Moves all shops into this store, and goes on there.
    async fn move_to(&mut self, storage: Arc<dyn Storage>) -> anyhow::Result<()> {
        for shop in self.tested.list_shops().await? {
            move_shop(&*self.tested, &*storage, &shop).await?;
        }
        self.tested = storage;
        Ok(())
    }

    /// Compares all data of the shops, moved into another store. Goes on with the store that has them.
    async fn look_at_a_copy(&mut self) -> anyhow::Result<()> {
        let tested = self.tested.clone();
        self.move_to(Arc::new(MemoryStorage::new())).await?;
        for shop in tested.list_shops().await? {
            let log = log_after(&*tested, shop.id, None, PageSize::MAX).await?;
            same("the log", &log_after(&*self.tested, shop.id, None, PageSize::MAX).await?, &log)?;
        }
        self.look().await?;
        self.tested = tested;
        Ok(())
    }

    /// Compares all data that can be found.
    async fn look(&mut self) -> anyhow::Result<()> {
        let shops = self.tested.list_shops().await?;
        ensure!(shops.is_sorted_by_key(|shop| shop.id), "the shops are not in order of number");
        let mut shops = shops.into_iter().map(|shop| self.shop(shop)).collect::<anyhow::Result<Vec<_>>>()?;
        shops.sort_by_key(|shop| shop.id);
        same("the list of shops", &shops, &self.reference.list_shops().await?)?;
        for domain in &self.domains {
            let found = self.tested.find_shop(domain).await?.map(|shop| self.shop(shop)).transpose()?;
            same("a shop", &found, &self.reference.find_shop(domain).await?)?;
        }
        for slot in (0..=Slot::MAX).take(self.shops.len()) {
            self.list_tickets(slot, &Filter::default(), PageSize::MAX).await?;
            for text in 0..4 {
                // One of the filters has no condition.
                let external_ids = ExternalIds { shopify_id: external_id(text), ..ExternalIds::default() };
                let filter = CustomerFilter { external_ids, ..CustomerFilter::default() };
                self.list_customers(slot, &filter, PageSize::of(2)).await?;
            }
            self.list_users(slot, UserFilter::default(), PageSize::of(2)).await?;
        }
        for shop in self.shops.clone() {
            self.look_at_people(shop).await?;
            self.look_at_merged(shop).await?;
            self.look_at_keys(shop).await?;
            self.look_at_console(shop).await?;
            self.look_at_answers(shop).await?;
        }
        self.look_at_tickets().await
    }
}

fn person<T: Copy>(people: Option<&Vec<Both<T>>>, person: Person) -> Option<Both<T>> {
    match person {
        Person::There(slot) => pick(people?, slot),
        Person::Nobody => None,
    }
}

fn text_of(slot: u8) -> String {
    pick(TRICKY_TEXTS, slot).unwrap_or_default().to_owned()
}

/// Eight addresses, in four pairs that differ only by case.
fn address(number: u8) -> String {
    let name = if number.is_multiple_of(2) { "dév" } else { "DÉV" };
    format!("{name}-{}@example.com", number / 2)
}

fn phone_number_of(number: u8) -> String {
    format!("555 {number}")
}

/// Missing, empty, or one of two ids that differ by case.
fn external_id(slot: Slot) -> Option<String> {
    [None, Some(""), Some("id"), Some("ID")][usize::from(slot % 4)].map(Into::into)
}

fn request_of(claim: Claim) -> anyhow::Result<IdempotencyRequest> {
    let request = claim_of(&format!("key {}", claim.key), claim.fingerprint, b"")?.request;
    Ok(IdempotencyRequest { operation: format!("operation {}", claim.operation), ..request })
}
