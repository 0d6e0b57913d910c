use hexdesk_domain::{Shop, ShopDomain, Timestamp};

use crate::faulty::{Fault, Store, fault};

fn open_again(store: &mut Store<'_>, domain: &ShopDomain) {
    for shop in store.shops.values_mut().filter(|shop| shop.domain == *domain) {
        shop.closed_at = None;
    }
}

fn close(store: &mut Store<'_>, domain: &ShopDomain, now: Timestamp) -> Option<Shop> {
    let shop = store.shops.values_mut().find(|shop| shop.domain == *domain)?;
    shop.closed_at.get_or_insert(now);
    Some(shop.clone())
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
        fault("SHOP-3", "Closing an unknown domain adds a shop.").close_shop(|store, domain, now| {
            let is_known = store.shop_of(domain).is_some();
            store.create_shop(domain, now)?;
            Ok(close(store, domain, now).filter(|_| is_known))
        }),
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
        fault("SHOP-5", "A second closing changes the time.").close_shop(|store, domain, now| {
            open_again(store, domain);
            Ok(close(store, domain, now))
        }),
        fault("SHOP-9", "The setting of a closed shop cannot be changed.")
            .set_reopen_on_reply(|store, domain, reopen_on_reply| {
                let closed = store.shop_of(domain).filter(|shop| shop.closed_at.is_some());
                match closed.cloned() {
                    Some(closed) => Ok(Some(closed)),
                    None => Ok(store.set_reopen_on_reply(domain, reopen_on_reply)),
                }
            })
            .found_by_the_model(),
        fault("SHOP-9", "The setting of all shops whose domain ends like this is changed.")
            .set_reopen_on_reply(|store, domain, reopen_on_reply| {
                for shop in store.shops.values_mut() {
                    shop.reopen_on_reply = if shop.domain.as_str().ends_with(domain.as_str()) {
                        reopen_on_reply
                    } else {
                        shop.reopen_on_reply
                    };
                }
                Ok(store.shop_of(domain).cloned())
            }),
    ]
}
