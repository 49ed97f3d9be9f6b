"""The official SDKs behind one face: a conversation in the protocol's own items goes in, what was said comes out."""

import json
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Said:
    """An answer. `turn` are the protocol's own items that say it again in the next request."""

    text: str = ""
    thinking: str = ""
    calls: list[tuple[str, str, Any]] = field(default_factory=list)
    stop: str = ""
    usage: tuple[int, int] = (0, 0)
    turn: list[Any] = field(default_factory=list)


@dataclass(frozen=True)
class Tool:
    """A function tool."""

    name: str
    schema: dict[str, Any]
    description: str = "A tool."


class Chat:
    """openai, chat completions."""

    END, CALLS, LENGTH = "stop", "tool_calls", "length"

    def __init__(self, bases: dict[str, str]) -> None:
        self.base = bases["chat"]

    def user(self, text: str) -> list[Any]:
        return [{"role": "user", "content": text}]

    def results(self, said: Said, outputs: list[str]) -> list[Any]:
        pairs = zip(said.calls, outputs, strict=True)
        return [{"role": "tool", "tool_call_id": call[0], "content": output} for call, output in pairs]

    async def ask(self, model: str, items: list[Any], *, stream: bool, tools=(), length=None, stop=None, schema=None):
        import openai

        options: dict[str, Any] = {"model": model, "messages": items}
        if tools:
            told = [{"name": t.name, "description": t.description, "parameters": t.schema} for t in tools]
            options["tools"] = [{"type": "function", "function": function} for function in told]
        if length:
            options["max_completion_tokens"] = length
        if stop:
            options["stop"] = stop
        if schema:
            options["response_format"] = {"type": "json_schema", "json_schema": {"name": "a", "schema": schema}}
        async with openai.AsyncOpenAI(base_url=self.base, api_key="k", max_retries=0) as client:
            if not stream:
                answer = await client.chat.completions.create(**options)
                return self._said(
                    answer.choices[0].message.model_dump(exclude_none=True), answer.choices[0], answer.usage
                )
            message: dict[str, Any] = {"role": "assistant", "content": ""}
            last, usage = None, None
            chunks = await client.chat.completions.create(
                **options, stream=True, stream_options={"include_usage": True}
            )
            async for chunk in chunks:
                usage = chunk.usage or usage
                for choice in chunk.choices:
                    self._merge(message, choice.delta.model_dump(exclude_none=True))
                    last = choice if choice.finish_reason else last
            return self._said(message, last, usage)

    def _merge(self, message: dict[str, Any], delta: dict[str, Any]) -> None:
        message["content"] += delta.get("content", "")
        if "reasoning_content" in delta:
            message["reasoning_content"] = message.get("reasoning_content", "") + delta["reasoning_content"]
        for call in delta.get("tool_calls", []):
            calls = message.setdefault("tool_calls", [])
            if call["index"] == len(calls):
                calls.append({"id": call["id"], "type": "function", "function": {"name": "", "arguments": ""}})
            for key, value in call.get("function", {}).items():
                calls[call["index"]]["function"][key] += value

    def _said(self, message: dict[str, Any], choice: Any, usage: Any) -> Said:
        calls = [
            (call["id"], call["function"]["name"], json.loads(call["function"]["arguments"]))
            for call in message.get("tool_calls", [])
        ]
        return Said(
            message.get("content") or "",
            message.get("reasoning_content", ""),
            calls,
            choice.finish_reason,
            (usage.prompt_tokens, usage.completion_tokens),
            [message],
        )


class Messages:
    """anthropic."""

    END, CALLS, LENGTH = "end_turn", "tool_use", "max_tokens"

    def __init__(self, bases: dict[str, str]) -> None:
        self.base = bases["messages"].removesuffix("/v1")

    def user(self, text: str) -> list[Any]:
        return [{"role": "user", "content": text}]

    def results(self, said: Said, outputs: list[str]) -> list[Any]:
        pairs = zip(said.calls, outputs, strict=True)
        content = [{"type": "tool_result", "tool_use_id": call[0], "content": output} for call, output in pairs]
        return [{"role": "user", "content": content}]

    async def ask(self, model: str, items: list[Any], *, stream: bool, tools=(), length=None, stop=None, schema=None):
        import anthropic

        options: dict[str, Any] = {"model": model, "messages": items, "max_tokens": length or 1000}
        if tools:
            options["tools"] = [{"name": t.name, "description": t.description, "input_schema": t.schema} for t in tools]
        if stop:
            options["stop_sequences"] = stop
        if schema:
            options["output_config"] = {"format": {"type": "json_schema", "schema": schema}}
        async with anthropic.AsyncAnthropic(base_url=self.base, api_key="k", max_retries=0) as client:
            if stream:
                async with client.messages.stream(**options) as told:
                    answer = await told.get_final_message()
            else:
                answer = await client.messages.create(**options)
        content = [block.model_dump(exclude_none=True, mode="json") for block in answer.content]
        turn = [{key: value for key, value in block.items() if key != "parsed_output"} for block in content]
        return Said(
            "".join(block["text"] for block in content if block["type"] == "text"),
            "".join(block["thinking"] for block in content if block["type"] == "thinking"),
            [(block["id"], block["name"], block["input"]) for block in content if block["type"] == "tool_use"],
            str(answer.stop_reason),
            (answer.usage.input_tokens, answer.usage.output_tokens),
            [{"role": "assistant", "content": turn}],
        )


class Responses:
    """openai, responses."""

    END, CALLS, LENGTH = "completed", "completed", "incomplete"

    def __init__(self, bases: dict[str, str]) -> None:
        self.base = bases["responses"]

    def user(self, text: str) -> list[Any]:
        return [{"role": "user", "content": text}]

    def results(self, said: Said, outputs: list[str]) -> list[Any]:
        pairs = zip(said.calls, outputs, strict=True)
        return [{"type": "function_call_output", "call_id": call[0], "output": output} for call, output in pairs]

    async def ask(self, model: str, items: list[Any], *, stream: bool, tools=(), length=None, stop=None, schema=None):
        import openai

        options: dict[str, Any] = {"model": model, "input": items, "store": False}
        options["include"] = ["reasoning.encrypted_content"]
        if tools:
            options["tools"] = [
                {
                    "type": "function",
                    "name": t.name,
                    "description": t.description,
                    "parameters": t.schema,
                    "strict": False,
                }
                for t in tools
            ]
        if length:
            options["max_output_tokens"] = length
        if schema:
            options["text"] = {"format": {"type": "json_schema", "name": "a", "schema": schema}}
        async with openai.AsyncOpenAI(base_url=self.base, api_key="k", max_retries=0) as client:
            if not stream:
                return self._said(await client.responses.create(**options))
            deltas, final = "", None
            async for event in await client.responses.create(**options, stream=True):
                if event.type == "response.output_text.delta":
                    deltas += event.delta
                if event.type in {"response.completed", "response.incomplete"}:
                    final = event.response
            said = self._said(final)
            assert said.text == deltas
            return said

    def _said(self, answer: Any) -> Said:
        output = [item.model_dump(exclude_none=True, mode="json") for item in answer.output]
        thoughts = [item for item in output if item["type"] == "reasoning"]
        calls = [item for item in output if item["type"] == "function_call"]
        return Said(
            answer.output_text,
            "".join(part["text"] for item in thoughts for part in item.get("summary", []) + item.get("content", [])),
            [(call["call_id"], call["name"], json.loads(call["arguments"])) for call in calls],
            answer.status,
            (answer.usage.input_tokens, answer.usage.output_tokens),
            output,
        )


class Gemini:
    """google-genai."""

    END, CALLS, LENGTH = "STOP", "STOP", "MAX_TOKENS"

    def __init__(self, bases: dict[str, str]) -> None:
        self.base = bases["gemini"].removesuffix("/v1beta")

    def user(self, text: str) -> list[Any]:
        from google.genai import types

        return [types.Content(role="user", parts=[types.Part(text=text)])]

    def results(self, said: Said, outputs: list[str]) -> list[Any]:
        from google.genai import types

        parts = [
            types.Part(function_response=types.FunctionResponse(id=call[0], name=call[1], response={"output": output}))
            for call, output in zip(said.calls, outputs, strict=True)
        ]
        return [types.Content(role="user", parts=parts)]

    async def ask(self, model: str, items: list[Any], *, stream: bool, tools=(), length=None, stop=None, schema=None):
        from google import genai
        from google.genai import types

        told = [
            types.FunctionDeclaration(name=t.name, description=t.description, parameters_json_schema=t.schema)
            for t in tools
        ]
        options = types.GenerateContentConfig(
            tools=[types.Tool(function_declarations=told)] if told else None,
            max_output_tokens=length,
            stop_sequences=stop,
            response_mime_type="application/json" if schema else None,
            response_json_schema=schema,
            automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
        )
        client = genai.Client(api_key="k", http_options=types.HttpOptions(base_url=self.base, api_version="v1beta"))
        try:
            models = client.aio.models
            if stream:
                chunks = await models.generate_content_stream(model=model, contents=items, config=options)
                answers = [chunk async for chunk in chunks]
            else:
                answers = [await models.generate_content(model=model, contents=items, config=options)]
        finally:
            await client.aio.aclose()
            client.close()
        return self._said(answers)

    def _said(self, answers: list[Any]) -> Said:
        from google.genai import types

        contents = [answer.candidates[0].content for answer in answers if answer.candidates]
        parts = [part for content in contents for part in (content.parts or [])]
        calls = [part.function_call for part in parts if part.function_call]
        usage = answers[-1].usage_metadata
        return Said(
            "".join(part.text for part in parts if part.text and not part.thought),
            "".join(part.text for part in parts if part.text and part.thought),
            [(call.id, call.name, call.args) for call in calls],
            answers[-1].candidates[0].finish_reason.value,
            (usage.prompt_token_count, (usage.candidates_token_count or 0) + (usage.thoughts_token_count or 0)),
            [types.Content(role="model", parts=parts)],
        )


SDKS = {"chat": Chat, "messages": Messages, "responses": Responses, "gemini": Gemini}
