use std::net::IpAddr;
use std::str::FromStr;

use url::Host;

use super::address::is_public;
use super::network::Network;

/// What the operator allows although the rules refuse it: hosts, addresses and networks. By default
/// nothing.
///
/// A host that is named is trusted with every address that its name leads to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AllowedTargets {
    names: Vec<String>,
    networks: Vec<Network>,
}

/// The text is not a host, an address or a network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "must be a host such as receiver.internal, an address such as 10.0.0.1 or fd00::1, or a network such as \
     10.0.0.0/8 without bits beyond its prefix; without a scheme, a port or *"
)]
pub struct AllowedTargetError;

impl FromStr for AllowedTargets {
    type Err = AllowedTargetError;

    /// Parses one entry.
    fn from_str(text: &str) -> Result<Self, AllowedTargetError> {
        let network = |network| Self { names: Vec::new(), networks: vec![network] };
        if text.contains('/') {
            return Network::parse(text).map(network).ok_or(AllowedTargetError);
        }
        if let Ok(address) = text.parse::<IpAddr>() {
            return Ok(network(Network::of(address.to_canonical())));
        }
        match Host::parse(text) {
            Ok(Host::Domain(name)) if !name.contains('*') && !without_dot(&name).is_empty() => {
                Ok(Self { names: vec![without_dot(&name).to_owned()], networks: Vec::new() })
            }
            _ => Err(AllowedTargetError),
        }
    }
}

impl FromIterator<Self> for AllowedTargets {
    fn from_iter<T: IntoIterator<Item = Self>>(entries: T) -> Self {
        let mut all = Self::default();
        for Self { names, networks } in entries {
            all.names.extend(names);
            all.networks.extend(networks);
        }
        all
    }
}

impl AllowedTargets {
    /// Whether the operator allows the host with this name.
    pub fn allows_name(&self, name: &str) -> bool {
        let name = without_dot(name);
        self.names.iter().any(|allowed| allowed.eq_ignore_ascii_case(name))
    }

    /// Whether the operator allows this address. An IPv4 address that is mapped into IPv6 is the IPv4
    /// address.
    pub fn allows_address(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.networks.iter().any(|network| network.contains(address))
    }

    /// Whether a connection may go to this address, to which the host `name` leads.
    pub fn allows_connection(&self, name: &str, address: IpAddr) -> bool {
        is_public(address) || self.allows_address(address) || self.allows_name(name)
    }
}

fn without_dot(name: &str) -> &str {
    name.strip_suffix('.').unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_that_are_not_hosts_are_refused() {
        for text in [
            "",
            ".",
            "*",
            "*.internal",
            "localhost:80",
            "http://localhost",
            "localhost/",
            "10.0.0.1/8",
            "[::1]",
            "10.0.0.1:80",
            "a b",
            "user@host",
            "0x7f.1",
        ] {
            assert_eq!(text.parse::<AllowedTargets>(), Err(AllowedTargetError), "{text}");
        }
    }

    #[test]
    fn a_connection_goes_where_the_name_or_the_address_is_allowed() {
        let allowed: AllowedTargets =
            ["receiver.internal", "10.1.0.0/16"].iter().map(|entry| entry.parse().unwrap()).collect();
        for (name, address, expected) in [
            ("example.com", "8.8.8.8", true),
            ("example.com", "127.0.0.1", false),
            ("example.com", "10.1.2.3", true),
            ("example.com", "::ffff:10.1.2.3", true),
            ("example.com", "10.2.0.0", false),
            ("receiver.internal", "127.0.0.1", true),
            ("RECEIVER.internal.", "::1", true),
            ("a.receiver.internal", "127.0.0.1", false),
        ] {
            assert_eq!(
                allowed.allows_connection(name, address.parse().unwrap()),
                expected,
                "{name} {address}"
            );
        }
    }
}
