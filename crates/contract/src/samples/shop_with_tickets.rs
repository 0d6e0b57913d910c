//! The shops of the cases on changed and deleted tickets, and all visible data of the shops. The
//! cases use it to check that nothing else has changed.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, ensure};
use hexdesk_domain::ports::{CreateTicketOutcome, TicketUpdate};
use hexdesk_domain::{
    CommentView, Customer, NewComment, NewUser, PageSize, ShopId, Storage, Ticket, TicketChanges,
    TicketFilter, TicketId, TicketView, User,
};

use crate::cases::ticket_lists::{create_all, whole_list};
use crate::comparison::same;
use crate::samples::ticket_members::single_changes;
use crate::samples::{
    ShopWithPeople, at, comment_creation, create_comment, create_user, filled_ticket, find_ticket,
    new_comment, stamp, ticket_id, update, update_ticket, user_by_email, user_id,
};

/// A shop with two users and four tickets of one customer, with comments. Every such shop uses the
/// same numbers.
pub(crate) struct ShopWithTickets {
    pub(crate) people: ShopWithPeople,
    pub(crate) agent: User,
}

impl ShopWithTickets {
    /// Open, with every field.
    pub(crate) const FULL: i64 = 1;
    /// Only the required fields, never opened.
    pub(crate) const PLAIN: i64 = 2;
    /// Opened, then closed.
    pub(crate) const CLOSED: i64 = 3;
    /// Open, without a comment.
    pub(crate) const SILENT: i64 = 4;
    pub(crate) const ALL: [i64; 4] = [Self::FULL, Self::PLAIN, Self::CLOSED, Self::SILENT];

    pub(crate) async fn create(storage: &dyn Storage, name: &str) -> anyhow::Result<Self> {
        let people = ShopWithPeople::create(storage, name).await?;
        let new = NewUser {
            id: Some(user_id(60)?),
            full_name: Some(format!("agent of {name}")),
            ..user_by_email("60@example.com")
        };
        let agent = create_user(storage, people.shop.id, new).await?;
        let fixture = Self { people, agent };
        let plain = fixture.people.ticket(Self::FULL)?;
        let tickets = [
            Ticket {
                name: Some(format!("name of {name}")),
                date: plain.date,
                last_message_time: plain.last_message_time,
                ..filled_ticket(plain, fixture.people.user.id, ToOwned::to_owned)
            },
            fixture.people.ticket(Self::PLAIN)?,
            Ticket { is_opened: true, ..fixture.people.ticket(Self::CLOSED)? },
            Ticket { is_opened: true, ..fixture.people.ticket(Self::SILENT)? },
        ];
        create_all(storage, &tickets).await?;
        for (ticket, id) in tickets.iter().take(3).zip([100, 200, 300]) {
            for id in [id, id + 1] {
                let author_id = (id % 2 == 0).then_some(fixture.agent.id);
                let comment = NewComment { author_id, ..new_comment(id, ticket)? };
                create_comment(storage, comment_creation(comment)).await?;
            }
        }
        let close = TicketChanges { is_opened: Some(false), ..TicketChanges::default() };
        let close = TicketUpdate { stamp: stamp(at(9)), ..update(close) };
        update_ticket(storage, fixture.shop(), ticket_id(Self::CLOSED)?, close).await?;
        Ok(fixture)
    }

    /// Creates two of them, below this domain.
    pub(crate) async fn pair(storage: &dyn Storage, domain: &str) -> anyhow::Result<[Self; 2]> {
        let one = Self::create(storage, &format!("one.{domain}")).await?;
        Ok([one, Self::create(storage, &format!("two.{domain}")).await?])
    }

    pub(crate) fn shop(&self) -> ShopId {
        self.people.shop.id
    }

    /// Changes of one field each.
    pub(crate) fn single_changes(&self) -> Vec<(&'static str, TicketChanges)> {
        single_changes(self.agent.id, self.people.user.id)
    }
}

/// All visible data of the shops' tickets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ShopContents {
    pub(crate) tickets: BTreeMap<(ShopId, TicketId), (TicketView, Vec<CommentView>)>,
    people: Vec<(Option<Customer>, Option<User>, Option<User>)>,
}

impl ShopContents {
    /// Reads all visible data and fails if reads disagree.
    pub(crate) async fn of(storage: &dyn Storage, fixtures: &[ShopWithTickets]) -> anyhow::Result<Self> {
        let mut tickets = BTreeMap::new();
        let mut people = Vec::new();
        let mut human_tickets = BTreeSet::new();
        for fixture in fixtures {
            let shop = fixture.shop();
            let list = whole_list(storage, shop, &TicketFilter::default()).await?;
            let count = storage.count_tickets(shop, TicketFilter::default(), u64::MAX).await?;
            same("the count of the shop's tickets", &count, &u64::try_from(list.len())?)?;
            for view in list {
                let id = view.ticket.id;
                same("a ticket in the list", &view, &find_ticket(storage, shop, id).await?)?;
                if let Some(human_ticket) = &view.human_ticket {
                    let is_new = human_tickets.insert((shop, human_ticket.id));
                    ensure!(is_new, "two human tickets of a shop have the number {}", human_ticket.id);
                }
                let comments = storage.list_comments(shop, id, None, PageSize::MAX).await?;
                let comments = comments.context("a ticket without a list of comments")?.entries;
                let count = storage.count_comments(shop, id).await?;
                same("the count of a ticket's comments", &count, &Some(u64::try_from(comments.len())?))?;
                tickets.insert((shop, id), (view, comments));
            }
            people.push((
                storage.find_customer(shop, fixture.people.customer.id).await?,
                storage.find_user(shop, fixture.people.user.id).await?,
                storage.find_user(shop, fixture.agent.id).await?,
            ));
        }
        Ok(Self { tickets, people })
    }

    pub(crate) fn view(&self, shop: ShopId, id: TicketId) -> anyhow::Result<&TicketView> {
        let (view, _) = self.tickets.get(&(shop, id)).context("a ticket is not listed")?;
        Ok(view)
    }

    /// Replaces this ticket.
    pub(crate) fn with(mut self, changed: TicketView) -> Self {
        let place = (changed.ticket.shop_id, changed.ticket.id);
        if let Some((view, _)) = self.tickets.get_mut(&place) {
            *view = changed;
        }
        self
    }

    /// Replaces this customer wherever the data shows it.
    pub(crate) fn with_customer(mut self, changed: &Customer) -> Self {
        let update = |customer: &mut Customer| {
            if (customer.shop_id, customer.id) == (changed.shop_id, changed.id) {
                customer.clone_from(changed);
            }
        };
        for (view, comments) in self.tickets.values_mut() {
            update(&mut view.customer);
            comments.iter_mut().for_each(|comment| update(&mut comment.customer));
        }
        self.people.iter_mut().filter_map(|(customer, ..)| customer.as_mut()).for_each(update);
        self
    }

    /// Replaces this user wherever the data shows it.
    pub(crate) fn with_user(mut self, changed: &User) -> Self {
        let update = |user: &mut User| {
            if (user.shop_id, user.id) == (changed.shop_id, changed.id) {
                user.clone_from(changed);
            }
        };
        for (view, comments) in self.tickets.values_mut() {
            view.assignee.iter_mut().for_each(update);
            comments.iter_mut().filter_map(|comment| comment.author.as_mut()).for_each(update);
        }
        for (_, user, agent) in &mut self.people {
            user.iter_mut().chain(agent).for_each(update);
        }
        self
    }

    /// Removes this ticket and its comments.
    pub(crate) fn without(mut self, shop: ShopId, id: TicketId) -> Self {
        self.tickets.remove(&(shop, id));
        self
    }

    /// Fails unless the store still has exactly this data.
    pub(crate) async fn expect(
        &self,
        storage: &dyn Storage,
        fixtures: &[ShopWithTickets],
        after: &str,
    ) -> anyhow::Result<()> {
        let now = Self::of(storage, fixtures).await?;
        let ids = |of: &Self| -> Vec<_> { of.tickets.keys().copied().collect() };
        same(&format!("the shops' tickets after {after}"), &ids(&now), &ids(self))?;
        for (now, before) in now.tickets.values().zip(self.tickets.values()) {
            same(&format!("a ticket and its comments after {after}"), now, before)?;
        }
        same(&format!("the shops' people after {after}"), &now.people, &self.people)
    }

    /// The number of the ticket's comments.
    pub(crate) fn comments(&self, shop: ShopId, id: TicketId) -> usize {
        self.tickets.get(&(shop, id)).map_or(0, |(_, comments)| comments.len())
    }
}

/// The outcome of creating a new ticket.
pub(crate) const CREATED: CreateTicketOutcome = CreateTicketOutcome::Created;
