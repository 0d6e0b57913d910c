//! The domain's rules as functions, as the cases and faults of the kit call them.

use hexdesk_domain::{
    Comment, Customer, CustomerChanges, CustomerFilter, CustomerId, NewComment, NewCustomer, NewUser, ShopId,
    Ticket, TicketChanges, TicketFilter, Timestamp, User, UserChanges, UserId,
};

pub(crate) fn changed(mut ticket: Ticket, changes: TicketChanges) -> Ticket {
    changes.apply(&mut ticket);
    ticket
}

pub(crate) fn changed_customer(mut customer: Customer, changes: CustomerChanges) -> Customer {
    changes.apply(&mut customer);
    customer
}

pub(crate) fn changed_user(mut user: User, changes: UserChanges, changed_at: Timestamp) -> User {
    changes.apply(&mut user, changed_at);
    user
}

pub(crate) fn comment_from(new: NewComment, ticket: &Ticket) -> Comment {
    new.into_comment(ticket)
}

pub(crate) fn customer_from(new: NewCustomer, shop: ShopId, id: CustomerId) -> Customer {
    new.into_customer(shop, id)
}

pub(crate) fn user_from(new: NewUser, shop: ShopId, id: UserId) -> User {
    new.into_user(shop, id)
}

pub(crate) fn is_let_through(filter: &TicketFilter, ticket: &Ticket) -> bool {
    filter.matches(ticket)
}

pub(crate) fn is_customer_let_through(filter: &CustomerFilter, customer: &Customer) -> bool {
    filter.matches(customer)
}
