"""The OpenAI chat completions protocol, as server and as client. The pieces are in the files beside this one."""

from plexus.protocols import WireProtocol
from plexus.protocols.chat.decode_request import decode_request
from plexus.protocols.chat.encode_request import encode_request
from plexus.protocols.chat.encode_response import encode_response
from plexus.protocols.chat.errors import decode_error, encode_error, error_in
from plexus.protocols.chat.fields import FIELDS, MINIMAL
from plexus.protocols.chat.passing import ask_usage, fits, mere_content, only_usage, path
from plexus.protocols.chat.response import decode_response
from plexus.protocols.chat.skim import skim
from plexus.protocols.chat.stream_decoder import StreamDecoder
from plexus.protocols.chat.stream_encoder import StreamEncoder

PROTOCOL = WireProtocol(
    name="chat",
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
    fits=fits,
    ask_usage=ask_usage,
    only_usage=only_usage,
    mere_content=mere_content,
    skim=skim,
    minimal=MINIMAL,
    fields=FIELDS,
)

__all__ = ["PROTOCOL"]
