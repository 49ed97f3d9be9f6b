"""Ollama: local by default, its cloud by `api_base_url: https://ollama.com/v1`. A key is only needed in the cloud."""

from plexus.ir.target import Dialect
from plexus.providers import Provider, Speaks
from plexus.providers.signing import bearer

_CHAT = Dialect(
    # Tools are functions; free-form (`custom`) ones are OpenAI's own.
    custom_tools=False,
    # A chat template that does not know the role leaves its text out.
    developer_role=False,
    max_tokens_field="max_tokens",
    # https://docs.ollama.com/capabilities/thinking
    reasoning_field="reasoning",
    # A model whose template knows no thinking (an imported one) writes it into the text: https://ollama.com/blog/thinking
    think_tags=True,
)

PROVIDER = Provider(
    name="ollama",
    title="Ollama",
    source="https://docs.ollama.com/api/openai-compatibility",
    hosts=("localhost:11434", "127.0.0.1:11434", "[::1]:11434", "ollama.com"),
    needs_key=False,
    protocols={
        "chat": Speaks(base_url="http://localhost:11434/v1", sign=bearer, dialect=_CHAT),
        # The cloud takes the bearer token only: https://docs.ollama.com/api/anthropic-compatibility
        "messages": Speaks(
            base_url="http://localhost:11434/v1",
            sign=bearer,
            headers={"anthropic-version": "2023-06-01"},
        ),
        # Since 0.13.3, without state: https://docs.ollama.com/api/openai-compatibility
        "responses": Speaks(base_url="http://localhost:11434/v1", sign=bearer),
    },
)
