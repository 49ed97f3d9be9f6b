"""What a protocol can say comes back: written and read again, told as a stream and folded, it is the same answer."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plexus.core import sse
from plexus.ir.chat import ChatRequest, ChatResponse, Message
from plexus.ir.exchange import Reading, Writing
from plexus.ir.fold import fold
from plexus.ir.parts import Text
from plexus.ir.unfold import unfold
from tests.corpus import replay
from tests.grammar import violations
from tests.laws import generated

PROTOCOLS = sorted(replay.protocols())
SETTINGS = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
DEEP = settings(SETTINGS, max_examples=3_000)


def writing(protocol: str) -> Writing:
    asked = ChatRequest(
        protocol=protocol,
        model="generic-model",
        messages=[Message(role="user", parts=[Text(text="hi")])],
        stream=True,
        include_usage=True,
    )
    return Writing(request=asked, model="generic-model", seed="s", now=1_750_000_000)


def reading(protocol: str) -> Reading:
    return Reading(origin=generated.origin(protocol), seed="s")


def copied(response: ChatResponse) -> ChatResponse:
    """A deep copy: `fold` owns and completes the shells it is given."""
    made: ChatResponse = replay.deep(response)
    return made


def essence(response: ChatResponse) -> dict[str, Any]:
    """What must survive: parts with text, ids, names, arguments and signatures; the stop; the counts."""
    parts = []
    for part in response.parts:
        told = {
            key: value
            for key, value in msgspec.to_builtins(part).items()
            if key in {"type", "text", "name", "arguments", "signature", "refusal", "custom"}
            and value not in (None, False)
        }
        parts.append({"part": type(part).__name__, **told})
    usage = response.usage
    counts = {name: getattr(usage, name) or 0 for name in ("input", "output", "cache_read", "cache_write", "reasoning")}
    return {"parts": parts, "stop": response.stop_reason, "usage": counts}


def in_chat_order(told: dict[str, Any]) -> dict[str, Any]:
    """The same as chat can say it: reasoning, text and calls have no order between them, and text is one."""
    joined: dict[str, list[str]] = {"Thinking": [], "Text": []}
    for part in told["parts"]:
        joined.get(part["part"], []).append(part.get("text", ""))
    calls = [part for part in told["parts"] if part["part"] not in joined]
    signatures = sorted(str(part["signature"]) for part in told["parts"] if "signature" in part)
    return {**told, "parts": calls, "signatures": signatures, **{kind: "".join(text) for kind, text in joined.items()}}


def told_unary(protocol: str, response: ChatResponse) -> tuple[ChatResponse, list[Any]]:
    plug = replay.protocols()[protocol]
    body, drops = plug.encode_response(response, writing(protocol))
    return plug.decode_response(json.loads(msgspec.json.encode(body)), reading(protocol)), drops


def told_stream(protocol: str, response: ChatResponse) -> tuple[ChatResponse, list[Any], bytes]:
    plug = replay.protocols()[protocol]
    encoder = plug.stream_encoder(writing(protocol))
    stream = b"".join([encoder.encode(event) for event in unfold(response)])
    decoder = sse.Decoder()
    events = replay.decode_stream(plug, reading(protocol), decoder.feed(stream) + decoder.end())
    return fold(events), encoder.drops, stream


def check(protocol: str, response: ChatResponse) -> None:
    want = essence(response)
    unary, drops = told_unary(protocol, copied(response))
    assert essence(unary) == want
    assert drops == []
    streamed, drops, stream = told_stream(protocol, copied(response))
    assert essence(streamed) == want
    assert drops == []
    assert violations(protocol, stream) == []


@pytest.mark.parametrize("protocol", PROTOCOLS)
@SETTINGS
@given(data=st.data())
def test_an_answer_survives_being_written_and_read_whole_and_as_a_stream(protocol: str, data: st.DataObject) -> None:
    check(protocol, data.draw(generated.responses(protocol)))


@pytest.mark.deep
@pytest.mark.parametrize("protocol", PROTOCOLS)
@DEEP
@given(data=st.data())
def test_an_answer_survives_being_written_and_read_many_times_over(protocol: str, data: st.DataObject) -> None:
    check(protocol, data.draw(generated.responses(protocol)))


@pytest.mark.parametrize("protocol", PROTOCOLS)
@SETTINGS
@given(data=st.data())
def test_folding_what_was_unfolded_gives_the_answer_back(protocol: str, data: st.DataObject) -> None:
    response = data.draw(generated.responses(protocol))
    assert essence(fold(unfold(copied(response)))) == essence(response)


@pytest.mark.parametrize("client", PROTOCOLS)
@pytest.mark.parametrize("maker", PROTOCOLS)
@SETTINGS
@given(data=st.data())
def test_a_stream_and_a_whole_answer_say_the_same_in_any_pair(maker: str, client: str, data: st.DataObject) -> None:
    response = data.draw(generated.responses(maker))
    unary, _ = told_unary(client, copied(response))
    streamed, _, stream = told_stream(client, copied(response))
    one, other = essence(streamed), essence(unary)
    if client == "chat":
        one, other = in_chat_order(one), in_chat_order(other)
    assert one == other
    assert violations(client, stream) == []
