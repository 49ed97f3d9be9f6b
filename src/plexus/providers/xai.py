"""xAI (Grok): responses, and chat as its older form. Its Anthropic-style endpoint is deprecated by the vendor, so left out.

https://docs.x.ai/developers/rest-api-reference/inference/legacy
"""

from plexus.ir.target import Dialect
from plexus.providers import Provider, Speaks
from plexus.providers.signing import bearer

_CHAT = Dialect(
    # Tools are functions; free-form (`custom`) ones are OpenAI's own.
    custom_tools=False,
    # Answers carry `reasoning_content`; it is read, and not wanted back.
    # https://docs.x.ai/developers/model-capabilities/text/reasoning
    # "(Unsupported)" in https://docs.x.ai/developers/rest-api-reference/inference/chat
    refused=frozenset({"logit_bias"}),
)

_RESPONSES = Dialect(
    # https://docs.x.ai/developers/tools/overview
    server_tools=frozenset({"web_search", "code_execution", "file_search", "mcp"}),
)

PROVIDER = Provider(
    name="xai",
    title="xAI",
    source="https://docs.x.ai/developers/rest-api-reference/inference",
    spellings=("x.ai", "grok"),
    hosts=("api.x.ai", "us.api.x.ai"),
    protocols={
        "responses": Speaks(base_url="https://api.x.ai/v1", sign=bearer, dialect=_RESPONSES),
        "chat": Speaks(base_url="https://api.x.ai/v1", sign=bearer, dialect=_CHAT),
    },
)
