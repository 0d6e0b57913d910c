use std::sync::Arc;

use anyhow::bail;
use clap::Subcommand;
use hexdesk_domain::ports::CreateCustomerOutcome;
use hexdesk_domain::{CustomerDraft, IdempotentOutcome, ShopDomain, Storage};

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
}

impl CustomerCommand {
    pub(super) async fn run(self, storage: Arc<dyn Storage>) -> anyhow::Result<()> {
        let Self::Create { shop, email, phone_number, first_name, last_name } = self;
        let draft = CustomerDraft { email, phone_number, first_name, last_name, ..CustomerDraft::default() };
        let customer = draft.into_new(super::stamp()).map_err(|violations| super::refused(&violations))?;
        let shop = super::open_shop(&storage, &shop).await?;
        match storage.create_customer(shop.id, customer, None).await? {
            IdempotentOutcome::Ran(CreateCustomerOutcome::Created(customer)) => super::print([customer.id]),
            IdempotentOutcome::Ran(CreateCustomerOutcome::Existing(customer)) => {
                bail!("customer {} has this e-mail address or phone number already", customer.id)
            }
            // Only a draft with an id, or an idempotency key, has other outcomes.
            _ => bail!("the customer was not created"),
        }
    }
}
