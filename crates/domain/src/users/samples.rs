use crate::{Actor, AuditStamp, ShopId, Timestamp, User, UserDraft, UserId};

/// An active user with every name.
pub(super) fn user() -> User {
    let draft = UserDraft {
        email: Some("grace@example.com".into()),
        first_name: Some("Grace".into()),
        last_name: Some("Hopper".into()),
        ..UserDraft::default()
    };
    let new = draft.into_new(AuditStamp { actor: Actor::Operator, time: Timestamp::MIN }).unwrap();
    new.into_user(ShopId::new(1).unwrap(), UserId::new(2).unwrap())
}
