//! Identifiers. Each has its own type, so that a user's number cannot be used as a customer's
//! number.

/// Defines an identifier and its largest number.
macro_rules! identifier {
    ($(#[$doc:meta])* $name:ident, $max:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
        #[serde(transparent)]
        pub struct $name(i64);

        impl $name {
            /// The largest number. The smallest is 1.
            pub const MAX: i64 = $max;

            /// Returns the identifier with this number, or `None` outside 1 to [`Self::MAX`].
            pub const fn new(number: i64) -> Option<Self> {
                if number >= 1 && number <= Self::MAX { Some(Self(number)) } else { None }
            }

            /// Returns the number.
            pub const fn get(self) -> i64 {
                self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(formatter)
            }
        }
    };
}

/// JavaScript clients use doubles, which hold every whole number up to this one exactly.
const MAX_EXACT_IN_A_DOUBLE: i64 = (1 << 53) - 1;

identifier!(
    /// A shop, the tenant. Assigned by the store.
    ShopId,
    MAX_EXACT_IN_A_DOUBLE
);
identifier!(
    /// A customer. Assigned by the store, unique within the shop.
    CustomerId,
    MAX_EXACT_IN_A_DOUBLE
);
identifier!(
    /// A member of a shop's staff. Assigned by the store, unique within the shop.
    UserId,
    MAX_EXACT_IN_A_DOUBLE
);
identifier!(
    /// A human ticket. Assigned by the store, unique within the shop.
    HumanTicketId,
    MAX_EXACT_IN_A_DOUBLE
);
identifier!(
    /// A ticket. Created by [`TicketIdGenerator`](crate::TicketIdGenerator) before the ticket is
    /// written.
    TicketId,
    i64::MAX
);
identifier!(
    /// A comment. Created like a [`TicketId`], from the same series.
    CommentId,
    i64::MAX
);

identifier!(
    /// A webhook. Created like a [`TicketId`], from the same series.
    WebhookId,
    i64::MAX
);

identifier!(
    /// A saved reply. Created like a [`TicketId`], from the same series.
    SavedReplyId,
    i64::MAX
);

identifier!(
    /// The number of an API key within its shop. The first is 1.
    KeyNumber,
    i64::MAX
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_a_range() {
        assert_eq!(CustomerId::new(0), None);
        assert_eq!(CustomerId::new(-1), None);
        assert_eq!(CustomerId::new(1).map(CustomerId::get), Some(1));
        assert_eq!(CustomerId::new((1 << 53) - 1).map(CustomerId::get), Some(9_007_199_254_740_991));
        assert_eq!(CustomerId::new(1 << 53), None);
        assert_eq!(TicketId::new(i64::MAX).map(TicketId::get), Some(i64::MAX));
    }
}
