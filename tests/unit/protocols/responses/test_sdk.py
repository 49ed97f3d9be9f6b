"""The vendor's own client reads what is written here: its transport is replaced by one that answers with our bytes."""

from typing import Any

import httpx2
import openai
import pytest
from tests.unit.protocols.responses.kit import encode, writing

from plexus.core import json
from plexus.ir.chat import ChatResponse, Usage
from plexus.ir.errors import Fault
from plexus.ir.events import PartStart, ResponseStart, StreamError, TextDelta
from plexus.ir.parts import Text, Thinking, ToolCall
from plexus.ir.unfold import unfold
from plexus.protocols.responses import PROTOCOL

ANSWER = ChatResponse(
    parts=[Thinking(text="hm", id=""), Text(text="hello"), ToolCall(id="c", name="f", arguments='{"a": 1}')],
    stop_reason="tool_use",
    usage=Usage(input=3, output=2),
)


def client(content: bytes, status: int = 200, kind: str = "text/event-stream") -> openai.OpenAI:
    def answer(_: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(status, content=content, headers={"content-type": kind})

    transport = httpx2.Client(transport=httpx2.MockTransport(answer))
    return openai.OpenAI(api_key="k", base_url="http://gateway.test/v1", http_client=transport, max_retries=0)


def test_the_streaming_helper_gives_the_final_response() -> None:
    with client(encode(unfold(ANSWER))).responses.stream(model="m", input="hi") as stream:
        kinds = [event.type for event in stream]
        final = stream.get_final_response()
    assert "response.output_text.delta" in kinds
    assert final.output_text == "hello"
    call: Any = final.output[2]
    assert (call.name, call.arguments, call.call_id) == ("f", '{"a": 1}', "c")
    assert final.usage is not None
    assert final.usage.total_tokens == 5


def test_a_failure_in_mid_stream_is_raised() -> None:
    fault = Fault(kind="upstream", status=502, message="it broke", code="server_error")
    stream = encode([ResponseStart(), PartStart(0, Text(text="")), TextDelta(0, "half"), StreamError(fault)])
    events = client(stream).responses.create(model="m", input="hi", stream=True)
    with pytest.raises(openai.APIError, match="it broke"):
        list(events)


def test_a_whole_answer_is_read() -> None:
    body, _ = PROTOCOL.encode_response(ANSWER, writing())
    response = client(json.dumps(body), kind="application/json").responses.create(model="m", input="hi")
    assert response.output_text == "hello"


@pytest.mark.parametrize(
    ("fault", "raised"),
    [
        (Fault(kind="invalid_request", status=400, message="m"), openai.BadRequestError),
        (Fault(kind="authentication", status=401, message="m"), openai.AuthenticationError),
        (Fault(kind="permission", status=403, message="m"), openai.PermissionDeniedError),
        (Fault(kind="not_found", status=404, message="m"), openai.NotFoundError),
        (Fault(kind="rate_limit", status=429, message="m"), openai.RateLimitError),
        (Fault(kind="upstream", status=502, message="m"), openai.InternalServerError),
        (Fault(kind="overloaded", status=529, message="m"), openai.InternalServerError),
    ],
)
def test_a_fault_is_raised_as_its_typed_exception(fault: Fault, raised: type[openai.APIStatusError]) -> None:
    status, body = PROTOCOL.encode_error(fault)
    with pytest.raises(raised) as caught:
        client(json.dumps(body), status, "application/json").responses.create(model="m", input="hi")
    assert caught.value.message == f"Error code: {status} - m"
    assert caught.value.code == body["error"]["code"]
