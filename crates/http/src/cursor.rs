//! Cursors: opaque places in a list, good for that list only.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hexdesk_domain::ShopId;
use sha2::{Digest, Sha256};

/// Cursors of other versions are refused.
const VERSION: u8 = 1;
const PLACE_BYTES: usize = 16;
const TAG_BYTES: usize = 12;

/// Seals the places of one list of one shop into cursors, and opens them.
///
/// A cursor is bound to its list by a checksum, not by a secret: whoever computes one of
/// their own names a place in a list that they may read anyway.
#[derive(Debug)]
pub(crate) struct CursorSeal(Sha256);

impl CursorSeal {
    /// The seal of this list, narrowed by `filter`, of this shop.
    pub(crate) fn new(list: &str, shop: ShopId, filter: &str) -> Self {
        let mut digest = Sha256::new();
        for part in [list.as_bytes(), &shop.get().to_be_bytes(), filter.as_bytes()] {
            digest.update((part.len() as u64).to_be_bytes());
            digest.update(part);
        }
        Self(digest)
    }

    /// The cursor of a place.
    pub(crate) fn seal(&self, place: [i64; 2]) -> String {
        let place = to_bytes(place);
        let mut cursor = vec![VERSION];
        cursor.extend_from_slice(&place);
        cursor.extend_from_slice(&self.tag(&place));
        URL_SAFE_NO_PAD.encode(cursor)
    }

    /// The place of a cursor; `None` for one of another list, shop, filter or version, and
    /// for anything that is no cursor.
    pub(crate) fn open(&self, cursor: &str) -> Option<[i64; 2]> {
        let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
        let (version, rest) = bytes.split_first()?;
        let (place, tag) = rest.split_at_checked(PLACE_BYTES)?;
        let place: [u8; PLACE_BYTES] = place.try_into().ok()?;
        (*version == VERSION && tag == self.tag(&place)).then(|| from_bytes(place))
    }

    fn tag(&self, place: &[u8; PLACE_BYTES]) -> [u8; TAG_BYTES] {
        let digest: [u8; 32] = self.0.clone().chain_update([VERSION]).chain_update(place).finalize().into();
        std::array::from_fn(|index| digest[index])
    }
}

fn to_bytes([first, second]: [i64; 2]) -> [u8; PLACE_BYTES] {
    ((u128::from(first.cast_unsigned()) << 64) | u128::from(second.cast_unsigned())).to_be_bytes()
}

fn from_bytes(bytes: [u8; PLACE_BYTES]) -> [i64; 2] {
    let both = u128::from_be_bytes(bytes).cast_signed();
    // Each takes its own 64 bits.
    [(both >> 64) as i64, both as i64]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seal(list: &str, shop: i64, filter: &str) -> CursorSeal {
        CursorSeal::new(list, ShopId::new(shop).unwrap(), filter)
    }

    #[test]
    fn a_cursor_opens_where_it_was_sealed() {
        let tickets = seal("tickets", 1, "tag=vip");
        for place in [[0, 1], [-62_135_596_800_000, i64::MAX], [i64::MIN, i64::MIN], [-1, 1]] {
            let cursor = tickets.seal(place);
            assert!(cursor.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));
            assert_eq!(tickets.open(&cursor), Some(place));
        }
    }

    #[test]
    fn a_cursor_opens_nowhere_else() {
        let cursor = seal("tickets", 1, "tag=vip").seal([1, 2]);
        for other in [
            seal("comments", 1, "tag=vip"),
            seal("tickets", 2, "tag=vip"),
            seal("tickets", 1, ""),
            seal("ticket", 1, "stag=vip"),
        ] {
            assert_eq!(other.open(&cursor), None);
        }
    }

    #[test]
    fn anything_else_is_no_cursor() {
        let tickets = seal("tickets", 1, "");
        let cursor = tickets.seal([1, 2]);
        let bytes = URL_SAFE_NO_PAD.decode(&cursor).unwrap();
        for changed in 0..bytes.len() {
            let mut forged = bytes.clone();
            forged[changed] ^= 1;
            assert_eq!(tickets.open(&URL_SAFE_NO_PAD.encode(forged)), None, "byte {changed}");
        }
        for garbage in ["", "AQ", "é", "====", &cursor[1..], &format!("{cursor}A"), &"A".repeat(10_000)] {
            assert_eq!(tickets.open(garbage), None, "{garbage:.20}");
        }
    }
}
