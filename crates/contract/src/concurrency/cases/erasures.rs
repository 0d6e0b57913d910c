//! The erasure of a customer during writes of the customer's tickets, comments and records.

use std::sync::Arc;

use anyhow::{Context, ensure};
use hexdesk_domain::ports::{
    CommentCreation, CreateCommentOutcome, CreateCustomerOutcome, CreateTicketOutcome, DeleteTicketOutcome,
    Erased, TicketCreation, UpdateCustomerOutcome, UpdateTicketOutcome,
};
use hexdesk_domain::{
    Customer, CustomerChanges, CustomerId, DeferredClaim, IdempotencyRequest, IdempotentOutcome, NewCustomer,
    PageSize, Receipt, Storage, Ticket, TicketChanges, TicketFilter,
};

use super::{RACERS, ROUNDS, race};
use crate::cases::ticket_lists::whole_list;
use crate::comparison::same;
use crate::events::settled_log::settled_log;
use crate::samples::{
    ShopWithPeople, at, claim, comment_creation, create_comment, create_customer, create_ticket, creation,
    customer_by_email, customer_id, customer_update, expect_no_ticket, new_comment, plain_ticket, stamp,
    ticket_id, update,
};

/// CUSTOMER-17: a concurrent write of the customer's data is erased with the customer or finds no
/// customer. No call fails.
pub async fn customer_17_racing_erasure_leaves_nothing(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    for round in 0..ROUNDS {
        let customers = Arc::new(CustomersToErase::create(&*storage, round).await?);
        let effects =
            race(RACERS, |racer| {
                let (storage, customers) = (Arc::clone(&storage), Arc::clone(&customers));
                async move {
                    customers.take_part(&*storage, racer).await.with_context(|| format!("racer {racer}"))
                }
            })
            .await?;
        customers.expect_aftermath(&*storage, &effects).await?;
    }
    Ok(())
}

/// The tickets that exist before the race, named after the racers' operations.
const COMMENTED: i64 = 1;
const UPDATED: i64 = 2;
const DELETED: i64 = 3;
/// The number of comments of the first ticket before the race.
const COMMENTS: i64 = 3;

/// A customer to erase, and two that stay: one of the same shop, and one with the same number in
/// another shop.
struct CustomersToErase {
    people: ShopWithPeople,
    erased: Customer,
    other: Customer,
}

/// The effect of one racer.
#[derive(Default)]
struct Effect {
    /// The change in the numbers of tickets, human tickets and comments that the erasure removes.
    /// It is zero if the erasure came first. A deletion of a ticket counts as -1.
    counts: [i64; 3],
    /// Whether a record of the racer names the customer.
    is_recorded: bool,
    request: Option<IdempotencyRequest>,
    /// A ticket of the customer that may or may not have been created.
    ticket: Option<Ticket>,
    /// Tickets of other customers. They stay.
    others: Vec<Ticket>,
    erased: Option<Option<Erased>>,
}

impl CustomersToErase {
    async fn create(storage: &dyn Storage, round: usize) -> anyhow::Result<Self> {
        let people = ShopWithPeople::create(storage, &format!("one-{round}.example.com")).await?;
        let other = ShopWithPeople::create(storage, &format!("two-{round}.example.com")).await?;
        let new = NewCustomer { id: Some(customer_id(70)?), ..customer_by_email("erased@example.com") };
        let erased = create_customer(storage, people.shop.id, new.clone()).await?;
        let other = create_customer(storage, other.shop.id, new).await?;
        let customers = Self { people, erased, other };
        for id in [COMMENTED, UPDATED, DELETED] {
            let outcome = create_ticket(storage, creation(customers.ticket(id)?)).await?;
            same("a ticket", &outcome, &CreateTicketOutcome::Created)?;
        }
        for id in 1..=COMMENTS {
            create_comment(storage, comment_creation(new_comment(id, &customers.ticket(COMMENTED)?)?))
                .await?;
        }
        Ok(customers)
    }

    fn ticket(&self, id: i64) -> anyhow::Result<Ticket> {
        Ok(plain_ticket(ticket_id(id)?, &self.erased))
    }

    async fn take_part(&self, storage: &dyn Storage, racer: usize) -> anyhow::Result<Effect> {
        let number = i64::try_from(racer)? + 100;
        match racer % 8 {
            // Two erasures. One of them finds the customer.
            0 if racer == 16 || racer == 32 => {
                let erased =
                    storage.erase_customer(self.erased.shop_id, self.erased.id, stamp(at(14))).await?;
                Ok(Effect { erased: Some(erased), ..Effect::default() })
            }
            0 | 1 => self.add_tickets(storage, number).await,
            2 | 3 => self.add_comment(storage, number).await,
            4 => self.update_ticket(storage, number).await,
            5 => self.update_customer(storage, number).await,
            6 => self.create_same_customer(storage, number).await,
            _ => self.delete_ticket_or_add_neighbour(storage, number).await,
        }
    }

    fn request(number: i64) -> anyhow::Result<IdempotencyRequest> {
        Ok(claim(&format!("key {number}"), 1, b"")?.request)
    }

    /// A claim. Its receipt names the customer if the outcome is this one.
    fn deferred_claim<T>(
        &self,
        number: i64,
        names: impl Fn(&T) -> Option<CustomerId> + Send + Sync + 'static,
    ) -> anyhow::Result<DeferredClaim<T>> {
        let receipt = move |outcome: &T| {
            names(outcome).map(|id| Receipt { response: b"receipt".to_vec(), customer_id: Some(id) })
        };
        Ok(DeferredClaim { request: Self::request(number)?, requested_at: at(3), receipt: Arc::new(receipt) })
    }

    /// Creates a ticket of the customer between tickets of others. The order of shops varies, which
    /// can deadlock calls that lock shops in turn.
    async fn add_tickets(&self, storage: &dyn Storage, number: i64) -> anyhow::Result<Effect> {
        let mut claim = claim(&format!("key {number}"), 1, b"receipt")?;
        claim.receipt.customer_id = Some(self.erased.id);
        let request = claim.request.clone();
        let ticket = Ticket { is_opened: number % 2 == 0, ..self.ticket(number)? };
        let others = vec![
            plain_ticket(ticket_id(1_000 + number)?, &self.people.customer),
            plain_ticket(ticket.id, &self.other),
        ];
        let mut batch: Vec<_> = others.iter().cloned().map(creation).collect();
        batch.insert(1, TicketCreation { idempotency: Some(claim), ..creation(ticket.clone()) });
        if number % 4 < 2 {
            batch.reverse();
        }
        let outcomes = storage.create_tickets(batch).await?;
        let created = CreateTicketOutcome::Created;
        let is_created = match outcomes.as_slice() {
            [one, CreateTicketOutcome::Created, two] if (one, two) == (&created, &created) => true,
            [one, CreateTicketOutcome::CustomerNotFound, two] if (one, two) == (&created, &created) => false,
            _ => anyhow::bail!("a batch returned {outcomes:?}"),
        };
        let counts = [1, i64::from(ticket.is_opened), 0].map(|count| count * i64::from(is_created));
        let (request, ticket) = (Some(request), Some(ticket));
        Ok(Effect { counts, is_recorded: is_created, request, ticket, others, ..Effect::default() })
    }

    async fn add_comment(&self, storage: &dyn Storage, number: i64) -> anyhow::Result<Effect> {
        let names = |outcome: &CreateCommentOutcome| match outcome {
            CreateCommentOutcome::Created(view) => Some(view.customer.id),
            CreateCommentOutcome::TicketNotFound
            | CreateCommentOutcome::VersionMismatch
            | CreateCommentOutcome::AuthorNotFound => None,
        };
        let claim = Some(self.deferred_claim(number, names)?);
        let comment = new_comment(number, &self.ticket(COMMENTED)?)?;
        let attempts = storage
            .create_comments(vec![CommentCreation {
                comment,
                stamp: stamp(at(8)),
                expected_version: None,
                claim,
            }])
            .await?;
        let is_created = match attempts.as_slice() {
            [IdempotentOutcome::Ran(CreateCommentOutcome::Created(_))] => true,
            [IdempotentOutcome::Ran(CreateCommentOutcome::TicketNotFound)] => false,
            _ => anyhow::bail!("a comment returned {attempts:?}"),
        };
        Self::recorded(number, is_created, [0, 0, i64::from(is_created)])
    }

    /// Some of these updates open the ticket.
    async fn update_ticket(&self, storage: &dyn Storage, number: i64) -> anyhow::Result<Effect> {
        let names = |outcome: &UpdateTicketOutcome| match outcome {
            UpdateTicketOutcome::Updated(view) => Some(view.customer.id),
            _ => None,
        };
        let opens = number == 104;
        let changes = TicketChanges {
            name: Some(Some(format!("{number}"))),
            is_opened: opens.then_some(true),
            ..TicketChanges::default()
        };
        let claim = Some(self.deferred_claim(number, names)?);
        let id = ticket_id(UPDATED)?;
        match storage.update_ticket(self.erased.shop_id, id, update(changes), claim).await? {
            IdempotentOutcome::Ran(UpdateTicketOutcome::Updated(_)) => {
                Self::recorded(number, true, [0, i64::from(opens), 0])
            }
            IdempotentOutcome::Ran(UpdateTicketOutcome::TicketNotFound) => {
                Self::recorded(number, false, [0; 3])
            }
            other => anyhow::bail!("an update returned {other:?}"),
        }
    }

    async fn update_customer(&self, storage: &dyn Storage, number: i64) -> anyhow::Result<Effect> {
        let names = |outcome: &UpdateCustomerOutcome| match outcome {
            UpdateCustomerOutcome::Updated(customer) => Some(customer.id),
            _ => None,
        };
        let changes = CustomerChanges {
            full_name: Some(Some(format!("{number}"))),
            shopify_id: Some(Some(format!("{number}"))),
            ..CustomerChanges::default()
        };
        let claim = Some(self.deferred_claim(number, names)?);
        match storage
            .update_customer(self.erased.shop_id, self.erased.id, customer_update(changes), claim)
            .await?
        {
            IdempotentOutcome::Ran(UpdateCustomerOutcome::Updated(_)) => Self::recorded(number, true, [0; 3]),
            IdempotentOutcome::Ran(UpdateCustomerOutcome::CustomerNotFound) => {
                Self::recorded(number, false, [0; 3])
            }
            other => anyhow::bail!("an update of the customer returned {other:?}"),
        }
    }

    /// Creates a customer with the same address. The outcome is the customer to erase or a newer
    /// one.
    async fn create_same_customer(&self, storage: &dyn Storage, number: i64) -> anyhow::Result<Effect> {
        let names = |outcome: &CreateCustomerOutcome| match outcome {
            CreateCustomerOutcome::Created(customer) | CreateCustomerOutcome::Existing(customer) => {
                Some(customer.id)
            }
            CreateCustomerOutcome::IdTaken => None,
        };
        let claim = Some(self.deferred_claim(number, names)?);
        let new = customer_by_email("ERASED@example.com");
        let attempt = storage.create_customer(self.erased.shop_id, new, claim).await?;
        match attempt {
            IdempotentOutcome::Ran(CreateCustomerOutcome::Existing(there)) => {
                let mut effect = Self::recorded(number, there.id == self.erased.id, [0; 3])?;
                effect.request = effect.request.filter(|_| there.id == self.erased.id);
                Ok(effect)
            }
            IdempotentOutcome::Ran(CreateCustomerOutcome::Created(new)) => {
                ensure!(new.id != self.erased.id, "the number of an erased customer was assigned again");
                Ok(Effect::default())
            }
            other => anyhow::bail!("creating a customer with the same address returned {other:?}"),
        }
    }

    /// Deletes a ticket, or creates another customer's ticket.
    async fn delete_ticket_or_add_neighbour(
        &self,
        storage: &dyn Storage,
        number: i64,
    ) -> anyhow::Result<Effect> {
        if number == 107 {
            let (shop, id) = (self.erased.shop_id, ticket_id(DELETED)?);
            return match storage.delete_ticket(shop, id, None, stamp(at(13))).await? {
                DeleteTicketOutcome::Deleted => Ok(Effect { counts: [-1, 0, 0], ..Effect::default() }),
                DeleteTicketOutcome::TicketNotFound => Ok(Effect::default()),
                other => anyhow::bail!("a deletion returned {other:?}"),
            };
        }
        let ticket = plain_ticket(ticket_id(1_000 + number)?, &self.people.customer);
        let outcome = create_ticket(storage, creation(ticket.clone())).await?;
        same("another customer's ticket", &outcome, &CreateTicketOutcome::Created)?;
        Ok(Effect { others: vec![ticket], ..Effect::default() })
    }

    fn recorded(number: i64, is_recorded: bool, counts: [i64; 3]) -> anyhow::Result<Effect> {
        Ok(Effect { counts, is_recorded, request: Some(Self::request(number)?), ..Effect::default() })
    }

    async fn expect_aftermath(&self, storage: &dyn Storage, effects: &[Effect]) -> anyhow::Result<()> {
        let shop = self.erased.shop_id;
        let erasures: Vec<_> = effects.iter().filter_map(|effect| effect.erased).collect();
        same("the number of racing erasures", &erasures.len(), &2)?;
        let found: Vec<_> = erasures.into_iter().flatten().collect();
        let count = |part: usize, before: i64| {
            let racers: i64 = effects.iter().map(|effect| effect.counts[part]).sum();
            u64::try_from(before + racers)
        };
        let records = effects.iter().filter(|effect| effect.is_recorded).count();
        let expected = Erased {
            tickets: count(0, 3)?,
            human_tickets: count(1, 0)?,
            comments: count(2, COMMENTS)?,
            idempotency_records: u64::try_from(records)?,
        };
        same("the numbers of erased things", &found, &vec![expected])?;

        same("the customer", &storage.find_customer(shop, self.erased.id).await?, &None)?;
        let theirs = TicketFilter { customer_id: Some(self.erased.id), ..TicketFilter::default() };
        same("the customer's tickets", &whole_list(storage, shop, &theirs).await?, &Vec::new())?;
        same(
            "the count of the customer's tickets",
            &storage.count_tickets(shop, theirs, u64::MAX).await?,
            &0,
        )?;
        let mut tickets = vec![ticket_id(COMMENTED)?, ticket_id(UPDATED)?, ticket_id(DELETED)?];
        tickets.extend(effects.iter().filter_map(|effect| effect.ticket.as_ref()).map(|ticket| ticket.id));
        for id in tickets {
            expect_no_ticket(storage, "a ticket of the customer", shop, id).await?;
            let comments = storage.list_comments(shop, id, None, PageSize::MAX).await?;
            same("its comments", &comments, &None)?;
        }
        for effect in effects {
            if let Some(request) = &effect.request {
                self.expect_free(storage, request.clone()).await?;
            }
        }
        let (log, _) = settled_log(storage, shop, stamp(at(0))).await?;
        let of_customer = log.iter().filter_map(|event| Some((event.position, event.snapshot.as_ref()?)));
        let of_customer: Vec<_> =
            of_customer.filter(|(_, snapshot)| snapshot.customer_id() == Some(self.erased.id)).collect();
        same("the snapshots of the customer in the log", &of_customer, &Vec::new())?;
        self.expect_neighbours(storage, effects).await
    }

    /// Fails unless the key is free. The ticket has no customer, so it is refused and leaves no
    /// trace. The store checks the record before that.
    async fn expect_free(&self, storage: &dyn Storage, request: IdempotencyRequest) -> anyhow::Result<()> {
        let what = format!("{} after the race", request.key.as_str());
        let receipt = Receipt { response: Vec::new(), customer_id: None };
        let idempotency = Some(hexdesk_domain::IdempotencyClaim { request, receipt });
        let probe = TicketCreation { idempotency, ..creation(self.people.ticket_of_nobody(9_999)?) };
        same(&what, &create_ticket(storage, probe).await?, &CreateTicketOutcome::CustomerNotFound)
    }

    /// Fails unless the shops have exactly the tickets of other customers.
    async fn expect_neighbours(&self, storage: &dyn Storage, effects: &[Effect]) -> anyhow::Result<()> {
        for customer in [&self.people.customer, &self.other] {
            let found = storage.find_customer(customer.shop_id, customer.id).await?;
            same("another customer", &found.as_ref(), &Some(customer))?;
            let all = effects.iter().flat_map(|effect| &effect.others);
            let mut expected: Vec<_> =
                all.filter(|ticket| ticket.shop_id == customer.shop_id).cloned().collect();
            let list = whole_list(storage, customer.shop_id, &TicketFilter::default()).await?;
            let mut tickets: Vec<_> = list.into_iter().map(|view| view.ticket).collect();
            tickets.sort_by_key(|ticket| ticket.id);
            expected.sort_by_key(|ticket| ticket.id);
            same("the tickets of other customers", &tickets, &expected)?;
        }
        Ok(())
    }
}
