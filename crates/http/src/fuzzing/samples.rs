//! The shop, customer, user, ticket and time for fuzzed inputs.

use hexdesk_domain::{
    Actor, AuditStamp, Customer, CustomerId, ExternalIds, ShopId, Ticket, TicketDraft, TicketId, Timestamp,
    User, UserId,
};

pub(crate) const SHOP_DOMAIN: &str = "shop.example.com";
pub(crate) const SHOP: ShopId = match ShopId::new(1) {
    Some(shop) => shop,
    None => panic!(),
};
pub(crate) const TICKET: TicketId = match TicketId::new(7) {
    Some(ticket) => ticket,
    None => panic!(),
};

/// 2026-04-28.
pub(crate) const NOW: Timestamp = match Timestamp::from_unix_millis(1_777_334_400_000) {
    Ok(now) => now,
    Err(_) => panic!(),
};

/// The caller and the time of every change.
pub(crate) const STAMP: AuditStamp = AuditStamp { actor: Actor::Operator, time: NOW, request_id: None };

pub(crate) fn customer() -> Customer {
    Customer {
        id: CustomerId::new(123).unwrap(),
        shop_id: SHOP,
        email: Some("ada@example.com".to_owned()),
        phone_number: Some("+33123456789".to_owned()),
        first_name: Some("Ada".to_owned()),
        last_name: None,
        full_name: Some("Ada Lovelace".to_owned()),
        external_ids: ExternalIds { shopify_id: Some("1".to_owned()), ..ExternalIds::default() },
        number_of_orders: 0,
        cms: None,
        cms_created_at: None,
        created_at: NOW,
    }
}

pub(crate) fn user() -> User {
    User {
        id: UserId::new(45).unwrap(),
        shop_id: SHOP,
        email: "grace@example.com".to_owned(),
        first_name: Some("Grace".to_owned()),
        last_name: None,
        full_name: None,
        created_at: NOW,
        deactivated_at: None,
    }
}

pub(crate) fn ticket() -> Ticket {
    let draft = TicketDraft {
        customer_id: CustomerId::new(123),
        channel: Some("Mail".to_owned()),
        name: Some("Refund".to_owned()),
        assigned_to: UserId::new(45),
        is_opened: true,
        unread_count: Some(1),
        tags: Some(vec!["vip".to_owned()]),
        language_code: Some("en".to_owned()),
        ..TicketDraft::default()
    };
    draft.into_ticket(TICKET, SHOP, NOW).unwrap()
}
