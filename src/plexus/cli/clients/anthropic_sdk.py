"""The official Anthropic packages: two variables, or the arguments of the same names."""

from plexus.cli.clients import Client, Gateway


def _example(gateway: Gateway) -> str:
    return f"""\
from anthropic import Anthropic

client = Anthropic()  # or Anthropic(base_url="{gateway.url}", api_key=…)
answer = client.messages.create(
    model="{gateway.model}", max_tokens=1024, messages=[{{"role": "user", "content": "Say hello"}}]
)
print(answer.content[0].text)"""


CLIENT = Client(
    name="anthropic-sdk",
    title="the Anthropic SDK",
    source="https://github.com/anthropics/anthropic-sdk-python",
    variables=lambda gateway: {"ANTHROPIC_BASE_URL": gateway.url, "ANTHROPIC_API_KEY": gateway.key},
    example=_example,
)
