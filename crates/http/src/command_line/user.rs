use std::sync::Arc;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use hexdesk_adapters::{RandomTokens, SystemClock};
use hexdesk_domain::ports::{CreateUserOutcome, UpdateUserOutcome};
use hexdesk_domain::{
    Caller, IdempotentOutcome, Invite, InviteError, Invited, ManageUsers, PageSize, Role, ShopDomain,
    Storage, User, UserChanges, UserDraft, UserFilter, UserId,
};

use super::lists::{ListFormat, column};
use crate::users::wire::UserJson;
use crate::wire_id;

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
    /// Print a shop's users, one per line: id, e-mail address, name, and "active" or "deactivated" with the
    /// time, separated by tabs.
    List {
        /// The shop's domain.
        #[arg(long)]
        shop: ShopDomain,
        /// Only the user with this e-mail address. Case makes no difference.
        #[arg(long)]
        email: Option<String>,
        #[command(flatten)]
        format: ListFormat,
    },
    /// Deactivate a user, and print the user's line. Sessions end, the keys that write in the user's name
    /// are revoked, and tickets stay assigned.
    Deactivate {
        /// The domain of the user's shop.
        #[arg(long)]
        shop: ShopDomain,
        /// The user's id or e-mail address, as `user list` prints it.
        user: String,
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
            Self::List { shop, email, format } => {
                let shop = super::existing_shop(&storage, &shop).await?;
                let filter = UserFilter { email, is_active: None };
                let page =
                    async |after| storage.list_users(shop.id, filter.clone(), after, PageSize::MAX).await;
                let json = |user: &User| serde_json::to_string(&UserJson::new(user, shop.domain.as_str()));
                format.print_pages(page, line, json).await
            }
            Self::Deactivate { shop, user } => deactivate(&storage, &shop, &user).await,
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

async fn deactivate(storage: &Arc<dyn Storage>, shop: &ShopDomain, user: &str) -> anyhow::Result<()> {
    let shop = super::existing_shop(storage, shop).await?;
    let missing = || format!("{} has no user {user}: see `hexdesk user list`", shop.domain);
    let id = match wire_id::parse(user).and_then(UserId::new) {
        Some(id) => id,
        None => {
            let filter = UserFilter { email: Some(user.to_owned()), is_active: None };
            let found = storage.list_users(shop.id, filter, None, PageSize::of(1)).await?;
            found.entries.first().with_context(missing)?.id
        }
    };
    let changes = UserChanges { is_active: Some(false), ..UserChanges::default() };
    let users = ManageUsers::new(storage.clone(), Arc::new(SystemClock));
    match users.update(super::caller(&shop), id, changes, None, Arc::new(|_| None)).await? {
        IdempotentOutcome::Ran(UpdateUserOutcome::Updated(user)) => super::print([line(&user)]),
        _ => bail!(missing()),
    }
}

fn line(user: &User) -> String {
    let state = user.deactivated_at.map_or("active".to_owned(), |at| format!("deactivated {at}"));
    let name = column(user.full_name.as_deref());
    format!("{}\t{}\t{name}\t{state}", user.id, column(Some(&user.email)))
}

impl LinkOptions {
    async fn prepare(&self, storage: &Arc<dyn Storage>) -> anyhow::Result<(Caller, Invite)> {
        if !["http://", "https://"].iter().any(|scheme| self.console_url.starts_with(scheme)) {
            bail!("--console-url (HEXDESK_CONSOLE_URL) must begin with http:// or https://");
        }
        let shop = super::open_shop(storage, &self.shop).await?;
        let caller = super::caller(&shop);
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
