use std::sync::Arc;

use anyhow::{Context, bail, ensure};
use clap::Subcommand;
use hexdesk_domain::ports::CreateShopOutcome;
use hexdesk_domain::{Shop, ShopChange, ShopDomain, ShopId, Storage, StorageError};

use super::confirmation::is_confirmed;
use super::lists::ListFormat;
use crate::events::wire::ShopJson;

#[derive(Debug, Subcommand)]
pub(super) enum ShopCommand {
    /// Create a shop, and print its line.
    Create {
        /// The shop's domain, such as example.myshopify.com.
        domain: ShopDomain,
        /// Assign a number of at least this. Give each of several installations its own range, so that
        /// a proxy can tell by the number in an API key (`hd_<number>-...`) where a shop is.
        #[arg(long, value_name = "NUMBER", value_parser = parse_number)]
        from_number: Option<ShopId>,
    },
    /// Print the shops, one per line: domain, id, "open" or "closed" with the time of closing, and
    /// the settings that differ from the default, separated by tabs.
    List(ListFormat),
    /// Change settings of a shop, and print its line.
    Set {
        /// The shop's domain.
        domain: ShopDomain,
        /// Whether a customer's comment opens a closed ticket again. Off in a new shop.
        #[arg(long, value_name = "on|off", action = clap::ArgAction::Set, value_parser = parse_switch)]
        reopen_on_reply: bool,
    },
    /// Close a shop, and print its line. Its keys stop working, and its webhooks wait. Its data stays. On
    /// a terminal, the command asks first.
    Close {
        /// The shop's domain.
        domain: ShopDomain,
        /// Do not ask.
        #[arg(long)]
        yes: bool,
    },
    /// Open a closed shop again, and print its line. Its keys work again, and its webhooks continue where
    /// they stopped.
    Reopen {
        /// The shop's domain.
        domain: ShopDomain,
    },
}

impl ShopCommand {
    pub(super) async fn run(self, storage: Arc<dyn Storage>) -> anyhow::Result<()> {
        match self {
            Self::Create { domain, from_number } => match create(&*storage, &domain, from_number).await? {
                CreateShopOutcome::Created(shop) => super::print([line(&shop)]),
                CreateShopOutcome::AlreadyExists(shop) => match shop.closed_at {
                    None => bail!("there is a shop {domain} already"),
                    Some(closed_at) => bail!("there was a shop {domain}, closed on {closed_at}"),
                },
            },
            Self::List(format) => {
                let shops = storage.list_shops().await?;
                format.print(&shops, line, |shop| serde_json::to_string(&ShopJson::new(shop)))
            }
            Self::Set { domain, reopen_on_reply } => {
                change(&storage, &domain, ShopChange::SetReopenOnReply(reopen_on_reply)).await
            }
            Self::Close { domain, yes } => {
                let shop = storage.find_shop(&domain).await?.with_context(|| unknown(&domain))?;
                if shop.closed_at.is_none() && !yes {
                    let question = format!("Close {domain}? Its keys stop working at once.");
                    ensure!(is_confirmed(&question)?, "{domain} stays open");
                }
                change(&storage, &domain, ShopChange::Close).await
            }
            Self::Reopen { domain } => change(&storage, &domain, ShopChange::Reopen).await,
        }
    }
}

async fn change(storage: &Arc<dyn Storage>, domain: &ShopDomain, change: ShopChange) -> anyhow::Result<()> {
    match storage.change_shop(domain, change, super::stamp()).await? {
        Some(shop) => super::print([line(&shop)]),
        None => bail!(unknown(domain)),
    }
}

async fn create(
    storage: &dyn Storage,
    domain: &ShopDomain,
    from: Option<ShopId>,
) -> Result<CreateShopOutcome, StorageError> {
    match from {
        Some(from) => storage.create_shop_from(domain, from, super::now()).await,
        None => storage.create_shop(domain, super::now()).await,
    }
}

fn parse_number(text: &str) -> Result<ShopId, String> {
    let number = text.parse().ok().and_then(ShopId::new);
    number.ok_or_else(|| format!("expected a whole number from 1 to {}", ShopId::MAX))
}

fn parse_switch(text: &str) -> Result<bool, String> {
    match text {
        "on" => Ok(true),
        "off" => Ok(false),
        _ => Err("expected `on` or `off`".to_owned()),
    }
}

fn unknown(domain: &ShopDomain) -> String {
    format!("there is no shop {domain}: see `hexdesk shop list`")
}

fn line(shop: &Shop) -> String {
    let state = shop.closed_at.map_or("open".to_owned(), |closed_at| format!("closed {closed_at}"));
    let reopens = if shop.reopen_on_reply { "\treopen-on-reply" } else { "" };
    format!("{}\t{}\t{state}{reopens}", shop.domain, shop.id)
}
