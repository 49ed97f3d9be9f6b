"""Fireworks AI: chat, Anthropic-style messages and responses."""

from plexus.ir.target import Dialect
from plexus.providers import Provider, Speaks
from plexus.providers.signing import bearer

_CHAT = Dialect(
    # Tools are functions; free-form (`custom`) ones are OpenAI's own.
    custom_tools=False,
    # Roles are system, user, assistant and tool: https://docs.fireworks.ai/api-reference/post-chatcompletions
    developer_role=False,
    max_tokens_field="max_tokens",
    # Interleaved thinking wants it back: https://docs.fireworks.ai/guides/reasoning
    reasoning_field="reasoning_content",
)

PROVIDER = Provider(
    name="fireworks",
    title="Fireworks AI",
    source="https://docs.fireworks.ai/tools-sdks/openai-compatibility",
    spellings=("fireworks-ai",),
    hosts=("api.fireworks.ai", "us.api.fireworks.ai"),
    protocols={
        "chat": Speaks(base_url="https://api.fireworks.ai/inference/v1", sign=bearer, dialect=_CHAT),
        # https://docs.fireworks.ai/tools-sdks/anthropic-compatibility
        "messages": Speaks(
            base_url="https://api.fireworks.ai/inference/v1",
            sign=bearer,
            headers={"anthropic-version": "2023-06-01"},
        ),
        # https://docs.fireworks.ai/nexus/apis-and-sdks
        "responses": Speaks(base_url="https://api.fireworks.ai/inference/v1", sign=bearer),
    },
)
