//! Steps on a store and on the reference, and the comparison of what they answer.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context, bail, ensure};
use hexdesk_domain::ports::{
    CreateCustomerOutcome, CreateShopOutcome, CreateTicketOutcome, CreateUserOutcome, RotateKeyOutcome,
    TicketCreation,
};
use hexdesk_domain::{
    ApiKey, ApiKeyStore, Attempt, Customer, CustomerId, CustomerStore, HumanTicketId, IdRange, KeyNumber,
    NewApiKey, NewCustomer, NewUser, Scope, SecretHash, Shop, ShopDomain, ShopId, ShopStore, Storage,
    StorageError, Ticket, TicketId, TicketStore, TicketView, User, UserId, UserStore,
};

use super::id_range_ledger::IdRangeLedger;
use super::pairing::Pairing;
use super::step::{Item, Number, Person, Slot, Step};
use crate::MemoryStorage;
use crate::comparison::same;
use crate::samples::{
    TRICKY_TEXTS, at, claim, customer_by_email, domain, extreme_times, new_key, secret_hash, ticket_id,
    user_by_email,
};

/// Takes the steps and compares every answer and, at the end, everything there is.
pub(super) async fn run(storage: Arc<dyn Storage>, steps: Vec<Step>) -> anyhow::Result<()> {
    let mut model = Model::new(storage);
    // Something to start from, so that few steps lead nowhere.
    for step in [Step::CreateShop { domain: 0, at: 0 }, Step::CreateShop { domain: 1, at: 1 }] {
        model.take(step).await?;
    }
    for shop in 0..2 {
        let number = Number::HandedOut;
        model
            .take(Step::CreateCustomer { shop, number, email: Some(0), phone_number: None, text: 0 })
            .await?;
        model.take(Step::CreateUser { shop, number, email: 0, text: 0 }).await?;
    }
    for (index, step) in (1..).zip(steps) {
        model.take(step).await.with_context(|| format!("step {index}"))?;
    }
    model.look().await.context("after the last step")
}

/// The same thing on both sides.
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
    /// The store's largest number that was asked for, by shop.
    largest_customer: BTreeMap<ShopId, CustomerId>,
    largest_user: BTreeMap<ShopId, UserId>,
    /// Every ticket that was tried.
    tickets: Vec<(Both<ShopId>, TicketId)>,
    keys: BTreeMap<ShopId, Vec<Both<KeyNumber>>>,
    ranges: Vec<IdRange>,
    ledger: IdRangeLedger,
    shop_ids: Pairing<ShopId>,
    /// These by shop; as everywhere here, the reference's number of it.
    customer_ids: BTreeMap<ShopId, Pairing<CustomerId>>,
    user_ids: BTreeMap<ShopId, Pairing<UserId>>,
    human_ticket_ids: BTreeMap<ShopId, Pairing<HumanTicketId>>,
    key_numbers: BTreeMap<ShopId, Pairing<KeyNumber>>,
}

/// Far from each other and from what a store hands out on its own.
const HIGH_NUMBERS: i64 = 1 << 41;
const LOW_NUMBERS: i64 = 1 << 40;
const BETWEEN_NUMBERS: i64 = 1_000_000;

fn pick<T: Copy>(things: &[T], slot: Slot) -> Option<T> {
    things.get(usize::from(slot).checked_rem(things.len())?).copied()
}

/// Both answers, or `None` if both failed in the same way.
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
        (Ok(_), Err(reference)) => Err(reference).context("a call did not fail, unlike the reference's"),
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
            keys: BTreeMap::new(),
            ranges: Vec::new(),
            ledger: IdRangeLedger::default(),
            shop_ids: Pairing::new(),
            customer_ids: BTreeMap::new(),
            user_ids: BTreeMap::new(),
            human_ticket_ids: BTreeMap::new(),
            key_numbers: BTreeMap::new(),
        }
    }

    async fn take(&mut self, step: Step) -> anyhow::Result<()> {
        self.steps += 1;
        match step {
            Step::CreateShop { domain, at } => self.create_shop(domain, at).await,
            Step::CloseShop { domain, at } => self.close_shop(domain, at).await,
            Step::CreateCustomer { shop, number, email, phone_number, text } => {
                let text = Some(text_of(text));
                let new = NewCustomer {
                    email: email.map(address),
                    phone_number: phone_number.map(|number| format!("555 {number}")),
                    first_name: text,
                    ..customer_by_email("")
                };
                self.create_customer(shop, number, new).await
            }
            Step::CreateUser { shop, number, email, text } => {
                let new = NewUser { first_name: Some(text_of(text)), ..user_by_email(&address(email)) };
                self.create_user(shop, number, new).await
            }
            Step::CreateTickets(items) => self.create_tickets(items).await,
            Step::CreateKey { shop, at: created_at, expires_at, scopes } => {
                let scopes = Scope::ALL.iter().enumerate().filter(|(index, _)| scopes >> index & 1 == 1);
                let new = NewApiKey {
                    scopes: scopes.map(|(_, scope)| *scope).collect(),
                    created_at: at(created_at),
                    expires_at: expires_at.map(at),
                    secret_hash: self.secret(),
                    user_id: None,
                };
                self.create_key(shop, new).await
            }
            Step::RevokeKey { shop, key, at } => self.revoke_key(shop, key, at).await,
            Step::RotateKey { shop, key, at, old_ends_at } => {
                self.rotate_key(shop, key, at, old_ends_at).await
            }
            Step::ReserveIdRange { at: millis, span, current } => {
                let current = current.and_then(|slot| pick(&self.ranges, slot));
                let range = self.tested.reserve_id_range(at(millis), span, current).await?;
                self.ledger.note(at(millis), span, current, range)?;
                self.ranges.push(range);
                Ok(())
            }
            Step::Look => self.look().await,
        }
    }

    async fn create_shop(&mut self, name: u8, millis: i64) -> anyhow::Result<()> {
        let domain = domain(&format!("shop-{name}.example.com"))?;
        let outcomes = both(
            self.tested.create_shop(&domain, at(millis)).await,
            self.reference.create_shop(&domain, at(millis)).await,
        )?;
        let Some(Both { tested, reference }) = outcomes else { return Ok(()) };
        if let (CreateShopOutcome::Created(tested), CreateShopOutcome::Created(reference)) =
            (&tested, &reference)
        {
            self.shop_ids.add(tested.id, reference.id)?;
            self.shops.push(Both { tested: tested.id, reference: reference.id });
            self.domains.push(domain);
        }
        let tested = match tested {
            CreateShopOutcome::Created(shop) => CreateShopOutcome::Created(self.shop(shop)?),
            CreateShopOutcome::AlreadyExists(shop) => CreateShopOutcome::AlreadyExists(self.shop(shop)?),
        };
        same("creating a shop", &tested, &reference)
    }

    async fn close_shop(&mut self, name: u8, millis: i64) -> anyhow::Result<()> {
        let domain = domain(&format!("shop-{name}.example.com"))?;
        let outcomes = both(
            self.tested.close_shop(&domain, at(millis)).await,
            self.reference.close_shop(&domain, at(millis)).await,
        )?;
        let Some(Both { tested, reference }) = outcomes else { return Ok(()) };
        let tested = tested.map(|shop| self.shop(shop)).transpose()?;
        same("closing a shop", &tested, &reference)
    }

    async fn create_customer(&mut self, shop: Slot, number: Number, new: NewCustomer) -> anyhow::Result<()> {
        let Some(shop) = pick(&self.shops, shop) else { return Ok(()) };
        let asked = match number {
            Number::HandedOut => None,
            Number::Taken(slot) => self.customers.get(&shop.reference).and_then(|all| pick(all, slot)),
            Number::High | Number::Low => {
                let id = CustomerId::new(self.free_number(number)).context("a number to ask for")?;
                Some(Both { tested: id, reference: id })
            }
        };
        let asking = |id: Option<CustomerId>| NewCustomer { id, ..new.clone() };
        let outcomes = both(
            self.tested.create_customer(shop.tested, asking(asked.map(|id| id.tested)), None).await,
            self.reference.create_customer(shop.reference, asking(asked.map(|id| id.reference)), None).await,
        )?;
        let Some(Both { tested, reference }) = outcomes else { return Ok(()) };
        if let (
            Attempt::Ran(CreateCustomerOutcome::Created(tested)),
            Attempt::Ran(CreateCustomerOutcome::Created(reference)),
        ) = (&tested, &reference)
        {
            self.customer_ids
                .entry(shop.reference)
                .or_insert_with(Pairing::new)
                .add(tested.id, reference.id)?;
            self.customers
                .entry(shop.reference)
                .or_default()
                .push(Both { tested: tested.id, reference: reference.id });
            let largest = self.largest_customer.entry(shop.reference).or_insert(tested.id);
            ensure!(
                asked.is_some() || tested.id >= *largest,
                "the number {} was handed out after {largest}",
                tested.id
            );
            *largest = tested.id.max(*largest);
        }
        same("creating a customer", &self.customer_attempt(tested)?, &reference)
    }

    async fn create_user(&mut self, shop: Slot, number: Number, new: NewUser) -> anyhow::Result<()> {
        let Some(shop) = pick(&self.shops, shop) else { return Ok(()) };
        let asked = match number {
            Number::HandedOut => None,
            Number::Taken(slot) => self.users.get(&shop.reference).and_then(|all| pick(all, slot)),
            Number::High | Number::Low => {
                let id = UserId::new(self.free_number(number)).context("a number to ask for")?;
                Some(Both { tested: id, reference: id })
            }
        };
        let asking = |id: Option<UserId>| NewUser { id, ..new.clone() };
        let outcomes = both(
            self.tested.create_user(shop.tested, asking(asked.map(|id| id.tested))).await,
            self.reference.create_user(shop.reference, asking(asked.map(|id| id.reference))).await,
        )?;
        let Some(Both { tested, reference }) = outcomes else { return Ok(()) };
        if let (CreateUserOutcome::Created(tested), CreateUserOutcome::Created(reference)) =
            (&tested, &reference)
        {
            self.user_ids.entry(shop.reference).or_insert_with(Pairing::new).add(tested.id, reference.id)?;
            self.users
                .entry(shop.reference)
                .or_default()
                .push(Both { tested: tested.id, reference: reference.id });
            let largest = self.largest_user.entry(shop.reference).or_insert(tested.id);
            ensure!(
                asked.is_some() || tested.id >= *largest,
                "the number {} was handed out after {largest}",
                tested.id
            );
            *largest = tested.id.max(*largest);
        }
        let tested = match tested {
            CreateUserOutcome::Created(user) => CreateUserOutcome::Created(self.user(user)?),
            CreateUserOutcome::EmailTaken(user) => CreateUserOutcome::EmailTaken(self.user(user)?),
            CreateUserOutcome::IdTaken => CreateUserOutcome::IdTaken,
        };
        same("creating a user", &tested, &reference)
    }

    async fn create_tickets(&mut self, items: Vec<Item>) -> anyhow::Result<()> {
        let mut batches = Both { tested: Vec::new(), reference: Vec::new() };
        for item in items {
            let Some(shop) = pick(&self.shops, item.shop) else { continue };
            let Both { tested, reference } = self.creation(shop, &item)?;
            self.tickets.push((shop, tested.ticket.id));
            batches.tested.push(tested);
            batches.reference.push(reference);
        }
        let count = batches.tested.len();
        let outcomes = both(
            self.tested.create_tickets(batches.tested).await,
            self.reference.create_tickets(batches.reference).await,
        )?;
        let Some(Both { tested, reference }) = outcomes else { return Ok(()) };
        // With nobody else at it, the first use of every key has ended.
        ensure!(!tested.contains(&CreateTicketOutcome::InProgress), "an item is in progress for ever");
        same(&format!("the outcomes of a batch of {count}"), &tested, &reference)
    }

    fn creation(&mut self, shop: Both<ShopId>, item: &Item) -> anyhow::Result<Both<TicketCreation>> {
        // A number that no other ticket of this run has.
        let unique = i64::try_from(self.tickets.len())? + 1;
        let again = item.id_again.and_then(|slot| pick(&self.tickets, slot));
        let id = again.map_or(ticket_id(unique), |(_, id)| Ok(id))?;
        let customer = person(self.customers.get(&shop.reference), item.customer);
        let nobody = CustomerId::new(CustomerId::MAX).context("a customer's number")?;
        let customer = customer.unwrap_or(Both { tested: nobody, reference: nobody });
        let assignee = match item.assignee {
            None => None,
            Some(assignee) => {
                let nobody = UserId::new(UserId::MAX).context("a user's number")?;
                let user = person(self.users.get(&shop.reference), assignee);
                Some(user.unwrap_or(Both { tested: nobody, reference: nobody }))
            }
        };
        let claim = match item.claim {
            None => None,
            Some(used) => {
                let receipt = format!("receipt of {unique}");
                let mut claim = claim(&format!("key {}", used.key), used.fingerprint, receipt.as_bytes())?;
                claim.request.operation = format!("operation {}", used.operation);
                Some(claim)
            }
        };
        let times = extreme_times();
        let time = pick(&times, item.time).context("a time")?;
        let text = text_of(item.text);
        let creation = |shop: ShopId, customer_id: CustomerId, assigned_to: Option<UserId>| TicketCreation {
            ticket: Ticket {
                id,
                shop_id: shop,
                customer_id,
                channel: format!("channel {unique}"),
                name: Some(text.clone()),
                thread_id: None,
                email_used: None,
                date: at(-unique),
                last_message: Some(text.clone()),
                last_message_time: at(unique),
                contact_reason: None,
                assigned_to,
                is_opened: item.is_opened,
                unread_count: i32::from(item.text),
                tags: vec![text.clone(), format!("tag {unique}"), text.clone()],
                language_code: None,
                via: None,
                version: 1,
            },
            created_at: time,
            idempotency: claim.clone(),
        };
        Ok(Both {
            tested: creation(shop.tested, customer.tested, assignee.map(|user| user.tested)),
            reference: creation(shop.reference, customer.reference, assignee.map(|user| user.reference)),
        })
    }

    async fn create_key(&mut self, shop: Slot, new: NewApiKey) -> anyhow::Result<()> {
        let Some(shop) = pick(&self.shops, shop) else { return Ok(()) };
        let keys = both(
            self.tested.create_key(shop.tested, new.clone()).await,
            self.reference.create_key(shop.reference, new).await,
        )?;
        let Some(Both { tested, reference }) = keys else { return Ok(()) };
        self.learn_key(&tested, &reference)?;
        same("creating a key", &self.key(tested)?, &reference)
    }

    async fn revoke_key(&mut self, shop: Slot, key: Slot, millis: i64) -> anyhow::Result<()> {
        let Some((shop, number)) = self.key_at(shop, key) else { return Ok(()) };
        let keys = both(
            self.tested.revoke_key(shop.tested, number.tested, at(millis)).await,
            self.reference.revoke_key(shop.reference, number.reference, at(millis)).await,
        )?;
        let Some(Both { tested, reference }) = keys else { return Ok(()) };
        same("revoking a key", &tested.map(|key| self.key(key)).transpose()?, &reference)
    }

    async fn rotate_key(
        &mut self,
        shop: Slot,
        key: Slot,
        millis: i64,
        old_ends_at: i64,
    ) -> anyhow::Result<()> {
        let Some((shop, number)) = self.key_at(shop, key) else { return Ok(()) };
        let (secret, now, end) = (self.secret(), at(millis), at(old_ends_at.max(millis)));
        let outcomes = both(
            self.tested.rotate_key(shop.tested, number.tested, secret, now, end).await,
            self.reference.rotate_key(shop.reference, number.reference, secret, now, end).await,
        )?;
        let Some(Both { tested, reference }) = outcomes else { return Ok(()) };
        if let (RotateKeyOutcome::Rotated(tested), RotateKeyOutcome::Rotated(reference)) =
            (&tested, &reference)
        {
            self.learn_key(tested, reference)?;
        }
        let tested = match tested {
            RotateKeyOutcome::Rotated(key) => RotateKeyOutcome::Rotated(self.key(key)?),
            RotateKeyOutcome::NotLive => RotateKeyOutcome::NotLive,
        };
        same("rotating a key", &tested, &reference)
    }

    /// Compares everything that can be found.
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
        for shop in self.shops.clone() {
            self.look_at_people(shop).await?;
            self.look_at_keys(shop).await?;
        }
        for (shop, id) in self.tickets.clone() {
            let reference = self.reference.find_ticket(shop.reference, id).await?;
            let tested = match (self.tested.find_ticket(shop.tested, id).await?, &reference) {
                (Some(tested), Some(reference)) => Some(self.view(tested, reference)?),
                (None, _) => None,
                (Some(tested), None) => bail!("a ticket was left behind: {tested:?}"),
            };
            same("a ticket", &tested, &reference)?;
        }
        Ok(())
    }

    async fn look_at_people(&self, shop: Both<ShopId>) -> anyhow::Result<()> {
        for id in self.customers.get(&shop.reference).into_iter().flatten() {
            let found = self.tested.find_customer(shop.tested, id.tested).await?;
            let found = found.map(|customer| self.customer(customer)).transpose()?;
            same("a customer", &found, &self.reference.find_customer(shop.reference, id.reference).await?)?;
        }
        for id in self.users.get(&shop.reference).into_iter().flatten() {
            let found = self.tested.find_user(shop.tested, id.tested).await?;
            let found = found.map(|user| self.user(user)).transpose()?;
            same("a user", &found, &self.reference.find_user(shop.reference, id.reference).await?)?;
        }
        Ok(())
    }

    async fn look_at_keys(&self, shop: Both<ShopId>) -> anyhow::Result<()> {
        let keys = self.tested.list_keys(shop.tested).await?;
        ensure!(keys.is_sorted_by_key(|key| key.number), "the keys are not in order of number");
        let mut keys = keys.into_iter().map(|key| self.key(key)).collect::<anyhow::Result<Vec<_>>>()?;
        keys.sort_by_key(|key| key.number);
        same("the list of keys", &keys, &self.reference.list_keys(shop.reference).await?)?;
        for number in self.keys.get(&shop.reference).into_iter().flatten() {
            let found = self.tested.find_key(shop.tested, number.tested).await?;
            let found =
                found.map(|(key, shop)| anyhow::Ok((self.key(key)?, self.shop(shop)?))).transpose()?;
            same("a key", &found, &self.reference.find_key(shop.reference, number.reference).await?)?;
        }
        Ok(())
    }

    fn free_number(&self, number: Number) -> i64 {
        match number {
            Number::Low => LOW_NUMBERS - self.steps * BETWEEN_NUMBERS,
            _ => HIGH_NUMBERS + self.steps * BETWEEN_NUMBERS,
        }
    }

    fn secret(&self) -> SecretHash {
        // Steps are few.
        u8::try_from(self.steps).map_or(new_key(0).secret_hash, secret_hash)
    }

    fn key_at(&self, shop: Slot, key: Slot) -> Option<(Both<ShopId>, Both<KeyNumber>)> {
        let shop = pick(&self.shops, shop)?;
        Some((shop, pick(self.keys.get(&shop.reference)?, key)?))
    }

    fn learn_key(&mut self, tested: &ApiKey, reference: &ApiKey) -> anyhow::Result<()> {
        let shop = reference.shop_id;
        self.key_numbers.entry(shop).or_insert_with(Pairing::new).add(tested.number, reference.number)?;
        let numbers = Both { tested: tested.number, reference: reference.number };
        self.keys.entry(shop).or_default().push(numbers);
        Ok(())
    }

    // What the store answered, in the reference's numbers.

    fn shop(&self, shop: Shop) -> anyhow::Result<Shop> {
        Ok(Shop { id: self.shop_ids.reference(shop.id)?, ..shop })
    }

    fn customer(&self, customer: Customer) -> anyhow::Result<Customer> {
        let shop_id = self.shop_ids.reference(customer.shop_id)?;
        let ids = self.customer_ids.get(&shop_id).context("a customer of a shop without any")?;
        Ok(Customer { id: ids.reference(customer.id)?, shop_id, ..customer })
    }

    fn customer_attempt(
        &self,
        attempt: Attempt<CreateCustomerOutcome>,
    ) -> anyhow::Result<Attempt<CreateCustomerOutcome>> {
        Ok(match attempt {
            Attempt::Ran(CreateCustomerOutcome::Created(customer)) => {
                Attempt::Ran(CreateCustomerOutcome::Created(self.customer(customer)?))
            }
            Attempt::Ran(CreateCustomerOutcome::Existing(customer)) => {
                Attempt::Ran(CreateCustomerOutcome::Existing(self.customer(customer)?))
            }
            // These name nobody.
            other => other,
        })
    }

    fn user(&self, user: User) -> anyhow::Result<User> {
        let shop_id = self.shop_ids.reference(user.shop_id)?;
        let ids = self.user_ids.get(&shop_id).context("a user of a shop without any")?;
        Ok(User { id: ids.reference(user.id)?, shop_id, ..user })
    }

    fn key(&self, key: ApiKey) -> anyhow::Result<ApiKey> {
        let shop_id = self.shop_ids.reference(key.shop_id)?;
        let numbers = self.key_numbers.get(&shop_id).context("a key of a shop without any")?;
        Ok(ApiKey { number: numbers.reference(key.number)?, shop_id, ..key })
    }

    fn view(&mut self, view: TicketView, reference: &TicketView) -> anyhow::Result<TicketView> {
        let mut human_ticket = view.human_ticket;
        if let (Some(tested), Some(reference_ticket)) = (&mut human_ticket, &reference.human_ticket) {
            let ids = self.human_ticket_ids.entry(reference.ticket.shop_id).or_insert_with(Pairing::new);
            ids.meet(tested.id, reference_ticket.id)?;
            tested.id = reference_ticket.id;
        }
        let customer = self.customer(view.customer)?;
        let assignee = view.assignee.map(|user| self.user(user)).transpose()?;
        let shop_id = self.shop_ids.reference(view.ticket.shop_id)?;
        let customer_ids = self.customer_ids.get(&shop_id).context("a ticket of a shop without customers")?;
        let customer_id = customer_ids.reference(view.ticket.customer_id)?;
        let assigned_to = match view.ticket.assigned_to {
            None => None,
            Some(user) => {
                let users = self.user_ids.get(&shop_id).context("an assignee of a shop without users")?;
                Some(users.reference(user)?)
            }
        };
        let ticket = Ticket { shop_id, customer_id, assigned_to, ..view.ticket };
        Ok(TicketView { ticket, customer, assignee, human_ticket })
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

/// Of eight addresses two each are the same without case.
fn address(number: u8) -> String {
    let name = if number.is_multiple_of(2) { "dév" } else { "DÉV" };
    format!("{name}-{}@example.com", number / 2)
}
