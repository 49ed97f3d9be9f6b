"""Opaque state between turns, for clients that cannot carry it and for values that travel bare.

Two bounded maps, in this process's memory. One says which target made a bare value (by a keyed hash of the value). The
other keeps, for chat clients, what belonged to a tool call (signatures, signed thinking), by client key and call id,
encrypted under a key that lives as long as the process.
"""

import hashlib
import secrets
from collections import OrderedDict
from typing import TYPE_CHECKING, TypeVar

import msgspec
from msgspec.structs import replace

from plexus.core.lazy import lazy
from plexus.ir.chat import ChatRequest, ChatResponse, Message
from plexus.ir.ownership import sealed_in
from plexus.ir.parts import Media, Opaque, Origin, Part, Signature, Text, Thinking, ToolCall

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE = 12
Value = TypeVar("Value")


class Kept(msgspec.Struct):
    """What is kept for one answer's tool calls: its signed thinking, and each call's signature by call id."""

    thinking: list[Thinking]
    calls: dict[str, Signature]


class OpaqueState:
    """Both maps; the oldest entry leaves when one is full."""

    def __init__(self, size: int = 50_000) -> None:
        """`size` bounds each map, in entries."""
        self._size = size
        self._salt = secrets.token_bytes(16)
        self._makers: OrderedDict[bytes, Origin] = OrderedDict()
        self._kept: OrderedDict[bytes, bytes] = OrderedDict()
        self._decoder = msgspec.msgpack.Decoder(Kept)

    @lazy
    def _cipher(self) -> "AESGCM":
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415 - 8 MB, and most never keep anything

        return AESGCM(AESGCM.generate_key(256))

    def maker(self, value: str) -> Origin | None:
        """Who made a bare value, when it was seen passing here."""
        return self._makers.get(self._hash(value))

    def saw(self, response: ChatResponse) -> None:
        """Note the maker of every opaque value in an answer."""
        for part in response.parts:
            if isinstance(part, Opaque):
                for value in sealed_in(part.raw):
                    self._put(self._makers, self._hash(value), part.origin)
                continue
            signature = getattr(part, "signature", None)
            if signature is not None and signature.origin.known:
                self._put(self._makers, self._hash(signature.value), signature.origin)

    def keep(self, response: ChatResponse, key: str) -> None:
        """Keep what belongs to the answer's tool calls, for the client with this key."""
        calls = [part for part in response.parts if isinstance(part, ToolCall)]
        signed = {call.id: call.signature for call in calls if call.signature is not None}
        thinking = [part for part in response.parts if isinstance(part, Thinking) and part.signature is not None]
        if not calls or not (signed or thinking):
            return
        content = msgspec.msgpack.encode(Kept(thinking, signed))
        for call in calls:
            place = self._hash(f"{key}\n{call.id}")
            nonce = secrets.token_bytes(_NONCE)
            self._put(self._kept, place, nonce + self._cipher.encrypt(nonce, content, place))

    def restored(self, request: ChatRequest, key: str) -> ChatRequest:
        """The request with what was kept put back where the client dropped it. The argument is not changed."""
        if not self._kept:
            return request
        messages = [self._with_state(message, key) for message in request.messages]
        changed = any(new is not old for new, old in zip(messages, request.messages, strict=True))
        return replace(request, messages=messages) if changed else request

    def _with_state(self, message: Message, key: str) -> Message:
        calls = [part for part in message.parts if isinstance(part, ToolCall)]
        if message.role != "assistant" or not calls or any(self._carried(part) for part in message.parts):
            return message
        kept = next((found for call in calls if (found := self._get(key, call.id)) is not None), None)
        if kept is None:
            return message
        said: list[Part] = [
            replace(part, signature=kept.calls.get(part.id)) if isinstance(part, ToolCall) else part
            for part in message.parts
            if not (kept.thinking and isinstance(part, Thinking))
        ]
        return replace(message, parts=[*kept.thinking, *said])

    def _carried(self, part: Part) -> bool:
        """Whether the client returned state itself. A value nobody knows is none: Gemini CLI signs calls with a stand-in."""
        if not isinstance(part, Text | Media | Thinking | ToolCall) or part.signature is None:
            return False
        return part.signature.origin.known or self.maker(part.signature.value) is not None

    def _get(self, key: str, call_id: str) -> Kept | None:
        place = self._hash(f"{key}\n{call_id}")
        sealed = self._kept.get(place)
        if sealed is None:
            return None
        return self._decoder.decode(self._cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], place))

    def _hash(self, value: str) -> bytes:
        return hashlib.blake2b(value.encode("utf-8", "surrogatepass"), digest_size=16, key=self._salt).digest()

    def _put(self, entries: "OrderedDict[bytes, Value]", place: bytes, value: Value) -> None:
        entries[place] = value
        entries.move_to_end(place)
        if len(entries) > self._size:
            entries.popitem(last=False)
