//! The steps of the console: roles, links, sessions and saved replies.

use proptest::option;
use proptest::prelude::*;

use super::{Person, Slot, person};

/// A call to make on both stores.
#[derive(Debug, Clone)]
pub(in crate::model) enum ConsoleStep {
    CreateLink {
        shop: Slot,
        user: Person,
        /// Whether the role is that of an administrator, if there is a role.
        is_admin: Option<bool>,
        at: i64,
    },
    SetPassword {
        link: Token,
        password: u8,
        at: i64,
    },
    SetRole {
        shop: Slot,
        user: Person,
        is_admin: bool,
        at: i64,
    },
    CreateSession {
        shop: Slot,
        user: Person,
        password: u8,
        hour: i64,
    },
    NoteSessionUse {
        session: Token,
        hour: i64,
    },
    EndSession(Token),
    CreateSavedReply {
        shop: Slot,
        id: u8,
        text: Slot,
        at: i64,
    },
    UpdateSavedReply {
        shop: Slot,
        id: u8,
        text: Slot,
        at: i64,
    },
    DeleteSavedReply {
        shop: Slot,
        id: u8,
    },
}

/// The hash of an earlier link or session. Optionally in another shop, which may be its own by chance.
#[derive(Debug, Clone, Copy)]
pub(in crate::model) struct Token {
    pub(in crate::model) hash: Slot,
    pub(in crate::model) other_shop: Option<Slot>,
}

const PASSWORDS: u8 = 2;
pub(in crate::model) const SAVED_REPLIES: u8 = 4;
/// Some sessions end within these, unused or used.
const HOURS: std::ops::Range<i64> = 0..30;

pub(super) fn step() -> impl Strategy<Value = ConsoleStep> {
    let slot = any::<Slot>;
    let reply = || (slot(), 0..SAVED_REPLIES, slot(), super::MILLIS);
    prop_oneof![
        3 => (slot(), person(), option::weighted(0.7, any::<bool>()), super::MILLIS)
            .prop_map(|(shop, user, is_admin, at)| ConsoleStep::CreateLink { shop, user, is_admin, at }),
        2 => (token(), 0..PASSWORDS, super::MILLIS)
            .prop_map(|(link, password, at)| ConsoleStep::SetPassword { link, password, at }),
        1 => (slot(), person(), any::<bool>(), super::MILLIS)
            .prop_map(|(shop, user, is_admin, at)| ConsoleStep::SetRole { shop, user, is_admin, at }),
        4 => (slot(), person(), 0..PASSWORDS, HOURS)
            .prop_map(|(shop, user, password, hour)| ConsoleStep::CreateSession { shop, user, password, hour }),
        3 => (token(), HOURS).prop_map(|(session, hour)| ConsoleStep::NoteSessionUse { session, hour }),
        1 => token().prop_map(ConsoleStep::EndSession),
        3 => reply()
            .prop_map(|(shop, id, text, at)| ConsoleStep::CreateSavedReply { shop, id, text, at }),
        2 => reply()
            .prop_map(|(shop, id, text, at)| ConsoleStep::UpdateSavedReply { shop, id, text, at }),
        1 => (slot(), 0..SAVED_REPLIES)
            .prop_map(|(shop, id)| ConsoleStep::DeleteSavedReply { shop, id }),
    ]
}

fn token() -> impl Strategy<Value = Token> {
    (any::<Slot>(), option::weighted(0.1, any::<Slot>()))
        .prop_map(|(hash, other_shop)| Token { hash, other_shop })
}
