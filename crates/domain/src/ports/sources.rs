use crate::{TicketId, TicketIdsExhausted, Timestamp};

/// Tells the time. Nothing else in the domain does.
pub trait Clock: Send + Sync {
    /// The time now.
    fn now(&self) -> Timestamp;
}

/// Makes ticket ids. Nothing else in the domain does.
pub trait TicketIdSource: Send + Sync {
    /// An id larger than every one made before.
    ///
    /// # Errors
    /// [`TicketIdsExhausted`] while no id can be made that is known to be unique.
    fn next_id(&self, now: Timestamp) -> Result<TicketId, TicketIdsExhausted>;
}
