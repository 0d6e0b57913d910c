//! Roles, links, sessions and saved replies.

use anyhow::Context;
use hexdesk_domain::ports::{CreateSavedReplyOutcome, CredentialOutcome};
use hexdesk_domain::{
    Credential, CredentialStore, Link, LinkHolder, NewLink, NewSavedReply, NewSession, PasswordHash, Role,
    SavedReply, SavedReplyId, SavedReplyStore, SecretHash, Session, SessionStore, ShopId, User, UserId,
};

use super::super::step::{ConsoleStep, Person, SAVED_REPLIES, Slot, Token};
use super::{Both, Model, address, both, person, pick, text_of};
use crate::comparison::same;
use crate::samples::{at, stamp};

const HOUR: i64 = 60 * 60 * 1_000;

/// How long links work.
const LINK_MILLIS: i64 = 8;

impl Model {
    pub(super) async fn take_in_console(&mut self, step: ConsoleStep) -> anyhow::Result<()> {
        match step {
            ConsoleStep::CreateLink { shop, user, is_admin, at } => {
                self.create_link(shop, user, is_admin.map(role), at).await
            }
            ConsoleStep::SetPassword { link, password, at } => self.set_password(link, password, at).await,
            ConsoleStep::SetRole { shop, user, is_admin, at: millis } => {
                let Some((shop, user)) = self.user_at(shop, user)? else { return Ok(()) };
                let (role, stamp) = (role(is_admin), stamp(at(millis)));
                let outcomes = both(
                    self.tested.set_role(shop.tested, user.tested, role, stamp).await,
                    self.reference.set_role(shop.reference, user.reference, role, stamp).await,
                )?;
                self.same_outcome("setting a role", outcomes)
            }
            ConsoleStep::CreateSession { shop, user, password, hour } => {
                self.create_session(shop, user, password, hour).await
            }
            ConsoleStep::NoteSessionUse { session, hour } => {
                let Some((shop, hash)) = self.token(&self.sessions, session) else { return Ok(()) };
                let noted = both(
                    self.tested.note_session_use(shop.tested, hash, at(hour * HOUR)).await,
                    self.reference.note_session_use(shop.reference, hash, at(hour * HOUR)).await,
                )?;
                noted.map(drop).context("noting the use of a session failed")
            }
            ConsoleStep::EndSession(session) => {
                let Some((shop, hash)) = self.token(&self.sessions, session) else { return Ok(()) };
                let ended = both(
                    self.tested.end_session(shop.tested, hash).await,
                    self.reference.end_session(shop.reference, hash).await,
                )?;
                ended.map(drop).context("ending a session failed")
            }
            ConsoleStep::CreateSavedReply { shop, id, text, at: millis } => {
                let Some(shop) = pick(&self.shops, shop) else { return Ok(()) };
                let (id, new) = (reply_id(id)?, new_reply(text));
                let outcomes = both(
                    self.tested.create_saved_reply(shop.tested, id, new.clone(), at(millis)).await,
                    self.reference.create_saved_reply(shop.reference, id, new, at(millis)).await,
                )?;
                let Some(Both { tested, reference }) = outcomes else { return Ok(()) };
                let tested = match tested {
                    CreateSavedReplyOutcome::Created(reply) => {
                        CreateSavedReplyOutcome::Created(self.saved_reply(reply)?)
                    }
                    CreateSavedReplyOutcome::Exists(reply) => {
                        CreateSavedReplyOutcome::Exists(self.saved_reply(reply)?)
                    }
                    CreateSavedReplyOutcome::TooMany => tested,
                };
                same("creating a saved reply", &tested, &reference)
            }
            ConsoleStep::UpdateSavedReply { shop, id, text, at: millis } => {
                let Some(shop) = pick(&self.shops, shop) else { return Ok(()) };
                let (id, new) = (reply_id(id)?, new_reply(text));
                let outcomes = both(
                    self.tested.update_saved_reply(shop.tested, id, new.clone(), at(millis)).await,
                    self.reference.update_saved_reply(shop.reference, id, new, at(millis)).await,
                )?;
                let Some(Both { tested, reference }) = outcomes else { return Ok(()) };
                let tested = tested.map(|reply| self.saved_reply(reply)).transpose()?;
                same("changing a saved reply", &tested, &reference)
            }
            ConsoleStep::DeleteSavedReply { shop, id } => {
                let Some(shop) = pick(&self.shops, shop) else { return Ok(()) };
                let id = reply_id(id)?;
                let deleted = both(
                    self.tested.delete_saved_reply(shop.tested, id).await,
                    self.reference.delete_saved_reply(shop.reference, id).await,
                )?;
                let Some(Both { tested, reference }) = deleted else { return Ok(()) };
                same("whether a saved reply was deleted", &tested, &reference)
            }
        }
    }

    async fn create_link(
        &mut self,
        shop: Slot,
        user: Person,
        role: Option<Role>,
        millis: i64,
    ) -> anyhow::Result<()> {
        let Some((shop, user)) = self.user_at(shop, user)? else { return Ok(()) };
        let link = Link { token_hash: self.secret(), ends_at: at(millis + LINK_MILLIS) };
        let new = |user_id| NewLink { user_id, role, link, stamp: stamp(at(millis)) };
        let outcomes = both(
            self.tested.create_link(shop.tested, new(user.tested)).await,
            self.reference.create_link(shop.reference, new(user.reference)).await,
        )?;
        self.links.push((shop, link.token_hash));
        self.same_outcome("creating a link", outcomes)
    }

    async fn set_password(&mut self, link: Token, password: u8, millis: i64) -> anyhow::Result<()> {
        let Some((shop, hash)) = self.token(&self.links, link) else { return Ok(()) };
        let (password, stamp) = (password_of(password), stamp(at(millis)));
        let users = both(
            self.tested.set_password(shop.tested, hash, password.clone(), stamp).await,
            self.reference.set_password(shop.reference, hash, password, stamp).await,
        )?;
        let Some(Both { tested, reference }) = users else { return Ok(()) };
        same("setting a password", &tested.map(|user| self.user(user)).transpose()?, &reference)
    }

    async fn create_session(
        &mut self,
        shop: Slot,
        user: Person,
        password: u8,
        hour: i64,
    ) -> anyhow::Result<()> {
        let Some((shop, user)) = self.user_at(shop, user)? else { return Ok(()) };
        // Of sessions that begin at the same time, a store may remove any.
        let created_at = at(hour * HOUR + self.steps);
        let (token_hash, password) = (self.secret(), password_of(password));
        let new = |user_id| NewSession { token_hash, user_id, password: password.clone(), created_at };
        let created = both(
            self.tested.create_session(shop.tested, new(user.tested)).await,
            self.reference.create_session(shop.reference, new(user.reference)).await,
        )?;
        let Some(Both { tested, reference }) = created else { return Ok(()) };
        self.sessions.push((shop, token_hash));
        same("whether a session was created", &tested, &reference)
    }

    /// Compares the roles, links, sessions and saved replies of the shop.
    pub(super) async fn look_at_console(&self, shop: Both<ShopId>) -> anyhow::Result<()> {
        let of_shop = |(of, _): &&(Both<ShopId>, SecretHash)| of.reference == shop.reference;
        for (_, hash) in self.links.iter().filter(of_shop) {
            let found = self.tested.find_link(shop.tested, *hash, at(LINK_MILLIS)).await?;
            let found = found.map(|holder| self.link_holder(holder)).transpose()?;
            let expected = self.reference.find_link(shop.reference, *hash, at(LINK_MILLIS)).await?;
            same("the holder of a link", &found, &expected)?;
        }
        // Each user by one of two addresses.
        for email in [0, 3, 4, 7].map(address) {
            let found = self.tested.find_credential(shop.tested, email.clone()).await?;
            let found = found.map(|(user, it)| self.credential(user, it)).transpose()?;
            same("a credential", &found, &self.reference.find_credential(shop.reference, email).await?)?;
        }
        for (_, hash) in self.sessions.iter().filter(of_shop) {
            for hour in [0, 20] {
                let found = self.tested.find_session(shop.tested, *hash, at(hour * HOUR)).await?;
                let found = found.map(|session| self.session(session)).transpose()?;
                let expected = self.reference.find_session(shop.reference, *hash, at(hour * HOUR)).await?;
                same("a session", &found, &expected)?;
            }
        }
        let list = self.tested.list_saved_replies(shop.tested).await?;
        let list =
            list.into_iter().map(|reply| self.saved_reply(reply)).collect::<anyhow::Result<Vec<_>>>()?;
        same("the saved replies", &list, &self.reference.list_saved_replies(shop.reference).await?)?;
        for id in 0..SAVED_REPLIES {
            let found = self.tested.find_saved_reply(shop.tested, reply_id(id)?).await?;
            let found = found.map(|reply| self.saved_reply(reply)).transpose()?;
            let expected = self.reference.find_saved_reply(shop.reference, reply_id(id)?).await?;
            same("a saved reply", &found, &expected)?;
        }
        Ok(())
    }

    /// The shop and a user of it, or an unknown one.
    fn user_at(&self, shop: Slot, user: Person) -> anyhow::Result<Option<(Both<ShopId>, Both<UserId>)>> {
        let Some(shop) = pick(&self.shops, shop) else { return Ok(None) };
        let nobody = UserId::new(UserId::MAX).context("a user's number")?;
        let user = person(self.users.get(&shop.reference), user);
        Ok(Some((shop, user.unwrap_or(Both { tested: nobody, reference: nobody }))))
    }

    /// The hash, and the shop in which to look for it.
    fn token(
        &self,
        tokens: &[(Both<ShopId>, SecretHash)],
        token: Token,
    ) -> Option<(Both<ShopId>, SecretHash)> {
        let (shop, hash) = pick(tokens, token.hash)?;
        Some((token.other_shop.and_then(|slot| pick(&self.shops, slot)).unwrap_or(shop), hash))
    }

    fn same_outcome(&self, what: &str, outcomes: Option<Both<CredentialOutcome>>) -> anyhow::Result<()> {
        let Some(Both { tested, reference }) = outcomes else { return Ok(()) };
        let tested = match tested {
            CredentialOutcome::Done(user) => CredentialOutcome::Done(self.user(user)?),
            CredentialOutcome::UserNotFound | CredentialOutcome::NotInvited => tested,
        };
        same(what, &tested, &reference)
    }

    fn link_holder(&self, holder: LinkHolder) -> anyhow::Result<LinkHolder> {
        let LinkHolder { shop, user, role } = holder;
        Ok(LinkHolder { shop: self.shop(shop)?, user: self.user(user)?, role })
    }

    fn credential(&self, user: User, credential: Credential) -> anyhow::Result<(User, Credential)> {
        let user = self.user(user)?;
        Ok((user.clone(), Credential { user_id: user.id, ..credential }))
    }

    fn session(&self, session: Session) -> anyhow::Result<Session> {
        Ok(Session { shop: self.shop(session.shop)?, user: self.user(session.user)?, ..session })
    }

    fn saved_reply(&self, reply: SavedReply) -> anyhow::Result<SavedReply> {
        Ok(SavedReply { shop_id: self.shop_ids.reference(reply.shop_id)?, ..reply })
    }
}

const fn role(is_admin: bool) -> Role {
    if is_admin { Role::Admin } else { Role::Agent }
}

fn password_of(number: u8) -> PasswordHash {
    PasswordHash::new(format!("password {number}"))
}

fn reply_id(number: u8) -> anyhow::Result<SavedReplyId> {
    SavedReplyId::new(1 + i64::from(number)).context("the id of a saved reply")
}

/// The rules of the domain allow neither a blank title nor a blank text.
fn new_reply(text: Slot) -> NewSavedReply {
    NewSavedReply { title: format!("title {}", text % 3), text: format!("text {}", text_of(text)) }
}
