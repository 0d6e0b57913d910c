use std::sync::Arc;

use anyhow::bail;
use clap::Subcommand;
use hexdesk_domain::ports::CreateShopOutcome;
use hexdesk_domain::{Shop, ShopDomain, Storage};

#[derive(Debug, Subcommand)]
pub(super) enum ShopCommand {
    /// Add a shop, and print its line.
    Create {
        /// The shop's domain, like example.myshopify.com.
        domain: ShopDomain,
    },
    /// Print the shops, a line each: domain, number, "open" or "closed" with the time of closing;
    /// tabs in between.
    List,
    /// Close a shop: its keys open nothing from then on; its data stays. Prints its line.
    Close {
        /// The shop's domain.
        domain: ShopDomain,
    },
}

impl ShopCommand {
    pub(super) async fn run(self, storage: Arc<dyn Storage>) -> anyhow::Result<()> {
        match self {
            Self::Create { domain } => match storage.create_shop(&domain, super::now()).await? {
                CreateShopOutcome::Created(shop) => super::print([line(&shop)]),
                CreateShopOutcome::AlreadyExists(shop) => match shop.closed_at {
                    None => bail!("there is a shop {domain} already"),
                    Some(closed_at) => bail!("there was a shop {domain}, closed on {closed_at}"),
                },
            },
            Self::List => super::print(storage.list_shops().await?.iter().map(line)),
            Self::Close { domain } => match storage.close_shop(&domain, super::now()).await? {
                Some(shop) => super::print([line(&shop)]),
                None => bail!("there is no shop {domain}: see `hexdesk shop list`"),
            },
        }
    }
}

fn line(shop: &Shop) -> String {
    let state = shop.closed_at.map_or("open".to_owned(), |closed_at| format!("closed {closed_at}"));
    format!("{}\t{}\t{state}", shop.domain, shop.id)
}
