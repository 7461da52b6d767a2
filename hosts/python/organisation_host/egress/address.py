"""Which addresses a name may lead to.

A component chooses names, and whoever owns a name chooses its addresses: without this any name could lead to the host's own
services, its neighbours, or a cloud's metadata service that hands out credentials. The ranges are those of the IANA
special-purpose registries; the metadata addresses are the vendors'.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

Address = IPv4Address | IPv6Address

#: AWS, Azure, GCP and others; AWS ECS; Tencent Cloud; Alibaba Cloud; Azure's wire server; Oracle Cloud's older one; AWS and GCP by IPv6.
_METADATA = frozenset(
    ip_address(text)
    for text in (
        "169.254.169.254",
        "169.254.170.2",
        "169.254.0.23",
        "100.100.100.200",
        "168.63.129.16",
        "192.0.0.192",
        "fd00:ec2::254",
        "fd20:ce::254",
    )
)

#: The first range that holds an address says what it is.
_RANGES = [
    (ip_network(text), name)
    for text, name in (
        ("0.0.0.0/8", "unspecified"),
        ("127.0.0.0/8", "loopback"),
        ("10.0.0.0/8", "private"),
        ("172.16.0.0/12", "private"),
        ("192.168.0.0/16", "private"),
        ("100.64.0.0/10", "carrier-grade NAT"),
        ("169.254.0.0/16", "link-local"),
        ("192.0.2.0/24", "documentation"),
        ("198.51.100.0/24", "documentation"),
        ("203.0.113.0/24", "documentation"),
        ("192.0.0.0/24", "reserved"),
        ("192.88.99.0/24", "reserved"),
        ("198.18.0.0/15", "reserved"),
        ("224.0.0.0/4", "multicast"),
        ("255.255.255.255/32", "broadcast"),
        ("240.0.0.0/4", "reserved"),
        ("0.0.0.0/0", "public"),
        ("::/128", "unspecified"),
        ("::1/128", "loopback"),
        # Mapped, compatible and translated IPv4; NAT64; Teredo; 6to4: second ways to every address above.
        ("::/64", "IPv4-in-IPv6"),
        ("64:ff9b::/32", "IPv4-in-IPv6"),
        ("2001::/32", "IPv4-in-IPv6"),
        ("2002::/16", "IPv4-in-IPv6"),
        ("2001:db8::/32", "documentation"),
        ("3fff::/20", "documentation"),
        ("ff00::/8", "multicast"),
        ("fe80::/10", "link-local"),
        ("fc00::/7", "private"),
        # The retired site-local range, which old networks still route.
        ("fec0::/10", "private"),
        ("2001::/23", "reserved"),
        ("2000::/3", "public"),
        ("::/0", "reserved"),
    )
]

#: Where real servers of a company live: a *name* that the operator wrote may lead there. Others are reached only where the operator
#: wrote the address itself, since the owner of a name may change where it leads at any time.
FOR_WRITTEN_NAME = frozenset(("public", "loopback", "private", "carrier-grade NAT"))


def class_of(address: Address) -> str:
    """What an address is for: `public`, `loopback`, `private`, `metadata` …"""
    if address in _METADATA:
        return "cloud metadata"
    for network, name in _RANGES:
        if address.version == network.version and address in network:
            return name
    return "reserved"
