"""Gemini answers as its several endpoints and SDKs write them."""

import copy
import random
import re
from typing import Any

from tests.corpus.variations import COMMENT, ODD_TEXT, Vary, Wire

OWN = {"args", "response"}


def streamed(told: list[Wire]) -> bool:
    return len(told) > 1


def candidates(told: list[Wire]) -> list[Wire]:
    return [candidate for chunk in told for candidate in chunk.get("candidates") or []]


def contents(told: list[Wire]) -> list[Wire]:
    return [candidate["content"] for candidate in candidates(told) if isinstance(candidate.get("content"), dict)]


def parts(told: list[Wire]) -> list[Wire]:
    return [part for content in contents(told) for part in content.get("parts") or []]


def snake(value: Any) -> Any:
    if isinstance(value, list):
        return [snake(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        re.sub(r"([A-Z])", lambda m: "_" + m[1].lower(), key): inner if key in OWN else snake(inner)
        for key, inner in value.items()
    }


def in_snake_case(told: list[Wire], _: random.Random) -> list[Wire]:
    """The names of the protobuf (113)."""
    return [snake(chunk) for chunk in told]


def defaults(told: list[Wire], _: random.Random) -> list[Wire]:
    """Every field at its default: empty text, false, 0, unspecified."""
    told = copy.deepcopy(told)
    for part in parts(told):
        if "text" in part:
            part.setdefault("thought", False)
            part.setdefault("thoughtSignature", "")
    for candidate in candidates(told):
        candidate.setdefault("index", 0)
        candidate.setdefault("finishReason", "FINISH_REASON_UNSPECIFIED")
        candidate.setdefault("safetyRatings", [])
        candidate.setdefault("tokenCount", 0)
    for chunk in told:
        if chunk.get("usageMetadata"):
            for key in ("thoughtsTokenCount", "cachedContentTokenCount", "toolUsePromptTokenCount"):
                chunk["usageMetadata"].setdefault(key, 0)
        chunk.setdefault("promptFeedback", {})
    return told


def nulls(told: list[Wire], _: random.Random) -> list[Wire]:
    """Fields that say null (the dumps of SDKs)."""
    told = copy.deepcopy(told)
    for part in parts(told):
        for key in ("text", "thought", "thoughtSignature", "functionCall", "functionResponse", "inlineData", "fileData", "executableCode",
                    "codeExecutionResult", "videoMetadata"):  # fmt: skip
            part.setdefault(key, None)
    for candidate in candidates(told):
        for key in (
            "finishReason",
            "index",
            "citationMetadata",
            "groundingMetadata",
            "safetyRatings",
            "avgLogprobs",
            "logprobsResult",
        ):
            candidate.setdefault(key, None)
    for chunk in told:
        for key in ("usageMetadata", "promptFeedback", "error"):
            chunk.setdefault(key, None)
    return told


def no_role_no_index(told: list[Wire], _: random.Random) -> list[Wire]:
    """Contents without a role, candidates without an index."""
    told = copy.deepcopy(told)
    for content in contents(told):
        content.pop("role", None)
    if len({candidate.get("index") or 0 for candidate in candidates(told)}) == 1:
        for candidate in candidates(told):
            candidate.pop("index", None)
    return told


def in_letters(told: list[Wire], _: random.Random) -> list[Wire] | None:
    """Every text in many chunks, signatures on the last."""
    if not streamed(told):
        return None
    out: list[Wire] = []
    for chunk in told:
        some = chunk.get("candidates") or []
        inner = ((some[0].get("content") or {}).get("parts") or []) if len(some) == 1 else []
        if len(inner) == 1 and isinstance(inner[0].get("text"), str) and len(inner[0]["text"]) > 1:
            text = inner[0]["text"]
            pieces = [*text[:50], *([text[50:]] if text[50:] else [])]
            for piece in pieces[:-1]:
                thought = {"thought": inner[0]["thought"]} if "thought" in inner[0] else {}
                out.append(
                    {
                        "candidates": [
                            {
                                "content": {"role": "model", "parts": [{"text": piece, **thought}]},
                                "index": some[0].get("index", 0),
                            }
                        ]
                    }
                )
            last = copy.deepcopy(chunk)
            last["candidates"][0]["content"]["parts"][0]["text"] = pieces[-1]
            out.append(last)
        else:
            out.append(chunk)
    return out


def idle_chunks(told: list[Wire], _: random.Random) -> list[Wire] | None:
    """Chunks that say nothing between the others."""
    if not streamed(told):
        return None
    idle: list[Wire] = [
        {"candidates": []},
        {"candidates": [{"content": {"role": "model"}, "index": 0}]},
        {"candidates": [{"content": {"role": "model", "parts": []}}]},
        {"candidates": [{"content": {"parts": [{"text": ""}], "role": "model"}}]},
        {"candidates": [{"content": {}}]},
        {"candidates": [{"index": 0}]},
        {"modelVersion": "m", "responseId": "r"},
        {COMMENT: ": ping\n\n"},
    ]
    return [
        one
        for at, chunk in enumerate(told)
        for one in ((chunk, copy.deepcopy(idle[at % len(idle)])) if at < len(told) - 1 else (chunk,))
    ]


def finish_alone(told: list[Wire], _: random.Random) -> list[Wire] | None:
    """The finish reason in a chunk of its own, with or without an empty content."""
    if not streamed(told):
        return None
    told = copy.deepcopy(told)
    ended = [candidate for candidate in candidates(told) if candidate.get("finishReason")]
    if len(ended) != 1:
        return None
    reason = ended[0].pop("finishReason")
    usage = told[-1].pop("usageMetadata", None)
    last: Wire = {
        "candidates": [
            {
                "content": {"parts": [{"text": ""}], "role": "model"},
                "finishReason": reason,
                "index": ended[0].get("index", 0),
            }
        ]
    }
    return [*told, {**last, "usageMetadata": usage} if usage else last]


def finish_everywhere(told: list[Wire], _: random.Random) -> list[Wire] | None:
    """The finish reason in every chunk (26; Vertex at times)."""
    if not streamed(told):
        return None
    told = copy.deepcopy(told)
    ended = [candidate for candidate in candidates(told) if candidate.get("finishReason")]
    if len(ended) != 1 or ended[0]["finishReason"] != "STOP":
        return None
    for candidate in candidates(told):
        if (candidate.get("index") or 0) == (ended[0].get("index") or 0):
            candidate["finishReason"] = "STOP"
    return told


def signatures_apart(told: list[Wire], _: random.Random) -> list[Wire] | None:
    """A thought's signature on an empty part of its own (108)."""
    told = copy.deepcopy(told)
    changed = False
    for content in contents(told):
        out: list[Wire] = []
        for part in content.get("parts") or []:
            if part.get("thoughtSignature") and part.get("text") and not part.get("thought"):
                signature = part.pop("thoughtSignature")
                out += [part, {"text": "", "thoughtSignature": signature}]
                changed = True
            else:
                out.append(part)
        if "parts" in content:
            content["parts"] = out
    return told if changed else None


def signed_calls(told: list[Wire], _: random.Random) -> list[Wire] | None:
    """Every call signed, as Gemini 3 does."""
    told = copy.deepcopy(told)
    calls = [part for part in parts(told) if part.get("functionCall")]
    if any({"partialArgs", "willContinue"} & part["functionCall"].keys() for part in calls):
        return None
    for number, part in enumerate(calls):
        part["thoughtSignature"] = f"c2ln{number:04d}"
    return told if calls else None


def thoughts_first(told: list[Wire], _: random.Random) -> list[Wire] | None:
    """A thought before all else, signed on what follows."""
    told = copy.deepcopy(told)
    if not contents(told):
        return None
    first = contents(told)[0]
    first["parts"] = [{"text": "Let me\n see.", "thought": True}, *(first.get("parts") or [])]
    return told


def ids_of_calls(told: list[Wire], _: random.Random) -> list[Wire] | None:
    """Calls with ids (Vertex, Gemini 3), or without where they had one."""
    told = copy.deepcopy(told)
    calls = [
        part["functionCall"]
        for part in parts(told)
        if part.get("functionCall") and "willContinue" not in part["functionCall"]
    ]
    if not calls or any("partialArgs" in call or not call.get("name") for call in calls):
        return None
    for number, call in enumerate(calls):
        if call.pop("id", None) is None:
            call["id"] = f"fc/{number}"
    return told


def calls_without_args(told: list[Wire], _: random.Random) -> list[Wire] | None:
    """Calls that take nothing: args left out, or null (11)."""
    told = copy.deepcopy(told)
    calls = [part["functionCall"] for part in parts(told) if part.get("functionCall")]
    if not calls or any({"partialArgs", "willContinue"} & call.keys() or not call.get("name") for call in calls):
        return None
    for number, call in enumerate(calls):
        call.pop("args", None)
        if number % 2:
            call["args"] = None
    return told


def more_parts(told: list[Wire], _: random.Random) -> list[Wire] | None:
    """Every part twice: texts, thoughts, parallel calls of one name."""
    told = copy.deepcopy(told)
    if any(
        {"partialArgs", "willContinue"} & (part.get("functionCall") or {}).keys() or part.get("functionCall") == {}
        for part in parts(told)
    ):
        return None
    for content in contents(told):
        twice = []
        for part in content.get("parts") or []:
            twin = copy.deepcopy(part)
            if (twin.get("functionCall") or {}).get("id"):
                twin["functionCall"]["id"] += "b"
            twice += [part, twin]
        if "parts" in content:
            content["parts"] = twice
    return told


def two_candidates(told: list[Wire], _: random.Random) -> list[Wire] | None:
    """A second candidate, told in turns with the first."""
    if any((candidate.get("index") or 0) > 0 for candidate in candidates(told)):
        return None
    told = copy.deepcopy(told)
    for chunk in told:
        twins = [{**copy.deepcopy(candidate), "index": 1} for candidate in chunk.get("candidates") or []]
        if twins:
            chunk["candidates"] = [*chunk["candidates"], *twins]
    return told


def odd_usage(told: list[Wire], source: random.Random) -> list[Wire] | None:
    """Counts as the endpoints give them: no candidates count, a total that holds tool prompts, details alone."""
    forms: list[Wire] = [
        {"promptTokenCount": 10, "totalTokenCount": 10},
        {"promptTokenCount": 10, "candidatesTokenCount": 5, "totalTokenCount": 22, "thoughtsTokenCount": 7},
        {"promptTokenCount": 10, "candidatesTokenCount": 5, "toolUsePromptTokenCount": 4, "totalTokenCount": 19},
        {"promptTokenCount": 10, "candidatesTokenCount": 5, "cachedContentTokenCount": 8, "totalTokenCount": 15,
         "cacheTokensDetails": [{"modality": "TEXT", "tokenCount": 8}]},
        {"promptTokenCount": 10, "candidatesTokenCount": 0, "thoughtsTokenCount": 9, "totalTokenCount": 19, "trafficType": "ON_DEMAND"},
    ]  # fmt: skip
    told = copy.deepcopy(told)
    counted = [chunk for chunk in told if chunk.get("usageMetadata")]
    form = source.choice(forms)
    for chunk in counted:
        chunk["usageMetadata"] = form
    return told if counted else None


def no_usage(told: list[Wire], _: random.Random) -> list[Wire]:
    """No counts at all (201)."""
    told = copy.deepcopy(told)
    for chunk in told:
        chunk.pop("usageMetadata", None)
    return told


def stop_words(told: list[Wire], source: random.Random) -> list[Wire] | None:
    """Each of the finish reasons."""
    told = copy.deepcopy(told)
    word = source.choice(["STOP", "MAX_TOKENS", "SAFETY", "RECITATION", "LANGUAGE", "OTHER", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII",
                          "MALFORMED_FUNCTION_CALL", "IMAGE_SAFETY", "UNEXPECTED_TOOL_CALL", "MODEL_ARMOR"])  # fmt: skip
    ended = [candidate for candidate in candidates(told) if candidate.get("finishReason")]
    if word == "OTHER" and any(part.get("functionCall") for part in parts(told)):
        return None  # then the calls are what counts
    for candidate in ended:
        candidate["finishReason"] = word
    return told if ended else None


def cited(told: list[Wire], _: random.Random) -> list[Wire] | None:
    """Grounding and quotations on the text, the older name and the newer."""
    told = copy.deepcopy(told)
    if not any(part.get("text") and not part.get("thought") for part in parts(told)):
        return None
    last = candidates(told)[-1]
    last["groundingMetadata"] = {
        "webSearchQueries": ["q"],
        "searchEntryPoint": {"renderedContent": "<div/>"},
        "groundingChunks": [{"web": {"uri": "https://example.test/a", "title": "a"}}, {"maps": {"uri": "https://example.test/m", "title": "m", "placeId": "p"}},
                            {"retrievedContext": {"uri": "https://example.test/r", "title": "r", "text": "t"}}],
        "groundingSupports": [{"segment": {"startIndex": 0, "endIndex": 1}, "groundingChunkIndices": [0, 1], "confidenceScores": [0.9, 0.1]}],
    }  # fmt: skip
    last["citationMetadata"] = {
        "citationSources": [{"startIndex": 0, "endIndex": 3, "uri": "https://example.test/q", "license": ""}]
    }
    return told


def new_part(told: list[Wire], _: random.Random) -> list[Wire] | None:
    """Parts of a kind nobody knows, and of code that ran at the provider."""
    told = copy.deepcopy(told)
    if not contents(told):
        return None
    content = contents(told)[0]
    content["parts"] = [{"hologram": {"shape": 1}}, {"executableCode": {"language": "PYTHON", "code": "1+1"}},
                        {"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "2"}}, *(content.get("parts") or [])]  # fmt: skip
    return told


def odd_text(told: list[Wire], _: random.Random) -> list[Wire] | None:
    """Text that looks like the wire itself."""
    told = copy.deepcopy(told)
    said = [part for part in parts(told) if part.get("text") and not part.get("thought")]
    for part in said:
        part["text"] += ODD_TEXT
    return told if said else None


def images(told: list[Wire], _: random.Random) -> list[Wire] | None:
    """The model made two images."""
    told = copy.deepcopy(told)
    if not contents(told):
        return None
    last = contents(told)[-1]
    image = {"inlineData": {"mimeType": "image/png", "data": "iVBORw0KGgo="}}
    last["parts"] = [*(last.get("parts") or []), image, {**image, "thoughtSignature": "c2ln"}]
    return told


GEMINI: dict[str, Vary] = {
    vary.__name__: vary
    for vary in (
        in_snake_case, defaults, nulls, no_role_no_index, in_letters, idle_chunks, finish_alone, finish_everywhere, signatures_apart,
        signed_calls, thoughts_first, ids_of_calls, calls_without_args, more_parts, two_candidates, odd_usage, no_usage, stop_words, cited,
        new_part, odd_text, images,
    )
}  # fmt: skip
