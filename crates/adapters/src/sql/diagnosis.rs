//! Checks of migrations, id ranges, shops, keys and webhooks.

mod webhooks;

use std::collections::BTreeSet;

use diesel::dsl::auto_type;
use diesel::prelude::*;
use hexdesk_domain::{NodeNumber, SecretSealer, Timestamp};

pub(crate) use self::webhooks::webhooks_of_open_shops;
use super::CorruptRow;
use super::deliveries::AttemptRow;
use super::migrations::MigrationState;
use super::schema::{api_keys, shops};
use super::types::StoredTimestamp;
use super::webhooks::WebhookRow;
use crate::finding::Finding;

/// The maximum distance of a range's end from now. Servers reserve some minutes.
const FAR_AHEAD_MILLIS: i64 = 60 * 60 * 1_000;

/// The values read from the tables.
#[derive(Debug)]
pub(crate) struct Contents {
    /// The end of the latest range of each node.
    pub(crate) range_ends: Vec<StoredTimestamp>,
    /// For each shop, whether it is open.
    pub(crate) open_shops: Vec<bool>,
    /// The shop of each key that is live now.
    pub(crate) live_keys: Vec<i64>,
    /// The rows of [`webhooks_of_open_shops`].
    pub(crate) webhooks: Vec<(String, WebhookRow, Option<AttemptRow>)>,
}

/// Reads for each shop whether it is open.
#[auto_type]
pub(crate) fn open_shops() -> _ {
    shops::table.select(shops::closed_at.is_null())
}

/// Reads the shop of each key that is live at this time.
#[auto_type]
pub(crate) fn live_keys(now: StoredTimestamp) -> _ {
    api_keys::table
        .inner_join(shops::table.on(shops::id.eq(api_keys::shop_id)))
        .filter(shops::closed_at.is_null())
        .filter(api_keys::revoked_at.is_null())
        .filter(api_keys::expires_at.is_null().or(api_keys::expires_at.assume_not_null().gt(now)))
        .select(api_keys::shop_id)
}

impl Contents {
    /// The findings of all checks. Without a sealer, the secrets of webhooks are not checked.
    pub(crate) fn findings(
        self,
        now: Timestamp,
        sealer: Option<&dyn SecretSealer>,
    ) -> Result<Vec<Finding>, CorruptRow> {
        let mut findings = vec![self.id_ranges(now), self.shops()];
        findings.extend(self.keys());
        let webhooks = self.webhooks.into_iter().map(TryInto::try_into).collect::<Result<Vec<_>, _>>()?;
        findings.extend(webhooks::findings(&webhooks, sealer, now));
        Ok(findings)
    }

    fn id_ranges(&self, now: Timestamp) -> Finding {
        let check = "id ranges";
        let limit = now.saturating_add_millis(FAR_AHEAD_MILLIS);
        let ahead: Vec<Timestamp> =
            self.range_ends.iter().map(|end| end.0).filter(|end| *end > limit).collect();
        match ahead.iter().max() {
            None => Finding::ok(check, "none is reserved more than an hour ahead"),
            Some(last) => Finding::warning(
                check,
                format!(
                    "{} of {} nodes are reserved more than an hour ahead, up to {last}: this machine's clock is \
                     behind, or a server's was ahead; check them with `timedatectl`. Ticket ids stay \
                     unique, but ids from these ranges sort after newer ones, and these nodes stay \
                     unused until then",
                    ahead.len(),
                    NodeNumber::COUNT,
                ),
            ),
        }
    }

    fn shops(&self) -> Finding {
        let check = "shops";
        let open = self.open_shops.iter().filter(|open| **open).count();
        let closed = self.open_shops.len() - open;
        if open > 0 {
            return Finding::ok(check, format!("{open} open, {closed} closed"));
        }
        Finding::warning(
            check,
            format!("none open, {closed} closed; create one with `hexdesk shop create shop.example.com`"),
        )
    }

    /// Checks the keys. `None` without an open shop.
    fn keys(&self) -> Option<Finding> {
        let check = "keys";
        let open = self.open_shops.iter().filter(|open| **open).count();
        if open == 0 {
            return None;
        }
        let served = self.live_keys.iter().collect::<BTreeSet<_>>().len();
        let live = self.live_keys.len();
        if open == served {
            return Some(Finding::ok(check, format!("{live} live, every open shop has one")));
        }
        Some(Finding::warning(
            check,
            format!(
                "{live} live; open shops without a live key, which nobody can use: {}; `hexdesk shop list` \
                 lists the shops, `hexdesk key create --shop shop.example.com` creates a key",
                open.saturating_sub(served)
            ),
        ))
    }
}

/// Checks that the schema matches this version.
pub(crate) fn migrations(state: &MigrationState) -> Finding {
    let check = "migrations";
    if !state.unknown.is_empty() {
        let unknown = state.unknown.join(", ");
        return Finding::problem(
            check,
            format!(
                "a newer version of Hexdesk migrated the database (unknown here: {unknown}); use that version, \
                 or restore a backup from before the upgrade"
            ),
        );
    }
    if !state.missing.is_empty() {
        let missing = state.missing.join(", ");
        return Finding::warning(
            check,
            format!(
                "not applied yet: {missing}; `hexdesk serve` applies them when it starts, `hexdesk migrate` \
                 applies them now"
            ),
        );
    }
    Finding::ok(check, format!("all {} applied, none unknown", state.applied.len()))
}
