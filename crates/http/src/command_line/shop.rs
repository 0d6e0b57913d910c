use std::sync::Arc;

use anyhow::bail;
use clap::Subcommand;
use hexdesk_domain::ports::CreateShopOutcome;
use hexdesk_domain::{Shop, ShopDomain, ShopId, Storage, StorageError};

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
            Self::Create { domain, from_number } => match create(&*storage, &domain, from_number).await? {
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

fn line(shop: &Shop) -> String {
    let state = shop.closed_at.map_or("open".to_owned(), |closed_at| format!("closed {closed_at}"));
    format!("{}\t{}\t{state}", shop.domain, shop.id)
}
