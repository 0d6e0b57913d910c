//! The use cases: invite users to the console, and set a password with the link.

use std::sync::Arc;

use super::credential::{Link, LinkHolder, NewLink};
use super::password::Password;
use super::role::Role;
use super::session::NewSession;
use super::sign_in::{SignedIn, signed_in};
use super::token::Token;
use crate::ports::{
    Clock, CreateUserOutcome, CredentialOutcome, CredentialStore, PasswordHasher, SessionStore, TokenSource,
    UserStore,
};
use crate::{
    Actor, AuditStamp, Caller, CommandError, IdempotentOutcome, RequestId, StorageError, Timestamp, User,
    UserDraft, UserId, Violations,
};

/// A user and a one-time link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invited {
    /// The user.
    pub user: User,
    /// The token of the link. Shown once: the store keeps only its hash.
    pub token: Token,
    /// The link works before this time.
    pub ends_at: Timestamp,
}

/// The reason why a user got no link or role.
#[derive(Debug, thiserror::Error)]
pub enum InviteError {
    /// The draft of the user breaks rules.
    #[error(transparent)]
    Invalid(#[from] Violations),
    /// The shop has no such active user, or is closed.
    #[error("the shop has no such active user")]
    UserNotFound,
    /// The user has no role.
    #[error("the user was never invited")]
    NotInvited,
    /// No token can be made.
    #[error("{0:#}")]
    Unusable(anyhow::Error),
    /// The store failed. The caller acts on the kind of the error.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl From<CommandError> for InviteError {
    fn from(error: CommandError) -> Self {
        match error {
            CommandError::Invalid(violations) => Self::Invalid(violations),
            CommandError::Storage(error) => Self::Storage(error),
        }
    }
}

/// Gives users one-time links, with which they set a password, and roles. Each link works for
/// [`Link::LIFE_MILLIS`], and replaces the user's former link.
#[derive(Clone)]
pub struct Invite {
    users: Arc<dyn UserStore>,
    credentials: Arc<dyn CredentialStore>,
    tokens: Arc<dyn TokenSource>,
    clock: Arc<dyn Clock>,
}

impl Invite {
    /// Connects the use cases to these ports.
    pub fn new(
        users: Arc<dyn UserStore>,
        credentials: Arc<dyn CredentialStore>,
        tokens: Arc<dyn TokenSource>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { users, credentials, tokens, clock }
    }

    /// Gives the user with the draft's e-mail address this role and a link. If the shop has no such user,
    /// it is created; otherwise its names stay.
    ///
    /// # Errors
    /// [`InviteError`]. A user may have been created, if the store fails.
    pub async fn invite(&self, caller: Caller, draft: UserDraft, role: Role) -> Result<Invited, InviteError> {
        let new = draft.into_new(caller.stamp(self.clock.now()))?;
        let user = match self.users.create_user(caller.shop, new, None).await? {
            IdempotentOutcome::Ran(
                CreateUserOutcome::Created(user) | CreateUserOutcome::EmailTaken(user),
            ) => user,
            // A creation without an idempotency key is not replayed, and a draft without an id takes none.
            _ => return Err(InviteError::UserNotFound),
        };
        self.link(caller, user.id, Some(role)).await
    }

    /// Gives a user who was invited before a new link. The present password works until the link is used.
    ///
    /// # Errors
    /// [`InviteError`].
    pub async fn reset_password(&self, caller: Caller, user: UserId) -> Result<Invited, InviteError> {
        self.link(caller, user, None).await
    }

    /// As [`Self::reset_password`], for the user with this e-mail address.
    ///
    /// # Errors
    /// [`InviteError`].
    pub async fn reset_password_of(&self, caller: Caller, email: &str) -> Result<Invited, InviteError> {
        let found = self.credentials.find_credential(caller.shop, email.to_owned()).await?;
        let (user, _) = found.ok_or(InviteError::NotInvited)?;
        self.link(caller, user.id, None).await
    }

    /// Gives a user who was invited before another role. It counts at once.
    ///
    /// # Errors
    /// [`InviteError`].
    pub async fn set_role(&self, caller: Caller, user: UserId, role: Role) -> Result<User, InviteError> {
        let stamp = caller.stamp(self.clock.now());
        done(self.credentials.set_role(caller.shop, user, role, stamp).await?)
    }

    async fn link(
        &self,
        caller: Caller,
        user_id: UserId,
        role: Option<Role>,
    ) -> Result<Invited, InviteError> {
        let token = self.tokens.new_token(caller.shop).map_err(InviteError::Unusable)?;
        let now = self.clock.now();
        let ends_at = now.saturating_add_millis(Link::LIFE_MILLIS);
        let link = Link { token_hash: self.tokens.hash(&token), ends_at };
        let new = NewLink { user_id, role, link, stamp: caller.stamp(now) };
        let user = done(self.credentials.create_link(caller.shop, new).await?)?;
        Ok(Invited { user, token, ends_at })
    }
}

fn done(outcome: CredentialOutcome) -> Result<User, InviteError> {
    match outcome {
        CredentialOutcome::Done(user) => Ok(user),
        CredentialOutcome::UserNotFound => Err(InviteError::UserNotFound),
        CredentialOutcome::NotInvited => Err(InviteError::NotInvited),
    }
}

/// The reason why no password was set.
#[derive(Debug, thiserror::Error)]
pub enum AcceptInvitationError {
    /// The password breaks a rule. The link still works.
    #[error(transparent)]
    Invalid(#[from] Violations),
    /// The link is unknown, used, replaced or too old, or its user or shop is not active.
    #[error("the link does not work any more")]
    LinkNotFound,
    /// The password cannot be hashed, or no token can be made.
    #[error("{0:#}")]
    Unusable(anyhow::Error),
    /// The store failed. The caller acts on the kind of the error.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Sets a password with a one-time link, and signs its user in.
#[derive(Clone)]
pub struct AcceptInvitation {
    credentials: Arc<dyn CredentialStore>,
    sessions: Arc<dyn SessionStore>,
    hasher: Arc<dyn PasswordHasher>,
    tokens: Arc<dyn TokenSource>,
    clock: Arc<dyn Clock>,
}

impl AcceptInvitation {
    /// Connects the use case to these ports.
    pub fn new(
        credentials: Arc<dyn CredentialStore>,
        sessions: Arc<dyn SessionStore>,
        hasher: Arc<dyn PasswordHasher>,
        tokens: Arc<dyn TokenSource>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { credentials, sessions, hasher, tokens, clock }
    }

    /// Returns the holder of the link with this token, or `None` if the link does not work.
    ///
    /// # Errors
    /// [`StorageError`] if the store fails.
    pub async fn holder(&self, token: &str) -> Result<Option<LinkHolder>, StorageError> {
        let Ok(token) = token.parse::<Token>() else { return Ok(None) };
        self.credentials.find_link(token.shop, self.tokens.hash(&token), self.clock.now()).await
    }

    /// Sets the password of the link's user, ends the user's sessions, and begins a new one.
    ///
    /// # Errors
    /// [`AcceptInvitationError`]. If the store fails after the password was set, the user can sign in.
    pub async fn execute(
        &self,
        token: &str,
        password: &str,
        request_id: Option<RequestId>,
    ) -> Result<SignedIn, AcceptInvitationError> {
        let password = Password::new(password)?;
        let token: Token = token.parse().map_err(|_| AcceptInvitationError::LinkNotFound)?;
        let (shop, token_hash) = (token.shop, self.tokens.hash(&token));
        let found = self.credentials.find_link(shop, token_hash, self.clock.now()).await?;
        let holder = found.ok_or(AcceptInvitationError::LinkNotFound)?;
        let password = self.hasher.hash(password).await.map_err(AcceptInvitationError::Unusable)?;
        let now = self.clock.now();
        let stamp = AuditStamp { actor: Actor::User { id: holder.user.id }, time: now, request_id };
        let set = self.credentials.set_password(shop, token_hash, password.clone(), stamp).await?;
        let user = set.ok_or(AcceptInvitationError::LinkNotFound)?;
        let token = self.tokens.new_token(shop).map_err(AcceptInvitationError::Unusable)?;
        let new =
            NewSession { token_hash: self.tokens.hash(&token), user_id: user.id, password, created_at: now };
        let signed_in = signed_in(&*self.sessions, shop, token, new).await?;
        // Another link, a deactivation or a closing came in between.
        signed_in.ok_or(AcceptInvitationError::LinkNotFound)
    }
}
