use crate::{Actor, AuditStamp, Customer, CustomerDraft, CustomerId, ShopId, Timestamp};

/// A customer with every field that an update can set, except ids in other systems.
pub(super) fn customer() -> Customer {
    let draft = CustomerDraft {
        email: Some("Ada@Example.com".into()),
        phone_number: Some("+33 1".into()),
        first_name: Some("Ada".into()),
        last_name: Some("Lovelace".into()),
        ..CustomerDraft::default()
    };
    let stamp = AuditStamp { actor: Actor::Operator, time: Timestamp::MIN };
    let new = draft.into_new(stamp).unwrap();
    new.into_customer(ShopId::new(1).unwrap(), CustomerId::new(3).unwrap())
}
