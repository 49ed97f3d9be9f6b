"""Google Gemini with an API key. Its OpenAI-style endpoint is left out: beta, and thought signatures are second-class there.

https://ai.google.dev/gemini-api/docs/openai
"""

from plexus.ir.target import Dialect
from plexus.providers import Provider, Speaks
from plexus.providers.signing import x_goog_api_key

_GEMINI = Dialect(
    # https://ai.google.dev/gemini-api/docs/tools
    server_tools=frozenset({"web_search", "web_fetch", "code_execution", "computer", "file_search"}),
)

PROVIDER = Provider(
    name="gemini",
    title="Google Gemini",
    source="https://ai.google.dev/api",
    spellings=("google", "google-ai", "google-genai"),
    hosts=("generativelanguage.googleapis.com",),
    protocols={
        "gemini": Speaks(
            base_url="https://generativelanguage.googleapis.com/v1beta",
            sign=x_goog_api_key,
            dialect=_GEMINI,
            counts_tokens=True,
        ),
    },
)
