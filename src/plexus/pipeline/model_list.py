"""What models a provider says it has, asked in a protocol it speaks. It keeps nothing and changes nothing.

https://developers.openai.com/api/reference/resources/models/methods/list,
https://platform.claude.com/docs/en/api/models/list and https://ai.google.dev/api/models#method:-models.list. Others copy the
first; some leave the envelope away (Together), some tell more of each model (OpenRouter, Groq, Mistral). All of it is passed on.
"""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from msgspec import Struct

from plexus.core.json import JSONError, loads_lenient
from plexus.core.secret import Secret
from plexus.pipeline.compiled import bases_of, declared_of, speaks_at
from plexus.pipeline.snapshot import Snapshot
from plexus.protocols import WireProtocol
from plexus.providers import Outgoing, Sign
from plexus.settings.schema import Settings
from plexus.upstream.client import Timeouts, Upstream
from plexus.upstream.failures import UpstreamFailed
from plexus.upstream.reply import Pace

SECONDS = 30.0
"""For the whole list, however many pages it has."""
MOST = 10_000
"""Models of a list that are taken; OpenRouter has some four hundred."""
_PAGES = 50
_LARGEST = 16 * 1024 * 1024
"""Bytes of one page."""
_ERROR = 64 * 1024
_BAD = 400
_FIRST_PAGE = {"messages": "?limit=1000", "gemini": "?pageSize=1000"}
_CONTEXT = (
    "max_model_len",
    "context_window",
    "context_length",
    "max_context_length",
    "max_input_tokens",
    "inputTokenLimit",
)
_OUTPUT = ("max_output", "max_output_tokens", "max_completion_tokens", "max_tokens", "outputTokenLimit")
_TITLE = ("display_name", "displayName", "name")
_FIELDS = ("data", "models")
"""Where the vendors put the list."""


class Place(Struct, frozen=True, kw_only=True):
    """How a provider as a whole is reached in one protocol."""

    protocol: WireProtocol
    base_url: str
    sign: Sign
    secret: Secret
    headers: Mapping[str, str]


class Listed(Struct, frozen=True, kw_only=True):
    """One model. `told` is the vendor's own word for word; the rest is None where nothing in it says so."""

    id: str
    title: str | None
    context_window: int | None
    max_output: int | None
    told: dict[str, Any]


class Found(Struct, frozen=True, kw_only=True):
    """The models of a provider; `complete` is false when it has more than are taken."""

    models: list[Listed]
    complete: bool


def places(settings: Settings, name: str, snapshot: Snapshot, protocols: Mapping[str, WireProtocol]) -> list[Place]:
    """The ways to a provider, the preferred protocol first, each address and form of list once."""
    provider = settings.providers[name]
    doors = [door for (owner, _), found in snapshot.doors.items() if owner == name for door in found]
    where = {door.protocol.name: door.base_url for door in doors}
    if not declared_of(provider).simulated:  # whose address is only known while it runs
        where = {protocol: base.rstrip("/") for protocol, base in bases_of(provider).items() if protocol in protocols}
    own = {header.lower(): value.reveal() for header, value in provider.headers.items()}
    once: dict[tuple[str, str], Place] = {}
    for protocol, base in where.items():
        speaks = speaks_at(provider, protocol, base)
        place = Place(
            protocol=protocols[protocol],
            base_url=base,
            sign=speaks.sign,
            secret=provider.api_key or Secret(""),
            headers={**speaks.headers, **own},
        )
        once.setdefault((base, _FIRST_PAGE.get(protocol, "")), place)
    return list(once.values())


async def models_at(place: Place, upstream: Upstream) -> Found:
    """The list, page by page.

    Raises:
        UpstreamFailed: when it cannot be had.
    """
    deadline = asyncio.get_running_loop().time() + SECONDS
    found: dict[str, Listed] = {}
    query = _FIRST_PAGE.get(place.protocol.name, "")
    for _ in range(_PAGES):
        page = await _page(place, query, deadline, upstream)
        before = len(found)
        for listed in _listed(page):
            found.setdefault(listed.id, listed)
        following = _following(place.protocol.name, page)
        if following is None:
            return _cut(found)
        if len(found) == before or len(found) > MOST:  # a page that brings nothing new would go on for ever
            break
        query = following
    return Found(models=list(found.values())[:MOST], complete=False)


def _cut(found: Mapping[str, Listed]) -> Found:
    return Found(models=list(found.values())[:MOST], complete=len(found) <= MOST)


async def _page(place: Place, query: str, deadline: float, upstream: Upstream) -> Any:
    headers = {**place.headers, "accept": "application/json", "accept-encoding": "identity"}
    asked = place.sign(Outgoing("GET", f"{place.base_url}/models{query}", headers, b""), place.secret.reveal())
    reply = await upstream.send(asked, Timeouts(connect=10.0, first_byte=SECONDS, idle=10.0), deadline)
    pace = Pace(deadline=deadline)
    try:
        if reply.status >= _BAD:
            raise UpstreamFailed(place.protocol.decode_error(reply.status, await reply.read(_ERROR, pace)))
        body = await reply.read(_LARGEST, pace)
    finally:
        reply.close()
    try:
        page = loads_lenient(body)
    except JSONError:
        page = None
    if _rows(page) is None:
        raise UpstreamFailed.because("upstream", "what the provider answered is no list of models", "no_list")
    return page


def _rows(page: Any) -> Sequence[Any] | None:
    if isinstance(page, dict):
        page = next((page[field] for field in _FIELDS if isinstance(page.get(field), list)), None)
    return page if isinstance(page, list) else None


def _listed(page: Any) -> Iterator[Listed]:
    for row in _rows(page) or ():
        told = {"id": row} if isinstance(row, str) else row
        if not isinstance(told, dict):
            continue
        written = told.get("id") or told.get("name") or told.get("model")
        if not isinstance(written, str) or not written:
            continue
        yield Listed(
            id=written.removeprefix("models/"),
            title=_first(told, _TITLE, str),
            context_window=_first(told, _CONTEXT, int),
            max_output=_first(told, _OUTPUT, int),
            told=told,
        )


def _first(told: Mapping[str, Any], names: Sequence[str], kind: type) -> Any:
    """What the first of these names says, if it says something of this kind."""
    values = (told.get(name) for name in names)
    return next((value for value in values if isinstance(value, kind) and value and value is not True), None)


def _following(protocol: str, page: Any) -> str | None:
    """The query of the page that follows; None after the last."""
    if not isinstance(page, dict):
        return None
    if protocol == "gemini":
        token = page.get("nextPageToken")
        return f"?pageSize=1000&pageToken={quote(token, safe='')}" if isinstance(token, str) and token else None
    last = page.get("last_id")
    if page.get("has_more") is True and isinstance(last, str) and last:
        return f"?{'limit=1000&' if protocol == 'messages' else ''}after_id={quote(last, safe='')}"
    return None
