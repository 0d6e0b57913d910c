use hexdesk_domain::{Role, SecretHash, Session, SessionLife};

use crate::faulty::{Fault, fault};

pub(crate) fn faults() -> Vec<Fault> {
    [of_times(), of_ends(), of_shops()].into_iter().flatten().collect()
}

fn of_times() -> Vec<Fault> {
    vec![
        fault("SESSION-1", "A session keeps the role that the user had.").find_session(
            |store, shop, hash, now| {
                let found = store.find_session(shop, hash, now);
                Ok(found.map(|session| Session { role: Role::Agent, ..session }))
            },
        ),
        fault("SESSION-1", "A session with a taken hash replaces the other.").create_session(
            |store, shop, new| {
                store.sessions.remove(&(shop, new.token_hash.0));
                store.create_session(shop, new)
            },
        ),
        fault("SESSION-2", "A session ends a moment late.").find_session(|store, shop, hash, now| {
            Ok(store.find_session(shop, hash, now.saturating_add_millis(-1)))
        }),
        fault("SESSION-2", "A session that is used does not end.").find_session(|store, shop, hash, now| {
            if let Some((_, life)) = store.sessions.get_mut(&(shop, hash.0)) {
                life.created_at = life.created_at.max(life.last_used_at);
            }
            Ok(store.find_session(shop, hash, now))
        }),
        fault("SESSION-3", "A use moves the last use back.").note_session_use(|store, shop, hash, now| {
            if let Some((_, life)) = store.sessions.get_mut(&(shop, hash.0))
                && life.is_live(now)
            {
                life.last_used_at = now;
            }
            Ok(())
        }),
        fault("SESSION-3", "A use revives a session that has ended.").note_session_use(
            |store, shop, hash, now| {
                if let Some((_, life)) = store.sessions.get_mut(&(shop, hash.0)) {
                    life.last_used_at = life.last_used_at.max(now);
                }
                Ok(())
            },
        ),
        fault("SESSION-3", "A use counts for every session of the shop.").note_session_use(
            |store, shop, _, now| {
                let of_shop: Vec<_> = store.sessions.keys().filter(|(of, _)| *of == shop).copied().collect();
                for (shop, hash) in of_shop {
                    store.note_session_use(shop, SecretHash(hash), now);
                }
                Ok(())
            },
        ),
    ]
}

fn of_ends() -> Vec<Fault> {
    vec![
        fault("SESSION-4", "Signing out ends every session of the user.").end_session(|store, shop, hash| {
            if let Some((user, _)) = store.sessions.get(&(shop, hash.0)).copied() {
                store.end_sessions_of(shop, user);
            }
            Ok(())
        }),
        fault("SESSION-5", "A session needs no password.")
            .create_session(|store, shop, mut new| {
                let credential = store.credentials.get(&(shop, new.user_id));
                if let Some(password) = credential.and_then(|credential| credential.password.clone()) {
                    new.password = password;
                }
                store.create_session(shop, new)
            })
            .found_by_the_model(),
        fault("SESSION-5", "A closed shop lets users in.").create_session(|store, shop, new| {
            let closed_at = store.shops.get_mut(&shop).and_then(|shop| shop.closed_at.take());
            let created = store.create_session(shop, new);
            if let Some(shop) = store.shops.get_mut(&shop) {
                shop.closed_at = closed_at;
            }
            created
        }),
        fault("SESSION-6", "A deactivation only hides sessions.").update_user(
            |store, shop, id, update, claim| {
                let sessions = store.sessions.clone();
                store.attempt(shop, claim, |store| {
                    let outcome = store.update_user(shop, id, update);
                    store.sessions = sessions;
                    Ok(outcome)
                })
            },
        ),
        fault("SESSION-6", "A new password keeps the sessions.").set_password(
            |store, shop, hash, password, stamp| {
                let sessions = store.sessions.clone();
                let set = store.set_password(shop, hash, password, stamp);
                store.sessions = sessions;
                Ok(set)
            },
        ),
        fault("SESSION-6", "A closing only hides the sessions.")
            .change_shop(|store, domain, change, stamp| {
                let sessions = store.sessions.clone();
                let shop = store.change_shop(domain, change, stamp);
                store.sessions = sessions;
                Ok(shop)
            })
            .found_by_the_model(),
        fault("SESSION-6", "A new link ends the sessions.").create_link(|store, shop, new| {
            store.end_sessions_of(shop, new.user_id);
            Ok(store.create_link(shop, new))
        }),
    ]
}

fn of_shops() -> Vec<Fault> {
    vec![
        fault("SESSION-7", "A session is found in any shop.").find_session(|store, shop, hash, now| {
            let shops: Vec<_> = [shop].into_iter().chain(store.shops.keys().copied()).collect();
            Ok(shops.into_iter().find_map(|shop| store.find_session(shop, hash, now)))
        }),
        fault("SESSION-7", "A session is ended in every shop.").end_session(|store, _, hash| {
            store.sessions.retain(|(_, other), _| *other != hash.0);
            Ok(())
        }),
        fault("SESSION-8", "The least recently used session is ended.").create_session(|store, shop, new| {
            let real = store.sessions.clone();
            for (_, life) in store.sessions.values_mut() {
                life.created_at = life.last_used_at;
            }
            let created = store.create_session(shop, new)?;
            for (key, (_, life)) in store.sessions.iter_mut() {
                *life = real.get(key).map_or(*life, |(_, life)| *life);
            }
            Ok(created)
        }),
        fault("SESSION-8", "A user has any number of sessions.").create_session(|store, shop, new| {
            let before = store.sessions.clone();
            let created = store.create_session(shop, new)?;
            store.sessions.extend(before);
            Ok(created)
        }),
        fault("SESSION-8", "A creation removes the sessions of colleagues that end before it.")
            .create_session(|store, shop, new| {
                let now = new.created_at;
                store.sessions.retain(|_, (_, life)| SessionLife::is_live(life, now));
                store.create_session(shop, new)
            }),
        fault("SESSION-9", "A new session does not lock the user.").unlocked([
            "create_session",
            "update_user",
            "set_password",
            "change_shop",
        ]),
        fault("SESSION-9", "A use brings a session back that has ended.").unlocked(["note_session_use"]),
        fault("SESSION-9", "New sessions of a user do not wait for each other.").unlocked(["create_session"]),
    ]
}
