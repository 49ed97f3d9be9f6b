"""Messages answers as they may also be written: other orders of events, more blocks, fewer fields."""

import copy
import json
import random

from tests.corpus.variations import COMMENT, EVENT, ODD_TEXT, Vary, Wire


def streamed(told: list[Wire]) -> bool:
    return len(told) > 1


def of(told: list[Wire], kind: str) -> list[Wire]:
    return [event for event in told if event.get("type") == kind]


def blocks(told: list[Wire]) -> list[Wire]:
    """Whole blocks, or their starts."""
    whole = [block for body in told for block in body.get("content") or [] if isinstance(block, dict)]
    return whole + [event["content_block"] for event in of(told, "content_block_start")]


def nulls(told: list[Wire], _: random.Random) -> list[Wire]:
    """Every field there may be, saying null."""
    told = copy.deepcopy(told)
    for block in blocks(told):
        for key in {"text": ["citations"], "tool_use": ["caller", "cache_control"], "thinking": []}.get(
            block.get("type", ""), []
        ):
            block.setdefault(key, None)
    usage = (
        "cache_creation",
        "cache_creation_input_tokens",
        "cache_read_input_tokens",
        "server_tool_use",
        "service_tier",
        "inference_geo",
    )
    for body in [*told, *(event["message"] for event in of(told, "message_start"))]:
        if isinstance(body.get("usage"), dict):
            for key in usage:
                body["usage"].setdefault(key, None)
            if body.get("type") == "message":
                for key in ("stop_sequence", "container", "stop_details", "context_management"):
                    body.setdefault(key, None)
    return told


def pings(told: list[Wire], _: random.Random) -> list[Wire] | None:
    """Pings, comments and events nobody knows between all events."""
    if not streamed(told):
        return None
    idle: list[Wire] = [
        {EVENT: "ping", "type": "ping"},
        {COMMENT: ": hi\n\n"},
        {EVENT: "new_event", "type": "new_event", "index": 0, "x": 1},
    ]
    return [one for at, event in enumerate(told) for one in ((event, idle[at % 3]) if at < len(told) - 1 else (event,))]


def without_event_names(told: list[Wire], _: random.Random) -> list[Wire] | None:
    """Data only, without `event:` lines (proxies)."""
    return [{k: v for k, v in event.items() if k != EVENT} for event in told] if streamed(told) else None


def in_letters(told: list[Wire], _: random.Random) -> list[Wire] | None:
    """Every delta letter by letter."""
    if not streamed(told):
        return None
    out: list[Wire] = []
    for event in told:
        delta = event.get("delta") or {}
        name = {"text_delta": "text", "thinking_delta": "thinking", "input_json_delta": "partial_json"}.get(
            delta.get("type", "")
        )
        text = str(delta.get(name) or "") if name else ""
        if name and len(text) > 1:
            out += [{**event, "delta": {**delta, name: letter}} for letter in [*text[:80], text[80:]] if letter]
        else:
            out.append(event)
    return out


def all_in_the_start(told: list[Wire], _: random.Random) -> list[Wire] | None:
    """Blocks whole in their start, without any delta of text or input."""
    if not streamed(told):
        return None
    told = copy.deepcopy(told)
    said: dict[int, Wire] = {}
    out: list[Wire] = []
    for event in told:
        delta = event.get("delta") or {}
        match event.get("type"), delta.get("type"):
            case "content_block_start", _:
                said[event["index"]] = event["content_block"]
            case "content_block_delta", "text_delta":
                block = said[event["index"]]
                block["text"] = (block.get("text") or "") + delta["text"]
                continue
            case "content_block_delta", "thinking_delta":
                block = said[event["index"]]
                block["thinking"] = (block.get("thinking") or "") + delta["thinking"]
                continue
            case "content_block_delta", "input_json_delta":
                block = said[event["index"]]
                block["\u0000"] = block.get("\u0000", "") + delta["partial_json"]
                continue
            case _:
                pass
        out.append(event)
    for block in said.values():
        text = block.pop("\u0000", "")
        if text:
            try:
                block["input"] = json.loads(text)
            except ValueError:
                return None
    return out


def empty_deltas(told: list[Wire], _: random.Random) -> list[Wire] | None:
    """An empty delta of the block's own kind before each delta, as Anthropic writes for calls."""
    if not streamed(told):
        return None
    names = {"text_delta": "text", "thinking_delta": "thinking", "input_json_delta": "partial_json"}
    out: list[Wire] = []
    for event in told:
        kind = (event.get("delta") or {}).get("type", "")
        if kind in names:
            out.append({**event, "delta": {"type": kind, names[kind]: ""}})
        out.append(event)
    return out


def other_ids(told: list[Wire], _: random.Random) -> list[Wire] | None:
    """Call ids as other vendors make them."""
    told = copy.deepcopy(told)
    calls = [block for block in blocks(told) if block.get("type") == "tool_use"]
    forms = ["call_{}", "functions.look:{}", "toolu_" + "0" * 90 + "{}", "{}"]
    for number, call in enumerate(calls):
        call["id"] = forms[number % len(forms)].format(number)
    return told if calls else None


def more_blocks(told: list[Wire], _: random.Random) -> list[Wire] | None:
    """All blocks twice: two thoughts, two texts, twice the calls."""
    told = copy.deepcopy(told)
    if not streamed(told):
        content = told[0].get("content")
        if not content:
            return None
        again = copy.deepcopy(content)
        for block in again:
            if block.get("id"):
                block["id"] += "b"
            if block.get("tool_use_id"):
                block["tool_use_id"] += "b"
        told[0]["content"] = content + again
        return told
    body = [event for event in told if event.get("type", "").startswith("content_block")]
    if not body:
        return None
    count = 1 + max(event["index"] for event in body)
    again = copy.deepcopy(body)
    for event in again:
        event["index"] += count
        block = event.get("content_block") or {}
        for key in ("id", "tool_use_id"):
            if block.get(key):
                block[key] += "b"
    last = max(at for at, event in enumerate(told) if event.get("type", "").startswith("content_block"))
    return [*told[: last + 1], *again, *told[last + 1 :]]


def side_by_side(told: list[Wire], _: random.Random) -> list[Wire] | None:
    """Calls that grow at the same time (10)."""
    starts, ends = of(told, "content_block_start"), of(told, "content_block_stop")
    if (
        len(of(told, "message_start")) != 1
        or len(starts) < 2
        or {start["content_block"]["type"] for start in starts} != {"tool_use"}
    ):
        return None
    lanes = [
        [event for event in of(told, "content_block_delta") if event["index"] == start["index"]] for start in starts
    ]
    mixed: list[Wire] = []
    while any(lanes):
        for lane in lanes:
            mixed += [lane.pop(0)] if lane else []
    edges = [at for at, event in enumerate(told) if event.get("type", "").startswith("content_block")]
    return [*told[: edges[0]], *starts, *mixed, *ends, *told[edges[-1] + 1 :]]


def gaps_in_numbers(told: list[Wire], _: random.Random) -> list[Wire] | None:
    """Blocks numbered 1, 3, 5 (proxies that leave blocks out)."""
    if not streamed(told):
        return None
    return [{**event, "index": 2 * event["index"] + 1} if "index" in event else event for event in told]


def usage_at_the_end(told: list[Wire], _: random.Random) -> list[Wire] | None:
    """Input counts only in the last delta (15), or only at the start."""
    if not streamed(told):
        return None
    told = copy.deepcopy(told)
    starts, deltas = of(told, "message_start"), of(told, "message_delta")
    if len(starts) != 1 or len(deltas) != 1:
        return None
    starts[0]["message"]["usage"] = {"input_tokens": 0, "output_tokens": 0}
    deltas[0]["usage"] = {
        "input_tokens": 40,
        "output_tokens": 9,
        "cache_read_input_tokens": 5,
        "cache_creation_input_tokens": 2,
    }
    return told


def usage_twice(told: list[Wire], _: random.Random) -> list[Wire] | None:
    """Two deltas of the message, the counts growing (120)."""
    if not streamed(told):
        return None
    told = copy.deepcopy(told)
    deltas = of(told, "message_delta")
    if len(deltas) != 1 or not deltas[0].get("usage"):
        return None
    early = {EVENT: "message_delta", "type": "message_delta", "delta": {"stop_reason": None, "stop_sequence": None},
             "usage": {"output_tokens": 1}}  # fmt: skip
    at = told.index(deltas[0])
    return [*told[:at], early, *told[at:]]


def no_usage(told: list[Wire], _: random.Random) -> list[Wire]:
    """No counts at all (201)."""
    told = copy.deepcopy(told)
    for body in [*told, *(event["message"] for event in of(told, "message_start"))]:
        body.pop("usage", None)
    return told


def stop_words(told: list[Wire], source: random.Random) -> list[Wire] | None:
    """Each of the stop reasons."""
    told = copy.deepcopy(told)
    word = source.choice(
        [
            "end_turn",
            "max_tokens",
            "stop_sequence",
            "tool_use",
            "pause_turn",
            "refusal",
            "model_context_window_exceeded",
        ]
    )
    if word == "pause_turn" and any(block.get("type") == "tool_use" for block in blocks(told)):
        return None
    places = of(told, "message_delta") if streamed(told) else told
    ended = [event["delta"] if streamed(told) else event for event in places]
    ended = [place for place in ended if place.get("stop_reason")]
    for place in ended:
        place["stop_reason"] = word
        place["stop_sequence"] = "END" if word == "stop_sequence" else None
    return told if ended else None


def odd_text(told: list[Wire], _: random.Random) -> list[Wire] | None:
    """Text that looks like the wire itself."""
    told = copy.deepcopy(told)
    changed = False
    for block in blocks(told) if not streamed(told) else [event.get("delta") or {} for event in told]:
        if block.get("type") in {"text", "text_delta"} and block.get("text"):
            block["text"] += ODD_TEXT
            changed = True
    return told if changed else None


def cited(told: list[Wire], _: random.Random) -> list[Wire] | None:
    """Citations of every kind on the text."""
    told = copy.deepcopy(told)
    notes: list[Wire] = [
        {"type": "web_search_result_location", "url": "https://example.test/a", "title": "A", "encrypted_index": "eA==", "cited_text": "a"},
        {"type": "char_location", "document_index": 0, "document_title": None, "start_char_index": 0, "end_char_index": 1, "cited_text": "a", "file_id": None},
        {"type": "page_location", "document_index": 0, "document_title": "D", "start_page_number": 1, "end_page_number": 2, "cited_text": "a"},
        {"type": "search_result_location", "source": "https://example.test/s", "title": None, "search_result_index": 0, "start_block_index": 0,
         "end_block_index": 1, "cited_text": "s"},
        {"type": "new_location", "cited_text": "x"},
    ]  # fmt: skip
    texts = [block for block in blocks(told) if block.get("type") == "text"]
    if not texts:
        return None
    if not streamed(told):
        texts[0]["citations"] = notes
        return told
    at = next(n for n, event in enumerate(told) if event.get("content_block") is texts[0])
    index = told[at]["index"]
    stop = next(
        n for n, event in enumerate(told) if event.get("type") == "content_block_stop" and event["index"] == index
    )
    more = [{EVENT: "content_block_delta", "type": "content_block_delta", "index": index, "delta": {"type": "citations_delta", "citation": note}}
            for note in notes]  # fmt: skip
    return [*told[:stop], *more, *told[stop:]]


def new_block(told: list[Wire], _: random.Random) -> list[Wire] | None:
    """A block of a kind nobody knows, with a delta nobody knows."""
    told = copy.deepcopy(told)
    if not streamed(told):
        if "content" not in told[0]:
            return None
        told[0]["content"] = [{"type": "hologram", "shape": [1, 2]}, *(told[0]["content"] or [])]
        return told
    at = next((n for n, event in enumerate(told) if event.get("type") == "message_start"), None)
    if at is None:
        return None
    for event in told:
        if "index" in event:
            event["index"] += 1
    block = [
        {
            EVENT: "content_block_start",
            "type": "content_block_start",
            "index": 0,
            "content_block": {"type": "hologram", "shape": []},
        },
        {
            EVENT: "content_block_delta",
            "type": "content_block_delta",
            "index": 0,
            "delta": {"type": "hologram_delta", "shape": 1},
        },
        {EVENT: "content_block_stop", "type": "content_block_stop", "index": 0},
    ]
    return [*told[: at + 1], *block, *told[at + 1 :]]


def redacted_first(told: list[Wire], _: random.Random) -> list[Wire] | None:
    """A redacted thought before all else."""
    made = new_block(told, random.Random(0))
    if made is None:
        return None
    hidden = {"type": "redacted_thinking", "data": "ZW5jcnlwdGVk"}
    if not streamed(told):
        made[0]["content"][0] = hidden
        return made
    for event in made:
        if (event.get("content_block") or {}).get("type") == "hologram":
            event["content_block"] = hidden
    return [event for event in made if (event.get("delta") or {}).get("type") != "hologram_delta"]


MESSAGES: dict[str, Vary] = {
    vary.__name__: vary
    for vary in (
        nulls, pings, without_event_names, in_letters, all_in_the_start, empty_deltas, other_ids, more_blocks, side_by_side, gaps_in_numbers,
        usage_at_the_end, usage_twice, no_usage, stop_words, odd_text, cited, new_block, redacted_first,
    )
}  # fmt: skip
