use std::sync::Arc;

use anyhow::bail;
use clap::{Args, Subcommand};
use hexdesk_adapters::{RandomTokens, SystemClock};
use hexdesk_domain::ports::CreateUserOutcome;
use hexdesk_domain::{
    Actor, Caller, IdempotentOutcome, Invite, InviteError, Invited, Role, ShopDomain, Storage, UserDraft,
};

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
    /// Invite a user to the console, and print only a link. The user sets a password with it. It works
    /// once, for 24 hours, and replaces the user's former link. A user who does not exist is created.
    Invite {
        #[command(flatten)]
        link: LinkOptions,
        /// What the user may do: agent (tickets and customers) or admin (everything in the shop).
        #[arg(long, default_value_t = Role::Agent)]
        role: Role,
    },
    /// Print a new link for a user who was invited before. The present password works until the user
    /// sets another with the link. Then every session of the user ends.
    PasswordReset(LinkOptions),
}

#[derive(Debug, Args)]
pub(super) struct LinkOptions {
    /// The domain of the user's shop.
    #[arg(long)]
    shop: ShopDomain,
    /// The user's e-mail address.
    #[arg(long)]
    email: String,
    /// The address at which browsers reach the console.
    #[arg(long, env = "HEXDESK_CONSOLE_URL", default_value = "http://127.0.0.1:8080", value_name = "URL")]
    console_url: String,
}

impl UserCommand {
    pub(super) async fn run(self, storage: Arc<dyn Storage>) -> anyhow::Result<()> {
        match self {
            Self::Create { shop, email, first_name, last_name } => {
                create(&storage, &shop, email, first_name, last_name).await
            }
            Self::Invite { link, role } => {
                let (caller, invite) = link.prepare(&storage).await?;
                let draft = UserDraft { email: Some(link.email.clone()), ..UserDraft::default() };
                link.print(invite.invite(caller, draft, role).await)
            }
            Self::PasswordReset(link) => {
                let (caller, invite) = link.prepare(&storage).await?;
                link.print(invite.reset_password_of(caller, &link.email).await)
            }
        }
    }
}

async fn create(
    storage: &Arc<dyn Storage>,
    shop: &ShopDomain,
    email: String,
    first_name: Option<String>,
    last_name: Option<String>,
) -> anyhow::Result<()> {
    let draft = UserDraft { email: Some(email), first_name, last_name, ..UserDraft::default() };
    let user = draft.into_new(super::stamp()).map_err(|violations| super::refused(&violations))?;
    let shop = super::open_shop(storage, shop).await?;
    match storage.create_user(shop.id, user, None).await? {
        IdempotentOutcome::Ran(CreateUserOutcome::Created(user)) => super::print([user.id]),
        IdempotentOutcome::Ran(CreateUserOutcome::EmailTaken(user)) => {
            bail!("user {} has this e-mail address already", user.id)
        }
        // Only a draft with an id, or an idempotency key, has other outcomes.
        _ => bail!("the user was not created"),
    }
}

impl LinkOptions {
    async fn prepare(&self, storage: &Arc<dyn Storage>) -> anyhow::Result<(Caller, Invite)> {
        if !["http://", "https://"].iter().any(|scheme| self.console_url.starts_with(scheme)) {
            bail!("--console-url (HEXDESK_CONSOLE_URL) must begin with http:// or https://");
        }
        let shop = super::open_shop(storage, &self.shop).await?;
        let caller = Caller { shop: shop.id, actor: Actor::Operator, request_id: None };
        let (tokens, clock) = (Arc::new(RandomTokens), Arc::new(SystemClock));
        Ok((caller, Invite::new(storage.clone(), storage.clone(), tokens, clock)))
    }

    fn print(&self, invited: Result<Invited, InviteError>) -> anyhow::Result<()> {
        let (shop, email) = (&self.shop, &self.email);
        match invited {
            Ok(invited) => super::print([format!(
                "{}/welcome/{}",
                self.console_url.trim_end_matches('/'),
                invited.token.text()
            )]),
            Err(InviteError::Invalid(violations)) => Err(super::refused(&violations)),
            Err(InviteError::UserNotFound) => {
                bail!("the user {email} of {shop} is deactivated: activate the user first")
            }
            Err(InviteError::NotInvited) => {
                bail!("{shop} has invited nobody with the e-mail address {email}: see `hexdesk user invite`")
            }
            Err(error) => Err(error.into()),
        }
    }
}
