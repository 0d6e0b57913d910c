//! The obligation of [`UserStore`](hexdesk_domain::UserStore) on lists and counts.

use std::sync::Arc;

use hexdesk_domain::limits::MAX_PAGE_ENTRIES;
use hexdesk_domain::{
    NewUser, Page, PageSize, ShopId, Storage, Timestamp, User, UserChanges, UserFilter, UserId,
};

use crate::cases::user_changes::{change, update_user};
use crate::comparison::same;
use crate::pages::{pages_of, sizes_by_bytes};
use crate::samples::{
    ALIKE_ADDRESSES, SAME_ADDRESSES, at, create_shop, create_user, every_spelling, stamp, user_by_email,
    user_id,
};

const FILTERS: [UserFilter; 3] = [
    UserFilter { email: None, is_active: None },
    UserFilter { email: None, is_active: Some(true) },
    UserFilter { email: None, is_active: Some(false) },
];

/// USER-7: the shop's users in order of number, page by page, and their count.
pub async fn user_7_list_holds_all_in_order(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let storage = &*storage;
    let empty = create_shop(storage, "empty.example.com").await?.id;
    for filter in &FILTERS {
        let page = storage.list_users(empty, filter.clone(), None, PageSize::of(1)).await?;
        same("a shop without users", &page, &Page { entries: Vec::new(), next: None })?;
        same("the count of a shop without users", &storage.count_users(empty, filter.clone()).await?, &0)?;
    }
    let (shop, users) = fill(storage, "shop.example.com", 14).await?;
    // The other shop uses the same numbers and more.
    fill(storage, "other.example.com", 20).await?;
    for filter in &FILTERS {
        let list = let_through(filter, &users);
        expect_list(storage, shop, filter, &list).await?;
        let length = u32::try_from(list.len())?;
        let by_entries = (1..=length + 2).chain([MAX_PAGE_ENTRIES]).map(PageSize::of);
        for size in by_entries.chain(sizes_by_bytes(&list)) {
            expect_pages(storage, shop, filter, &list, size).await?;
        }
        // After any number, whether or not a user has it.
        for after in (1..=40).chain([1 << 32, UserId::MAX]) {
            let after = user_id(after)?;
            let entries: Vec<_> = list.iter().filter(|user| user.id > after).cloned().collect();
            let page = storage.list_users(shop, filter.clone(), Some(after), PageSize::MAX).await?;
            same(&format!("the list after {after}"), &page, &Page { entries, next: None })?;
        }
    }
    more_than_a_page(storage).await?;
    lists_follow(storage, shop, users).await
}

async fn more_than_a_page(storage: &dyn Storage) -> anyhow::Result<()> {
    let (many, users) = fill(storage, "many.example.com", 205).await?;
    for filter in &FILTERS {
        let list = let_through(filter, &users);
        same(
            "the count of many users",
            &storage.count_users(many, filter.clone()).await?,
            &(list.len() as u64),
        )?;
        for size in [MAX_PAGE_ENTRIES, MAX_PAGE_ENTRIES - 1, 41].map(PageSize::of) {
            expect_pages(storage, many, filter, &list, size).await?;
        }
    }
    Ok(())
}

/// Lists of active and of inactive users show the latest changes.
async fn lists_follow(storage: &dyn Storage, shop: ShopId, mut users: Vec<User>) -> anyhow::Result<()> {
    for (place, is_active) in [(0, false), (0, true), (3, true), (5, false), (13, false), (5, true)] {
        let active = UserChanges { is_active: Some(is_active), ..UserChanges::default() };
        users[place] = update_user(storage, shop, users[place].id, change(active, at(50))).await?;
        for filter in &FILTERS {
            expect_list(storage, shop, filter, &let_through(filter, &users)).await?;
        }
    }
    // A refused user is never listed. A created one is listed at once.
    let taken = NewUser { first_name: Some("new".into()), ..user_by_email(&users[0].email) };
    storage.create_user(shop, taken, None).await?;
    expect_list(storage, shop, &FILTERS[0], &users).await?;
    users.push(create_user(storage, shop, user_by_email("new@example.com")).await?);
    for filter in &FILTERS {
        expect_list(storage, shop, filter, &let_through(filter, &users)).await?;
    }
    Ok(())
}

/// Creates a shop with this many users, with the numbers 2, 4, 6 and so on. Every third is
/// inactive. Returns the users in order of number.
async fn fill(storage: &dyn Storage, name: &str, count: i64) -> anyhow::Result<(ShopId, Vec<User>)> {
    let shop = create_shop(storage, name).await?.id;
    let mut users = Vec::new();
    for index in 0..count {
        // Not in order of number.
        let number = 2 * (1 + index * 9 % count);
        let new = NewUser {
            id: Some(user_id(number)?),
            stamp: stamp(at(-index)),
            // Some have more bytes than characters, or more than several others.
            full_name: (index % 4 == 0).then(|| "日本".repeat(usize::from(index == 4) * 124 + 1)),
            // Not in order of address either.
            ..user_by_email(&format!("{}-{number}@example.com", index % 5))
        };
        let mut user = create_user(storage, shop, new).await?;
        if index % 3 == 0 {
            let deactivate = UserChanges { is_active: Some(false), ..UserChanges::default() };
            let at = if index % 2 == 0 { Timestamp::MIN } else { at(index) };
            user = update_user(storage, shop, user.id, change(deactivate, at)).await?;
        }
        users.push(user);
    }
    users.sort_by_key(|user| user.id);
    Ok((shop, users))
}

fn let_through(filter: &UserFilter, users: &[User]) -> Vec<User> {
    let is_wanted =
        |user: &&User| filter.is_active.is_none_or(|wanted| user.deactivated_at.is_none() == wanted);
    users.iter().filter(is_wanted).cloned().collect()
}

/// Fails unless the list has exactly these users, as they are found. The list must fit on one page.
async fn expect_list(
    storage: &dyn Storage,
    shop: ShopId,
    filter: &UserFilter,
    expected: &[User],
) -> anyhow::Result<()> {
    let page = storage.list_users(shop, filter.clone(), None, PageSize::MAX).await?;
    let what = format!("the list with {filter:?}");
    same(&what, &page, &Page { entries: expected.to_vec(), next: None })?;
    let count = storage.count_users(shop, filter.clone()).await?;
    same(&format!("the count with {filter:?}"), &count, &u64::try_from(expected.len())?)?;
    for user in &page.entries {
        let found = storage.find_user(shop, user.id).await?;
        same("a listed user by its number", &found.as_ref(), &Some(user))?;
    }
    Ok(())
}

/// Fails unless pages of this size together are the list.
async fn expect_pages(
    storage: &dyn Storage,
    shop: ShopId,
    filter: &UserFilter,
    list: &[User],
    size: PageSize,
) -> anyhow::Result<()> {
    for (after, expected) in pages_of(list, size, |user| user.id) {
        let page = storage.list_users(shop, filter.clone(), after, size).await?;
        same(&format!("a page of {size:?} after {after:?}"), &page, &expected)?;
    }
    Ok(())
}

/// USER-14: an address finds the user who has it, in any spelling.
pub async fn user_14_filter_finds_an_address(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let storage = &*storage;
    let shops = [
        create_shop(storage, "one.example.com").await?.id,
        create_shop(storage, "two.example.com").await?.id,
    ];
    let mut users = Vec::new();
    for shop in shops {
        users.clear();
        for spellings in SAME_ADDRESSES.iter() {
            users.push(create_user(storage, shop, user_by_email(&spellings[0])).await?);
        }
        for address in ALIKE_ADDRESSES {
            users.push(create_user(storage, shop, user_by_email(address)).await?);
        }
    }
    let deactivate = UserChanges { is_active: Some(false), ..UserChanges::default() };
    users[0] = update_user(storage, shops[1], users[0].id, change(deactivate, at(1))).await?;
    for address in
        every_spelling().into_iter().chain(ALIKE_ADDRESSES.iter().copied()).chain(["no@example.com"])
    {
        for is_active in [None, Some(true)] {
            let filter = UserFilter { email: Some(address.into()), is_active };
            let expected: Vec<_> = users.iter().filter(|user| filter.matches(user)).cloned().collect();
            expect_list(storage, shops[1], &filter, &expected).await?;
        }
    }
    Ok(())
}
