use async_trait::async_trait;
use hexdesk_domain::ports::CredentialOutcome;
use hexdesk_domain::{
    AuditStamp, Credential, CredentialStore, EventKind, LinkHolder, NewLink, PasswordHash, Role, SecretHash,
    ShopId, StorageError, Subject, Timestamp, User, UserId, fold_email,
};

use super::{MemoryStorage, State};

impl State {
    pub(crate) fn is_open_shop(&self, shop: ShopId) -> bool {
        self.shops.get(&shop).is_some_and(|shop| shop.closed_at.is_none())
    }

    pub(crate) fn create_link(&mut self, shop: ShopId, new: NewLink) -> CredentialOutcome {
        let NewLink { user_id, role, link, stamp } = new;
        let Some(user) = self.invitable(shop, user_id) else { return CredentialOutcome::UserNotFound };
        let present = self.credentials.get(&(shop, user_id));
        let Some(role) = role.or(present.map(|present| present.role)) else {
            return CredentialOutcome::NotInvited;
        };
        let password = present.and_then(|present| present.password.clone());
        let signed_in_at = present.and_then(|present| present.signed_in_at);
        let credential = Credential { user_id, role, password, link: Some(link), signed_in_at };
        self.credentials.insert((shop, user_id), credential);
        self.append_events(shop, stamp, [(EventKind::UserInvited, Subject::User(user_id))]);
        CredentialOutcome::Done(user)
    }

    pub(crate) fn find_link(
        &self,
        shop: ShopId,
        token_hash: SecretHash,
        now: Timestamp,
    ) -> Option<LinkHolder> {
        let mut of_shop = self.credentials.iter().filter(|((of, _), _)| *of == shop);
        let admits =
            |credential: &Credential| credential.link.is_some_and(|link| link.admits(token_hash, now));
        let ((_, user), credential) = of_shop.find(|(_, credential)| admits(credential))?;
        let user = self.invitable(shop, *user)?;
        Some(LinkHolder { shop: self.shops.get(&shop)?.clone(), user, role: credential.role })
    }

    pub(crate) fn set_password(
        &mut self,
        shop: ShopId,
        token_hash: SecretHash,
        password: PasswordHash,
        stamp: AuditStamp,
    ) -> Option<User> {
        let LinkHolder { user, .. } = self.find_link(shop, token_hash, stamp.time)?;
        let credential = self.credentials.get_mut(&(shop, user.id))?;
        credential.password = Some(password);
        credential.link = None;
        self.end_sessions_of(shop, user.id);
        self.append_events(shop, stamp, [(EventKind::UserPasswordSet, Subject::User(user.id))]);
        Some(user)
    }

    pub(crate) fn set_role(
        &mut self,
        shop: ShopId,
        user_id: UserId,
        role: Role,
        stamp: AuditStamp,
    ) -> CredentialOutcome {
        let Some(user) = self.invitable(shop, user_id) else { return CredentialOutcome::UserNotFound };
        let Some(credential) = self.credentials.get_mut(&(shop, user_id)) else {
            return CredentialOutcome::NotInvited;
        };
        if credential.role != role {
            credential.role = role;
            self.append_events(shop, stamp, [(EventKind::UserRoleChanged, Subject::User(user_id))]);
        }
        CredentialOutcome::Done(user)
    }

    pub(crate) fn find_credential(&self, shop: ShopId, email: &str) -> Option<(User, Credential)> {
        let folded = fold_email(email);
        let user = self.users_of(shop).find(|user| fold_email(&user.email) == folded)?;
        Some((user.clone(), self.credentials.get(&(shop, user.id))?.clone()))
    }

    pub(crate) fn find_credentials(&self, shop: ShopId, users: &[UserId]) -> Vec<Credential> {
        let of_shop = self.credentials.iter().filter(|((of, user), _)| *of == shop && users.contains(user));
        of_shop.map(|(_, credential)| credential.clone()).collect()
    }

    /// Removes the link and the sessions of a user who is deactivated.
    pub(crate) fn lock_out(&mut self, shop: ShopId, user: UserId) {
        if let Some(credential) = self.credentials.get_mut(&(shop, user)) {
            credential.link = None;
        }
        self.end_sessions_of(shop, user);
    }

    /// The same for every user of a shop that is closed.
    pub(crate) fn lock_all_out(&mut self, shop: ShopId) {
        let of_shop = self.credentials.iter_mut().filter(|((of, _), _)| *of == shop);
        of_shop.for_each(|(_, credential)| credential.link = None);
        self.sessions.retain(|(of, _), _| *of != shop);
    }

    /// An active user of an open shop.
    fn invitable(&self, shop: ShopId, user: UserId) -> Option<User> {
        self.users.get(&(shop, user)).filter(|user| user.is_active() && self.is_open_shop(shop)).cloned()
    }
}

#[async_trait]
impl CredentialStore for MemoryStorage {
    async fn create_link(&self, shop: ShopId, link: NewLink) -> Result<CredentialOutcome, StorageError> {
        Ok(self.state().create_link(shop, link))
    }

    async fn find_link(
        &self,
        shop: ShopId,
        token_hash: SecretHash,
        now: Timestamp,
    ) -> Result<Option<LinkHolder>, StorageError> {
        Ok(self.state().find_link(shop, token_hash, now))
    }

    async fn set_password(
        &self,
        shop: ShopId,
        token_hash: SecretHash,
        password: PasswordHash,
        stamp: AuditStamp,
    ) -> Result<Option<User>, StorageError> {
        Ok(self.state().set_password(shop, token_hash, password, stamp))
    }

    async fn set_role(
        &self,
        shop: ShopId,
        user: UserId,
        role: Role,
        stamp: AuditStamp,
    ) -> Result<CredentialOutcome, StorageError> {
        Ok(self.state().set_role(shop, user, role, stamp))
    }

    async fn find_credential(
        &self,
        shop: ShopId,
        email: String,
    ) -> Result<Option<(User, Credential)>, StorageError> {
        Ok(self.state().find_credential(shop, &email))
    }

    async fn find_credentials(
        &self,
        shop: ShopId,
        users: Vec<UserId>,
    ) -> Result<Vec<Credential>, StorageError> {
        Ok(self.state().find_credentials(shop, &users))
    }
}
