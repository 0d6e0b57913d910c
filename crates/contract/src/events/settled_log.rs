//! Reads a shop's log to its end from a store that may hold events back for a while.

use std::time::Duration;

use anyhow::{Context, ensure};
use hexdesk_domain::{AuditStamp, Event, EventPosition, NewUser, PageSize, ShopId, Storage, Subject};

use crate::samples::{create_user, user_by_email};

/// The time that a store may hold an event back. It can be as long as an unrelated transaction,
/// such as another test's. The faulty stores of this crate have no other transactions.
const PATIENCE: Duration = Duration::from_secs(if cfg!(test) { 2 } else { 60 });
/// More pages than any case fills. A log that never ends is a failure.
const MAX_PAGES: usize = 1_000;

/// Returns the shop's log after this position, read page by page.
pub(crate) async fn log_after(
    storage: &dyn Storage,
    shop: ShopId,
    mut after: Option<EventPosition>,
    size: PageSize,
) -> anyhow::Result<Vec<Event>> {
    let mut log: Vec<Event> = Vec::new();
    for _ in 0..MAX_PAGES {
        let page = storage.list_events(shop, Default::default(), after, size).await??;
        log.extend(page.entries);
        after = page.next;
        if after.is_none() {
            ensure!(log.is_sorted_by(|one, next| one.position < next.position), "the log is not in order");
            return Ok(log);
        }
    }
    anyhow::bail!("the log does not end")
}

/// Makes a change with this stamp and waits until it is in the log. Returns the log before the
/// change, and the event of the change. The change begins after all others have returned, so their
/// events come before it.
pub(crate) async fn settled_log(
    storage: &dyn Storage,
    shop: ShopId,
    stamp: AuditStamp,
) -> anyhow::Result<(Vec<Event>, Event)> {
    let users = storage.count_users(shop, Default::default()).await?;
    let marker = user_by_email(&format!("marker-{users}@example.com"));
    let marker = Subject::User(create_user(storage, shop, NewUser { stamp, ..marker }).await?.id);
    let mut seen = 0;
    let settled = tokio::time::timeout(PATIENCE, async {
        loop {
            let mut log = log_after(storage, shop, None, PageSize::MAX).await?;
            seen = log.len();
            if let Some(end) = log.iter().position(|event| event.subject == marker) {
                let mut rest = log.split_off(end);
                let event = rest.pop().context("the marker")?;
                ensure!(rest.is_empty(), "events follow the one of the last change: {rest:?}");
                return Ok((log, event));
            }
            // Without this, a store that is always ready would keep the time limit from being
            // checked.
            tokio::task::yield_now().await;
        }
    });
    match settled.await {
        Ok(settled) => settled,
        Err(_) => anyhow::bail!(
            "{marker:?}, created {PATIENCE:?} ago with {stamp:?}, is not among the {seen} events of the log"
        ),
    }
}
