"""Responses answers as other servers stream them: fewer events, other ids, more items."""

import copy
import random

from tests.corpus.variations import COMMENT, EVENT, ODD_TEXT, Vary, Wire

ENDS = ("response.completed", "response.incomplete", "response.failed")


def streamed(told: list[Wire]) -> bool:
    return len(told) > 1


def of(told: list[Wire], kind: str) -> list[Wire]:
    return [event for event in told if event.get("type") == kind]


def bodies(told: list[Wire]) -> list[Wire]:
    """Response objects: the whole answer, or those inside events."""
    if not streamed(told):
        return told
    return [event["response"] for event in told if isinstance(event.get("response"), dict)]


def items(told: list[Wire]) -> list[Wire]:
    found = [item for body in bodies(told) for item in body.get("output") or [] if isinstance(item, dict)]
    return found + [event["item"] for event in told if isinstance(event.get("item"), dict)]


def without(told: list[Wire], *kinds: str) -> list[Wire] | None:
    kept = [event for event in told if event.get("type") not in kinds]
    return kept if streamed(told) and len(kept) < len(told) else None


def no_deltas(told: list[Wire], _: random.Random) -> list[Wire] | None:
    """Only what is whole: no delta of any kind (5)."""
    kept = [event for event in told if not str(event.get("type", "")).endswith(".delta")]
    return kept if streamed(told) and len(kept) < len(told) else None


def only_deltas(told: list[Wire], _: random.Random) -> list[Wire] | None:
    """No `done` of texts and arguments; items and the end say them whole."""
    return without(told, "response.output_text.done", "response.function_call_arguments.done", "response.content_part.done",
                   "response.reasoning_summary_text.done", "response.reasoning_summary_part.done", "response.reasoning_text.done",
                   "response.refusal.done", "response.custom_tool_call_input.done")  # fmt: skip


def no_parts(told: list[Wire], _: random.Random) -> list[Wire] | None:
    """Content and summary parts are never announced."""
    return without(told, "response.content_part.added", "response.content_part.done", "response.reasoning_summary_part.added",
                   "response.reasoning_summary_part.done")  # fmt: skip


def no_beginning(told: list[Wire], _: random.Random) -> list[Wire] | None:
    """No `created`, no `in_progress`, no `queued`."""
    return without(told, "response.created", "response.in_progress", "response.queued")


def only_the_end(told: list[Wire], _: random.Random) -> list[Wire] | None:
    """Only the beginning and the end."""
    kept = [event for event in told if event.get("type") in {"response.created", *ENDS, "error"}]
    return kept if streamed(told) and len(kept) < len(told) else None


def only_items(told: list[Wire], _: random.Random) -> list[Wire] | None:
    """Only whole items, and an end without them (stored elsewhere)."""
    if not streamed(told) or not of(told, "response.output_item.done"):
        return None
    told = copy.deepcopy(told)
    for event in told:
        if event.get("type") in ENDS:
            event["response"]["output"] = []
    return [
        event
        for event in told
        if event.get("type") in {"response.created", "response.output_item.done", *ENDS, "error"}
    ]


def empty_end(told: list[Wire], _: random.Random) -> list[Wire] | None:
    """The last event's output is empty."""
    if not streamed(told) or not of(told, "response.output_item.done"):
        return None
    told = copy.deepcopy(told)
    for event in told:
        if event.get("type") in ENDS:
            event["response"]["output"] = []
    return told


def sealed(told: list[Wire]) -> bool:
    """Whether there is encrypted reasoning: OpenAI seals it anew in the last event, where it is known by its id alone."""
    return any(item.get("encrypted_content") for item in items(told))


def rotating_ids(told: list[Wire], _: random.Random) -> list[Wire] | None:
    """Every event names its item otherwise (45)."""
    if not streamed(told) or sealed(told):
        return None
    told = copy.deepcopy(told)
    for number, event in enumerate(told):
        if "item_id" in event:
            event["item_id"] = f"it_{number}"
        if isinstance(event.get("item"), dict) and event["item"].get("id"):
            event["item"]["id"] = f"it_{number}"
    return told


def no_item_ids(told: list[Wire], _: random.Random) -> list[Wire] | None:
    """Items without ids."""
    told = copy.deepcopy(told)
    if sealed(told):
        return None
    for event in told:
        event.pop("item_id", None)
    for item in items(told):
        item.pop("id", None)
    return told


def other_call_ids(told: list[Wire], _: random.Random) -> list[Wire] | None:
    """Call ids as other vendors make them."""
    told = copy.deepcopy(told)
    forms = ["functions.look:{}", "{}", "call_" + "0" * 90 + "{}", "toolu_é{}"]
    new: dict[str, str] = {}
    calls = [
        item
        for item in items(told)
        if item.get("call_id") and item.get("type") in {"function_call", "custom_tool_call"}
    ]
    for item in calls:
        item["call_id"] = new.setdefault(item["call_id"], forms[len(new) % len(forms)].format(len(new)))
    return told if calls else None


def idle_events(told: list[Wire], _: random.Random) -> list[Wire] | None:
    """Keep-alives, comments and events nobody knows between the others."""
    if not streamed(told):
        return None
    idle: list[Wire] = [
        {EVENT: "keepalive", "type": "keepalive", "sequence_number": 7},
        {COMMENT: ": ping\n\n"},
        {
            EVENT: "response.hologram.delta",
            "type": "response.hologram.delta",
            "delta": "x",
            "output_index": 0,
            "item_id": "h",
        },
        {"type": "response.rate_limits.updated", "rate_limits": []},
    ]
    return [
        one
        for at, event in enumerate(told)
        for one in ((event, idle[at % len(idle)]) if at < len(told) - 1 else (event,))
    ]


def no_event_names(told: list[Wire], _: random.Random) -> list[Wire] | None:
    """Data only, no `event:` lines and no sequence numbers."""
    return (
        [{k: v for k, v in event.items() if k not in {EVENT, "sequence_number"}} for event in told]
        if streamed(told)
        else None
    )


def in_letters(told: list[Wire], _: random.Random) -> list[Wire] | None:
    """Every delta letter by letter."""
    if not streamed(told):
        return None
    out: list[Wire] = []
    for event in told:
        delta = event.get("delta")
        if isinstance(delta, str) and len(delta) > 1:
            out += [
                {**event, "delta": letter, **({"logprobs": []} if at else {})}
                for at, letter in enumerate([*delta[:60], delta[60:]])
                if letter
            ]
        else:
            out.append(event)
    return out


def nulls(told: list[Wire], _: random.Random) -> list[Wire]:
    """Every field there may be, saying null."""
    told = copy.deepcopy(told)
    for body in bodies(told):
        for key in ("error", "incomplete_details", "instructions", "metadata", "previous_response_id", "prompt", "reasoning", "safety_identifier",
                    "service_tier", "text", "truncation", "usage", "user", "conversation", "max_tool_calls", "top_logprobs"):  # fmt: skip
            body.setdefault(key, None)
        if isinstance(body.get("usage"), dict):
            body["usage"].setdefault("input_tokens_details", None)
            body["usage"].setdefault("output_tokens_details", None)
    for item in items(told):
        fields = {
            "reasoning": ("content", "encrypted_content", "status"),
            "function_call": ("namespace", "status"),
            "message": ("phase",),
        }
        for key in fields.get(item.get("type", ""), ()):
            item.setdefault(key, None)
        for part in item.get("content") or []:
            if part.get("type") == "output_text":
                part["logprobs"] = part.get("logprobs") or None
                part["annotations"] = part.get("annotations") or None
    return told


def bare(told: list[Wire], _: random.Random) -> list[Wire]:
    """The least that is an answer: no echo of the request, no status of items."""
    told = copy.deepcopy(told)
    keep = {"id", "object", "status", "output", "usage", "error", "incomplete_details", "model"}
    for body in bodies(told):
        for key in body.keys() - keep:
            del body[key]
    for item in items(told):
        item.pop("status", None)
        for part in item.get("content") or []:
            for key in ("logprobs", "annotations"):
                if not part.get(key):
                    part.pop(key, None)
    return told


def more_items(told: list[Wire], _: random.Random) -> list[Wire] | None:
    """All items twice, in whole answers."""
    if streamed(told) or not told[0].get("output"):
        return None
    told = copy.deepcopy(told)
    again = copy.deepcopy(told[0]["output"])
    for item in again:
        for key in ("id", "call_id"):
            if item.get(key):
                item[key] += "b"
    told[0]["output"] += again
    return told


def new_items(told: list[Wire], _: random.Random) -> list[Wire] | None:
    """Items and content of kinds nobody knows."""
    if streamed(told) or "output" not in told[0]:
        return None
    told = copy.deepcopy(told)
    said = [item for item in told[0]["output"] if item.get("type") == "message"]
    for item in said:
        item["content"] = [*item["content"], {"type": "output_hologram", "shape": 1}]
    told[0]["output"] = [{"type": "hologram_call", "id": "h_1", "status": "completed"}, *told[0]["output"]]
    return told


def refused(told: list[Wire], _: random.Random) -> list[Wire] | None:
    """Whole answers whose text is a refusal."""
    if streamed(told):
        return None
    told = copy.deepcopy(told)
    said = [item for item in told[0].get("output") or [] if item.get("type") == "message"]
    for item in said:
        item["content"] = [{"type": "refusal", "refusal": "".join(part.get("text") or "" for part in item["content"])}]
    return told if said else None


def several_texts(told: list[Wire], _: random.Random) -> list[Wire] | None:
    """Whole answers whose text is in two parts of one message."""
    if streamed(told):
        return None
    told = copy.deepcopy(told)
    said = [item for item in told[0].get("output") or [] if item.get("type") == "message" and item.get("content")]
    said = [item for item in said if item["content"][-1].get("type") == "output_text"]
    for item in said:
        item["content"] = [*item["content"], {"type": "output_text", "text": "And more.", "annotations": []}]
    return told if said else None


def noted(told: list[Wire], _: random.Random) -> list[Wire] | None:
    """Annotations of every kind on whole answers."""
    if streamed(told):
        return None
    told = copy.deepcopy(told)
    notes = [
        {"type": "url_citation", "url": "https://example.test/a", "title": "A", "start_index": 0, "end_index": 1},
        {"type": "file_citation", "file_id": "file-1", "filename": "f.pdf", "index": 0},
        {
            "type": "container_file_citation",
            "container_id": "c",
            "file_id": "cfile_1",
            "filename": "g.png",
            "start_index": 0,
            "end_index": 1,
        },
        {"type": "file_path", "file_id": "file-2", "index": 1},
        {"type": "new_citation", "x": 1},
    ]
    said = [
        part
        for item in told[0].get("output") or []
        for part in item.get("content") or []
        if part.get("type") == "output_text"
    ]
    for part in said:
        part["annotations"] = notes
    return told if said else None


def drawings(told: list[Wire], _: random.Random) -> list[Wire] | None:
    """Drawings in whole answers: one as it should be, one without padding, one that is cut, one that is no base64."""
    if streamed(told) or "output" not in told[0]:
        return None
    told = copy.deepcopy(told)
    results = ["iVBORw0KGgo=", "iVBORw0KGgo", "iVBORw0KGgo...", "data:image/png;base64,iVBORw0KGgo="]
    told[0]["output"] += [
        {"type": "image_generation_call", "id": f"ig_{n}", "status": "completed", "result": result}
        for n, result in enumerate(results)
    ]
    return told


def odd_usage(told: list[Wire], source: random.Random) -> list[Wire] | None:
    """Counts as vendors give them: no details, cached, reasoning beyond the output (124)."""
    forms: list[Wire] = [
        {"input_tokens_details": None},
        {"input_tokens_details": {"cached_tokens": 15}, "output_tokens_details": {"reasoning_tokens": 30}},
        {"output_tokens_details": {"reasoning_tokens": 31}},
        {"input_tokens_details": {"cached_tokens": 5, "cache_write_tokens": 3}},
        {"cost": 0.1, "num_sources_used": 0, "output_tokens_details": {}},
    ]
    told = copy.deepcopy(told)
    counted = [body for body in bodies(told) if body.get("usage")]
    form = {"input_tokens": 20, "output_tokens": 30, "total_tokens": 50, **source.choice(forms)}
    for body in counted:
        body["usage"] = form
    return told if counted else None


def no_usage(told: list[Wire], _: random.Random) -> list[Wire]:
    """No counts at all (201)."""
    told = copy.deepcopy(told)
    for body in bodies(told):
        body["usage"] = None
    return told


def endings(told: list[Wire], source: random.Random) -> list[Wire] | None:
    """Whole answers that were cut: by the limit, by the filter."""
    if streamed(told) or told[0].get("status") != "completed":
        return None
    told = copy.deepcopy(told)
    told[0]["status"] = "incomplete"
    told[0]["incomplete_details"] = {"reason": source.choice(["max_output_tokens", "content_filter"])}
    return told


def odd_text(told: list[Wire], _: random.Random) -> list[Wire] | None:
    """Text that looks like the wire itself, in whole answers."""
    if streamed(told):
        return None
    told = copy.deepcopy(told)
    said = [
        part
        for item in told[0].get("output") or []
        for part in item.get("content") or []
        if part.get("type") == "output_text"
    ]
    for part in said:
        part["text"] += ODD_TEXT
    return told if said else None


RESPONSES: dict[str, Vary] = {
    vary.__name__: vary
    for vary in (
        no_deltas, only_deltas, no_parts, no_beginning, only_the_end, only_items, empty_end, rotating_ids, no_item_ids, other_call_ids,
        idle_events, no_event_names, in_letters, nulls, bare, more_items, new_items, refused, several_texts, noted, odd_usage, no_usage,
        endings, odd_text, drawings,
    )
}  # fmt: skip
