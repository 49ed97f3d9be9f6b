"""Recorded exchanges with providers: the shared corpus where there is one, else the golden selection of this repository.

Which of them are plain exchanges of one of the four protocols, and why the others are not, is said here.
"""

import functools
import gzip
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

ROOT = Path(__file__).resolve().parent.parent.parent
CORPUS = ROOT.parent / "shared" / "corpus" / "recordings.jsonl.gz"
GOLDEN = ROOT / "tests" / "golden" / "recordings.jsonl"
MANY = CORPUS.exists()
"""Whether there is the whole corpus, so that there must be many recordings of each kind, and not the selection alone."""

PROTOCOL_OF = {
    "openai_chat": "chat",
    "openai_responses": "responses",
    "anthropic_messages": "messages",
    "gemini": "gemini",
}
OWNERS = {
    "chat": {"openai"},
    "responses": {"openai"},
    "messages": {"anthropic"},
    "gemini": {"google_ai", "vertex"},
}
"""The vendors that own a protocol: their streams are what the grammar is measured against."""


class Recording(msgspec.Struct):
    """One exchange as it was on the wire."""

    id: str
    source: str
    licence: str
    provider_api: str
    vendor: str
    method: str
    path: str
    status: int
    streaming: bool
    response_body: str
    model: str | None = None
    request_body: str | None = None
    request_body_encoding: str | None = None
    response_body_encoding: str | None = None
    features: list[str] = []
    origin: str = ""
    sdk_accepts: bool | None = None

    @property
    def protocol(self) -> str:
        """ "chat", "responses", "messages", "gemini", or "" for another operation."""
        return PROTOCOL_OF.get(self.provider_api, "")

    @property
    def request(self) -> Any:
        """The request body as JSON, or None."""
        try:
            return json.loads(self.request_body or "")
        except ValueError:
            return None


def held_out(recording_id: str) -> bool:
    """Whether this recording belongs to the third that nobody looks at while developing."""
    return int(hashlib.sha256(recording_id.encode()).hexdigest(), 16) % 3 == 0


@functools.cache
def all_recordings() -> tuple[Recording, ...]:
    """Every recording there is here, in a stable order."""
    decoder = msgspec.json.Decoder(Recording)
    if CORPUS.exists():
        with gzip.open(CORPUS) as lines:
            return tuple(decoder.decode(line) for line in lines)
    return golden_recordings()


@functools.cache
def golden_recordings() -> tuple[Recording, ...]:
    """The selection kept in this repository."""
    decoder = msgspec.json.Decoder(Recording)
    with GOLDEN.open("rb") as lines:
        return tuple(decoder.decode(line) for line in lines)


def select(
    protocol: str = "",
    *,
    part: str = "all",
    streaming: bool | None = None,
    keep: Callable[[Recording], bool] = lambda _: True,
) -> list[Recording]:
    """Recordings of a protocol (any of the four when empty), of one part ("open", "held-out", "all")."""
    return [
        r
        for r in all_recordings()
        if r.protocol
        and protocol in {"", r.protocol}
        and (part == "all" or held_out(r.id) == (part == "held-out"))
        and streaming in {None, r.streaming}
        and keep(r)
    ]


_ENDING = {
    "chat": ("/completions",),
    "responses": ("/responses",),
    "messages": ("/messages", ":rawPredict", ":streamRawPredict"),
    "gemini": (":generateContent", ":streamGenerateContent"),
}


ALTERED = {
    "vercel-ai-122d832b1124": "its base64 was cut by the recorder",
    "vercel-ai-0f993966140b": "put together by hand, the final text is not the one streamed",
}
"""Open recordings whose contents cannot be right."""


def not_an_exchange(recording: Recording) -> str:
    """Why this is no request for an answer of its protocol, or "" when it is one."""
    path = recording.path.split("?", 1)[0].rstrip("/")
    if recording.method != "POST":
        return f"{recording.method} of stored state"
    if path and not path.endswith(_ENDING[recording.protocol]):
        return f"another operation ({path.rsplit('/', 1)[-1].rsplit(':', 1)[-1]})"
    return ""


def not_an_answer(recording: Recording) -> str:
    """Why the recorded response is not an answer that can be told in another protocol, or ""."""
    if reason := not_an_exchange(recording):
        return reason
    if recording.status != 200:
        return "an error"
    if recording.id in ALTERED:
        return ALTERED[recording.id]
    body = recording.response_body.lstrip()
    if recording.streaming:
        if "data:" not in body and not body.startswith("["):
            return "a stream without an event"
        return ""
    try:
        value = json.loads(body)
    except ValueError:
        return "not JSON"
    if not isinstance(value, dict):
        return "not an object"
    if isinstance(value.get("error"), dict) or value.get("type") == "error":
        return "an error with status 200"
    if recording.protocol == "responses" and value.get("status") in {"queued", "in_progress"}:
        return "a background response that has not been made yet"
    return ""


def not_a_request(recording: Recording) -> str:
    """Why the recorded request cannot be asked of another protocol, or ""."""
    if reason := not_an_exchange(recording):
        return reason
    if not isinstance(recording.request, dict):
        return "no JSON body was recorded"
    if stored := [key for key in ("previous_response_id", "conversation", "prompt") if recording.request.get(key)]:
        return f"refers to state at the provider ({stored[0]}), a 400 elsewhere"
    if recording.status in {400, 422}:
        return "the vendor refused it as invalid"
    return ""
