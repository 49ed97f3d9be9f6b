"""Anthropic. Its OpenAI-style endpoint is left out: the vendor calls it a layer for tests, not for production.

https://platform.claude.com/docs/en/api/openai-sdk
"""

from plexus.ir.target import Dialect
from plexus.providers import Provider, Speaks
from plexus.providers.signing import x_api_key

_MESSAGES = Dialect(
    # "tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'", a 400 otherwise.
    tool_id_pattern="[a-zA-Z0-9_-]+",
    # Claude Code says in its first system text what it is billed by.
    billing_header=True,
    # https://platform.claude.com/docs/en/agents-and-tools/tool-use/overview
    server_tools=frozenset(
        {
            "web_search",
            "web_fetch",
            "code_execution",
            "computer",
            "bash",
            "text_editor",
            "memory",
            "tool_search",
            "mcp",
        }
    ),
)

PROVIDER = Provider(
    name="anthropic",
    title="Anthropic",
    source="https://platform.claude.com/docs/en/api/overview",
    spellings=("claude",),
    hosts=("api.anthropic.com",),
    protocols={
        "messages": Speaks(
            base_url="https://api.anthropic.com/v1",
            sign=x_api_key,
            dialect=_MESSAGES,
            headers={"anthropic-version": "2023-06-01"},
            counts_tokens=True,
        ),
    },
)
