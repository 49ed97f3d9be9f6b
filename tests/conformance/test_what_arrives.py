"""What the packages put into a request reaches an upstream of every protocol: images, documents, tool choices, settings.

The upstream records; the independent readers of `tests/corpus` say what a recorded request asks for.
"""

import base64
from typing import Any

import pytest
from google.genai import types

from tests.conformance.asked import WEATHER
from tests.corpus.neutral import digest
from tests.corpus.readers import READERS

PNG = base64.b64encode(
    bytes.fromhex(
        "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c63f8cfc0f01f0005000"
        "1ff56c7d0370000000049454e44ae426082"
    )
).decode()
PDF = base64.b64encode(b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n").decode()
LINK = "https://images.example/cat.png"


class Recorder:
    """Sends through a package and reads what arrived."""

    def __init__(self, sdks, faulty, upstream):
        self.sdks, self.upstream, self.model = sdks, upstream, f"text-only-on-{upstream}"
        self._faulty = faulty

    @property
    def body(self):
        """The last request's body."""
        return self._faulty.received[-1].json

    @property
    def asked(self):
        """The last request as the reader of its protocol sees it."""
        assert self._faulty.received[-1].protocol == self.upstream
        return READERS[self.upstream].request(self.body)

    def chat(self, content: Any = "hi", **options: Any) -> None:
        self.sdks.openai.chat.completions.create(
            model=self.model, messages=[{"role": "user", "content": content}], **options
        )

    def responses(self, content: Any = "hi", **options: Any) -> None:
        self.sdks.openai.responses.create(model=self.model, input=[{"role": "user", "content": content}], **options)

    def anthropic(self, content: Any = "hi", **options: Any) -> None:
        self.sdks.anthropic.messages.create(
            model=self.model, max_tokens=100, messages=[{"role": "user", "content": content}], **options
        )

    def google(self, parts: Any = "hi", **config: Any) -> None:
        off = types.AutomaticFunctionCallingConfig(disable=True)
        self.sdks.google.models.generate_content(
            model=self.model,
            contents=parts,
            config=types.GenerateContentConfig(automatic_function_calling=off, **config),
        )


@pytest.fixture
def sent(sdks, faulty, upstream):
    return Recorder(sdks, faulty, upstream)


IMAGES = {
    "chat": lambda sent: sent.chat(
        [
            {"type": "text", "text": "What is it?"},
            {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}},
        ]
    ),
    "responses": lambda sent: sent.responses(
        [
            {"type": "input_text", "text": "What is it?"},
            {"type": "input_image", "image_url": f"data:image/png;base64,{PNG}", "detail": "auto"},
        ]
    ),
    "anthropic": lambda sent: sent.anthropic(
        [
            {"type": "text", "text": "What is it?"},
            {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}},
        ]
    ),
    "google": lambda sent: sent.google(
        [types.Part(text="What is it?"), types.Part.from_bytes(data=base64.b64decode(PNG), mime_type="image/png")]
    ),
}
LINKS = {
    "chat": lambda sent: sent.chat([{"type": "image_url", "image_url": {"url": LINK}}]),
    "responses": lambda sent: sent.responses([{"type": "input_image", "image_url": LINK, "detail": "auto"}]),
    "anthropic": lambda sent: sent.anthropic([{"type": "image", "source": {"type": "url", "url": LINK}}]),
    "google": lambda sent: sent.google([types.Part.from_uri(file_uri=LINK, mime_type="image/png")]),
}
DOCUMENTS = {
    "chat": lambda sent: sent.chat(
        [{"type": "file", "file": {"filename": "a.pdf", "file_data": f"data:application/pdf;base64,{PDF}"}}]
    ),
    "responses": lambda sent: sent.responses(
        [{"type": "input_file", "filename": "a.pdf", "file_data": f"data:application/pdf;base64,{PDF}"}]
    ),
    "anthropic": lambda sent: sent.anthropic(
        [{"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": PDF}}]
    ),
    "google": lambda sent: sent.google(
        [types.Part.from_bytes(data=base64.b64decode(PDF), mime_type="application/pdf")]
    ),
}


@pytest.mark.parametrize("package", IMAGES)
def test_an_image_arrives_with_its_bytes_and_type_after_its_text(sent, package):
    IMAGES[package](sent)
    assert sent.asked.turns == [("user", "text", "What is it?"), ("user", "image", digest(PNG))]
    assert "image/png" in str(sent.body)


@pytest.mark.parametrize("package", LINKS)
def test_an_image_by_address_arrives_as_that_address(sent, package):
    LINKS[package](sent)
    [(role, _kind, _value)] = sent.asked.turns
    assert role == "user"
    assert LINK in str(sent.body)


@pytest.mark.parametrize("package", DOCUMENTS)
def test_a_pdf_arrives_with_its_bytes(sent, package):
    DOCUMENTS[package](sent)
    assert sent.asked.turns == [("user", "document", digest(PDF))]


def test_a_tool_result_with_an_image_arrives_with_its_bytes(sent):
    call = {"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {"city": "Paris"}}
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}}
    result = {"type": "tool_result", "tool_use_id": "toolu_1", "content": [{"type": "text", "text": "look"}, image]}
    history = [
        {"role": "user", "content": "weather?"},
        {"role": "assistant", "content": [call]},
        {"role": "user", "content": [result]},
    ]
    sent.sdks.anthropic.messages.create(model=sent.model, max_tokens=100, messages=history, tools=tools_of("anthropic"))
    [(_, _, arrived)] = [turn for turn in sent.asked.turns if turn[1] == "result"]
    assert ("text", "look") in arrived.content or "look" in str(arrived.content)
    assert digest(PNG) in str(sent.asked.turns)


def tools_of(package):
    """Two tools as the package wants them."""
    if package == "chat":
        return [
            {"type": "function", "function": {"name": name, "description": "d", "parameters": WEATHER}}
            for name in ("weather", "news")
        ]
    if package == "responses":
        return [
            {"type": "function", "name": name, "description": "d", "parameters": WEATHER, "strict": False}
            for name in ("weather", "news")
        ]
    if package == "anthropic":
        return [{"name": name, "description": "d", "input_schema": WEATHER} for name in ("weather", "news")]
    declared = [
        types.FunctionDeclaration(name=name, description="d", parameters_json_schema=WEATHER)
        for name in ("weather", "news")
    ]
    return [types.Tool(function_declarations=declared)]


def calling(mode, *names):
    config = types.FunctionCallingConfig(mode=mode, allowed_function_names=list(names) or None)
    return types.ToolConfig(function_calling_config=config)


CHOICES: dict[tuple[str, str], dict[str, Any]] = {
    ("chat", "required"): {"tool_choice": "required"},
    ("chat", "none"): {"tool_choice": "none"},
    ("chat", "tool"): {"tool_choice": {"type": "function", "function": {"name": "news"}}},
    ("chat", ""): {"tool_choice": "auto"},
    ("responses", "required"): {"tool_choice": "required"},
    ("responses", "none"): {"tool_choice": "none"},
    ("responses", "tool"): {"tool_choice": {"type": "function", "name": "news"}},
    ("responses", ""): {"tool_choice": "auto"},
    ("anthropic", "required"): {"tool_choice": {"type": "any"}},
    ("anthropic", "none"): {"tool_choice": {"type": "none"}},
    ("anthropic", "tool"): {"tool_choice": {"type": "tool", "name": "news"}},
    ("anthropic", ""): {"tool_choice": {"type": "auto"}},
    ("google", "required"): {"tool_config": calling("ANY")},
    ("google", "none"): {"tool_config": calling("NONE")},
    ("google", "tool"): {"tool_config": calling("ANY", "news")},
    ("google", ""): {"tool_config": calling("AUTO")},
}


@pytest.mark.parametrize(("package", "mode"), CHOICES)
def test_every_form_of_tool_choice_arrives(sent, package, mode):
    getattr(sent, package)(tools=tools_of(package), **CHOICES[package, mode])
    assert [tool.name for tool in sent.asked.tools] == ["weather", "news"]
    assert sent.asked.choice == (mode, ("news",) if mode == "tool" else ())


PARALLEL: dict[str, dict[str, Any]] = {
    "chat": {"parallel_tool_calls": False},
    "responses": {"parallel_tool_calls": False},
    "anthropic": {"tool_choice": {"type": "auto", "disable_parallel_tool_use": True}},
}


@pytest.mark.parametrize("package", PARALLEL)
def test_a_wish_for_one_call_at_a_time_arrives_where_it_can_be_said(sent, package):
    getattr(sent, package)(tools=tools_of(package), **PARALLEL[package])
    assert sent.asked.parallel is (None if sent.upstream == "gemini" else False)


SETTINGS: dict[str, dict[str, Any]] = {
    "chat": {"temperature": 0.5, "max_completion_tokens": 77},
    "responses": {"temperature": 0.5, "max_output_tokens": 77},
    "anthropic": {"extra_body": {"temperature": 0.5}},  # the package names no sampling any more
    "google": {"temperature": 0.5, "max_output_tokens": 77},
}


@pytest.mark.parametrize("package", SETTINGS)
def test_sampling_and_length_arrive(sent, package):
    getattr(sent, package)(**SETTINGS[package])
    assert sent.asked.sampling == {"temperature": 0.5}
    assert sent.asked.max_tokens == (100 if package == "anthropic" else 77)


SYSTEM = {
    "chat": lambda sent: sent.sdks.openai.chat.completions.create(
        model=sent.model,
        messages=[{"role": "developer", "content": "Be brief."}, {"role": "user", "content": "hi"}],
    ),
    "responses": lambda sent: sent.responses(instructions="Be brief."),
    "anthropic": lambda sent: sent.anthropic(system=[{"type": "text", "text": "Be brief."}]),
    "google": lambda sent: sent.google(system_instruction="Be brief."),
}


@pytest.mark.parametrize("package", SYSTEM)
def test_the_system_text_arrives_in_its_place(sent, package):
    SYSTEM[package](sent)
    assert sent.asked.system == ["Be brief."]
    assert sent.asked.turns == [("user", "text", "hi")]


def test_no_credential_of_the_client_arrives_upstream(sent):
    for send in SYSTEM.values():
        send(sent)
        received = sent._faulty.received[-1]
        assert received.credential == "sk-upstream-secret"
        assert b"sk-conformance" not in received.head + received.body
