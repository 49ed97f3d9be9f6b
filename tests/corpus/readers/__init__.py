"""Readers of the four wires, written from the vendors' documents and independent of the codecs they are to contradict."""

from types import ModuleType

from tests.corpus.readers import chat, gemini, messages, responses

READERS: dict[str, ModuleType] = {"chat": chat, "gemini": gemini, "messages": messages, "responses": responses}
