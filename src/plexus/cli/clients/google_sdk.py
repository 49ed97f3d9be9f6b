"""The official Google GenAI packages: two variables, or `http_options` and `api_key`."""

from plexus.cli.clients import Client, Gateway


def _example(gateway: Gateway) -> str:
    return f"""\
from google import genai

client = genai.Client()  # or genai.Client(http_options={{"base_url": "{gateway.url}"}}, api_key=…)
answer = client.models.generate_content(model="{gateway.model}", contents="Say hello")
print(answer.text)"""


CLIENT = Client(
    name="google-sdk",
    title="the Google GenAI SDK",
    source="https://github.com/googleapis/python-genai",
    variables=lambda gateway: {"GOOGLE_GEMINI_BASE_URL": gateway.url, "GEMINI_API_KEY": gateway.key},
    example=_example,
    remark="Unset GOOGLE_API_KEY in your shell: it wins over GEMINI_API_KEY.",
)
