use hexdesk_domain::SavedReply;
use hexdesk_domain::ports::CreateSavedReplyOutcome;

use crate::faulty::{Fault, fault};

pub(crate) fn faults() -> Vec<Fault> {
    vec![
        fault("REPLY-1", "A text is cut at 16,384 characters.").create_saved_reply(
            |store, shop, id, mut reply, now| {
                reply.text = reply.text.chars().take(16_384).collect();
                Ok(store.create_saved_reply(shop, id, reply, now))
            },
        ),
        fault("REPLY-1", "A title names one reply.").create_saved_reply(|store, shop, id, reply, now| {
            let same = store.saved_replies_of(shop).find(|there| there.title == reply.title).cloned();
            Ok(match same {
                Some(same) => CreateSavedReplyOutcome::Exists(same),
                None => store.create_saved_reply(shop, id, reply, now),
            })
        }),
        fault("REPLY-2", "Saved replies are listed latest first.").list_saved_replies(|store, shop| {
            let list: Vec<SavedReply> = store.saved_replies_of(shop).cloned().collect();
            Ok(list.into_iter().rev().collect())
        }),
        fault("REPLY-2", "A reply is deleted by id in any shop.").delete_saved_reply(|store, shop, id| {
            let of_shop = store.saved_replies.values().find(|reply| reply.id == id);
            let shop = of_shop.map_or(shop, |reply| reply.shop_id);
            Ok(store.delete_saved_reply(shop, id))
        }),
        fault("REPLY-3", "A taken id replaces the reply.")
            .create_saved_reply(|store, shop, id, reply, now| {
                store.delete_saved_reply(shop, id);
                Ok(store.create_saved_reply(shop, id, reply, now))
            })
            .found_by_the_model(),
        fault("REPLY-4", "The replies of all shops are counted.").create_saved_reply(
            |store, shop, id, reply, now| {
                let is_new = !store.saved_replies.contains_key(&(shop, id));
                if is_new && store.saved_replies.len() >= SavedReply::MAX_OF_SHOP {
                    return Ok(CreateSavedReplyOutcome::TooMany);
                }
                Ok(store.create_saved_reply(shop, id, reply, now))
            },
        ),
        fault("REPLY-3", "Creations of one reply do not wait for each other.")
            .unlocked(["create_saved_reply"]),
        fault("REPLY-6", "A change brings a deleted reply back.").unlocked(["update_saved_reply"]),
        fault("REPLY-6", "Racing deletions of a reply all delete it.").unlocked(["delete_saved_reply"]),
        fault("REPLY-4", "Creations of replies do not wait for each other.").unlocked(["create_saved_reply"]),
        fault("REPLY-5", "A change keeps the time of the last change.")
            .update_saved_reply(|store, shop, id, reply, now| {
                let before = store.saved_replies.get(&(shop, id)).map_or(now, |reply| reply.changed_at);
                Ok(store.update_saved_reply(shop, id, reply, before))
            })
            .found_by_the_model(),
        fault("REPLY-5", "A change of a missing reply adds it.").update_saved_reply(
            |store, shop, id, reply, now| {
                if !store.saved_replies.contains_key(&(shop, id)) {
                    store.create_saved_reply(shop, id, reply.clone(), now);
                }
                Ok(store.update_saved_reply(shop, id, reply, now))
            },
        ),
        fault("REPLY-6", "Deleting a missing reply says that it was deleted.").delete_saved_reply(
            |store, shop, id| {
                store.delete_saved_reply(shop, id);
                Ok(true)
            },
        ),
    ]
}
