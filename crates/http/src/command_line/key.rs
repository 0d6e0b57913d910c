use std::collections::BTreeSet;
use std::sync::Arc;

use anyhow::{Context, bail, ensure};
use clap::Subcommand;
use hexdesk_adapters::{IssueKeyError, KeyId, KeyRequest, KeyText, issue_key, rotate_key};
use hexdesk_domain::{ApiKey, PageSize, Scope, ShopDomain, Storage, Timestamp, UserId};
use jiff::SignedDuration;
use serde::Serialize;

use super::lists::ListFormat;
use crate::api_keys::wire::ApiKeyJson;
use crate::setting_values::{duration, time};
use crate::wire_id;

/// When a key expires, if it does.
type Expiry = Option<Timestamp>;

#[derive(Debug, Subcommand)]
pub(super) enum KeyCommand {
    /// Create an API key, and print only the key. It is shown once.
    Create {
        /// The domain of its shop.
        #[arg(long)]
        shop: ShopDomain,
        /// The scopes that it holds: tickets:read, tickets:write, customers:read, customers:write,
        /// users:read, users:write, api_keys:manage, events:read, webhooks:read, webhooks:manage. Repeat the option, or separate
        /// scopes by commas. The default is all but the last four.
        #[arg(long = "scope", value_name = "SCOPE", value_delimiter = ',')]
        scopes: Vec<Scope>,
        /// The id of the user in whose name it writes comments. The default is no user.
        #[arg(long, value_name = "USER", value_parser = user_id)]
        user: Option<UserId>,
        /// When it expires: a date-time with an offset, or a date (its midnight in UTC). The
        /// default is never.
        #[arg(long, value_name = "TIME", value_parser = time)]
        expires: Option<Timestamp>,
    },
    /// Print a shop's keys, one per line: id, scopes, time of creation, and "live", "expires",
    /// "expired" or "revoked" with the time, separated by tabs.
    List {
        /// The shop's domain.
        #[arg(long)]
        shop: ShopDomain,
        #[command(flatten)]
        format: ListFormat,
    },
    /// Create a key that replaces another, and print only the key. It has the other's scopes, user and
    /// expiry.
    Rotate {
        /// The id of the key to replace, as `key list` prints it: hd_<id>_….
        id: KeyId,
        /// How long the old key keeps working, such as 30m, 24h, 7d or 0s, unless it expires earlier.
        #[arg(long, value_name = "DURATION", default_value = "24h", value_parser = duration)]
        overlap: SignedDuration,
        /// When the new key expires: a time as in `key create`, or "never". The default is the expiry
        /// of the old key.
        #[arg(long, value_name = "TIME|never", value_parser = expiry)]
        expires: Option<Expiry>,
    },
    /// Revoke a key at once (a running server may take 5 seconds to notice). Prints its line.
    Revoke {
        /// The key's id, as `key list` prints it.
        id: KeyId,
    },
}

impl KeyCommand {
    pub(super) async fn run(self, storage: Arc<dyn Storage>) -> anyhow::Result<()> {
        let now = super::now();
        match self {
            Self::Create { shop, scopes, user, expires } => {
                check_expiry(expires, now)?;
                let shop = super::open_shop(&storage, &shop).await?;
                let scopes: BTreeSet<Scope> = if scopes.is_empty() {
                    Scope::DEFAULT.iter().copied().collect()
                } else {
                    scopes.into_iter().collect()
                };
                let request = KeyRequest { shop: shop.id, scopes, user_id: user, expires_at: expires };
                match (issue_key(&*storage, request, now).await, user) {
                    (Err(IssueKeyError::UserNotFound), Some(user)) => {
                        bail!("{} has no active user {user}", shop.domain)
                    }
                    (issued, _) => {
                        let (key, text) = issued?;
                        hand_over(&storage, &key, &text).await
                    }
                }
            }
            Self::List { shop, format } => {
                let shop = super::existing_shop(&storage, &shop).await?;
                let page = async |after| storage.list_keys(shop.id, after, PageSize::MAX).await;
                let json = |key: &ApiKey| {
                    serde_json::to_string(&KeyJson {
                        key: id(key).to_string(),
                        api: ApiKeyJson::new(key, now),
                    })
                };
                format.print_pages(page, |key| line(key, now), json).await
            }
            Self::Rotate { id, overlap, expires } => {
                check_expiry(expires.flatten(), now)?;
                let overlap = i64::try_from(overlap.as_millis()).unwrap_or(i64::MAX);
                let old_ends_at = now.saturating_add_millis(overlap);
                match rotate_key(&*storage, id, now, old_ends_at, expires).await? {
                    Some((key, text)) => {
                        if let Some(expires_at) = key.expires_at {
                            tracing::info!(%expires_at, "the new key expires");
                        }
                        hand_over(&storage, &key, &text).await.with_context(|| {
                            let expires = key.expires_at.map_or("never".to_owned(), |at| at.to_string());
                            format!(
                                "run `hexdesk key rotate {id} --expires {expires}` before the old key ends"
                            )
                        })
                    }
                    None => bail!("there is no live key {id}: see `hexdesk key list`"),
                }
            }
            Self::Revoke { id } => match storage.revoke_key(id.shop, id.number, super::stamp()).await? {
                Some(key) => super::print([line(&key, now)]),
                None => bail!("there is no key {id}: see `hexdesk key list`"),
            },
        }
    }
}

/// Prints the key. If nobody gets it, revokes it.
async fn hand_over(storage: &Arc<dyn Storage>, key: &ApiKey, text: &KeyText) -> anyhow::Result<()> {
    let Err(unwritten) = super::print([text.as_str()]) else { return Ok(()) };
    let id = id(key);
    match storage.revoke_key(key.shop_id, key.number, super::stamp()).await {
        Ok(_) => Err(unwritten.context(format!("the key {id} was revoked, because it was not written"))),
        Err(error) => Err(unwritten.context(format!(
            "the key {id} was not written, and not revoked ({error}): run `hexdesk key revoke {id}`"
        ))),
    }
}

fn id(key: &ApiKey) -> KeyId {
    KeyId { shop: key.shop_id, number: key.number }
}

/// A key of a list. The API has no id that is unique among shops.
#[derive(Serialize)]
struct KeyJson {
    /// The id that the commands take.
    key: String,
    #[serde(flatten)]
    api: ApiKeyJson,
}

fn check_expiry(expires: Option<Timestamp>, now: Timestamp) -> anyhow::Result<()> {
    ensure!(expires.is_none_or(|expires| expires > now), "--expires must lie in the future");
    Ok(())
}

fn expiry(text: &str) -> Result<Expiry, String> {
    if text == "never" {
        return Ok(None);
    }
    time(text).map(Some).map_err(|expected| format!("{expected}, or `never`"))
}

fn user_id(text: &str) -> Result<UserId, String> {
    wire_id::parse(text).and_then(UserId::new).ok_or_else(|| wire_id::requirement(UserId::MAX))
}

fn line(key: &ApiKey, now: Timestamp) -> String {
    let id = id(key);
    let scopes: Vec<&str> = key.scopes.iter().map(|scope| scope.as_str()).collect();
    let state = match (key.revoked_at, key.expires_at) {
        (Some(revoked_at), _) => format!("revoked {revoked_at}"),
        (None, Some(end)) if end <= now => format!("expired {end}"),
        (None, Some(end)) => format!("expires {end}"),
        (None, None) => "live".to_owned(),
    };
    format!("{id}\t{}\t{}\t{state}", scopes.join(","), key.created_at)
}
