use std::sync::Arc;

use anyhow::bail;
use clap::Subcommand;
use hexdesk_domain::ports::CreateShopOutcome;
use hexdesk_domain::{Shop, ShopDomain, Storage};

#[derive(Debug, Subcommand)]
pub(super) enum ShopCommand {
    /// Create a shop, and print its line.
    Create {
        /// The shop's domain, such as example.myshopify.com.
        domain: ShopDomain,
    },
    /// Print the shops, one per line: domain, id, "open" or "closed" with the time of closing,
    /// separated by tabs.
    List,
    /// Close a shop, and print its line. Its keys stop working; its data stays.
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
