"""Placeholders in documents, secrets in requests, masks in answers."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from organisation_host.egress import HttpFailure, Operator, Policy
from organisation_host.egress.url import read
from organisation_host.secrets import Injector, Secret, extract, spelling
from organisation_host.secrets.masking import masked
from organisation_host.secrets.spelling import holds_placeholder

LONG = "a-secret-of-more-than-twenty-bytes"
FIELDS = [
    {"key": key, "secret": secret, "in_clear": in_clear}
    for key, secret, in_clear in (
        ("secret", True, False),
        ("contact.secret", True, False),
        ("token", True, False),
        ("callback.token", True, True),
        ("corpId", False, False),
    )
]


@pytest.mark.parametrize(
    ("document", "places", "seen", "taken"),
    [
        ({"secret": "S"}, ["secret secret"], {"secret": "<secret>"}, ["secret=S"]),
        ({"corpSecret": "S"}, ["secret corpSecret"], {"corpSecret": "<secret>"}, ["secret=S"]),
        ({"authConfig": {"corpSecret": "S"}}, ["secret authConfig.corpSecret"], {"authConfig": {"corpSecret": "<secret>"}}, ["secret=S"]),
        ({"secret": "S", "corpSecret": "T"}, ["secret secret", "secret corpSecret"], {"secret": "<secret>", "corpSecret": "<secret>"}, ["secret=S", "secret=T"]),
        ({"contact": {"secret": "S"}}, ["contact.secret contact.secret"], {"contact": {"secret": "<contact.secret>"}}, ["contact.secret=S"]),
        # Not named: found by the key, on any level.
        ({"secret": "S"}, [], {"secret": "<secret>"}, ["secret=S"]),
        ({"a": {"b": {"secret": "S"}}}, [], {"a": {"b": {"secret": "<secret>"}}}, ["secret=S"]),
        ({"a": [{"secret": "S"}]}, [], {"a": [{"secret": "<secret>"}]}, ["secret=S"]),
        ({"secret": "S"}, ["callback.token secret"], {"secret": "<secret>"}, ["secret=S"]),
        # Without the space that is no part of it.
        ({"secret": " S\u200b\n"}, ["secret secret"], {"secret": "<secret>"}, ["secret=S"]),
        # A value of another kind keeps its kind.
        ({"secret": 42}, ["secret secret"], {"secret": 0}, []),
        ({"secret": True}, ["secret secret"], {"secret": False}, []),
        ({"secret": ["S"]}, ["secret secret"], {"secret": []}, []),
        ({"secret": {"a": "S"}}, ["secret secret"], {"secret": {}}, []),
        # What the component computes with, and what is no secret, it gets.
        ({"callback": {"token": "T"}}, ["callback.token callback.token"], {"callback": {"token": "T"}}, []),
        ({"a": {"callback": {"token": "T"}}, "b": {"token": "S"}}, [], {"a": {"callback": {"token": "T"}}, "b": {"token": "<token>"}}, ["token=S"]),
        ({"corpId": "S"}, ["corpId corpId"], {"corpId": "S"}, []),
        ({"secret": " "}, [], {"secret": " "}, []),
        ({"secret": None}, [], {"secret": None}, []),
        # In other places, where it is long enough not to stand there by chance.
        ({"secret": LONG, "corpId": f"ww{LONG}!", "x": {LONG: 1}}, [], {"secret": "<secret>", "corpId": "ww<secret>!", "x": {"<secret>": 1}}, [f"secret={LONG}"]),
        ({"secret": "S", "x": ["S"]}, [], {"secret": "<secret>", "x": ["S"]}, ["secret=S"]),
        # A name that holds a dot is no path.
        ({"x.callback": {"secret": "S"}}, [], {"x.callback": {"secret": "<secret>"}}, ["secret=S"]),
    ],
)  # fmt: skip
def test_a_component_sees_no_secret_that_it_only_sends(
    document: Any, places: list[str], seen: Any, taken: list[str]
) -> None:
    named = [dict(zip(("key", "path"), place.split(), strict=True)) for place in places]
    shown, extracted = extract(document, FIELDS, named, lambda key, _: f"<{key}>")
    assert shown == seen
    assert [f"{key}={value}" for key, value in extracted] == taken


API, OTHER = read("https://api.example").destination, read("https://other.example").destination
MARK = "secret://secret?v=0123456789abcdef"
VALUE = 'p&ss "wörd"/=1'
ASCII = "s3cret+value/=x"


def filled(url: str = "https://api.example/", value: str = ASCII, body: bytes | None = None, **headers: str) -> Any:
    request = {
        "method": "POST", "url": url, "headers": [{"name": n.replace("_", "-"), "value": v} for n, v in headers.items()],
        "body": None if body is None else ("bytes", body), "expect": "text", "timeout_ms": None, "max_bytes": None,
    }  # fmt: skip
    checked = Policy([API, OTHER], Operator(whatever_is_needed=True)).check(request)
    return Injector([Secret("secret", MARK, value, frozenset([API]))]).fill(checked)


FORM = "application/x-www-form-urlencoded"


def test_a_secret_goes_where_it_belongs() -> None:
    encoded = "secret%3A%2F%2Fsecret%3Fv%3D0123456789abcdef"
    for mark in (MARK, encoded, encoded.lower().replace("abcdef", "abcdef")):
        assert (
            filled(f"https://api.example/a?x=1&corpsecret={mark}", VALUE).url.query
            == "x=1&corpsecret=p%26ss+%22w%C3%B6rd%22%2F%3D1"
        )
        assert (
            filled(body=f"a=1&client_secret={mark}".encode(), content_type=FORM).body
            == b"a=1&client_secret=s3cret%2Bvalue%2F%3Dx"
        )
    assert filled(authorization=f"Bearer {MARK}").headers == (("authorization", f"Bearer {ASCII}"),)
    assert filled(x_key=MARK).headers == (("x-key", ASCII),)
    basic = base64.b64encode(f"me:{MARK}".encode()).decode()
    assert (
        filled(authorization=f"Basic {basic}").headers[0][1]
        == "Basic " + base64.b64encode(f"me:{ASCII}".encode()).decode()
    )
    for mark in (MARK, MARK.replace("/", "\\/")):
        body = f'{{"a":"x","secret": "{mark}", "list":["{mark}"]}}'.encode()
        assert json.loads(filled(value=VALUE, body=body).body) == {"a": "x", "secret": VALUE, "list": [VALUE]}


@pytest.mark.parametrize(
    "arguments",
    [
        {"url": f"https://other.example/?s={MARK}"},
        {"url": f"https://api.example/?s=x{MARK}"},
        {"url": f"https://api.example/?{MARK}"},
        {"url": f"https://api.example/{MARK}"},
        {"url": "https://api.example/?s=secret%253A%252F%252Fsecret%253Fv%253D0123456789abcdef"},
        {"url": "https://api.example/?s=secret://secret?v=ffffffffffffffff"},
        {"x_key": f"x {MARK}"},
        {"authorization": f"Bearer x{MARK}"},
        {"authorization": "Basic " + base64.b64encode(f"{MARK}:x".encode()).decode()},
        {"authorization": "Basic " + base64.b64encode(f"me:x{MARK}".encode()).decode()},
        {"authorization": "Basic " + base64.b64encode(f"me:{MARK.replace(':', '%3A')}".encode()).decode()},
        {"body": f'{{"a":"x{MARK}"}}'.encode()},
        {"body": f'{{"{MARK}":1}}'.encode()},
        {"body": MARK.encode()},
        {"body": f"a={MARK}".encode()},
        {"body": f"a=x{MARK}".encode(), "content_type": FORM},
        {"body": MARK.replace("/", "&#x2f;").encode()},
        {"body": base64.b64encode(b"x" + MARK.encode())},
        {"body": b'{"a":"secret\\u003a\\u002f\\u002fsecret?v=0"}'},
        {"value": "two\r\nlines", "x_key": MARK},
    ],
)
def test_a_placeholder_anywhere_else_is_denied(arguments: dict[str, Any]) -> None:
    with pytest.raises(HttpFailure) as failure:
        filled(**arguments)
    assert failure.value.case == ("denied", None)
    assert ASCII not in failure.value.message


@pytest.mark.parametrize("text", [b"a secret is a secret", b"secret:/", b"secretary://x", b'{"secret":"x"}'])
def test_words_are_no_placeholders(text: bytes) -> None:
    assert not holds_placeholder(text)


@pytest.mark.parametrize(
    "piece",
    ["%25", "%", "&", "&#x0000003a", "&#x0000003a;&#x0000002f;&#x0000002", "\\u003a%2f%2", "%25" * 20, "%253a%252f%252", "\\", "%26amp%3bamp;#x3", ":/%"],
)  # fmt: skip
def test_whatever_stands_behind_the_word_costs_the_same(monkeypatch: pytest.MonkeyPatch, piece: str) -> None:
    real, reads = spelling._byte, [0]

    def counted(*arguments: Any) -> Any:
        reads[0] += 1
        return real(*arguments)

    monkeypatch.setattr(spelling, "_byte", counted)
    monkeypatch.setattr(spelling, "MOST_WORDS", 300)

    def looked_at(times: int) -> tuple[bool, int]:
        reads[0] = 0
        return holds_placeholder(f"secret{piece}".encode() * times), reads[0]

    (found, once), (_, twice), (at_most, most), (beyond, more) = map(looked_at, (100, 200, 300, 900))
    assert not found and once < 1_000 * 100
    assert twice <= 2 * once + 1_000
    # No text costs more than so many words do, and who writes more of them is told that he may not.
    assert not at_most and beyond and more <= most + 1_000


@pytest.mark.parametrize(
    "text", [b"secret%25%33a%2f/", b"secret%26#58;%5Cx2f%5C/", b"secret&colon;&sol;&sol;", b"secret:\\\\\\/\\\\\\/"]
)
def test_encodings_within_encodings_are_undone(text: bytes) -> None:
    assert holds_placeholder(text)


def test_fields_are_read_once_however_many_values_a_document_has() -> None:
    reads = [0]

    class Counted(dict[str, Any]):
        def __getitem__(self, key: str) -> Any:
            reads[0] += 1
            return super().__getitem__(key)

    fields = [Counted(key=f"key{index}", secret=True, in_clear=False) for index in range(1_000)]
    document = {f"other{index}": "x" for index in range(500)}
    assert extract(document, fields, [], lambda key, _: key)[0] == document
    assert reads[0] < 10_000


def test_an_answer_that_sends_a_secret_back_is_masked() -> None:
    injector = Injector([Secret("secret", MARK, VALUE, frozenset([API])), Secret("short", "x", "1234567", frozenset())])
    body = f"{VALUE} p%26ss+%22w%C3%B6rd%22%2F%3D1 p%26ss%20%22w%c3%b6rd%22%2f%3d1 {json.dumps(VALUE)} 1234567"
    headers, shown = injector.redact([("x", f"a {VALUE}")], body.encode())
    assert headers == [("x", "a [secret]")]
    assert shown.decode() == '[secret] [secret] [secret] "[secret]" 1234567'


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ('["secret' + '\\"' * 1_000_000, None),
        ("[" + f'"{MARK}" ,' * 40_000 + "0]", "[" + f'"{ASCII}" ,' * 40_000 + "0]"),
        (f'[{{"{MARK}"{" " * 1_000_000}:1}}', "denied"),
    ],
    ids=["never-ending", "many", "blanks"],
)
def test_each_character_of_a_body_is_looked_at_once(body: str, expected: str | None) -> None:
    # The square of any of these would not end.
    if expected == "denied":
        with pytest.raises(HttpFailure):
            filled(body=body.encode())
    else:
        assert filled(body=body.encode()).body == (expected or body).encode()


def test_words_of_a_component_hold_nothing_of_the_configuration() -> None:
    document = {"secret": "0123456789abcdef", "n": 123456, "list": ["abcd"], "short": "ab"}
    assert masked("at 3456789abcd! ab 123456 abcd", document) == "at [configured]! ab [configured] [configured]"


def test_each_character_of_words_and_configuration_is_looked_at_once() -> None:
    # The product of the two lengths would not end.
    assert masked("a" * 200_000 + "!", {"secret": "a" * 200_000}) == "[configured]!"
