//! The logs of events, without positions.

use anyhow::Context;
use hexdesk_domain::{
    ApiKeySnapshot, Comment, CustomerId, Event, HumanTicket, HumanTicketId, ShopId, Snapshot, Subject,
    Ticket, TicketSnapshot,
};

use super::{Both, Model};
use crate::comparison::same;
use crate::events::expected::ExpectedEvent;
use crate::events::settled_log::settled_log;
use crate::samples::{at, stamp};

impl Model {
    /// Records the end of a step's events.
    pub(super) fn note_log_ends(&mut self) {
        for (shop, log) in &self.reference.state().events {
            let ends = self.log_ends.entry(*shop).or_default();
            if ends.last() != Some(&log.len()) {
                ends.push(log.len());
            }
        }
    }

    /// Compares the whole logs of all shops. It makes a change itself, so it comes last.
    pub(super) async fn look_at_logs(&self) -> anyhow::Result<()> {
        for shop in &self.shops {
            let (log, _) = settled_log(&*self.tested, shop.tested, stamp(at(0))).await?;
            let log: Vec<ExpectedEvent> =
                log.into_iter().map(|event| self.entry(*shop, event)).collect::<anyhow::Result<_>>()?;
            let expected = self.reference.state().events.get(&shop.reference).cloned().unwrap_or_default();
            let expected: Vec<ExpectedEvent> =
                expected.into_iter().map(ExpectedEvent::from).map(without_human_ticket_id).collect();
            same("the number of events", &log.len(), &expected.len())?;
            // The events of one step are in any order.
            let mut begin = 0;
            for end in self.log_ends.get(&shop.reference).into_iter().flatten() {
                let sorted = |entries: &[ExpectedEvent]| {
                    let mut entries = entries.to_vec();
                    entries.sort_by_key(ExpectedEvent::order);
                    entries
                };
                let there = sorted(log.get(begin..*end).unwrap_or_default());
                let expected = sorted(expected.get(begin..*end).unwrap_or_default());
                same("the events of a step", &there, &expected)?;
                begin = *end;
            }
        }
        Ok(())
    }

    fn entry(&self, shop: Both<ShopId>, event: Event) -> anyhow::Result<ExpectedEvent> {
        same("the shop of an event", &event.shop_id, &shop.tested)?;
        let subject = self.subject(shop.reference, event.subject)?;
        let snapshot = event.snapshot.map(|snapshot| self.snapshot(shop.reference, snapshot)).transpose()?;
        Ok(without_human_ticket_id(ExpectedEvent { kind: event.kind, subject, stamp: event.stamp, snapshot }))
    }

    fn subject(&self, shop: ShopId, subject: Subject) -> anyhow::Result<Subject> {
        Ok(match subject {
            // The caller chose these ids.
            Subject::Ticket(_) | Subject::Comment(_) | Subject::Webhook(_) => subject,
            Subject::Shop(id) => Subject::Shop(self.shop_ids.reference(id)?),
            Subject::Customer(id) => Subject::Customer(self.logged_customer_id(shop, id)?),
            Subject::User(id) => Subject::User(self.user_id(shop, Some(id))?.context("a user")?),
            Subject::ApiKey(number) => {
                let numbers = self.key_numbers.get(&shop).context("a key of a shop without keys")?;
                Subject::ApiKey(numbers.reference(number)?)
            }
        })
    }

    /// Includes erased customers. Their numbers stay in events that were moved to others before.
    fn logged_customer_id(&self, shop: ShopId, id: CustomerId) -> anyhow::Result<CustomerId> {
        let mut all = self.customers.get(&shop).into_iter().flatten();
        let customer = all.find(|both| both.tested == id).context("a customer that was never created")?;
        Ok(customer.reference)
    }

    fn snapshot(&self, shop_id: ShopId, snapshot: Snapshot) -> anyhow::Result<Snapshot> {
        Ok(match snapshot {
            Snapshot::Ticket(snapshot) => {
                let TicketSnapshot { ticket, human_ticket } = *snapshot;
                let customer_id = self.logged_customer_id(shop_id, ticket.customer_id)?;
                let assigned_to = self.user_id(shop_id, ticket.assigned_to)?;
                let ticket = Ticket { shop_id, customer_id, assigned_to, ..ticket };
                Snapshot::Ticket(Box::new(TicketSnapshot { ticket, human_ticket }))
            }
            Snapshot::Comment(comment) => {
                let customer_id = self.logged_customer_id(shop_id, comment.customer_id)?;
                let author_id = self.user_id(shop_id, comment.author_id)?;
                Snapshot::Comment(Box::new(Comment { shop_id, customer_id, author_id, ..*comment }))
            }
            Snapshot::Customer(customer) => Snapshot::Customer(Box::new(self.customer(*customer)?)),
            // It names neither its shop nor anything that the store numbers.
            Snapshot::Webhook(_) => snapshot,
            Snapshot::Shop(shop) => Snapshot::Shop(Box::new(self.shop(*shop)?)),
            Snapshot::User(user) => Snapshot::User(Box::new(self.user(*user)?)),
            Snapshot::ApiKey(key) => {
                let user_id = self.user_id(shop_id, key.user_id)?;
                let Subject::ApiKey(number) = self.subject(shop_id, Subject::ApiKey(key.number))? else {
                    anyhow::bail!("the snapshot is not one of a key");
                };
                Snapshot::ApiKey(Box::new(ApiKeySnapshot { number, user_id, ..*key }))
            }
        })
    }
}

/// The number of a removed human ticket may be assigned again. Each store decides this itself.
fn without_human_ticket_id(mut entry: ExpectedEvent) -> ExpectedEvent {
    if let Some(Snapshot::Ticket(snapshot)) = &mut entry.snapshot
        && let (Some(human_ticket), Some(id)) = (&mut snapshot.human_ticket, HumanTicketId::new(1))
    {
        *human_ticket = HumanTicket { id, ..human_ticket.clone() };
    }
    entry
}
