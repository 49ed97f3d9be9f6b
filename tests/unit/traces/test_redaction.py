"""Credentials are taken out of what is kept, in every spelling (U55, 188); conversations are not."""

import base64
import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from plexus.core.secret import REDACTED, Secret
from plexus.traces.redaction import Redactor, secrets_in

SECRET = "canary/9f?8e+7d=6c 5b"
KNOWN = Redactor([SECRET])
SPELLINGS = {
    "bare": lambda before, after: before + SECRET.encode() + after,
    "json": lambda before, after: json.dumps((before + SECRET.encode() + after).decode("latin-1")).encode(),
    "url": lambda before, after: before + quote(SECRET, safe="").encode() + after,
    "hex": lambda before, after: (before + SECRET.encode() + after).hex().encode(),
    "base64": lambda before, after: base64.b64encode(before + SECRET.encode() + after),
    "base64url": lambda before, after: base64.urlsafe_b64encode(before + SECRET.encode() + after),
}


def core(spelling: str) -> bytes:
    """What must not be left of a spelling, wherever the secret stood: a run from its middle."""
    if spelling.startswith("base64"):
        return b""
    return SPELLINGS[spelling](b"", b"").strip(b'"')


@pytest.mark.parametrize("spelling", SPELLINGS)
@given(st.binary(max_size=9), st.binary(max_size=9))
def test_u55_no_spelling_of_a_known_secret_stays_wherever_it_stands(spelling, before, after):
    text = SPELLINGS[spelling](before, after)
    cleaned = KNOWN.body(text)
    assert REDACTED.encode() in cleaned
    if spelling.startswith("base64"):
        # the six bits at each edge may belong to what stood beside the secret
        assert len(cleaned) - len(REDACTED) <= len(text) - (len(SECRET) * 8 - 12) // 6
    else:
        assert core(spelling) not in cleaned


@pytest.mark.parametrize(
    "text",
    [
        b'{"content":"basic knowledge of tokens: abc123, the password is hunter2"}',
        b'{"max_tokens":100000,"key":"user_42abc","usage":{"completion_tokens":123456}}',
        b'data: {"delta":"sk"}\n\n',
    ],
)
def test_words_that_only_sound_like_credentials_stay_in_bodies(text):
    assert KNOWN.body(text) == text


def test_188_what_has_the_shape_of_a_vendors_key_goes_from_bodies_too():
    assert KNOWN.body(b'{"a":"sk-ant-api03-abcdef","b":1}') == b'{"a":"[redacted]","b":1}'


@pytest.mark.parametrize(
    "name",
    [
        "authorization",
        "X-Api-Key",
        "x-goog-api-key",
        "api-key",
        "cookie",
        "set-cookie",
        "x-vendor-secret",
        "x-amz-security-token",
    ],
)
def test_188_the_value_of_a_credentials_header_goes_whole(name):
    assert KNOWN.headers([(name, "anything at all")]) == [[name, REDACTED]]


@pytest.mark.parametrize(
    "name", ["idempotency-key", "anthropic-ratelimit-tokens-remaining", "content-type", "x-request-id"]
)
def test_other_headers_stay(name):
    assert KNOWN.headers([(name, "9000")]) == [[name, "9000"]]


def test_a_secret_in_any_header_and_in_a_url_goes():
    assert KNOWN.headers([("x-note", f"see {SECRET}")]) == [["x-note", f"see {REDACTED}"]]
    assert KNOWN.text(f"/v1/models?key={quote(SECRET, safe='')}&alt=sse") == f"/v1/models?key={REDACTED}&alt=sse"


@pytest.mark.parametrize("size", range(5, len(SECRET)))
def test_the_half_of_a_secret_that_a_cut_left_goes(size):
    begun, ended = SECRET[:size].encode(), SECRET[-size:].encode()
    assert KNOWN.body(b"text " + begun, cut=True) == b"text " + REDACTED.encode()
    assert KNOWN.body(ended + b" text", torn=True) == REDACTED.encode() + b" text"


def test_a_key_across_the_windows_that_are_looked_at_is_found():
    for before in range(32 * 1024 - 40, 32 * 1024 + 5):
        text = b"x" * before + b' "sk-ant-abcdefghijklmnopqrstuvwxyz" ' + b"y" * 40_000
        assert b"sk-ant" not in KNOWN.body(text)


def test_every_secret_of_a_configuration_is_known():
    class Inner(BaseModel):
        headers: dict[str, Secret]

    class Outer(BaseModel):
        key: Secret
        parts: tuple[Inner, ...]
        name: str

    outer = Outer(key=Secret("one"), parts=(Inner(headers={"x": Secret("two")}),), name="three")
    assert list(secrets_in((outer, (Secret("four"),)))) == ["one", "two", "four"]
