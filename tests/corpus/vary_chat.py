"""Chat answers as other vendors write them."""

import copy
import json
import random
from typing import Any

from tests.corpus.variations import COMMENT, ODD_TEXT, Vary, Wire


def choices(told: list[Wire]) -> list[Wire]:
    return [choice for chunk in told for choice in chunk.get("choices") or [] if isinstance(choice, dict)]


def messages(told: list[Wire]) -> list[Wire]:
    found = [choice.get("delta") or choice.get("message") for choice in choices(told)]
    return [message for message in found if isinstance(message, dict)]


def calls(told: list[Wire]) -> list[Wire]:
    return [call for message in messages(told) for call in message.get("tool_calls") or []]


def named(call: Wire) -> bool:
    return bool((call.get("function") or {}).get("name"))


def streamed(told: list[Wire]) -> bool:
    return len(told) > 1


def nulls(told: list[Wire], _: random.Random) -> list[Wire]:
    """Every field there may be, saying null (as pydantic's dumps of other gateways do)."""
    told = copy.deepcopy(told)
    for chunk in told:
        for key in (
            "usage",
            "system_fingerprint",
            "service_tier",
            "citations",
            "search_results",
            "error",
            "prompt_logprobs",
        ):
            chunk.setdefault(key, None)
    for choice in choices(told):
        for key in ("logprobs", "finish_reason", "stop_reason", "matched_stop", "finish_details"):
            choice.setdefault(key, None)
    fields = ("content", "refusal", "annotations", "audio", "function_call", "tool_calls", "reasoning", "reasoning_content",
              "reasoning_details", "thinking_blocks", "images", "role", "provider_specific_fields")  # fmt: skip
    for message in messages(told):
        for key in fields:
            message.setdefault(key, None)
    return told


def empties(told: list[Wire], _: random.Random) -> list[Wire]:
    """Every field there may be, empty."""
    told = copy.deepcopy(told)
    for message in messages(told):
        for key, value in {"content": "", "refusal": "", "annotations": [], "tool_calls": [], "reasoning": "", "images": [],
                           "reasoning_content": "", "reasoning_details": [], "role": ""}.items():  # fmt: skip
            if message.get(key) is None:
                message[key] = copy.copy(value)
    return told


def bare(told: list[Wire], _: random.Random) -> list[Wire]:
    """Nothing but choices and usage, and no role (as minimal servers write it)."""
    told = [
        {key: chunk[key] for key in chunk if key in {"choices", "usage", "error", "citations"}}
        for chunk in copy.deepcopy(told)
    ]
    for message in messages(told):
        message.pop("role", None)
    return told


def in_letters(told: list[Wire], _: random.Random) -> list[Wire] | None:
    """Every delta of text and of arguments letter by letter."""
    if not streamed(told):
        return None
    out: list[Wire] = []
    for chunk in told:
        pieces = [chunk]
        some = chunk.get("choices") or []
        if len(some) == 1 and isinstance(delta := some[0].get("delta"), dict):
            for name in ("content", "reasoning_content", "reasoning", "refusal"):
                only = isinstance(delta.get(name), str) and len(delta[name]) > 1
                if (
                    only
                    and not delta.get("tool_calls")
                    and not delta.get("reasoning_details")
                    and not some[0].get("logprobs")
                ):
                    pieces = _split(chunk, name, delta[name][:60], delta[name][60:])
                    break
            entry = (delta.get("tool_calls") or [{}])[0]
            function = entry.get("function") or {}
            said = function.get("arguments")
            if (
                len(delta.get("tool_calls") or []) == 1
                and isinstance(said, str)
                and len(said) > 1
                and entry.get("index") is not None
            ):
                pieces = [_with_call(chunk, {**entry, "function": {**function, "arguments": said[0]}})]
                pieces += [
                    _with_call(chunk, {"index": entry["index"], "function": {"arguments": letter}})
                    for letter in said[1:]
                ]
                for piece in pieces[:-1]:
                    piece["choices"][0]["finish_reason"] = None
        out += pieces
    return out


def _split(chunk: Wire, name: str, letters: str, rest: str) -> list[Wire]:
    pieces = []
    for at, text in enumerate([*letters, rest] if rest else list(letters)):
        piece = copy.deepcopy(chunk)
        choice = piece["choices"][0]
        if at:
            choice["delta"] = {name: text}
            piece.pop("usage", None)
        else:
            choice["delta"][name] = text
        pieces.append(piece)
    for piece in pieces[:-1]:
        piece["choices"][0]["finish_reason"] = None
        piece.pop("usage", None)
    if "usage" in chunk:
        pieces[-1]["usage"] = chunk["usage"]
    return pieces


def _with_call(chunk: Wire, entry: Wire) -> Wire:
    piece = copy.deepcopy(chunk)
    piece["choices"][0]["delta"] = {"tool_calls": [entry]}
    return piece


def idle_chunks(told: list[Wire], _: random.Random) -> list[Wire] | None:
    """Chunks that say nothing between the others: no choices, an empty delta, an empty text, a role."""
    if not streamed(told):
        return None
    idle: list[Any] = [
        {"choices": []},
        {"choices": [{"index": 0, "delta": {}, "finish_reason": None}]},
        {"choices": [{"index": 0, "delta": {"content": ""}}]},
        {"choices": [{"index": 0, "delta": {"role": "assistant", "content": None}}]},
        {"object": "ping"},
        {COMMENT: ": keep-alive\n\n"},
        {COMMENT: "\n\n\n"},
        {COMMENT: "event: ping\n\n"},
        {COMMENT: "id: 7\nretry: 100\n\n"},
    ]
    out: list[Wire] = []
    for at, chunk in enumerate(told):
        out.append(chunk)
        one = copy.deepcopy(idle[at % len(idle)])
        if COMMENT not in one:
            one = {"id": told[0].get("id", "c"), "object": "chat.completion.chunk", "created": 1, "model": "m", **one}
        out.append(one)
    return out


def role_everywhere(told: list[Wire], _: random.Random) -> list[Wire]:
    """Every delta names the role, and says what is not there with null or nothing (Mistral, Groq, Together)."""
    told = copy.deepcopy(told)
    for message in messages(told):
        message["role"] = "assistant"
        message.setdefault("content", "")
    return told


def other_ids(told: list[Wire], _: random.Random) -> list[Wire] | None:
    """Call ids as other vendors make them: very long, with odd characters, numbers as text."""
    if not calls(told):
        return None
    told = copy.deepcopy(told)
    forms = ["functions.look:{}", "{}", "chatcmpl-tool-" + "0" * 80 + "{}", "call/{}+=", "toolu_é{}"]
    new: dict[str, str] = {}
    for call in calls(told):
        if call.get("id"):
            call["id"] = new.setdefault(call["id"], forms[len(new) % len(forms)].format(len(new)))
    return told


def no_ids(told: list[Wire], _: random.Random) -> list[Wire] | None:
    """Calls without ids (llama.cpp, older Ollama)."""
    if not calls(told):
        return None
    told = copy.deepcopy(told)
    for call in calls(told):
        call.pop("id", None)
    return told


def same_ids(told: list[Wire], _: random.Random) -> list[Wire] | None:
    """Whole answers whose calls all have one id, the function's name (Gemini proxies)."""
    if streamed(told) or not calls(told):
        return None
    told = copy.deepcopy(told)
    for call in calls(told):
        call["id"] = "look"
    return told


def objects_as_arguments(told: list[Wire], _: random.Random) -> list[Wire] | None:
    """Arguments as an object instead of text (Ollama, Mistral)."""
    if streamed(told) or not calls(told):
        return None
    told = copy.deepcopy(told)
    for call in calls(told):
        function = call.get("function") or {}
        try:
            value = json.loads(function.get("arguments") or "{}")
        except (TypeError, ValueError):
            return None
        if not isinstance(value, dict):
            return None
        function["arguments"] = value
    return told


def more_calls(told: list[Wire], _: random.Random) -> list[Wire] | None:
    """Three times as many calls, grown side by side."""
    if not calls(told) or (
        any(call.get("index") is None or not call.get("id") for call in calls(told) if named(call)) and streamed(told)
    ):
        return None
    told = copy.deepcopy(told)
    for message in messages(told):
        entries = message.get("tool_calls") or []
        more = []
        for copy_ in range(3):
            for entry in entries:
                twin = copy.deepcopy(entry)
                if copy_:
                    if twin.get("id"):
                        twin["id"] += f"_{copy_}"
                    if streamed(told):
                        twin["index"] += 1000 * copy_
                more.append(twin)
        if entries:
            message["tool_calls"] = more
    return told


def calls_without_index(told: list[Wire], _: random.Random) -> list[Wire] | None:
    """Calls whole in one chunk each, without an index (Mistral, Google)."""
    entries = calls(told)
    if not streamed(told) or not entries:
        return None
    whole: dict[Any, Wire] = {}
    for entry in entries:
        if entry.get("index") is None or "custom" in entry:
            return None
        key = entry["index"]
        function = entry.get("function") or {}
        if key in whole and entry.get("id") and whole[key]["id"] != entry["id"] and function.get("name"):
            return None
        kept = whole.setdefault(key, {"id": entry.get("id") or f"x{key}", "function": {"name": "", "arguments": ""}})
        kept["function"]["name"] = kept["function"]["name"] or function.get("name") or ""
        kept["function"]["arguments"] += function.get("arguments") or ""
    out: list[Wire] = []
    said = False
    for chunk in copy.deepcopy(told):
        if any((choice.get("delta") or {}).get("tool_calls") for choice in chunk.get("choices") or []):
            for choice in chunk["choices"]:
                (choice.get("delta") or {}).pop("tool_calls", None)
            if not said:
                said = True
                choice = {"index": chunk["choices"][0].get("index", 0), "finish_reason": None}
                out += [
                    {**chunk, "usage": None, "choices": [{**choice, "delta": {"tool_calls": [one]}}]}
                    for one in whole.values()
                ]
        out.append(chunk)
    return out


def name_in_every_fragment(told: list[Wire], _: random.Random) -> list[Wire] | None:
    """Id and name repeated with every fragment (some proxies), or the id empty (others)."""
    if not streamed(told) or not calls(told):
        return None
    told = copy.deepcopy(told)
    known: dict[Any, tuple[str, str]] = {}
    for choice in choices(told):
        for entry in (choice.get("delta") or {}).get("tool_calls") or []:
            function = entry.get("function")
            if entry.get("index") is None or not isinstance(function, dict):
                return None
            key = (choice.get("index"), entry["index"])
            if entry.get("id") and function.get("name"):
                if key in known:
                    return None
                known[key] = (entry["id"], function["name"])
            elif key in known:
                entry["id"], function["name"] = known[key]
    return told


def empty_ids_after(told: list[Wire], _: random.Random) -> list[Wire] | None:
    """Continuations with an empty id, name and type (8)."""
    if not streamed(told) or not calls(told):
        return None
    told = copy.deepcopy(told)
    for entry in calls(told):
        function = entry.get("function")
        if isinstance(function, dict) and not entry.get("id"):
            entry["id"], entry["type"] = "", "function"
            function.setdefault("name", "")
    return told


def other_reasoning_field(told: list[Wire], _: random.Random) -> list[Wire] | None:
    """Reasoning under the other name, or as thinking added to the text."""
    told = copy.deepcopy(told)
    changed = False
    for message in messages(told):
        for one, other in (("reasoning_content", "reasoning"), ("reasoning", "reasoning_content")):
            if (
                isinstance(message.get(one), str)
                and message.get(other) is None
                and not message.get("reasoning_details")
            ):
                message[other] = message.pop(one)
                changed = True
                break
    return told if changed else None


def both_reasoning_fields(told: list[Wire], _: random.Random) -> list[Wire] | None:
    """Reasoning under both names (vLLM while it changed its mind, LiteLLM)."""
    told = copy.deepcopy(told)
    changed = False
    for message in messages(told):
        text = message.get("reasoning_content") or message.get("reasoning")
        if isinstance(text, str):
            message["reasoning"] = message["reasoning_content"] = text
            changed = True
    return told if changed else None


def added_reasoning(told: list[Wire], _: random.Random) -> list[Wire] | None:
    """A model that thinks first."""
    if any(
        message.get(key)
        for message in messages(told)
        for key in ("reasoning", "reasoning_content", "reasoning_details")
    ):
        return None
    told = copy.deepcopy(told)
    if streamed(told):
        chunk = {"id": told[0].get("id"), "object": "chat.completion.chunk", "created": 1, "model": "m"}
        thoughts = [
            {**chunk, "choices": [{"index": 0, "delta": {"reasoning_content": text}}]}
            for text in ("Let ", "me\n", " see. ")
        ]
        return [*thoughts, *told]
    for message in messages(told):
        message.setdefault("reasoning_content", "Let me\n see. ")
    return told


def content_as_parts(told: list[Wire], _: random.Random) -> list[Wire] | None:
    """Text as an array of parts (Mistral, Databricks)."""
    told = copy.deepcopy(told)
    changed = False
    for message in messages(told):
        text = message.get("content")
        if isinstance(text, str) and text:
            half = len(text) // 2
            message["content"] = [{"type": "text", "text": piece} for piece in (text[:half], text[half:]) if piece]
            changed = True
    return told if changed else None


def odd_text(told: list[Wire], _: random.Random) -> list[Wire] | None:
    """Text that looks like the wire itself."""
    told = copy.deepcopy(told)
    changed = False
    for message in messages(told):
        if isinstance(message.get("content"), str) and message["content"]:
            message["content"] += ODD_TEXT
            changed = True
    return told if changed else None


def two_choices(told: list[Wire], _: random.Random) -> list[Wire] | None:
    """A second choice, told in turns with the first."""
    if any((choice.get("index") or 0) > 0 for choice in choices(told)):
        return None
    told = copy.deepcopy(told)
    out = []
    for chunk in told:
        out.append(chunk)
        twins = [{**copy.deepcopy(choice), "index": 1} for choice in chunk.get("choices") or []]
        for call in [
            call
            for twin in twins
            for call in ((twin.get("delta") or twin.get("message") or {}).get("tool_calls") or [])
        ]:
            if call.get("id"):
                call["id"] += "b"
        if not streamed(told):
            chunk["choices"] += twins
        elif twins:
            out.append({**{k: v for k, v in chunk.items() if k != "usage"}, "choices": twins})
    return out


def usage_in_last_choice(told: list[Wire], _: random.Random) -> list[Wire] | None:
    """Usage beside the finish reason, not in a chunk of its own (14), or with an empty text after it."""
    if not streamed(told):
        return None
    told = copy.deepcopy(told)
    usage = next((chunk["usage"] for chunk in reversed(told) if chunk.get("usage")), None)
    if usage is None:
        return None
    kept = [chunk for chunk in told if chunk.get("choices")]
    for chunk in kept:
        chunk.pop("usage", None)
    if not kept:
        return None
    kept[-1]["usage"] = usage
    return kept


def growing_usage(told: list[Wire], _: random.Random) -> list[Wire] | None:
    """Usage in every chunk, growing (vLLM's continuous usage, Perplexity)."""
    usage = next((chunk["usage"] for chunk in reversed(told) if chunk.get("usage")), None)
    if not streamed(told) or usage is None:
        return None
    told = copy.deepcopy(told)
    small = {
        "prompt_tokens": usage.get("prompt_tokens") or 0,
        "completion_tokens": 0,
        "total_tokens": usage.get("prompt_tokens") or 0,
    }
    for chunk in told[:-1]:
        chunk["usage"] = dict(small)
    told[-1]["usage"] = usage
    return told


def odd_usage(told: list[Wire], source: random.Random) -> list[Wire] | None:
    """Counts as vendors give them: DeepSeek's cache hits, null details, reasoning beside or within, costs."""
    forms: list[Wire] = [
        {"prompt_cache_hit_tokens": 7, "prompt_cache_miss_tokens": 13},
        {"prompt_tokens_details": None, "completion_tokens_details": None},
        {"prompt_tokens_details": {"cached_tokens": 5, "cache_write_tokens": 3}, "cost": 0.00012},
        {"completion_tokens_details": {"reasoning_tokens": 9}},
        {"prompt_tokens_details": {"cached_tokens": 0}, "completion_tokens_details": {"reasoning_tokens": 0}},
        {"total_tokens": 80, "completion_tokens_details": {"reasoning_tokens": 30}},
        {"queue_time": 0.1, "prompt_time": 0.01, "total_time": 0.5},
        {"prompt_tokens_details": {"cached_tokens": 20}},
    ]
    told = copy.deepcopy(told)
    usages = [chunk for chunk in told if chunk.get("usage")]
    if not usages:
        return None
    base = {"prompt_tokens": 20, "completion_tokens": 30, "total_tokens": 50}
    for chunk in usages:
        chunk["usage"] = {**base, **source.choice(forms)}
    return told


def no_usage(told: list[Wire], _: random.Random) -> list[Wire] | None:
    """No counts at all (201)."""
    told = copy.deepcopy(told)
    for chunk in told:
        chunk.pop("usage", None)
        chunk.pop("x_groq", None)
    return [chunk for chunk in told if chunk.get("choices") or "error" in chunk] if streamed(told) else told


def stop_words(told: list[Wire], source: random.Random) -> list[Wire] | None:
    """The finish reasons of other vendors."""
    told = copy.deepcopy(told)
    ended = [choice for choice in choices(told) if choice.get("finish_reason")]
    word = source.choice(
        [
            "stop",
            "eos",
            "length",
            "max_tokens",
            "model_length",
            "content_filter",
            "end_turn",
            "tool_calls",
            "function_call",
        ]
    )
    for choice in ended:
        choice["finish_reason"] = word
    return told if ended else None


def finish_on_last_text(told: list[Wire], _: random.Random) -> list[Wire] | None:
    """The finish reason in the chunk that still brings text or a call (27, 41)."""
    if not streamed(told):
        return None
    told = copy.deepcopy(told)
    for at in range(len(told) - 1, 0, -1):
        last, before = (told[n].get("choices") or [] for n in (at, at - 1))
        if (
            len(last) == len(before) == 1
            and last[0].get("finish_reason")
            and last[0].get("index") == before[0].get("index")
        ):
            delta = last[0].get("delta") or {}
            if any(delta.get(key) for key in delta if key != "role") or before[0].get("finish_reason"):
                return None
            before[0]["finish_reason"] = last[0]["finish_reason"]
            return [*told[:at], *told[at + 1 :]]
    return None


def sources(told: list[Wire], _: random.Random) -> list[Wire] | None:
    """Sources beside the answer (Perplexity), told with every chunk."""
    if not any(message.get("content") for message in messages(told)):
        return None
    told = copy.deepcopy(told)
    for chunk in told:
        chunk["citations"] = ["https://example.test/a", "https://example.test/b?c=d"]
        chunk["search_results"] = [{"title": "A", "url": "https://example.test/a", "date": None},
                                   {"title": "B", "url": "https://example.test/b?c=d", "snippet": "s"}]  # fmt: skip
    return told


def noted(told: list[Wire], _: random.Random) -> list[Wire] | None:
    """Two annotations on the text (OpenAI's and OpenRouter's search)."""
    told = copy.deepcopy(told)
    note = [{"type": "url_citation", "url_citation": {"url": f"https://example.test/{n}", "title": "T", "start_index": 0, "end_index": 1,
             "content": "c"}} for n in (1, 2)]  # fmt: skip
    found = [message for message in messages(told) if message.get("content")]
    for message in found[-1:]:
        message["annotations"] = note
    return told if found else None


def refused(told: list[Wire], _: random.Random) -> list[Wire] | None:
    """The text is a refusal."""
    told = copy.deepcopy(told)
    changed = False
    for message in messages(told):
        if isinstance(message.get("content"), str) and message["content"]:
            message["refusal"] = message.pop("content")
            message["content"] = None
            changed = True
    return told if changed else None


def images(told: list[Wire], _: random.Random) -> list[Wire] | None:
    """The model made two images (OpenRouter)."""
    told = copy.deepcopy(told)
    found = messages(told)
    url = "data:image/png;base64,iVBORw0KGgo="
    for message in found[-1:]:
        message["images"] = [{"type": "image_url", "image_url": {"url": url}, "index": n} for n in (0, 1)]
    return told if found else None


def probabilities(told: list[Wire], _: random.Random) -> list[Wire] | None:
    """Log probabilities with every text, in the vendor's fullest and barest form."""
    told = copy.deepcopy(told)
    for choice in choices(told):
        message = choice.get("delta") or choice.get("message") or {}
        if isinstance(message.get("content"), str) and message["content"]:
            token = {
                "token": message["content"],
                "logprob": -0.5,
                "bytes": None,
                "top_logprobs": [{"token": "b", "logprob": -9999.0, "bytes": [98]}],
            }
            choice["logprobs"] = {"content": [token], "refusal": None}
    return told


CHAT: dict[str, Vary] = {
    name.__name__: name
    for name in (
        nulls, empties, bare, in_letters, idle_chunks, role_everywhere, other_ids, no_ids, same_ids, objects_as_arguments, more_calls,
        calls_without_index, name_in_every_fragment, empty_ids_after, other_reasoning_field, both_reasoning_fields, added_reasoning,
        content_as_parts, odd_text, two_choices, usage_in_last_choice, growing_usage, odd_usage, no_usage, stop_words,
        finish_on_last_text, sources, noted, refused, images, probabilities,
    )
}  # fmt: skip
