"""A chat request and a chat response in the canonical form. Says once what every number means; no wire names here."""

from typing import Any, Literal

from msgspec import Struct, field

from plexus.ir.parts import CacheMark, Extras, Part

Role = Literal["system", "developer", "user", "assistant"]

StopReason = Literal[
    "end",  # the model finished
    "stop_sequence",  # one of the client's stop sequences was met
    "max_tokens",  # the output limit
    "context_window",  # the model's context is full
    "tool_use",  # the model waits for tool results
    "pause",  # a server-side turn is to be continued by sending it back
    "content_filter",  # the provider's filter cut the answer
    "refusal",  # the model declined
    "malformed_tool_call",  # the model's call could not be read (Gemini); retryable
    "error",  # the provider says it failed
]


class Message(Struct, kw_only=True):
    """One turn. System and developer messages stay where they were said; tool results sit in user messages."""

    role: Role
    parts: list[Part]
    name: str = ""
    item_id: str = ""
    """As `Text.item_id`, for messages that are not the assistant's."""
    hoisted: bool = False
    """Whether it was said in the wire's own field for instructions (responses) rather than as a turn."""
    extras: Extras | None = None


class Tool(Struct, kw_only=True):
    """A tool the model may call. `schema` is the JSON Schema as the client wrote it.

    `kind`: "function"; "custom" (free-form input; the grammar is in `extras`); or a server-side tool by its canonical
    name: "web_search", "web_fetch", "code_execution", "computer", "file_search", "image_generation", "mcp",
    "bash", "text_editor", "memory", "tool_search", or "server" for one nobody here knows. Server-side tools keep the
    client's object in `raw`; the protocol it was written in is the request's.
    """

    name: str
    kind: str = "function"
    description: str = ""
    schema: Any = None
    strict: bool | None = None
    raw: Extras | None = None
    cache: CacheMark | None = None
    extras: Extras | None = None


class ToolChoice(Struct, kw_only=True):
    """How tools may be used: "auto", "none", "required" (any of `names`, or any at all), "tool" (exactly `names[0]`)."""

    mode: Literal["auto", "none", "required", "tool"]
    names: list[str] = []
    extras: Extras | None = None


class Reasoning(Struct, kw_only=True):
    """How much the model shall think.

    `mode`: "off", "on", "adaptive" (the model decides) or "" (not said). `effort`: "none", "minimal", "low", "medium",
    "high", "xhigh", "max" or "". `budget`: thinking tokens (-1: dynamic), or None. `show`: how reasoning is returned,
    "omitted", "summarized", "auto", "concise", "detailed", "full" or "".
    """

    mode: str = ""
    effort: str = ""
    budget: int | None = None
    show: str = ""
    state: bool = False
    """Whether the client asked for the opaque state of the reasoning (responses: encrypted content). Always given here."""
    extras: Extras | None = None


class OutputFormat(Struct, kw_only=True):
    """Structured output: "json" (any JSON object) or "schema" (JSON Schema as the client wrote it)."""

    kind: Literal["json", "schema"]
    name: str = ""
    description: str = ""
    schema: Any = None
    strict: bool | None = None
    extras: Extras | None = None


class Sampling(Struct, kw_only=True):
    """Sampling parameters, None when the client did not say."""

    temperature: float | None = None
    top_p: float | None = None
    top_k: float | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    seed: int | None = None
    n: int | None = None
    logprobs: bool | None = None
    top_logprobs: int | None = None
    logit_bias: dict[str, float] | None = None


class ChatRequest(Struct, kw_only=True):
    """What a client asks for. `protocol` is the client's; `model` the name as the client wrote it."""

    protocol: str
    model: str
    messages: list[Message]
    tools: list[Tool] = []
    tool_choice: ToolChoice | None = None
    parallel_tool_calls: bool | None = None
    max_tokens: int | None = None
    stop: list[str] = []
    sampling: Sampling = field(default_factory=Sampling)
    reasoning: Reasoning | None = None
    output: OutputFormat | None = None
    modalities: list[str] = []
    """Kinds of output asked for ("text", "image", "audio"); empty when not said."""
    verbosity: str = ""
    stream: bool = False
    include_usage: bool = False
    """Whether the client asked to see usage in a stream (always true where the protocol always sends it)."""
    service_tier: str = ""
    user: str = ""
    """The end user's id: chat `user`, Anthropic `metadata.user_id`."""
    metadata: Extras | None = None
    cache_key: str = ""
    cache: CacheMark | None = None
    """A cache mark for the whole request (Anthropic's top-level `cache_control`)."""
    extras: Extras | None = None
    """Top-level fields of the client's protocol that have no canonical place."""


class Usage(Struct, kw_only=True):
    """Token counts. `input` excludes cache reads and writes; `output` includes reasoning. None: not reported.

    Details (`reasoning`, `audio_*`, …) are shares of the totals, never in addition to them. `cache_write` is all writes;
    `cache_write_1h` the share of them kept for an hour.
    """

    input: int | None = None
    output: int | None = None
    cache_read: int | None = None
    cache_write: int | None = None
    cache_write_1h: int | None = None
    reasoning: int | None = None
    audio_input: int | None = None
    cache_read_audio: int | None = None
    """The share of `audio_input` that was read from the cache."""
    audio_output: int | None = None
    image_input: int | None = None
    image_output: int | None = None
    accepted_prediction: int | None = None
    rejected_prediction: int | None = None
    web_searches: int | None = None
    """Searches the provider made and bills by the piece; None: none that it told of."""
    service_tier: str = ""
    cost: str | None = None
    """Cost in USD as the provider reported it, decimal text."""
    flags: list[str] = []
    """What had to be put right: "clamped_reasoning", "negative_input", "estimated" …"""
    raw: Extras | None = None
    """The usage object as the provider wrote it."""

    @property
    def input_total(self) -> int:
        """All input tokens, cache reads and writes included (how OpenAI and Gemini count)."""
        return (self.input or 0) + (self.cache_read or 0) + (self.cache_write or 0)


class Alternative(Struct, kw_only=True):
    """A further choice of the same request (`n` above 1)."""

    parts: list[Part]
    stop_reason: StopReason | None = None
    stop_sequence: str | None = None


class ChatResponse(Struct, kw_only=True):
    """What the model answered. `id`, `model` and `created` (seconds since the epoch) are the upstream's own, or empty."""

    parts: list[Part]
    stop_reason: StopReason | None = None
    stop_sequence: str | None = None
    usage: Usage | None = None
    id: str = ""
    model: str = ""
    created: int = 0
    alternatives: list[Alternative] = []
    protocol: str = ""
    """The upstream's protocol, in which `extras` are written."""
    extras: Extras | None = None
