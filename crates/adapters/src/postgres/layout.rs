//! Where the rows of a shop are: on one server with those of all shops, or on one of several.

use std::collections::BTreeMap;

use hexdesk_domain::ShopId;

/// Where rows are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layout {
    /// All on one server. A batch is written at once.
    OneServer,
    /// Distributed by shop. Each statement is about one shop, so a batch is written shop by shop.
    ByShop,
}

/// The items of each shop, with their places in the batch.
pub(super) fn by_shop<I>(
    batch: impl IntoIterator<Item = I>,
    shop: impl Fn(&I) -> ShopId,
) -> BTreeMap<ShopId, Vec<(usize, I)>> {
    let mut shops: BTreeMap<ShopId, Vec<(usize, I)>> = BTreeMap::new();
    for (place, item) in batch.into_iter().enumerate() {
        shops.entry(shop(&item)).or_default().push((place, item));
    }
    shops
}
