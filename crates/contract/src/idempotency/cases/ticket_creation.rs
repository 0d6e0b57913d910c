//! The obligations of [`TicketStore`](hexdesk_domain::TicketStore) with idempotency keys.

use std::sync::Arc;

use hexdesk_domain::limits::MAX_IDEMPOTENCY_KEY_CHARS;
use hexdesk_domain::ports::CreateTicketOutcome::{
    AssigneeNotFound, Created, CustomerNotFound, KeyReused, Replayed,
};
use hexdesk_domain::ports::{CreateTicketOutcome, TicketCreation};
use hexdesk_domain::{CustomerId, Fingerprint, IdempotencyClaim, Storage, Ticket, Timestamp};

use crate::comparison::same;
use crate::samples::{
    ShopWithPeople, at, claim, claimed, create_ticket, customer_id, expect_no_ticket, expect_outcomes,
    expect_ticket, heavy_text_of, joined_alike, longest_operations, stamp, text_of, ticket_id,
};

/// IDEMPOTENCY-1: the same request returns the first receipt and writes nothing.
pub async fn idempotency_1_same_request_is_replayed(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let fixture = ShopWithPeople::create(&*storage, "shop.example.com").await?;
    let max_chars = u64::try_from(MAX_IDEMPOTENCY_KEY_CHARS)?;
    let every_byte: Vec<u8> = (0..=u8::MAX).collect();
    let long: Vec<u8> = every_byte.iter().copied().cycle().take(300_000).collect();
    let receipts =
        [b"{\"id\": 1}".to_vec(), Vec::new(), b"\0".to_vec(), vec![0xff, 0xfe, 0x80], every_byte, long];
    // Keys that only look alike are different keys.
    let mut keys: Vec<String> = [
        "key",
        "Key",
        "KEY",
        "key ",
        " key",
        "ke",
        "keyy",
        "k_y",
        "k%",
        "kéy",
        "ke\u{301}y",
        "1",
        "01",
        "'",
        "NULL",
    ]
    .map(Into::into)
    .to_vec();
    keys.extend([text_of(max_chars), heavy_text_of(max_chars), heavy_text_of(max_chars - 1) + "x"]);

    let mut first_uses = Vec::new();
    for ((key, receipt), id) in keys.iter().zip(receipts.iter().cycle()).zip(1..) {
        let first = claimed(Ticket { is_opened: true, ..fixture.ticket(id)? }, claim(key, 1, receipt)?);
        same(
            &format!("the first use of {key:?}"),
            &create_ticket(&*storage, first.clone()).await?,
            &Created,
        )?;
        first_uses.push(first);
    }
    for (first, key) in first_uses.iter().zip(&keys) {
        let receipt =
            first.idempotency.as_ref().map(|claim| claim.receipt.response.clone()).unwrap_or_default();
        // With a new id, as in a retry, and unchanged.
        let fresh = claimed(
            Ticket { name: Some("again".into()), is_opened: true, ..fixture.ticket(50_000)? },
            claim(key, 1, b"a later receipt")?,
        );
        let later = TicketCreation { stamp: stamp(Timestamp::MAX), ..fresh.clone() };
        let earlier = TicketCreation { stamp: stamp(at(-1)), ..fresh.clone() };
        for again in [fresh, first.clone(), later, earlier] {
            let outcome = create_ticket(&*storage, again).await?;
            same(&format!("the same request with {key:?}"), &outcome, &Replayed(receipt.clone()))?;
            expect_no_ticket(&*storage, "the replayed ticket", fixture.shop.id, ticket_id(50_000)?).await?;
        }
        expect_ticket(&*storage, "the ticket of the first use", &first.ticket).await?;
    }
    Ok(())
}

/// IDEMPOTENCY-2: another request with the same key is refused and writes nothing.
pub async fn idempotency_2_other_request_is_refused(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let fixture = ShopWithPeople::create(&*storage, "shop.example.com").await?;
    let first = claimed(fixture.ticket(1)?, claim("key", 1, b"first")?);
    same("the first use", &create_ticket(&*storage, first.clone()).await?, &Created)?;
    let recorded = claim("key", 1, b"other")?;
    let mut fingerprints = vec![claim("key", 2, b"")?.request.fingerprint, Fingerprint([0; 32])];
    // Both ends of the fingerprint are compared.
    for place in [0, 31] {
        let mut other = recorded.request.fingerprint;
        other.0[place] ^= 1;
        fingerprints.push(other);
    }
    for fingerprint in fingerprints {
        let mut other = recorded.clone();
        other.request.fingerprint = fingerprint;
        let refused = claimed(Ticket { is_opened: true, ..fixture.ticket(2)? }, other.clone());
        same("another request", &create_ticket(&*storage, refused).await?, &KeyReused)?;
        // Also with the id of the first ticket, which is taken.
        let refused = claimed(first.ticket.clone(), other);
        same("another request with the first's id", &create_ticket(&*storage, refused).await?, &KeyReused)?;
        expect_no_ticket(&*storage, "the refused ticket", fixture.shop.id, ticket_id(2)?).await?;
        expect_ticket(&*storage, "the ticket of the first use", &first.ticket).await?;
        // The refused request did not replace the record.
        let again = create_ticket(&*storage, claimed(fixture.ticket(3)?, recorded.clone())).await?;
        same("the first request again", &again, &Replayed(b"first".to_vec()))?;
    }
    Ok(())
}

/// IDEMPOTENCY-3: keys of different shops and operations are independent.
pub async fn idempotency_3_keys_belong_to_shop_and_operation(
    storage: Arc<dyn Storage>,
) -> anyhow::Result<()> {
    let one = ShopWithPeople::create(&*storage, "one.example.com").await?;
    let two = ShopWithPeople::create(&*storage, "two.example.com").await?;
    let of = |operation: &str, request: u8, receipt: &str| -> anyhow::Result<IdempotencyClaim> {
        let mut claim = claim("key", request, receipt.as_bytes())?;
        claim.request.operation = operation.to_owned();
        Ok(claim)
    };
    let operations = ["create_ticket", "create_tickets", "Create_Ticket", "create", "create_tickeť", ""];
    let operations = operations.map(Into::into).into_iter().chain(longest_operations());
    let operations: Vec<String> = operations.collect();
    let mut uses = Vec::new();
    for fixture in [&one, &two] {
        for (index, operation) in operations.iter().enumerate() {
            // Some with the same request, some with another.
            let request = u8::from(index % 2 == 0);
            uses.push((fixture, operation, request, format!("{operation} of {}", fixture.shop.domain)));
        }
    }
    for ((fixture, operation, request, receipt), id) in uses.iter().zip(1..) {
        let first = claimed(fixture.ticket(id)?, of(operation, *request, receipt)?);
        same(&format!("the first {receipt}"), &create_ticket(&*storage, first.clone()).await?, &Created)?;
        expect_ticket(&*storage, &format!("the ticket of the first {receipt}"), &first.ticket).await?;
    }
    for (fixture, operation, request, receipt) in &uses {
        let again = claimed(fixture.ticket(900)?, of(operation, *request, "later")?);
        let replayed = Replayed(receipt.clone().into_bytes());
        same(&format!("the second {receipt}"), &create_ticket(&*storage, again).await?, &replayed)?;
        let other = claimed(fixture.ticket(900)?, of(operation, 77, "other")?);
        same(&format!("another {receipt}"), &create_ticket(&*storage, other).await?, &KeyReused)?;
    }
    operation_and_key_are_two_texts(&*storage, &one).await
}

/// Pairs of an operation and a key that are the same text once they are joined.
async fn operation_and_key_are_two_texts(
    storage: &dyn Storage,
    fixture: &ShopWithPeople,
) -> anyhow::Result<()> {
    // With nothing between the parts, or any character of a key in ASCII, or some others.
    let separators = (' '..='~').chain(['é', '\u{2028}', '\u{10ffff}']).map(String::from);
    let separators: Vec<_> = std::iter::once(String::new()).chain(separators).collect();
    let mut batch = Vec::new();
    for ((operation, key), id) in separators.iter().flat_map(|it| joined_alike(it)).zip(1_000..) {
        let mut claim = claim(&key, 1, format!("{operation:?} and {key:?}").as_bytes())?;
        claim.request.operation = operation;
        batch.push(claimed(fixture.ticket(id)?, claim));
    }
    expect_outcomes(storage, "pairs that are alike once joined", batch.clone(), &vec![Created; batch.len()])
        .await?;
    for (again, outcome) in batch.iter().zip(storage.create_tickets(batch.clone()).await?) {
        let receipt = again.idempotency.as_ref().map(|claim| claim.receipt.response.clone());
        same("a pair again", &outcome, &Replayed(receipt.unwrap_or_default()))?;
    }
    Ok(())
}

/// IDEMPOTENCY-4: a refused item leaves no record, so its key is free.
pub async fn idempotency_4_refused_item_frees_its_key(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let fixture = ShopWithPeople::create(&*storage, "shop.example.com").await?;
    let refusals: [(&str, Ticket, CreateTicketOutcome); 2] = [
        ("customer", fixture.ticket_of_nobody(1)?, CustomerNotFound),
        ("assignee", fixture.ticket_for_nobody(1)?, AssigneeNotFound),
    ];
    for ((what, refused, outcome), id) in refusals.into_iter().zip(10..) {
        let refused = claimed(refused, claim(what, 1, b"of the refused")?);
        // Refused on every attempt, alone and in a batch with an accepted item.
        for _ in 0..2 {
            same("the refused item", &create_ticket(&*storage, refused.clone()).await?, &outcome)?;
        }
        let neighbour = claimed(fixture.ticket(100 + id)?, claim(&format!("{what}'s neighbour"), 1, b"")?);
        let batch = vec![refused, neighbour];
        expect_outcomes(&*storage, "the refused item in a batch", batch, &[outcome, Created]).await?;
        // Another request, so that a remaining record would show.
        let accepted = claimed(fixture.ticket(id)?, claim(what, 2, b"of the accepted")?);
        same("the key of a refused item", &create_ticket(&*storage, accepted.clone()).await?, &Created)?;
        let again = create_ticket(&*storage, accepted).await?;
        same("the record afterwards", &again, &Replayed(b"of the accepted".to_vec()))?;
    }
    Ok(())
}

/// IDEMPOTENCY-5: the second of two items with one key in a batch has the outcome of a later call.
pub async fn idempotency_5_key_twice_in_a_batch(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let fixture = ShopWithPeople::create(&*storage, "shop.example.com").await?;
    let item = |id: i64, key: &str, request: u8| -> anyhow::Result<TicketCreation> {
        let receipt = format!("receipt of {id}");
        Ok(claimed(
            Ticket { is_opened: true, ..fixture.ticket(id)? },
            claim(key, request, receipt.as_bytes())?,
        ))
    };
    let replayed = |id: i64| Replayed(format!("receipt of {id}").into_bytes());
    let of_nobody = |id: i64, key: &str| -> anyhow::Result<TicketCreation> {
        Ok(claimed(fixture.ticket_of_nobody(id)?, claim(key, 1, b"refused")?))
    };
    let items = [
        (item(19, "a", 1)?, Created),
        (item(12, "a", 1)?, replayed(19)),
        (item(13, "a", 2)?, KeyReused),
        (item(14, "b", 2)?, Created),
        (item(15, "a", 1)?, replayed(19)),
        // The first item that takes effect uses the key, not the first item with the key.
        (of_nobody(16, "c")?, CustomerNotFound),
        (item(17, "c", 2)?, Created),
        (of_nobody(18, "c")?, KeyReused),
        (item(11, "c", 2)?, replayed(17)),
    ];
    let batch: Vec<_> = items.iter().map(|(item, _)| item.clone()).collect();
    let expected: Vec<_> = items.iter().map(|(_, outcome)| outcome.clone()).collect();
    expect_outcomes(&*storage, "a batch that repeats keys", batch, &expected).await?;
    for (item, outcome) in &items {
        if *outcome == Created {
            expect_ticket(&*storage, "the first with its key", &item.ticket).await?;
        } else {
            expect_no_ticket(&*storage, "not the first with its key", fixture.shop.id, item.ticket.id)
                .await?;
        }
    }
    for (key, request, first) in [("a", 1, 19), ("b", 2, 14), ("c", 2, 17)] {
        let again = create_ticket(&*storage, item(50, key, request)?).await?;
        same("the key in a later batch", &again, &replayed(first))?;
    }
    // Two equal items. Then two that differ only in whether the ticket is open.
    let twice = vec![item(30, "d", 1)?, item(30, "d", 1)?];
    expect_outcomes(&*storage, "an item twice", twice.clone(), &[Created, replayed(30)]).await?;
    let view = storage.find_ticket(fixture.shop.id, ticket_id(30)?).await?;
    same("whether it has a human ticket", &view.map(|view| view.human_ticket.is_some()), &Some(true))?;
    let mut closed = item(31, "e", 1)?;
    closed.ticket.is_opened = false;
    let batch = vec![closed.clone(), item(31, "e", 1)?, item(31, "e", 2)?];
    expect_outcomes(&*storage, "an item and a variant", batch, &[Created, replayed(31), KeyReused]).await?;
    expect_ticket(&*storage, "the first", &closed.ticket).await?;
    let view = storage.find_ticket(fixture.shop.id, ticket_id(31)?).await?;
    same("whether it has a human ticket", &view.map(|view| view.human_ticket.is_some()), &Some(false))?;
    expect_outcomes(&*storage, "the item twice, later", twice, &[replayed(30), replayed(30)]).await
}

/// IDEMPOTENCY-6: a recorded key is checked before the customer and the assignee.
pub async fn idempotency_6_record_answers_first(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let fixture = ShopWithPeople::create(&*storage, "shop.example.com").await?;
    let first = claimed(fixture.ticket(1)?, claim("key", 1, b"first")?);
    same("the first use", &create_ticket(&*storage, first).await?, &Created)?;
    let neither = Ticket { customer_id: customer_id(CustomerId::MAX)?, ..fixture.ticket_for_nobody(2)? };
    for ticket in [fixture.ticket_of_nobody(2)?, fixture.ticket_for_nobody(2)?, neither] {
        let again = claimed(ticket.clone(), claim("key", 1, b"later")?);
        let other = claimed(ticket, claim("key", 2, b"later")?);
        let replayed = Replayed(b"first".to_vec());
        same("the same request", &create_ticket(&*storage, again.clone()).await?, &replayed)?;
        same("another request", &create_ticket(&*storage, other.clone()).await?, &KeyReused)?;
        expect_outcomes(&*storage, "both in a batch", vec![other, again], &[KeyReused, replayed]).await?;
        expect_no_ticket(&*storage, "the ticket", fixture.shop.id, ticket_id(2)?).await?;
    }
    Ok(())
}
