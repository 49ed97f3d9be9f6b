"""The OpenAI responses protocol, as server and as client."""

from plexus.protocols import WireProtocol
from plexus.protocols.responses.decode_request import STATE_FIELDS, decode_request, stateful
from plexus.protocols.responses.encode_request import encode_request
from plexus.protocols.responses.errors import decode_error, encode_error, error_in
from plexus.protocols.responses.fields import FIELDS, MINIMAL
from plexus.protocols.responses.passing import count_path, fits, mere_content, path
from plexus.protocols.responses.response import decode_response, encode_response
from plexus.protocols.responses.stream_decoder import StreamDecoder
from plexus.protocols.responses.stream_encoder import StreamEncoder

__all__ = ["PROTOCOL", "STATE_FIELDS", "stateful"]


PROTOCOL = WireProtocol(
    name="responses",
    decode_request=decode_request,
    encode_request=encode_request,
    decode_response=decode_response,
    encode_response=encode_response,
    stream_decoder=StreamDecoder,
    stream_encoder=StreamEncoder,
    decode_error=decode_error,
    encode_error=encode_error,
    error_in=error_in,
    path=path,
    error_event="error",
    fits=fits,
    mere_content=mere_content,
    count_path=count_path,
    count_rest={"object": "response.input_tokens"},
    state_fields=STATE_FIELDS,
    minimal=MINIMAL,
    fields=FIELDS,
)
