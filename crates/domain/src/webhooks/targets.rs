//! Where webhooks may send: the rules of a URL, and those of the address that it leads to.

mod address;
mod allowed;
mod network;

use url::{Host, Url};

pub use address::is_public;
pub use allowed::{AllowedTargetError, AllowedTargets};
pub use network::Network;

use crate::limits::MAX_WEBHOOK_URL_CHARS;

/// The URL of an endpoint that keeps the rules.
///
/// It begins with `https://`, or with `http://` if the operator allows its host. It has no user name
/// and no password, and at most [`MAX_WEBHOOK_URL_CHARS`] characters. Its host is a name or a public
/// address, or the operator allows it.
///
/// A name is not resolved here. The connection checks the address that it leads to: see
/// [`AllowedTargets::allows_connection`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetUrl(Url);

/// The text is not a URL that webhooks may send to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
pub enum TargetUrlError {
    /// It is too long.
    #[error("must have at most {MAX_WEBHOOK_URL_CHARS} characters")]
    TooLong,
    /// It is not a URL with a host.
    #[error("must be a URL such as https://example.com/hooks")]
    NotAUrl,
    /// Its scheme is not allowed.
    #[error("must begin with https://; http:// needs a host that the operator allows with --webhook-allow")]
    Scheme,
    /// It has a user name or a password.
    #[error("must have no user name and no password")]
    Userinfo,
    /// Its host is an address that is refused.
    #[error(
        "must not lead to a private or reserved address, unless the operator allows it with --webhook-allow"
    )]
    RefusedAddress,
}

impl TargetUrl {
    /// Checks a URL.
    ///
    /// # Errors
    /// [`TargetUrlError`].
    pub fn parse(text: &str, allowed: &AllowedTargets) -> Result<Self, TargetUrlError> {
        if text.chars().count() as u64 > MAX_WEBHOOK_URL_CHARS {
            return Err(TargetUrlError::TooLong);
        }
        // The parser ignores white space, takes `\` as `/`, and completes `https:host`.
        let (scheme, rest) = text.split_once(':').ok_or(TargetUrlError::NotAUrl)?;
        if text.contains(|char: char| char.is_whitespace() || char.is_control() || char == '\\') {
            return Err(TargetUrlError::NotAUrl);
        }
        let is_https = scheme.eq_ignore_ascii_case("https");
        if !is_https && !scheme.eq_ignore_ascii_case("http") {
            return Err(if scheme.is_empty() { TargetUrlError::NotAUrl } else { TargetUrlError::Scheme });
        }
        let after_slashes = rest.strip_prefix("//").ok_or(TargetUrlError::NotAUrl)?;
        if after_slashes.starts_with('/') {
            return Err(TargetUrlError::NotAUrl);
        }
        let url = Url::parse(text).map_err(|_| TargetUrlError::NotAUrl)?;
        // The parser drops an empty user name: `https://@host`.
        let authority = after_slashes.split(['/', '?', '#']).next().unwrap_or_default();
        if authority.contains('@') || !url.username().is_empty() || url.password().is_some() {
            return Err(TargetUrlError::Userinfo);
        }
        let host = url.host().ok_or(TargetUrlError::NotAUrl)?;
        let is_allowed = match host {
            Host::Domain(name) => allowed.allows_name(name),
            Host::Ipv4(address) => allowed.allows_address(address.into()),
            Host::Ipv6(address) => allowed.allows_address(address.into()),
        };
        if !is_https && !is_allowed {
            return Err(TargetUrlError::Scheme);
        }
        let is_public = match host {
            Host::Domain(name) => !is_localhost(name),
            Host::Ipv4(address) => is_public(address.into()),
            Host::Ipv6(address) => is_public(address.into()),
        };
        if is_allowed || is_public { Ok(Self(url)) } else { Err(TargetUrlError::RefusedAddress) }
    }

    /// The parsed URL.
    pub const fn as_url(&self) -> &Url {
        &self.0
    }
}

/// RFC 6761 reserves these names for the loopback address.
fn is_localhost(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    name == "localhost" || name.ends_with(".localhost")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(entries: &[&str]) -> AllowedTargets {
        entries.iter().map(|entry| entry.parse()).collect::<Result<AllowedTargets, _>>().unwrap()
    }

    #[test]
    fn urls_of_public_hosts_are_accepted() {
        for url in [
            "https://example.com",
            "HTTPS://Example.COM:8443/hooks?a=b&c=%20#part",
            "https://bücher.example/ü",
            "https://8.8.8.8/",
            "https://[2606:4700:4700::1111]/",
            "https://[64:ff9b::8.8.8.8]/",
            "https://localhost.example.com/",
            "https://example.com/a@b?c@d",
            "https://example.com.",
        ] {
            assert!(TargetUrl::parse(url, &AllowedTargets::default()).is_ok(), "{url}");
        }
        let longest = format!("https://example.com/{}", "a".repeat(2_000 - 20));
        assert!(TargetUrl::parse(&longest, &AllowedTargets::default()).is_ok());
        let too_long = format!("{longest}a");
        assert_eq!(TargetUrl::parse(&too_long, &AllowedTargets::default()), Err(TargetUrlError::TooLong));
    }

    #[test]
    fn every_other_url_is_refused_with_its_reason() {
        use TargetUrlError::{NotAUrl, RefusedAddress, Scheme, Userinfo};
        for (url, expected) in [
            ("", NotAUrl),
            ("example.com/hooks", NotAUrl),
            ("//example.com", NotAUrl),
            ("https://", NotAUrl),
            ("https:example.com", NotAUrl),
            ("https:///example.com", NotAUrl),
            ("https:\\\\example.com", NotAUrl),
            ("https://exa mple.com", NotAUrl),
            (" https://example.com", NotAUrl),
            ("https://example.com/\n", NotAUrl),
            ("ht\ttps://example.com", NotAUrl),
            ("https://example.com:99999", NotAUrl),
            ("https://256.1.1.1", NotAUrl),
            ("https://[::1", NotAUrl),
            ("https://exa%00mple.com", NotAUrl),
            ("http://example.com", Scheme),
            ("HTTP://8.8.8.8", Scheme),
            ("ftp://example.com", Scheme),
            ("file:///etc/passwd", Scheme),
            ("javascript:alert(1)", Scheme),
            ("https://user@example.com", Userinfo),
            ("https://user:password@example.com", Userinfo),
            ("https://@example.com", Userinfo),
            ("https://:@example.com", Userinfo),
            ("https://8.8.8.8@10.0.0.1", Userinfo),
            ("https://localhost", RefusedAddress),
            ("https://LocalHost.:8080/", RefusedAddress),
            ("https://a.localhost", RefusedAddress),
            ("https://127.0.0.1", RefusedAddress),
            ("https://127.1", RefusedAddress),
            ("https://2130706433", RefusedAddress),
            ("https://0x7f000001", RefusedAddress),
            ("https://0x7f.0.0.1", RefusedAddress),
            ("https://017700000001", RefusedAddress),
            ("https://0177.0.0.01", RefusedAddress),
            ("https://0", RefusedAddress),
            ("https://%31%32%37.0.0.1", RefusedAddress),
            ("https://１２７.0.0.1", RefusedAddress),
            ("https://127。0。0。1", RefusedAddress),
            ("https://10.0.0.1.", RefusedAddress),
            ("https://169.254.169.254/latest/meta-data", RefusedAddress),
            ("https://[::1]", RefusedAddress),
            ("https://[::]", RefusedAddress),
            ("https://[::ffff:127.0.0.1]", RefusedAddress),
            ("https://[::ffff:7f00:1]", RefusedAddress),
            ("https://[::127.0.0.1]", RefusedAddress),
            ("https://[64:ff9b::10.0.0.1]", RefusedAddress),
            ("https://[64:ff9b:1::8.8.8.8]", RefusedAddress),
            ("https://[2002:7f00:1::]", RefusedAddress),
            ("https://[2001:0:808:808::f5ff:fffe]", RefusedAddress),
            ("https://[2606:4700::5efe:10.0.0.1]", RefusedAddress),
            ("https://[fe80::1]", RefusedAddress),
            ("https://[fd00::1]", RefusedAddress),
        ] {
            assert_eq!(TargetUrl::parse(url, &AllowedTargets::default()), Err(expected), "{url}");
        }
    }

    #[test]
    fn the_operator_allows_hosts_and_networks() {
        let allowed = allowed(&["localhost", "Receiver.Internal.", "10.0.0.0/8", "::1", "fd00::/8"]);
        for url in [
            "http://localhost:3000/",
            "https://receiver.internal",
            "http://RECEIVER.internal.:80",
            "http://10.1.2.3",
            "https://0x0a.1",
            "http://[::ffff:10.0.0.1]",
            "http://[::1]:3000",
            "https://[fd12::1]",
        ] {
            assert!(TargetUrl::parse(url, &allowed).is_ok(), "{url}");
        }
        for (url, expected) in [
            ("http://a.receiver.internal", TargetUrlError::Scheme),
            ("https://a.localhost", TargetUrlError::RefusedAddress),
            ("https://11.0.0.1@10.0.0.1", TargetUrlError::Userinfo),
            ("https://127.0.0.1", TargetUrlError::RefusedAddress),
            ("http://127.0.0.1", TargetUrlError::Scheme),
            ("https://[64:ff9b::10.0.0.1]", TargetUrlError::RefusedAddress),
        ] {
            assert_eq!(TargetUrl::parse(url, &allowed), Err(expected), "{url}");
        }
    }

    #[test]
    fn the_port_is_no_part_of_a_host() {
        let allowed = allowed(&["receiver.internal"]);
        assert!(TargetUrl::parse("http://receiver.internal:65535", &allowed).is_ok());
    }
}
