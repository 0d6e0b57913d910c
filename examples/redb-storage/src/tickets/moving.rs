//! Moves the tickets of a customer to another.

use hexdesk_domain::{Comment, CustomerId, ShopId};
use redb::{ReadableTable, WriteTransaction};

use super::TicketTables;
use crate::encoding::{decode, encode};
use crate::tables::COMMENTS;

/// Moves all tickets of the customer in this transaction, with their comments.
pub(crate) fn move_all_of(
    transaction: &WriteTransaction,
    shop: ShopId,
    from: CustomerId,
    into: CustomerId,
) -> anyhow::Result<()> {
    let mut tickets = TicketTables::open(transaction)?;
    let mut comments = transaction.open_table(COMMENTS)?;
    for before in tickets.all_of(shop, from)? {
        let mut ticket = before.clone();
        ticket.customer_id = into;
        tickets.replace(&before, &ticket)?;
        let (shop, id) = (shop.get(), ticket.id.get());
        let mut of_ticket = Vec::new();
        for entry in comments.range((shop, id, i64::MIN, i64::MIN)..=(shop, id, i64::MAX, i64::MAX))? {
            let (key, stored) = entry?;
            of_ticket.push((key.value(), decode::<Comment>(stored.value())?));
        }
        for (key, mut comment) in of_ticket {
            comment.customer_id = into;
            comments.insert(key, encode(&comment)?.as_slice())?;
        }
    }
    Ok(())
}
