"""What released clients really send goes through, onto every upstream protocol, and says the same there."""

import json

import pytest

from plexus.core.sse import Decoder
from tests.clients.captured import Captured, captures
from tests.corpus.compare import request_differences
from tests.corpus.readers import READERS
from tests.gateway.running import KEY, Running, running
from tests.grammar import violations
from tests.harness.fault_upstream import FaultUpstream
from tests.harness.raw_client import Response, ask

UPSTREAMS = ("chat", "messages", "responses", "gemini")
KNOWN = {"chat": "gpt-5.1", "messages": "claude-sonnet-4-5", "responses": "gpt-5.1-codex", "gemini": "gemini-2.5-pro"}
"""Models with a profile: how they reason, what they refuse, how much they write."""
UNKNOWN = "model-of-no-known-family"
VENDORS = {"chat": "openai", "responses": "openai", "messages": "anthropic", "gemini": "gemini"}
"""The dialect of each protocol's own vendor, so that what it takes is passed through."""
UNLISTED = ("context_management", "output_config", "client_metadata", "prompt_cache_key", "text")
"""Top-level fields that clients send and that other protocols hardly know."""
FILES = captures()
OTHERS = [one for found in FILES.values() for one in found if not one.protocol]
GENERATING = {name: [one for one in found if one.protocol] for name, found in FILES.items()}


class Healthy(FaultUpstream):
    """Answers every model, whatever its name."""

    def plan(self, model: str, received):
        return super().plan("ok", received)


def config(upstream: FaultUpstream, protocol: str, names: set[str], model: str = UNKNOWN) -> dict:
    provider = {
        "type": VENDORS[protocol],
        "api_base_url": {protocol: upstream.base_url(protocol)},
        "disable_cooldown": True,
        "api_key": "sk-up",
        "models": [model],
    }
    target = {"targets": [{"provider": "up", "model": model}]}
    return {"providers": {"up": provider}, "models": dict.fromkeys(names, target)}


async def send(gateway: Running, request: Captured) -> Response:
    return await ask(gateway.url + request.path, request.raw, request.sent_with(KEY), method=request.method)


def wrong_with(request: Captured, response: Response, received, drops) -> list[str]:
    """Everything that is not as it must be, as lines."""
    if response.status != 200:
        return [f"{response.status} {response.body[:300]!r}"]
    upstream, sent = received.protocol, received.json
    found = answer_faults(request, response)
    if response.header("x-plexus-passthrough") == "true":
        return found + passing_faults(request, received)
    if upstream == request.protocol and received.model == UNKNOWN:
        found.append("it was not passed through")  # a known model may want a field by another name
    want, got = READERS[request.protocol].request(request.body), READERS[upstream].request(sent)
    want.stream = got.stream = None
    lines = request_differences(want, got, upstream, drops, source=request.protocol)
    found += [line for line in lines if not explained(line, request, drops)]
    found += [
        f"{name} was lost in silence" for name in UNLISTED if name in request.body and not told(name, sent, drops)
    ]
    if request_differences(want, got, upstream, [], source=request.protocol) and not response.header(
        "x-plexus-fidelity"
    ):
        found.append("losses without the header that tells them")
    return found


SETTINGS = {"top_k": "sampling.top_k", "top_p": "sampling.top_p", "temperature": "sampling.temperature"}
SETTINGS |= {"max tokens": "max_tokens"}


def explained(line: str, request: Captured, drops) -> bool:
    """Whether a difference is right, for a reason that the judge of recordings does not know."""
    field = SETTINGS.get(line.partition(":")[0])
    if field is not None:  # the model refuses the setting, or so much of it, and the client is told
        return any(drop.field == field for drop in drops)
    shown = (request.body.get("generationConfig") or {}).get("thinkingConfig") or {}
    # a wish to be shown thoughts, without a measure, leaves it to the model whether it has any
    return line == "reasoning: on became " and set(shown) <= {"includeThoughts", "thinkingLevel"}


NAMED_ELSEWHERE = {
    "prompt_cache_key": ("cache_key",),
    "output_config": ("reasoning", "effort", "thinking", "json_schema", "responseSchema", "responseJsonSchema"),
    "text": ("verbosity", "output", "response_format", "format"),
}


def told(name: str, sent: dict, drops) -> bool:
    """Whether the field is reported, or its meaning stands in the body under this or another name."""
    words = (name, *NAMED_ELSEWHERE.get(name, ()))
    reported = any(word in f"{drop.field} {drop.reason}" for drop in drops for word in words)
    return reported or any(word in json.dumps(sent) for word in words)


def answer_faults(request: Captured, response: Response) -> list[str]:
    if not request.streaming:
        said = READERS[request.protocol].answer(response.body.decode(), streaming=False)
        return [] if said.text.startswith("The fault upstream says hello") else [f"answered {said.text!r}"]
    usage = request.protocol != "chat" or bool((request.body.get("stream_options") or {}).get("include_usage"))
    found = violations(request.protocol, response.body, usage=usage)
    decoder = Decoder()
    frames = decoder.feed(response.body) + decoder.end()
    if b"hello" not in b"".join(frame.data for frame in frames):
        found.append("the stream says nothing of the answer")
    return found


def passing_faults(request: Captured, received) -> list[str]:
    """Byte for byte but for the model; usage may be asked for in addition."""
    vertex = "/publishers/anthropic/" in request.path
    body = {**request.body, "model": received.model} if vertex or "model" in request.body else request.body
    if vertex:
        body.pop("anthropic_version")  # a header elsewhere, and refused in the body there
    compact = received.json == body and vertex
    found = []
    if (
        not compact
        and received.body != json.dumps(body).encode()
        and received.json
        != {
            **body,
            "stream_options": {"include_usage": True},
        }
    ):
        found.append("the body did not arrive byte for byte")
    for name in ("anthropic-beta", "anthropic-version", "user-agent", "openai-beta", "x-codex-turn-metadata"):
        want = [value for key, value in request.headers if key.lower() == name]
        if want != [value for key, value in received.headers if key == name]:
            found.append(f"the header {name} did not arrive as sent")
    return found


@pytest.mark.parametrize("known", [False, True])
@pytest.mark.parametrize("upstream", UPSTREAMS)
@pytest.mark.parametrize("name", [name for name, found in GENERATING.items() if found])
async def test_every_captured_request_is_served_and_says_the_same_upstream(name, upstream, known):
    requests, model = GENERATING[name], KNOWN[upstream] if known else UNKNOWN
    faults = []
    async with (
        Healthy() as server,
        running(config(server, upstream, {one.model for one in requests}, model)) as gateway,
    ):
        for request in requests:
            response = await send(gateway, request)
            drops = gateway.records[-1].row.fidelity
            faults += [f"{request.n}: {line}" for line in wrong_with(request, response, server.received[-1], drops)]
    assert faults == []


async def test_a_request_that_must_be_changed_for_its_own_protocol_keeps_the_clients_headers_and_fields():
    request = GENERATING["claude-code-2.1.329"][0]
    # the model writes less than the client asks for, so that the body cannot pass as it is
    async with (
        Healthy() as server,
        running(config(server, "messages", {request.model}, KNOWN["messages"])) as gateway,
    ):
        response = await send(gateway, request)
    assert response.status == 200
    assert response.header("x-plexus-fidelity")
    [received] = server.received
    assert received.json["max_tokens"] < request.body["max_tokens"]
    assert received.json["context_management"] == request.body["context_management"]
    sent, arrived = dict(request.sent_with(KEY)), dict(received.headers)
    assert set(arrived["anthropic-beta"].split(",")) >= set(sent["anthropic-beta"].split(","))
    assert arrived["user-agent"] == sent["user-agent"]


def expected(request: Captured) -> set[int]:
    """The status a request gets that is no generation in one of the four protocols."""
    path = request.path.partition("?")[0]
    if any(name.lower() == "upgrade" for name, _ in request.headers):
        return {426}
    if request.method == "HEAD" or path.endswith(("/models", "/count_tokens", "/input_tokens", ":countTokens")):
        return {200}
    if path.endswith(":batchEmbedContents"):
        return {404, 405, 501}  # below `/v1/models/`, where only reading is served
    return {404, 501}  # embeddings, audio, images, Azure and Bedrock: said clearly until they are built


@pytest.mark.parametrize("request_", OTHERS, ids=lambda one: f"{one.source}-{one.n}")
async def test_every_other_captured_request_has_a_clear_answer(request_):
    async with Healthy() as server, running(config(server, "chat", {request_.model or "m"})) as gateway:
        response = await send(gateway, request_)
    assert response.status in expected(request_)
    assert response.complete
    if response.status >= 400:
        assert response.json["error"]["message"]


async def test_the_paths_clients_post_telemetry_to_are_accepted():
    async with Healthy() as server, running(config(server, "chat", {"m"})) as gateway:
        for path in ("/api/event_logging/batch", "/api/event_logging/v2/batch"):
            assert (await gateway.post(path, {"events": []})).status == 200


def test_the_selection_holds_every_kind_of_client_request():
    assert {one.protocol for found in FILES.values() for one in found} == {"", *UPSTREAMS}
    assert {one.method for found in FILES.values() for one in found} == {"GET", "HEAD", "POST"}
