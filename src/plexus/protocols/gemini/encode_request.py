"""A canonical request to a `generateContent` body, with everything that had to be left out.

Source: https://ai.google.dev/api/generate-content
"""

from plexus.ir.chat import ChatRequest
from plexus.ir.drops import Drop
from plexus.ir.exchange import Rendered
from plexus.ir.target import Target
from plexus.protocols.gemini.encode_config import write_config
from plexus.protocols.gemini.encode_contents import Turns
from plexus.protocols.gemini.encode_tools import ToolNames, write_tool_config, write_tools
from plexus.protocols.gemini.protojson import Wire, nest

_TIERS = {"default": "standard", "standard_only": "standard", "flex": "flex", "priority": "priority"}


def encode_request(request: ChatRequest, target: Target) -> Rendered:
    """The body for this target, the losses, and the tool names that had to change."""
    drops: list[Drop] = []
    names = ToolNames()
    ours = request.protocol == "gemini"
    turns = Turns(request, target, names, drops)
    for index, message in enumerate(request.messages):
        turns.add(message, f"messages[{index}]")
    turns.finish()
    body: Wire = {}
    if turns.system:
        body["systemInstruction"] = {"parts": turns.system}
    body["contents"] = turns.contents
    tools = write_tools(request, target, names, drops)
    if tools:
        body["tools"] = tools
    tool_config = write_tool_config(request, target, tools, names, drops)
    if tool_config:
        body["toolConfig"] = tool_config
    _combine_tools(body, tools, target, ours=ours)
    config = write_config(request, target, drops)
    if config:
        body["generationConfig"] = config
    _write_tier(request, body, drops, ours=ours)
    if ours:
        nest(request.extras or {}, body)
    else:
        _report_rest(request, drops)
    _leave_out_refused(body, target, drops)
    return Rendered(body=body, drops=drops, tool_names=names.changed)


def _combine_tools(body: Wire, tools: list[Wire], target: Target, *, ours: bool) -> None:
    # Gemini 3 takes functions beside its own tools only when it may show the calls of the latter.
    # https://ai.google.dev/gemini-api/docs/tool-combination
    kinds = {"functionDeclarations" in tool for tool in tools}
    if len(kinds) > 1 and not ours and target.profile.reasoning.style == "level":
        body.setdefault("toolConfig", {})["includeServerSideToolInvocations"] = True


def _write_tier(request: ChatRequest, body: Wire, drops: list[Drop], *, ours: bool) -> None:
    if not request.service_tier:
        return
    tier = request.service_tier if ours else _TIERS.get(request.service_tier, "")
    if tier:
        body["serviceTier"] = tier
    else:
        drops.append(Drop("dropped", "service_tier", f"Gemini has no tier {request.service_tier}"))


def _report_rest(request: ChatRequest, drops: list[Drop]) -> None:
    said = {
        "sampling.logit_bias": request.sampling.logit_bias,
        "parallel_tool_calls": request.parallel_tool_calls is False,
        "verbosity": request.verbosity,
        "user": request.user,
        "metadata": request.metadata,
        "cache_key": request.cache_key,
        "cache": request.cache,
        **(request.extras or {}),
    }
    drops.extend(
        Drop("dropped", field, "Gemini has no place for it")
        for field, value in said.items()
        if value or field in (request.extras or {})
    )


def _leave_out_refused(body: Wire, target: Target, drops: list[Drop]) -> None:
    for field in sorted(target.dialect.refused & body.keys()):
        del body[field]
        drops.append(Drop("dropped", field, "the target refuses it"))
