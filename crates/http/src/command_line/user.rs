use std::sync::Arc;

use anyhow::bail;
use clap::Subcommand;
use hexdesk_domain::ports::CreateUserOutcome;
use hexdesk_domain::{IdempotentOutcome, ShopDomain, Storage, UserDraft};

#[derive(Debug, Subcommand)]
pub(super) enum UserCommand {
    /// Create a user, and print its id: the `assigned_to` of a ticket.
    Create {
        /// The domain of the user's shop.
        #[arg(long)]
        shop: ShopDomain,
        /// E-mail address, unique within the shop.
        #[arg(long)]
        email: String,
        /// First name.
        #[arg(long)]
        first_name: Option<String>,
        /// Last name.
        #[arg(long)]
        last_name: Option<String>,
    },
}

impl UserCommand {
    pub(super) async fn run(self, storage: Arc<dyn Storage>) -> anyhow::Result<()> {
        let Self::Create { shop, email, first_name, last_name } = self;
        let draft = UserDraft { email: Some(email), first_name, last_name, ..UserDraft::default() };
        let user = draft.into_new(super::stamp()).map_err(|violations| super::refused(&violations))?;
        let shop = super::open_shop(&storage, &shop).await?;
        match storage.create_user(shop.id, user, None).await? {
            IdempotentOutcome::Ran(CreateUserOutcome::Created(user)) => super::print([user.id]),
            IdempotentOutcome::Ran(CreateUserOutcome::EmailTaken(user)) => {
                bail!("user {} has this e-mail address already", user.id)
            }
            // Only a draft with an id, or an idempotency key, has other outcomes.
            _ => bail!("the user was not created"),
        }
    }
}
