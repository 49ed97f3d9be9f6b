"""The official OpenAI packages: two variables, or the arguments of the same names."""

from plexus.cli.clients import Client, Gateway


def _example(gateway: Gateway) -> str:
    return f"""\
from openai import OpenAI

client = OpenAI()  # or OpenAI(base_url="{gateway.v1}", api_key=…)
answer = client.chat.completions.create(
    model="{gateway.model}", messages=[{{"role": "user", "content": "Say hello"}}]
)
print(answer.choices[0].message.content)"""


CLIENT = Client(
    name="openai-sdk",
    title="the OpenAI SDK",
    source="https://github.com/openai/openai-python",
    variables=lambda gateway: {"OPENAI_BASE_URL": gateway.v1, "OPENAI_API_KEY": gateway.key},
    example=_example,
)
