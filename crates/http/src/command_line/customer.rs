use std::sync::Arc;

use anyhow::{Context, bail, ensure};
use clap::Subcommand;
use hexdesk_domain::ports::{CreateCustomerOutcome, Erased};
use hexdesk_domain::{
    Customer, CustomerDraft, CustomerFilter, CustomerId, IdempotentOutcome, PageSize, ShopDomain, Storage,
};

use super::confirmation::is_confirmed;
use super::lists::{ListFormat, column};
use crate::customers::wire::CustomerJson;
use crate::wire_id;

#[derive(Debug, Subcommand)]
pub(super) enum CustomerCommand {
    /// Create a customer, and print its id: the `customerId` of a ticket. An e-mail address or
    /// a phone number is required.
    Create {
        /// The domain of the customer's shop.
        #[arg(long)]
        shop: ShopDomain,
        /// E-mail address, unique within the shop.
        #[arg(long)]
        email: Option<String>,
        /// Phone number.
        #[arg(long)]
        phone_number: Option<String>,
        /// First name.
        #[arg(long)]
        first_name: Option<String>,
        /// Last name.
        #[arg(long)]
        last_name: Option<String>,
    },
    /// Print a shop's customers, latest first, one per line: id, e-mail address, phone number and name,
    /// separated by tabs.
    List {
        /// The shop's domain.
        #[arg(long)]
        shop: ShopDomain,
        /// Only the customer with this e-mail address. Case makes no difference.
        #[arg(long)]
        email: Option<String>,
        #[command(flatten)]
        format: ListFormat,
    },
    /// Erase a customer with all of the customer's data: tickets, comments, search words, and the texts in
    /// the event log. Prints what was erased. It cannot be undone. On a terminal, the command asks first.
    Erase {
        /// The domain of the customer's shop.
        #[arg(long)]
        shop: ShopDomain,
        /// The customer's id, as `customer list` prints it.
        #[arg(value_parser = customer_id)]
        id: CustomerId,
        /// Do not ask.
        #[arg(long)]
        yes: bool,
    },
}

impl CustomerCommand {
    pub(super) async fn run(self, storage: Arc<dyn Storage>) -> anyhow::Result<()> {
        match self {
            Self::Create { shop, email, phone_number, first_name, last_name } => {
                let draft =
                    CustomerDraft { email, phone_number, first_name, last_name, ..CustomerDraft::default() };
                let customer =
                    draft.into_new(super::stamp()).map_err(|violations| super::refused(&violations))?;
                let shop = super::open_shop(&storage, &shop).await?;
                match storage.create_customer(shop.id, customer, None).await? {
                    IdempotentOutcome::Ran(CreateCustomerOutcome::Created(customer)) => {
                        super::print([customer.id])
                    }
                    IdempotentOutcome::Ran(CreateCustomerOutcome::Existing(customer)) => {
                        bail!("customer {} has this e-mail address or phone number already", customer.id)
                    }
                    // Only a draft with an id, or an idempotency key, has other outcomes.
                    _ => bail!("the customer was not created"),
                }
            }
            Self::List { shop, email, format } => {
                let shop = super::existing_shop(&storage, &shop).await?;
                let filter = CustomerFilter { email, ..CustomerFilter::default() };
                let page =
                    async |after| storage.list_customers(shop.id, filter.clone(), after, PageSize::MAX).await;
                let json = |customer: &Customer| {
                    serde_json::to_string(&CustomerJson::new(customer, shop.domain.as_str()))
                };
                format.print_pages(page, line, json).await
            }
            Self::Erase { shop, id, yes } => erase(&storage, &shop, id, yes).await,
        }
    }
}

async fn erase(
    storage: &Arc<dyn Storage>,
    shop: &ShopDomain,
    id: CustomerId,
    yes: bool,
) -> anyhow::Result<()> {
    let shop = super::existing_shop(storage, shop).await?;
    let Some(customer) = storage.find_customer(shop.id, id).await? else {
        match storage.find_merged_customer(shop.id, id).await? {
            Some(into) => bail!("customer {id} of {} was merged into customer {into}", shop.domain),
            None => bail!("{} has no customer {id}: see `hexdesk customer list`", shop.domain),
        }
    };
    if !yes {
        let question = format!("Erase customer {} of {}? It cannot be undone.", line(&customer), shop.domain);
        ensure!(is_confirmed(&question)?, "customer {id} was not erased");
    }
    let erased = storage.erase_customer(shop.id, id, super::stamp()).await?;
    let Erased { tickets, comments, .. } =
        erased.with_context(|| format!("customer {id} of {} is gone already", shop.domain))?;
    super::print([format!("erased customer {id} of {}: {tickets} tickets, {comments} comments", shop.domain)])
}

fn line(customer: &Customer) -> String {
    let Customer { id, email, phone_number, full_name, .. } = customer;
    let [email, phone_number, name] = [email, phone_number, full_name].map(|text| column(text.as_deref()));
    format!("{id}\t{email}\t{phone_number}\t{name}")
}

fn customer_id(text: &str) -> Result<CustomerId, String> {
    wire_id::parse(text).and_then(CustomerId::new).ok_or_else(|| wire_id::requirement(CustomerId::MAX))
}
