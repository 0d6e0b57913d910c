//! Tickets that are moved to another customer, while one of both is merged or erased.

use std::collections::BTreeSet;
use std::sync::Arc;

use anyhow::{Context, ensure};
use hexdesk_domain::ports::{CustomerMerge, MergeCustomersOutcome, UpdateTicketOutcome};
use hexdesk_domain::{
    Customer, CustomerId, EventKind, IdempotentOutcome, PageSize, ShopId, Storage, Subject, Ticket,
    TicketChanges,
};

use super::{FEW_ROUNDS, race};
use crate::comparison::same;
use crate::events::settled_log::settled_log;
use crate::samples::{
    at, attempt_update, comment_creation, comment_id, create_comment, create_customer, create_shop,
    create_ticket, creation, customer_by_email, new_comment, plain_ticket, stamp, ticket_id, update,
};

/// The tickets to move.
const TICKETS: usize = 16;

/// The call that races with the moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Other {
    MergesFormer,
    MergesNew,
    ErasesFormer,
    ErasesNew,
}

/// The outcome of a racer.
enum Outcome {
    Moved(usize, UpdateTicketOutcome),
    Merged(MergeCustomersOutcome),
    Erased(u64, u64),
}

struct Scene {
    other: Other,
    shop: ShopId,
    former: Customer,
    new: Customer,
    third: Customer,
    tickets: Vec<Ticket>,
}

/// TICKET-30: a move races with a merge or an erasure of the former or the new customer.
pub async fn ticket_30_racing_moves_lose_nothing(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    for round in 0..FEW_ROUNDS {
        for other in [Other::MergesFormer, Other::MergesNew, Other::ErasesFormer, Other::ErasesNew] {
            let name = format!("{other:?}-{round}.example.com").to_lowercase();
            let scene = Arc::new(Scene::create(&*storage, other, &name, round % 2 == 0).await?);
            let outcomes = race(TICKETS + 1, |racer| {
                let (scene, storage) = (Arc::clone(&scene), Arc::clone(&storage));
                async move { scene.take_part(&*storage, racer).await }
            })
            .await?;
            scene.check(&*storage, outcomes).await.with_context(|| format!("{other:?}"))?;
        }
    }
    Ok(())
}

impl Scene {
    /// The former customer has the smallest or the largest number, so that locks in order of number meet
    /// both orders.
    async fn create(
        storage: &dyn Storage,
        other: Other,
        domain: &str,
        is_former_first: bool,
    ) -> anyhow::Result<Self> {
        let shop = create_shop(storage, domain).await?.id;
        let one = create_customer(storage, shop, customer_by_email("one@example.com")).await?;
        let third = create_customer(storage, shop, customer_by_email("third@example.com")).await?;
        let two = create_customer(storage, shop, customer_by_email("two@example.com")).await?;
        let (former, new) = if is_former_first { (one, two) } else { (two, one) };
        let mut tickets = Vec::new();
        for id in (1..).take(TICKETS) {
            let ticket = plain_ticket(ticket_id(id)?, &former);
            create_ticket(storage, creation(ticket.clone())).await?;
            create_comment(storage, comment_creation(new_comment(id, &ticket)?)).await?;
            tickets.push(ticket);
        }
        Ok(Self { other, shop, former, new, third, tickets })
    }

    async fn take_part(&self, storage: &dyn Storage, racer: usize) -> anyhow::Result<Outcome> {
        if let Some(ticket) = self.tickets.get(racer) {
            let changes = TicketChanges { customer_id: Some(self.new.id), ..TicketChanges::default() };
            let outcome = attempt_update(storage, self.shop, ticket.id, update(changes)).await?;
            return Ok(Outcome::Moved(racer, outcome));
        }
        let (from, stamp) = (self.gone(), stamp(at(14)));
        if matches!(self.other, Other::ErasesFormer | Other::ErasesNew) {
            let erased = storage.erase_customer(self.shop, from, stamp).await?;
            let erased = erased.context("the erased customer was not found")?;
            return Ok(Outcome::Erased(erased.tickets, erased.comments));
        }
        let merge = CustomerMerge { from, into: self.third.id, stamp };
        match storage.merge_customers(self.shop, merge, None).await? {
            IdempotentOutcome::Ran(outcome) => Ok(Outcome::Merged(outcome)),
            other => anyhow::bail!("a merge without a key returned {other:?}"),
        }
    }

    /// The customer who is merged or erased.
    const fn gone(&self) -> CustomerId {
        match self.other {
            Other::MergesFormer | Other::ErasesFormer => self.former.id,
            Other::MergesNew | Other::ErasesNew => self.new.id,
        }
    }

    /// The customer of a ticket after the race; `None` if it was erased.
    fn customer_after(&self, outcome: &UpdateTicketOutcome) -> anyhow::Result<Option<CustomerId>> {
        Ok(match (self.other, outcome) {
            (Other::MergesFormer | Other::ErasesFormer, UpdateTicketOutcome::Updated(_)) => Some(self.new.id),
            (Other::ErasesFormer, UpdateTicketOutcome::TicketNotFound) => None,
            (Other::MergesNew, UpdateTicketOutcome::Updated(_)) => Some(self.third.id),
            (Other::ErasesNew, UpdateTicketOutcome::Updated(_)) => None,
            (Other::MergesNew | Other::ErasesNew, UpdateTicketOutcome::CustomerNotFound) => {
                Some(self.former.id)
            }
            (_, other) => anyhow::bail!("a move returned {other:?}"),
        })
    }

    async fn check(&self, storage: &dyn Storage, outcomes: Vec<Outcome>) -> anyhow::Result<()> {
        let (mut moves, mut counts) = (Vec::new(), None);
        for outcome in outcomes {
            match outcome {
                Outcome::Moved(place, outcome) => moves.push((place, self.customer_after(&outcome)?)),
                Outcome::Erased(tickets, comments) => counts = Some((tickets, comments)),
                Outcome::Merged(outcome) => {
                    let is_merged = matches!(outcome, MergeCustomersOutcome::Merged(_));
                    ensure!(is_merged, "a merge returned {outcome:?}");
                }
            }
        }
        let gone = moves.iter().filter(|(_, customer)| customer.is_none()).count();
        if let Some(counts) = counts {
            let gone = u64::try_from(gone)?;
            same("the numbers of erased tickets and comments", &counts, &(gone, gone))?;
        }
        let mut erased = BTreeSet::new();
        for (place, customer) in moves {
            let id = self.tickets.get(place).context("a ticket")?.id;
            let found = storage.find_ticket(self.shop, id).await?;
            let shown = found.map(|view| (view.customer.id, view.ticket.customer_id));
            same("the customer of a ticket", &shown, &customer.map(|customer| (customer, customer)))?;
            let comments = storage.list_comments(self.shop, id, None, PageSize::MAX).await?;
            let shown = comments.map(|page| {
                page.entries.into_iter().map(|view| view.comment.customer_id).collect::<Vec<_>>()
            });
            same("the customers of its comments", &shown, &customer.map(|customer| vec![customer]))?;
            if customer.is_none() {
                erased.insert(Subject::Ticket(id));
                erased.insert(Subject::Comment(comment_id(id.get())?));
            }
        }
        // The snapshots of exactly the erased tickets are gone.
        let (log, _) = settled_log(storage, self.shop, stamp(at(20))).await?;
        for event in log {
            let is_of_ticket = matches!(event.subject, Subject::Ticket(_) | Subject::Comment(_));
            let is_deletion = matches!(event.kind, EventKind::TicketDeleted | EventKind::CommentDeleted);
            if is_of_ticket && !is_deletion {
                let is_erased = erased.contains(&event.subject);
                let what = format!("whether {:?} of {:?} lacks its snapshot", event.kind, event.subject);
                same(&what, &event.snapshot.is_none(), &is_erased)?;
            }
        }
        Ok(())
    }
}
