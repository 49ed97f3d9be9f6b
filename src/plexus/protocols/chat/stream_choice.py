"""One choice of a chat stream while it grows: deltas to parts that start, grow and end. Tool calls are in `stream_calls.py`."""

import base64
import binascii
from typing import Any

from msgspec.structs import replace

from plexus.ir.chat import StopReason
from plexus.ir.errors import Fault
from plexus.ir.events import Event, PartEnd, PartStart, SignatureDelta, TextDelta
from plexus.ir.exchange import Reading
from plexus.ir.parts import Citation, Media, Opaque, Part, Signature, Text, Thinking, TokenLogprob
from plexus.protocols.chat.answer_content import google_signature, read_audio, read_content, read_images
from plexus.protocols.chat.citations import read_annotations, with_sources
from plexus.protocols.chat.errors import error_in
from plexus.protocols.chat.logprobs import read_logprobs
from plexus.protocols.chat.stops import decode_stop
from plexus.protocols.chat.stream_calls import CallsReader
from plexus.protocols.chat.think_tags import Said, ThinkTags, covering
from plexus.protocols.chat.thoughts import mark, plain_thought, read_entry, squeezed

Wire = dict[str, Any]


class Account:
    """What the choices of one stream share: part and call numbers, sources beside the choices, a failure found inside."""

    def __init__(self, reading: Reading) -> None:
        self.reading = reading
        self.sources: list[Citation] = []
        self.fault: Fault | None = None
        self.taken: set[str] = set()
        """The ids of the calls: a result is found by its id, so that no other call may have the same."""
        self._parts = 0
        self._calls = 0

    def part(self) -> int:
        """The number of the next part."""
        self._parts += 1
        return self._parts - 1

    def call(self) -> int:
        """The number of the next call whose id has to be made."""
        self._calls += 1
        return self._calls - 1

    def sign(self, value: str) -> Signature:
        """A signature made by this upstream."""
        return Signature(value, self.reading.origin)


class ChoiceReader:
    """Reads the deltas of one choice. At most one of thinking, text and refusal is open at a time, and any calls."""

    def __init__(self, number: int, account: Account) -> None:
        self.stop: StopReason | None = None
        self.stop_sequence: str | None = None
        self._number = number
        self._account = account
        self._calls = CallsReader(number, account)
        self._open: int | None = None
        self._kind = ""
        self._entry: Any = None
        self._mark: Any = None
        self._plain: list[str] = []
        self._signed = False
        self._citations: list[Citation] = []
        self._cited = False
        self._audio: list[Wire] = []
        self._begun = False
        self._said = False
        self._tags = ThinkTags() if account.reading.think_tags else None
        self._tagged: list[TokenLogprob] = []

    @property
    def spoke(self) -> bool:
        """Whether anything of the answer was said."""
        return self._begun or self._calls.any or bool(self._audio)

    @property
    def ended(self) -> StopReason:
        """Why the choice ended; an ordinary end with a call in it waits for the result."""
        if self._calls.nameless and self.stop in {None, "end", "tool_use"}:
            return "malformed_tool_call"
        return "tool_use" if self._calls.any and self.stop in {None, "end"} else self.stop or "end"

    def read(self, choice: Wire, events: list[Event]) -> None:
        """Add what this chunk of the choice means to `events`."""
        delta = choice.get("delta")
        if not isinstance(delta, dict):
            delta = _whole(choice)
        content = delta.get("content")
        alone = len(delta) == 1 or (len(delta) == 2 and "role" in delta)  # noqa: PLR2004 - role, content
        if content and isinstance(content, str) and self._kind == "text" and alone:
            logprobs = choice.get("logprobs")
            said = read_logprobs(logprobs) if logprobs else []
            events.append(TextDelta(self._open or 0, content, said))
        else:
            self._read_delta(delta, choice, events)
        if choice.get("finish_reason") or "finish_details" in choice:
            self._stop(choice)

    def _read_delta(self, delta: Wire, choice: Wire, events: list[Event]) -> None:
        self._think(delta, events)
        content = delta.get("content")
        if content:
            said = read_logprobs(choice.get("logprobs"))
            if isinstance(content, str):
                self._say("text", content, events, said)
            else:
                for part in read_content(content, self._account.reading.origin):
                    self._take(part, events)
        refusal = delta.get("refusal")
        if refusal and isinstance(refusal, str):
            self._settle(events)
            self._say("refusal", refusal, events, read_logprobs(choice.get("logprobs"), "refusal"))
        for image in read_images(delta.get("images")):
            self._take(image, events)
        if delta.get("annotations"):
            self._citations += read_annotations(delta["annotations"])
        if isinstance(delta.get("audio"), dict):
            self._audio.append(delta["audio"])
        calls = delta.get("tool_calls") or _legacy(delta)
        if calls and isinstance(calls, list):
            self._settle(events)
            self._end_open(events)
            self._calls.read(calls, events)
        if "extra_content" in delta:
            self._sign(google_signature(delta), events)

    def _say(self, kind: str, text: str, events: list[Event], logprobs: list[TokenLogprob] | None = None) -> None:
        if self._tags is not None and kind == "text":
            self._tagged += logprobs or []
            self._tell(self._tags.feed(text), events)
            return
        if self._kind != kind:
            self._begin(kind, Text(text="", refusal=kind == "refusal"), events)
        events.append(TextDelta(self._open or 0, text, logprobs or []))

    def _tell(self, said: list[Said], events: list[Event]) -> None:
        """Pieces of a text that may begin with tagged reasoning."""
        self._tags = None if self._tags is None or self._tags.done else self._tags
        for kind, piece in said:
            logprobs, self._tagged = self._tagged, []
            if kind == "thinking":
                self._think_plain(piece, events)
            else:
                self._say("text", piece, events, covering(logprobs, piece))

    def _settle(self, events: list[Event]) -> None:
        """Something else came than text: what was held back of the text is told, and no tag can follow."""
        tags, self._tags = self._tags, None
        if tags is not None:
            self._tell(tags.end(), events)

    def _think(self, delta: Wire, events: list[Event]) -> None:
        entries = delta.get("reasoning_details")
        plain = plain_thought(delta)
        if entries or plain:
            self._settle(events)
        if entries and isinstance(entries, list):
            if plain and not any(
                isinstance(entry, dict) and (entry.get("text") or entry.get("summary")) for entry in entries
            ):
                self._think_plain(plain, events)
            for entry in entries:
                if isinstance(entry, dict):
                    self._think_entry(entry, events)
        elif plain:
            self._think_plain(plain, events)

    def _think_plain(self, text: str, events: list[Event]) -> None:
        if self._kind != "thinking" or self._signed:
            self._begin("thinking", Thinking(), events)
        self._plain.append(text)
        events.append(TextDelta(self._open or 0, text))

    def _think_entry(self, entry: Wire, events: list[Event]) -> None:
        """One entry of OpenRouter's `reasoning_details`: a new index or a signature seen starts another thought."""
        thought = read_entry(entry, self._account.sign)
        if thought is None or not (thought.text or thought.signature):
            return
        text, signature = thought.text, thought.signature
        if text and self._plain and squeezed(text) == squeezed("".join(self._plain)):
            text = ""  # this gateway, and others, repeat a thought whole when they sign it
        elif not self._continues(thought, entry.get("index")):
            kind = "summary" if thought.summary else "thinking"
            self._begin(kind, replace(thought, text="", signature=None), events)
        self._entry, self._mark = entry.get("index"), mark(thought)
        if text:
            events.append(TextDelta(self._open or 0, text))
        if signature is not None:
            events.append(SignatureDelta(self._open or 0, signature))
            self._signed = True

    def _continues(self, thought: Thinking, index: Any) -> bool:
        """Whether an entry goes on with the open thought: more of its text, or its signature."""
        if self._signed or thought.redacted:
            return False
        if not thought.text:
            return self._kind in {"summary", "thinking"} and (index == self._entry or mark(thought) == self._mark)
        return self._kind == ("summary" if thought.summary else "thinking") and index == self._entry

    def _begin(self, kind: str, shell: Part, events: list[Event]) -> None:
        self._end_open(events)
        self._begun = True
        self._open, self._kind, self._signed = self._account.part(), kind, False
        self._entry, self._mark, self._plain = None, None, []
        events.append(PartStart(self._open, shell, self._number))

    def _end_open(self, events: list[Event]) -> None:
        if self._open is None:
            return
        citations: list[Citation] = []
        if self._kind == "text":
            self._said = True
            citations = self._take_citations()
        events.append(PartEnd(self._open, citations))
        self._open, self._kind, self._plain = None, "", []

    def _take_citations(self) -> list[Citation]:
        citations, self._citations = self._citations, []
        if not self._cited:
            citations = with_sources(citations, self._account.sources)
        self._cited = self._cited or bool(citations)
        return citations

    def _take(self, part: Part, events: list[Event]) -> None:
        """A part that came whole: text and thinking go on growing, anything else starts and ends at once."""
        match part:
            case Text():
                self._say("refusal" if part.refusal else "text", part.text, events)
            case Thinking():
                self._settle(events)
                if part.text:
                    self._think_plain(part.text, events)
                if part.signature is not None:
                    if self._kind != "thinking":
                        self._begin("thinking", Thinking(), events)
                    events.append(SignatureDelta(self._open or 0, part.signature))
            case Media() | Opaque():
                self._settle(events)
                self._end_open(events)
                self._begun = True
                index = self._account.part()
                events += (PartStart(index, part, self._number), PartEnd(index))
            case _:
                return

    def _sign(self, value: str, events: list[Event]) -> None:
        """A signature on the delta as a whole: of the first call, else of the open text, else it stands alone."""
        if not value or self._calls.sign_first(self._account.sign(value), events):
            return
        if self._open is None:
            self._begin("thinking", Thinking(), events)
        events.append(SignatureDelta(self._open or 0, self._account.sign(value)))
        self._signed = True

    def _stop(self, choice: Wire) -> None:
        stop, sequence = decode_stop(choice)
        if stop == "error":
            self._account.fault = error_in(choice) or Fault(
                kind="upstream", status=502, message="the provider ended its answer with an error"
            )
            return
        if stop is None:
            return
        self.stop = self.stop if self.stop is not None and stop == "end" else stop
        self.stop_sequence = self.stop_sequence or sequence

    def close(self, events: list[Event]) -> None:
        """End what is open; nothing of this choice follows."""
        self._settle(events)
        self._end_open(events)
        if self._citations or (self._said and self._account.sources and not self._cited):
            self._begin("text", Text(text=""), events)
            self._end_open(events)
        for part in read_audio(_joined(self._audio)):
            self._take(part, events)
        self._calls.close(events)


def _whole(choice: Wire) -> Wire:
    """What stands for the delta where there is none: a whole message, or the text of a legacy completion."""
    message = choice.get("message")
    if isinstance(message, dict):
        return message
    text = choice.get("text")
    return {"content": text} if isinstance(text, str) else {}


def _legacy(delta: Wire) -> list[Wire]:
    call = delta.get("function_call")
    return [{"index": 0, "function": call}] if isinstance(call, dict) else []


def _joined(deltas: list[Wire]) -> Wire | None:
    """The pieces of an audio answer as one: every piece is base64 of its own."""
    if not deltas:
        return None
    audio: Wire = {}
    sound, said = bytearray(), []
    for delta in deltas:
        audio.update({key: delta[key] for key in ("id", "expires_at") if delta.get(key)})
        if isinstance(delta.get("transcript"), str):
            said.append(delta["transcript"])
        if isinstance(delta.get("data"), str):
            try:
                sound += base64.b64decode(delta["data"])
            except (binascii.Error, ValueError):
                continue
    return {**audio, "data": base64.b64encode(bytes(sound)).decode(), "transcript": "".join(said)}
