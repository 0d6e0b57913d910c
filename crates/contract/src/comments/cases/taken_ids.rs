use std::sync::Arc;

use hexdesk_domain::ports::CommentCreation;
use hexdesk_domain::{NewComment, Storage, StorageErrorKind, Ticket};

use crate::cases::concurrency::taken_ids::one_of_racing_comments_is_created;
use crate::comparison::same;
use crate::samples::{
    ShopWithPeople, at, comment_creation, create_comment, create_ticket, creation, deferred_claim,
    find_ticket, new_comment,
};

use super::whole_list;

/// COMMENT-12: a comment with a taken id fails its batch, whichever ticket has the other comment.
pub async fn comment_12_taken_id_fails_the_batch(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let fixture = ShopWithPeople::create(&*storage, "shop.example.com").await?;
    let other = ShopWithPeople::create(&*storage, "other.example.com").await?;
    let tickets = [fixture.ticket(1)?, fixture.ticket(2)?, other.ticket(1)?];
    for ticket in &tickets {
        create_ticket(&*storage, creation(ticket.clone())).await?;
    }
    let [one, two, of_other_shop] = &tickets;
    let stored = new_comment(1, one)?;
    create_comment(&*storage, comment_creation(stored.clone())).await?;
    let before = everything(&*storage, &tickets).await?;

    let keyed = |id: i64, ticket: &Ticket| -> anyhow::Result<CommentCreation> {
        let claim = Some(deferred_claim(&format!("key {id}"), 1, b"of the failed batch")?);
        Ok(CommentCreation { claim, ..comment_creation(new_comment(id, ticket)?) })
    };
    let later = NewComment { text: "taken".into(), time: at(9_000_000), ..stored.clone() };
    let taken = [
        // With the same time and another, on the same ticket and another.
        NewComment { text: "taken".into(), ..stored.clone() },
        later.clone(),
        NewComment { ticket_id: two.id, ..stored.clone() },
        NewComment { ticket_id: two.id, ..later },
    ];
    for taken in taken.map(comment_creation) {
        let batches = [
            vec![taken.clone()],
            vec![CommentCreation { claim: keyed(10, one)?.claim, ..taken.clone() }],
            vec![taken.clone(), keyed(10, one)?, keyed(11, two)?],
            vec![keyed(10, one)?, taken.clone(), keyed(12, of_other_shop)?],
            vec![keyed(10, two)?, keyed(12, of_other_shop)?, taken],
        ];
        for batch in batches {
            expect_failure(&*storage, batch).await?;
            same("everything after a failed batch", &everything(&*storage, &tickets).await?, &before)?;
        }
    }
    // The id is taken by an item of the same batch, on this ticket or on another.
    for ticket in [one, two] {
        expect_failure(&*storage, vec![keyed(10, one)?, comment_creation(new_comment(10, ticket)?)]).await?;
        same("everything after a failed batch", &everything(&*storage, &tickets).await?, &before)?;
    }
    // Ids and keys of the failed batches are free, and so is the id in another shop. The id of a
    // replayed comment is not checked.
    for item in [keyed(10, one)?, keyed(11, two)?, keyed(12, of_other_shop)?] {
        create_comment(&*storage, item).await?;
    }
    create_comment(&*storage, comment_creation(new_comment(1, of_other_shop)?)).await?;
    storage.create_comments(vec![keyed(10, one)?]).await?;
    one_of_racing_comments_is_created(&storage).await
}

async fn expect_failure(storage: &dyn Storage, batch: Vec<CommentCreation>) -> anyhow::Result<()> {
    match storage.create_comments(batch).await {
        // The only kind that means: nothing was written, and a retry is useless.
        Err(error) => same("the kind of failure", &error.kind, &StorageErrorKind::Unexpected),
        Ok(attempts) => anyhow::bail!("a batch with a taken id returned {attempts:?}"),
    }
}

/// The tickets and their comments, in a form that can be compared.
async fn everything(storage: &dyn Storage, tickets: &[Ticket]) -> anyhow::Result<String> {
    let mut all = String::new();
    for ticket in tickets {
        let view = find_ticket(storage, ticket.shop_id, ticket.id).await?;
        let comments = whole_list(storage, ticket.shop_id, ticket.id).await?;
        all += &format!("{view:?} with {comments:?}; ");
    }
    Ok(all)
}
