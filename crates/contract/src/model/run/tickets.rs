//! Tickets, and lists of them.

use anyhow::{Context, bail, ensure};
use hexdesk_domain::ports::{CreateTicketOutcome, TicketCreation};
use hexdesk_domain::{
    CustomerId, Page, PageSize, ShopId, Ticket, TicketPosition, TicketStore, TicketView, UserId,
};

use super::super::step::{Filter, Item, Slot};
use super::ticket_values::{channel_of, tag_of, thread_of};
use super::{Both, Model, both, person, pick, request_of, text_of};
use crate::comparison::same;
use crate::samples::ticket_members::plain_ticket_of;
use crate::samples::{at, claim, extreme_times, stamp, ticket_id};

impl Model {
    pub(super) async fn create_tickets(&mut self, items: Vec<Item>) -> anyhow::Result<()> {
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
        // Calls are sequential here, so the first use of every key has ended.
        ensure!(!tested.contains(&CreateTicketOutcome::InProgress), "an item stays in progress");
        same(&format!("the outcomes of a batch of {count}"), &tested, &reference)
    }

    pub(super) fn creation(
        &mut self,
        shop: Both<ShopId>,
        item: &Item,
    ) -> anyhow::Result<Both<TicketCreation>> {
        // A number that no other ticket of this run has.
        let unique = i64::try_from(self.tickets.len())? + 1;
        let again = item.id_again.and_then(|slot| {
            if slot % 4 == 0 {
                return pick(&self.tickets, slot).map(|(_, id)| id);
            }
            pick(&self.deleted_tickets, slot)
        });
        let id = again.map_or(ticket_id(unique), Ok)?;
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
                let mut claim = claim("key", 0, receipt.as_bytes())?;
                claim.request = request_of(used)?;
                Some(claim)
            }
        };
        let times = extreme_times();
        let time = pick(&times, item.time).context("a time")?;
        let text = text_of(item.text);
        let creation = |shop: ShopId, customer_id: CustomerId, assigned_to: Option<UserId>| TicketCreation {
            ticket: Ticket {
                channel: channel_of(item.text),
                name: Some(text.clone()),
                thread_id: thread_of(item.text),
                date: at(-unique % 5),
                // Not the name, because a search ranks the two differently.
                last_message: Some(text_of(item.text.wrapping_mul(7))),
                last_message_time: at(unique % 4),
                contact_reason: item.text.is_multiple_of(3).then(|| tag_of(item.text / 3)),
                assigned_to,
                is_opened: item.is_opened,
                unread_count: i32::from(item.text % 3),
                tags: vec![tag_of(item.text), format!("tag {unique}"), tag_of(item.text)],
                ..plain_ticket_of(id, shop, customer_id)
            },
            stamp: stamp(time),
            idempotency: claim.clone().map(|mut claim| {
                claim.receipt.customer_id = item.text.is_multiple_of(2).then_some(customer_id);
                claim
            }),
        };
        Ok(Both {
            tested: creation(shop.tested, customer.tested, assignee.map(|user| user.tested)),
            reference: creation(shop.reference, customer.reference, assignee.map(|user| user.reference)),
        })
    }

    /// Compares the pages and the counts of a list in both stores.
    pub(super) async fn list_tickets(
        &mut self,
        shop: Slot,
        wanted: &Filter,
        size: PageSize,
    ) -> anyhow::Result<()> {
        let Some(shop) = pick(&self.shops, shop) else { return Ok(()) };
        let filters = self.filters(shop, wanted)?;
        let count = both(
            self.tested.count_tickets(shop.tested, filters.tested.clone(), u64::MAX).await,
            self.reference.count_tickets(shop.reference, filters.reference.clone(), u64::MAX).await,
        )?;
        let Some(count) = count else { return Ok(()) };
        same(&format!("the count with {wanted:?}"), &count.tested, &count.reference)?;
        let mut after: Option<TicketPosition> = None;
        loop {
            let pages = both(
                self.tested.list_tickets(shop.tested, filters.tested.clone(), after, size).await,
                self.reference.list_tickets(shop.reference, filters.reference.clone(), after, size).await,
            )?;
            let Some(Both { tested, reference }) = pages else { return Ok(()) };
            let ids = |page: &Page<TicketView, TicketPosition>| -> Vec<_> {
                page.entries.iter().map(|view| view.ticket.id).collect()
            };
            let what = format!("a page of {size:?} after {after:?} with {wanted:?}");
            same(&what, &(ids(&tested), tested.next), &(ids(&reference), reference.next))?;
            for (tested, reference) in tested.entries.into_iter().zip(&reference.entries) {
                same(&what, &self.view(tested, reference)?, reference)?;
            }
            after = reference.next;
            if after.is_none() {
                return Ok(());
            }
        }
    }

    pub(super) async fn look_at_tickets(&mut self) -> anyhow::Result<()> {
        for (shop, id) in self.tickets.clone() {
            let reference = self.reference.find_ticket(shop.reference, id).await?;
            let tested = match (self.tested.find_ticket(shop.tested, id).await?, &reference) {
                (Some(tested), Some(reference)) => Some(self.view(tested, reference)?),
                (None, _) => None,
                (Some(tested), None) => bail!("a ticket should not exist: {tested:?}"),
            };
            same("a ticket", &tested, &reference)?;
            self.list_comments(shop, id, PageSize::MAX).await?;
        }
        Ok(())
    }
}
