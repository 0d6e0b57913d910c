//! The methods of the console that write.

use anyhow::{Context, ensure};
use hexdesk_domain::ports::{CreateSavedReplyOutcome, CredentialOutcome};
use hexdesk_domain::{
    Link, NewLink, NewSavedReply, NewSession, Role, SavedReplyId, SecretHash, StorageErrorKind,
};

use super::writes::{Effect, Scene, email, secret};
use crate::comparison::same;
use crate::credentials::cases::password;
use crate::samples::{at, stamp};

/// A method of the console that writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ConsoleWrite {
    CreateLink,
    SetPassword,
    SetRole,
    CreateSession,
    NoteSessionUse,
    EndSession,
    CreateSavedReply,
    UpdateSavedReply,
    DeleteSavedReply,
}

impl ConsoleWrite {
    pub(super) const ALL: [Self; 9] = [
        Self::CreateLink,
        Self::SetPassword,
        Self::SetRole,
        Self::CreateSession,
        Self::NoteSessionUse,
        Self::EndSession,
        Self::CreateSavedReply,
        Self::UpdateSavedReply,
        Self::DeleteSavedReply,
    ];

    /// Whether its result does not say if it took effect before.
    pub(super) fn is_repeatable(self) -> bool {
        matches!(
            self,
            Self::CreateLink
                | Self::SetRole
                | Self::NoteSessionUse
                | Self::EndSession
                | Self::UpdateSavedReply
        )
    }
}

fn link(number: i64) -> anyhow::Result<Link> {
    Ok(Link { token_hash: secret(number, false)?, ends_at: at(100) })
}

fn new_session(number: i64, of_former_password: bool) -> anyhow::Result<NewSession> {
    let (token_hash, user_id) = (secret(number, of_former_password)?, Scene::user(number)?);
    Ok(NewSession { token_hash, user_id, password: password("former"), created_at: at(5) })
}

fn reply_id(number: i64) -> anyhow::Result<SavedReplyId> {
    SavedReplyId::new(number).context("the id of a saved reply")
}

fn reply(text: &str) -> NewSavedReply {
    NewSavedReply { title: "Title".to_owned(), text: text.to_owned() }
}

impl Scene<'_> {
    /// Creates what the call works on.
    pub(super) async fn prepare_in_console(&self, write: ConsoleWrite, number: i64) -> anyhow::Result<()> {
        let (storage, shop) = (self.storage, self.shop());
        match write {
            ConsoleWrite::CreateSavedReply => return Ok(()),
            ConsoleWrite::UpdateSavedReply | ConsoleWrite::DeleteSavedReply => {
                let id = reply_id(number)?;
                storage.create_saved_reply(shop, id, reply("former"), at(1)).await?;
                return Ok(());
            }
            _ => self.add_user(number).await?,
        }
        if write == ConsoleWrite::CreateLink {
            return Ok(());
        }
        // A user with a password and a session.
        let invite = async |link: Link| {
            let user_id = Scene::user(number)?;
            let link = NewLink { user_id, role: Some(Role::Agent), link, stamp: stamp(at(1)) };
            storage.create_link(shop, link).await.context("a link")
        };
        invite(link(number)?).await?;
        storage.set_password(shop, link(number)?.token_hash, password("former"), stamp(at(2))).await?;
        storage.create_session(shop, new_session(number, true)?).await?;
        if write == ConsoleWrite::SetPassword {
            invite(link(50 + number)?).await?;
        }
        Ok(())
    }

    /// Makes the call.
    pub(super) async fn make_in_console(&self, write: ConsoleWrite, number: i64) -> anyhow::Result<Effect> {
        let (storage, shop) = (self.storage, self.shop());
        let is_done = |outcome| {
            ensure!(matches!(outcome, CredentialOutcome::Done(_)), "the call returned {outcome:?}");
            Ok(Effect::Made)
        };
        match write {
            ConsoleWrite::CreateLink => {
                let (user_id, link) = (Scene::user(number)?, link(number)?);
                let link = NewLink { user_id, role: Some(Role::Admin), link, stamp: stamp(at(9)) };
                is_done(storage.create_link(shop, link).await?)
            }
            ConsoleWrite::SetPassword => {
                let hash = link(50 + number)?.token_hash;
                let set = storage.set_password(shop, hash, password("new"), stamp(at(9))).await?;
                Ok(if set.is_some() { Effect::Made } else { Effect::Before })
            }
            ConsoleWrite::SetRole => {
                is_done(storage.set_role(shop, Scene::user(number)?, Role::Admin, stamp(at(9))).await?)
            }
            ConsoleWrite::CreateSession => {
                match storage.create_session(shop, new_session(number, false)?).await {
                    Ok(is_created) => {
                        ensure!(is_created, "a session is refused");
                        Ok(Effect::Made)
                    }
                    // The hash is taken.
                    Err(error) if error.kind == StorageErrorKind::Unexpected => Ok(Effect::Before),
                    Err(error) => Err(error.into()),
                }
            }
            ConsoleWrite::NoteSessionUse => {
                storage.note_session_use(shop, secret(number, true)?, at(9)).await?;
                Ok(Effect::Made)
            }
            ConsoleWrite::EndSession => {
                storage.end_session(shop, secret(number, true)?).await?;
                Ok(Effect::Made)
            }
            ConsoleWrite::CreateSavedReply => {
                let id = reply_id(number)?;
                match storage.create_saved_reply(shop, id, reply("new"), at(9)).await? {
                    CreateSavedReplyOutcome::Created(_) => Ok(Effect::Made),
                    CreateSavedReplyOutcome::Exists(_) => Ok(Effect::Before),
                    other @ CreateSavedReplyOutcome::TooMany => anyhow::bail!("it returned {other:?}"),
                }
            }
            ConsoleWrite::UpdateSavedReply => {
                let changed =
                    storage.update_saved_reply(shop, reply_id(number)?, reply("new"), at(9)).await?;
                ensure!(changed.is_some(), "an existing reply is not found");
                Ok(Effect::Made)
            }
            ConsoleWrite::DeleteSavedReply => {
                let is_deleted = storage.delete_saved_reply(shop, reply_id(number)?).await?;
                Ok(if is_deleted { Effect::Made } else { Effect::Before })
            }
        }
    }

    /// Fails unless the call has taken effect in full.
    pub(super) async fn check_in_console(&self, write: ConsoleWrite, number: i64) -> anyhow::Result<()> {
        let (storage, shop) = (self.storage, self.shop());
        let credential = async || {
            let found = storage.find_credential(shop, email(number)).await?;
            anyhow::Ok(found.context("the credential")?.1)
        };
        let session = async |hash: SecretHash| anyhow::Ok(storage.find_session(shop, hash, at(10)).await?);
        let saved = async || {
            let found = storage.find_saved_reply(shop, reply_id(number)?).await?;
            anyhow::Ok(found.map(|reply| (reply.text, reply.changed_at)))
        };
        match write {
            ConsoleWrite::CreateLink => {
                let credential = credential().await?;
                same(
                    "the credential",
                    &(credential.role, credential.link),
                    &(Role::Admin, Some(link(number)?)),
                )
            }
            ConsoleWrite::SetPassword => {
                let credential = credential().await?;
                same(
                    "the credential",
                    &(credential.password, credential.link),
                    &(Some(password("new")), None),
                )?;
                same("the session from before", &session(secret(number, true)?).await?, &None)
            }
            ConsoleWrite::SetRole => same("the role", &credential().await?.role, &Role::Admin),
            ConsoleWrite::CreateSession => {
                ensure!(session(secret(number, false)?).await?.is_some(), "the session is not found");
                Ok(())
            }
            ConsoleWrite::NoteSessionUse => {
                let session = session(secret(number, true)?).await?.context("the session")?;
                same("the last use", &session.life.last_used_at, &at(9))
            }
            ConsoleWrite::EndSession => same("the session", &session(secret(number, true)?).await?, &None),
            ConsoleWrite::CreateSavedReply | ConsoleWrite::UpdateSavedReply => {
                same("the saved reply", &saved().await?, &Some(("new".to_owned(), at(9))))
            }
            ConsoleWrite::DeleteSavedReply => same("the saved reply", &saved().await?, &None),
        }
    }
}
