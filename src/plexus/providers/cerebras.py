"""Cerebras Inference: chat only."""

from plexus.ir.target import Dialect
from plexus.providers import Provider, Speaks
from plexus.providers.signing import bearer

_CHAT = Dialect(
    # Tools are functions; free-form (`custom`) ones are OpenAI's own.
    custom_tools=False,
    # Documented roles are system, user, assistant and tool: https://inference-docs.cerebras.ai/api-reference/chat-completions
    developer_role=False,
    # Reasoning of earlier turns is kept when it comes back: https://inference-docs.cerebras.ai/capabilities/reasoning
    reasoning_field="reasoning",
    # "will result in a 400 error": https://inference-docs.cerebras.ai/resources/openai
    refused=frozenset({"frequency_penalty", "logit_bias", "presence_penalty", "service_tier"}),
)

PROVIDER = Provider(
    name="cerebras",
    title="Cerebras",
    source="https://inference-docs.cerebras.ai/resources/openai",
    hosts=("api.cerebras.ai",),
    protocols={"chat": Speaks(base_url="https://api.cerebras.ai/v1", sign=bearer, dialect=_CHAT)},
)
