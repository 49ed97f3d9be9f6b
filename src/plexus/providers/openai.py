"""OpenAI. Responses comes first: the newest models take tools together with reasoning only there."""

from plexus.ir.target import Dialect
from plexus.providers import Provider, Speaks
from plexus.providers.signing import bearer

_CHAT = Dialect(
    # Tool-call ids above 40 characters are answered with 400 "string too long" on chat.
    tool_id_length=40,
    # `web_search_options` is accepted by the search-preview models only, so no server tool is claimed for chat.
    server_tools=frozenset(),
)

_RESPONSES = Dialect(
    # `call_id` has at most 64 characters on responses.
    tool_id_length=64,
    # https://developers.openai.com/api/docs/guides/tools
    server_tools=frozenset(
        {"web_search", "file_search", "code_execution", "computer", "image_generation", "mcp", "bash", "tool_search"}
    ),
)

PROVIDER = Provider(
    name="openai",
    title="OpenAI",
    source="https://developers.openai.com/api/reference/overview",
    hosts=("api.openai.com", "us.api.openai.com", "eu.api.openai.com"),
    protocols={
        # https://developers.openai.com/api/reference/resources/responses/subresources/input_tokens/methods/count
        "responses": Speaks(base_url="https://api.openai.com/v1", sign=bearer, dialect=_RESPONSES, counts_tokens=True),
        "chat": Speaks(base_url="https://api.openai.com/v1", sign=bearer, dialect=_CHAT),
    },
)
