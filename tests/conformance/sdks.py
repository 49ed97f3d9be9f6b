"""The official packages' clients, pointed at the gateway the way their users do it. No retries: a failure is seen at once."""

import contextlib
from typing import Self

import anthropic
import openai
from google import genai
from google.genai import types

KEY = "sk-conformance-0123456789"
LIMITED_KEY = "sk-limited-0123456789"


class Sdks:
    """`openai`, `anthropic` and `google` for one key."""

    def __init__(self, url: str, key: str = KEY) -> None:
        self._open = contextlib.ExitStack()
        self.url = url
        self.openai = self._open.enter_context(openai.OpenAI(base_url=f"{url}/v1", api_key=key, max_retries=0))
        self.anthropic = self._open.enter_context(anthropic.Anthropic(base_url=url, api_key=key, max_retries=0))
        self.google = genai.Client(api_key=key, http_options=types.HttpOptions(base_url=url))
        self._open.callback(self.google.close)

    def with_key(self, key: str) -> "Sdks":
        """The same with another key."""
        return self._open.enter_context(Sdks(self.url, key))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()
