"""Groq: chat, and responses without state."""

from plexus.ir.target import Dialect
from plexus.providers import Provider, Speaks
from plexus.providers.signing import bearer

_CHAT = Dialect(
    # "tools[0].type must be one of [function, mcp]", a 400.
    custom_tools=False,
    # Earlier reasoning goes back in `reasoning`: https://console.groq.com/docs/reasoning
    reasoning_field="reasoning",
    # "will result in a 400 error if they are supplied": https://console.groq.com/docs/openai
    refused=frozenset({"logprobs", "logit_bias", "top_logprobs"}),
    # "raw: Includes reasoning within <think> tags in the main text content", the default of some models without tools.
    # https://console.groq.com/docs/reasoning
    think_tags=True,
)

_RESPONSES = Dialect(
    # https://console.groq.com/docs/responses-api
    server_tools=frozenset({"code_execution", "mcp"}),
    refused=frozenset({"previous_response_id", "truncation", "include", "safety_identifier", "prompt_cache_key"}),
)

PROVIDER = Provider(
    name="groq",
    title="Groq",
    source="https://console.groq.com/docs/openai",
    hosts=("api.groq.com",),
    protocols={
        "chat": Speaks(base_url="https://api.groq.com/openai/v1", sign=bearer, dialect=_CHAT),
        "responses": Speaks(base_url="https://api.groq.com/openai/v1", sign=bearer, dialect=_RESPONSES),
    },
)
