"""What an encoder must know of the target: who it is, what its model can do, and how its dialect departs from the protocol.

All of it is data, filled from `providers/` and `providers/profiles/`; codecs read it and never ask who the provider is.
"""

from typing import Literal

from msgspec import Struct

from plexus.ir.parts import Origin

ReasoningStyle = Literal[
    "",  # unknown: send what the client said where the wire has a field, with the plainest mapping
    "none",  # the model does not reason and refuses the setting
    "effort",  # a word: OpenAI `reasoning_effort`, Responses `reasoning.effort`
    "budget",  # tokens: Anthropic `thinking.budget_tokens`, Gemini 2.5 `thinkingBudget`
    "adaptive",  # Anthropic adaptive thinking with `output_config.effort`
    "level",  # a word: Gemini 3 `thinkingLevel`
]


class ReasoningProfile(Struct, frozen=True, kw_only=True):
    """How one model generation is told to think. `source` is the vendor's page."""

    style: ReasoningStyle = ""
    efforts: tuple[str, ...] = ()
    """Words the model accepts, weakest first."""
    budget_min: int = 1024
    budget_max: int = 32_000
    can_disable: bool = True
    dynamic: bool = False
    """Whether a budget of -1 (the model decides) is accepted."""
    refuses_sampling: bool = False
    """Whether temperature, top_p and top_k are refused while the model thinks."""
    source: str = ""


class ModelProfile(Struct, frozen=True, kw_only=True):
    """What is known of a model family. Unknown is None or empty and then nothing is assumed."""

    family: str = ""
    max_output: int | None = None
    """Output tokens at most; the default for `max_tokens` where the protocol demands one."""
    reasoning: ReasoningProfile = ReasoningProfile()
    inputs: tuple[str, ...] = ()
    """Kinds of media the model takes ("image", "document", "audio", "video"); empty: unknown."""
    refuses_sampling: bool = False
    """Whether the model always refuses temperature, top_p and the penalties (OpenAI o-series, gpt-5)."""
    exclusive_sampling: bool = False
    """Whether temperature and top_p together are refused (Claude from Opus 4.1 on)."""
    late_system: bool | None = None
    """Whether instructions may stand in mid-conversation (Claude from Opus 4.8 on); None: unknown."""
    protocols: tuple[str, ...] = ()
    """The only protocols its maker serves it in (OpenAI's codex: responses; its audio models: chat); empty: all."""
    forced_tools: bool = True
    """Whether a tool choice of "required" or "tool" is accepted; else it is an error and becomes "auto" (Claude 5.5)."""
    source: str = ""


class Dialect(Struct, frozen=True, kw_only=True):
    """Where a provider departs from the protocol it speaks. The defaults are the vendor of the protocol itself."""

    developer_role: bool = True
    """chat: whether `developer` messages are accepted; else they become `system`."""
    max_tokens_field: str = "max_completion_tokens"
    """chat: `max_tokens` or `max_completion_tokens`."""
    seed_field: str = "seed"
    """chat: `seed` or `random_seed` (Mistral)."""
    reasoning_field: str = ""
    """chat: the field in which the target wants earlier reasoning back ("reasoning_content", "reasoning"), or none."""
    reasoning_effort: bool = True
    """chat: whether `reasoning_effort` is accepted."""
    think_tags: bool = False
    """chat: whether answers may begin with reasoning between `<think>` and `</think>`, in the text itself."""
    thinking_switch: str = ""
    """chat: the field that turns thinking on and off where no effort word does: "thinking" (`{"type": "enabled"}` or
    `"disabled"`: DeepSeek, GLM, Kimi), "reasoning" (`{"effort": …}`, `{"max_tokens": …}` or `{"enabled": false}`:
    OpenRouter), or none."""
    stream_usage: bool = True
    """chat: whether `stream_options.include_usage` is accepted."""
    tool_id_pattern: str = ""
    """A regular expression the target's tool-call ids must match in full, or none."""
    tool_id_length: int = 0
    """The longest tool-call id accepted, 0 for no limit."""
    json_schema: bool = True
    """Whether schema-bound output is accepted; else it becomes JSON mode."""
    parallel_tool_calls: bool = True
    tool_media: bool = False
    """chat: whether tool messages may hold images; else they follow as a user message."""
    refused: frozenset[str] = frozenset()
    """Top-level wire fields the target answers with an error; they are dropped and reported."""
    text_arrays: bool = True
    """chat: whether messages may hold arrays of text parts; else what is all text becomes one string."""
    custom_tools: bool = True
    """chat, responses: whether free-form (`custom`) tools are accepted; else they become functions."""
    cache_marks: bool = False
    """chat: whether `cache_control` on parts is understood (OpenRouter)."""
    billing_header: bool = False
    """Whether `x-anthropic-billing-header` lines in the instructions are meant for it (Anthropic); elsewhere they go."""
    cache_ttl: bool = True
    """messages: whether `ttl` in `cache_control` is accepted."""
    server_tools: frozenset[str] = frozenset()
    """Canonical names of server-side tools the target offers in this protocol."""
    stream_only: bool = False
    """The upstream only streams; unary clients get the folded stream."""
    unary_only: bool = False
    """The upstream never streams; streaming clients get the unfolded answer."""


class Target(Struct, frozen=True, kw_only=True):
    """One provider and one of its models, reached in one protocol."""

    provider: str
    model: str
    protocol: str
    profile: ModelProfile = ModelProfile()
    dialect: Dialect = Dialect()

    @property
    def origin(self) -> Origin:
        """The origin that opaque values made by this target carry."""
        return Origin(protocol=self.protocol, provider=self.provider, model=self.model)
