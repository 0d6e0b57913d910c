//! The obligations of [`SavedReplyStore`](hexdesk_domain::SavedReplyStore).

use std::sync::Arc;

use anyhow::{Context, ensure};
use hexdesk_domain::ports::CreateSavedReplyOutcome;
use hexdesk_domain::{NewSavedReply, SavedReply, SavedReplyId, ShopId, Storage};

use crate::cases::concurrency::race;
use crate::comparison::same;
use crate::samples::{at, create_shop, text_of};

fn reply_id(number: i64) -> anyhow::Result<SavedReplyId> {
    SavedReplyId::new(number).context("the id of a saved reply")
}

fn new_reply(name: &str) -> NewSavedReply {
    NewSavedReply { title: name.to_owned(), text: format!("Dear customer,\n{name}") }
}

/// Creates a reply, which must be accepted.
async fn create(storage: &dyn Storage, shop: ShopId, id: i64) -> anyhow::Result<SavedReply> {
    let new = new_reply(&id.to_string());
    match storage.create_saved_reply(shop, reply_id(id)?, new, at(id % 100)).await? {
        CreateSavedReplyOutcome::Created(reply) => Ok(reply),
        other => anyhow::bail!("a new saved reply returned {other:?}"),
    }
}

/// REPLY-1: a saved reply is found as created.
pub async fn reply_1_is_found_as_created(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let shop = create_shop(&*storage, "one.example.com").await?.id;
    let long = NewSavedReply { title: text_of(100), text: text_of(20_000) };
    for (number, new) in [(i64::MAX, long), (1, new_reply("a")), (2, new_reply("a"))] {
        let (id, expected) = (reply_id(number)?, new.clone().into_reply(shop, reply_id(number)?, at(3)));
        let outcome = storage.create_saved_reply(shop, id, new, at(3)).await?;
        same("a new saved reply", &outcome, &CreateSavedReplyOutcome::Created(expected.clone()))?;
        same("the reply as found", &storage.find_saved_reply(shop, id).await?, &Some(expected.clone()))?;
        ensure!(storage.list_saved_replies(shop).await?.contains(&expected), "the reply is not listed");
    }
    same("an unknown reply", &storage.find_saved_reply(shop, reply_id(9)?).await?, &None)
}

/// REPLY-2: the list is in order, and shops are apart.
pub async fn reply_2_list_is_in_order(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let shop = create_shop(&*storage, "one.example.com").await?.id;
    let other = create_shop(&*storage, "two.example.com").await?.id;
    let mut expected = Vec::new();
    for id in [5, 3, i64::MAX, 40] {
        expected.push(create(&*storage, shop, id).await?);
    }
    expected.sort_by_key(|reply| reply.id);
    same("the list", &storage.list_saved_replies(shop).await?, &expected)?;
    same("the list of another shop", &storage.list_saved_replies(other).await?, &Vec::new())?;
    let id = reply_id(5)?;
    same("a reply of another shop", &storage.find_saved_reply(other, id).await?, &None)?;
    let changed = storage.update_saved_reply(other, id, new_reply("other"), at(9)).await?;
    same("a change in another shop", &changed, &None)?;
    same("a deletion in another shop", &storage.delete_saved_reply(other, id).await?, &false)?;
    create(&*storage, other, 5).await?;
    storage.delete_saved_reply(other, id).await?;
    same("the list", &storage.list_saved_replies(shop).await?, &expected)
}

/// REPLY-3: a creation with a taken id returns the reply, even if creations race.
pub async fn reply_3_taken_id_changes_nothing(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let shop = create_shop(&*storage, "one.example.com").await?.id;
    let reply = create(&*storage, shop, 7).await?;
    let again = storage.create_saved_reply(shop, reply.id, new_reply("again"), at(9)).await?;
    same("a reply that is created again", &again, &CreateSavedReplyOutcome::Exists(reply.clone()))?;
    same("the list", &storage.list_saved_replies(shop).await?, &vec![reply])?;
    for id in 100..105 {
        let outcomes = race(12, |racer| {
            let storage = Arc::clone(&storage);
            let new = new_reply(&format!("racer {racer}"));
            async move { Ok(storage.create_saved_reply(shop, reply_id(id)?, new, at(1)).await?) }
        })
        .await?;
        let there = storage.find_saved_reply(shop, reply_id(id)?).await?.context("the reply")?;
        let created = CreateSavedReplyOutcome::Created(there.clone());
        let winners = outcomes.iter().filter(|outcome| **outcome == created).count();
        same("the number of racers with `Created`", &winners, &1)?;
        let exists = CreateSavedReplyOutcome::Exists(there);
        let losers = outcomes.iter().filter(|outcome| **outcome == exists).count();
        same("the number of racers with `Exists`", &losers, &11)?;
    }
    Ok(())
}

/// REPLY-4: a shop has a bounded number of replies.
pub async fn reply_4_shop_has_a_maximum(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let shop = create_shop(&*storage, "one.example.com").await?.id;
    let other = create_shop(&*storage, "two.example.com").await?.id;
    create(&*storage, other, 1).await?;
    let most = i64::try_from(SavedReply::MAX_OF_SHOP)?;
    for id in 1..=most - 4 {
        create(&*storage, shop, id).await?;
    }
    let created = race(12, |racer| {
        let storage = Arc::clone(&storage);
        async move {
            let id = reply_id(1_000 + i64::try_from(racer)?)?;
            match storage.create_saved_reply(shop, id, new_reply("racer"), at(1)).await? {
                CreateSavedReplyOutcome::Created(_) => Ok(1),
                CreateSavedReplyOutcome::TooMany => Ok(0),
                other => anyhow::bail!("a racer's reply returned {other:?}"),
            }
        }
    })
    .await?;
    same("the number of replies that racers created", &created.iter().sum::<usize>(), &4)?;
    let length = storage.list_saved_replies(shop).await?.len();
    same("the length of the list", &length, &SavedReply::MAX_OF_SHOP)?;
    // A reply that is there is returned nevertheless.
    let present = storage.create_saved_reply(shop, reply_id(1)?, new_reply("x"), at(2)).await?;
    ensure!(matches!(present, CreateSavedReplyOutcome::Exists(_)), "a present reply returned {present:?}");
    storage.delete_saved_reply(shop, reply_id(1)?).await?;
    create(&*storage, shop, 5_000).await?;
    let full = storage.create_saved_reply(shop, reply_id(5_001)?, new_reply("x"), at(2)).await?;
    same("one reply too many", &full, &CreateSavedReplyOutcome::TooMany)
}

/// REPLY-5: an update changes what it says.
pub async fn reply_5_update_changes_what_it_says(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let shop = create_shop(&*storage, "one.example.com").await?.id;
    let (reply, other) = (create(&*storage, shop, 1).await?, create(&*storage, shop, 2).await?);
    let NewSavedReply { title, text } = new_reply("new");
    let expected = SavedReply { title, text, changed_at: at(500), ..reply.clone() };
    let changed = storage.update_saved_reply(shop, reply.id, new_reply("new"), at(500)).await?;
    same("a changed reply", &changed, &Some(expected.clone()))?;
    same("the list", &storage.list_saved_replies(shop).await?, &vec![expected.clone(), other.clone()])?;
    let missing = storage.update_saved_reply(shop, reply_id(3)?, new_reply("new"), at(500)).await?;
    same("a change of a missing reply", &missing, &None)?;
    same("the list", &storage.list_saved_replies(shop).await?, &vec![expected, other])
}

/// REPLY-6: a deletion removes one reply.
pub async fn reply_6_deletion_removes_it_alone(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let shop = create_shop(&*storage, "one.example.com").await?.id;
    let (reply, other) = (create(&*storage, shop, 1).await?, create(&*storage, shop, 2).await?);
    for expected in [true, false] {
        same("whether it was deleted", &storage.delete_saved_reply(shop, reply.id).await?, &expected)?;
        same("the list", &storage.list_saved_replies(shop).await?, &vec![other.clone()])?;
    }
    same("a deleted reply", &storage.find_saved_reply(shop, reply.id).await?, &None)?;
    for id in 100..105 {
        create(&*storage, shop, id).await?;
        let deleted = race(12, |racer| {
            let storage = Arc::clone(&storage);
            async move {
                if racer % 2 == 0 {
                    return Ok(usize::from(storage.delete_saved_reply(shop, reply_id(id)?).await?));
                }
                storage.update_saved_reply(shop, reply_id(id)?, new_reply("racer"), at(9)).await?;
                Ok(0)
            }
        })
        .await?;
        same("the number of racing deletions that deleted", &deleted.iter().sum(), &1)?;
        same("the list", &storage.list_saved_replies(shop).await?, &vec![other.clone()])?;
    }
    create(&*storage, shop, 1).await.map(|_| ())
}
