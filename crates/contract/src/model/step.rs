//! The steps. They draw from small pools, so that steps often touch the same things.

mod console;

use hexdesk_domain::PageSize;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

pub(super) use console::{ConsoleStep, SAVED_REPLIES, Token};

/// A call to make on both stores. A `Slot` picks one of the existing shops, people, tickets, keys
/// or ranges.
#[derive(Debug, Clone)]
pub(super) enum Step {
    CreateShop {
        domain: u8,
        at: i64,
    },
    /// Closes a shop, or opens it again.
    SwitchShop {
        is_closed: bool,
        domain: u8,
        at: i64,
    },
    SetReopenOnReply {
        domain: u8,
        reopen_on_reply: bool,
    },
    CreateCustomer {
        shop: Slot,
        number: Number,
        email: Option<u8>,
        phone_number: Option<u8>,
        text: u8,
        claim: Option<Claim>,
    },
    /// Reads all pages.
    ListCustomers {
        shop: Slot,
        email: Option<u8>,
        phone_number: Option<u8>,
        external_id: Option<Slot>,
        size: PageSize,
    },
    UpdateCustomer(CustomerUpdate),
    EraseCustomer {
        shop: Slot,
        customer: Person,
    },
    MergeCustomers {
        shop: Slot,
        from: Person,
        into: Person,
        claim: Option<Claim>,
    },
    CreateUser {
        shop: Slot,
        number: Number,
        email: u8,
        text: u8,
        claim: Option<Claim>,
    },
    /// Reads all pages.
    ListUsers {
        shop: Slot,
        is_active: Option<bool>,
        size: PageSize,
    },
    UpdateUser(UserUpdate),
    CreateTickets(Vec<Item>),
    /// Reads all pages.
    ListTickets {
        shop: Slot,
        filter: Filter,
        size: PageSize,
    },
    /// Reads all pages of the results.
    SearchTickets {
        shop: Slot,
        words: Vec<SearchWord>,
        size: PageSize,
    },
    UpdateTicket(Update),
    DeleteTicket {
        ticket: Place,
        version: Option<i64>,
    },
    CreateComments(Vec<CommentItem>),
    UpdateComment(CommentUpdate),
    DeleteComment {
        comment: CommentPlace,
        version: Option<i64>,
    },
    ListComments {
        ticket: Slot,
        size: PageSize,
    },
    CreateKey {
        shop: Slot,
        user: Option<Slot>,
        at: i64,
        expires_at: Option<i64>,
        scopes: u16,
        claim: Option<Claim>,
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
        expires_at: Option<i64>,
        old_ends_at: i64,
        claim: Option<Claim>,
    },
    ReserveIdRange {
        at: i64,
        span: i64,
        current: Option<Slot>,
    },
    Console(ConsoleStep),
    /// Compares all data that can be found.
    Look,
}

/// Picks one of the existing things.
pub(super) type Slot = u8;

/// The number to request, if any.
#[derive(Debug, Clone, Copy)]
pub(super) enum Number {
    HandedOut,
    /// The number of an existing person.
    Taken(Slot),
    /// Larger than every number requested before.
    High,
    /// Smaller than every number requested before.
    Low,
}

/// A person that a step names.
#[derive(Debug, Clone, Copy)]
pub(super) enum Person {
    There(Slot),
    Nobody,
}

/// A change of a customer.
#[derive(Debug, Clone)]
pub(super) struct CustomerUpdate {
    pub(super) shop: Slot,
    pub(super) customer: Person,
    pub(super) email: Option<Option<u8>>,
    pub(super) phone_number: Option<Option<u8>>,
    pub(super) first_name: Option<Option<Slot>>,
    pub(super) external_id: Option<Option<Slot>>,
    pub(super) claim: Option<Claim>,
}

/// A change of a user.
#[derive(Debug, Clone)]
pub(super) struct UserUpdate {
    pub(super) shop: Slot,
    pub(super) user: Person,
    pub(super) email: Option<u8>,
    pub(super) first_name: Option<Option<Slot>>,
    pub(super) is_active: Option<bool>,
    pub(super) at: i64,
    pub(super) claim: Option<Claim>,
}

/// One ticket of a batch.
#[derive(Debug, Clone)]
pub(super) struct Item {
    pub(super) shop: Slot,
    /// The id of an earlier or deleted ticket, instead of a new one.
    pub(super) id_again: Option<Slot>,
    pub(super) customer: Person,
    pub(super) assignee: Option<Person>,
    pub(super) is_opened: bool,
    pub(super) text: u8,
    pub(super) time: u8,
    pub(super) claim: Option<Claim>,
}

/// The conditions of a list of tickets.
#[derive(Debug, Clone, Default)]
pub(super) struct Filter {
    pub(super) is_opened: Option<bool>,
    pub(super) channel: Option<Slot>,
    /// A person, or none.
    pub(super) assignee: Option<Option<Person>>,
    /// Whether no assignee will do, too.
    pub(super) or_nobody: bool,
    pub(super) customer: Option<Person>,
    pub(super) thread: Option<Slot>,
    pub(super) tag: Option<Slot>,
    pub(super) contact_reason: Option<Slot>,
    pub(super) has_unread: Option<bool>,
    pub(super) date_from: Option<i64>,
    pub(super) date_before: Option<i64>,
    pub(super) last_message_from: Option<i64>,
    pub(super) last_message_before: Option<i64>,
}

/// One word of a search.
#[derive(Debug, Clone, Copy)]
pub(super) struct SearchWord {
    pub(super) word: Slot,
    /// The length of a prefix of the word, to search for instead.
    pub(super) beginning: Option<u8>,
}

/// An earlier ticket, or an unknown one. Optionally in another shop, which may be its own by
/// chance.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) ticket: Option<Slot>,
    pub(super) other_shop: Option<Slot>,
}

/// A change of a ticket.
#[derive(Debug, Clone)]
pub(super) struct Update {
    pub(super) ticket: Place,
    pub(super) changes: Changes,
    /// The expected version, relative to the ticket's version.
    pub(super) version: Option<i64>,
    pub(super) at: i64,
    pub(super) claim: Option<Claim>,
}

/// Changes of a ticket.
#[derive(Debug, Clone, Default)]
pub(super) struct Changes {
    /// A person, or none.
    pub(super) assignee: Option<Option<Person>>,
    pub(super) name: Option<Option<Slot>>,
    pub(super) tags: Option<Vec<Slot>>,
    pub(super) contact_reason: Option<Option<Slot>>,
    pub(super) language: Option<Option<Slot>>,
    pub(super) is_opened: Option<bool>,
    pub(super) unread_count: Option<u8>,
    pub(super) customer: Option<Person>,
    pub(super) channel: Option<Slot>,
    pub(super) thread: Option<Slot>,
    pub(super) email_used: Option<Option<Slot>>,
    pub(super) date: Option<i64>,
    pub(super) via: Option<Option<Slot>>,
    pub(super) last_message_time: Option<i64>,
}

/// One comment of a batch.
#[derive(Debug, Clone)]
pub(super) struct CommentItem {
    /// An earlier ticket, or an unknown one.
    pub(super) ticket: Option<Slot>,
    /// Another shop, which may be the ticket's own by chance.
    pub(super) other_shop: Option<Slot>,
    pub(super) author: Option<Person>,
    pub(super) is_from_shop: bool,
    pub(super) text: u8,
    pub(super) time: i64,
    /// The expected version, relative to the ticket's version before the batch.
    pub(super) version: Option<i64>,
    pub(super) claim: Option<Claim>,
}

/// A comment whose creation was tried, or an unknown one. Optionally on another ticket.
#[derive(Debug, Clone, Copy)]
pub(super) struct CommentPlace {
    pub(super) comment: Option<Slot>,
    pub(super) other_ticket: Option<Slot>,
}

/// A change of a comment.
#[derive(Debug, Clone)]
pub(super) struct CommentUpdate {
    pub(super) comment: CommentPlace,
    pub(super) text: Option<u8>,
    pub(super) tags: Option<u8>,
    pub(super) is_note: Option<bool>,
    /// The expected version, relative to the ticket's version.
    pub(super) version: Option<i64>,
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

/// Steps, and where they run.
#[derive(Debug, Clone)]
pub(super) struct Steps {
    /// How many run on another store first. Its shops are then moved to the store under test. `None` begins
    /// there.
    pub(super) elsewhere: Option<usize>,
    pub(super) steps: Vec<Step>,
}

/// From one to `max` steps.
pub(super) fn steps(max: usize) -> impl Strategy<Value = Steps> {
    (vec(step(), 1..=max), option::weighted(0.2, 0..max))
        .prop_map(|(steps, elsewhere)| Steps { elsewhere, steps })
}

fn step() -> impl Strategy<Value = Step> {
    let slot = any::<Slot>;
    prop_oneof![
        2 => (0..DOMAINS, MILLIS).prop_map(|(domain, at)| Step::CreateShop { domain, at }),
        2 => (any::<bool>(), 0..DOMAINS, MILLIS)
            .prop_map(|(is_closed, domain, at)| Step::SwitchShop { is_closed, domain, at }),
        2 => (0..DOMAINS, any::<bool>())
            .prop_map(|(domain, reopen_on_reply)| Step::SetReopenOnReply { domain, reopen_on_reply }),
        8 => create_customer(),
        3 => list_customers(),
        5 => customer_update().prop_map(Step::UpdateCustomer),
        2 => (slot(), person()).prop_map(|(shop, customer)| Step::EraseCustomer { shop, customer }),
        3 => (slot(), person(), person(), option::weighted(0.3, claim()))
            .prop_map(|(shop, from, into, claim)| Step::MergeCustomers { shop, from, into, claim }),
        3 => (slot(), number(), 0..EMAILS, slot(), option::weighted(0.3, claim())).prop_map(
            |(shop, number, email, text, claim)| Step::CreateUser { shop, number, email, text, claim }
        ),
        2 => (slot(), option::of(any::<bool>()), page_size(4))
            .prop_map(|(shop, is_active, size)| Step::ListUsers { shop, is_active, size }),
        4 => user_update().prop_map(Step::UpdateUser),
        8 => vec(item(), 0..6).prop_map(Step::CreateTickets),
        10 => (slot(), filter(), page_size(6))
            .prop_map(|(shop, filter, size)| Step::ListTickets { shop, filter, size }),
        12 => update().prop_map(Step::UpdateTicket),
        3 => (place(), expected_version()).prop_map(|(ticket, version)| Step::DeleteTicket { ticket, version }),
        8 => vec(comment_item(), 0..6).prop_map(Step::CreateComments),
        5 => comment_update().prop_map(Step::UpdateComment),
        3 => (comment_place(), expected_version())
            .prop_map(|(comment, version)| Step::DeleteComment { comment, version }),
        2 => (slot(), page_size(4)).prop_map(|(ticket, size)| Step::ListComments { ticket, size }),
        6 => (slot(), vec(search_word(), 1..4), page_size(6))
            .prop_map(|(shop, words, size)| Step::SearchTickets { shop, words, size }),
        3 => create_key(),
        3 => (slot(), slot(), MILLIS).prop_map(|(shop, key, at)| Step::RevokeKey { shop, key, at }),
        3 => rotate_key(),
        3 => (MILLIS, 1..8_i64, option::of(slot()))
            .prop_map(|(at, span, current)| Step::ReserveIdRange { at, span, current }),
        14 => console::step().prop_map(Step::Console),
        1 => Just(Step::Look),
    ]
}

/// Fewer entries than this, and now and then few bytes.
fn page_size(entries: u32) -> impl Strategy<Value = PageSize> {
    (1..entries, option::weighted(0.3, 1..400_usize)).prop_map(|(entries, bytes)| {
        let size = PageSize::of(entries);
        PageSize { bytes: bytes.unwrap_or(size.bytes), ..size }
    })
}

fn create_customer() -> impl Strategy<Value = Step> {
    let (email, phone_number) = (option::of(0..EMAILS), option::of(0..PHONE_NUMBERS));
    (any::<Slot>(), number(), email, phone_number, any::<u8>(), option::of(claim())).prop_map(
        |(shop, number, email, phone_number, text, claim)| Step::CreateCustomer {
            shop,
            number,
            email,
            phone_number,
            text,
            claim,
        },
    )
}

fn create_key() -> impl Strategy<Value = Step> {
    let people = (any::<Slot>(), option::of(any::<Slot>()));
    (people, MILLIS, option::of(MILLIS), any::<u16>(), option::weighted(0.3, claim())).prop_map(
        |((shop, user), at, expires_at, scopes, claim)| Step::CreateKey {
            shop,
            user,
            at,
            expires_at,
            scopes,
            claim,
        },
    )
}

fn rotate_key() -> impl Strategy<Value = Step> {
    let key = (any::<Slot>(), any::<Slot>());
    (key, MILLIS, option::of(MILLIS), MILLIS, option::weighted(0.3, claim())).prop_map(
        |((shop, key), at, expires_at, old_ends_at, claim)| Step::RotateKey {
            shop,
            key,
            at,
            expires_at,
            old_ends_at,
            claim,
        },
    )
}

fn search_word() -> impl Strategy<Value = SearchWord> {
    (any::<Slot>(), option::of(1..4_u8)).prop_map(|(word, beginning)| SearchWord { word, beginning })
}

/// Mostly one condition, because few customers meet two.
fn list_customers() -> impl Strategy<Value = Step> {
    (
        any::<Slot>(),
        option::weighted(0.3, 0..EMAILS),
        option::weighted(0.3, 0..PHONE_NUMBERS),
        option::weighted(0.3, any::<Slot>()),
        page_size(4),
    )
        .prop_map(|(shop, email, phone_number, external_id, size)| Step::ListCustomers {
            shop,
            email,
            phone_number,
            external_id,
            size,
        })
}

fn customer_update() -> impl Strategy<Value = CustomerUpdate> {
    (
        any::<Slot>(),
        person(),
        option::weighted(0.4, option::weighted(0.8, 0..EMAILS)),
        option::weighted(0.4, option::weighted(0.8, 0..PHONE_NUMBERS)),
        option::weighted(0.4, option::of(any::<Slot>())),
        option::weighted(0.4, option::of(any::<Slot>())),
        option::weighted(0.3, claim()),
    )
        .prop_map(|(shop, customer, email, phone_number, first_name, external_id, claim)| {
            CustomerUpdate { shop, customer, email, phone_number, first_name, external_id, claim }
        })
}

fn user_update() -> impl Strategy<Value = UserUpdate> {
    (
        any::<Slot>(),
        person(),
        option::weighted(0.3, 0..EMAILS),
        option::weighted(0.3, option::of(any::<Slot>())),
        option::weighted(0.6, any::<bool>()),
        MILLIS,
        option::weighted(0.3, claim()),
    )
        .prop_map(|(shop, user, email, first_name, is_active, at, claim)| UserUpdate {
            shop,
            user,
            email,
            first_name,
            is_active,
            at,
            claim,
        })
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

fn claim() -> impl Strategy<Value = Claim> {
    (0..KEYS, 0..2_u8, 0..2_u8).prop_map(|(key, operation, fingerprint)| Claim {
        key,
        operation,
        fingerprint,
    })
}

/// Up to three conditions, because more would exclude almost every ticket.
fn filter() -> impl Strategy<Value = Filter> {
    let slot = any::<Slot>;
    (
        (any::<bool>(), slot(), option::of(person()), person()),
        (slot(), slot(), slot(), any::<bool>()),
        (MILLIS, MILLIS, MILLIS, MILLIS),
        vec(0..12_u8, 0..4),
    )
        .prop_map(|(people, texts, times, conditions)| {
            let is_there = |condition: u8| conditions.contains(&condition);
            Filter {
                is_opened: is_there(0).then_some(people.0),
                channel: is_there(1).then_some(people.1),
                assignee: is_there(2).then_some(people.2),
                or_nobody: is_there(2) && is_there(1),
                customer: is_there(3).then_some(people.3),
                thread: is_there(4).then_some(texts.0),
                tag: is_there(5).then_some(texts.1),
                contact_reason: is_there(6).then_some(texts.2),
                has_unread: is_there(7).then_some(texts.3),
                date_from: is_there(8).then_some(times.0),
                date_before: is_there(9).then_some(times.1),
                last_message_from: is_there(10).then_some(times.2),
                last_message_before: is_there(11).then_some(times.3),
            }
        })
}

/// Often one of the first three, so that many steps change the same ticket.
fn ticket() -> impl Strategy<Value = Slot> {
    prop_oneof![0..3_u8, any::<Slot>()]
}

fn place() -> impl Strategy<Value = Place> {
    (option::weighted(0.95, ticket()), option::weighted(0.1, any::<Slot>()))
        .prop_map(|(ticket, other_shop)| Place { ticket, other_shop })
}

/// If a version is expected, mostly the right one.
fn expected_version() -> impl Strategy<Value = Option<i64>> {
    option::of(prop_oneof![5 => Just(0), 1 => -1..=1_i64])
}

fn update() -> impl Strategy<Value = Update> {
    (place(), changes(), expected_version(), MILLIS, option::weighted(0.3, claim()))
        .prop_map(|(ticket, changes, version, at, claim)| Update { ticket, changes, version, at, claim })
}

/// Up to four fields. So most updates change little, and some are empty.
fn changes() -> impl Strategy<Value = Changes> {
    let text = || option::of(any::<Slot>());
    // An unknown assignee is more frequent here, because more can remain of a refused update.
    let person = prop_oneof![2 => person(), 1 => Just(Person::Nobody)];
    (
        (option::of(person), text(), vec(any::<Slot>(), 0..4), text(), text()),
        (any::<bool>(), 0..3_u8, MILLIS),
        (self::person(), any::<Slot>(), any::<Slot>(), text(), MILLIS, text()),
        vec(0..16_u8, 0..6),
    )
        .prop_map(|(texts, (is_opened, unread_count, time), others, fields)| {
            let is_changed = |field: u8| fields.contains(&field);
            Changes {
                assignee: is_changed(0).then_some(texts.0),
                name: is_changed(1).then_some(texts.1),
                tags: is_changed(2).then_some(texts.2),
                contact_reason: is_changed(3).then_some(texts.3),
                language: is_changed(4).then_some(texts.4),
                // More frequent than the others, because it has more effects.
                is_opened: (5..=7).any(is_changed).then_some(is_opened),
                unread_count: is_changed(8).then_some(unread_count),
                customer: is_changed(9).then_some(others.0),
                channel: is_changed(10).then_some(others.1),
                thread: is_changed(11).then_some(others.2),
                email_used: is_changed(12).then_some(others.3),
                date: is_changed(13).then_some(others.4),
                via: is_changed(14).then_some(others.5),
                last_message_time: is_changed(15).then_some(time),
            }
        })
}

fn comment_item() -> impl Strategy<Value = CommentItem> {
    (
        option::weighted(0.9, ticket()),
        option::weighted(0.1, any::<Slot>()),
        option::of(person()),
        any::<bool>(),
        any::<u8>(),
        (MILLIS, option::weighted(0.2, 0..=1_i64)),
        option::of(claim()),
    )
        .prop_map(|(ticket, other_shop, author, is_from_shop, text, (time, version), claim)| {
            CommentItem { ticket, other_shop, author, is_from_shop, text, time, version, claim }
        })
}

fn comment_place() -> impl Strategy<Value = CommentPlace> {
    (option::weighted(0.95, any::<Slot>()), option::weighted(0.1, ticket()))
        .prop_map(|(comment, other_ticket)| CommentPlace { comment, other_ticket })
}

fn comment_update() -> impl Strategy<Value = CommentUpdate> {
    (
        comment_place(),
        option::weighted(0.7, any::<u8>()),
        option::weighted(0.3, any::<u8>()),
        option::weighted(0.3, any::<bool>()),
        expected_version(),
        option::weighted(0.3, claim()),
    )
        .prop_map(|(comment, text, tags, is_note, version, claim)| CommentUpdate {
            comment,
            text,
            tags,
            is_note,
            version,
            claim,
        })
}

fn item() -> impl Strategy<Value = Item> {
    (
        any::<Slot>(),
        option::weighted(0.2, any::<Slot>()),
        person(),
        option::of(person()),
        any::<bool>(),
        any::<u8>(),
        any::<u8>(),
        option::of(claim()),
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
