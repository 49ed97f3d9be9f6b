"""Which protocol a client speaks, told by the path it asked for, so that even "there is nothing here" is said in its words."""

from collections.abc import Mapping
from typing import Any

from plexus.protocols import WireProtocol

_MARKS = (
    ("/messages", "messages"),
    (":rawpredict", "messages"),
    (":streamrawpredict", "messages"),
    ("/responses", "responses"),
    ("/v1beta", "gemini"),
    ("/v1alpha", "gemini"),
    (":generatecontent", "gemini"),
    (":streamgeneratecontent", "gemini"),
)


def suggested(scope: Mapping[str, Any], protocols: Mapping[str, WireProtocol]) -> WireProtocol:
    """The protocol the path suggests, else the one the headers do, else chat, whose errors most clients can read."""
    path = scope["path"].lower()
    for mark, name in _MARKS:
        if mark in path:
            return protocols[name]
    names = {name for name, _ in scope["headers"]}
    if b"anthropic-version" in names:
        return protocols["messages"]
    return protocols["gemini" if names & {b"x-goog-api-key", b"x-goog-api-client"} else "chat"]
