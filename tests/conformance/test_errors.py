"""Every failure is raised as the package's own typed exception, whole and streamed; a broken stream never looks normal."""

from typing import Any, ClassVar

import anthropic
import openai
import pytest
from google.genai import errors as google

from tests.conformance.sdks import LIMITED_KEY, Sdks

USER = [{"role": "user", "content": "hi"}]


class OpenAIChat:
    """openai, chat completions."""

    failures: Any = openai.APIError
    by_status: ClassVar[dict[Any, Any]] = {
        400: openai.BadRequestError,
        401: openai.AuthenticationError,
        403: openai.PermissionDeniedError,
        404: openai.NotFoundError,
        413: openai.APIStatusError,
        429: openai.RateLimitError,
        502: openai.InternalServerError,
        "overloaded": openai.InternalServerError,
    }
    overloaded = 503

    def whole(self, sdks, model, content="hi"):
        sdks.openai.chat.completions.create(model=model, messages=[{"role": "user", "content": content}])

    def stream(self, sdks, model):
        with sdks.openai.chat.completions.stream(model=model, messages=USER) as stream:
            stream.get_final_completion()

    def status(self, error):
        return error.status_code

    def retry_after(self, error):
        return error.response.headers["retry-after"]


class OpenAIResponses(OpenAIChat):
    """openai, responses."""

    # a stream of the same protocol that failed inside is told in the provider's own words, `response.failed`
    failures = (openai.APIError, RuntimeError)

    def whole(self, sdks, model, content="hi"):
        sdks.openai.responses.create(model=model, input=content)

    def stream(self, sdks, model):
        with sdks.openai.responses.stream(model=model, input="hi") as stream:
            stream.get_final_response()


class Anthropic:
    """anthropic."""

    failures = anthropic.APIError
    by_status: ClassVar[dict[Any, Any]] = {
        400: anthropic.BadRequestError,
        401: anthropic.AuthenticationError,
        403: anthropic.PermissionDeniedError,
        404: anthropic.NotFoundError,
        413: anthropic.APIStatusError,
        429: anthropic.RateLimitError,
        502: anthropic.InternalServerError,
        "overloaded": anthropic.InternalServerError,
    }
    overloaded = 529

    def whole(self, sdks, model, content="hi"):
        sdks.anthropic.messages.create(model=model, max_tokens=100, messages=[{"role": "user", "content": content}])

    def stream(self, sdks, model):
        with sdks.anthropic.messages.stream(model=model, max_tokens=100, messages=USER) as stream:
            stream.get_final_message()

    def status(self, error):
        return error.status_code

    def retry_after(self, error):
        return error.response.headers["retry-after"]


class Google:
    """google-genai."""

    failures = google.APIError
    by_status: ClassVar[dict[Any, Any]] = {
        **dict.fromkeys((400, 401, 403, 404, 413, 429), google.ClientError),
        502: google.ServerError,
        "overloaded": google.ServerError,
    }
    overloaded = 503

    def whole(self, sdks, model, content="hi"):
        sdks.google.models.generate_content(model=model, contents=content)

    def stream(self, sdks, model):
        for _ in sdks.google.models.generate_content_stream(model=model, contents="hi"):
            pass

    def status(self, error):
        return error.code

    def retry_after(self, error):
        return error.response.headers["retry-after"]


CLIENTS = (OpenAIChat(), OpenAIResponses(), Anthropic(), Google())
UPSTREAM_STATUS = {
    "status-400": 400,
    "status-401": 502,  # the gateway's credentials, not the client's
    "status-403": 502,
    "status-404": 404,
    "status-413": 413,
    "retry-seconds": 429,
    "status-500": 502,
    "status-503": 502,
    "fin-before-headers": 502,
}


@pytest.fixture(params=CLIENTS, ids=lambda client: type(client).__name__)
def client(request):
    return request.param


@pytest.mark.parametrize("streaming", [False, True])
@pytest.mark.parametrize(("fault", "status"), UPSTREAM_STATUS.items())
def test_a_providers_failure_has_its_type_and_status(sdks, upstream, client, fault, status, streaming):
    with pytest.raises(client.by_status[status]) as caught:
        (client.stream if streaming else client.whole)(sdks, f"{fault}-on-{upstream}")
    assert client.status(caught.value) == status
    assert "sk-upstream-secret" not in str(caught.value)
    if status == 429:
        assert client.retry_after(caught.value) == "30"


@pytest.mark.parametrize("streaming", [False, True])
def test_an_overloaded_provider_is_each_protocols_own_overloaded(sdks, upstream, client, streaming):
    with pytest.raises(client.by_status["overloaded"]) as caught:
        (client.stream if streaming else client.whole)(sdks, f"status-529-on-{upstream}")
    assert client.status(caught.value) == client.overloaded


@pytest.mark.parametrize("fault", ["first-event-error", "error-after-2", "cut-after-2", "reset-after-2"])
def test_a_stream_that_breaks_raises_and_never_looks_like_a_normal_end(sdks, upstream, client, fault):
    with pytest.raises(client.failures):
        client.stream(sdks, f"{fault}-on-{upstream}")


@pytest.mark.parametrize("fault", ["first-event-error", "cut-after-2", "reset-after-2"])
def test_a_whole_answer_that_breaks_is_the_providers_failure(sdks, upstream, client, fault):
    with pytest.raises(client.failures) as caught:
        client.whole(sdks, f"{fault}-on-{upstream}")
    assert client.status(caught.value) in {502, client.overloaded}


def test_a_wrong_key_is_an_authentication_error(gateway, client):
    with Sdks(gateway.base_url, "sk-wrong-0123456789") as stranger, pytest.raises(client.by_status[401]) as caught:
        client.whole(stranger, "echo-on-chat")
    assert client.status(caught.value) == 401


def test_a_model_the_key_may_not_use_is_a_permission_error(gateway, client):
    with Sdks(gateway.base_url, LIMITED_KEY) as limited:
        client.whole(limited, "echo-on-chat")
        with pytest.raises(client.by_status[403]) as caught:
            client.whole(limited, "echo-on-messages")
    assert client.status(caught.value) == 403


def test_an_unknown_model_is_not_found(sdks, client):
    with pytest.raises(client.by_status[404]) as caught:
        client.whole(sdks, "nobody-has-this")
    assert client.status(caught.value) == 404


def test_a_body_beyond_the_limit_is_too_large(sdks, client):
    with pytest.raises(client.by_status[413]) as caught:
        client.whole(sdks, "echo-on-chat", "x" * 1_100_000)
    assert client.status(caught.value) == 413


def test_an_invalid_body_is_a_bad_request_that_names_the_field(sdks, upstream):
    model = f"echo-on-{upstream}"
    with pytest.raises(openai.BadRequestError) as chat:
        sdks.openai.chat.completions.create(model=model, messages="hi")
    with pytest.raises(openai.BadRequestError) as responses:
        sdks.openai.responses.create(model=model, input=5)
    with pytest.raises(anthropic.BadRequestError) as messages:
        sdks.anthropic.messages.create(model=model, max_tokens=10, messages=[{"role": "user", "content": 5}])
    assert (chat.value.param, responses.value.param) == ("messages", "input")
    assert "messages" in str(messages.value)
