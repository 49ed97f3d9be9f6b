"""Mistral: chat, strict about unknown fields (422) and about the form of tool-call ids."""

from plexus.ir.target import Dialect
from plexus.providers import Provider, Speaks
from plexus.providers.signing import bearer

_CHAT = Dialect(
    # "Input should be 'function'" for a tool's type, a 422.
    custom_tools=False,
    # Roles are system, user, assistant and tool: https://docs.mistral.ai/api/endpoint/chat
    developer_role=False,
    max_tokens_field="max_tokens",
    # The last chunk always has usage; asking for it is a 422 "extra_forbidden" at stream_options.include_usage.
    stream_usage=False,
    # "Tool call id … must be a-z, A-Z, 0-9, with a length of 9."
    tool_id_pattern="[a-zA-Z0-9]{9}",
    tool_id_length=9,
    seed_field="random_seed",
    # Not in the request schema, which forbids extra fields (https://docs.mistral.ai/api/endpoint/chat).
    refused=frozenset(
        {
            "audio",
            "function_call",
            "functions",
            "logit_bias",
            "logprobs",
            "max_completion_tokens",
            "modalities",
            "seed",
            "service_tier",
            "store",
            "stream_options",
            "top_logprobs",
            "user",
            "verbosity",
            "web_search_options",
        }
    ),
)

PROVIDER = Provider(
    name="mistral",
    title="Mistral AI",
    source="https://docs.mistral.ai/api/endpoint/chat",
    spellings=("mistralai",),
    hosts=("api.mistral.ai", "codestral.mistral.ai"),
    protocols={"chat": Speaks(base_url="https://api.mistral.ai/v1", sign=bearer, dialect=_CHAT)},
)
