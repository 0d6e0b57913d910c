//! Signing in to the console: the tables of credentials and sessions, and their rows.

use diesel::prelude::{AsChangeset, Insertable, Queryable, Selectable};
use hexdesk_domain::{
    ArchivedSession, Credential, Link, LinkHolder, NewSession, PasswordHash, Role, SecretHash, Session,
    SessionLife, ShopId, Timestamp, UserId,
};

use super::shops::ShopRow;
use super::types::StoredTimestamp;
use super::users::UserRow;
use super::{CorruptRow, user_id};

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql::types::Instant;

    credentials (shop_id, user_id) {
        shop_id -> BigInt,
        user_id -> BigInt,
        role -> Text,
        password_hash -> Nullable<Text>,
        link_hash -> Nullable<Binary>,
        link_ends_at -> Nullable<Instant>,
        signed_in_at -> Nullable<Instant>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql::types::Instant;

    sessions (shop_id, token_hash) {
        shop_id -> BigInt,
        token_hash -> Binary,
        user_id -> BigInt,
        created_at -> Instant,
        last_used_at -> Instant,
    }
}

/// A credential. It has no `Debug`, because it holds hashes.
#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = credentials, primary_key(shop_id, user_id))]
#[diesel(treat_none_as_default_value = false, treat_none_as_null = true)]
pub(crate) struct CredentialRow {
    shop_id: i64,
    user_id: i64,
    role: String,
    password_hash: Option<String>,
    link_hash: Option<Vec<u8>>,
    link_ends_at: Option<StoredTimestamp>,
    signed_in_at: Option<StoredTimestamp>,
}

impl CredentialRow {
    pub(crate) fn new(shop: ShopId, credential: Credential) -> Self {
        let Credential { user_id, role, password, link, signed_in_at } = credential;
        Self {
            shop_id: shop.get(),
            user_id: user_id.get(),
            role: role.as_str().to_owned(),
            password_hash: password.map(|hash| hash.as_str().to_owned()),
            link_hash: link.map(|link| link.token_hash.0.to_vec()),
            link_ends_at: link.map(|link| StoredTimestamp(link.ends_at)),
            signed_in_at: signed_in_at.map(StoredTimestamp),
        }
    }

    /// The holder of the link of this credential, if it is the link with this token and works at `now`.
    pub(crate) fn into_holder(
        self,
        shop: ShopRow,
        user: UserRow,
        token_hash: SecretHash,
        now: Timestamp,
    ) -> Result<Option<LinkHolder>, CorruptRow> {
        let credential = Credential::try_from(self)?;
        let holder = LinkHolder { shop: shop.try_into()?, user: user.try_into()?, role: credential.role };
        let works = credential.link.is_some_and(|link| link.admits(token_hash, now))
            && holder.user.is_active()
            && holder.shop.closed_at.is_none();
        Ok(works.then_some(holder))
    }
}

impl TryFrom<CredentialRow> for Credential {
    type Error = CorruptRow;

    fn try_from(row: CredentialRow) -> Result<Self, Self::Error> {
        let link = match (row.link_hash, row.link_ends_at) {
            (None, None) => None,
            (Some(hash), Some(ends_at)) => {
                let hash = hash.try_into().map_err(|_| CorruptRow("hash of a link"))?;
                Some(Link { token_hash: SecretHash(hash), ends_at: ends_at.0 })
            }
            _ => return Err(CorruptRow("link")),
        };
        Ok(Self {
            user_id: UserId::new(row.user_id).ok_or(CorruptRow("user number"))?,
            role: role(&row.role)?,
            password: row.password_hash.map(PasswordHash::new),
            link,
            signed_in_at: row.signed_in_at.map(|time| time.0),
        })
    }
}

fn role(name: &str) -> Result<Role, CorruptRow> {
    name.parse().map_err(|_| CorruptRow("role"))
}

/// A session with its user, to insert and to read.
#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = sessions, treat_none_as_default_value = false)]
pub(crate) struct UserSessionRow {
    shop_id: i64,
    token_hash: Vec<u8>,
    user_id: i64,
    created_at: StoredTimestamp,
    last_used_at: StoredTimestamp,
}

impl UserSessionRow {
    pub(crate) fn new(shop: ShopId, token_hash: SecretHash, user: UserId, life: SessionLife) -> Self {
        Self {
            shop_id: shop.get(),
            token_hash: token_hash.0.to_vec(),
            user_id: user.get(),
            created_at: StoredTimestamp(life.created_at),
            last_used_at: StoredTimestamp(life.last_used_at),
        }
    }

    /// The row of a new session.
    pub(crate) fn beginning(shop: ShopId, session: &NewSession) -> Self {
        Self::new(shop, session.token_hash, session.user_id, SessionLife::beginning(session.created_at))
    }
}

impl TryFrom<UserSessionRow> for ArchivedSession {
    type Error = CorruptRow;

    fn try_from(row: UserSessionRow) -> Result<Self, Self::Error> {
        Ok(Self {
            token_hash: SecretHash(row.token_hash.try_into().map_err(|_| CorruptRow("hash of a session"))?),
            user_id: UserId::new(row.user_id).ok_or(CorruptRow("user number"))?,
            life: SessionLife { created_at: row.created_at.0, last_used_at: row.last_used_at.0 },
        })
    }
}

/// A session as a request reads it: shop, user, role, and the times of creation and last use.
pub(crate) type SessionRow = (ShopRow, UserRow, String, StoredTimestamp, StoredTimestamp);

/// Returns the session, if it is live at `now` and its shop is open.
pub(crate) fn live_session(row: SessionRow, now: Timestamp) -> Result<Option<Session>, CorruptRow> {
    let (shop, user, name, created_at, last_used_at) = row;
    let life = SessionLife { created_at: created_at.0, last_used_at: last_used_at.0 };
    let session = Session { shop: shop.try_into()?, user: user.try_into()?, role: role(&name)?, life };
    Ok((life.is_live(now) && session.shop.closed_at.is_none()).then_some(session))
}

/// A session is live at `now` if its last use is after the first time and its creation is after the
/// second.
pub(crate) fn live_after(now: Timestamp) -> (StoredTimestamp, StoredTimestamp) {
    let before = |millis: i64| StoredTimestamp(now.saturating_add_millis(millis.saturating_neg()));
    (before(SessionLife::IDLE_MILLIS), before(SessionLife::MAX_MILLIS))
}

/// Returns the sessions to end before another one is added, of these hashes in order of creation, latest
/// first.
pub(crate) fn surplus(latest_first: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    latest_first.into_iter().skip(Session::MAX_OF_USER.saturating_sub(1)).collect()
}

/// Returns the user of a link.
pub(crate) fn user_of_link(number: i64) -> Result<UserId, CorruptRow> {
    user_id(Some(number))?.ok_or(CorruptRow("user number"))
}
