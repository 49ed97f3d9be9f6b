"""OpenRouter: one key for many vendors' models, in three protocols."""

from plexus.ir.target import Dialect
from plexus.providers import Provider, Speaks
from plexus.providers.signing import bearer

_CHAT = Dialect(
    # Tools are functions; free-form (`custom`) ones are OpenAI's own.
    custom_tools=False,
    max_tokens_field="max_tokens",
    # https://openrouter.ai/docs/guides/best-practices/reasoning-tokens
    reasoning_field="reasoning",
    thinking_switch="reasoning",
    # `cache_control` on text parts is handed to Anthropic, Gemini and Qwen models.
    # https://openrouter.ai/docs/guides/best-practices/prompt-caching
    cache_marks=True,
)

_MESSAGES = Dialect(tool_id_pattern="[a-zA-Z0-9_-]+")

PROVIDER = Provider(
    name="openrouter",
    title="OpenRouter",
    source="https://openrouter.ai/docs/api/reference/overview",
    hosts=("openrouter.ai",),
    protocols={
        "chat": Speaks(base_url="https://openrouter.ai/api/v1", sign=bearer, dialect=_CHAT),
        # Stateless: https://openrouter.ai/docs/api/reference/responses/overview
        "responses": Speaks(base_url="https://openrouter.ai/api/v1", sign=bearer),
        # https://openrouter.ai/docs/guides/coding-agents/claude-code-integration
        "messages": Speaks(
            base_url="https://openrouter.ai/api/v1",
            sign=bearer,
            dialect=_MESSAGES,
            headers={"anthropic-version": "2023-06-01"},
        ),
    },
)
