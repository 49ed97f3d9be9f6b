"""Which headers cross the gateway."""

from multidict import CIMultiDict

from plexus.pipeline.headers import ascii_value, outgoing, returning


def test_134_hop_by_hop_headers_and_credentials_never_reach_a_provider():
    client = [
        (b"host", b"gateway"),
        (b"authorization", b"Bearer sk-client"),
        (b"x-api-key", b"sk-client"),
        (b"x-goog-api-key", b"sk-client"),
        (b"api-key", b"sk-client"),
        (b"cookie", b"a=b"),
        (b"connection", b"keep-alive, X-Secret"),
        (b"x-secret", b"1"),
        (b"te", b"trailers"),
        (b"x-forwarded-for", b"1.2.3.4"),
        (b"x-plexus-strict", b"true"),
        (b"anthropic-beta", b"b2,b1"),
        (b"user-agent", b"claude-cli"),
        (b"session_id", b"s"),
    ]
    assert outgoing(client) == {"anthropic-beta": "b2,b1", "user-agent": "claude-cli", "session_id": "s"}


def test_c26_a_header_value_that_could_start_a_new_line_is_left_out():
    assert outgoing([(b"x-a", b"1\x0b2"), (b"x-b", b"2\x00")]) == {}


def test_134_what_any_connection_header_names_stays_here():
    client = [
        (b"x-one", b"1"),
        (b"connection", b"X-One"),
        (b"x-two", b"2"),
        (b"connection", b"close, x-two"),
        (b"x-three", b"3"),
    ]
    assert outgoing(client) == {"x-three": "3"}


def test_137_rate_limits_and_retry_after_come_back_and_nothing_else():
    upstream = CIMultiDict(
        {
            "Retry-After": "7",
            "X-RateLimit-Remaining-Requests": "3",
            "anthropic-ratelimit-tokens-limit": "9",
            "Set-Cookie": "a=b",
            "Transfer-Encoding": "chunked",
            "Server": "x",
            "Authorization": "Bearer leaked",
        }
    )
    assert dict(returning(upstream)) == {
        b"retry-after": b"7",
        b"x-ratelimit-remaining-requests": b"3",
        b"anthropic-ratelimit-tokens-limit": b"9",
    }


def test_139_names_outside_ascii_do_not_break_headers():
    assert ascii_value("qwen/模型:free") == b"qwen/%E6%A8%A1%E5%9E%8B:free"
    assert b"\n" not in ascii_value("a\nb\r\x00")
