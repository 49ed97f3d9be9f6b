"""What is said to those that are refused: each in the words of its protocol, each with an id of its own."""

import json

import pytest

from plexus import protocols
from plexus.core.registry import find
from plexus.web.refusals import Refusals

DATE = [(b"date", b"Sat, 28 Nov 2026 21:00:00 GMT")]


@pytest.fixture
def refusals() -> Refusals:
    return Refusals(find(protocols, "PROTOCOL", protocols.WireProtocol))


def parted(answer: bytes) -> tuple[list[bytes], dict]:
    head, _, body = answer.partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    assert b"content-length: %d" % len(body) in lines
    return lines, json.loads(body)


@pytest.mark.parametrize(
    ("path", "head", "kind"),
    [
        (b"/v1/chat/completions", b"", "server_error"),
        (b"/v1/messages", b"", "overloaded_error"),
        (b"/v1/any", b"\r\nanthropic-version: 2023-06-01", "overloaded_error"),
        (b"/v1/responses", b"", "service_unavailable_error"),
        (b"/v1beta/models/m:generatecontent", b"", "UNAVAILABLE"),
        (b"/v1/any", b"\r\nx-goog-api-key: k", "UNAVAILABLE"),
    ],
)
def test_each_is_told_in_its_own_words(refusals, path, head, kind):
    for _ in range(2):
        lines, body = parted(refusals.said("busy", path, head, DATE))
        assert lines[:2] == [b"HTTP/1.1 503 Service Unavailable", b"date: " + DATE[0][1]]
        assert b"retry-after: 1" in lines
        assert kind in {body["error"].get("type"), body["error"].get("status")}
        assert "too busy" in body["error"]["message"]
    assert "too many" in parted(refusals.said("many", path, head, []))[1]["error"]["message"]


def test_no_two_share_an_id(refusals):
    answers = {refusals.said("busy", b"/v1/messages", b"", []) for _ in range(100)}
    assert len(answers) == 100


def test_what_is_kept_for_paths_that_clients_think_up_is_bounded(refusals):
    for number in range(1000):
        refusals.said("busy", b"/%d" % number, b"", [])
    assert len(refusals._made) <= 256
