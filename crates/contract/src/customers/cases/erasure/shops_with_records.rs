//! Two shops with customers who have tickets, comments and idempotency records, and all visible
//! data of the shops.

use std::sync::Arc;

use anyhow::Context;
use hexdesk_domain::ports::{
    CommentCreation, CreateTicketOutcome, Erased, TicketCreation, UpdateCustomerOutcome, UserUpdate,
};
use hexdesk_domain::{
    CommentView, Customer, CustomerChanges, CustomerId, DeferredClaim, IdempotencyClaim, IdempotentOutcome,
    NewComment, NewCustomer, PageSize, ShopId, Storage, Ticket, TicketChanges, TicketFilter, TicketView,
    User, UserChanges, UserFilter,
};

use crate::cases::customer_lists::{all, whole_list};
use crate::cases::ticket_lists::whole_list as all_tickets;
use crate::comparison::same;
use crate::samples::{
    ShopWithPeople, at, claim, create_ticket, customer_by_email, customer_id, customer_update, find_ticket,
    new_comment, plain_ticket, stamp, ticket_id, update, update_ticket,
};

/// A record of a shop. It exists as long as the customer named by its receipt.
type Record = (ShopId, IdempotencyClaim);

pub(super) struct ShopsWithRecords {
    pub(super) fixtures: Vec<ShopWithPeople>,
    records: Vec<Record>,
}

impl ShopsWithRecords {
    /// The numbers of two customers with tickets, in both shops. A third customer has no tickets.
    pub(super) const BUSY: i64 = 70;
    pub(super) const OTHER: i64 = 71;

    pub(super) async fn create(storage: &dyn Storage, domain: &str) -> anyhow::Result<Self> {
        let mut shops = Self { fixtures: Vec::new(), records: Vec::new() };
        for name in ["one", "two"] {
            let fixture = ShopWithPeople::create(storage, &format!("{name}.{domain}")).await?;
            // Both customers exist before the tickets, because receipts of one may name the other.
            let busy = shops.add_customer(storage, &fixture, Self::BUSY).await?;
            let other = shops.add_customer(storage, &fixture, Self::OTHER).await?;
            shops.add_tickets(storage, &fixture, &busy, other.id).await?;
            shops.add_tickets(storage, &fixture, &other, busy.id).await?;
            let named = UserChanges { full_name: Some(Some("agent".into())), ..UserChanges::default() };
            let update = UserUpdate { changes: named, stamp: stamp(at(5)) };
            let claim = shops.deferred_claim(&fixture, "user", None)?;
            storage.update_user(fixture.shop.id, fixture.user.id, update, Some(claim)).await?;
            shops.fixtures.push(fixture);
        }
        let there = Contents::of(storage, &shops).await?.records.len();
        same("the number of recorded keys of the shops", &there, &shops.records.len())?;
        Ok(shops)
    }

    pub(super) fn shops(&self) -> [ShopId; 2] {
        [self.fixtures[0].shop.id, self.fixtures[1].shop.id]
    }

    /// Adds a customer with a record of its creation and of an update.
    async fn add_customer(
        &mut self,
        storage: &dyn Storage,
        fixture: &ShopWithPeople,
        number: i64,
    ) -> anyhow::Result<Customer> {
        let (shop, id) = (fixture.shop.id, customer_id(number)?);
        let new =
            NewCustomer { id: Some(id), ..customer_by_email(&format!("customer-{number}@example.com")) };
        let claim = self.deferred_claim(fixture, &format!("customer {number}"), Some(id))?;
        storage.create_customer(shop, new, Some(claim)).await?;
        let claim = self.deferred_claim(fixture, &format!("change of {number}"), Some(id))?;
        let named = CustomerChanges { full_name: Some(Some("name".into())), ..CustomerChanges::default() };
        let attempt = storage.update_customer(shop, id, customer_update(named), Some(claim)).await?;
        let IdempotentOutcome::Ran(UpdateCustomerOutcome::Updated(customer)) = attempt else {
            anyhow::bail!("an update of a customer returned {attempt:?}");
        };
        Ok(*customer)
    }

    /// Adds four tickets of the customer with a record of each operation. One of them is deleted
    /// again.
    async fn add_tickets(
        &mut self,
        storage: &dyn Storage,
        fixture: &ShopWithPeople,
        customer: &Customer,
        of_other: CustomerId,
    ) -> anyhow::Result<()> {
        let (shop, id) = (fixture.shop.id, customer.id);
        let number = id.get();
        let ticket = |place: i64| anyhow::Ok(plain_ticket(ticket_id(number * 10 + place)?, customer));
        let assigned_to = Some(fixture.user.id);
        let tickets = [
            Ticket { is_opened: true, assigned_to, ..ticket(0)? },
            Ticket { is_opened: true, ..ticket(1)? },
            ticket(2)?,
            Ticket { is_opened: true, ..ticket(3)? },
        ];
        // A receipt may name the customer, another customer or none. The store does not check
        // which.
        let named = [Some(id), None, Some(of_other), Some(id)];
        for (ticket, named) in tickets.iter().zip(named) {
            let idempotency =
                self.claim(fixture, "create_ticket", &format!("ticket {}", ticket.id), named)?;
            let creation = TicketCreation {
                ticket: ticket.clone(),
                stamp: stamp(at(7)),
                idempotency: Some(idempotency),
            };
            let outcome = create_ticket(storage, creation).await?;
            same("a ticket of the shops", &outcome, &CreateTicketOutcome::Created)?;
        }
        storage.delete_ticket(shop, tickets[3].id, None, stamp(at(13))).await?;
        for (index, (ticket, named)) in
            [(0, Some(id)), (0, None), (0, Some(of_other)), (1, Some(id))].into_iter().enumerate()
        {
            let comment = new_comment(number * 10 + i64::try_from(index)?, &tickets[ticket])?;
            let claim = self.deferred_claim(fixture, &format!("comment {}", comment.id), named)?;
            let comment = NewComment { author_id: (index % 2 == 0).then_some(fixture.user.id), ..comment };
            storage
                .create_comments(vec![CommentCreation {
                    comment,
                    stamp: stamp(at(8)),
                    expected_version: None,
                    claim: Some(claim),
                }])
                .await?;
        }
        let claim = self.deferred_claim(fixture, &format!("update of {number}"), Some(id))?;
        let tagged = TicketChanges { tags: Some(vec!["tag".into()]), ..TicketChanges::default() };
        storage.update_ticket(shop, tickets[0].id, update(tagged), Some(claim)).await?;
        let closed = TicketChanges { is_opened: Some(false), ..TicketChanges::default() };
        update_ticket(storage, shop, tickets[1].id, update(closed)).await?;
        Ok(())
    }

    fn claim(
        &mut self,
        fixture: &ShopWithPeople,
        operation: &str,
        key: &str,
        customer: Option<CustomerId>,
    ) -> anyhow::Result<IdempotencyClaim> {
        let mut claim = claim(key, 1, format!("receipt of {key}").as_bytes())?;
        claim.request.operation = operation.to_owned();
        claim.receipt.customer_id = customer;
        self.records.push((fixture.shop.id, claim.clone()));
        Ok(claim)
    }

    fn deferred_claim<T>(
        &mut self,
        fixture: &ShopWithPeople,
        key: &str,
        customer: Option<CustomerId>,
    ) -> anyhow::Result<DeferredClaim<T>> {
        let IdempotencyClaim { request, receipt } = self.claim(fixture, "once", key, customer)?;
        Ok(DeferredClaim { request, requested_at: at(3), receipt: Arc::new(move |_| Some(receipt.clone())) })
    }
}

/// All visible data.
#[derive(Debug, Clone)]
pub(super) struct Contents {
    customers: Vec<Customer>,
    pub(super) tickets: Vec<(TicketView, Vec<CommentView>)>,
    users: Vec<User>,
    records: Vec<Record>,
}

impl Contents {
    /// Reads all visible data and fails if reads disagree.
    pub(super) async fn of(storage: &dyn Storage, shops: &ShopsWithRecords) -> anyhow::Result<Self> {
        let mut contents =
            Self { customers: Vec::new(), tickets: Vec::new(), users: Vec::new(), records: Vec::new() };
        for shop in shops.shops() {
            let customers = whole_list(storage, shop, &all()).await?;
            let count = storage.count_customers(shop, all()).await?;
            same("the count of the shop's customers", &count, &u64::try_from(customers.len())?)?;
            contents.customers.extend(customers);
            let tickets = all_tickets(storage, shop, &TicketFilter::default()).await?;
            let count = storage.count_tickets(shop, TicketFilter::default(), u64::MAX).await?;
            same("the count of the shop's tickets", &count, &u64::try_from(tickets.len())?)?;
            for view in tickets {
                let id = view.ticket.id;
                same("a ticket in the list", &view, &find_ticket(storage, shop, id).await?)?;
                let comments = storage.list_comments(shop, id, None, PageSize::MAX).await?;
                let comments = comments.context("a ticket without a list of comments")?.entries;
                contents.tickets.push((view, comments));
            }
            let users = storage.list_users(shop, UserFilter::default(), None, PageSize::MAX).await?;
            contents.users.extend(users.entries);
        }
        for (shop, claim) in &shops.records {
            // A ticket of a missing customer is refused without a trace. The store checks the
            // record before that.
            let nobody = CustomerId::new(CustomerId::MAX).context("a customer's number")?;
            let ticket = plain_ticket(ticket_id(9_999)?, &shops.fixtures[0].customer);
            let ticket = Ticket { shop_id: *shop, customer_id: nobody, ..ticket };
            let probe = TicketCreation { ticket, stamp: stamp(at(7)), idempotency: Some(claim.clone()) };
            match create_ticket(storage, probe).await? {
                CreateTicketOutcome::Replayed(answer) => {
                    same("a recorded answer", &answer, &claim.receipt.response)?;
                    contents.records.push((*shop, claim.clone()));
                }
                CreateTicketOutcome::CustomerNotFound => {}
                other => anyhow::bail!("a ticket of a missing customer returned {other:?}"),
            }
        }
        Ok(contents)
    }

    /// Returns the data without this customer and the customer's data, and how much that is.
    pub(super) fn without(&self, shop: ShopId, id: CustomerId) -> (Self, Erased) {
        let mut rest = self.clone();
        rest.customers.retain(|customer| (customer.shop_id, customer.id) != (shop, id));
        rest.records.retain(|(owner, claim)| *owner != shop || claim.receipt.customer_id != Some(id));
        let theirs = rest
            .tickets
            .extract_if(.., |(view, _)| (view.ticket.shop_id, view.ticket.customer_id) == (shop, id));
        let mut erased = Erased::default();
        for (view, comments) in theirs {
            erased.tickets += 1;
            erased.human_tickets += u64::from(view.human_ticket.is_some());
            erased.comments += comments.len() as u64;
        }
        erased.idempotency_records = (self.records.len() - rest.records.len()) as u64;
        (rest, erased)
    }

    /// Fails unless the store has exactly this data.
    pub(super) async fn expect(
        &self,
        storage: &dyn Storage,
        shops: &ShopsWithRecords,
        after: &str,
    ) -> anyhow::Result<()> {
        let now = Self::of(storage, shops).await?;
        same(&format!("the customers after {after}"), &now.customers, &self.customers)?;
        same(&format!("the tickets and comments after {after}"), &now.tickets, &self.tickets)?;
        same(&format!("the users after {after}"), &now.users, &self.users)?;
        let keys = |records: &[Record]| -> Vec<_> {
            records.iter().map(|(shop, claim)| (*shop, claim.request.key.clone())).collect()
        };
        same(&format!("the records after {after}"), &keys(&now.records), &keys(&self.records))
    }
}
