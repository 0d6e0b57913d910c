//! Concurrent creations and updates of customers.

use std::collections::BTreeSet;
use std::sync::Arc;

use anyhow::ensure;
use hexdesk_domain::ports::{CreateCustomerOutcome, UpdateCustomerOutcome};
use hexdesk_domain::{
    Customer, CustomerChanges, CustomerId, EventKind, ExternalIds, IdempotentOutcome, NewCustomer, ShopId,
    Storage,
};

use super::changes::{one_after_another, one_winner};
use super::{FEW_ROUNDS, RACERS, has_its_own, race};
use crate::cases::customer_lists::{all, whole_list};
use crate::comparison::same;
use crate::events::settled_log::settled_log;
use crate::samples::{
    Field, at, create_customer, create_shop, customer_by_email, customer_by_phone_number, customer_id,
    customer_update, stamp,
};

/// What the racers of a round want to have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Contested {
    Address,
    PhoneNumber,
    ExternalId,
    Number,
}

/// The value that this racer wants to have. Some racers have their own.
fn wanted(round: usize, racer: usize) -> String {
    if has_its_own(racer) { format!("{round}-{racer}") } else { format!("{round}") }
}

/// The same address in two spellings.
fn address(wanted: &str, racer: usize) -> String {
    format!("{}-{wanted}@example.com", if racer.is_multiple_of(2) { "Ada" } else { "aDA" })
}

/// The same phone number in two spellings.
fn spaced(wanted: &str, racer: usize) -> String {
    if racer.is_multiple_of(2) { format!("+33 {wanted}") } else { format!("0033{wanted}") }
}

fn new_customer(contested: Contested, round: usize, racer: usize) -> anyhow::Result<NewCustomer> {
    let own = customer_by_email(&address(&format!("{round}-{racer}-own"), racer));
    let wanted = wanted(round, racer);
    let new = match contested {
        Contested::Address => customer_by_email(&address(&wanted, racer)),
        Contested::PhoneNumber => customer_by_phone_number(&spaced(&wanted, racer)),
        Contested::ExternalId => {
            let external_ids = ExternalIds { zendesk_id: Some(wanted), ..ExternalIds::default() };
            NewCustomer { external_ids, ..own }
        }
        Contested::Number if has_its_own(racer) => own,
        Contested::Number => {
            NewCustomer { id: Some(customer_id(i64::try_from(10_000 * (round + 1))?)?), ..own }
        }
    };
    Ok(NewCustomer { first_name: Some(format!("{racer}")), ..new })
}

/// CUSTOMER-7: of racing creations for one e-mail address, phone number, id in another system or
/// requested number, exactly one wins.
pub async fn customer_7_one_of_racing_creations_wins(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    use Contested::{Address, ExternalId, Number, PhoneNumber};

    let shop = create_shop(&*storage, "shop.example.com").await?.id;
    let mut numbers = BTreeSet::new();
    for (round, contested) in [Address, PhoneNumber, Number, ExternalId, PhoneNumber].into_iter().enumerate()
    {
        let outcomes = race(RACERS, |racer| {
            let storage = Arc::clone(&storage);
            async move {
                let new = new_customer(contested, round, racer)?;
                Ok((has_its_own(racer), storage.create_customer(shop, new, None).await?))
            }
        })
        .await?;
        let mut winners = Vec::new();
        let mut losers = Vec::new();
        for (has_its_own, outcome) in outcomes {
            let customer = match outcome {
                IdempotentOutcome::Ran(CreateCustomerOutcome::Created(customer)) => {
                    ensure!(numbers.insert(customer.id), "two customers have the number {}", customer.id);
                    if !has_its_own {
                        winners.push(customer.clone());
                    }
                    customer
                }
                IdempotentOutcome::Ran(CreateCustomerOutcome::Existing(customer))
                    if !has_its_own && contested != Number =>
                {
                    losers.push(customer.clone());
                    customer
                }
                IdempotentOutcome::Ran(CreateCustomerOutcome::IdTaken)
                    if !has_its_own && contested == Number =>
                {
                    continue;
                }
                other => anyhow::bail!("a racer got {other:?}"),
            };
            let found = storage.find_customer(shop, customer.id).await?;
            same("the customer returned to a racer", &Some(customer), &found)?;
        }
        one_winner(&format!("the {contested:?}"), &winners)?;
        for customer in &losers {
            same("the customer returned to a loser", &Some(customer), &winners.first())?;
        }
    }
    let listed = whole_list(&*storage, shop, &all()).await?;
    same("the number of customers", &listed.len(), &numbers.len())
}

/// CUSTOMER-14: of racing updates and creations for one e-mail address, exactly one takes effect.
pub async fn customer_14_one_of_racing_updates_wins(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let shop = create_shop(&*storage, "shop.example.com").await?.id;
    let mut customers = Vec::new();
    for racer in 0..RACERS {
        customers
            .push(create_customer(&*storage, shop, customer_by_phone_number(&format!("of {racer}"))).await?);
    }
    for round in 0..3 {
        let contested = Contested::Address;
        let before = whole_list(&*storage, shop, &all()).await?;
        // Some rounds have no creations.
        let creates = move |racer: usize| round != 0 && racer % 4 == 1 && !has_its_own(racer);
        let results = race(RACERS, |racer| {
            let (storage, id) = (Arc::clone(&storage), customers[racer].id);
            async move {
                let result = if creates(racer) {
                    Outcome::of_creation(&*storage, new_customer(contested, round, racer)?, shop).await?
                } else {
                    Outcome::of_update(&*storage, (round, racer), (shop, id)).await?
                };
                Ok((racer, id, result))
            }
        })
        .await?;
        let winners: Vec<_> = results
            .iter()
            .filter(|(racer, ..)| !has_its_own(*racer))
            .filter_map(
                |(.., result)| if let Outcome::Won(customer) = result { Some(customer) } else { None },
            )
            .collect();
        one_winner(&format!("the {contested:?}"), &winners)?;
        for (racer, id, result) in &results {
            match result {
                Outcome::Won(customer) => {
                    let found = storage.find_customer(shop, customer.id).await?;
                    same("the customer returned to a racer", &found.as_ref(), &Some(customer))?;
                }
                Outcome::Existing(there) if !has_its_own(*racer) => {
                    same("the customer returned to a creation that lost", &Some(&there), &winners.first())?;
                }
                Outcome::Refused if !has_its_own(*racer) => {
                    let was = before.iter().find(|customer| customer.id == *id);
                    let found = storage.find_customer(shop, *id).await?;
                    same("a customer whose update was refused", &found.as_ref(), &was)?;
                }
                other => anyhow::bail!("a racer with its own value got {other:?}"),
            }
        }
    }
    Ok(())
}

/// The result of a racer that updates or creates.
#[derive(Debug)]
enum Outcome {
    Won(Customer),
    Existing(Customer),
    Refused,
}

impl Outcome {
    async fn of_creation(storage: &dyn Storage, new: NewCustomer, shop: ShopId) -> anyhow::Result<Self> {
        match storage.create_customer(shop, new, None).await? {
            IdempotentOutcome::Ran(CreateCustomerOutcome::Created(customer)) => Ok(Self::Won(customer)),
            IdempotentOutcome::Ran(CreateCustomerOutcome::Existing(customer)) => Ok(Self::Existing(customer)),
            other => anyhow::bail!("a racing creation returned {other:?}"),
        }
    }

    async fn of_update(
        storage: &dyn Storage,
        (round, racer): (usize, usize),
        (shop, id): (ShopId, CustomerId),
    ) -> anyhow::Result<Self> {
        let wanted = wanted(round, racer);
        let mut changes =
            CustomerChanges { first_name: Some(Some(format!("{round}"))), ..CustomerChanges::default() };
        changes.email = Some(Some(address(&wanted, racer)));
        match storage.update_customer(shop, id, customer_update(changes), None).await? {
            IdempotentOutcome::Ran(UpdateCustomerOutcome::Updated(customer)) => Ok(Self::Won(*customer)),
            IdempotentOutcome::Ran(UpdateCustomerOutcome::EmailTaken) => Ok(Self::Refused),
            other => anyhow::bail!("a racing update returned {other:?}"),
        }
    }
}

/// The fields that racers set, one each.
const SET: [Field<CustomerChanges, Option<Option<String>>>; 6] = [
    |changes| &mut changes.first_name,
    |changes| &mut changes.last_name,
    |changes| &mut changes.wordpress_id,
    |changes| &mut changes.shopify_id,
    |changes| &mut changes.zendesk_id,
    |changes| &mut changes.gorgias_id,
];
/// The fields that racers clear. One of them must stay.
const CLEARED: [Field<CustomerChanges, Option<Option<String>>>; 2] =
    [|changes| &mut changes.email, |changes| &mut changes.phone_number];

/// The numbers of the changes that a customer shows.
fn shown(customer: &Customer) -> BTreeSet<usize> {
    let ids = &customer.external_ids;
    let set = [
        customer.first_name.is_some(),
        customer.last_name.is_some(),
        ids.wordpress_id.is_some(),
        ids.shopify_id.is_some(),
        ids.zendesk_id.is_some(),
        ids.gorgias_id.is_some(),
        customer.email.is_none(),
        customer.phone_number.is_none(),
    ];
    set.into_iter().enumerate().filter_map(|(change, shown)| shown.then_some(change)).collect()
}

/// CUSTOMER-20: racing updates of one customer keep each other's changes, and are checked against
/// them.
pub async fn customer_20_racing_updates_all_take_effect(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    const CUSTOMERS: usize = 5;
    const CHANGES: usize = SET.len() + CLEARED.len();

    let shop = create_shop(&*storage, "shop.example.com").await?.id;
    for round in 0..FEW_ROUNDS {
        let mut ids = Vec::new();
        for number in 0..CUSTOMERS {
            let name = format!("{round}-{number}");
            let email = format!("{name}@example.com");
            let new = NewCustomer { phone_number: Some(name), ..customer_by_email(&email) };
            ids.push(create_customer(&*storage, shop, new).await?.id);
        }
        let outcomes = race(CUSTOMERS * CHANGES, |racer| {
            let (storage, id, change) = (Arc::clone(&storage), ids[racer % CUSTOMERS], racer / CUSTOMERS);
            async move {
                let mut changes = CustomerChanges::default();
                let value = (change < SET.len()).then(|| format!("{change}"));
                if let Some(field) = SET.iter().chain(&CLEARED).nth(change) {
                    *field(&mut changes) = Some(value);
                }
                let outcome = storage.update_customer(shop, id, customer_update(changes), None).await?;
                Ok((id, change, outcome))
            }
        })
        .await?;
        for id in ids {
            let mut results = Vec::new();
            for (_, change, outcome) in outcomes.iter().filter(|(of, ..)| *of == id) {
                match outcome {
                    IdempotentOutcome::Ran(UpdateCustomerOutcome::Updated(customer)) => {
                        results.push((*change, shown(customer)));
                    }
                    IdempotentOutcome::Ran(UpdateCustomerOutcome::Unreachable) if *change >= SET.len() => {}
                    other => anyhow::bail!("a racer got {other:?}"),
                }
            }
            same("the number of updates of a customer that took effect", &results.len(), &(CHANGES - 1))?;
            one_after_another("a customer", results)?;
            let found = storage.find_customer(shop, id).await?;
            let count = found.as_ref().map(|customer| shown(customer).len());
            same("the number of changes of a customer after the race", &count, &Some(CHANGES - 1))?;
        }
    }
    let (log, _) = settled_log(&*storage, shop, stamp(at(0))).await?;
    let updates = log.iter().filter(|event| event.kind == EventKind::CustomerUpdated).count();
    same("the number of logged updates", &updates, &((CHANGES - 1) * CUSTOMERS * FEW_ROUNDS))
}
