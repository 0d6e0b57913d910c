//! The steps, drawn from small pools so that they meet.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

/// Something to ask of both stores. Shops, people, tickets, keys and ranges are picked
/// from what is there by a `Slot`.
#[derive(Debug, Clone)]
pub(super) enum Step {
    CreateShop {
        domain: u8,
        at: i64,
    },
    CloseShop {
        domain: u8,
        at: i64,
    },
    CreateCustomer {
        shop: Slot,
        number: Number,
        email: Option<u8>,
        phone_number: Option<u8>,
        text: u8,
    },
    CreateUser {
        shop: Slot,
        number: Number,
        email: u8,
        text: u8,
    },
    CreateTickets(Vec<Item>),
    CreateKey {
        shop: Slot,
        at: i64,
        expires_at: Option<i64>,
        scopes: u8,
    },
    RevokeKey {
        shop: Slot,
        key: Slot,
        at: i64,
    },
    RotateKey {
        shop: Slot,
        key: Slot,
        at: i64,
        old_ends_at: i64,
    },
    ReserveIdRange {
        at: i64,
        span: i64,
        current: Option<Slot>,
    },
    /// Compare everything that can be found.
    Look,
}

/// Picks one of what is there.
pub(super) type Slot = u8;

/// A number to ask for, or not.
#[derive(Debug, Clone, Copy)]
pub(super) enum Number {
    HandedOut,
    /// That of one who is there.
    Taken(Slot),
    /// Larger than every number asked for before.
    High,
    /// Smaller than every number asked for before.
    Low,
}

/// Someone a ticket names.
#[derive(Debug, Clone, Copy)]
pub(super) enum Person {
    There(Slot),
    Nobody,
}

/// One ticket of a batch.
#[derive(Debug, Clone)]
pub(super) struct Item {
    pub(super) shop: Slot,
    /// The id of a ticket that was tried before, instead of a new one.
    pub(super) id_again: Option<Slot>,
    pub(super) customer: Person,
    pub(super) assignee: Option<Person>,
    pub(super) is_opened: bool,
    pub(super) text: u8,
    pub(super) time: u8,
    pub(super) claim: Option<Claim>,
}

/// A use of an idempotency key.
#[derive(Debug, Clone, Copy)]
pub(super) struct Claim {
    pub(super) key: u8,
    pub(super) operation: u8,
    pub(super) fingerprint: u8,
}

const DOMAINS: u8 = 4;
const EMAILS: u8 = 8;
const PHONE_NUMBERS: u8 = 3;
const KEYS: u8 = 3;
const MILLIS: std::ops::Range<i64> = -5..10;

/// Up to this many steps.
pub(super) fn steps(max: usize) -> impl Strategy<Value = Vec<Step>> {
    vec(step(), 1..=max)
}

fn step() -> impl Strategy<Value = Step> {
    let slot = any::<Slot>;
    prop_oneof![
        2 => (0..DOMAINS, MILLIS).prop_map(|(domain, at)| Step::CreateShop { domain, at }),
        2 => (0..DOMAINS, MILLIS).prop_map(|(domain, at)| Step::CloseShop { domain, at }),
        4 => (slot(), number(), option::of(0..EMAILS), option::of(0..PHONE_NUMBERS), slot()).prop_map(
            |(shop, number, email, phone_number, text)| {
                Step::CreateCustomer { shop, number, email, phone_number, text }
            }
        ),
        3 => (slot(), number(), 0..EMAILS, slot())
            .prop_map(|(shop, number, email, text)| Step::CreateUser { shop, number, email, text }),
        8 => vec(item(), 0..6).prop_map(Step::CreateTickets),
        2 => (slot(), MILLIS, option::of(MILLIS), 0..4_u8)
            .prop_map(|(shop, at, expires_at, scopes)| Step::CreateKey { shop, at, expires_at, scopes }),
        3 => (slot(), slot(), MILLIS).prop_map(|(shop, key, at)| Step::RevokeKey { shop, key, at }),
        3 => (slot(), slot(), MILLIS, MILLIS)
            .prop_map(|(shop, key, at, old_ends_at)| Step::RotateKey { shop, key, at, old_ends_at }),
        3 => (MILLIS, 1..8_i64, option::of(slot()))
            .prop_map(|(at, span, current)| Step::ReserveIdRange { at, span, current }),
        1 => Just(Step::Look),
    ]
}

fn number() -> impl Strategy<Value = Number> {
    prop_oneof![
        5 => Just(Number::HandedOut),
        2 => any::<Slot>().prop_map(Number::Taken),
        1 => Just(Number::High),
        1 => Just(Number::Low),
    ]
}

fn person() -> impl Strategy<Value = Person> {
    prop_oneof![5 => any::<Slot>().prop_map(Person::There), 1 => Just(Person::Nobody)]
}

fn item() -> impl Strategy<Value = Item> {
    let claim = (0..KEYS, 0..2_u8, 0..2_u8).prop_map(|(key, operation, fingerprint)| Claim {
        key,
        operation,
        fingerprint,
    });
    (
        any::<Slot>(),
        option::weighted(0.05, any::<Slot>()),
        person(),
        option::of(person()),
        any::<bool>(),
        any::<u8>(),
        any::<u8>(),
        option::of(claim),
    )
        .prop_map(|(shop, id_again, customer, assignee, is_opened, text, time, claim)| Item {
            shop,
            id_again,
            customer,
            assignee,
            is_opened,
            text,
            time,
            claim,
        })
}
