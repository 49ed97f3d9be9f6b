"""Sampling, limits, output and thinking as `generationConfig`.

Source: https://ai.google.dev/api/generate-content#GenerationConfig
"""

from plexus.ir.chat import ChatRequest, OutputFormat
from plexus.ir.drops import Drop
from plexus.ir.target import Target
from plexus.protocols.gemini.protojson import Wire
from plexus.protocols.gemini.reasoning import write_thinking
from plexus.protocols.gemini.schema import wire_of, write_schema

MAX_STOPS = 5
SEED_LIMIT = 2**31
_SAMPLING = (
    ("temperature", "temperature"),
    ("top_p", "topP"),
    ("top_k", "topK"),
    ("n", "candidateCount"),
    ("presence_penalty", "presencePenalty"),
    ("frequency_penalty", "frequencyPenalty"),
    ("logprobs", "responseLogprobs"),
    ("top_logprobs", "logprobs"),
)


def write_config(request: ChatRequest, target: Target, drops: list[Drop]) -> Wire:
    """The `generationConfig`, empty when nothing is asked for."""
    ours = request.protocol == "gemini"
    config: Wire = {}
    _write_sampling(request, config, drops, ours=ours)
    _write_limits(request, target, config, drops, ours=ours)
    if request.modalities:
        config["responseModalities"] = [word.upper() for word in request.modalities]
    if request.output is not None:
        _write_output(request.output, target, config, drops, ours=ours)
    thinking = write_thinking(request, target.profile.reasoning, drops)
    if thinking is not None:
        config["thinkingConfig"] = thinking
    return config


def _write_sampling(request: ChatRequest, config: Wire, drops: list[Drop], *, ours: bool) -> None:
    said = request.sampling
    for name, key in _SAMPLING:
        value = getattr(said, name)
        if value is not None:
            config[key] = int(value) if name == "top_k" and value == int(value) else value
    if said.top_logprobs is not None and said.logprobs is None and not ours:
        config["responseLogprobs"] = True
    if said.seed is not None:
        config["seed"] = said.seed if -SEED_LIMIT <= said.seed < SEED_LIMIT else said.seed % SEED_LIMIT
        if config["seed"] != said.seed:
            drops.append(Drop("clamped", "sampling.seed", "Gemini takes 32 bits"))


def _write_limits(request: ChatRequest, target: Target, config: Wire, drops: list[Drop], *, ours: bool) -> None:
    limit = target.profile.max_output
    if request.max_tokens is not None:
        config["maxOutputTokens"] = request.max_tokens
        if limit is not None and request.max_tokens > limit and not ours:
            config["maxOutputTokens"] = limit
            drops.append(Drop("clamped", "max_tokens", f"the model writes at most {limit} tokens"))
    if request.stop:
        config["stopSequences"] = request.stop if ours else request.stop[:MAX_STOPS]
        if len(request.stop) > MAX_STOPS and not ours:
            drops.append(Drop("clamped", "stop", f"Gemini takes {MAX_STOPS} stop sequences"))


def _write_output(output: OutputFormat, target: Target, config: Wire, drops: list[Drop], *, ours: bool) -> None:
    config["responseMimeType"] = "application/json"
    if output.kind == "schema" and not target.dialect.json_schema:
        drops.append(Drop("approximated", "output.schema", "the target takes JSON mode only"))
    elif output.kind == "schema":
        plain = wire_of(output.schema) if ours else None
        if plain is not None:
            config["responseSchema"] = plain
        else:
            config["responseJsonSchema"] = output.schema if ours else write_schema(output.schema)
    if ours:
        return
    said = {"name": output.name, "description": output.description, **(output.extras or {})}
    drops.extend(Drop("dropped", f"output.{key}", "Gemini has no place for it") for key, value in said.items() if value)
    if output.strict is False:
        drops.append(Drop("approximated", "output.strict", "Gemini always holds to the schema"))
