"""Models and token counts, asked by each package in its own dialect."""

import anthropic
import openai
import pytest
from google.genai import errors

from tests.conformance.sdks import LIMITED_KEY, Sdks


def test_every_package_lists_the_models_in_its_own_dialect(sdks):
    names = {model.id for model in sdks.openai.models.list()}
    assert {"echo-on-chat", "echo-on-gemini", "tools-on-messages"} <= names
    assert {model.id for model in sdks.anthropic.models.list()} == names
    assert {model.name for model in sdks.google.models.list()} == {f"models/{name}" for name in names}


def test_every_package_retrieves_one_model(sdks):
    assert sdks.openai.models.retrieve("echo-on-chat").id == "echo-on-chat"
    assert sdks.anthropic.models.retrieve("echo-on-chat").id == "echo-on-chat"
    assert sdks.google.models.get(model="echo-on-chat").name == "models/echo-on-chat"


def test_names_with_slashes_are_retrieved_and_used(sdks):
    name = "direct/demo-chat/demo/echo"
    answer = sdks.openai.chat.completions.create(model=name, messages=[{"role": "user", "content": "hi"}])
    assert answer.choices[0].message.content == "hi"
    assert sdks.google.models.generate_content(model=name, contents="hi").text == "hi"


def test_a_model_nobody_has_is_each_packages_not_found(sdks):
    with pytest.raises(openai.NotFoundError):
        sdks.openai.models.retrieve("nobody")
    with pytest.raises(anthropic.NotFoundError):
        sdks.anthropic.models.retrieve("nobody")
    with pytest.raises(errors.ClientError) as caught:
        sdks.google.models.get(model="nobody")
    assert caught.value.code == 404


def test_a_key_sees_only_what_it_may_use(gateway):
    with Sdks(gateway.base_url, LIMITED_KEY) as limited:
        assert [model.id for model in limited.openai.models.list()] == ["echo-on-chat"]
        assert [model.id for model in limited.anthropic.models.list()] == ["echo-on-chat"]
        assert [model.name for model in limited.google.models.list()] == ["models/echo-on-chat"]


def test_anthropic_counts_tokens_natively_or_says_that_it_estimates(sdks, upstream):
    raw = sdks.anthropic.messages.with_raw_response.count_tokens(
        model=f"chat-on-{upstream}", messages=[{"role": "user", "content": "one two three"}]
    )
    estimated = raw.headers.get("x-plexus-estimated") == "true"
    assert estimated == (upstream != "messages")
    assert raw.parse().input_tokens >= 3


def test_google_counts_tokens_natively_or_says_that_it_estimates(sdks, upstream):
    answer = sdks.google.models.count_tokens(model=f"chat-on-{upstream}", contents="one two three")
    estimated = answer.sdk_http_response.headers.get("x-plexus-estimated") == "true"
    assert estimated == (upstream != "gemini")
    assert answer.total_tokens >= 3


def test_openai_counts_input_tokens(sdks, upstream):
    count = sdks.openai.responses.input_tokens.count(model=f"chat-on-{upstream}", input="one two three")
    assert count.object == "response.input_tokens"
    assert count.input_tokens >= 3


def test_a_count_passes_the_retry_after_of_a_target_that_counts(sdks):
    with pytest.raises(anthropic.RateLimitError) as caught:
        sdks.anthropic.messages.count_tokens(
            model="retry-seconds-on-messages", messages=[{"role": "user", "content": "hi"}]
        )
    assert caught.value.response.headers["retry-after"] == "30"


def test_a_target_that_turns_out_not_to_count_is_estimated(sdks):
    raw = sdks.anthropic.messages.with_raw_response.count_tokens(
        model="status-404-on-messages", messages=[{"role": "user", "content": "one two three"}]
    )
    assert raw.headers["x-plexus-estimated"] == "true"
    assert raw.parse().input_tokens >= 3
