"""Where requests may go: tables, accepted and refused."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any

import pytest

from organisation_host.egress import AllowList, Destination, HttpFailure, Operator, Policy
from organisation_host.egress.address import FOR_WRITTEN_NAME, class_of
from organisation_host.egress.url import read
from organisation_host.errors import ConfigurationError


def request(url: str, **fields: Any) -> dict[str, Any]:
    return {
        "method": "GET", "url": url, "headers": [], "body": None, "expect": "text", "timeout_ms": None, "max_bytes": None,
        **fields,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "addresses"),
    [
        ("public", "1.1.1.1 8.8.8.8 172.15.255.255 172.32.0.1 100.63.255.255 100.128.0.0 126.255.255.255 198.20.0.1"),
        ("public", "2606:4700::1111 2400:3200::1 2001:200::1"),
        ("loopback", "127.0.0.1 127.255.255.254 ::1"),
        ("private", "10.0.0.1 172.16.0.1 172.31.255.255 192.168.0.1 fc00::1 fdff:ffff::1 fec0::1"),
        ("link-local", "169.254.0.1 169.254.255.255 fe80::1 febf::1"),
        ("carrier-grade NAT", "100.64.0.0 100.127.255.255"),
        ("cloud metadata", "169.254.169.254 169.254.170.2 100.100.100.200 168.63.129.16 192.0.0.192 fd00:ec2::254"),
        ("multicast", "224.0.0.1 239.255.255.255 ff02::1"),
        ("unspecified", "0.0.0.0 0.1.2.3 ::"),
        ("broadcast", "255.255.255.255"),
        ("documentation", "192.0.2.1 198.51.100.1 203.0.113.255 2001:db8::1 3fff::1"),
        ("IPv4-in-IPv6", "::ffff:127.0.0.1 ::ffff:8.8.8.8 ::127.0.0.1 ::ffff:0:127.0.0.1 64:ff9b::7f00:1 64:ff9b:1::1"),
        ("IPv4-in-IPv6", "2002:7f00:1:: 2001:0:1::1"),
        ("reserved", "240.0.0.1 255.255.255.254 192.0.0.1 198.18.0.1 192.88.99.1 100::1 4000::1 2001:20::1 5f00::1"),
    ],
)
def test_classes_begin_and_end_where_the_registries_say(kind: str, addresses: str) -> None:
    for address in addresses.split():
        assert class_of(ip_address(address)) == kind, address


def test_a_written_name_leads_only_where_servers_of_a_company_are() -> None:
    assert {"public", "loopback", "private", "carrier-grade NAT"} == FOR_WRITTEN_NAME


@pytest.mark.parametrize(
    ("entry", "url", "admits", "names"),
    [
        ("a.example", "https://a.example", True, True),
        ("a.example", "https://A.EXAMPLE.", True, True),
        ("a.example", "https://b.a.example", False, False),
        ("a.example", "http://a.example", False, False),
        ("a.example:8443", "https://a.example:8443", True, True),
        ("a.example:8443", "https://a.example", False, False),
        ("http://a.example", "http://a.example", True, True),
        ("http://a.example", "https://a.example", False, False),
        ("*.example", "https://b.a.example", True, False),
        ("*.example", "https://example", False, False),
        ("*.example", "https://anexample", False, False),
        ("127.0.0.1:9000", "http://127.0.0.1:9000", True, True),
        ("127.0.0.1:9000", "http://2130706433:9000", True, True),
        ("127.0.0.1:9000", "http://0x7f.1:9000", True, True),
        ("127.0.0.1:9000", "http://0177.0.0.1:9000", True, True),
        ("127.0.0.1", "http://127.0.0.1:9000", False, False),
        ("https://127.0.0.1:9000", "http://127.0.0.1:9000", False, False),
        ("localhost:9000", "http://localhost:9000", True, True),
        ("localhost:9000", "http://127.0.0.1:9000", False, False),
        ("[::1]:9000", "http://[0:0::1]:9000", True, True),
        ("10.0.0.7:8080", "http://10.0.0.7:8080", False, False),
    ],
)
def test_entries_admit(entry: str, url: str, admits: bool, names: bool) -> None:
    destination = read(url).destination
    assert (AllowList([entry]).admits(destination), AllowList([entry]).names(destination)) == (admits, names)


@pytest.mark.parametrize(
    "entry",
    [
        "", "*", "*:443", "api.*.com", "*api.example.com", "https://", "ftp://a", "a/", "https://a.example/path", "me@a", "a:",
        "a:0", "a:65536", "a:*", "::1", "[::1", "[::1]9", "*.10.0.0.7", "a b", "a..b", "a?x", "A¡", "*.企业.example", "a%2e",
    ],
)  # fmt: skip
def test_entries_that_cannot_be_read_are_refused(entry: str) -> None:
    with pytest.raises(ConfigurationError):
        AllowList([entry])


NEEDED = [read(url).destination for url in (
    "https://api.example", "https://10.0.0.7", "http://intranet.example", "http://localhost:1", "https://169.254.169.254",
)]  # fmt: skip


@pytest.mark.parametrize(
    ("url", "operator", "kind"),
    [
        ("https://api.example/x?y", Operator(whatever_is_needed=True), None),
        ("https://api.example", Operator(["api.example"]), None),
        ("https://api.example", Operator(), "denied"),
        ("https://api.example:8443", Operator(["api.example:8443"], True), "denied"),
        ("https://other.example", Operator(["other.example"], True), "denied"),
        ("http://api.example", Operator(["http://api.example"], True), "denied"),
        ("http://intranet.example", Operator(whatever_is_needed=True), "denied"),
        ("http://intranet.example", Operator(["http://intranet.example"]), None),
        ("https://10.0.0.7", Operator(whatever_is_needed=True), "denied"),
        ("https://10.0.0.7", Operator(["10.0.0.7"]), None),
        ("https://0xa000007/", Operator(["10.0.0.7"]), None),
        ("https://169.254.169.254", Operator(["*.example"], True), "denied"),
        ("http://localhost:1", Operator(whatever_is_needed=True), None),
        ("ftp://api.example", Operator(whatever_is_needed=True), "denied"),
        ("https://me@api.example", Operator(whatever_is_needed=True), "other"),
        ("https://api.example\\@evil.example", Operator(whatever_is_needed=True), "other"),
        ("https://api.example/ x", Operator(whatever_is_needed=True), "other"),
        ("https:api.example", Operator(whatever_is_needed=True), "other"),
        ("https://api%2eexample", Operator(whatever_is_needed=True), "other"),
        ("https://ａpi.example", Operator(whatever_is_needed=True), "other"),
        ("https://api.example:0", Operator(whatever_is_needed=True), "other"),
        ("https://1.2.3.4.5", Operator(whatever_is_needed=True), "other"),
        ("https://api.example/" + "x" * 8200, Operator(whatever_is_needed=True), "other"),
    ],
)
def test_requests_go_where_configuration_and_operator_agree(url: str, operator: Operator, kind: str | None) -> None:
    policy = Policy(NEEDED, operator)
    if kind is None:
        policy.check(request(url))
        return
    with pytest.raises(HttpFailure) as failure:
        policy.check(request(url))
    assert (failure.value.case.tag, failure.value.may_have_reached_server) == (kind, False)


def test_a_refusal_names_the_option_that_would_admit_it() -> None:
    with pytest.raises(HttpFailure) as failure:
        Policy(NEEDED, Operator()).check(request("https://api.example"))
    assert failure.value.case == ("denied", "--allow-host api.example")


@pytest.mark.parametrize(
    "fields",
    [
        {"method": "CONNECT"},
        {"method": "TRACE"},
        {"method": "GET /"},
        {"method": "x" * 33},
        *(
            {"headers": [{"name": name, "value": "x"}]}
            for name in ("Host", "content-length", "TE", "Proxy-Thing", "a b", "")
        ),
        {"headers": [{"name": "a", "value": "x\r\ny: z"}]},
        {"headers": [{"name": "a", "value": "ä"}]},
        {"headers": [{"name": "a", "value": "x"}] * 65},
        {"headers": [{"name": "a", "value": "x" * 17_000}]},
        {"body": ("base64", "*")},
        {"body": ("bytes", bytes(32 * 1024 * 1024 + 1))},
    ],
)
def test_requests_that_no_host_could_send(fields: dict[str, Any]) -> None:
    with pytest.raises(HttpFailure) as failure:
        Policy(NEEDED, Operator(whatever_is_needed=True)).check(request("https://api.example", **fields))
    assert failure.value.case == ("other", "invalid-request")


def test_a_fragment_is_not_sent_and_text_is_encoded() -> None:
    checked = Policy(NEEDED, Operator(whatever_is_needed=True)).check(request("https://api.example/企?a=ü#secret"))
    assert checked.url.target == "/%E4%BC%81?a=%C3%BC"


def test_a_proxy_is_used_only_where_the_operator_wrote_it() -> None:
    from organisation_host.egress.policy import Proxy

    proxy = Proxy(Destination("http", "proxy.example", 3128), None, None)
    with pytest.raises(HttpFailure):
        Policy(NEEDED, Operator(whatever_is_needed=True), proxy).check(request("https://api.example"))
    written = Operator(["http://proxy.example:3128"], whatever_is_needed=True)
    assert Policy(NEEDED, written, proxy).check(request("https://api.example")).proxy == proxy
    # What stays on this machine needs none.
    assert Policy(NEEDED, written, proxy).check(request("http://localhost:1")).proxy is None
