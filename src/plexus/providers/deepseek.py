"""DeepSeek: chat, Anthropic-style messages and stateless responses, with the model's reasoning wanted back on tool turns."""

from plexus.ir.target import Dialect
from plexus.providers import Provider, Speaks
from plexus.providers.signing import bearer, x_api_key

_CHAT = Dialect(
    # Tools are functions; free-form (`custom`) ones are OpenAI's own.
    custom_tools=False,
    # "messages[1]: invalid type: sequence, expected a string", a 400: content is never an array.
    text_arrays=False,
    # "unknown variant `developer`": the roles are system, user, assistant and tool.
    # https://api-docs.deepseek.com/api/create-chat-completion
    developer_role=False,
    max_tokens_field="max_tokens",
    # A turn with tool calls must bring its reasoning along: https://api-docs.deepseek.com/guides/thinking_mode
    reasoning_field="reasoning_content",
    # `thinking: {"type": "enabled" | "disabled"}`; no effort word switches thinking off on chat (same page).
    thinking_switch="thinking",
    # `response_format` knows text and json_object; a schema is "unavailable now".
    # https://api-docs.deepseek.com/guides/json_mode
    json_schema=False,
)

PROVIDER = Provider(
    name="deepseek",
    title="DeepSeek",
    source="https://api-docs.deepseek.com/",
    hosts=("api.deepseek.com",),
    protocols={
        "chat": Speaks(base_url="https://api.deepseek.com", sign=bearer, dialect=_CHAT),
        # https://api-docs.deepseek.com/guides/anthropic_api
        "messages": Speaks(
            base_url="https://api.deepseek.com/anthropic/v1",
            sign=x_api_key,
            headers={"anthropic-version": "2023-06-01"},
        ),
        # Effort goes by `reasoning.effort`, "none" included: https://api-docs.deepseek.com/guides/thinking_mode
        "responses": Speaks(base_url="https://api.deepseek.com", sign=bearer),
    },
)
