use std::sync::Arc;

use anyhow::Context;
use hexdesk_domain::{
    Customer, CustomerChanges, NewApiKey, NewCustomer, ShopId, Storage, Ticket, TicketChanges, UserChanges,
};

use crate::comparison::same;
use crate::events::expected::ExpectedEvents;
use crate::samples::{
    comment_creation, creation, customer_by_email, customer_id, new_comment, new_key, plain_ticket, ticket_id,
};

/// EVENT-11: erasing a customer removes every snapshot with the customer's data, and nothing else.
pub async fn event_11_erasure_takes_the_customers_snapshots(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let mut expected_events = ExpectedEvents::new(&*storage)?;
    let one = expected_events.create_shop_with_people("one.example.com").await?;
    let two = expected_events.create_shop_with_people("two.example.com").await?;
    let shop = one.shop.id;
    let ada = add_customer(&mut expected_events, shop, 70, "ada@example.com").await?;
    let bob = add_customer(&mut expected_events, shop, 71, "bob@example.com").await?;
    // A customer with the same number in another shop.
    let namesake = add_customer(&mut expected_events, two.shop.id, 70, "ada@example.com").await?;
    // A user and a key with the same number.
    let name = UserChanges { full_name: Some(Some("Ada".into())), ..UserChanges::default() };
    expected_events.update_user(shop, one.user.id, name, None).await?;
    expected_events.create_key(shop, NewApiKey { user_id: Some(one.user.id), ..new_key(1) }, None).await?;
    for (first, customer) in [(100, &ada), (200, &bob), (100, &namesake), (300, &one.customer)] {
        fill(&mut expected_events, customer, first).await?;
    }
    expected_events.check("before anything is erased").await?;

    let before = expected_events.len();
    expected_events.erase_customer(shop, ada.id).await?.context("Ada is not erased")?;
    // One of the two tickets was deleted before, with its comment.
    same("the number of events after an erasure", &expected_events.len(), &(before + 3))?;
    expected_events.check("after an erasure").await?;
    // Other customers are still logged, even a new one with the erased customer's address.
    fill(&mut expected_events, &bob, 400).await?;
    let next = add_customer(&mut expected_events, shop, 72, "ada@example.com").await?;
    fill(&mut expected_events, &next, 500).await?;
    expected_events.erase_customer(shop, bob.id).await?.context("Bob is not erased")?;
    expected_events.check("after a second erasure").await?;
    expected_events.erase_customer(two.shop.id, namesake.id).await?.context("the namesake is not erased")?;
    expected_events.check("after an erasure in the other shop").await
}

async fn add_customer(
    expected_events: &mut ExpectedEvents<'_>,
    shop: ShopId,
    number: i64,
    email: &str,
) -> anyhow::Result<Customer> {
    let new = NewCustomer { id: Some(customer_id(number)?), ..customer_by_email(email) };
    expected_events.add_customer(shop, new).await
}

/// Makes every kind of snapshot with the customer's data. One of the tickets is deleted at the end.
async fn fill(
    expected_events: &mut ExpectedEvents<'_>,
    customer: &Customer,
    first: i64,
) -> anyhow::Result<()> {
    let shop = customer.shop_id;
    let named = CustomerChanges { last_name: Some(Some(format!("{first}"))), ..CustomerChanges::default() };
    expected_events.update_customer(shop, customer.id, named, None).await?;
    for id in [first, first + 1] {
        let ticket = Ticket { is_opened: true, ..plain_ticket(ticket_id(id)?, customer) };
        expected_events.create_tickets(vec![creation(ticket.clone())]).await??;
        expected_events.create_comments(vec![comment_creation(new_comment(id, &ticket)?)]).await??;
        let changes = TicketChanges { name: Some(Some(format!("{id}"))), ..TicketChanges::default() };
        expected_events.update_ticket(shop, ticket.id, changes, None, None).await?;
    }
    expected_events.delete_ticket(shop, ticket_id(first)?, None).await?;
    Ok(())
}
