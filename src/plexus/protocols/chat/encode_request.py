"""The canonical request as the body for a chat target: top-level fields by the target's dialect and the model's profile.

Source: https://platform.openai.com/docs/api-reference/chat/create
"""

import hashlib
import re
from typing import Any

from plexus.ir.chat import ChatRequest, OutputFormat
from plexus.ir.drops import Drop
from plexus.ir.exchange import Rendered
from plexus.ir.target import Target
from plexus.protocols.chat.content_out import ContentWriter
from plexus.protocols.chat.encode_messages import MessagesWriter
from plexus.protocols.chat.reasoning import encode_reasoning
from plexus.protocols.chat.tools_out import ToolsWriter

Wire = dict[str, Any]

_TIERS = frozenset({"auto", "default", "flex", "scale", "priority", "fast"})
_NOT_IN_NAME = re.compile(r"[^a-zA-Z0-9_-]")
_NAME_LENGTH = 64
_USER_LENGTH = 64

# Fields that Responses spells and means as chat does.
_SHARED = {"responses": frozenset({"safety_identifier", "prompt_cache_retention", "prompt_cache_options", "store"})}
_REFUSED_WHILE_REASONING = ("temperature", "top_p", "presence_penalty", "frequency_penalty")


def encode_request(request: ChatRequest, target: Target) -> Rendered:
    """The body, what it could not carry, and the tool names that had to change."""
    drops: list[Drop] = []
    tools = ToolsWriter(request, target, drops)
    content = ContentWriter(target, request.protocol, drops)
    body: Wire = {"model": target.model, "messages": MessagesWriter(request, target, content, tools).write()}
    tools.write(body)
    _limits(request, target, body, drops)
    _sample(request, target, body, drops)
    encode_reasoning(request, target, body, drops)
    _form(request, target, body, drops)
    _label(request, body, drops)
    if request.stream:
        body["stream"] = True
        if target.dialect.stream_usage:
            body["stream_options"] = {"include_usage": True}
    _put_extras(request, body, drops)
    for name in sorted(target.dialect.refused & body.keys()):
        del body[name]
        drops.append(Drop("dropped", name, "the target refuses this field"))
    return Rendered(body=body, drops=drops, tool_names=tools.names)


def _limits(request: ChatRequest, target: Target, body: Wire, drops: list[Drop]) -> None:
    limit, most = request.max_tokens, target.profile.max_output
    if limit is not None:
        if most is not None and limit > most:
            drops.append(Drop("clamped", "max_tokens", f"the model writes {most} tokens at most"))
            limit = most
        elif limit < 1 and request.protocol != "chat":
            drops.append(Drop("clamped", "max_tokens", "chat takes no limit below 1"))
            limit = 1
        body[target.dialect.max_tokens_field] = limit
    if request.stop:
        body["stop"] = request.stop


def _sample(request: ChatRequest, target: Target, body: Wire, drops: list[Drop]) -> None:
    sampling = request.sampling
    for name in (
        "temperature",
        "top_p",
        "presence_penalty",
        "frequency_penalty",
        "seed",
        "n",
        "logprobs",
        "top_logprobs",
        "logit_bias",
    ):
        value = getattr(sampling, name)
        if value is not None:
            body[target.dialect.seed_field if name == "seed" else name] = value
    if sampling.top_k is not None:
        if request.protocol == "chat":
            body["top_k"] = sampling.top_k
        else:
            drops.append(Drop("dropped", "sampling.top_k", "OpenAI chat has no top_k"))
    if _refuses_sampling(request, target):
        gone = [name for name in _REFUSED_WHILE_REASONING if body.pop(name, None) is not None]
        drops += [Drop("dropped", f"sampling.{name}", "the model refuses it") for name in gone]
    elif target.profile.exclusive_sampling and "temperature" in body and body.pop("top_p", None) is not None:
        drops.append(Drop("dropped", "sampling.top_p", "the model takes temperature or top_p, not both"))


def _refuses_sampling(request: ChatRequest, target: Target) -> bool:
    if target.profile.refuses_sampling:
        return True
    reasoning = request.reasoning
    thinks = reasoning is not None and reasoning.mode != "off" and reasoning.effort != "none"
    return thinks and target.profile.reasoning.refuses_sampling


def _form(request: ChatRequest, target: Target, body: Wire, drops: list[Drop]) -> None:
    """What the answer shall look like: format, kinds of output, verbosity."""
    output = request.output
    if output is not None:
        if output.kind == "schema" and target.dialect.json_schema:
            body["response_format"] = {"type": "json_schema", "json_schema": _schema(output)}
        else:
            body["response_format"] = {"type": "json_object"}
            if output.kind == "schema":
                drops.append(Drop("approximated", "output.schema", "the target has JSON mode only"))
        _format_extras(request, output, body["response_format"], drops)
    if request.modalities and (request.protocol == "chat" or request.modalities != ["text"]):
        body["modalities"] = request.modalities
    if request.verbosity:
        body["verbosity"] = request.verbosity


def _schema(output: OutputFormat) -> Wire:
    name = _NOT_IN_NAME.sub("_", output.name)[:_NAME_LENGTH] or "response"
    schema: Wire = {"name": name}
    if output.description:
        schema["description"] = output.description
    if output.schema is not None:
        schema["schema"] = output.schema
    if output.strict is not None:
        schema["strict"] = output.strict
    return schema


def _format_extras(request: ChatRequest, output: OutputFormat, form: Wire, drops: list[Drop]) -> None:
    for name, value in (output.extras or {}).items():
        if request.protocol != "chat":
            drops.append(Drop("dropped", f"output.{name}", "no place in chat"))
        elif isinstance(value, dict) and isinstance(form.get(name), dict):
            form[name] = {**value, **form[name]}
        else:
            form.setdefault(name, value)


def _label(request: ChatRequest, body: Wire, drops: list[Drop]) -> None:
    """Who asks and how it shall be served."""
    if request.service_tier:
        tier = {"standard_only": "default"}.get(request.service_tier, request.service_tier)
        if tier in _TIERS or request.protocol == "chat":
            body["service_tier"] = tier
        else:
            drops.append(Drop("dropped", "service_tier", "OpenAI has no such tier"))
    if request.user:
        body["user"] = _user(request, drops)
    if request.metadata:
        if request.protocol in {"chat", "responses"} or all(isinstance(v, str) for v in request.metadata.values()):
            body["metadata"] = request.metadata
        else:
            drops.append(Drop("dropped", "metadata", "chat takes strings only"))
    if request.cache_key:
        body["prompt_cache_key"] = request.cache_key
    if request.cache is not None:
        drops.append(Drop("dropped", "cache", "chat has no cache mark for the whole request"))


def _user(request: ChatRequest, drops: list[Drop]) -> str:
    """The end user's id. OpenAI takes 64 characters at most; Claude Code's are longer and become a hash."""
    if request.protocol == "chat" or len(request.user) <= _USER_LENGTH:
        return request.user
    drops.append(Drop("approximated", "user", "longer than 64 characters, sent as its hash"))
    return hashlib.sha256(request.user.encode("utf-8", "surrogatepass")).hexdigest()


def _put_extras(request: ChatRequest, body: Wire, drops: list[Drop]) -> None:
    """Fields without a canonical place: back where they were for a chat client, else reported."""
    shared = _SHARED.get(request.protocol, frozenset())
    for name, value in (request.extras or {}).items():
        if request.protocol == "chat":
            if name == "stream_options" and isinstance(value, dict):
                if request.stream:
                    body["stream_options"] = {**value, **body.get("stream_options", {})}
            else:
                body.setdefault(name, value)
        elif name in shared:
            if not (name == "store" and value is False):  # the default of chat
                body[name] = value
        else:
            drops.append(Drop("dropped", name, "no place in chat"))
