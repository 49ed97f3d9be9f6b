"""What may be refused without being parsed: one whole request beyond doubt."""

import pytest

from plexus.web.turnstile import always, whole_head

HEAD = b"POST /v1/Messages?a=B HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nConnection: keep-alive\r\nX-Last: Y"


def test_the_head_of_a_whole_request_comes_in_small_letters():
    assert whole_head(HEAD + b"\r\n\r\n12345") == HEAD.lower()


@pytest.mark.parametrize(
    "data",
    [
        HEAD,
        HEAD + b"\r\n\r\n1234",
        HEAD + b"\r\n\r\n123456",
        HEAD + b"\r\n\r\n12345POST / HTTP/1.1\r\n\r\n",
        HEAD + b"\r\nContent-Length: 5\r\n\r\n12345",
        HEAD + b"\nContent-Length : 9\r\n\r\n12345",
        HEAD + b"\r\nTransfer-Encoding: chunked\r\n\r\n12345",
        HEAD + b"\nTransfer-Encoding:chunked\r\n\r\n12345",
        HEAD + b"\r\nUpgrade: h2c\r\n\r\n12345",
        HEAD + b"\r\nExpect: 100-continue\r\n\r\n12345",
        HEAD.replace(b"keep-alive", b"close") + b"\r\n\r\n12345",
        HEAD.replace(b"keep-alive", b"keep-alive, close") + b"\r\n\r\n12345",
        HEAD.replace(b"HTTP/1.1", b"HTTP/1.0") + b"\r\n\r\n12345",
        HEAD.replace(b"POST", b"GET") + b"\r\n\r\n12345",
        HEAD.replace(b": 5", b": +5") + b"\r\n\r\n12345",
        HEAD.replace(b": 5", b": 5, 5") + b"\r\n\r\n12345",
        HEAD.replace(b": 5", b":") + b"\r\n\r\n",
        b"POST /v1 HTTP/1.1\r\nHost: h\r\n\r\n",
        b"POST /v1 HTTP/1.1\r\nX: " + b"y" * 9000 + b"\r\nContent-Length: 0\r\n\r\n",
        b"POST http://h/v1 HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n",
        b"",
    ],
)
def test_what_is_not_one_whole_request_beyond_doubt_is_parsed(data):
    assert whole_head(data) is None


@pytest.mark.parametrize("path", [b"/", b"/health", b"/health/ready", b"/metrics", b"/v0/management/keys"])
def test_who_looks_after_the_process_is_always_let_in(path):
    assert always(path)


@pytest.mark.parametrize("path", [b"/v1/models", b"/healthy", b"/v01", b""])
def test_others_are_not(path):
    assert not always(path)
