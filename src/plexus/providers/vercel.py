"""Vercel AI Gateway: one key for many vendors' models, in three protocols."""

from plexus.ir.target import Dialect
from plexus.providers import Provider, Speaks
from plexus.providers.signing import bearer

_CHAT = Dialect(
    # Tools are functions; free-form (`custom`) ones are OpenAI's own.
    custom_tools=False,
    max_tokens_field="max_tokens",
    # https://vercel.com/docs/ai-gateway/sdks-and-apis/openai-chat-completions/reasoning
    reasoning_field="reasoning",
)

_MESSAGES = Dialect(tool_id_pattern="[a-zA-Z0-9_-]+")

PROVIDER = Provider(
    name="vercel",
    title="Vercel AI Gateway",
    source="https://vercel.com/docs/ai-gateway/sdks-and-apis",
    spellings=("ai-gateway", "vercel-ai-gateway"),
    hosts=("ai-gateway.vercel.sh",),
    protocols={
        # https://vercel.com/docs/ai-gateway/sdks-and-apis/openai-chat-completions
        "chat": Speaks(base_url="https://ai-gateway.vercel.sh/v1", sign=bearer, dialect=_CHAT),
        # https://vercel.com/docs/ai-gateway/sdks-and-apis/responses
        "responses": Speaks(base_url="https://ai-gateway.vercel.sh/v1", sign=bearer),
        # `x-api-key` works too: https://vercel.com/docs/ai-gateway/sdks-and-apis/anthropic-messages-api
        "messages": Speaks(
            base_url="https://ai-gateway.vercel.sh/v1",
            sign=bearer,
            dialect=_MESSAGES,
            headers={"anthropic-version": "2023-06-01"},
        ),
    },
)
