"""A `GenerateContentResponse` to a canonical answer. One chunk of a stream and a whole answer are the same message."""

from typing import Any

from plexus.ir.chat import ChatResponse
from plexus.ir.errors import InvalidAnswer
from plexus.ir.events import Event
from plexus.ir.exchange import Reading
from plexus.ir.fold import fold
from plexus.ir.parts import Text
from plexus.protocols.gemini.citations import read_citations
from plexus.protocols.gemini.protojson import fields_of
from plexus.protocols.gemini.stream_decoder import StreamDecoder


def decode_response(body: dict[str, Any], reading: Reading) -> ChatResponse:
    """The canonical answer.

    Raises:
        InvalidAnswer: when there is neither a candidate nor a word about the prompt.
    """
    candidates = body.get("candidates")
    if not candidates and not (body.get("promptFeedback") or body.get("prompt_feedback")):
        raise InvalidAnswer("no candidates in the answer")
    if candidates is not None and not isinstance(candidates, list):
        raise InvalidAnswer("candidates is not a list")
    decoder = StreamDecoder(reading, whole=True)
    events: list[Event] = []
    decoder.take(body, events)
    events += decoder.conclude()
    response = fold(events)
    response.protocol = "gemini"
    _cite(response, candidates)
    return response


def _cite(response: ChatResponse, candidates: list[Any] | None) -> None:
    """Give the sources to the last text also when something else was said after it."""
    spoken = [part for part in response.parts if isinstance(part, Text) and part.text]
    last = response.parts[-1] if response.parts else None
    if not spoken or not isinstance(last, Text) or last.text or not last.citations:
        return
    if candidates and isinstance(candidates[0], dict):
        response.parts.pop()
        spoken[-1].citations = read_citations(fields_of(candidates[0]), spoken[-1].text)
