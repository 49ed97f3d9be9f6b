"""Sampling parameters and stop sequences within what Anthropic accepts.

https://platform.claude.com/docs/en/build-with-claude/extended-thinking#feature-compatibility
"""

from typing import Any

from plexus.protocols.messages.draft import Draft

_LEAST_TOP_P_THINKING = 0.95


def write_sampling(draft: Draft, body: dict[str, Any]) -> None:
    """Put them into the body; what is refused or has no place is reported. Thinking must be in the body already."""
    said = draft.request.sampling
    temperature = said.temperature
    if temperature is not None and temperature > 1:
        draft.lose("clamped", "sampling.temperature", "at most 1")
        temperature = 1
    given = {"temperature": temperature, "top_p": said.top_p, "top_k": said.top_k}
    refused = _refused(draft, body, given)
    for name, value in given.items():
        if value is None:
            continue
        if name in refused:
            draft.lose("dropped", f"sampling.{name}", refused[name])
        elif name == "top_k":
            body[name] = int(value)
        else:
            body[name] = value
    _placeless(draft)
    _stops(draft, body)


def _refused(draft: Draft, body: dict[str, Any], given: dict[str, float | None]) -> dict[str, str]:
    """The parameters to leave out, with the reason: those the model never takes, or not while it thinks, or not together."""
    profile = draft.target.profile
    if profile.refuses_sampling:
        return dict.fromkeys(given, "the model refuses it")
    refused: dict[str, str] = {}
    thinks = body.get("thinking", {}).get("type") in {"enabled", "adaptive"}
    if thinks and (profile.reasoning.refuses_sampling or not draft.native):
        if given["temperature"] != 1:
            refused["temperature"] = "must be 1 while the model thinks"
        if not _LEAST_TOP_P_THINKING <= (given["top_p"] or 0) <= 1:
            refused["top_p"] = "must be 0.95 to 1 while the model thinks"
        refused["top_k"] = "refused while the model thinks"
    sent = [name for name in ("temperature", "top_p") if given[name] is not None and name not in refused]
    if profile.exclusive_sampling and len(sent) > 1:
        refused["top_p"] = "the model takes temperature or top_p, not both"
    return refused


def _placeless(draft: Draft) -> None:
    """Parameters without a place; the defaults say nothing, so nothing is lost with them."""
    said = draft.request.sampling
    for name, value, default in (
        ("presence_penalty", said.presence_penalty, 0),
        ("frequency_penalty", said.frequency_penalty, 0),
        ("seed", said.seed, None),
        ("n", said.n, 1),
        ("logprobs", said.logprobs, False),
        ("top_logprobs", said.top_logprobs, 0),
        ("logit_bias", said.logit_bias, {}),
    ):
        if value is not None and value != default:
            draft.lose("dropped", f"sampling.{name}", "no place in this protocol")


def _stops(draft: Draft, body: dict[str, Any]) -> None:
    stops = [stop for stop in draft.request.stop if stop.strip() or draft.native]
    if len(stops) < len(draft.request.stop):
        draft.lose("dropped", "stop", "stop sequences of white space alone are refused")
    if stops:
        body["stop_sequences"] = stops
