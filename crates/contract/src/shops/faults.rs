use hexdesk_domain::{Shop, ShopChange, ShopDomain};

use crate::faulty::{Fault, Store, fault};

fn open_again(store: &mut Store<'_>, domain: &ShopDomain) {
    for shop in store.shops.values_mut().filter(|shop| shop.domain == *domain) {
        shop.closed_at = None;
    }
}

pub(crate) fn faults() -> Vec<Fault> {
    vec![
        fault("SHOP-1", "A shop's time is cut to seconds.").create_shop(|store, domain, now| {
            let millis = now.unix_millis().rem_euclid(1_000);
            store.create_shop(domain, now.saturating_add_millis(-millis))
        }),
        fault("SHOP-2", "Creating a closed shop again opens it.")
            .create_shop(|store, domain, now| {
                open_again(store, domain);
                store.create_shop(domain, now)
            })
            .found_by_the_model(),
        fault("SHOP-3", "Closing an unknown domain adds a shop.").change_shop(
            |store, domain, change, stamp| {
                let is_known = store.shop_of(domain).is_some();
                store.create_shop(domain, stamp.time)?;
                Ok(store.change_shop(domain, change, stamp).filter(|_| is_known))
            },
        ),
        fault("SHOP-4", "Closed shops are not listed.").list_shops(|store| {
            Ok(store.shops.values().filter(|shop| shop.closed_at.is_none()).cloned().collect())
        }),
        fault("SHOP-8", "The number to begin with is ignored.")
            .create_shop_from(|store, domain, _from, now| store.create_shop(domain, now)),
        fault("SHOP-8", "A taken domain moves the numbers.").create_shop_from(|store, domain, from, now| {
            if store.shop_of(domain).is_some() {
                let unused = ShopDomain::parse(&format!("x{domain}")).unwrap_or_else(|_| domain.clone());
                store.shops.insert(from, Shop::new(from, unused, now));
            }
            store.create_shop_from(domain, Some(from), now)
        }),
        fault("SHOP-5", "A second closing changes the time.").change_shop(|store, domain, change, stamp| {
            if change == ShopChange::Close {
                open_again(store, domain);
            }
            Ok(store.change_shop(domain, change, stamp))
        }),
        fault("SHOP-9", "The setting of a closed shop cannot be changed.")
            .change_shop(|store, domain, change, stamp| {
                let closed = store.shop_of(domain).filter(|shop| shop.closed_at.is_some());
                match (closed.cloned(), change) {
                    (Some(closed), ShopChange::SetReopenOnReply(_)) => Ok(Some(closed)),
                    _ => Ok(store.change_shop(domain, change, stamp)),
                }
            })
            .found_by_the_model(),
        fault("SHOP-9", "The setting of all shops whose domain ends like this is changed.").change_shop(
            |store, domain, change, stamp| {
                if let ShopChange::SetReopenOnReply(reopen_on_reply) = change {
                    let ends = |shop: &&mut Shop| shop.domain.as_str().ends_with(domain.as_str());
                    for shop in store.shops.values_mut().filter(ends) {
                        shop.reopen_on_reply = reopen_on_reply;
                    }
                }
                Ok(store.change_shop(domain, change, stamp))
            },
        ),
        fault("SHOP-10", "A closed shop stays closed.").change_shop(|store, domain, change, stamp| {
            match change {
                ShopChange::Reopen => Ok(store.shop_of(domain).cloned()),
                _ => Ok(store.change_shop(domain, change, stamp)),
            }
        }),
        fault("SHOP-10", "A reopened shop has the default settings.").change_shop(
            |store, domain, change, stamp| {
                if change == ShopChange::Reopen {
                    let off = ShopChange::SetReopenOnReply(false);
                    store.change_shop(domain, off, stamp);
                }
                Ok(store.change_shop(domain, change, stamp))
            },
        ),
        fault("SHOP-10", "Reopening a shop reopens all.").change_shop(|store, domain, change, stamp| {
            if change == ShopChange::Reopen {
                store.shops.values_mut().for_each(|shop| shop.closed_at = None);
            }
            Ok(store.change_shop(domain, change, stamp))
        }),
    ]
}
