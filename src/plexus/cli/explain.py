"""`plexus explain`: what would become of a request, asked of a running gateway or worked out from a configuration file."""

import asyncio
import http.client
import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from plexus import app
from plexus.core.json import JSONError, dumps, loads
from plexus.core.raw_object import RawObject
from plexus.ir.errors import InvalidRequest
from plexus.pipeline.refused import Refused
from plexus.settings.file_home import FileHome
from plexus.web.management.asked import question_in

_PATH = "/v0/management/explain"
_PATIENCE = 30.0
_OK = 200
_UNKNOWN = "unknown"


class NotExplained(Exception):  # noqa: N818 - why there is no decision to print
    """The request cannot be asked about; the message says why and what to do."""


def question(file: str, described: Mapping[str, str | None]) -> RawObject:
    """The file's body with what is known of the request beside it. A file may hold a whole question itself.

    Raises:
        NotExplained: when it cannot be read or is no JSON object.
    """
    try:
        content = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        sent = RawObject(content)
        if "body" not in sent.values:
            sent = RawObject(b'{"body":' + content + b"}")
    except OSError as error:
        raise NotExplained(f"{file}: cannot be read: {error.strerror}") from None
    except JSONError as error:
        raise NotExplained(f"{file}: is not the body of a request: {error}") from None
    said = {name: dumps(value) for name, value in described.items() if value is not None}
    return RawObject(sent.replaced(said)) if said else sent


def online(asked: RawObject, url: str) -> bytes:
    """The decision of a running gateway, with ADMIN_KEY or else PLEXUS_API_KEY as the credential.

    Raises:
        NotExplained: when none answers there, or it refuses.
    """
    credential = os.environ.get("ADMIN_KEY") or os.environ.get("PLEXUS_API_KEY")
    if not credential:
        raise NotExplained("set ADMIN_KEY (or PLEXUS_API_KEY, to ask as that key), or give --config FILE")
    parts = urlsplit(url.rstrip("/"))
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise NotExplained("--url must be the gateway's URL, such as http://127.0.0.1:4000")
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    try:
        connection = kind(parts.hostname, parts.port, timeout=_PATIENCE)
        headers = {"authorization": f"Bearer {credential}", "content-type": "application/json"}
        connection.request("POST", parts.path + _PATH, asked.body, headers)
        answer = connection.getresponse()
        status, body = answer.status, answer.read()
        connection.close()
    except (OSError, ValueError, http.client.HTTPException) as error:
        said = f"no gateway answers at {url} ({error}); start it with plexus serve, or give --config FILE"
        raise NotExplained(said) from None
    if status != _OK:
        raise NotExplained(f"the gateway at {url} refused ({status}): {_message(body)}")
    return body


def offline(asked: RawObject, config: Path) -> bytes:
    """The decision by a configuration file alone: nothing is measured, nothing rests, nothing is in use.

    Raises:
        NotExplained: when it is no request that could be made.
        ConfigurationError: when the file is refused.
    """
    settings = FileHome(config, app.known()).load()

    async def decided() -> dict[str, Any]:
        plexus = app.Plexus(settings)
        await plexus.start()
        try:
            return plexus.explain(question_in(asked))
        finally:
            await plexus.stop()

    try:
        return dumps(asyncio.run(decided()))
    except (Refused, InvalidRequest) as error:
        raise NotExplained(str(error)) from None


def readable(answer: bytes) -> Iterator[str]:
    """The decision for people, line by line."""
    told = loads(answer)
    form = "stream" if told["stream"] else "whole answer"
    whose = f"key {told['key']}" if told["key"] else "any key"
    yield f"{told['model']}: {told['protocol']}, {form}, {whose}: {told['outcome']}"
    if (refusal := told["refusal"]) is not None:
        yield f"  the client would be told {refusal['status']}: {refusal['message']}"
    if (session := told["session"]) is not None and session["served_by"] is not None:
        yield f"  the conversation was served by {_target(session['served_by'])} before"
    if told["candidates"]:
        yield from ("", *_table(_HEAD, [_row(candidate) for candidate in told["candidates"]]))
        yield from _remarks(told["candidates"])
    if told["excluded"]:
        yield from ("", "not tried:")
        yield from (f"  {_target(entry)}: {entry['said']}" for entry in told["excluded"])
    if told["request"] is not None:
        yield from ("", *_request(told["request"]))


_HEAD = ("", "target", "protocol", "selector", "score", "ttft", "tokens/s", "errors", "input", "cost", "why")


def _row(candidate: Mapping[str, Any]) -> tuple[str, ...]:
    facts = candidate["facts"]
    return (
        str(candidate["place"]),
        _target(candidate),
        candidate["protocol"] + (", as it is" if candidate["passthrough"] else ""),
        candidate["selector"] or "-",
        _number(candidate["score"], "{:.4g}"),
        _number(facts["ttft_seconds"], "{:.2f} s"),
        _number(facts["tokens_per_second"], "{:.1f}"),
        _number(facts["error_rate"], "{:.0%}"),
        _number(candidate["input_tokens"], "~{}"),
        f"${candidate['cost']}" if candidate["cost"] is not None else _UNKNOWN,
        candidate["why"],
    )


def _remarks(candidates: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """What the table has no room for: the meaning of scores, losses, and targets that cannot be sent the request."""
    for selector, meaning in {c["selector"]: c["meaning"] for c in candidates if c["meaning"]}.items():
        yield f"  score of {selector}: {meaning}"
    for candidate in candidates:
        losses = [f"{loss['kind']} {loss['field']} ({loss['reason'] or '-'})" for loss in candidate["fidelity"]]
        if losses:
            yield f"  {_target(candidate)} would lose: {'; '.join(losses)}"
        if candidate["refusal"] is not None:
            yield f"  {_target(candidate)} cannot be sent it: {candidate['refusal']['message']}"


def _request(request: Mapping[str, Any]) -> Iterator[str]:
    yield f"{request['method']} {request['url'] or '(the address is shown to the admin only)'}"
    yield from (f"{name}: {value}" for name, value in (request["headers"] or {}).items())
    yield ""
    yield json.dumps(request["body"], indent=2, ensure_ascii=False)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    for row in (head, *rows):
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _target(entry: Mapping[str, Any]) -> str:
    return f"{entry['provider']}/{entry['model']}"


def _number(value: float | None, form: str) -> str:
    return _UNKNOWN if value is None else form.format(value)


def _message(body: bytes) -> str:
    try:
        return str(loads(body)["error"]["message"])
    except (JSONError, KeyError, TypeError):
        return "it is not the management API of Plexus"
