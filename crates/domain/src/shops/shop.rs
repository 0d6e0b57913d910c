use crate::limits::MAX_SHOP_DOMAIN_CHARS;
use crate::{EventKind, ShopId, Timestamp};

/// A shop: the tenant that owns customers, users, tickets and API keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shop {
    /// Its number.
    pub id: ShopId,
    /// Its domain name, unique in the installation.
    pub domain: ShopDomain,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it was closed. Its keys allow nothing from then on.
    pub closed_at: Option<Timestamp>,
    /// Whether a customer's comment opens a closed ticket again (COMMENT-20). Off in a new shop.
    pub reopen_on_reply: bool,
}

impl Shop {
    /// Returns an open shop with the default settings.
    pub const fn new(id: ShopId, domain: ShopDomain, created_at: Timestamp) -> Self {
        Self { id, domain, created_at, closed_at: None, reopen_on_reply: false }
    }

    /// Changes it at this time. Returns the kind of the event, or `None` if the shop is as before.
    pub fn change(&mut self, change: ShopChange, now: Timestamp) -> Option<EventKind> {
        let before = self.clone();
        let kind = match change {
            ShopChange::Close => {
                self.closed_at.get_or_insert(now);
                EventKind::ShopClosed
            }
            ShopChange::Reopen => {
                self.closed_at = None;
                EventKind::ShopReopened
            }
            ShopChange::SetReopenOnReply(reopen_on_reply) => {
                self.reopen_on_reply = reopen_on_reply;
                EventKind::ShopUpdated
            }
        };
        (*self != before).then_some(kind)
    }
}

/// A change of a shop by the operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShopChange {
    /// Closes it. A closed shop keeps its time of closing.
    Close,
    /// Opens it again. Its keys allow what they allowed before.
    Reopen,
    /// Sets whether a customer's comment opens a closed ticket again (COMMENT-20).
    SetReopenOnReply(bool),
}

/// A shop's domain name, in lower case: `example.myshopify.com`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ShopDomain(String);

/// The text is not a domain name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "not a domain name: letters, digits and hyphens, in parts joined by dots, like example.myshopify.com"
)]
pub struct ShopDomainError;

impl ShopDomain {
    /// Reads a domain name. Upper-case letters become lower case.
    ///
    /// # Errors
    /// [`ShopDomainError`] unless the text is labels of 1 to 63 ASCII letters, digits and
    /// inner hyphens, joined by dots, at most 253 characters.
    pub fn parse(text: &str) -> Result<Self, ShopDomainError> {
        let is_label = |label: &str| {
            (1..=63).contains(&label.len())
                && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        if text.len() <= MAX_SHOP_DOMAIN_CHARS && text.split('.').all(is_label) {
            Ok(Self(text.to_ascii_lowercase()))
        } else {
            Err(ShopDomainError)
        }
    }

    /// Returns the name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for ShopDomain {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(formatter)
    }
}

impl std::str::FromStr for ShopDomain {
    type Err = ShopDomainError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_is_labels_joined_by_dots() {
        let parsed = ShopDomain::parse("Example.MyShopify.com");
        assert_eq!(parsed.as_ref().map(ShopDomain::as_str), Ok("example.myshopify.com"));
        for text in ["", ".", "a..b", "-a.com", "a-.com", "a b.com", "a_b.com", "é.com", &"a.".repeat(200)] {
            assert_eq!(ShopDomain::parse(text), Err(ShopDomainError), "{text}");
        }
    }
}
