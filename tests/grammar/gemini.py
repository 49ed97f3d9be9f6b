"""The grammar of a Gemini stream. Source: ai.google.dev/api/generate-content, google-genai's GenerateContentResponse."""

import json
from typing import Any

from google.genai.types import GenerateContentResponse
from pydantic import TypeAdapter

from tests.grammar.wire import Complaints, Frame, frames

_CHUNK: TypeAdapter[Any] = TypeAdapter(GenerateContentResponse)
_DATA = {
    "text",
    "functionCall",
    "functionResponse",
    "inlineData",
    "fileData",
    "executableCode",
    "codeExecutionResult",
    "toolCall",
    "toolResponse",
}


def violations(stream: bytes, *, usage: bool = True) -> list[str]:
    """What breaks the grammar, of server-sent events or of a JSON array. Usage is always told."""
    complain = Complaints()
    if stream.lstrip().startswith(b"["):
        try:
            found = [Frame("", "", chunk) for chunk in json.loads(stream)]
        except ValueError as error:
            return [f"json: {error}"]
    else:
        found = frames(stream, complain)
    _Chunks(complain).read(found)
    return complain.lines


class _Chunks:
    def __init__(self, complain: Complaints) -> None:
        self.complain = complain
        self.finished: dict[int, str] = {}
        self.seen: set[int] = set()
        self.constant: dict[str, Any] = {}
        self.usage: dict[str, Any] | None = None
        self.failed = False
        self.blocked = False

    def read(self, found: list[Frame]) -> None:
        say, expect = self.complain.say, self.complain.expect
        for frame in found:
            expect(not frame.event, "no event names", frame.event)
            expect(not self.failed, "an error ends the stream", frame.data)
            if not isinstance(frame.value, dict):
                say("json", frame.data)
            elif "error" in frame.value:
                self._error(frame.value["error"])
            else:
                self._chunk(frame.value)
        if self.failed:
            return
        expect(found, "chunks", "none at all")
        for number in self.seen:
            expect(number in self.finished, "one finish", f"candidate {number} has none")
        expect(self.seen or self.blocked, "candidates", "none at all")
        self._check_usage()

    def _error(self, error: Any) -> None:
        self.failed = True
        good = isinstance(error, dict) and isinstance(error.get("code"), int)
        good = good and isinstance(error.get("message"), str) and isinstance(error.get("status"), str)
        self.complain.expect(good, "error shape", error)

    def _chunk(self, chunk: dict[str, Any]) -> None:
        expect = self.complain.expect
        self.complain.typed(_CHUNK, chunk)
        for key in ("responseId", "modelVersion"):
            if key in chunk:
                expect(self.constant.setdefault(key, chunk[key]) == chunk[key], f"{key} constant", chunk[key])
        if (chunk.get("promptFeedback") or {}).get("blockReason"):
            self.blocked = True
        if chunk.get("usageMetadata"):
            self.usage = chunk["usageMetadata"]
        for candidate in chunk.get("candidates") or []:
            self._candidate(candidate)

    def _candidate(self, candidate: dict[str, Any]) -> None:
        expect = self.complain.expect
        number = candidate.get("index") or 0
        self.seen.add(number)
        content = candidate.get("content") or {}
        parts = content.get("parts") or []
        expect(not (parts and number in self.finished), "nothing after the finish", parts)
        if parts:
            expect(content.get("role") == "model", "role model", content.get("role"))
        for part in parts:
            self._part(part)
        reason = candidate.get("finishReason")
        if reason:
            expect(number not in self.finished, "one finish", reason)
            self.finished[number] = reason

    def _part(self, part: dict[str, Any]) -> None:
        expect = self.complain.expect
        data = _DATA & set(part)
        expect(len(data) == 1 or (not data and part.get("thoughtSignature")), "one kind of data a part", part)
        call = part.get("functionCall")
        if call is not None:
            partial = "partialArgs" in call or call.get("willContinue") is not None or call == {}
            expect(call.get("name") or partial, "function call opening", call)
            expect(isinstance(call.get("args", {}), dict), "args is an object", call)

    def _check_usage(self) -> None:
        expect = self.complain.expect
        usage = self.usage
        if usage is None or not isinstance(usage.get("totalTokenCount"), int):
            self.complain.say("usage at the end", usage)
            return
        names = ("promptTokenCount", "candidatesTokenCount", "thoughtsTokenCount", "toolUsePromptTokenCount")
        parts = sum(value for name in names if isinstance(value := usage.get(name), int))
        expect(usage["totalTokenCount"] == parts, "total is the sum", usage)
        expect((usage.get("cachedContentTokenCount") or 0) <= (usage.get("promptTokenCount") or 0), "details", usage)
