//! The use cases: sign in to the console, use the session, and sign out.

use std::sync::{Arc, Mutex, PoisonError};

use super::failures::{SignInFailures, TooManyFailures};
use super::password::Password;
use super::session::{NewSession, Session};
use super::token::Token;
use crate::ports::{Clock, CredentialStore, PasswordHasher, SessionStore, ShopStore, TokenSource};
use crate::{ShopDomain, ShopId, StorageError, fold_email};

/// A session that has just begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedIn {
    /// The token. It goes into the cookie: the store keeps only its hash.
    pub token: Token,
    /// The session.
    pub session: Session,
}

/// The reason why nobody was signed in.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// The shop, the e-mail address or the password is wrong, or the user or the shop is not active. The
    /// caller does not learn which, and each takes the same time.
    #[error("the shop, the e-mail address or the password is wrong")]
    Refused,
    /// The account had too many failures.
    #[error(transparent)]
    TooManyFailures(#[from] TooManyFailures),
    /// The password cannot be checked, or no token can be made.
    #[error("{0:#}")]
    Unusable(anyhow::Error),
    /// The store failed. The caller acts on the kind of the error.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Signs users in. One value counts the failures of its process: see [`SignInFailures`].
#[derive(Clone)]
pub struct SignIn {
    shops: Arc<dyn ShopStore>,
    credentials: Arc<dyn CredentialStore>,
    sessions: Arc<dyn SessionStore>,
    hasher: Arc<dyn PasswordHasher>,
    tokens: Arc<dyn TokenSource>,
    clock: Arc<dyn Clock>,
    failures: Arc<Mutex<SignInFailures>>,
}

impl SignIn {
    /// Connects the use case to these ports.
    pub fn new(
        shops: Arc<dyn ShopStore>,
        (credentials, sessions): (Arc<dyn CredentialStore>, Arc<dyn SessionStore>),
        hasher: Arc<dyn PasswordHasher>,
        tokens: Arc<dyn TokenSource>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { shops, credentials, sessions, hasher, tokens, clock, failures: Arc::default() }
    }

    /// Begins a session of the user with this e-mail address in the shop with this domain.
    ///
    /// # Errors
    /// [`SignInError`].
    pub async fn execute(&self, shop: &str, email: &str, password: &str) -> Result<SignedIn, SignInError> {
        let (domain, email) = (shop.trim().to_ascii_lowercase(), fold_email(email.trim()));
        self.failures(|failures| failures.begin(&domain, &email, self.clock.now()))?;
        let signed_in = self.attempt(&domain, &email, password).await;
        // If the store failed, no password was checked. So the attempt does not count.
        if matches!(signed_in, Ok(Some(_)) | Err(SignInError::Storage(_) | SignInError::Unusable(_))) {
            self.failures(|failures| failures.succeeded(&domain, &email));
        }
        signed_in?.ok_or(SignInError::Refused)
    }

    async fn attempt(
        &self,
        domain: &str,
        email: &str,
        password: &str,
    ) -> Result<Option<SignedIn>, SignInError> {
        let shop = match ShopDomain::parse(domain) {
            Ok(domain) => self.shops.find_shop(&domain).await?.filter(|shop| shop.closed_at.is_none()),
            Err(_) => None,
        };
        // A shop that does not exist is searched for the user too, so that the response takes the same time.
        let shop_id = shop.map(|shop| shop.id).or(ShopId::new(ShopId::MAX));
        let Some(shop) = shop_id else { return Ok(None) };
        let found = self.credentials.find_credential(shop, email.to_owned()).await?;
        let active = found.filter(|(user, _)| user.is_active());
        let hash = active.and_then(|(user, credential)| Some((user.id, credential.password?)));
        let presented = Password::presented(password);
        let checked = self.hasher.verify(presented, hash.as_ref().map(|(_, hash)| hash.clone())).await;
        let (true, Some((user_id, password))) = (checked.map_err(SignInError::Unusable)?, hash) else {
            return Ok(None);
        };
        let token = self.tokens.new_token(shop).map_err(SignInError::Unusable)?;
        let token_hash = self.tokens.hash(&token);
        let new = NewSession { token_hash, user_id, password, created_at: self.clock.now() };
        Ok(signed_in(&*self.sessions, shop, token, new).await?)
    }

    fn failures<T>(&self, change: impl FnOnce(&mut SignInFailures) -> T) -> T {
        change(&mut self.failures.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Begins a session. Returns `None` if the store refuses it.
pub(super) async fn signed_in(
    sessions: &dyn SessionStore,
    shop: ShopId,
    token: Token,
    new: NewSession,
) -> Result<Option<SignedIn>, StorageError> {
    let (token_hash, now) = (new.token_hash, new.created_at);
    if !sessions.create_session(shop, new).await? {
        return Ok(None);
    }
    let found = sessions.find_session(shop, token_hash, now).await?;
    Ok(found.map(|session| SignedIn { token, session }))
}

/// Finds the session of a request, and signs out.
#[derive(Clone)]
pub struct Sessions {
    store: Arc<dyn SessionStore>,
    tokens: Arc<dyn TokenSource>,
    clock: Arc<dyn Clock>,
}

impl Sessions {
    /// Connects the use cases to these ports.
    pub fn new(store: Arc<dyn SessionStore>, tokens: Arc<dyn TokenSource>, clock: Arc<dyn Clock>) -> Self {
        Self { store, tokens, clock }
    }

    /// Returns the live session with this token, and notes its use from time to time.
    ///
    /// # Errors
    /// [`StorageError`] if the session cannot be read. A use that cannot be noted is noted later.
    pub async fn find(&self, token: &str) -> Result<Option<Session>, StorageError> {
        let Ok(token) = token.parse::<Token>() else { return Ok(None) };
        let (token_hash, now) = (self.tokens.hash(&token), self.clock.now());
        let session = self.store.find_session(token.shop, token_hash, now).await?;
        if session.as_ref().is_some_and(|session| session.life.is_use_due(now)) {
            // The request goes on without it. The next request tries again.
            let _ = self.store.note_session_use(token.shop, token_hash, now).await;
        }
        Ok(session)
    }

    /// Ends the session with this token, if there is one.
    ///
    /// # Errors
    /// [`StorageError`] if the store fails.
    pub async fn sign_out(&self, token: &str) -> Result<(), StorageError> {
        let Ok(token) = token.parse::<Token>() else { return Ok(()) };
        self.store.end_session(token.shop, self.tokens.hash(&token)).await
    }
}
