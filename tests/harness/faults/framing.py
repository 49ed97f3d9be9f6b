"""Faults of HTTP framing and heads: lengths that lie, 1xx, redirects, floods of headers (U11-U15, U54, U57)."""

from collections.abc import Iterator

from tests.harness.faults import Case, Fault, answered, healthy
from tests.harness.wire import CHUNKED, JSON_TYPE, LAST_CHUNK, SSE_TYPE, Headers, Script, Step, dumps, head, whole


def no_last_chunk(case: Case) -> Script:
    """A chunked body whose closing chunk never comes: the connection ends instead, after the whole answer."""
    parts = case.parts()
    kind = SSE_TYPE if case.streaming else JSON_TYPE
    framed = [b"%x\r\n%b\r\n" % (len(part), part) for part in parts if part]
    return [Step(head(200, [kind, CHUNKED])), *(Step(part) for part in framed), Step(action="close")]


def broken_chunk(case: Case) -> Script:
    """A chunk size that is not a number, after the first half of the answer."""
    steps = list(no_last_chunk(case))
    return [*steps[: len(steps) // 2], Step(b"zz\r\noops\r\n", 0, "close")]


def short_body(case: Case) -> Script:
    """Content-Length promises 10 bytes more than there are."""
    body = b"".join(case.parts())
    kind = SSE_TYPE if case.streaming else JSON_TYPE
    return [Step(head(200, [kind, ("content-length", str(len(body) + 10))]) + body, 0, "close")]


def extra_bytes(case: Case) -> Iterator[Step]:
    """More bytes than the framing allows, on a connection that stays open."""
    yield from healthy(case)
    yield Step(b'{"error":"these bytes belong to nobody"}')


def second_response(case: Case) -> Iterator[Step]:
    """A second whole response nobody asked for."""
    yield from healthy(case)
    yield Step(whole(200, dumps(case.bodies.unary(case.model, "This answer belongs to nobody."))))


def early_reply(case: Case) -> Script:
    """Status N before the request body has come, then the rest of the body is not read."""
    status = case.n or 413
    return [Step(answered(case.bodies.error(status, "Refused early."), status)[0].data, 0, "close")]


def informational(*statuses: int) -> Fault:
    """The healthy answer after these 1xx heads."""

    def script(case: Case) -> Iterator[Step]:
        for status in statuses:
            yield Step(head(status, [("link", "</x>; rel=preload")] if status == 103 else []))
        yield from healthy(case)

    return script


def redirect(case: Case) -> Script:
    """Status N to another loopback address."""
    target = ("location", f"http://127.0.0.2:9/elsewhere{case.received.target}")
    return answered(b"", case.n or 302, [target])


def with_headers(headers: Headers) -> Fault:
    """The healthy answer with these headers put before its own."""
    extra = head(200, headers).partition(b"\r\n")[2][:-2]

    def script(case: Case) -> Iterator[Step]:
        steps = iter(healthy(case))
        first = next(steps)
        line, end, rest = first.data.partition(b"\r\n")
        yield first._replace(data=line + end + extra + rest)
        yield from steps

    return script


def both_framings(case: Case) -> Script:
    """Content-Length and Transfer-Encoding together."""
    body = dumps(case.unary())
    start = head(200, [JSON_TYPE, ("content-length", "5"), CHUNKED])
    return [Step(start + b"%x\r\n%b\r\n" % (len(body), body) + LAST_CHUNK)]


def two_lengths(case: Case) -> Script:
    """Two Content-Length headers that differ."""
    body = dumps(case.unary())
    return [Step(head(200, [JSON_TYPE, ("content-length", str(len(body))), ("content-length", "5")]) + body)]


HOP_BY_HOP: Headers = (
    ("connection", "x-secret, keep-alive"),
    ("x-secret", "named-in-connection"),
    ("keep-alive", "timeout=5"),
    ("proxy-authenticate", "Basic"),
    ("proxy-authorization", "Basic c2VjcmV0"),
    ("te", "trailers"),
    ("trailer", "x-late"),
    ("upgrade", "h2c"),
)
FLOOD: Headers = tuple((f"x-flood-{n}", "v") for n in range(10_000))
COOKIES: Headers = (("set-cookie", "session=upstream; HttpOnly"), ("set-cookie", "__cf_bm=abc; Path=/"))

FAULTS: dict[str, Fault] = {
    "no-last-chunk": no_last_chunk,
    "broken-chunk": broken_chunk,
    "short-body": short_body,
    "extra-bytes": extra_bytes,
    "second-response": second_response,
    "early-reply": early_reply,
    "early-reply-N": early_reply,
    "continue-100": informational(100),
    "early-hints": informational(103),
    "many-1xx": informational(100, 102, 103, 103, 100, 103),
    "redirect": redirect,
    "redirect-N": redirect,
    "both-framings": both_framings,
    "two-lengths": two_lengths,
    "header-flood": with_headers(FLOOD),
    "header-1mb": with_headers((("x-big", "v" * (1 << 20)),)),
    "set-cookie": with_headers(COOKIES),
    "hop-by-hop": with_headers(HOP_BY_HOP),
    "transfer-encoding-odd": with_headers((("transfer-encoding", "identity"),)),
    "header-bare-cr": with_headers((("x-odd", "a\rx-injected: b"),)),
    "header-fold": with_headers((("x-odd", "a\r\n folded"),)),
    "header-nul": with_headers((("x-odd", "a\x00b"),)),
    "header-latin1": with_headers((("x-odd", "caf\xe9"),)),
    "rate-headers": with_headers(
        (
            ("x-ratelimit-remaining-requests", "9"),
            ("anthropic-ratelimit-requests-remaining", "9"),
            ("x-request-id", "up1"),
        )
    ),
    "date-skew": with_headers((("date", "Thu, 01 Jan 1970 00:00:00 GMT"),)),
}
EARLY = frozenset({"early-reply", "early-reply-N"})
"""Faults that begin before the request body has come whole."""
