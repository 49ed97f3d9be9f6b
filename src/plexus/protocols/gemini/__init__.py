"""The Google Gemini generateContent protocol, as server and as client."""

from urllib.parse import quote

from plexus.protocols import WireProtocol
from plexus.protocols.gemini.decode_request import decode_request
from plexus.protocols.gemini.decode_response import decode_response
from plexus.protocols.gemini.encode_request import encode_request
from plexus.protocols.gemini.encode_response import encode_response
from plexus.protocols.gemini.errors import decode_error, encode_error, error_in
from plexus.protocols.gemini.fields import FIELDS, MINIMAL
from plexus.protocols.gemini.stream_decoder import StreamDecoder
from plexus.protocols.gemini.stream_encoder import StreamEncoder, array_stream_encoder

_COLLECTIONS = ("models/", "tunedModels/", "publishers/", "projects/")


def path(model: str, stream: bool) -> str:
    """The path below the base URL (which holds `/v1beta`): streams are asked for as server-sent events."""
    name = model if model.startswith(_COLLECTIONS) else f"models/{model}"
    action = "streamGenerateContent?alt=sse" if stream else "generateContent"
    return f"/{quote(name, safe='/@:.-_~')}:{action}"


def count_path(model: str) -> str:
    """The path of the call that counts the tokens of a request."""
    return path(model, False).replace(":generateContent", ":countTokens")


PROTOCOL = WireProtocol(
    name="gemini",
    decode_request=decode_request,
    encode_request=encode_request,
    decode_response=decode_response,
    encode_response=encode_response,
    stream_decoder=StreamDecoder,
    stream_encoder=StreamEncoder,
    array_stream_encoder=array_stream_encoder,
    decode_error=decode_error,
    encode_error=encode_error,
    error_in=error_in,
    path=path,
    model_in_path=True,
    count_path=count_path,
    count_field="totalTokens",
    minimal=MINIMAL,
    fields=FIELDS,
)

__all__ = ["PROTOCOL", "array_stream_encoder"]
