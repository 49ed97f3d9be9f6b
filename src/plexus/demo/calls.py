"""The addresses of the demo upstream: which protocol, which model, what is asked of it. Paths only."""

import re

from msgspec import Struct

BASES = {
    "chat": "/chat/v1",
    "messages": "/messages/v1",
    "responses": "/responses/v1",
    "gemini": "/gemini/v1beta",
}
"""Protocol → path that a provider's base URL ends in."""

_FIXED = {
    ("chat", "/chat/completions"): "generate",
    ("messages", "/messages"): "generate",
    ("messages", "/messages/count_tokens"): "count",
    ("responses", "/responses"): "generate",
    ("responses", "/responses/input_tokens"): "count",
}
_VERBS = {"generateContent": "generate", "streamGenerateContent": "generate", "countTokens": "count"}
_GEMINI = re.compile(r"/models/(?P<model>.+):(?P<verb>[A-Za-z]+)")


class Call(Struct, frozen=True):
    """What is asked for: "generate", "count" or "list". Model and stream flag are None where the body tells them."""

    protocol: str
    what: str
    model: str | None = None
    stream: bool | None = None
    array: bool = False
    """Whether a stream is wanted as one JSON array (Gemini without `alt=sse`)."""


def call_at(method: str, path: str, query: str) -> Call | None:
    """The call at this address, or None when there is nothing there."""
    for protocol, base in BASES.items():
        if path.startswith(base + "/"):
            return _below(protocol, method, path.removeprefix(base), query)
    return None


def _below(protocol: str, method: str, path: str, query: str) -> Call | None:
    if method == "GET":
        return Call(protocol, "list") if path == "/models" else None
    what = _FIXED.get((protocol, path))
    if what is not None:
        return Call(protocol, what)
    match = _GEMINI.fullmatch(path) if protocol == "gemini" else None
    if match is None or match["verb"] not in _VERBS:
        return None
    array = "alt=sse" not in query.split("&")
    return Call(protocol, _VERBS[match["verb"]], match["model"], match["verb"].startswith("stream"), array)
