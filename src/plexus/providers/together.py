"""Together AI: chat."""

from plexus.ir.target import Dialect
from plexus.providers import Provider, Speaks
from plexus.providers.signing import bearer

_CHAT = Dialect(
    # Tools are functions; free-form (`custom`) ones are OpenAI's own.
    custom_tools=False,
    # Documented roles are system, user, assistant and tool: https://docs.together.ai/reference/chat-completions
    developer_role=False,
    max_tokens_field="max_tokens",
    # https://docs.together.ai/docs/reasoning-overview
    reasoning_field="reasoning",
    # "Most reasoning models return a separate reasoning field": the others write it into the text.
    # https://docs.together.ai/docs/inference/chat/reasoning
    think_tags=True,
)

PROVIDER = Provider(
    name="together",
    title="Together AI",
    source="https://docs.together.ai/docs/openai-api-compatibility",
    spellings=("together-ai", "togetherai"),
    hosts=("api.together.xyz", "api.together.ai"),
    protocols={"chat": Speaks(base_url="https://api.together.xyz/v1", sign=bearer, dialect=_CHAT)},
)
