use hexdesk_domain::ports::CredentialOutcome;
use hexdesk_domain::{Credential, EventKind, NewLink, Role, Subject, User};

use crate::faulty::{Fault, Store, fault};

pub(crate) fn faults() -> Vec<Fault> {
    [of_links(), of_passwords(), of_the_rest()].into_iter().flatten().collect()
}

fn of_links() -> Vec<Fault> {
    vec![
        fault("CREDENTIAL-1", "A link works at its end.").find_link(|store, shop, hash, now| {
            Ok(store.find_link(shop, hash, now.saturating_add_millis(-1)))
        }),
        fault("CREDENTIAL-1", "A link is found by any hash.").find_link(|store, shop, hash, now| {
            let known = store.credentials.values().find_map(|it| it.link).map(|link| link.token_hash);
            Ok(store.find_link(shop, known.unwrap_or(hash), now))
        }),
        fault("CREDENTIAL-2", "A new link removes the links of colleagues.").create_link(
            |store, shop, new| {
                store.credentials.values_mut().for_each(|credential| credential.link = None);
                Ok(store.create_link(shop, new))
            },
        ),
        fault("CREDENTIAL-2", "A second link is ignored.").create_link(|store, shop, new| {
            let before = store.credentials.get(&(shop, new.user_id)).and_then(|before| before.link);
            let outcome = store.create_link(shop, new);
            if let (Some(before), Some(credential)) =
                (before, store.credentials.get_mut(&(shop, new.user_id)))
            {
                credential.link = Some(before);
            }
            Ok(outcome)
        }),
        fault("CREDENTIAL-3", "A deactivated user gets a link.").create_link(|store, shop, new| {
            let user = store.users.get(&(shop, new.user_id)).cloned();
            Ok(as_active(store, user.as_ref(), |store| store.create_link(shop, new)))
        }),
        fault("CREDENTIAL-3", "A user who was never invited gets the role of an agent.").set_role(
            |store, shop, user, role, stamp| {
                let outcome = store.set_role(shop, user, role, stamp);
                if outcome == CredentialOutcome::NotInvited {
                    let credential =
                        Credential { user_id: user, role, password: None, link: None, signed_in_at: None };
                    store.credentials.insert((shop, user), credential);
                }
                Ok(outcome)
            },
        ),
        fault("CREDENTIAL-3", "A closed shop invites.").create_link(|store, shop, new| {
            let closed_at = store.shops.get_mut(&shop).and_then(|shop| shop.closed_at.take());
            let outcome = store.create_link(shop, new);
            if let Some(shop) = store.shops.get_mut(&shop) {
                shop.closed_at = closed_at;
            }
            Ok(outcome)
        }),
        fault("CREDENTIAL-4", "A link removes the password.")
            .create_link(|store, shop, new| {
                if let Some(credential) = store.credentials.get_mut(&(shop, new.user_id)) {
                    credential.password = None;
                }
                Ok(store.create_link(shop, new))
            })
            .found_by_the_model(),
        fault("CREDENTIAL-4", "A link of an invited user keeps the role.").create_link(|store, shop, new| {
            let role = store.credentials.get(&(shop, new.user_id)).map(|credential| credential.role);
            Ok(store.create_link(shop, NewLink { role: role.or(new.role), ..new }))
        }),
    ]
}

fn of_passwords() -> Vec<Fault> {
    vec![
        fault("CREDENTIAL-5", "A link works twice.").set_password(|store, shop, hash, password, stamp| {
            let before = store.find_link(shop, hash, stamp.time).map(|holder| holder.user.id);
            let link = before.and_then(|user| store.credentials.get(&(shop, user))?.link);
            let set = store.set_password(shop, hash, password, stamp);
            if let Some(credential) = before.and_then(|user| store.credentials.get_mut(&(shop, user))) {
                credential.link = link;
            }
            Ok(set)
        }),
        fault("CREDENTIAL-5", "A new password makes an agent of the user.").set_password(
            |store, shop, hash, password, stamp| {
                let set = store.set_password(shop, hash, password, stamp);
                if let Some(user) = &set
                    && let Some(credential) = store.credentials.get_mut(&(shop, user.id))
                {
                    credential.role = Role::Agent;
                }
                Ok(set)
            },
        ),
        fault("CREDENTIAL-5", "A hash of a password is cut at 72 characters.").set_password(
            |store, shop, hash, password, stamp| {
                let cut: String = password.as_str().chars().take(72).collect();
                Ok(store.set_password(shop, hash, hexdesk_domain::PasswordHash::new(cut), stamp))
            },
        ),
        fault("CREDENTIAL-6", "An ended link sets a password.").set_password(
            |store, shop, hash, password, stamp| {
                store.credentials.values_mut().filter_map(|it| it.link.as_mut()).for_each(|link| {
                    link.ends_at = link.ends_at.max(stamp.time.saturating_add_millis(1));
                });
                Ok(store.set_password(shop, hash, password, stamp))
            },
        ),
        fault("CREDENTIAL-6", "A link sets a password in any shop.").set_password(
            |store, shop, hash, password, stamp| {
                let shops: Vec<_> = store.credentials.keys().map(|(shop, _)| *shop).collect();
                let of_link =
                    shops.into_iter().find(|shop| store.find_link(*shop, hash, stamp.time).is_some());
                Ok(store.set_password(of_link.unwrap_or(shop), hash, password, stamp))
            },
        ),
    ]
}

fn of_the_rest() -> Vec<Fault> {
    vec![
        fault("CREDENTIAL-7", "A credential is found by the address as written.").find_credential(
            |store, shop, email| {
                Ok(store.find_credential(shop, &email).filter(|(user, _)| user.email == email))
            },
        ),
        fault("CREDENTIAL-7", "The credential of a deactivated user is not found.").find_credential(
            |store, shop, email| Ok(store.find_credential(shop, &email).filter(|(user, _)| user.is_active())),
        ),
        fault("CREDENTIAL-7", "A credential is found in any shop.").find_credential(|store, shop, email| {
            let shops: Vec<_> = [shop].into_iter().chain(store.shops.keys().copied()).collect();
            Ok(shops.into_iter().find_map(|shop| store.find_credential(shop, &email)))
        }),
        fault("CREDENTIAL-8", "A deactivation only hides the link.").update_user(
            |store, shop, id, update, claim| {
                let links = store.credentials.clone();
                store.attempt(shop, claim, |store| {
                    let outcome = store.update_user(shop, id, update);
                    store.credentials = links;
                    Ok(outcome)
                })
            },
        ),
        fault("CREDENTIAL-8", "A closing keeps the links.")
            .change_shop(|store, domain, change, stamp| {
                let kept = store.credentials.clone();
                let shop = store.change_shop(domain, change, stamp);
                store.credentials = kept;
                Ok(shop)
            })
            .found_by_the_model(),
        fault("CREDENTIAL-9", "A link is not logged.").create_link(|store, shop, new| {
            let log = store.events.clone();
            let outcome = store.create_link(shop, new);
            store.events = log;
            Ok(outcome)
        }),
        fault("CREDENTIAL-9", "A role that the user has is logged.").set_role(
            |store, shop, user, role, stamp| {
                let outcome = store.set_role(shop, user, role, stamp);
                if matches!(outcome, CredentialOutcome::Done(_))
                    && stamp.actor == hexdesk_domain::Actor::Operator
                {
                    store.append_events(shop, stamp, [(EventKind::UserRoleChanged, Subject::User(user))]);
                }
                Ok(outcome)
            },
        ),
        fault("CREDENTIAL-11", "Only the first credential is found.").find_credentials(
            |store, shop, users| Ok(store.find_credentials(shop, &users).into_iter().take(1).collect()),
        ),
        fault("CREDENTIAL-11", "The credentials of deactivated users are left out.").find_credentials(
            |store, shop, users| {
                let mut found = store.find_credentials(shop, &users);
                found.retain(|credential| store.is_active_user(shop, credential.user_id));
                Ok(found)
            },
        ),
        fault("CREDENTIAL-11", "A credential is found for each mention of its user.").find_credentials(
            |store, shop, users| {
                Ok(users.iter().flat_map(|user| store.find_credentials(shop, &[*user])).collect())
            },
        ),
        fault("CREDENTIAL-11", "Credentials of every shop are found.").find_credentials(|store, _, users| {
            let named = store.credentials.values().filter(|it| users.contains(&it.user_id));
            Ok(named.cloned().collect())
        }),
        fault("CREDENTIAL-12", "A sign-in is not noted.").create_session(|store, shop, new| {
            let before = store.credentials.clone();
            let outcome = store.create_session(shop, new);
            store.credentials = before;
            outcome
        }),
        fault("CREDENTIAL-12", "An earlier sign-in counts.").create_session(|store, shop, new| {
            let (user, time) = (new.user_id, new.created_at);
            let outcome = store.create_session(shop, new)?;
            if let Some(credential) = store.credentials.get_mut(&(shop, user)).filter(|_| outcome) {
                credential.signed_in_at = Some(time);
            }
            Ok(outcome)
        }),
        fault("CREDENTIAL-12", "A refused sign-in is noted.").create_session(|store, shop, new| {
            let (user, time) = (new.user_id, new.created_at);
            let outcome = store.create_session(shop, new);
            if let Some(credential) = store.credentials.get_mut(&(shop, user)) {
                credential.signed_in_at = credential.signed_in_at.max(Some(time));
            }
            outcome
        }),
        fault("CREDENTIAL-12", "A link forgets when the user signed in.").create_link(|store, shop, new| {
            if let Some(credential) = store.credentials.get_mut(&(shop, new.user_id)) {
                credential.signed_in_at = None;
            }
            Ok(store.create_link(shop, new))
        }),
        fault("CREDENTIAL-10", "Setting a password does not lock the link.").unlocked(["set_password"]),
        fault("CREDENTIAL-10", "A role is written with the password and the link that were read.")
            .unlocked(["set_role"]),
        fault("CREDENTIAL-10", "A sign-in is noted with the role that was read.")
            .unlocked(["create_session"]),
        fault("CREDENTIAL-10", "A new link does not lock the shop.")
            .create_link(|Store { state, earlier }, shop, link| {
                let shops = std::mem::replace(&mut state.shops, earlier.shops.clone());
                let outcome = state.create_link(shop, link);
                state.shops = shops;
                Ok(outcome)
            })
            .after_a_gap(),
        fault("CREDENTIAL-10", "A new link does not lock the user.").unlocked(["create_link", "update_user"]),
    ]
}

/// Makes a call while the user is active.
fn as_active<T>(
    store: &mut crate::faulty::Store<'_>,
    user: Option<&User>,
    call: impl FnOnce(&mut crate::faulty::Store<'_>) -> T,
) -> T {
    if let Some(user) = user {
        let active = User { deactivated_at: None, ..user.clone() };
        store.users.insert((user.shop_id, user.id), active);
    }
    let result = call(store);
    if let Some(user) = user {
        store.users.insert((user.shop_id, user.id), user.clone());
    }
    result
}
