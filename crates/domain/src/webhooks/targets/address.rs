use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::network::Network;

/// The IPv4 networks that are refused: those of IANA's special registry that are not global, those for
/// multicast, and an address of a cloud.
const REFUSED_V4: [Network; 17] = [
    Network::v4(Ipv4Addr::UNSPECIFIED, 8),
    // Private.
    Network::v4(Ipv4Addr::new(10, 0, 0, 0), 8),
    Network::v4(Ipv4Addr::new(172, 16, 0, 0), 12),
    Network::v4(Ipv4Addr::new(192, 168, 0, 0), 16),
    // Shared by the customers of a carrier (CGNAT).
    Network::v4(Ipv4Addr::new(100, 64, 0, 0), 10),
    // Loopback and link-local.
    Network::v4(Ipv4Addr::new(127, 0, 0, 0), 8),
    Network::v4(Ipv4Addr::new(169, 254, 0, 0), 16),
    // Protocol assignments, and relays of 6to4.
    Network::v4(Ipv4Addr::new(192, 0, 0, 0), 24),
    Network::v4(Ipv4Addr::new(192, 88, 99, 0), 24),
    // Documentation.
    Network::v4(Ipv4Addr::new(192, 0, 2, 0), 24),
    Network::v4(Ipv4Addr::new(198, 51, 100, 0), 24),
    Network::v4(Ipv4Addr::new(203, 0, 113, 0), 24),
    // Benchmarking.
    Network::v4(Ipv4Addr::new(198, 18, 0, 0), 15),
    // Multicast; reserved, with the broadcast address.
    Network::v4(Ipv4Addr::new(224, 0, 0, 0), 4),
    Network::v4(Ipv4Addr::new(240, 0, 0, 0), 4),
    // Azure's own services. Only machines in Azure reach them, as with a link-local address.
    Network::v4(Ipv4Addr::new(168, 63, 129, 16), 32),
    Network::v4(Ipv4Addr::BROADCAST, 32),
];

/// The networks within the global IPv6 addresses that are refused.
const REFUSED_V6: [Network; 3] = [
    // Protocol assignments, with Teredo, whose addresses embed others.
    Network::v6(Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23),
    // Documentation.
    Network::v6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32),
    Network::v6(Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),
];

/// The global IPv6 addresses. All others are loopback, link-local, unique local, multicast, embedding,
/// or reserved.
const GLOBAL_V6: Network = Network::v6(Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);

/// NAT64: the last 32 bits are an IPv4 address.
const NAT64: Network = Network::v6(Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0), 96);

/// 6to4: the bits after the prefix are an IPv4 address.
const SIX_TO_FOUR: Network = Network::v6(Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16);

/// Whether webhooks may connect to this address without the operator's permission.
///
/// Refused are private, loopback, link-local, shared, multicast, reserved and documentation addresses,
/// and IPv6 addresses that embed one: mapped, NAT64, 6to4 and ISATAP. Forms that embed an address in
/// private or outdated ways are refused altogether: compatible, Teredo and local NAT64.
pub fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    !REFUSED_V4.iter().any(|network| network.contains(address.into()))
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let [_, first, second, .., third, fourth] = address.segments();
    if NAT64.contains(address.into()) {
        return is_public_v4(embedded(third, fourth));
    }
    if !GLOBAL_V6.contains(address.into()) {
        return false;
    }
    if SIX_TO_FOUR.contains(address.into()) && !is_public_v4(embedded(first, second)) {
        return false;
    }
    let [.., isatap, marker, _, _] = address.segments();
    if matches!((isatap, marker), (0 | 0x200, 0x5efe)) && !is_public_v4(embedded(third, fourth)) {
        return false;
    }
    !REFUSED_V6.iter().any(|network| network.contains(address.into()))
}

fn embedded(high: u16, low: u16) -> Ipv4Addr {
    Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn public_addresses_are_accepted() {
        for address in [
            "1.0.0.0",
            "8.8.8.8",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "168.63.129.15",
            "169.253.255.255",
            "169.255.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.0",
            "192.0.3.0",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "2000::",
            "2001:200::1",
            "2001:4860:4860::8888",
            "2606:4700:4700::1111",
            "2002:808:808::1",
            "64:ff9b::808:808",
            "::ffff:8.8.8.8",
            "2606:4700::5efe:808:808",
            "2606:4700::200:5efe:808:808",
            "3ffe:ffff::",
            "2a00::1",
        ] {
            assert!(is_public(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn every_other_address_is_refused() {
        for address in [
            // Unspecified, and this network.
            "0.0.0.0",
            "0.255.255.255",
            "::",
            // Private and unique local.
            "10.0.0.0",
            "10.255.255.255",
            "172.16.0.0",
            "172.31.255.255",
            "192.168.0.0",
            "192.168.255.255",
            "fc00::",
            "fd00:ec2::254",
            "fdff:ffff::",
            // CGNAT, with the metadata service of a cloud.
            "100.64.0.0",
            "100.100.100.200",
            "100.127.255.255",
            // Loopback and link-local.
            "127.0.0.1",
            "127.255.255.255",
            "::1",
            "169.254.0.0",
            "169.254.169.254",
            "169.254.255.255",
            "fe80::1",
            "febf::",
            "fec0::",
            // Assigned to protocols.
            "192.0.0.0",
            "192.0.0.255",
            "192.88.99.1",
            "2001::",
            "2001:20::1",
            "2001:1ff::1",
            // Documentation and benchmarking.
            "192.0.2.0",
            "198.51.100.255",
            "203.0.113.9",
            "198.18.0.0",
            "198.19.255.255",
            "2001:db8::1",
            "3fff::",
            "3fff:fff::",
            "2001:2::1",
            // Multicast, reserved and broadcast.
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.0",
            "255.255.255.254",
            "255.255.255.255",
            "ff02::1",
            "ff0e::1",
            "4000::",
            "5f00::",
            "100::1",
            "1fff::",
            // Azure.
            "168.63.129.16",
            // Mapped and compatible.
            "::ffff:10.0.0.1",
            "::ffff:169.254.169.254",
            "::ffff:0.0.0.0",
            "::127.0.0.1",
            "::8.8.8.8",
            "::2",
            "::ffff:0:7f00:1",
            // NAT64, and its local form.
            "64:ff9b::10.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b::169.254.169.254",
            "64:ff9b:1::808:808",
            "64:ff9b:1:ffff::1",
            "64:ff9b:0:0:1::8.8.8.8",
            // 6to4 with a private address behind it, and Teredo.
            "2002:a00:1::",
            "2002:7f00:1::1",
            "2002:c0a8:101::1",
            "2002:a9fe:a9fe::",
            "2001:0:4136:e378:8000:63bf:3fff:fdd2",
            // ISATAP.
            "2606:4700::5efe:10.0.0.1",
            "2606:4700::200:5efe:192.168.1.1",
            "fe80::5efe:10.0.0.1",
        ] {
            assert!(!is_public(address.parse().unwrap()), "{address}");
        }
    }
}
