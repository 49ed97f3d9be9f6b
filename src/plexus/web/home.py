"""The few paths that need no key: the front page, health, and what clients post without wanting an answer."""

from collections.abc import Awaitable, Callable
from typing import Any

from plexus.pipeline.call import Answer
from plexus.web.body import Receive
from plexus.web.reply import Send, plain, send_answer

_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Plexus</title>
<meta name="viewport" content="width=device-width"><style>
body{font:16px/1.5 system-ui;max-width:44rem;margin:3rem auto;padding:0 1rem}
code{background:#8882;padding:.1em .3em;border-radius:.2em}</style>
<h1>Plexus</h1><p>A gateway for LLM APIs. It listens here, in four protocols:</p><ul>
<li><code>POST /v1/chat/completions</code> OpenAI chat completions</li>
<li><code>POST /v1/responses</code> OpenAI responses</li>
<li><code>POST /v1/messages</code> Anthropic messages</li>
<li><code>POST /v1beta/models/MODEL:generateContent</code> Google Gemini</li>
<li><code>GET /v1/models</code> the models your key can use</li>
<li><code>GET /health</code></li></ul>
<p>Point a client here: <code>plexus connect claude-code</code> (or codex, gemini-cli, opencode …) prints its settings.</p></html>
"""
_SAFE = [
    (b"content-type", b"text/html; charset=utf-8"),
    (b"content-security-policy", b"default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
]


async def page(scope: dict[str, Any], _receive: Receive, send: Send) -> None:
    """A plain page that names the endpoints; clients also look with HEAD whether anybody is here."""
    if scope["method"] not in {"GET", "HEAD"}:
        await send_answer(_not_allowed("GET, HEAD"), send)
        return
    await send_answer(Answer(200, _SAFE, b"" if scope["method"] == "HEAD" else _PAGE.encode()), send)


def ready(unready: Callable[[], str]) -> Callable[[dict[str, Any], Receive, Send], Awaitable[None]]:
    """The endpoint that says whether requests should come here. `unready`: why not, empty when they should."""

    async def readiness(scope: dict[str, Any], receive: Receive, send: Send) -> None:
        reason = unready()
        if not reason or scope["method"] not in {"GET", "HEAD"}:
            await health(scope, receive, send)
            return
        answer = plain(503, {"status": "unavailable", "reason": reason})
        answer.body = b"" if scope["method"] == "HEAD" else answer.body
        await send_answer(answer, send)

    return readiness


async def health(scope: dict[str, Any], _receive: Receive, send: Send) -> None:
    """The process lives."""
    if scope["method"] not in {"GET", "HEAD"}:
        await send_answer(_not_allowed("GET, HEAD"), send)
        return
    answer = plain(200, {"status": "ok"})
    answer.body = b"" if scope["method"] == "HEAD" else answer.body
    await send_answer(answer, send)


async def swallowed(scope: dict[str, Any], _receive: Receive, send: Send) -> None:
    """Telemetry that clients post to their vendor: accepted, not read, not kept."""
    if scope["method"] != "POST":
        await send_answer(_not_allowed("POST"), send)
        return
    await send_answer(plain(200, {}), send)


def _not_allowed(methods: str) -> Answer:
    answer = plain(405, {"error": {"message": f"use {methods} here", "type": "invalid_request_error"}})
    answer.headers.append((b"allow", methods.encode()))
    return answer
