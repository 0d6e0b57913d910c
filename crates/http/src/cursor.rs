//! Cursors: opaque places in a list. A cursor is valid for its list only.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hexdesk_domain::{
    CommentId, CommentPosition, CustomerId, EventPosition, KeyNumber, SearchPosition, ShopId, TicketId,
    TicketPosition, Timestamp, UserId,
};
use sha2::{Digest, Sha256};

/// Cursors of other versions are refused.
const VERSION: u8 = 1;
const PLACE_NUMBERS: usize = 3;
const PLACE_BYTES: usize = PLACE_NUMBERS * size_of::<i64>();
const TAG_BYTES: usize = 12;

/// Seals the places of one list of one shop into cursors, and opens them.
///
/// A checksum, not a secret, binds a cursor to its list. A client that computes its own cursor only
/// names a place in a list that it may read.
#[derive(Debug)]
pub(crate) struct CursorSeal(Sha256);

impl CursorSeal {
    /// Returns the seal of this list of this shop, narrowed by `filter`.
    pub(crate) fn new(list: &str, shop: ShopId, filter: &str) -> Self {
        let mut digest = Sha256::new();
        for part in [list.as_bytes(), &shop.get().to_be_bytes(), filter.as_bytes()] {
            digest.update((part.len() as u64).to_be_bytes());
            digest.update(part);
        }
        Self(digest)
    }

    /// Returns the cursor of a place.
    pub(crate) fn seal(&self, place: &impl Place) -> String {
        let place = to_bytes(place.numbers());
        let mut cursor = vec![VERSION];
        cursor.extend_from_slice(&place);
        cursor.extend_from_slice(&self.tag(&place));
        URL_SAFE_NO_PAD.encode(cursor)
    }

    /// Returns the place of a cursor. Returns `None` for a cursor of another list, shop, filter or
    /// version, and for any other text.
    pub(crate) fn open<P: Place>(&self, cursor: &str) -> Option<P> {
        let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
        let (version, rest) = bytes.split_first()?;
        let (place, tag) = rest.split_at_checked(PLACE_BYTES)?;
        let place: [u8; PLACE_BYTES] = place.try_into().ok()?;
        if *version != VERSION || tag != self.tag(&place) {
            return None;
        }
        P::from_numbers(from_bytes(place))
    }

    fn tag(&self, place: &[u8; PLACE_BYTES]) -> [u8; TAG_BYTES] {
        let digest: [u8; 32] = self.0.clone().chain_update([VERSION]).chain_update(place).finalize().into();
        std::array::from_fn(|index| digest[index])
    }
}

fn to_bytes(numbers: [i64; PLACE_NUMBERS]) -> [u8; PLACE_BYTES] {
    let mut bytes = [0; PLACE_BYTES];
    for (place, number) in bytes.chunks_exact_mut(size_of::<i64>()).zip(numbers) {
        place.copy_from_slice(&number.to_be_bytes());
    }
    bytes
}

fn from_bytes(bytes: [u8; PLACE_BYTES]) -> [i64; PLACE_NUMBERS] {
    let (numbers, _) = bytes.as_chunks();
    std::array::from_fn(|index| i64::from_be_bytes(numbers[index]))
}

/// A place in a list, as the numbers of its cursor. Unused numbers are 0.
pub(crate) trait Place: Sized {
    /// Returns its numbers.
    fn numbers(&self) -> [i64; PLACE_NUMBERS];

    /// Returns the place with these numbers, or `None` if they are invalid.
    fn from_numbers(numbers: [i64; PLACE_NUMBERS]) -> Option<Self>;
}

impl Place for TicketPosition {
    fn numbers(&self) -> [i64; PLACE_NUMBERS] {
        [self.last_message_time.unix_millis(), self.id.get(), 0]
    }

    fn from_numbers([time, id, _]: [i64; PLACE_NUMBERS]) -> Option<Self> {
        Some(Self { last_message_time: Timestamp::from_unix_millis(time).ok()?, id: TicketId::new(id)? })
    }
}

impl Place for CommentPosition {
    fn numbers(&self) -> [i64; PLACE_NUMBERS] {
        [self.time.unix_millis(), self.id.get(), 0]
    }

    fn from_numbers([time, id, _]: [i64; PLACE_NUMBERS]) -> Option<Self> {
        Some(Self { time: Timestamp::from_unix_millis(time).ok()?, id: CommentId::new(id)? })
    }
}

impl Place for SearchPosition {
    fn numbers(&self) -> [i64; PLACE_NUMBERS] {
        let [time, id, _] = self.ticket.numbers();
        [time, id, i64::from(self.rank)]
    }

    fn from_numbers([time, id, rank]: [i64; PLACE_NUMBERS]) -> Option<Self> {
        Some(Self { rank: rank.try_into().ok()?, ticket: TicketPosition::from_numbers([time, id, 0])? })
    }
}

impl Place for EventPosition {
    fn numbers(&self) -> [i64; PLACE_NUMBERS] {
        [self.change, self.part, 0]
    }

    fn from_numbers([change, part, _]: [i64; PLACE_NUMBERS]) -> Option<Self> {
        (change >= 0 && part >= 0).then_some(Self { change, part })
    }
}

macro_rules! places {
    ($($id:ident)+) => {$(
        impl Place for $id {
            fn numbers(&self) -> [i64; PLACE_NUMBERS] {
                [self.get(), 0, 0]
            }

            fn from_numbers([id, ..]: [i64; PLACE_NUMBERS]) -> Option<Self> {
                Self::new(id)
            }
        }
    )+};
}

places!(CustomerId KeyNumber UserId);

/// The number of an attempt of a webhook.
#[cfg(feature = "webhooks")]
impl Place for i64 {
    fn numbers(&self) -> [i64; PLACE_NUMBERS] {
        [*self, 0, 0]
    }

    fn from_numbers([number, ..]: [i64; PLACE_NUMBERS]) -> Option<Self> {
        Some(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seal(list: &str, shop: i64, filter: &str) -> CursorSeal {
        CursorSeal::new(list, ShopId::new(shop).unwrap(), filter)
    }

    fn place() -> TicketPosition {
        TicketPosition { last_message_time: Timestamp::MIN, id: TicketId::new(i64::MAX).unwrap() }
    }

    #[track_caller]
    fn assert_opens<P: Place + PartialEq + std::fmt::Debug>(place: P) {
        let tickets = seal("tickets", 1, "tag=vip");
        let cursor = tickets.seal(&place);
        assert!(cursor.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));
        assert_eq!(tickets.open(&cursor), Some(place));
    }

    #[test]
    fn a_cursor_opens_where_it_was_sealed() {
        assert_opens(place());
        assert_opens(CommentPosition { time: Timestamp::MAX, id: CommentId::new(1).unwrap() });
        assert_opens(SearchPosition { rank: u32::MAX, ticket: place() });
        assert_opens(CustomerId::new(CustomerId::MAX).unwrap());
        assert_opens(EventPosition { change: i64::MAX, part: 0 });
    }

    #[test]
    fn a_cursor_opens_nowhere_else() {
        let cursor = seal("tickets", 1, "tag=vip").seal(&place());
        for other in [
            seal("comments", 1, "tag=vip"),
            seal("tickets", 2, "tag=vip"),
            seal("tickets", 1, ""),
            seal("ticket", 1, "stag=vip"),
        ] {
            assert_eq!(other.open::<TicketPosition>(&cursor), None);
        }
    }

    #[test]
    fn anything_else_is_no_cursor() {
        let tickets = seal("tickets", 1, "");
        let cursor = tickets.seal(&place());
        let bytes = URL_SAFE_NO_PAD.decode(&cursor).unwrap();
        let open = |cursor: &str| tickets.open::<TicketPosition>(cursor);
        for changed in 0..bytes.len() {
            let mut forged = bytes.clone();
            forged[changed] ^= 1;
            assert_eq!(open(&URL_SAFE_NO_PAD.encode(forged)), None, "byte {changed}");
        }
        for garbage in ["", "AQ", "é", "====", &cursor[1..], &format!("{cursor}A"), &"A".repeat(10_000)] {
            assert_eq!(open(garbage), None, "{garbage:.20}");
        }
    }
}
