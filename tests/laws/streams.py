"""What the laws of streams share: recorded streams, and the grammar of canonical events."""

from plexus.core.json_array import JsonArrayDecoder
from plexus.core.sse import Decoder, Frame
from plexus.ir.events import (
    Event,
    PartEnd,
    PartStart,
    ResponseEnd,
    ResponseStart,
    SignatureDelta,
    StreamError,
    TextDelta,
)
from plexus.protocols import WireProtocol
from tests.corpus import replay
from tests.corpus.recordings import Recording, golden_recordings, not_an_answer, select


def golden_streams() -> list[Recording]:
    """The streams kept in this repository."""
    return [r for r in golden_recordings() if r.streaming and not not_an_answer(r)]


def recorded_streams(part: str = "open") -> list[Recording]:
    """Every recorded stream of the part."""
    return select(part=part, streaming=True, keep=lambda r: not not_an_answer(r))


def protocol_of(recording: Recording) -> WireProtocol:
    return replay.protocols()[recording.protocol]


def cut(chunks: list[bytes]) -> list[Frame]:
    """The frames of a stream that arrives in these chunks."""
    first = b"".join(chunks).lstrip()[:1]
    decoder = JsonArrayDecoder() if first == b"[" else Decoder()
    frames: list[Frame] = []
    for chunk in chunks:
        frames += decoder.feed(chunk)
    return frames + (decoder.end() if isinstance(decoder, Decoder) else [])


def wrong_events(events: list[Event]) -> list[str]:
    """What breaks the grammar of canonical events: parts started once, in order, grown while open, one ending, last."""
    wrong: list[str] = []
    open_parts: set[int] = set()
    started = ended = 0
    for number, event in enumerate(events):
        if ended:
            wrong.append(f"{number}: something after the end")
        match event:
            case ResponseStart():
                wrong += [f"{number}: a second start"] if number else []
            case PartStart(index=index):
                wrong += [f"{number}: part {index} for {started}"] if index != started else []
                open_parts.add(index)
                started += 1
            case TextDelta(index=index) | SignatureDelta(index=index):
                wrong += [f"{number}: a delta of part {index}, which is not open"] if index not in open_parts else []
            case PartEnd(index=index):
                wrong += [f"{number}: part {index} is not open"] if index not in open_parts else []
                open_parts.discard(index)
            case ResponseEnd():
                ended += 1
                wrong += [f"{number}: parts {open_parts} are still open"] if open_parts else []
            case StreamError():
                ended += 1
    return wrong + ([] if ended == 1 else [f"{ended} endings"])
