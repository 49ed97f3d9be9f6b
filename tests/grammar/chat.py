"""The grammar of a chat-completions stream. Source: platform.openai.com/docs/api-reference/chat-streaming, openai's types."""

from typing import Any

from openai.types.chat import ChatCompletionChunk
from pydantic import TypeAdapter

from tests.grammar.wire import Complaints, Frame, frames

_CHUNK: TypeAdapter[Any] = TypeAdapter(ChatCompletionChunk)


def violations(stream: bytes, *, usage: bool = True) -> list[str]:
    """What breaks the grammar."""
    complain = Complaints()
    found = frames(stream, complain)
    _Chunks(complain).read(found, usage=usage)
    return complain.lines


class _Choice:
    """What has been said for one choice."""

    def __init__(self) -> None:
        self.finished = ""
        self.calls: list[dict[str, str]] = []
        self.deltas = 0


class _Chunks:
    def __init__(self, complain: Complaints) -> None:
        self.complain = complain
        self.choices: dict[int, _Choice] = {}
        self.constant: dict[str, Any] = {}
        self.usages = 0
        self.failed = False

    def read(self, found: list[Frame], *, usage: bool) -> None:
        say, expect = self.complain.say, self.complain.expect
        done = False
        for number, frame in enumerate(found):
            expect(not frame.event, "no event names", frame.event)
            expect(not done, "[DONE] is last", frame.data)
            if frame.data == "[DONE]":
                done = True
            elif not isinstance(frame.value, dict):
                say("json", frame.data)
            elif "error" in frame.value:
                self._error(frame.value["error"])
                expect(number == len(found) - 1, "an error ends the stream", found[-1].data)
            else:
                self._chunk(frame.value)
        if self.failed:
            return
        expect(done, "[DONE]", "missing")
        for number, choice in self.choices.items():
            expect(choice.finished, "one finish", f"choice {number} has none")
            if choice.calls:
                expect(choice.finished != "stop", "finish of tool calls", choice.finished)
            for call in choice.calls:
                expect(call["id"] and call["name"], "tool call opening", call)
            ids = [call["id"] for call in choice.calls]
            expect(len(set(ids)) == len(ids), "tool call ids differ", ids)
        expect(self.choices, "choices", "none at all")
        if usage:
            expect(self.usages == 1, "usage once", self.usages)
        else:
            expect(self.usages == 0, "usage not asked for", self.usages)

    def _error(self, error: Any) -> None:
        self.failed = True
        self.complain.expect(isinstance(error, dict) and isinstance(error.get("message"), str), "error shape", error)

    def _chunk(self, chunk: dict[str, Any]) -> None:
        say, expect = self.complain.say, self.complain.expect
        self.complain.typed(_CHUNK, _functions_only(chunk))
        expect(not self.failed, "an error ends the stream", chunk)
        for key in ("id", "created", "model"):
            expect(chunk.get(key), f"{key} given", chunk.get(key))
            expect(self.constant.setdefault(key, chunk.get(key)) == chunk.get(key), f"{key} constant", chunk.get(key))
        choices = chunk.get("choices")
        if not isinstance(choices, list):
            say("choices", choices)
            return
        if chunk.get("usage"):
            self._usage(chunk, choices)
        else:
            expect(choices, "choices", "an empty chunk")
        for choice in choices:
            self._choice(choice)

    def _usage(self, chunk: dict[str, Any], choices: list[Any]) -> None:
        expect = self.complain.expect
        self.usages += 1
        expect(not choices, "usage in its own chunk", choices)
        expect(self.choices and all(c.finished for c in self.choices.values()), "usage after the finish", "")
        usage = chunk["usage"]
        total = (usage.get("prompt_tokens") or 0) + (usage.get("completion_tokens") or 0)
        expect(usage.get("total_tokens") == total, "total is the sum", usage)
        cached = (usage.get("prompt_tokens_details") or {}).get("cached_tokens") or 0
        thought = (usage.get("completion_tokens_details") or {}).get("reasoning_tokens") or 0
        expect(cached <= (usage.get("prompt_tokens") or 0), "details within totals", usage)
        expect(thought <= (usage.get("completion_tokens") or 0), "details within totals", usage)

    def _choice(self, choice: Any) -> None:
        say, expect = self.complain.say, self.complain.expect
        if not isinstance(choice, dict) or not isinstance(choice.get("delta"), dict):
            say("a delta in every choice", choice)
            return
        state = self.choices.setdefault(choice.get("index", -1), _Choice())
        delta = choice["delta"]
        role = delta.get("role")
        if state.deltas == 0:
            expect(role == "assistant", "role first", delta)
        elif role is not None:
            say("role once", role)
        state.deltas += 1
        told = [key for key in ("content", "tool_calls", "reasoning_content", "refusal") if delta.get(key)]
        expect(not (state.finished and told), "nothing after the finish", told)
        for key in ("content", "reasoning_content", "refusal"):
            expect(delta.get(key) is None or isinstance(delta[key], str), "text is a string", key)
        for fragment in delta.get("tool_calls") or []:
            self._call(state, fragment)
        if choice.get("finish_reason") is not None:
            expect(not state.finished, "one finish", choice["finish_reason"])
            state.finished = choice["finish_reason"] or "?"

    def _call(self, state: _Choice, fragment: dict[str, Any]) -> None:
        expect = self.complain.expect
        index = fragment.get("index")
        function = fragment.get("function") or fragment.get("custom") or {}
        if isinstance(index, int) and index < len(state.calls):
            expect(not fragment.get("id"), "id once", fragment)
            expect(not function.get("name"), "name once", fragment)
            return
        expect(index == len(state.calls), "tool call index", index)
        expect(fragment.get("type") in {"function", "custom"}, "tool call opening", fragment)
        state.calls.append({"id": fragment.get("id") or "", "name": function.get("name") or ""})


def _functions_only(chunk: dict[str, Any]) -> dict[str, Any]:
    """The chunk without calls of custom tools, which the documents have and the SDK's stream types have not."""
    choices = []
    for choice in chunk.get("choices") or []:
        delta = choice.get("delta") if isinstance(choice, dict) else None
        if isinstance(delta, dict) and delta.get("tool_calls"):
            calls = [call for call in delta["tool_calls"] if "custom" not in call]
            choices.append({**choice, "delta": {**delta, "tool_calls": calls}})
        else:
            choices.append(choice)
    return {**chunk, "choices": choices} if choices else chunk
