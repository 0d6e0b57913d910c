//! The use case: list users with their access to the console.

use std::sync::Arc;

use super::credential::Credential;
use super::role::Role;
use crate::ports::{CredentialStore, UserStore};
use crate::{Page, PageSize, ShopId, StorageError, Timestamp, User, UserFilter, UserId};

/// A user of the shop, and the access to the console.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The user.
    pub user: User,
    /// The access. A user who was never invited has none.
    pub access: Option<Access>,
}

/// The access of a user to the console.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Access {
    /// The role.
    pub role: Role,
    /// Whether the user has set a password.
    pub has_password: bool,
    /// The end of the latest link, until it is used.
    pub link_ends_at: Option<Timestamp>,
    /// When the user last signed in.
    pub signed_in_at: Option<Timestamp>,
}

impl From<Credential> for Access {
    fn from(credential: Credential) -> Self {
        let Credential { user_id: _, role, password, link, signed_in_at } = credential;
        let link_ends_at = link.map(|link| link.ends_at);
        Self { role, has_password: password.is_some(), link_ends_at, signed_in_at }
    }
}

/// Finds and lists users with their access. No hash leaves it.
#[derive(Clone)]
pub struct Members {
    users: Arc<dyn UserStore>,
    credentials: Arc<dyn CredentialStore>,
}

impl Members {
    /// Connects the use cases to these ports.
    pub fn new(users: Arc<dyn UserStore>, credentials: Arc<dyn CredentialStore>) -> Self {
        Self { users, credentials }
    }

    /// Returns the shop's users after this one, in order of number: a page of this size.
    ///
    /// # Errors
    /// [`StorageError`] if the store fails.
    pub async fn list(
        &self,
        shop: ShopId,
        after: Option<UserId>,
        size: PageSize,
    ) -> Result<Page<Member, UserId>, StorageError> {
        let Page { entries, next } = self.users.list_users(shop, UserFilter::default(), after, size).await?;
        Ok(Page { entries: self.with_access(shop, entries).await?, next })
    }

    /// Returns the shop's user with this number.
    ///
    /// # Errors
    /// [`StorageError`] if the store fails.
    pub async fn find(&self, shop: ShopId, id: UserId) -> Result<Option<Member>, StorageError> {
        let user = self.users.find_user(shop, id).await?;
        Ok(self.with_access(shop, user.into_iter().collect()).await?.pop())
    }

    /// Returns the shop's user with this e-mail address.
    ///
    /// # Errors
    /// [`StorageError`] if the store fails.
    pub async fn find_by_email(&self, shop: ShopId, email: &str) -> Result<Option<Member>, StorageError> {
        let filter = UserFilter { email: Some(email.to_owned()), is_active: None };
        let page = self.users.list_users(shop, filter, None, PageSize::of(1)).await?;
        Ok(self.with_access(shop, page.entries).await?.pop())
    }

    async fn with_access(&self, shop: ShopId, users: Vec<User>) -> Result<Vec<Member>, StorageError> {
        let ids = users.iter().map(|user| user.id).collect();
        let credentials = self.credentials.find_credentials(shop, ids).await?;
        let access = |user: &User| {
            let own = credentials.iter().find(|credential| credential.user_id == user.id);
            own.cloned().map(Access::from)
        };
        Ok(users.into_iter().map(|user| Member { access: access(&user), user }).collect())
    }
}
