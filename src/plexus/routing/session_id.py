"""Which session a request belongs to, read from what its client says anyway. Reads no more of the body than it needs.

In this order: the response it continues, the client's session header, a cache key or session named in the body, else the
opening of the conversation: its system prompt and first user turn. The last names a session only once the conversation has
gone on; until then it could be anybody's, and equal first messages would all end up at one target.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec

from plexus.core.json import JSONError, Raw, dumps, loads

HEADERS = (
    b"x-claude-code-session-id",  # Claude Code
    b"session-id",  # Codex, opencode
    b"session_id",  # pi
    b"x-session-affinity",  # opencode
    b"x-session-id",
    b"thread-id",
    b"x-conversation-id",
)
"""Headers in which clients name their session, the more particular first. Seen in recorded requests of the clients named."""


class Session(msgspec.Struct, frozen=True):
    """A session: its id, and whether the request goes on with it. One that may only just begin is not held to a target."""

    id: str
    continued: bool = True


class Opening(msgspec.Struct, frozen=True):
    """Where a protocol keeps the turns of a conversation, and its system prompt if that is no turn."""

    turns: str
    system: str = ""


OPENINGS: Mapping[str, Opening] = {
    "chat": Opening("messages"),
    "messages": Opening("messages", "system"),
    "responses": Opening("input", "instructions"),
    "gemini": Opening("contents", "systemInstruction"),
}

_SIZE = 4096
_LOOKED_AT = 20
_CHANGING = frozenset({"cache_control", "cacheControl", "id", "status"})
"""Fields that clients add to a turn, or move on, between one request of a conversation and the next."""
_LARGE = 65_536


class _Role(msgspec.Struct):
    role: str = "user"


_role = msgspec.json.Decoder(_Role)
_turns: msgspec.json.Decoder[list[Raw]] = msgspec.json.Decoder(list[Raw])


def session_of(
    headers: Iterable[tuple[bytes, bytes]], body: Callable[[str], bytes | None], opening: Opening | None
) -> Session | None:
    """The session of a request, None when nothing tells.

    `headers` are in lower case; `body` gives the JSON of a top-level field. `opening` is that of the client's protocol.
    """
    if previous := _text(body("previous_response_id")):
        return of_response(previous)
    said = {name: value for name, value in headers if name in HEADERS and value}
    for name in HEADERS:
        if name in said:
            return Session(_digest(b"header", said[name]))
    if named := _text(body("prompt_cache_key")) or _in_metadata(body):
        return Session(_digest(b"named", named.encode("utf-8", "replace")))
    return _opened(body, opening) if opening is not None else None


def of_response(response_id: str) -> Session:
    """The session that goes on from a response: remember the target under the id of each response it gives."""
    return Session(_digest(b"response", response_id.encode("utf-8", "replace")))


def _in_metadata(body: Callable[[str], bytes | None]) -> str:
    """A session named in the metadata. Claude Code's user id holds one; other user ids stand for a user, which is near enough."""
    for field, names in (("client_metadata", ("session_id", "thread_id")), ("metadata", ("session_id", "user_id"))):
        value = _value(body(field))
        for name in names if isinstance(value, dict) else ():
            said = value.get(name)
            if isinstance(said, str) and said:
                return said
    return ""


def _opened(body: Callable[[str], bytes | None], opening: Opening) -> Session | None:
    raw = body(opening.turns)
    if raw is None:
        return None
    try:
        turns = _turns.decode(raw)
    except (JSONError, RecursionError):
        return None
    system = b"" if not opening.system else bytes(body(opening.system) or b"")[:_SIZE]
    digest = hashlib.blake2b(system, digest_size=16)
    for place, turn in enumerate(turns[:_LOOKED_AT]):
        digest.update(_kept(turn))
        if _is_users(turn):
            return Session(digest.hexdigest(), continued=place + 1 < len(turns))
    return None


def _is_users(turn: Raw) -> bool:
    try:
        return _role.decode(turn).role == "user"
    except JSONError:
        return False


def _kept(turn: Raw) -> bytes:
    """What stays the same of a turn. A very large one is not parsed: its beginning must do."""
    raw = bytes(turn)
    return raw[:_SIZE] if len(raw) > _LARGE else dumps(_lasting(_value(raw)))[:_SIZE]


def _lasting(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _lasting(inner) for name, inner in value.items() if name not in _CHANGING}
    return [_lasting(inner) for inner in value] if isinstance(value, list) else value


def _value(raw: bytes | None) -> Any:
    try:
        return loads(raw) if raw is not None else None
    except JSONError:
        return None


def _text(raw: bytes | None) -> str:
    value = _value(raw)
    return value if isinstance(value, str) else ""


def _digest(kind: bytes, value: bytes) -> str:
    return hashlib.blake2b(value, digest_size=16, person=kind).hexdigest()
