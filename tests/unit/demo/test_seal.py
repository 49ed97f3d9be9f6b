"""The demo checks signatures as providers do, with the exceptions that providers make."""

import pytest

from plexus.demo.seal import check_signatures
from plexus.ir.chat import ChatRequest, Message
from plexus.ir.errors import InvalidRequest
from plexus.ir.parts import Origin, Signature, ToolCall


def request_with(value, protocol):
    call = ToolCall(id="c", name="f", arguments="{}", signature=Signature(value, Origin(protocol)))
    return ChatRequest(protocol=protocol, model="m", messages=[Message(role="assistant", parts=[call])])


def test_the_values_that_google_takes_in_place_of_a_signature_are_taken():
    check_signatures(request_with("skip_thought_signature_validator", "gemini"))


@pytest.mark.parametrize(
    ("value", "protocol"), [("skip_thought_signature_validator", "messages"), ("AAAA", "gemini"), ("", "gemini")]
)
def test_any_other_value_and_those_elsewhere_are_refused(value, protocol):
    with pytest.raises(InvalidRequest):
        check_signatures(request_with(value, protocol))
