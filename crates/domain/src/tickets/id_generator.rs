//! Creates ticket ids before anything is written. They increase with time. No id is created twice,
//! even if clocks step back or many processes share a store.

use std::sync::{Mutex, PoisonError};

use super::id_range::NODE_BITS;
use crate::ports::TicketIdSource;
use crate::{IdRange, TicketId, TicketIdsExhausted, Timestamp};

/// 2024-01-01T00:00:00Z: the time 0 in an id.
const EPOCH_UNIX_MILLIS: i64 = 1_704_067_200_000;
const SEQUENCE_BITS: u32 = 12;
/// 41 bits of milliseconds: until the year 2093.
const END_OF_TIME: i64 = 1 << (63 - NODE_BITS - SEQUENCE_BITS);

/// Creates ticket ids from a reserved range: 41 bits of milliseconds since 2024, 10 bits of
/// node, 12 bits of sequence. Each id is larger than the one before, even if the clock steps
/// back. More than 4,096 ids in a millisecond use the next millisecond.
#[derive(Debug)]
pub struct TicketIdGenerator(Mutex<State>);

#[derive(Debug)]
struct State {
    range: IdRange,
    /// Time and sequence of the next id, unless the clock has passed that time.
    millis: i64,
    sequence: i64,
}

impl TicketIdGenerator {
    /// Returns a generator for this range.
    pub fn new(range: IdRange) -> Self {
        Self(Mutex::new(State { range, millis: since_epoch(range.from), sequence: 0 }))
    }

    /// Returns the range in use. The store can extend it.
    pub fn range(&self) -> IdRange {
        self.state().range
    }

    /// Continues with the range that the store returned as the extension of [`Self::range`]. It
    /// is the next range of the same node, or a range of another node.
    pub fn extend(&self, next: IdRange) {
        let mut state = self.state();
        if next.node == state.range.node && next.from == state.range.until {
            state.range.until = next.until;
        } else {
            // Ids of two nodes may have the same millisecond. The later id must still be larger.
            state.millis = since_epoch(next.from).max(state.millis + 1);
            state.sequence = 0;
            state.range = next;
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        // A poisoned lock is safe: no code panics in the middle of a change while it holds the lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl TicketIdSource for TicketIdGenerator {
    fn next_id(&self, now: Timestamp) -> Result<TicketId, TicketIdsExhausted> {
        let mut state = self.state();
        if since_epoch(now) > state.millis {
            state.millis = since_epoch(now);
            state.sequence = 0;
        }
        if state.millis >= since_epoch(state.range.until).min(END_OF_TIME) {
            return Err(TicketIdsExhausted);
        }
        let number = (state.millis << (NODE_BITS + SEQUENCE_BITS))
            | (i64::from(state.range.node.get()) << SEQUENCE_BITS)
            | state.sequence;
        state.sequence += 1;
        if state.sequence == 1 << SEQUENCE_BITS {
            state.millis += 1;
            state.sequence = 0;
        }
        TicketId::new(number).ok_or(TicketIdsExhausted)
    }
}

/// Returns the smallest id of this time.
pub(crate) fn first_id_at(time: Timestamp) -> i64 {
    let millis = (time.unix_millis() - EPOCH_UNIX_MILLIS).clamp(0, END_OF_TIME);
    millis.checked_mul(1 << (NODE_BITS + SEQUENCE_BITS)).unwrap_or(i64::MAX)
}

/// Returns the milliseconds between the creation of two ids.
pub(crate) const fn millis_between(earlier: i64, later: i64) -> i64 {
    (later >> (NODE_BITS + SEQUENCE_BITS)) - (earlier >> (NODE_BITS + SEQUENCE_BITS))
}

/// At least 1, so that no id is 0.
fn since_epoch(time: Timestamp) -> i64 {
    (time.unix_millis() - EPOCH_UNIX_MILLIS).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::NodeNumber;

    #[test]
    fn an_id_has_its_time() {
        let at = |text| Timestamp::parse(text).unwrap();
        let range =
            IdRange { node: NodeNumber::new(1023).unwrap(), from: at("2026-11-30"), until: Timestamp::MAX };
        let ids = TicketIdGenerator::new(range);
        let (first, second) =
            (ids.next_id(at("2026-11-30")).unwrap(), ids.next_id(at("2026-11-30T00:00:01Z")).unwrap());
        assert!(
            (first_id_at(at("2026-11-30"))..first_id_at(at("2026-11-30T00:00:00.001Z")))
                .contains(&first.get())
        );
        assert_eq!(millis_between(first.get(), second.get()), 1_000);
        assert_eq!(first_id_at(Timestamp::MIN), 0);
        assert_eq!(first_id_at(Timestamp::MAX), i64::MAX);
    }

    const START: i64 = EPOCH_UNIX_MILLIS + 1_000_000;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_unix_millis(START + millis).unwrap()
    }

    fn range(node: u16, from: i64, until: i64) -> IdRange {
        IdRange { node: NodeNumber::new(node).unwrap(), from: at(from), until: at(until) }
    }

    fn parts(id: TicketId) -> (i64, i64, i64) {
        (id.get() >> 22, (id.get() >> 12) & 0x3ff, id.get() & 0xfff)
    }

    #[test]
    fn ids_carry_time_node_and_sequence() {
        let ids = TicketIdGenerator::new(range(5, 0, 60_000));
        assert_eq!(parts(ids.next_id(at(10)).unwrap()), (1_000_010, 5, 0));
        assert_eq!(parts(ids.next_id(at(10)).unwrap()), (1_000_010, 5, 1));
        assert_eq!(parts(ids.next_id(at(11)).unwrap()), (1_000_011, 5, 0));
    }

    #[test]
    fn ids_grow_when_the_clock_steps_back_and_when_a_millisecond_is_full() {
        let ids = TicketIdGenerator::new(range(0, 0, 60_000));
        let mut last = ids.next_id(at(100)).unwrap();
        for call in 0..10_000 {
            let next = ids.next_id(at(if call % 2 == 0 { 100 } else { -3_600_000 })).unwrap();
            assert!(next > last);
            last = next;
        }
        assert_eq!(parts(last), (1_000_102, 0, 1_808));
    }

    #[test]
    fn ids_stay_in_their_range() {
        let ids = TicketIdGenerator::new(range(0, 1_000, 2_000));
        assert_eq!(parts(ids.next_id(at(0)).unwrap()).0, 1_001_000);
        assert!(ids.next_id(at(1_999)).is_ok());
        assert_eq!(ids.next_id(at(2_000)), Err(TicketIdsExhausted));
    }

    #[test]
    fn an_extension_continues_where_the_range_ended() {
        let ids = TicketIdGenerator::new(range(0, 0, 1_000));
        let before = ids.next_id(at(999)).unwrap();
        ids.extend(range(0, 1_000, 2_000));
        let same_node = ids.next_id(at(1_500)).unwrap();
        ids.extend(range(7, 900, 3_000));
        let other_node = ids.next_id(at(1_500)).unwrap();
        assert!(before < same_node && same_node < other_node);
        assert_eq!(parts(other_node).1, 7);
    }

    #[test]
    fn clocks_before_the_epoch_make_ids_too() {
        let before = Timestamp::from_unix_millis(0).unwrap();
        let ids = TicketIdGenerator::new(IdRange { from: before, ..range(0, 0, 1_000) });
        assert_eq!(parts(ids.next_id(before).unwrap()), (1, 0, 0));
    }
}
