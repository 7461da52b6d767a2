//! Which addresses a name may lead to.
//!
//! A component chooses names, and whoever owns a name chooses its addresses: without this check any name could lead to
//! the host's own services, its neighbours, or a cloud's metadata service that hands out credentials. The ranges are
//! those of the IANA special-purpose registries (RFC 6890 and its updates); the metadata addresses are the vendors'.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What an address is for, as far as the policy cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddressClass {
    /// Reachable on the public Internet.
    Public,
    /// This machine: 127.0.0.0/8, ::1.
    Loopback,
    /// RFC 1918, and IPv6 unique local and site-local addresses.
    Private,
    /// 169.254.0.0/16, fe80::/10.
    LinkLocal,
    /// 100.64.0.0/10, shared by a carrier's customers (RFC 6598).
    CarrierNat,
    /// A cloud's metadata or platform service.
    Metadata,
    /// 224.0.0.0/4, ff00::/8.
    Multicast,
    /// 0.0.0.0/8 and ::, which many systems take for this machine.
    Unspecified,
    /// 255.255.255.255.
    Broadcast,
    /// Documentation ranges.
    Documentation,
    /// IPv6 that carries an IPv4 address (mapped, compatible, NAT64, 6to4, Teredo), and so a second way to every
    /// address above.
    EmbedsIpv4,
    /// Benchmarking, protocol assignments, discard, and everything not assigned.
    Reserved,
}

impl AddressClass {
    /// The class of `ip`.
    pub fn of(ip: IpAddr) -> Self {
        match ip {
            IpAddr::V4(ip) => of_v4(ip),
            IpAddr::V6(ip) => of_v6(ip),
        }
    }

    /// Whether a *name* that the operator wrote may lead here: the classes in which real servers of a company live.
    /// Metadata services, the link-local range in which clouds keep putting new ones, and addresses that are no server's
    /// are reached only by an operator who writes the address itself, since the owner of a name may change where it leads
    /// at any time.
    pub fn admitted_for_written_name(self) -> bool {
        matches!(self, Self::Public | Self::Loopback | Self::Private | Self::CarrierNat)
    }

    /// The class in words, for messages.
    pub fn describe(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Loopback => "loopback",
            Self::Private => "private",
            Self::LinkLocal => "link-local",
            Self::CarrierNat => "carrier-grade NAT",
            Self::Metadata => "cloud metadata",
            Self::Multicast => "multicast",
            Self::Unspecified => "unspecified",
            Self::Broadcast => "broadcast",
            Self::Documentation => "documentation",
            Self::EmbedsIpv4 => "IPv4-in-IPv6",
            Self::Reserved => "reserved",
        }
    }
}

/// AWS, Azure, GCP and others; AWS ECS; Tencent Cloud; Alibaba Cloud; Azure's wire server; Oracle Cloud's older service.
const METADATA_V4: [Ipv4Addr; 6] = [
    Ipv4Addr::new(169, 254, 169, 254),
    Ipv4Addr::new(169, 254, 170, 2),
    Ipv4Addr::new(169, 254, 0, 23),
    Ipv4Addr::new(100, 100, 100, 200),
    Ipv4Addr::new(168, 63, 129, 16),
    Ipv4Addr::new(192, 0, 0, 192),
];

/// AWS and GCP over IPv6.
const METADATA_V6: [Ipv6Addr; 2] =
    [Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254), Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254)];

fn of_v4(ip: Ipv4Addr) -> AddressClass {
    let [a, b, c, _] = ip.octets();
    match (a, b, c) {
        _ if METADATA_V4.contains(&ip) => AddressClass::Metadata,
        (0, ..) => AddressClass::Unspecified,
        (127, ..) => AddressClass::Loopback,
        (10, ..) | (172, 16..=31, _) | (192, 168, _) => AddressClass::Private,
        (100, 64..=127, _) => AddressClass::CarrierNat,
        (169, 254, _) => AddressClass::LinkLocal,
        (192, 0, 2) | (198, 51, 100) | (203, 0, 113) => AddressClass::Documentation,
        // Protocol assignments, the retired 6to4 relay, benchmarking.
        (192, 0, 0) | (192, 88, 99) | (198, 18..=19, _) => AddressClass::Reserved,
        (224..=239, ..) => AddressClass::Multicast,
        (255, 255, 255) if ip == Ipv4Addr::BROADCAST => AddressClass::Broadcast,
        (240..=255, ..) => AddressClass::Reserved,
        _ => AddressClass::Public,
    }
}

fn of_v6(ip: Ipv6Addr) -> AddressClass {
    let segments = ip.segments();
    match segments {
        _ if METADATA_V6.contains(&ip) => AddressClass::Metadata,
        _ if ip == Ipv6Addr::UNSPECIFIED => AddressClass::Unspecified,
        _ if ip == Ipv6Addr::LOCALHOST => AddressClass::Loopback,
        // Compatible ::a.b.c.d, mapped ::ffff:a.b.c.d, translated ::ffff:0:a.b.c.d (all within ::/64),
        // NAT64 64:ff9b::/96 and 64:ff9b:1::/48, Teredo 2001::/32, 6to4 2002::/16.
        [0, 0, 0, 0, ..] | [0x64, 0xff9b, ..] | [0x2001, 0, ..] | [0x2002, ..] => AddressClass::EmbedsIpv4,
        [0x2001, 0xdb8, ..] | [0x3fff, 0..=0x0fff, ..] => AddressClass::Documentation,
        [0xff00..=0xffff, ..] => AddressClass::Multicast,
        [0xfe80..=0xfebf, ..] => AddressClass::LinkLocal,
        // fec0::/10 is the retired site-local range, which old networks still route.
        [0xfc00..=0xfdff, ..] | [0xfec0..=0xfeff, ..] => AddressClass::Private,
        // 2001::/23 holds protocol assignments; of 2000::/3, which is the assigned unicast space, the rest is public.
        [0x2001, 0..=0x01ff, ..] => AddressClass::Reserved,
        [0x2000..=0x3fff, ..] => AddressClass::Public,
        _ => AddressClass::Reserved,
    }
}

#[cfg(test)]
mod tests {
    use super::{AddressClass::*, *};

    #[test]
    fn classes_begin_and_end_where_the_registries_say() {
        for (class, addresses) in [
            (Public, &["1.1.1.1", "8.8.8.8", "172.15.255.255", "172.32.0.1", "100.63.255.255", "100.128.0.0"][..]),
            (Public, &["126.255.255.255", "128.0.0.1", "169.253.1.1", "192.167.1.1", "223.255.255.255", "198.20.0.1"]),
            (Loopback, &["127.0.0.1", "127.255.255.254", "::1"]),
            (Private, &["10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.255", "192.168.0.1", "fc00::1"]),
            (Private, &["fdff:ffff::1", "fec0::1"]),
            (LinkLocal, &["169.254.0.1", "169.254.255.255", "fe80::1", "febf::1"]),
            (CarrierNat, &["100.64.0.0", "100.127.255.255"]),
            (Metadata, &["169.254.169.254", "169.254.170.2", "100.100.100.200", "168.63.129.16", "192.0.0.192"]),
            (Metadata, &["fd00:ec2::254", "fd20:ce::254"]),
            (Multicast, &["224.0.0.1", "239.255.255.255", "ff02::1"]),
            (Unspecified, &["0.0.0.0", "0.1.2.3", "::"]),
            (Broadcast, &["255.255.255.255"]),
            (Documentation, &["192.0.2.1", "198.51.100.1", "203.0.113.255", "2001:db8::1", "3fff::1"]),
            (EmbedsIpv4, &["::ffff:127.0.0.1", "::ffff:8.8.8.8", "::127.0.0.1", "::8.8.8.8", "::ffff:0:127.0.0.1"]),
            (EmbedsIpv4, &["64:ff9b::7f00:1", "64:ff9b:1::1", "2002:7f00:1::", "2001:0:1::1"]),
            (Reserved, &["240.0.0.1", "255.255.255.254", "192.0.0.1", "198.18.0.1", "198.19.255.255", "192.88.99.1"]),
            (Reserved, &["100::1", "4000::1", "2001:20::1", "5f00::1"]),
            (Public, &["2606:4700::1111", "2001:4860:4860::8888", "2400:3200::1", "2001:200::1"]),
        ] {
            for address in addresses {
                assert_eq!(AddressClass::of(address.parse().unwrap()), class, "{address}");
            }
        }
    }

    #[test]
    fn a_written_name_leads_only_where_servers_of_a_company_are() {
        for class in [Public, Loopback, Private, CarrierNat] {
            assert!(class.admitted_for_written_name(), "{class:?}");
        }
        for class in [Metadata, LinkLocal, Multicast, Unspecified, Broadcast, Documentation, EmbedsIpv4, Reserved] {
            assert!(!class.admitted_for_written_name(), "{class:?}");
        }
    }
}
