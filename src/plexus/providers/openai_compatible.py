"""Any server that copies OpenAI chat (vLLM, SGLang, llama.cpp, LM Studio, hosted clones): the least that all of them take."""

from plexus.ir.target import Dialect
from plexus.providers import Provider, Speaks
from plexus.providers.signing import bearer

_CHAT = Dialect(
    # Tools are functions; free-form (`custom`) ones are OpenAI's own.
    custom_tools=False,
    # Chat templates refuse or skip a role they do not know.
    # https://docs.vllm.ai/en/latest/serving/openai_compatible_server/
    developer_role=False,
    max_tokens_field="max_tokens",
    # A server that was started without a reasoning parser leaves the tags where they are.
    # https://docs.vllm.ai/en/latest/features/reasoning_outputs/
    think_tags=True,
)

PROVIDER = Provider(
    name="openai-compatible",
    title="OpenAI-compatible server",
    source="https://docs.vllm.ai/en/latest/serving/openai_compatible_server/",
    spellings=("openai_compatible", "openai-compat", "openaicompatible"),
    needs_base_url=True,
    needs_key=False,
    protocols={"chat": Speaks(base_url="", sign=bearer, dialect=_CHAT)},
)
